"""Bubbles without an outline are found by their tone: white ones on a tint, and tinted discs with letters."""

import numpy as np
import pytest

from omrclip.omr.authoring.detection.left_out import Why
from omrclip.omr.authoring.detection.page import Detection, detect
from tests.omr.authoring.detection.pdf_canvas import Colour, PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, photographed, render
from tests.omr.authoring.detection.small_pages import blank_page, detected, sizes

WHITE: Colour = (1.0, 1.0, 1.0)
CREAM: Colour = (1.0, 0.95, 0.8)
BLUE: Colour = (0.8, 0.88, 0.97)
GREY: Colour = (0.84, 0.84, 0.84)


def _in_photo(canvas: PdfCanvas) -> Detection:
    """What is detected on a photo of a page at 100 dpi."""
    return detect(photographed(render(canvas.save(), 100), np.random.default_rng(3)).pixels)


def _statements(canvas: PdfCanvas, tint: Colour, *, is_round: bool, every: int, letter: str) -> None:
    """Nine rows of five white bubbles, each row or each second one on a tint."""
    for row in range(9):
        y = 40 + 9 * row
        is_tinted = row % every == 0
        if is_tinted:
            canvas.box((18, y - 2, 170, 8), stroke=None, fill=tint)
        canvas.text(20, y + 3, "I was content with it", height=2.2)
        for column in range(5):
            x = 100 + 10 * column
            canvas.box(
                (x, y, 4, 4),
                radius=2 if is_round else 0,
                line=0.25,
                stroke=None if is_tinted else (0, 0, 0),
                fill=WHITE,
            )
            canvas.text(x + 1.4, y + 2.9, letter, height=1.8, colour=(0.4, 0.4, 0.4))


@pytest.mark.parametrize(
    ("tint", "is_round", "every", "letter"),
    [(CREAM, False, 1, "3"), (BLUE, True, 2, ""), (GREY, True, 1, "B"), (GREY, False, 2, "")],
)
def test_white_bubbles_on_tinted_rows_are_found_in_photos(
    tint: Colour, is_round: bool, every: int, letter: str
) -> None:
    canvas = blank_page()
    _statements(canvas, tint, is_round=is_round, every=every, letter=letter)
    assert sizes(_in_photo(canvas)) == [5] * 9


def _disc(canvas: PdfCanvas, x: float, y: float, side: float, colour: Colour, text: str, ink: Colour) -> None:
    canvas.ellipse((x, y, side, side), stroke=None, fill=colour)
    canvas.text(x + side / 2 - 0.75 * len(text), y + side / 2 + 1, text, height=2, colour=ink)


@pytest.mark.parametrize("detected_in", [detected, _in_photo])
def test_discs_with_letters_are_bubbles(detected_in: type[Detection]) -> None:
    canvas = blank_page()
    for row in range(8):
        canvas.text(20, 43 + 8 * row, str(row + 1), height=2.2)
        for column, letter in enumerate("ABCD"):
            _disc(canvas, 30 + 7 * column, 40 + 8 * row, 5, BLUE, letter, (0, 0, 0))
    assert sizes(detected_in(canvas)) == [4] * 8


@pytest.mark.parametrize(("colour", "ink"), [(BLUE, (0.0, 0.0, 0.0)), ((0.2, 0.2, 0.2), WHITE)], ids=["tinted", "dark"])
def test_discs_with_the_numbers_of_questions_are_no_bubbles(colour: Colour, ink: Colour) -> None:
    canvas = blank_page()
    for row in range(9):
        y = 40 + 9 * row
        _disc(canvas, 20, y, 5, colour, str(row + 1), ink)
        canvas.text(28, y + 3.5, "I was content", height=2.2)
        for column in range(4):
            canvas.ellipse((70 + 9 * column, y, 5, 5), line=0.3)
    detection = _in_photo(canvas)
    assert sizes(detection) == [4] * 9
    listed = [one.why for one in detection.left_out if one.place[0] < 30 / 25.4 * 100]
    assert (Why.BULLET in listed) == (colour == BLUE)


def test_white_letters_on_dark_bars_are_no_bubbles() -> None:
    canvas = blank_page()
    for row in range(6):
        y = 40 + 20 * row
        canvas.box((18, y, 170, 7), stroke=None, fill=(0.2, 0.3, 0.6))
        canvas.text(20, y + 5, "GOOD FOOD AND ROOMS", height=3.2, font="Helvetica-Bold", colour=WHITE)
        for column in range(3):
            canvas.box((30 + 40 * column, y + 10, 4, 4), line=0.3)
            canvas.text(36 + 40 * column, y + 13, "often", height=2.2)
    assert sizes(detected(canvas)) == [3] * 6


def test_bubbles_between_tints_of_a_table_with_white_lines_are_no_cells() -> None:
    canvas = blank_page()
    for row in range(6):
        for column in range(7):
            x, y = 20 + 9 * column, 40 + 9 * row
            canvas.box((x, y, 8.4, 8.4), stroke=None, fill=BLUE)
            canvas.text(x + 3, y + 5, str(7 * row + column + 1), height=2.2)
    for row in range(4):
        canvas.text(30, 123 + 8 * row, "Yes, please", height=2.2)
        canvas.ellipse((20, 120 + 8 * row, 4, 4), line=0.3)
    boxes = list(choice_boxes([one.element for one in detected(canvas).proposals]))
    assert [len(box.bubbles) for box in boxes] == [4]
