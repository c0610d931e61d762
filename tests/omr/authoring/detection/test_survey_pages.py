"""What surveys and forms of offices print, each on a small page of its own."""

import numpy as np
import pytest

from omrclip.omr.authoring.detection.left_out import Why
from omrclip.omr.authoring.detection.page import detect
from omrclip.omr.template import ChoiceBox, Grid
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, photographed, render
from tests.omr.authoring.detection.small_pages import DPI, blank_page, detected, sizes

WHITE, NAVY = (1.0, 1.0, 1.0), (0.0, 0.2, 0.4)


def test_discs_with_a_white_number_are_no_bubbles() -> None:
    canvas = blank_page()
    for question in range(5):
        y = 40 + 40 * question
        canvas.ellipse((20, y, 5.3, 5.3), fill=NAVY)
        canvas.text(21.6, y + 3.9, str(question + 4), height=2.6, font="Helvetica-Bold", colour=WHITE)
        for row in range(3):
            canvas.box((28, y + 8 + 8 * row, 3.5, 3.5))
            canvas.text(34, y + 11 + 8 * row, ("Yes", "No", "Do not know")[row])
    assert sizes(detected(canvas)) == [3] * 5


def test_few_small_boxes_whose_text_is_lower_are_found_beside_many_large_rings() -> None:
    canvas = blank_page()
    for row in range(9):
        for column in range(4):
            canvas.ellipse((120 + 15 * column, 40 + 9 * row, 5.3, 5.3))
    for row, text in enumerate(("Not at all", "Somewhat", "Very")):
        canvas.box((120, 140 + 7 * row, 3.1, 3.1))
        canvas.text(125, 143.4 + 7 * row, text)
    assert sizes(detected(canvas))[-1] == 3


def test_few_large_squares_close_to_their_text_are_no_letters_beside_much_larger_rings() -> None:
    canvas = blank_page()
    for row in range(2):
        for column in range(11):
            canvas.ellipse((20 + 11 * column, 40 + 20 * row, 9, 9))
    for index in range(3):
        canvas.box((20 + 15 * index, 80, 4.8, 4.8))
        canvas.box((20 + 15 * index, 100, 4.8, 4.8))
        canvas.text(25.4 + 15 * index, 104, "mfd"[index], height=3)
    pixels = photographed(render(canvas.save(), 100), np.random.default_rng(1)).pixels
    assert sum(sizes(detect(pixels))) == 28


def test_an_answer_at_the_end_of_a_table_belongs_to_its_row_however_long_its_heading_is() -> None:
    canvas = blank_page()
    places = (100, 128, 144, 160)
    for x, heading in zip(places, ("Excellent", "Good", "Fair", "Poor"), strict=True):
        canvas.text(x - 2, 40, heading)
    for row in range(6):
        canvas.text(20, 51 + 9 * row, ("Food", "Speed", "Service", "Price", "Size", "Taste")[row])
        for x in places:
            canvas.ellipse((x, 47.5 + 9 * row, 4, 4))
    assert sizes(detected(canvas)) == [4] * 6


def test_a_small_number_that_touches_a_square_is_no_part_of_it() -> None:
    canvas = blank_page()
    for row in range(5):
        canvas.text(20, 51 + 9 * row, ("Walking", "Lifting", "Bending", "Bathing", "Climbing")[row])
        for column in range(3):
            x, y = 100 + 25 * column, 47 + 9 * row
            canvas.box((x, y, 4.2, 4.2))
            canvas.text(x + 4.1, y + 4.2, str(column + 1), height=1.5)
    detection = detected(canvas)
    assert sizes(detection) == [3] * 5
    widths = [box.bubble_width for box in choice_boxes([one.element for one in detection.proposals])]
    assert max(widths) < 1.1 * 4.2 / 25.4 * DPI


