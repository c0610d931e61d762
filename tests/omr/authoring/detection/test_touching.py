"""Bubbles whose outline other print touches have the size and place of those that stand free."""

from itertools import pairwise

import numpy as np
import pytest

from omrclip.omr.authoring.detection.page import detect
from omrclip.omr.template import ChoiceBox
from tests.omr.authoring.detection.pdf_canvas import POINTS_PER_MM, PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, photographed, render

WITHIN_MM = 0.3
"""Distance of found and drawn bubbles at most."""


def _rows(canvas: PdfCanvas, dpi: int) -> list[ChoiceBox]:
    detection = detect(render(canvas.save(), dpi))
    return list(choice_boxes([one.element for one in detection.proposals]))


def _is_even(box: ChoiceBox, pitch: float, dpi: int) -> bool:
    """Whether bubbles stand at one distance, on one level."""
    steps = [(after.left - one.left, after.top - one.top) for one, after in pairwise(box.bubbles)]
    px_per_mm = dpi / 72 * POINTS_PER_MM
    return all(max(abs(x / px_per_mm - pitch), abs(y / px_per_mm)) < WITHIN_MM for x, y in steps)


@pytest.mark.parametrize("dpi", [100, 150, 300])
@pytest.mark.parametrize("size", [3.5, 5.5])
def test_letters_that_touch_circles_from_below_do_not_part_their_rows(size: float, dpi: int) -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(6):
        y = 40 + 10 * row
        canvas.text(20, y + 3, f"{row + 1}.")
        for column, letter in enumerate("ABCD"):
            canvas.ellipse((40 + 14 * column, y, size, size), line=0.3)
            canvas.text(39.3 + 14 * column + size / 2, y + size + 2, letter, height=2.1)
    rows = _rows(canvas, dpi)
    assert [len(row.bubbles) for row in rows] == [4] * 6
    assert all(_is_even(row, 14, dpi) for row in rows)


@pytest.mark.parametrize("dpi", [100, 150, 300])
def test_numbers_that_touch_squares_at_their_side_do_not_part_their_rows(dpi: int) -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(6):
        y = 40 + 10 * row
        canvas.text(20, y + 3, f"{row + 1}.")
        for column in range(4):
            canvas.box((40 + 14 * column, y, 5, 5), line=0.3)
            canvas.text(45 + 14 * column, y + 4.8, str(column + 1), height=2.6, font="Times-Roman")
    rows = _rows(canvas, dpi)
    assert [len(row.bubbles) for row in rows] == [4] * 6
    assert all(_is_even(row, 14, dpi) for row in rows)


def test_letters_that_cross_circles_make_no_second_bubble_of_them() -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(12):
        y = 40 + 10 * row
        canvas.text(20, y + 3, f"{row + 1}.")
        for column, letter in enumerate("ABCD"):
            canvas.ellipse((40 + 9 * column, y, 4.5, 4.5), line=0.35)
            if row < 11:
                canvas.text(41.4 + 9 * column, y + 5.7, letter, height=2.2)
    places = [(bubble.left, bubble.top) for box in _rows(canvas, 150) for bubble in box.bubbles]
    # 4 mm at 150 dpi.
    assert all(max(abs(x - a), abs(y - b)) > 24 for x, y in places for a, b in places if (x, y) != (a, b))
    assert len(places) == 48


@pytest.mark.parametrize("dpi", [100, 150])
def test_letters_as_high_as_their_ovals_do_not_part_them_in_a_photo(dpi: int) -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(8):
        y = 40 + 6 * row
        canvas.text(20, y + 2.3, f"{row + 1}")
        for column, letter in enumerate("ABCD"):
            canvas.box((30 + 8 * column, y, 5.4, 2.6), radius=1.3, line=0.2)
            canvas.text(31.9 + 8 * column, y + 2.5, letter, height=2.4)
    picture = photographed(render(canvas.save(), dpi), np.random.default_rng(5))
    boxes = list(choice_boxes([one.element for one in detect(picture.pixels).proposals]))
    assert [len(box.bubbles) for box in boxes] == [4] * 8
    assert boxes[0].bubble_width > 1.8 * boxes[0].bubble_height
