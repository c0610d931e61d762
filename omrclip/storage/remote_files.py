"""Files that are only read, under any URL that fsspec knows, such as `s3://bucket/scans/*.pdf`."""

import posixpath
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cachetools import LRUCache

from omrclip.errors import ImageError, OmrclipError, StorageUnavailable
from omrclip.imaging.tiff.ranges import RangeReader

BLOCK_BYTES: Final = 1 << 20
"""The size of a read. Readers of PDF files request some kilobytes, and each request takes some 20 ms."""
_BLOCKS: Final = 16
_MARKS: Final = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
"""What drivers tell about the version of a file, the best first."""
_NO_FILE: Final = "The URL leads to no file: check the bucket and the path."


def is_url(source: str) -> bool:
    """Whether a source is a URL, and not a local path."""
    return "://" in source


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a URL names.

    Attributes:
        name: its path below the folder, with `-` for `/`, or its own name.
        url: where it is.
        open: a function that opens it, which can be pickled.
        state: a text that changes if the file is replaced: its size, and its mark or the time of its last change.
    """

    name: str
    url: str
    open: Callable[[], RangeReader]
    state: str


def remote_files(url: str) -> list[FoundFile]:
    """The files that a URL names: one, those of a folder and below it, or those that a pattern finds, sorted.

    A single file that is not there is told when it is opened, because it has to fail alone.

    Raises:
        StorageUnavailable: the URL cannot be listed: no such bucket, no permission, not reachable, or no driver.
    """
    with _told(StorageUnavailable):
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
        if "*" in path:
            found, base = system.glob(path, detail=True), None
        elif system.isdir(path):
            found, base = system.find(path, detail=True), path
        else:
            try:
                found, base = {path: system.info(path)}, None
            except FileNotFoundError:
                return [FoundFile(_name(path, None), str(system.unstrip_protocol(path)), _no_file, "")]
        files = sorted(one for one, info in found.items() if info["type"] == "file")
        return [_found(_name(one, base), str(system.unstrip_protocol(one)), found[one]) for one in files]


def _no_file() -> RangeReader:
    raise ImageError(_NO_FILE)


def _found(name: str, url: str, info: dict[str, Any]) -> FoundFile:
    size = int(info["size"])
    mark = next((str(info[key]) for key in _MARKS if info.get(key)), "")
    return FoundFile(name, url, partial(RemoteFile, url, size), f"{size}-{mark}")


def _name(path: str, base: str | None) -> str:
    return posixpath.basename(path) if base is None else posixpath.relpath(path, base).replace("/", "-")


class RemoteFile:
    """A RangeReader for a file under a URL. The blocks that were read last are in memory."""

    def __init__(self, url: str, size: int) -> None:
        """Open a file of so many bytes. Nothing is read."""
        self.size = size
        with _told(ImageError):
            from fsspec.core import url_to_fs

            self._system, self._path = url_to_fs(url)
        self._blocks: LRUCache[int, bytes] = LRUCache(_BLOCKS)
        self._lock = threading.Lock()

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on, fewer at the end of the file. Raises ImageError and StorageUnavailable."""
        end = min(offset + length, self.size)
        if end <= offset:
            return b""
        if end - offset > BLOCK_BYTES:
            return self._fetched(offset, end)
        first, last = offset // BLOCK_BYTES, (end - 1) // BLOCK_BYTES
        data = b"".join(map(self._block, range(first, last + 1)))
        start = offset - first * BLOCK_BYTES
        return data[start : start + end - offset]

    def _block(self, number: int) -> bytes:
        with self._lock:
            if number not in self._blocks:
                start = number * BLOCK_BYTES
                self._blocks[number] = self._fetched(start, min(start + BLOCK_BYTES, self.size))
            return self._blocks[number]

    def _fetched(self, start: int, end: int) -> bytes:
        with _told(ImageError):
            data = bytes(self._system.cat_file(self._path, start=start, end=end))
        if len(data) != end - start:
            raise ImageError("The file has changed since the run began.")
        return data


@contextmanager
def _told(kind: type[OmrclipError]) -> Iterator[None]:
    """Raise the errors of drivers as one of ours, which says what to check.

    That of the file alone is `kind`. All others are StorageUnavailable: they concern further files too, and may pass.
    """
    try:
        yield
    except OmrclipError:
        raise
    except FileNotFoundError:
        raise kind(_NO_FILE) from None
    except PermissionError:
        raise kind("Access to the URL is denied: check the credentials.") from None
    except ImportError as error:
        raise StorageUnavailable(f"The driver for this URL is not installed. {error}") from None
    except Exception as error:
        raise StorageUnavailable(
            f"The URL cannot be read ({type(error).__name__}): check the address and the network."
        ) from None
