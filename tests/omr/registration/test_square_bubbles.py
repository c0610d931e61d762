"""Pages whose bubbles are all squares, without the image of the blank page."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration import find
from omrclip.omr.registration.extents import LARGEST_SQUARE, Printed, Shape, printed_as
from omrclip.omr.registration.find import FoundPage, ImagePyramid, register
from omrclip.omr.registration.reference import Reference, reference_for, with_bubbles
from omrclip.omr.registration.registration import Rejected
from omrclip.omr.template import ChoiceBox
from tests.omr.registration.finding import misses
from tests.omr.registration.test_rivals import PARTS, ROWS, SQUARES, centres, where
from tests.omr.sheet import PAGE, Sheet, View, coloured, onto, printed, question, turned

PLAIN = printed(ROWS, PAGE, squares=True)
MARKED = printed([*ROWS, *SQUARES], PAGE, squares=True)
CHECKBOXES = [question(f"Q{n}", 80 + 60 * (n % 3), 110 + 52 * n, "ABCD"[: 2 + n % 3], pitch=70) for n in range(12)]
CHECKLIST = printed(CHECKBOXES, PAGE, letters=False, squares=True)
VIEWS = {
    "flat": turned(0),
    "skewed": turned(-2, scale=1.4),
    "upside down": turned(181, scale=0.9),
    "on its side": turned(91, scale=1.5),
    "photo": onto([(60, 40), (940, 90), (900, 1260), (20, 1200)], Dimensions(1000, 1300)),
}


def registered(sheet: Sheet, view: View) -> FoundPage:
    return register(sheet.known(image=False), ImagePyramid(coloured(view.of(sheet.blank, ground=130))))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("sheet", [PLAIN, MARKED, CHECKLIST], ids=["answers", "answers and marks", "checkboxes"])
def test_a_page_of_squares_is_found(sheet: Sheet, view: str) -> None:
    found = registered(sheet, VIEWS[view])
    assert found.reference.shape is Shape.SQUARE
    assert misses(found.registration, VIEWS[view], centres(sheet)).max() < 2


@pytest.mark.parametrize("degrees", [0, 178])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_form_is_found_in_its_place_or_not_at_all(part: str, marked: bool, degrees: float) -> None:
    """Turned by 180°, or a row or a column further, nearly all squares fall onto squares."""
    whole = MARKED if marked else PLAIN
    off = where(Sheet(whole.blank, (*PARTS[part], *(SQUARES if marked else ()))), turned(degrees, scale=1.3))
    assert off is None or off < 2
    if marked and part in ("all", "some rows"):
        assert off is not None


@pytest.mark.parametrize("degrees", [0, 180])
def test_a_block_that_looks_the_same_turned_is_not_found(degrees: float) -> None:
    boxes = [question(f"Q{n}", 178, 118 + 32 * n, "ABCDEFGH") for n in range(18)]
    sheet = printed(boxes, PAGE, seed=None, letters=False, squares=True)
    assert where(sheet, turned(degrees)) is None


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_all_shapes_are_tried_where_a_candidate_shows_none_or_another(
    is_elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some pixels off the bubbles, their median shows no outline, or a wrong one."""
    tried: list[tuple[float, Shape]] = []

    def rejected(reference: Reference, *_: object, **__: object) -> Rejected:
        tried.append((reference.extents, reference.shape))
        return Rejected("it is not there", is_elsewhere=is_elsewhere)

    monkeypatch.setattr(find, "printed_as", lambda *_: Printed(1.21))
    monkeypatch.setattr(find, "confirm", rejected)
    monkeypatch.setattr(find, "STRATEGIES", find.STRATEGIES[1:2])
    with pytest.raises(RegistrationFailed):
        registered(MARKED, VIEWS["skewed"])
    all_of_them = [(1.21, Shape.ROUND), (1.0, Shape.ROUND), (1.0, Shape.SQUARE)]
    assert tried[:3] == (all_of_them if is_elsewhere else [(1.21, Shape.ROUND)] * len(tried))[:3]
    assert len(tried) % 3 == 0 or not is_elsewhere


def grown(sheet: Sheet, factor: float) -> Sheet:
    """The form whose template has bubbles larger by a factor."""

    def larger(box: ChoiceBox) -> ChoiceBox:
        size = box.bubble_width * factor
        off = (box.bubble_width - size) / 2
        bubbles = tuple(replace(bubble, left=bubble.left + off, top=bubble.top + off) for bubble in box.bubbles)
        return replace(box, bubble_width=size, bubble_height=size, bubbles=bubbles)

    return Sheet(sheet.blank, tuple(larger(box) for box in ROWS))


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.15, 1.3])
def test_the_size_of_squares_is_measured_between_the_middles_of_their_lines(factor: float) -> None:
    sheet = grown(PLAIN, factor)
    printing = printed_as(ImagePyramid(coloured(PLAIN.blank)), reference_for(sheet.page, None).bubbles, lambda at: at)
    assert printing.shape is Shape.SQUARE
    assert printing.size == pytest.approx(18.5 / 20 / factor, abs=0.03)


def test_round_bubbles_are_not_taken_for_squares() -> None:
    blank = printed(ROWS, PAGE).blank
    reference = reference_for(PLAIN.page, None)
    for degrees in (0, 3, 90):
        view = turned(degrees, scale=0.8)
        pyramid = ImagePyramid(coloured(view.of(blank)))
        assert printed_as(pyramid, reference.bubbles, view.to_scan) == Printed()


@pytest.mark.parametrize("squares", [True, False])
def test_cells_of_a_table_are_no_bubbles(squares: bool) -> None:
    """Each bubble stands in the lower right part of a cell, 1.6 times as large."""
    sheet = printed(ROWS, PAGE, letters=False, seed=None, squares=squares)
    for box in ROWS:
        for bubble in box.bubbles:
            left, top, side = round(bubble.left) - 10, round(bubble.top) - 10, 32
            cv2.rectangle(sheet.blank, (left, top), (left + side, top + side), 60, 1)
    assert LARGEST_SQUARE < 32 / 20
    for view in VIEWS.values():
        try:
            found = registered(sheet, view)
        except RegistrationFailed:
            continue
        per_page_pixel = float(np.sqrt(np.linalg.det(view.page_to_scan[:2, :2])))
        assert misses(found.registration, view, centres(sheet)).max() < 3 * per_page_pixel, "the cells lie 4 off"


def test_outlines_of_rectangles_are_drawn_on_the_sides_of_their_boxes() -> None:
    wide = replace(question("Q", 100, 100, "ABCDEFGHIJ"), bubble_height=12.0)
    round_ones = reference_for(replace(PLAIN.page, elements=(wide,)), None)
    reference = with_bubbles(round_ones, Printed(1.0, Shape.SQUARE))
    across, down = reference.fine.scale
    left, top, right, bottom = (round(place) for place in (100 * across, 100 * down, 120 * across, 112 * down))
    pixels = reference.fine.pixels
    for place in (left, right):
        assert np.median(pixels[top:bottom, place - 1 : place + 1].min(axis=1)) < 128
    for place in (top, bottom):
        assert np.median(pixels[place - 1 : place + 1, left:right].min(axis=0)) < 128
    assert (pixels[top + 4 : bottom - 4, left + 4 : right - 4] == 255).all()
    corner = slice(top - 1, top + 2), slice(left - 1, left + 2)
    assert pixels[corner].min() < 128
    assert (round_ones.fine.pixels[corner] == 255).all()
