"""Rows of a table whose bubbles stand above texts of one line or of several."""

import pytest

from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes
from tests.omr.authoring.detection.small_pages import blank_page, detected


def _sizes(canvas: PdfCanvas) -> list[int]:
    return [len(box.bubbles) for box in choice_boxes([one.element for one in detected(canvas).proposals])]


@pytest.mark.parametrize("height", [16.0, 20.0])
def test_bubbles_of_one_row_of_a_table_are_a_question_also_above_texts_of_two_lines(height: float) -> None:
    canvas = blank_page()
    for row in range(6):
        top = 50 + height * row
        canvas.box((20, top, 60, height))
        canvas.text(22, top + 6, f"{row + 1}. How often do you do it?")
        for column, lines in enumerate((["Never"], ["Less than", "monthly"], ["Monthly"], ["Every day", "or more"])):
            left, middle = 80 + 26 * column, top + height / 2 - 1.8 * len(lines)
            canvas.box((left, top, 26, height))
            canvas.ellipse((left + 11.2, middle - 1.8, 3.6, 3.6))
            for line, text in enumerate(lines):
                canvas.text(left + 4, middle + 5 + 3.6 * line, text, height=2)
    assert _sizes(canvas) == [4] * 6


def test_lists_in_frames_beside_each_other_stay_lists_if_they_begin_on_two_levels() -> None:
    canvas = blank_page()
    for column in range(2):
        left = 20 + 80 * column
        canvas.box((left, 50, 80, 40))
        for row in range(5):
            y = 56 + 2 * column + 6 * row
            canvas.ellipse((left + 5, y - 1.8, 3.6, 3.6))
            canvas.text(left + 12, y + 1.2, ("Apples", "Pears", "Plums", "Cherries", "Figs")[row])
    assert _sizes(canvas) == [5, 5]
