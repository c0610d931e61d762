"""Reads parts of files that are too large to be read whole."""

import io
from dataclasses import dataclass
from errno import EINVAL
from typing import Protocol

from omrclip.errors import CorruptImage


class RangeReader(Protocol):
    """Random access to the bytes of a file, which must not change.

    Readers have no current position, so threads can share one: it uses `os.pread` for a file of this machine, and
    `cat_file(path, start, end)` for a file of fsspec.
    """

    @property
    def size(self) -> int:
        """The length of the file in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, or fewer at the end of the file."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BytesReader:
    """A RangeReader of bytes in memory."""

    data: bytes | memoryview

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        """See `RangeReader.read`."""
        return bytes(self.data[offset : offset + length])


def read_up_to(reader: RangeReader, offset: int, length: int) -> bytes:
    """Up to `length` bytes from `offset`, fewer at the end of the file. Raises CorruptImage beyond the end."""
    if not 0 <= offset < reader.size:
        raise CorruptImage("The image is cut off: a part of it lies beyond the end of the file.")
    return reader.read(offset, min(length, reader.size - offset))


def read_exactly(reader: RangeReader, offset: int, length: int) -> bytes:
    """`length` bytes from `offset`. Raises CorruptImage without reading if the file has fewer."""
    if offset < 0 or offset + length > reader.size:
        raise CorruptImage("The image is cut off: a part of it lies beyond the end of the file.")
    content = reader.read(offset, length)
    if len(content) != length:
        raise CorruptImage("The file became shorter while it was read. Try again.")
    return content


class RangeFile(io.RawIOBase):
    """A RangeReader as a file for libraries that seek and read."""

    def __init__(self, reader: RangeReader) -> None:
        super().__init__()
        self._reader = reader
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset. Raises OSError before the beginning, as files do."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._reader.size}[whence]
        if start + offset < 0:
            raise OSError(EINVAL, "before the beginning of the file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as many bytes as there are and the buffer takes."""
        data = self._reader.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