def test_digits_before_the_bubbles_below_boxes_are_those_of_a_grid() -> None:
    canvas = blank_page()
    for column in range(6):
        canvas.box((120 + 9 * column, 30, 9, 7))
        for row in range(10):
            canvas.text(121 + 9 * column, 44.4 + 7 * row, str(row), height=2)
            canvas.box((124 + 9 * column, 41.5 + 7 * row, 3.6, 3.6))
    detection = detected(canvas)
    assert [type(one.element) for one in detection.proposals] == [Grid]
    assert sizes(detection) == [10] * 6


@pytest.mark.parametrize("answers", [2, 10])
def test_a_second_question_about_each_statement_is_no_number(answers: int) -> None:
    canvas = blank_page()
    for row in range(10):
        y = 60 + 8 * row
        canvas.text(15, y + 3, ("Headache", "Rash", "Cough")[row % 3])
        for column in range(4):
            canvas.ellipse((60 + 8 * column, y, 4, 4))
        for column in range(answers):
            canvas.ellipse((110 + 8 * column, y, 4, 4))
    detection = detected(canvas)
    assert {type(one.element) for one in detection.proposals} == {ChoiceBox}
    assert sorted(sizes(detection)) == sorted([4] * 10 + [answers] * 10)


@pytest.mark.parametrize(("every", "expected"), [(3, [3, 3, 3]), (1, [9]), (10, [9])])
def test_lines_between_some_rows_part_lists_and_lines_between_all_do_not(every: int, expected: list[int]) -> None:
    canvas = blank_page()
    for row in range(9):
        canvas.box((105, 40 + 8 * row, 4, 4))
        canvas.text(112, 43.2 + 8 * row, ("never", "often", "always")[row % 3])
        if row % every == 0:
            canvas.line(20, 38 + 8 * row, 190, 38 + 8 * row)
    assert sizes(detected(canvas)) == expected


def test_letters_in_brackets_within_a_text_are_no_bubbles_and_answers_in_brackets_are() -> None:
    canvas = blank_page()
    for row in range(4):
        canvas.text(
            20, 40 + 6 * row, "The person(s) who sign it agree, as (a) it is true or (b) it is known", height=2.4
        )
    for row in range(4):
        canvas.box((20, 80 + 8 * row, 3.4, 3.4))
        canvas.text(26, 83 + 8 * row, "I agree to this")
    assert sizes(detected(canvas)) == [4]
    canvas = blank_page()
    for row in range(4):
        canvas.text(20, 40 + 8 * row, f"{row + 1}.   (A)   (B)   (C)   (D)", height=3)
    assert sizes(detected(canvas)) == [4] * 4


def test_zeros_in_a_text_are_no_bubbles() -> None:
    canvas = blank_page()
    for row, start in enumerate((20, 31, 47, 26, 38)):
        canvas.text(start, 40 + 7.3 * row, "The sum is 0 if all are equal", height=2.6, font="Times-Roman")
    for row in range(6):
        canvas.box((20, 100 + 8 * row, 3, 3))
        canvas.text(26, 103 + 8 * row, "equal to it")
    assert sizes(detected(canvas)) == [6]


def test_an_answer_with_text_of_several_lines_does_not_part_a_list() -> None:
    canvas = blank_page()
    y = 40.0
    for lines in (1, 1, 3, 1, 4, 1):
        canvas.box((30, y, 3.2, 3.2))
        for line in range(lines):
            canvas.text(36, y + 3 + 5 * line, "what the answer says, at length", height=2.6)
        y += 5 * lines + 3
    canvas.text(20, y + 20, "The next question", height=2.6)
    for row in range(2):
        canvas.box((30, y + 30 + 8 * row, 3.2, 3.2))
        canvas.text(36, y + 33 + 8 * row, "yes or no", height=2.6)
    assert sizes(detected(canvas)) == [6, 2]


