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
    data: bytes, most_pages: int, limits: Limits, admission: Admission | None = None
) -> tuple[BlankPage, ...]:
    """The images of the blank pages in a file as `blank_images` gives them, with the words and fields of a PDF.

    The words and fields of a page are left out if they cannot be read. Raises as `blank_images` does.
    """
    return tuple(_pages(data, most_pages, limits, admission, has_contents=True))


def _pages(
    data: bytes, most_pages: int, limits: Limits, admission: Admission | None, *, has_contents: bool
) -> Iterator[BlankPage]:
    try:
        document = open_document(BytesReader(data), limits.max_image_pixels)
        if document is None:
            yield BlankPage(data)
            return
        with closing(document):
            _check_count(document.count, most_pages)
            yield from _read(document, limits, admission, has_contents=has_contents)
    except ImageError as error:
        raise type(error)(f"The image of the blank pages: {error.message}", **error.details) from None


def _read(
    document: Document, limits: Limits, admission: Admission | None, *, has_contents: bool
) -> Iterator[BlankPage]:
    read = 0
    for number in range(1, document.count + 1):
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
