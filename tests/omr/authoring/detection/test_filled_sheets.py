"""The blank page that is made from filled sheets."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from omrclip.errors import InvalidRequest
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.limits import Limits
from omrclip.omr.authoring.detection import filled_sheets
from omrclip.omr.authoring.detection.filled_sheets import LEAST_SHEETS, Sheet, blank_from_sheets, sheets_in
from omrclip.omr.authoring.detection.page import Detection, detect
from omrclip.omr.authoring.rehearsal import rehearse
from omrclip.omr.template import ClipArea
from omrclip.schemas.template import load_template
from tests.imaging.pdf_files import jpeg_image, pdf, scanned
from tests.web.making import encoded

TEMPLATES = Path(__file__).parents[4] / "templates_omr"
LIMITS = Limits()


def _blank(name: str) -> Pixels:
    return np.asarray(cv2.imread(str(TEMPLATES / f"{name}.png")), np.uint8)


@cache
def _sheets(name: str, count: int) -> tuple[Sheet, ...]:
    """Filled sheets, scanned and photographed by turns."""
    (page,) = load_template((TEMPLATES / f"{name}.omr").read_bytes()).pages
    blank = _blank(name)
    return tuple(Sheet(f"{name}-{at}.jpg", rehearse(page, blank, at).data) for at in range(count))


@cache
def _shapes_of_blank(name: str) -> list[tuple[str, ...]]:
    return _shapes(detect(_blank(name)))


def _shapes(found: Detection) -> list[tuple[str, ...]]:
    """The values of each field, in their order."""
    return [
        tuple(bubble.value for box in getattr(field, "elements", [field]) for bubble in box.bubbles)
        for field in found.fields
    ]


def test_ten_filled_sheets_have_the_bubbles_of_the_blank_page() -> None:
    made = blank_from_sheets(_sheets("survey", 10), LIMITS)
    assert (made.used, made.unfit) == (10, ())
    assert _shapes(detect(decode(made.image))) == _shapes_of_blank("survey")


def test_boxes_in_which_everybody_writes_are_empty() -> None:
    """The same hand writes into the same places of all sheets, so that its lines cross."""
    (page,) = load_template((TEMPLATES / "answer-sheet-50.omr").read_bytes()).pages
    image = page.image_bytes()
    assert image is not None
    sheets = [Sheet(f"{at}.jpg", rehearse(page, decode(image), at).data) for at in range(10)]
    found = detect(decode(blank_from_sheets(sheets, LIMITS).image))
    areas = [one.element for one in found.proposals if isinstance(one.element, ClipArea)]
    assert len(areas) == sum(isinstance(element, ClipArea) for element in page.elements)


def test_specks_are_left_out_only_where_a_sheet_is_white() -> None:
    """A dot of print, which lies a little beside its place on one sheet, and a speck that one sheet does not have."""
    sheets = [np.full((1000, 700, 3), 255, np.uint8) for _ in range(10)]
    for at, pixels in enumerate(sheets):
        cv2.circle(pixels, (100 + (at == 3), 100), 3, (0, 0, 0), -1)
        if at != 3:
            cv2.circle(pixels, (200, 200), 2, (0, 0, 0), -1)
    blank = filled_sheets._print_of(sheets)
    assert blank[100, 100].max() == 0
    assert blank[190:210, 190:210].min() == 255


def test_the_blank_page_stands_as_most_sheets_do() -> None:
    """The first sheet, on which the others are laid, is upside down."""
    sheets = _sheets("exam", 10)
    first = encode(np.ascontiguousarray(np.rot90(decode(sheets[0].data), 2)), ImageFormat.PNG)
    made = blank_from_sheets([Sheet("turned.png", first), *sheets[1:]], LIMITS)
    assert (made.used, made.unfit) == (10, ())
    assert _shapes(detect(decode(made.image))) == _shapes_of_blank("exam")


def test_other_forms_and_damaged_files_are_named_and_left_out() -> None:
    sheets = [_sheets("survey", 10)[0], Sheet("broken.jpg", b"no image"), *_sheets("exam", 10)]
    made = blank_from_sheets(sheets, LIMITS)
    assert (made.used, made.unfit) == (10, ("survey-0.jpg", "broken.jpg"))
    assert _shapes(detect(decode(made.image))) == _shapes_of_blank("exam")


def test_too_few_sheets_are_refused() -> None:
    sheet = Sheet("a.jpg", b"")
    with pytest.raises(InvalidRequest, match="At least 10 filled sheets are needed, not 9"):
        blank_from_sheets([sheet] * (LEAST_SHEETS - 1), LIMITS)
    with pytest.raises(
        InvalidRequest, match=r"These 10 of 10 could not be read or do not fit the others: a\.jpg, a\.jpg"
    ):
        blank_from_sheets([sheet] * LEAST_SHEETS, LIMITS)


def test_the_pages_of_a_document_are_sheets() -> None:
    page = scanned(jpeg_image(np.full((60, 40, 3), 200, np.uint8)))
    stack = sheets_in("stack.pdf", pdf(page, page), LIMITS)
    assert [sheet.name for sheet in stack] == ["stack.pdf, page 1", "stack.pdf, page 2"]
    assert all(sheet.data for sheet in stack)
    assert sheets_in("cut.pdf", pdf(page)[:300], LIMITS) == [Sheet("cut.pdf", b"")]
    image = encoded(np.full((60, 40, 3), 200, np.uint8))
    assert sheets_in("a.png", image, LIMITS) == [Sheet("a.png", image)]
