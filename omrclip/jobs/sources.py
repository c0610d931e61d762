"""The scans in files. An image file is one scan. Each page of a PDF or of a multi-page TIFF is a scan.

The files in zip archives and folders count as if they were given one by one. Their names tell where they were.
"""

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from omrclip.admission import Admission, Holding
from omrclip.errors import ImageError, LimitExceeded, OmrclipError, StorageUnavailable, UnsupportedImage
from omrclip.imaging.documents import MOST_PAGES, Document, open_document
from omrclip.imaging.probe import check_pixels, probe
from omrclip.imaging.tiff.ranges import BytesReader, RangeReader
from omrclip.jobs.archives import MOST_FILE_BYTES, SIGNATURES, Member, member_name, members
from omrclip.jobs.folders import LeftOut, files_at
from omrclip.limits import Limits
from omrclip.omr.recognition import Scan
from omrclip.storage.ranges import LocalRange
from omrclip.storage.remote_files import is_url, remote_files
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
        read: a function that reads the scan. It raises ImageError and LimitExceeded, and StorageUnavailable if it is
            under a URL and the server cannot be reached.
        path: the file, or None for a scan in memory.
        page_bytes: a function that returns the memory that `read` needs for a page of a document, in bytes; 0 for
            other files. It raises as `read` does.
        in_memory: the scan, if its bytes are in memory already.
        release: a function to call when the scan is not needed any more. The file is closed with its last page.
            `read` calls it.
        state: of a file under a URL, a text that changes if the file is replaced.
    """

    name: str
    read: Callable[[], Scan]
    path: Path | None = None
    page_bytes: Callable[[], int] = _nothing
    in_memory: Scan | None = None
    release: Callable[[], None] = _keep_open
    state: str = ""


def scan_in_memory(scan: Scan) -> ScanFile:
    """A ScanFile for a scan whose bytes are already in memory."""
    return ScanFile(scan.name, partial(_given, scan), in_memory=scan)


def _given(scan: Scan) -> Scan:
    return scan


def _unnoticed(_path: Path) -> None:
    """Tell nobody of a file that is left out."""


def scans_in(
    sources: Iterable[Path | str], most_pixels: int, left_out: LeftOut = _unnoticed, excluded: Collection[Path] = ()
) -> list[ScanFile]:
    """The scans in files, in order.

    Only the number of pages is read. A file that cannot be opened, or has more than MOST_PAGES pages, counts as one
    scan, and its `read` raises the error. A file that several sources name is read once.

    Args:
        sources: paths of image files, PDF files, TIFF files, zip archives of these, and folders; or patterns. See
            `files_at`. Or URLs that fsspec knows; see `remote_files`.
        most_pixels: maximum number of pixels of a page.
        left_out: called with each file in a folder that is hidden, or neither an image nor a document.
        excluded: folders that are not read.

    Raises:
        StorageUnavailable: a URL cannot be listed, or its files cannot be read for a reason that is not one file.
    """
    found: list[ScanFile] = []
    seen: set[str] = set()
    for source in sources:
        is_empty = True
        for place, file in _files(source, left_out, excluded):
            is_empty = False
            if place not in seen:
                seen.add(place)
                found += _scans_in(file, _Limits(most_pixels))
        if is_empty:
            error = ImageError("The folder or pattern contains no images or documents.")
            found.append(ScanFile(Path(source).name, partial(_fail, error)))
    return found


def _files(source: Path | str, left_out: LeftOut, excluded: Collection[Path]) -> Iterator[tuple[str, "_File"]]:
    """The files of a source, each with its place: the URL, or the path without links."""
    if is_url(str(source)):
        for remote in remote_files(str(source)):
            yield remote.url, _File(remote.name, remote.open, state=remote.state)
    else:
        for name, path in files_at(Path(source), left_out, excluded):
            yield os.path.realpath(path), _File(name, partial(_at, path), path)


def scans_of(
    file: Scan, most_pixels: int, most_pages: int = MOST_PAGES, most_bytes: int = MOST_FILE_BYTES
) -> list[ScanFile]:
    """The scans in a file whose bytes are in memory: its pages, or the file itself if it is an image.

    A file that cannot be opened, or has more pages than allowed, counts as one scan, and its `read` raises the error.

    Args:
        file: an image file, PDF file, TIFF file, or zip archive.
        most_pixels: maximum number of pixels of a page.
        most_pages: maximum number of pages, and of files in an archive.
        most_bytes: maximum size of a file in an archive.
    """
    opened = partial(BytesReader, file.data)
    limits = _Limits(most_pixels, most_pages, most_bytes)
    return _scans_in(_File(file.name, opened, in_memory=file), limits)


def names_in(file: Scan, limits: Limits) -> list[str]:
    """The names of the scans in a file whose bytes are in memory. Only the number of pages is read.

    A file in an archive that cannot be opened counts as one scan.

    Raises:
        ImageError, LimitExceeded: the file is no image or document, is damaged, has too many pages, or is too large.
    """
    one = _File(file.name, partial(BytesReader, file.data), in_memory=file)
    if _is_archive(one):
        members(one.opened)  # raises the error of the archive
        return [scan.name for scan in _scans_in(one, _Limits(limits.max_image_pixels))]
    document = _open(one.opened, limits.max_image_pixels)
    if document is None:
        check_pixels(file.name, probe(file.data), limits)
        return [file.name]
    try:
        _check_count(document.count, MOST_PAGES)
        return _page_names(file.name, document.count)
    finally:
        document.close()


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


@dataclass(frozen=True, slots=True)
class _File:
    """A file: its name, a function that opens it, its path, and its scan if it is in memory.

    `held` is the memory that the open file takes, in bytes. `archive` is the name of the archive that it is in. `state`
    is that of a `ScanFile`.
    """

    name: str
    opened: Callable[[], RangeReader]
    path: Path | None = None
    in_memory: Scan | None = None
    held: int = 0
    archive: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class _Limits:
    most_pixels: int
    most_pages: int = MOST_PAGES
    most_bytes: int = MOST_FILE_BYTES


def _scans_in(file: _File, limits: _Limits) -> list[ScanFile]:
    """The scans in a file. A file with an error is one scan that raises it."""
    try:
        if _is_archive(file):
            found = members(file.opened, limits.most_pages, limits.most_bytes)
            inner = [_inner(file, member) for member in found]
            return [scan for one in inner for scan in _scans_in(one, limits)]
        opened = partial(_open, file.opened, limits.most_pixels)
        document = opened()
        if document is None:
            return [_whole(file)]
        count = document.count
        document.close()
        _check_count(count, limits.most_pages)
    except StorageUnavailable:
        raise  # it is not because of this file
    except OmrclipError as error:
        return [ScanFile(file.name, partial(_fail, error), file.path, state=file.state)]
    pages = _Pages(opened, file.held)
    found_pages = [_Page(pages, name, number) for number, name in enumerate(_page_names(file.name, count), start=1)]
    return [
        ScanFile(page.name, page, file.path, page.page_bytes, release=page.release, state=file.state)
        for page in found_pages
    ]


def _is_archive(file: _File) -> bool:
    """Whether a file is a zip archive. Raises UnsupportedImage for one in another."""
    is_archive = _of_file(lambda: file.opened().read(0, len(SIGNATURES[0]))) in SIGNATURES
    if is_archive and file.archive:
        raise UnsupportedImage("This is a zip archive inside a zip archive. Unpack the outer archive first.")
    return is_archive


def _inner(archive: _File, member: Member) -> _File:
    name = member_name(archive.name, member.name)
    return _File(name, member.opened, archive.path, held=member.held, archive=archive.name, state=archive.state)


def _whole(file: _File) -> ScanFile:
    """The scan of an image file."""
    if file.in_memory is not None:
        return scan_in_memory(file.in_memory)
    read, needed = partial(_read, file.name, file.opened), partial(_twice, file.held)
    return ScanFile(file.name, read, file.path, needed, state=file.state)


def _read(name: str, opened: Callable[[], RangeReader]) -> Scan:
    def whole() -> bytes:
        reader = opened()
        return reader.read(0, reader.size)

    return Scan(name, _of_file(whole))


def _twice(held: int) -> int:
    """The memory for reading a file of an archive: it grows into a buffer, which is copied."""
    return 2 * held


def _at(path: Path) -> RangeReader:
    return LocalRange(str(path))


def _page_names(file: str, count: int) -> list[str]:
    return [file] if count == 1 else [page_name(file, number) for number in range(1, count + 1)]


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


class _Pages:
    """Reads pages of one file. The file is opened for the first page and closed after the last one.

    A copy in another process opens the file again, for those of its pages that were sent there.
    """

    def __init__(self, opened: Callable[[], Document | None], held: int) -> None:
        self._opened = opened
        self._held = held
        self._left: set[int] = set()
        self._document: Document | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        return _Pages, (self._opened, self._held)

    def page_bytes(self, number: int) -> int:
        """The memory for reading a page, in bytes, and for the file if it is in memory. Raises ImageError."""
        return self._held + _of_file(lambda: self.open().page_bytes(number))

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
        return self._pages.page_bytes(self._number)

    def release(self) -> None:
        """See `ScanFile`."""
        self._pages.release(self._number)


def _open(opened: Callable[[], RangeReader], most_pixels: int) -> Document | None:
    """Open a file with pages. Returns None for other files. Raises ImageError."""
    return _of_file(lambda: open_document(opened(), most_pixels))


def _of_file(work: Callable[[], Found]) -> Found:
    try:
        return work()
    except OSError as error:
        raise ImageError(f"The file cannot be read: {error.strerror}.") from None


def _fail(error: OmrclipError) -> Scan:
    raise error.with_traceback(None)
