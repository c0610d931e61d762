"""What blurs together at 100 dpi: digits that touch, print close to lines, and the dots of dashed outlines."""

import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.detection.page import detect
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, photographed, render, skewed

GREY = (0.4, 0.4, 0.4)


def _bubbles(pixels: Pixels) -> int:
    return sum(len(box.bubbles) for box in choice_boxes([one.element for one in detect(pixels).proposals]))


def test_numbers_whose_digits_touch_are_no_bubbles() -> None:
    canvas = PdfCanvas(210, 297)
    for line in range(12):
        canvas.text(
            20,
            40 + 6 * line,
            "out 00 often 60 visit 00 with 80 this 00 week 60 group 00",
            height=2.1,
            font="Times-Roman",
        )
    for row in range(6):
        canvas.box((20, 130 + 8 * row, 4.5, 4.5))
        canvas.text(28, 133.5 + 8 * row, "out at 00 or 80 once", height=2.1, font="Times-Roman")
    page = render(canvas.save(), 100)
    assert _bubbles(skewed(page, np.random.default_rng(1)).pixels) == 6
    assert _bubbles(photographed(page, np.random.default_rng(2)).pixels) == 6


def test_brackets_close_to_the_lines_of_a_table_are_found() -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(7):
        y = 60 + 5 * row
        canvas.line(20, y, 190, y)
        for column in range(4):
            left, right = 90 + 25 * column, 96 + 25 * column
            canvas.path(
                [(left + 1, y + 0.8), (left, y + 0.8), (left, y + 4.3), (left + 1, y + 4.3)], line=0.3, stroke=GREY
            )
            canvas.path(
                [(right - 1, y + 0.8), (right, y + 0.8), (right, y + 4.3), (right - 1, y + 4.3)], line=0.3, stroke=GREY
            )
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(3))
    assert _bubbles(picture.pixels) == 28


def test_squares_close_to_the_lines_of_a_table_are_found_once() -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(20):
        y = 60 + 4.8 * row
        canvas.line(20, y, 190, y)
        for column in range(3):
            canvas.box((120 + 12 * column, y + 0.7, 3.6, 3.3), radius=0.4, line=0.3)
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(4))
    assert _bubbles(picture.pixels) == 60


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_faint_dotted_squares_are_found(seed: int) -> None:
    pale = (0.7, 0.7, 0.7)
    canvas = PdfCanvas(210, 297)
    for row in range(4):
        for column in range(4):
            # In no row and no column, so that each is found by its own outline.
            x, y = 30 + 37 * column + 5 * row, 60 + 26 * row + 7 * column
            canvas.box((x, y, 5, 5), line=0.2, stroke=pale, dash=0.6)
            canvas.text(x + 1.9, y + 3.7, str(column + 1), height=2.2, colour=pale)
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(seed))
    assert 14 <= _bubbles(picture.pixels) <= 16


def test_columns_of_rings_that_are_dark_by_their_letters_are_no_words() -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(12):
        for column, letter in enumerate("ABE"):
            x, y = 40 + 4.1 * column, 60 + 4.9 * row
            canvas.ellipse((x, y, 3.3, 3.3), line=0.3)
            canvas.text(x + 1, y + 2.5, letter, height=1.8)
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(8))
    assert _bubbles(picture.pixels) == 36


def test_the_first_words_of_a_list_are_no_bubbles() -> None:
    canvas = PdfCanvas(210, 297)
    for row in range(12):
        canvas.text(30, 60 + 6 * row, f"Book {row}", height=3)
        canvas.text(90, 60 + 6 * row, f"DOOR {row}00", height=2.5)
        canvas.text(150, 60 + 6 * row, f"coop {row}", height=3.4)
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(9))
    assert _bubbles(picture.pixels) == 0


@pytest.mark.parametrize("columns", [1, 3])
def test_many_rows_of_empty_squares_close_beside_each_other_are_questions(columns: int) -> None:
    canvas = PdfCanvas(210, 297)
    for number in range(6):
        x, y = 25 + 60 * (number % columns), 60 + 8 * (number // columns)
        canvas.text(x, y + 3, f"{number + 1}.")
        for answer in range(5):
            canvas.box((x + 10 + 6 * answer, y, 5, 5))
    assert _bubbles(render(canvas.save(), 150)) == 30
