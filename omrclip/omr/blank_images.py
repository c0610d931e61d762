"""The images in a file of blank pages: page n of a PDF file or multi-page TIFF file shows page n of the template."""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field

from omrclip.admission import Admission
from omrclip.errors import ImageError, InvalidRequest, LimitExceeded
from omrclip.imaging.contents import NO_CONTENTS, PageContents
from omrclip.imaging.documents import Document, open_document
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import Limits


@dataclass(frozen=True, slots=True)
class PagePart:
    """The pages of a file that are read: those from `first` to `last`, counted from 1, or to the end if it is None."""

    first: int = 1
    last: int | None = None

    def of(self, count: int) -> range:
        """The numbers of these pages in a file with so many. Raises InvalidRequest if there is none."""
        if self.first > count:
            raise InvalidRequest.at("First", f"a page of the file, which has {count}", str(self.first))
        return range(self.first, min(count, self.last or count) + 1)


ALL_PAGES = PagePart()


@dataclass(frozen=True, slots=True)
class BlankPage:
    """A blank page in a file: its image, and what the file says about it."""

    image: bytes = field(repr=False)
    contents: PageContents = NO_CONTENTS


def blank_images(data: bytes, most_pages: int, limits: Limits, admission: Admission | None = None) -> tuple[bytes, ...]:
    """The images of the blank pages in a file, from the first page of the template on.

    Args:
        data: an image file, or a document.
        most_pages: the number of pages of the template.
        limits: maximum number of pixels of a page. The images together may not be larger than a request body.
        admission: admits the memory for reading each page; None if it is not limited.

    Raises:
        ImageError: the document or a page is damaged. A file that is no document is not looked at.
        LimitExceeded: a page or the images are too large.
        InvalidRequest: the document has more pages than the template.
        ServerBusy: no memory is free.
    """
    return tuple(page.image for page in _pages(data, most_pages, limits, admission, has_contents=False))


def blank_pages(
    data: bytes, most_pages: int, limits: Limits, admission: Admission | None = None, part: PagePart = ALL_PAGES
) -> tuple[BlankPage, ...]:
    """The images of the blank pages in a file as `blank_images` gives them, with the words and fields of a PDF.

    The words and fields of a page are left out if they cannot be read. Raises as `blank_images` does, and
    InvalidRequest if the file has no page of the part.
    """
    return tuple(_pages(data, most_pages, limits, admission, part, has_contents=True))


def page_count(data: bytes, limits: Limits) -> int:
    """The number of pages in a file. Raises ImageError if it is a damaged document."""
    document = open_document(BytesReader(data), limits.max_image_pixels)
    if document is None:
        return 1
    with closing(document):
        return document.count


def _pages(
    data: bytes,
    most_pages: int,
    limits: Limits,
    admission: Admission | None,
    part: PagePart = ALL_PAGES,
    *,
    has_contents: bool,
) -> Iterator[BlankPage]:
    try:
        document = open_document(BytesReader(data), limits.max_image_pixels)
        if document is None:
            part.of(1)
            yield BlankPage(data)
            return
        with closing(document):
            numbers = part.of(document.count)
            _check_count(len(numbers), most_pages)
            yield from _read(document, numbers, limits, admission, has_contents=has_contents)
    except ImageError as error:
        raise type(error)(f"The image of the blank pages: {error.message}", **error.details) from None


def _read(
    document: Document, numbers: range, limits: Limits, admission: Admission | None, *, has_contents: bool
) -> Iterator[BlankPage]:
    read = 0
    for number in numbers:
        needed = document.page_bytes(number)
        with nullcontext() if admission is None else admission.admitted(needed):
            image = document.read_page(number)
            contents = _contents(document, number) if has_contents else NO_CONTENTS
        read += len(image)
        if read > limits.max_body_bytes:
            raise LimitExceeded(
                f"The images of the blank pages have more than the {limits.max_body_bytes:,} bytes allowed.",
                limit="max_body_bytes",
                maximum=limits.max_body_bytes,
            )
        yield BlankPage(image, contents)


def _contents(document: Document, number: int) -> PageContents:
    try:
        return document.contents(number)
    except (ImageError, LimitExceeded):
        return NO_CONTENTS


def _check_count(pages: int, most: int) -> None:
    if pages > most:
        expected = f"a file with at most {most} page{'' if most == 1 else 's'}, not {pages:,}"
        raise InvalidRequest(
            f"The image of the blank pages: expected {expected}",
            fields=[{"path": "$.TemplateImage", "expected": expected}],
        )
