"""Headings in tables and frames beside each other, on small pages."""

import pytest

from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.small_pages import blank_page, detected, sizes


def _candidates(canvas: PdfCanvas, top: float, names: int) -> float:
    """Cells of a ballot with a name of two lines each; returns their lower side."""
    for row in range(names):
        y = top + 9 * row
        canvas.box((20, y, 60, 9))
        canvas.ellipse((22, y + 2, 5, 3.2))
        canvas.text(30, y + 4.4, ("Ada Byron", "Carl Gauss", "Emmy Noether")[row % 3])
        canvas.text(30, y + 7.6, "Blue Party", height=1.8)
    return top + 9 * names


@pytest.mark.parametrize("heading", ["City Council", ""])
def test_a_row_of_a_table_with_a_heading_parts_lists_and_an_empty_one_does_not(heading: str) -> None:
    canvas = blank_page()
    lower = _candidates(canvas, 40, 4)
    canvas.box((20, lower, 60, 7))
    if heading:
        canvas.text(38, lower + 4.6, heading)
    _candidates(canvas, lower + 7, 3)
    assert sizes(detected(canvas)) == ([4, 3] if heading else [7])


def test_lists_in_two_frames_are_two_questions_though_no_text_stands_between_them() -> None:
    canvas = blank_page()
    for row in range(6):
        y = 50 + 12 * row
        canvas.box((20, y, 50, 12))
        canvas.box((70, y, 14, 12))
        canvas.text(24, y + 7, "Candidate")
        canvas.ellipse((74, y + 3, 6, 6))
        canvas.box((100, y, 14, 12))
        canvas.box((114, y, 50, 12))
        canvas.ellipse((104, y + 3, 6, 6))
        canvas.text(118, y + 7, "Party")
    assert sizes(detected(canvas)) == [6, 6]


def test_cells_that_stand_apart_are_no_frames() -> None:
    canvas = blank_page()
    for row in range(6):
        y = 50 + 12 * row
        canvas.text(20, y + 6, ("Food", "Rooms", "Staff")[row % 3])
        for column in range(2):
            canvas.box((70 + 16 * column, y, 12, 9))
            canvas.ellipse((74 + 16 * column, y + 2.5, 4, 4))
    assert sizes(detected(canvas)) == [2] * 6


def test_columns_in_frames_of_their_own_are_those_of_a_table() -> None:
    canvas = blank_page()
    for column in range(4):
        canvas.box((70 + 16 * column, 46, 13, 58))
    for row in range(7):
        canvas.text(20, 51 + 8 * row, ("Food", "Rooms", "Staff")[row % 3])
        for column in range(4):
            canvas.ellipse((74.5 + 16 * column, 48 + 8 * row, 4, 4))
    assert sizes(detected(canvas)) == [4] * 7
