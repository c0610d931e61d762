"""Stored bytes by ranges, for files that are never read whole."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omrclip.storage.local_files import open_regular

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class LocalRange:
    """An open local file. Replacing the file does not change the bytes that are read."""

    def __init__(self, path: str) -> None:
        self._file = open(open_regular(path), "rb", buffering=0)  # noqa: PTH123, SIM115 (closed with the object)
        self._size = os.fstat(self._file.fileno()).st_size

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on, fewer at the end of the file; threads do not disturb each other."""
        return os.pread(self._file.fileno(), length, offset)

    def __del__(self) -> None:
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()


@dataclass(frozen=True, slots=True)
class RemoteRange:
    """A file of any file system that fsspec supports, with one request for each range."""

    file_system: "AbstractFileSystem"
    path: str
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on, fewer at the end of the file."""
        return bytes(self.file_system.cat_file(self.path, start=offset, end=min(offset + length, self.size)))
