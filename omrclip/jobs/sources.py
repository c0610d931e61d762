"""The scans in files. An image file is one scan. Each page of a PDF or of a multi-page TIFF is a scan."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from omrclip.admission import Admission, Holding
from omrclip.errors import ImageError, LimitExceeded, OmrclipError
from omrclip.imaging.documents import MOST_PAGES, Document, open_document
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.omr.recognition import Scan
from omrclip.storage.local_files import read_regular
from omrclip.storage.ranges import LocalRange
from omrclip.work import ENDLESS, Work

Found = TypeVar("Found")


def _nothing() -> int:
    return 0


def _keep_open() -> None:
    """No file is open."""


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A scan that is read when it is needed. It can be pickled and read in another process.

    Attributes:
        name: the name of the file, or `<file>-p0001.<extension>` for the first page of a file with several pages.
        read: a function that reads the scan. It raises ImageError and LimitExceeded.
        path: the file, or None for a scan in memory.
        page_bytes: a function that returns the memory that `read` needs for a page of a document, in bytes; 0 for
            other files. It raises as `read` does.
        in_memory: the scan, if its bytes are in memory already.
        release: a function to call when the scan is not needed any more. The file is closed with its last page.
            `read` calls it.
    """

    name: str
    read: Callable[[], Scan]
    path: Path | None = None
    page_bytes: Callable[[], int] = _nothing
    in_memory: Scan | None = None
    release: Callable[[], None] = _keep_open


def scan_in_memory(scan: Scan) -> ScanFile:
    """A ScanFile for a scan whose bytes are already in memory."""
    return ScanFile(scan.name, partial(_given, scan), in_memory=scan)


def _given(scan: Scan) -> Scan:
    return scan


def scans_in(paths: Iterable[Path], most_pixels: int) -> list[ScanFile]:
    """The scans in files, in order.

    Only the number of pages is read. A file that cannot be opened, or has more than MOST_PAGES pages, counts as one
    scan, and its `read` raises the error.

    Args:
        paths: of image files, PDF files and TIFF files.
        most_pixels: maximum number of pixels of a page.
    """
    return [scan for path in paths for scan in _scans_in(path, most_pixels)]


def scans_of(file: Scan, most_pixels: int, most_pages: int = MOST_PAGES) -> list[ScanFile]:
    """The scans in a file whose bytes are in memory: its pages, or the file itself if it is an image.

    A file that cannot be opened, or has more pages than allowed, counts as one scan, and its `read` raises the error.

    Args:
        file: an image file, PDF file or TIFF file.
        most_pixels: maximum number of pixels of a page.
        most_pages: maximum number of pages.
    """
    scans = _pages_of(file.name, partial(_open_bytes, file.data, most_pixels), most_pages)
    return [scan_in_memory(file)] if scans is None else scans


def read_admitted(file: ScanFile, admission: Admission, work: Work = ENDLESS, answer: Holding | None = None) -> Scan:
    """Read a scan when there is memory for it.

    Args:
        file: the scan.
        admission: admits the memory for reading a page of a document, until it is read.
        work: how long it may wait.
        answer: see `Admission.admitted`.

    Raises:
        ImageError, LimitExceeded: the scan cannot be read, or needs more memory than there is.
        DeadlineExceeded, Abandoned: the work ended before there was memory.
    """
    try:
        needed = file.page_bytes()
        if not needed:
            return file.read()
        with admission.admitted(needed, patient=True, work=work, answer=answer):
            return file.read()
    finally:
        file.release()


def _scans_in(path: Path, most_pixels: int) -> list[ScanFile]:
    scans = _pages_of(path.name, partial(_open, path, most_pixels), MOST_PAGES, path)
    return [ScanFile(path.name, partial(read_scan, path), path)] if scans is None else scans


def _pages_of(
    name: str, opened: Callable[[], Document | None], most_pages: int, path: Path | None = None
) -> list[ScanFile] | None:
    """The pages of a file; None where it is not a file of pages. A file with an error is one scan that raises it."""
    try:
        document = opened()
        if document is None:
            return None
        count = document.count
        document.close()
        _check_count(count, most_pages)
    except OmrclipError as error:
        return [ScanFile(name, partial(_fail, error), path)]
    names = [name] if count == 1 else [page_name(name, number) for number in range(1, count + 1)]
    file = _Pages(opened)
    pages = [_Page(file, name, number) for number, name in enumerate(names, start=1)]
    return [ScanFile(page.name, page, path, page.page_bytes, release=page.release) for page in pages]


def _check_count(pages: int, most: int) -> None:
    if pages > most:
        raise LimitExceeded(
            f"The file has {pages:,} pages, more than the {most:,} allowed. Send fewer at a time.",
            limit="pages",
            maximum=most,
        )


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

    def __init__(self, opened: Callable[[], Document | None]) -> None:
        self._opened = opened
        self._left: set[int] = set()
        self._document: Document | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        return _Pages, (self._opened,)

    def expect(self, number: int) -> None:
        """Expect a page to be released before the file is closed."""
        self._left.add(number)

    def open(self) -> Document:
        """The open file. Raises ImageError."""
        with self._lock:
            document = self._document = self._document or self._opened()
        if document is None:
            raise ImageError("The file has changed since the run began.")
        return document

    def release(self, number: int) -> None:
        """Close the file if it is the last page that was expected."""
        with self._lock:
            self._left.discard(number)
            if not self._left and self._document is not None:
                self._document.close()
                self._document = None


class _Page:
    """The function that reads one page of a file, numbered from 1."""

    def __init__(self, pages: _Pages, name: str, number: int) -> None:
        self.name = name
        self._pages, self._number = pages, number
        pages.expect(number)

    def __reduce__(self) -> tuple[object, ...]:
        return _Page, (self._pages, self.name, self._number)

    def __call__(self) -> Scan:
        try:
            return Scan(self.name, _of_file(lambda: self._pages.open().read_page(self._number)))
        finally:
            self.release()

    def page_bytes(self) -> int:
        """See `ScanFile`."""
        return _of_file(lambda: self._pages.open().page_bytes(self._number))

    def release(self) -> None:
        """See `ScanFile`."""
        self._pages.release(self._number)


def _open(path: Path, most_pixels: int) -> Document | None:
    """Open a file with pages. Returns None for other files. Raises ImageError."""
    return _of_file(lambda: open_document(LocalRange(str(path)), most_pixels))


def _open_bytes(data: bytes, most_pixels: int) -> Document | None:
    return open_document(BytesReader(data), most_pixels)


def _of_file(work: Callable[[], Found]) -> Found:
    try:
        return work()
    except OSError as error:
        raise ImageError(f"The file cannot be read: {error.strerror}.") from None


def _fail(error: OmrclipError) -> Scan:
    raise error.with_traceback(None)
