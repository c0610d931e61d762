"""Places to write in: rows of boxes for letters, dotted lines, blocks of lines, cells of tables."""

import numpy as np
import pytest

from omrclip.omr.authoring.detection.left_out import Why
from omrclip.omr.authoring.detection.page import detect
from omrclip.omr.template import ClipArea
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas, text_width
from tests.omr.authoring.detection.scoring import render
from tests.omr.authoring.detection.small_pages import DPI, blank_page, detected
from tests.omr.authoring.detection.writing_forms import writing_form
from tests.omr.authoring.detection.writing_score import WritingScore, writing_score

MM = DPI / 25.4


def _areas(canvas: PdfCanvas) -> list[tuple[float, float, float, float]]:
    """The places to write in, in mm."""
    elements = [one.element for one in detected(canvas).proposals]
    return [
        tuple(round(side / MM, 1) for side in element.place)  # type: ignore[misc]
        for element in elements
        if isinstance(element, ClipArea)
    ]


@pytest.mark.parametrize("mark", ["", "/", "-"])
def test_boxes_for_the_letters_of_a_date_are_one_place(mark: str) -> None:
    canvas, x = blank_page(), 40.0
    canvas.text(20, 46, "Date")
    for group in (2, 2, 4):
        for _ in range(group):
            canvas.box((x, 40, 5.5, 7))
            x += 5.5
        canvas.text(x + 1, 45, mark)
        x += 3
    detection = detected(canvas)
    (area,) = (one.element for one in detection.proposals)
    assert isinstance(area, ClipArea)
    assert np.allclose(np.array(area.place) / MM, (40, 40, 50, 7), atol=0.6)
    assert not any(unused.why == Why.CELL for unused in detection.left_out)


def test_boxes_with_a_heading_each_or_in_several_rows_are_no_letters_of_a_word() -> None:
    canvas = blank_page()
    for index in range(5):
        canvas.text(41 + 7 * index, 39, str(index))
        canvas.box((40 + 7 * index, 40, 7, 7))
        for row in range(3):
            canvas.box((40 + 7 * index, 100 + 7 * row, 7, 7))
    assert _areas(canvas) == []


def test_strokes_on_a_line_part_letters() -> None:
    canvas = blank_page()
    canvas.text(20, 60, "Code")
    canvas.line(40, 60, 100, 60)
    for index in range(11):
        canvas.line(40 + 6 * index, 57.5, 40 + 6 * index, 60)
    (place,) = _areas(canvas)
    assert np.allclose(place, (40, 51, 60, 10.5), atol=1)


def test_dots_behind_a_label_are_a_line() -> None:
    canvas = blank_page()
    canvas.text(20, 60, "Name")
    canvas.text(32, 60, "." * 60)
    (place,) = _areas(canvas)
    assert place[0] == pytest.approx(32, abs=1)
    assert place[2] > 50


def test_a_line_far_behind_its_label_is_found_and_a_rule_beside_text_is_not() -> None:
    canvas = blank_page()
    canvas.text(20, 60, "Name")
    canvas.line(80, 60.5, 140, 60.5)
    for line in range(5):
        canvas.text(20, 100 + 4.5 * line, "A text that goes on below")
    canvas.line(110, 109.5, 170, 109.5)
    ((left, _, _, _),) = _areas(canvas)
    assert left == pytest.approx(80, abs=1)


def test_lines_below_each_other_with_one_label_are_one_place() -> None:
    canvas = blank_page()
    canvas.text(20, 60, "Comments")
    for y in (68, 77, 86):
        canvas.line(20, y, 190, y)
    (place,) = _areas(canvas)
    assert np.allclose(place, (20, 60.5, 170, 27), atol=1)


def test_a_rule_that_is_nearer_to_what_follows_parts_sections() -> None:
    canvas = blank_page()
    canvas.text(20, 60, "A sentence that ends a section")
    canvas.line(20, 70, 190, 70)
    canvas.text(20, 75, "The next section")
    canvas.text(20, 100, "Occupation")
    canvas.line(20, 110, 190, 110)
    canvas.text(20, 122, "The next section")
    ((_, top, _, height),) = _areas(canvas)
    assert top + height == pytest.approx(111.5, abs=1)


def test_dots_that_lead_to_a_bubble_are_no_line() -> None:
    canvas = blank_page()
    for row in range(4):
        canvas.text(20, 60 + 8 * row, "Item")
        canvas.text(30, 60 + 8 * row, "." * 50)
        canvas.box((30 + 52, 57 + 8 * row, 4, 4))
    assert _areas(canvas) == []


def test_the_space_between_frames_with_round_corners_is_no_place_to_write_in() -> None:
    canvas = blank_page()
    for row in range(3):
        canvas.box((20, 40 + 50 * row, 170, 42), radius=3)
        canvas.text(24, 50 + 50 * row, "A section of the form")
    assert _areas(canvas) == []


def test_headings_and_the_corner_of_a_table_are_no_places_to_write_in() -> None:
    canvas = blank_page()
    for row in range(3):
        for column in range(3):
            canvas.box((20 + 56 * column, 60 + 9 * row, 56, 9))
    for index in (1, 2):
        canvas.text(22 + 56 * index, 66, f"Column {index}")
        canvas.text(22, 66 + 9 * index, f"Row {index}")
    assert sorted(place[:2] for place in _areas(canvas)) == [
        pytest.approx((20 + 56 * column, 60 + 9 * row), abs=0.7) for column in (1, 2) for row in (1, 2)
    ]


def test_a_frame_with_its_label_at_the_left_is_a_place_to_write_in() -> None:
    canvas = blank_page()
    canvas.box((20, 60, 100, 9))
    canvas.text(22, 66, "Name:")
    (place,) = _areas(canvas)
    assert np.allclose(place, (20, 60, 100, 9), atol=0.6)


def test_edges_of_tinted_strips_are_no_lines_and_a_line_on_a_strip_is_one() -> None:
    canvas = blank_page()
    for row in range(6):
        if row % 2:
            canvas.box((20, 52 + 6.9 * row, 120, 6.9), stroke=None, fill=(0.87, 0.89, 0.93))
        canvas.text(22, 56.5 + 6.9 * row, f"Article {row}")
    canvas.line(60, 92.4, 110, 92.4)
    (place,) = _areas(canvas)
    assert np.allclose(place[::2], (60, 50), atol=1)


def test_a_label_far_below_its_line_and_one_that_stands_on_it() -> None:
    canvas = blank_page()
    canvas.line(20, 60, 80, 60)
    canvas.text(20, 65.5, "Signature of the participant")
    canvas.text(20, 99.5, "Name")
    canvas.line(20, 100, 100, 100)
    signature, name = _areas(canvas)
    assert np.allclose(signature[::2], (20, 60), atol=1)
    left, _, width, _ = name
    assert 20 + text_width("Name", 2.6) < left < 31
    assert left + width == pytest.approx(100, abs=1)


def test_a_heading_that_stands_on_its_rule_is_no_label() -> None:
    canvas = blank_page()
    canvas.text(20, 59.5, "Part 1")
    canvas.line(20, 60, 100, 60)
    canvas.text(20, 64, "Please answer all questions")
    assert _areas(canvas) == []


def test_drawn_forms_are_found_whole_and_without_false_places() -> None:
    total = WritingScore()
    for seed in range(1, 5):
        form = writing_form(seed)
        pixels = render(form.pdf, DPI)
        total.add(writing_score(detect(pixels), np.eye(3), form.places, pixels.shape[1] / form.width))
    assert total.whole.total() >= 0.97 * total.drawn.total()
    assert total.false == 0