def test_round_outlines_larger_than_bubbles_are_listed_and_frames_are_not() -> None:
    canvas = blank_page()
    for index in range(4):
        canvas.ellipse((20 + 25 * index, 30, 11, 11))
        canvas.ellipse((20 + 25 * index, 60, 20, 7))
        canvas.text(26 + 25 * index, 65, "Do so", height=4)
        canvas.box((20 + 45 * index, 90, 20, 12))
    for row in range(4):
        canvas.box((20, 120 + 8 * row, 4, 4))
        canvas.text(26, 123 + 8 * row, "an answer")
    detection = detected(canvas)
    assert sizes(detection) == [4]
    assert [unused.why for unused in detection.left_out].count(Why.LARGE) == 8


def test_outlines_whose_insides_are_bubbles_are_not_listed_as_larger_ones() -> None:
    canvas = blank_page()
    for index in range(11):
        canvas.ellipse((20 + 13 * index, 30, 9.15, 9.15), line=0.4)
        canvas.text(23 + 13 * index, 35, str(index), height=3)
    detection = detected(canvas)
    large = [unused for unused in detection.left_out if unused.why == Why.LARGE]
    assert len(large) + sum(sizes(detection)) == 11


def test_letters_smaller_than_bubbles_are_not_listed_as_larger_ones() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.text(20, 40 + 8 * row, "Once upon a time, Oboe or no", height=1.9)
    assert Why.LARGE not in {unused.why for unused in detected(canvas).left_out}


@pytest.mark.parametrize("height", [3.0, 3.6])
def test_white_letters_of_a_heading_in_a_dark_bar_are_no_bubbles(height: float) -> None:
    canvas = blank_page()
    for part in range(3):
        y = 30 + 60 * part
        canvas.box((15, y, 180, 9), stroke=None, fill=NAVY)
        canvas.text(18, y + 6.2, "Household questions for adults", height=height, font="Helvetica-Bold", colour=WHITE)
        for row in range(4):
            canvas.box((20, y + 14 + 8 * row, 4.5, 4.5))
            canvas.text(27, y + 17.5 + 8 * row, ("Never", "Seldom", "Often", "Always")[row])
    assert sizes(detected(canvas)) == [4] * 3


def _scale_of_large_circles(diameter: float = 12) -> PdfCanvas:
    """Eleven circles that are larger than bubbles, and a table with more bubbles below them."""
    canvas = blank_page()
    for number in range(11):
        canvas.ellipse((12 + 16.5 * number, 30, diameter, diameter))
    for row in range(6):
        canvas.text(15, 80 + 9 * row, ("Staff", "Price", "Choice")[row % 3])
        for column in range(4):
            canvas.ellipse((150 + 9 * column, 77 + 9 * row, 4.5, 4.5))
    return canvas


def test_large_circles_in_a_row_with_a_number_each_are_a_scale() -> None:
    canvas = _scale_of_large_circles()
    for number in range(11):
        canvas.text(17 - (number > 9) + 16.5 * number, 37.5, str(number), height=3)
    assert sizes(detected(canvas)) == [11] + [4] * 6


def test_faces_in_a_row_above_other_bubbles_are_no_scale() -> None:
    canvas = _scale_of_large_circles()
    for number in range(11):
        for eye in (3.4, 7.4):
            canvas.ellipse((12 + eye + 16.5 * number, 33.5, 1.2, 1.8), fill=(0.0, 0.0, 0.0))
        canvas.line(15 + 16.5 * number, 38.5, 21 + 16.5 * number, 38.5, line=0.5)
    detection = detected(canvas)
    assert sizes(detection) == [4] * 6
    assert sum(one.why == Why.LARGE for one in detection.left_out) == 11


def test_large_numbers_above_the_columns_of_bubbles_are_no_scale() -> None:
    canvas = blank_page()
    for column in range(5):
        canvas.ellipse((80 + 20 * column, 30, 12, 12))
        canvas.text(85 + 20 * column, 37.5, str(column + 1), height=3)
        for row in range(6):
            canvas.ellipse((83.7 + 20 * column, 50 + 9 * row, 4.5, 4.5))
    for row in range(6):
        canvas.text(15, 53 + 9 * row, ("Staff", "Price", "Choice")[row % 3])
    assert sizes(detected(canvas)) == [5] * 6
