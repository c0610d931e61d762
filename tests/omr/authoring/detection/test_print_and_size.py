"""Bubbles of pale colours, and circles larger than others: what the print and the size of a page decide."""

import numpy as np
import pytest

from tests.omr.authoring.detection.pdf_canvas import Colour, PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes
from tests.omr.authoring.detection.small_pages import blank_page, detected, sizes


def _statements(diameter: float, *, rows: int = 6, stroke: Colour = (0.0, 0.0, 0.0), line: float = 0.3) -> PdfCanvas:
    """Statements with four circles each."""
    canvas = blank_page()
    for row in range(rows):
        y = 30 + (diameter + 12) * row
        canvas.text(15, y + diameter / 2 + 1, f"{row + 1}. School")
        for column in range(4):
            canvas.ellipse((50 + (diameter + 12) * column, y, diameter, diameter), line=line, stroke=stroke)
    return canvas


@pytest.mark.parametrize("stroke", [(1.0, 1.0, 0.55), (1.0, 0.97, 0.75)], ids=["yellow", "orange"])
def test_bubbles_of_pale_colours_are_found(stroke: Colour) -> None:
    assert sizes(detected(_statements(4, stroke=stroke, line=0.15))) == [4] * 6


@pytest.mark.parametrize("diameter", [9.5, 11, 14])
def test_large_circles_are_the_bubbles_of_a_form_for_children(diameter: float) -> None:
    assert sizes(detected(_statements(diameter))) == [4] * 6


def test_large_circles_beside_more_bubbles_are_pictures() -> None:
    canvas = _statements(4, rows=12)
    for column in range(4):
        canvas.ellipse((40 + 30 * column, 240, 12, 12), line=0.3)
    detection = detected(canvas)
    assert sizes(detection) == [4] * 12
    assert sum(one.why == "large" for one in detection.left_out) == 4


def test_a_square_a_little_smaller_than_the_others_is_a_bubble() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.text(15, 33.5 + 12 * row, f"{row + 1}. School")
        for column in range(4):
            canvas.box((50 + 12 * column, 30 + 12 * row, 5, 5), line=0.3)
    canvas.box((20, 120, 4.5, 4.5), line=0.3)
    canvas.text(28, 123.4, "I agree to take part")
    found = choice_boxes([one.element for one in detected(canvas).proposals])
    assert sorted(len(box.bubbles) for box in found) == [1, *[4] * 6]


def test_squares_are_bubbles_where_all_texts_stand_as_close_as_letters() -> None:
    """As in Chinese, Japanese and Korean print; between two letters of a title, no square is found."""
    side, gap = 3.0, 0.4
    canvas = blank_page()
    canvas.text(20, 20, "HOTEL IN BERN", height=side)
    for row in range(5):
        y = 40 + 14 * row
        canvas.text(20, y - 3, f"{row + 1}. WAS IT NICE", height=3)
        for column, answer in enumerate(("NEIN", "KAUM", "HALB", "ETWAS")):
            canvas.box((25 + 28 * column, y, side, side), line=0.3)
            canvas.text(25 + 28 * column + side + gap, y + side - 0.2, answer, height=side - 0.3)
    assert sizes(detected(canvas)) == [4] * 5


@pytest.mark.parametrize("specks", [0, 40])
def test_specks_of_a_copier_are_no_texts_of_answers(specks: int) -> None:
    canvas = blank_page()
    for question in range(6):
        y = 35 + 26 * question
        canvas.text(20, y - 4, f"{question + 1}. The capital is")
        for index, answer in enumerate(("Perth", "Bern", "Lima", "Oslo")):
            x, top = 26 + 80 * (index % 2), y + 7.5 * (index // 2)
            canvas.ellipse((x, top, 5, 5), line=0.3)
            canvas.text(x + 7.5, top + 3.6, answer)
    rng = np.random.default_rng(17)
    for x, y in zip(rng.uniform(55, 100, specks), rng.uniform(25, 200, specks), strict=True):
        canvas.box((x, y, 0.6, 0.6), stroke=None, fill=(0, 0, 0))
    assert sizes(detected(canvas)) == [4] * 6


def test_circles_higher_than_letters_that_continue_a_row_are_no_letters_of_the_words_behind_them() -> None:
    canvas = _statements(4.8)
    for x, answer, gap in ((20, "Yes", 0.4), (40, "Maybe", 0.4), (65, "No", 1.5)):
        canvas.ellipse((x, 150, 4.8, 4.8), line=0.3)
        canvas.text(x + 4.8 + gap, 154.4, answer, height=3.1)
    assert sizes(detected(canvas)) == [4] * 6 + [3]
