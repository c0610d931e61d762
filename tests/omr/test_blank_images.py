"""Images of blank pages in image files, PDF files and TIFF files."""

import pytest

from omrclip.admission import Admission
from omrclip.errors import CorruptImage, InvalidRequest, LimitExceeded
from omrclip.imaging.codec import decode
from omrclip.limits import Limits
from omrclip.omr.blank_images import blank_images
from omrclip.omr.recognition import known_pages
from omrclip.schemas.template import load_template
from tests.imaging.pdf_files import PdfPage, pdf
from tests.web.making import decoded, encoded, grid, omr, page, template, tiff_of

LIMITS = Limits()
TWO = load_template(omr(template(Pages=[page(), page()])))
FRONT, BACK = grid(), grid(salt=40)
EMPTY = PdfPage("", dimensions=(144, 96))


def test_page_n_of_a_document_is_page_n_of_the_template() -> None:
    front, back = known_pages(TWO, tiff_of(FRONT, BACK), LIMITS)
    assert (decode(front.image or b"") == FRONT).all()
    assert (decode(back.image or b"") == BACK).all()


def test_an_image_is_that_of_the_first_page() -> None:
    front, back = known_pages(TWO, encoded(FRONT), LIMITS)
    assert (decoded(front.image or b"") == FRONT).all()
    assert back.image is None


def test_pages_that_the_document_lacks_keep_their_own_image() -> None:
    document = template(Pages=[page(), page(ImageData=_base64(encoded(BACK)))])
    front, back = known_pages(load_template(omr(document)), pdf(EMPTY), LIMITS)
    assert decode(front.image or b"").min() == 255
    assert back.image == encoded(BACK)


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        (pdf(EMPTY, EMPTY, EMPTY), InvalidRequest, "at most 2 pages, not 3"),
        (pdf(), CorruptImage, "The image of the blank pages: The PDF is damaged"),
        (pdf(PdfPage("", dimensions=(14_000, 14_000))), LimitExceeded, "Page 1 of the PDF has"),
    ],
)
def test_a_document_that_does_not_fit_is_refused(data: bytes, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        blank_images(data, 2, LIMITS)


def test_the_images_together_are_bounded() -> None:
    with pytest.raises(LimitExceeded, match="have more than the 1,024 bytes allowed"):
        blank_images(tiff_of(FRONT, BACK), 2, Limits(max_body_bytes=1024))


def test_the_memory_for_reading_is_admitted() -> None:
    with pytest.raises(LimitExceeded, match="of memory"):
        blank_images(pdf(EMPTY), 1, LIMITS, Admission(1, 1_000_000, wait_seconds=0, max_waiting=0))


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()
