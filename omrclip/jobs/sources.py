"""The scans in files. An image file is one scan. Each page of a PDF or of a multi-page TIFF is a scan."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from omrclip.errors import ImageError, OmrclipError
from omrclip.imaging.documents import Document, open_document
from omrclip.omr.recognition import Scan
from omrclip.storage.local_files import read_regular
from omrclip.storage.ranges import LocalRange

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A scan that is read when it is needed. It can be pickled and read in another process, unless it is in memory.

    Attributes:
        name: the name of the file, or `<file>-p0001.<extension>` for the first page of a file with several pages.
        read: a function that reads the scan. It raises ImageError and LimitExceeded.
        path: the file, or None for a scan in memory.
    """

    name: str
    read: Callable[[], Scan]
    path: Path | None = None


def scan_in_memory(scan: Scan) -> ScanFile:
    """A ScanFile for a scan whose bytes are already in memory."""
    return ScanFile(scan.name, lambda: scan)


def scans_in(paths: Iterable[Path], most_pixels: int) -> list[ScanFile]:
    """The scans in files, in order.

    Only the number of pages is read. A file that cannot be opened counts as one scan, and its `read` raises the error.

    Args:
        paths: of image files, PDF files and TIFF files.
        most_pixels: maximum number of pixels of a page.
    """
    return [scan for path in paths for scan in _scans_in(path, most_pixels)]


def _scans_in(path: Path, most_pixels: int) -> list[ScanFile]:
    try:
        document = _open(path, most_pixels)
    except OmrclipError as error:
        return [ScanFile(path.name, partial(_fail, error), path)]
    if document is None:
        return [ScanFile(path.name, partial(read_scan, path), path)]
    count = document.count
    document.close()
    names = [path.name] if count == 1 else [page_name(path.name, number) for number in range(1, count + 1)]
    pages = _Pages(path, most_pixels)
    return [ScanFile(name, _Page(pages, name, number), path) for number, name in enumerate(names, start=1)]


def page_name(file: str, number: int) -> str:
    """The name of a page of a file, numbered from 1: `stack.pdf` gives `stack-p0001.pdf`."""
    path = Path(file)
    return f"{path.stem}-p{number:04}{path.suffix}"


def read_scan(path: Path) -> Scan:
    """Read an image file as a scan with the name of the file. Raises ImageError if the file cannot be read."""
    return Scan(path.name, _of_file(lambda: read_regular(path)))


class _Pages:
    """Reads pages of one file. The file is opened for the first page and closed after the last one.

    A copy in another process opens the file again, for those of its pages that were sent there.
    """

    def __init__(self, path: Path, most_pixels: int) -> None:
        self._path = path
        self._most_pixels = most_pixels
        self._left = 0
        self._document: Document | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        return _Pages, (self._path, self._most_pixels)

    def expect(self) -> None:
        """Expect one more page to be read before the file is closed."""
        self._left += 1

    def read(self, number: int) -> bytes:
        with self._lock:
            document = self._document = self._document or _open(self._path, self._most_pixels)
        try:
            if document is None:
                raise ImageError("The file has changed since the run began.")
            return _of_file(lambda: document.read_page(number))
        finally:
            with self._lock:
                self._left -= 1
                if self._left <= 0 and document is not None:
                    document.close()
                    self._document = None


class _Page:
    """The function that reads one page of a file."""

    def __init__(self, pages: _Pages, name: str, number: int) -> None:
        self._pages, self._name, self._number = pages, name, number
        pages.expect()

    def __reduce__(self) -> tuple[object, ...]:
        return _Page, (self._pages, self._name, self._number)

    def __call__(self) -> Scan:
        return Scan(self._name, self._pages.read(self._number))


def _open(path: Path, most_pixels: int) -> Document | None:
    """Open a file with pages. Returns None for other files. Raises ImageError."""
    return _of_file(lambda: open_document(LocalRange(str(path)), most_pixels))


def _of_file(work: Callable[[], Found]) -> Found:
    try:
        return work()
    except OSError as error:
        raise ImageError(f"The file cannot be read: {error.strerror}.") from None


def _fail(error: OmrclipError) -> Scan:
    raise error.with_traceback(None)
