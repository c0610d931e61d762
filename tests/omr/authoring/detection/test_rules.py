"""Each rule that tells bubbles from print, and lists from rows, on a small page of its own."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from omrclip.imaging.arrays import Grey, Pixels
from omrclip.omr.authoring.detection import page as steps
from omrclip.omr.authoring.detection.bubbles import Chosen, choose_bubbles
from omrclip.omr.authoring.detection.gaps import _without_full_cells
from omrclip.omr.authoring.detection.grouping import _is_liker
from omrclip.omr.authoring.detection.left_out import Why
from omrclip.omr.authoring.detection.page import detect
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.straighten import LEAST_SKEW_DEGREES, clear_skew_of, skew_of
from omrclip.omr.authoring.detection.word_letters import letters_in_words
from omrclip.omr.template import ChoiceBox, ClipArea, Grid
from tests.omr.authoring.detection.maker_forms import maker_form
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, photographed, render
from tests.omr.authoring.detection.small_pages import DPI, blank_page, detected, sizes


def _tilted(pixels: Pixels, degrees: float) -> Pixels:
    height, width = pixels.shape[:2]
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(pixels, turned, (width, height), borderValue=(255, 255, 255)), np.uint8)


def _list(canvas: PdfCanvas, x: float, y: float, texts: Sequence[str], row: float = 8, text_at: float = 4) -> None:
    for index, text in enumerate(texts):
        canvas.ellipse((x - 2, y + index * row - 2, 4, 4))
        canvas.text(x + text_at, y + index * row + 1.1, text)


def test_words_whose_gaps_are_closed_are_no_dashed_bubbles() -> None:
    canvas = blank_page()
    for index in range(8):
        canvas.text(30 + 20 * index, 30, ("00", "60", "80", "Do")[index % 4], height=2.6)
    _list(canvas, 30, 60, ["yes", "no", "often"])
    detection = detected(canvas)
    assert sizes(detection) == [3]
    assert Why.WORD in {unused.why for unused in detection.left_out}


def test_digits_of_a_font_with_wide_gaps_are_letters() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.text(30 + 1.3 * row, 30 + 7 * row, "in 2020, 100 of 090 at 8:00", height=3.0, font="Courier")
    _list(canvas, 30, 100, ["yes", "no", "often"])
    assert sizes(detected(canvas)) == [3]


def test_two_digits_alone_are_letters_and_a_row_of_touching_bubbles_is_not() -> None:
    canvas = blank_page()
    for index in range(3):
        canvas.text(40 + 50 * index, 30 + 25 * index, "00", height=3.0, font="Courier")
    assert sizes(detected(canvas)) == []
    canvas = blank_page()
    for index in range(6):
        canvas.ellipse((40 + 3.3 * index, 60, 3, 4))
    assert sizes(detected(canvas)) == [6]


def test_letters_that_reach_below_their_word_are_no_bubbles_though_they_stand_below_each_other() -> None:
    canvas = blank_page()
    for index in range(6):
        y = 40 + 9 * index
        canvas.ellipse((30, y - 3, 2.8, 3.4), line=0.4)
        canvas.text(33.05, y - 0.4, "uestion", height=2.5)
        for x in range(60, 90, 7):
            canvas.box((x, y - 3, 3.5, 3.5))
    assert sizes(detected(canvas)) == [5] * 6


def test_a_digit_close_behind_a_point_stands_in_a_number() -> None:
    zero = Shape(50, 50, 20, 30, 0.8)
    point, higher = (33.0, 60.0, 5.0, 5.0), (33.0, 48.0, 5.0, 5.0)
    assert letters_in_words([zero], np.array([point])).tolist() == [1]
    assert letters_in_words([zero], np.array([higher])).tolist() == [0]


def test_letters_of_low_text_close_to_a_large_box_do_not_make_it_a_letter() -> None:
    canvas = blank_page()
    for index, text in enumerate(("Exhibition", "Tour", "Library", "Hall")):
        canvas.box((30 + 40 * index, 40, 6, 6))
        canvas.text(36.8 + 40 * index, 44.4, text, height=2.8)
    assert sizes(detected(canvas)) == [4]


def test_dashed_bubbles_close_to_each_other_and_with_letters_are_found() -> None:
    canvas = blank_page()
    for row in range(5):
        canvas.text(20, 41 + 7 * row, f"{row + 1}.")
        for column, letter in enumerate("ABCD"):
            canvas.box((30 + 5 * column, 38 + 7 * row, 4.4, 4.4), dash=0.5)
            canvas.text(31.3 + 5 * column, 41.2 + 7 * row, letter, height=2.2, font="Helvetica-Bold")
    assert sizes(detected(canvas)) == [4] * 5


def test_rings_of_a_logo_are_no_bubbles() -> None:
    canvas = blank_page()
    for index in range(3):
        canvas.ellipse((150 + 4 * index, 20, 7, 7), line=0.8)
    for row in range(12):
        canvas.text(20, 61 + 8 * row, f"{row + 1}.")
        for column in range(4):
            canvas.ellipse((30 + 7 * column, 58 + 8 * row, 4, 4))
    assert sizes(detected(canvas)) == [4] * 12


@pytest.mark.parametrize("shift", [0.0, 16.0])
def test_lists_beside_each_other_are_two_choices(shift: float) -> None:
    canvas = blank_page()
    canvas.text(20, 50, "Which of these do you like?")
    canvas.text(110, 50 + shift, "Which of these do you know?")
    _list(canvas, 24, 60, ["Apples", "Bananas", "Cherries"])
    _list(canvas, 114, 60 + shift, ["Dates", "Elderberries", "Figs", "Grapes", "None"])
    assert sorted(sizes(detected(canvas))) == [3, 5]


def test_short_lists_of_which_the_right_one_begins_higher_are_two_choices() -> None:
    canvas = blank_page()
    for x, y in ((24, 68), (114, 60)):
        canvas.text(x - 4, y - 8, "Which of these do you like?")
        _list(canvas, x, y, ["Apples", "Bananas"])
    assert sizes(detected(canvas)) == [2, 2]


def test_answers_of_rows_below_each_other_stay_in_their_rows() -> None:
    canvas = blank_page()
    for row in range(5):
        canvas.text(20, 61 + 8 * row, f"{row + 1}. I agree")
        for column, text in enumerate(("Yes", "No")):
            canvas.ellipse((130 + 20 * column, 58 + 8 * row, 4, 4))
            canvas.text(136 + 20 * column, 61.1 + 8 * row, text)
    assert sizes(detected(canvas)) == [2] * 5


def test_a_short_statement_far_from_its_answers_is_a_question_of_its_own() -> None:
    canvas = blank_page()
    for row, statement in enumerate(("1. I would come again and tell others of it", "2. The room was clean", "3. OK")):
        canvas.text(8, 61 + 5.2 * row, statement)
        for column, text in enumerate(("Yes", "No", "Partly")):
            canvas.ellipse((155 + 16 * column, 58 + 5.2 * row, 4, 4))
            canvas.text(160 + 16 * column, 61 + 5.2 * row, text)
    assert sizes(detected(canvas)) == [3, 3, 3]


def test_rings_of_another_size_with_a_text_behind_each_are_a_choice() -> None:
    canvas = blank_page()
    canvas.text(20, 41, "Colour of the booklet")
    for index, text in enumerate(("blue", "yellow", "white", "pink")):
        canvas.ellipse((60 + 33 * index, 37.5, 4.8, 4.8))
        canvas.text(68 + 33 * index, 41, text)
    for row in range(20):
        canvas.text(20, 61 + 8 * row, f"{row + 1}.")
        for column in range(4):
            canvas.ellipse((33 + 7 * column, 58 + 8 * row, 3.6, 3.6))
    assert sizes(detected(canvas)) == [4] * 21


def test_text_of_a_list_beside_does_not_begin_a_question_in_a_row_a_little_higher() -> None:
    canvas = blank_page()
    _list(canvas, 24, 62, ["Iron", "Lipase", "Vitamin D", "Glucose", "Urea", "Insulin"], row=5)
    for x, name, texts in (
        (70, "Urine", ["Calcium", "Sodium", "Urea", "Iron"]),
        (120, "Blood", ["Lipase", "TSH", "Zinc"]),
    ):
        canvas.text(x - 2, 52, name, font="Helvetica-Bold")
        _list(canvas, x, 60, texts, row=5)
    assert sorted(sizes(detected(canvas))) == [3, 4, 6]


def test_letters_above_the_columns_of_short_blocks_are_no_bubbles() -> None:
    canvas = blank_page()
    for block in range(6):
        for column, letter in enumerate("ABDO"):
            canvas.text(31 + 7 * column, 36 + 38 * block, letter, height=2)
            for row in range(4):
                canvas.ellipse((30 + 7 * column, 38 + 38 * block + 6 * row, 4, 4))
        for row in range(4):
            canvas.text(20, 41 + 38 * block + 6 * row, str(4 * block + row + 1))
    assert sizes(detected(canvas)) == [4] * 24


def test_rings_lower_than_the_boxes_beside_them_do_not_turn_the_page() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.box((30, 50 + 12 * row, 6, 6))
        canvas.ellipse((50, 53 + 12 * row, 3, 3))
    assert np.array_equal(detected(canvas).page.matrix, np.eye(3))


def test_print_behind_a_vertical_line_is_no_number_of_a_statement() -> None:
    canvas = blank_page()
    for left in (20.0, 80.0):
        canvas.line(left, 50, left, 110)
        canvas.line(left + 60, 50, left + 60, 110)
    for row in range(4):
        canvas.text(22, 61 + 8 * row, "A. Moon")
        canvas.text(82, 65 + 8 * row, "Leo Poole")
        canvas.ellipse((130, 62 + 8 * row, 4, 4))
    assert sizes(detected(canvas)) == [4]


def test_lists_parted_by_a_vertical_line_are_two_choices() -> None:
    canvas = blank_page()
    for x in (20, 110):
        canvas.box((x, 40, 80, 50))
        canvas.text(x + 3, 46, "Mayor", font="Helvetica-Bold")
        _list(canvas, x + 8, 56, ["Ada", "Bo", "Cora", "Dan"])
    assert sizes(detected(canvas)) == [4, 4]


def test_names_before_their_bubbles_are_two_lists_and_words_of_rows_are_not() -> None:
    names = ("Ada Moon", "Bo", "Cora Good", "Dan O'Hara Junior")
    canvas = blank_page()
    for x in (20, 110):
        for row in range(4):
            canvas.text(x, 61.1 + 8 * row, names[row])
            canvas.ellipse((x + 70, 58, 4, 4) if not row else (x + 70, 58 + 8 * row, 4, 4))
    assert sizes(detected(canvas)) == [4, 4]
    canvas = blank_page()
    for row in range(4):
        canvas.text(20, 61.1 + 8 * row, f"{row + 1}. {names[row]}")
        for column, text in enumerate(("Yes", "No")):
            canvas.text(130 + 25 * column, 61.1 + 8 * row, text)
            canvas.ellipse((140 + 25 * column, 58 + 8 * row, 4, 4))
    assert sizes(detected(canvas)) == [2] * 4


def test_squares_above_a_grid_are_boxes_to_write_in() -> None:
    canvas = blank_page()
    for column in range(5):
        canvas.box((40 + 6 * column, 40, 5, 5))
        for row in range(10):
            canvas.ellipse((40 + 6 * column, 47 + 6.5 * row, 5, 5))
            canvas.text(41.7 + 6 * column, 50.6 + 6.5 * row, str(row), height=2.2)
    detection = detected(canvas)
    assert sizes(detection) == [10] * 5
    assert [unused.why for unused in detection.left_out].count(Why.CELL) == 5


@pytest.mark.parametrize("rows", [10, 26])
def test_columns_without_print_below_boxes_are_a_grid(rows: int) -> None:
    canvas = blank_page()
    for column in range(6):
        canvas.box((40 + 6 * column, 40, 6, 6.5))
        for row in range(rows):
            canvas.ellipse((41 + 6 * column, 49 + 5.5 * row, 4, 4))
    detection = detected(canvas)
    assert [type(one.element) for one in detection.proposals] == [Grid]
    assert sizes(detection) == [rows] * 6


def test_a_table_of_ten_rows_with_words_in_its_header_is_no_grid() -> None:
    canvas = blank_page()
    for column, text in enumerate(("bad", "fair", "good", "best")):
        canvas.box((110 + 15 * column, 40, 15, 8))
        canvas.text(113 + 15 * column, 45, text)
        for row in range(10):
            canvas.box((110 + 15 * column, 48 + 8 * row, 15, 8))
            canvas.ellipse((115.5 + 15 * column, 50 + 8 * row, 4, 4))
    for row in range(10):
        canvas.box((20, 48 + 8 * row, 90, 8))
        canvas.text(22, 53 + 8 * row, "The staff was kind")
    detection = detected(canvas)
    assert {type(one.element) for one in detection.proposals} == {ChoiceBox}
    assert sizes(detection) == [4] * 10


def test_single_boxes_at_the_end_of_numbered_statements_are_one_choice_each() -> None:
    canvas = blank_page()
    for row in range(4):
        canvas.text(20, 61.4 + 11 * row, f"{row + 1}.")
        canvas.text(30, 61.4 + 11 * row, "I have read the text about the study and agree")
        canvas.text(30, 65.6 + 11 * row, "that what I say is stored")
        canvas.box((180, 58 + 11 * row, 5, 5))
    assert sizes(detected(canvas)) == [1] * 4


def test_lists_with_a_shorter_list_between_them_are_three_choices() -> None:
    canvas = blank_page()
    for x, y, count in ((20, 60, 7), (80, 76, 4), (140, 60, 7)):
        canvas.text(x, y - 10, "Which of these?")
        _list(canvas, x + 4, y, ["tea", "milk", "fish", "nuts", "rice", "figs", "salt"][:count])
    assert sorted(sizes(detected(canvas))) == [4, 7, 7]


def test_a_square_that_touches_a_line_is_a_bubble_like_those_beside_it() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.text(20, 61 + 8 * row, f"{row + 1}.")
        for column in range(4):
            canvas.box((30 + 7 * column, 58 + 8 * row, 4, 4))
    canvas.line(55, 55, 55, 105)
    assert sizes(detected(canvas)) == [4] * 6


def test_rows_with_bold_digits_are_no_examples_of_marks_beside_rows_without() -> None:
    canvas = blank_page()
    for row in range(12):
        y = 60 + 10 * row + (20 if row > 9 else 0)
        canvas.text(20, y + 1, f"{chr(97 + row)}) Thing")
        for column in range(4):
            canvas.ellipse((100 + 15 * column, y - 2, 4, 4))
            if row > 10:
                canvas.text(101.1 + 15 * column, y + 1.2, "8659"[column], height=2.4, font="Helvetica-Bold")
    assert sizes(detected(canvas)) == [4] * 12


def test_bubbles_that_a_frame_cuts_are_found_where_their_row_goes_on() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.text(20, 61 + 7 * row, f"{row + 1}.")
        for column in range(5):
            canvas.ellipse((30 + 4.9 * column, 58 + 7 * row, 4, 4))
    canvas.box((15, 55, 37.8, 48))
    assert sizes(detected(canvas)) == [5] * 6


def test_letters_where_a_row_of_bubbles_would_go_on_are_none() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.text(20, 61 + 7 * row, f"{row + 1}.")
        for column in range(4):
            canvas.ellipse((30 + 8 * column, 58 + 7 * row, 4, 4))
        canvas.text(60, 61.8 + 7 * row, "GSC"[row % 3], height=3.8)
    assert sizes(detected(canvas)) == [4] * 6


def test_capitals_before_a_dot_and_before_joined_letters_are_no_bubbles() -> None:
    canvas = blank_page()
    names = ("OTTO D. BROOKS", "D. O'Doole", "Joan Q. Bode", "Booth, Oona", "D. O'Doole", "OTTO D. BROOKS")
    for index, name in enumerate(names):
        canvas.box((20, 40 + 11 * index, 5.2, 5.2))
        canvas.text(28, 44 + 11 * index, name, height=2.6)
    assert sizes(detect(render(canvas.save(), 100))) == [6]


def test_brackets_of_a_skewed_page_are_found() -> None:
    canvas = blank_page()
    for row in range(8):
        canvas.text(20, 61 + 7 * row, f"{row + 1}.")
        for column in range(4):
            left, top = 30 + 9 * column, 58 + 7 * row
            for edge, inner in ((left, left + 0.7), (left + 4.5, left + 3.8)):
                bracket = [(inner, top), (edge, top), (edge, top + 2.8), (inner, top + 2.8)]
                canvas.path(bracket, line=0.5)
    assert sizes(detect(_tilted(render(canvas.save(), DPI), 1.8))) == [4] * 8


def _brackets(canvas: PdfCanvas, left: float, top: float, width: float) -> None:
    """A bubble of two square brackets of 3 mm."""
    for edge, inner in ((left, left + 0.7), (left + width, left + width - 0.7)):
        canvas.path([(inner, top), (edge, top), (edge, top + 3), (inner, top + 3)], line=0.4)


def test_brackets_are_as_wide_as_the_letters_in_them() -> None:
    canvas = blank_page()
    for row in range(10):
        _brackets(canvas, 150, 40 + 5 * row, 3.4)
        for left in (30, 80):
            canvas.text(left - 8, 122.5 + 7 * row, f"{row + 1}.")
            for column in range(4):
                _brackets(canvas, left + 9 * column, 120 + 7 * row, 4.6)
    assert sorted(sizes(detected(canvas))) == [4] * 20 + [10]


def test_brackets_around_those_of_other_bubbles_are_none() -> None:
    canvas = blank_page()
    for row in range(20):
        for column, letter in enumerate("ABCD"):
            for left in (30, 75, 120, 165):
                canvas.text(left + 8 * column, 80 + 6.6 * row, f"[{letter}]", height=2.54, font="Times-Roman")
    detection = detect(photographed(render(canvas.save(), DPI), np.random.default_rng(7)).pixels)
    boxes = choice_boxes([one.element for one in detection.proposals])
    assert max(box.bubble_width for box in boxes) < 6 / 25.4 * DPI


def test_a_page_with_bubbles_below_each_other_only_is_turned_upright() -> None:
    canvas = blank_page()
    for block in range(2):
        for row in range(4):
            canvas.ellipse((20, 50 + 70 * block + 10 * row, 6, 4))
            canvas.text(30, 53 + 70 * block + 10 * row, ("Ada", "Bert", "Cy", "Dee")[row])
    detection = detect(_tilted(render(canvas.save(), DPI), 2.0))
    assert np.degrees(np.arcsin(detection.page.matrix[1, 0])) == pytest.approx(2.0, abs=0.15)
    assert sizes(detection) == [4, 4]


def test_a_skewed_page_is_made_upright_by_its_print_and_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    canvas = blank_page()
    for row in range(20):
        canvas.text(20, 53 + 9 * row, f"{row + 1}. Do you agree?")
        for column in range(4):
            canvas.ellipse((100 + 9 * column, 50 + 9 * row, 5, 5))
    searched = []

    def counted(grey: Grey, *others: Any) -> Chosen:
        searched.append(grey)
        return choose_bubbles(grey, *others)

    monkeypatch.setattr(steps, "choose_bubbles", counted)
    assert sizes(detect(_tilted(render(canvas.save(), DPI), 2.0))) == [4] * 20
    assert len(searched) == 1


def test_a_page_whose_text_is_printed_aslant_is_made_upright_by_its_bubbles() -> None:
    canvas = blank_page()
    for row in range(36):
        canvas.text(20, 53 + 5 * row, "Do good people often look around?")
    aslant = _tilted(render(canvas.save(), DPI), 1.0)
    canvas = blank_page()
    for row in range(12):
        for column in range(4):
            canvas.ellipse((130 + 9 * column, 50 + 15 * row, 5, 5))
    detection = detect(np.minimum(aslant, render(canvas.save(), DPI)))
    assert sizes(detection) == [4] * 12
    assert np.degrees(np.arcsin(detection.page.matrix[1, 0])) == pytest.approx(0, abs=LEAST_SKEW_DEGREES)


def test_few_letters_on_other_levels_do_not_tell_the_skew() -> None:
    capitals = [
        Shape(20 + 60 * index, 100 + level, 30, 30, 0.8) for index, level in enumerate((0, 0.7, 0.2, 0.9, 0.4, 1.1))
    ]
    assert skew_of([capitals]) > LEAST_SKEW_DEGREES
    assert clear_skew_of([capitals]) == 0


def test_a_cell_that_is_the_inside_of_a_bubble_is_not_found_beside_it() -> None:
    cell, bubble = Shape(502, 525, 37, 40, 1.0, "cell"), Shape(502, 525, 39, 42, 1.0, "dashed")
    assert _without_full_cells([cell, bubble]) == (bubble,)


def test_shapes_much_smaller_than_bubbles_are_letters_if_some_stand_in_words() -> None:
    canvas = blank_page()
    for row in range(14):
        canvas.box((20, 40 + 12 * row, 6, 6))
        canvas.text(30, 44.2 + 12 * row, "the service")
    for row, text in enumerate(("at 00 the", "by 00 I", "in 00 or", "up 00 a", "as 00 it", "2100 of", "9000 to")):
        canvas.text(100 + 3 * row, 50 + 13 * row, text, height=2.4, font="Times-Roman")
    assert sizes(detect(render(canvas.save(), 100))) == [14]


def test_small_zeros_that_touch_are_letters_though_they_have_corners() -> None:
    # A page of small text, in which some of the zeros touch by chance.
    form = maker_form(6001, "consent")
    assert sum(sizes(detect(render(form.pdf, 150)))) == sum(len(box.bubbles) for box in form.boxes)


def test_lines_of_a_table_that_lean_are_no_text_between_bubbles() -> None:
    canvas = blank_page()
    for column in range(6):
        canvas.line(98.8 + 15 * column, 50, 99.6 + 15 * column, 106, line=0.3)
        canvas.line(99.2 + 15 * column, 50, 100 + 15 * column, 106, line=0.3)
    for row in range(8):
        canvas.text(22, 55 + 7 * row, "The staff was kind")
        canvas.line(20, 50 + 7 * row, 174, 50 + 7 * row)
        for column in range(5):
            canvas.ellipse((105 + 15 * column, 51.5 + 7 * row, 4, 4))
    assert sizes(detect(render(canvas.save(), 100))) == [5] * 8


def test_small_rings_in_columns_are_found_beside_text_with_letters_of_their_size() -> None:
    detection = detect(render(maker_form(7100, "pairs").pdf, DPI))
    assert sum(sizes(detection)) == 57


def test_two_boxes_for_digits_that_share_a_line_are_no_bubble() -> None:
    canvas = blank_page()
    for index in range(4):
        canvas.box((50 + 14 * index, 30, 10, 6))
        canvas.line(55 + 14 * index, 30, 55 + 14 * index, 36)
    for row in range(5):
        canvas.text(20, 61 + 8 * row, f"{row + 1}.")
        for column in range(4):
            canvas.box((50 + 9 * column, 58 + 8 * row, 4, 4))
    detection = detected(canvas)
    assert sizes(detection) == [4] * 5
    assert [unused.why for unused in detection.left_out].count(Why.CELL) >= 4


def test_answers_above_a_row_of_bubbles_without_text_are_no_list_with_them() -> None:
    canvas = blank_page()
    canvas.text(20, 40, "What did you like?")
    for index in range(6):
        x, y = 30 + 55 * (index % 3), 48 + 6 * (index // 3)
        canvas.ellipse((x - 2, y - 2, 4, 4))
        canvas.text(x + 5, y + 1, ("food", "service", "prices", "rooms", "staff", "nothing")[index])
    canvas.text(20, 64, "How was the food?")
    canvas.text(112, 64, "good", height=2)
    for index in range(5):
        canvas.ellipse((124 + 8 * index, 61, 4, 4))
    assert sizes(detected(canvas)) == [6, 5]


def test_short_lists_in_frames_beside_each_other_are_two_choices() -> None:
    canvas = blank_page()
    for x, y, names in ((20, 40, ["Ada", "Bo"]), (110, 40, ["Cora", "Dan"]), (20, 80, ["Eva", "Finn"])):
        canvas.box((x, y, 80, 30))
        canvas.text(x + 3, y + 6, "Mayor", font="Helvetica-Bold")
        _list(canvas, x + 8, y + 14, names)
    assert sizes(detected(canvas)) == [2, 2, 2]


def test_marks_at_the_edge_are_no_text_between_answers_in_a_frame() -> None:
    canvas = blank_page()
    for index in range(50):
        canvas.box((4, 10 + 5 * index, 5, 1.6), fill=(0, 0, 0))
    canvas.box((12, 40, 80, 60))
    _list(canvas, 18, 50, ["Ada", "Bo", "Cora", "Dan"], row=10, text_at=6)
    assert sizes(detected(canvas)) == [4]


def test_columns_of_a_grid_may_begin_lower_or_end_higher_than_others() -> None:
    canvas = blank_page()
    for column, values in enumerate(("- 123456789", "/0123456789", " 0123456789")):
        for row, value in enumerate(values):
            if value != " ":
                canvas.ellipse((40 + 6 * column, 40 + 5.5 * row, 4, 4))
                canvas.text(41.2 + 6 * column, 43 + 5.5 * row, value, height=2)
    for column, values in enumerate(("0123", "0123456789")):
        for row, value in enumerate(values):
            canvas.ellipse((90 + 6 * column, 40 + 5.5 * row, 4, 4))
            canvas.text(91.2 + 6 * column, 43 + 5.5 * row, value, height=2)
    assert sorted(sizes(detected(canvas))) == [4, 10, 10, 10, 11]


def _digits(canvas: PdfCanvas, columns: int, *, line: float = 0.25, grey: float = 0.0) -> None:
    for column in range(columns):
        for row in range(10):
            canvas.ellipse((40 + 8.6 * column, 47 + 5.3 * row, 4, 4), line=line, fill=(1, 1, 1))
            canvas.text(41.4 + 8.6 * column, 49.9 + 5.3 * row, str(row), height=1.8, colour=(grey,) * 3)


@pytest.mark.parametrize("step", [8.0, 4.4])
def test_digits_in_bubbles_are_columns_whatever_stands_far_left_of_their_rows(step: float) -> None:
    canvas = blank_page()
    for index in range(round(44 / step)):
        canvas.text(12, 44 + step * index, ("Name", "School", "Teacher", "Date")[index % 4], height=2.4)
        canvas.box((35, 40 + step * index, 60, step - 1))
    for column in range(9):
        for row in range(10):
            canvas.ellipse((120 + 6 * column, 40 + 4.4 * row, 3.4, 3.4))
            canvas.text(121.2 + 6 * column, 42.4 + 4.4 * row, str(row), height=1.4)
    assert sizes(detected(canvas)) == [10] * 9


def test_edges_of_shaded_columns_are_no_text_beside_their_last_row() -> None:
    canvas = blank_page()
    for column in range(0, 5, 2):
        canvas.box((37.7 + 8.6 * column, 46.5, 8.6, 52.8), stroke=None, fill=(0.9, 0.9, 0.9))
    _digits(canvas, 5)
    detection = detected(canvas)
    assert [type(one.element) for one in detection.proposals] == [Grid]
    assert sizes(detection) == [10] * 5


def test_bold_outlines_around_pale_digits_do_not_make_the_digits_alike() -> None:
    canvas = blank_page()
    _digits(canvas, 5, line=0.6, grey=0.55)
    assert sizes(detected(canvas)) == [10] * 5


def test_holes_that_noise_makes_in_large_corner_marks_are_no_bubbles() -> None:
    canvas = blank_page()
    for x in (6, 194):
        for y in (6, 281):
            canvas.box((x, y, 10, 10), stroke=None, fill=(0, 0, 0))
    for row in range(5):
        canvas.text(30, 61 + 14 * row, ("Ada", "Bo", "Cora", "Dan", "Eve")[row])
        canvas.ellipse((170, 57 + 14 * row, 10, 8))
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(2))
    assert sizes(detect(picture.pixels)) == [5]


def test_letters_that_fill_bubbles_of_a_small_photo_do_not_hide_them() -> None:
    canvas = blank_page()
    for column in range(3):
        for row in range(20):
            canvas.text(20 + 60 * column, 61.2 + 9 * row, f"{20 * column + row + 1}", height=2.4, font="Helvetica-Bold")
            for index, letter in enumerate("ABCD"):
                canvas.ellipse((30 + 60 * column + 7 * index, 58 + 9 * row, 4, 4), line=0.4)
                canvas.text(31.1 + 60 * column + 7 * index, 61 + 9 * row, letter, height=2, font="Helvetica-Bold")
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(5))
    assert sizes(detect(picture.pixels)) == [4] * 60


def test_two_lines_of_a_table_above_numbered_rows_are_no_boxes_to_write_in() -> None:
    canvas = blank_page()
    for y in (39.5, 44.5):
        canvas.line(20, y, 190, y, line=0.4)
    for row in range(13):
        canvas.text(20, 57.4 + 4.2 * row, f"{row + 1}.")
        for column in range(5):
            canvas.ellipse((40 + 7 * column, 54.6 + 4.2 * row, 4.5, 3.7))
    assert sizes(detected(canvas)) == [5] * 13


def test_short_words_whose_gaps_are_closed_are_none_of_few_bubbles() -> None:
    # At 100 dpi, four words "us" of the running text have closed outlines of one size.
    form = maker_form(7106, "consent")
    assert sum(sizes(detect(render(form.pdf, 100)))) == sum(len(box.bubbles) for box in form.boxes)


def test_numbers_of_two_digits_in_rows_are_the_answers_to_one_question() -> None:
    canvas = blank_page()
    for number in range(1, 50):
        x, y = 40 + 7 * ((number - 1) % 7), 60 + 7 * ((number - 1) // 7)
        canvas.box((x, y, 4.8, 4.8))
        canvas.text(x + (0.7 if number > 9 else 1.5), y + 3.4, str(number), height=2)
    assert sizes(detected(canvas)) == [49]


def test_digits_that_are_blurred_are_like_themselves_and_less_like_others() -> None:
    assert _is_liker(0.96, 0.8)
    assert not _is_liker(0.96, 0.92)
    assert not _is_liker(0.8, 0.65)


def test_columns_as_wide_as_their_headings_are_the_answers_to_one_question() -> None:
    canvas = blank_page()
    columns = {"Poor": 80, "Fair": 91, "Good": 102, "Very good": 121, "Excellent": 144}
    for heading, x in columns.items():
        canvas.text(x - len(heading), 52, heading)
    for row in range(4):
        canvas.text(20, 61 + 9 * row, "A statement")
        for x in columns.values():
            canvas.ellipse((x - 2, 58 + 9 * row, 4, 4))
    assert sizes(detected(canvas)) == [5] * 4


def test_small_answers_with_a_text_each_are_found_beside_more_large_ones() -> None:
    canvas = blank_page()
    for row in range(3):
        for index in range(11):
            canvas.ellipse((20 + 11 * index, 40 + 20 * row, 8, 8))
    for index in range(3):
        canvas.box((30 + 30 * index, 140, 4, 4))
        canvas.text(36 + 30 * index, 143.4, "yes")
    assert sizes(detected(canvas)) == [11, 11, 11, 3]


def test_empty_squares_close_beside_each_other_are_boxes_for_letters() -> None:
    canvas = blank_page()
    canvas.text(20, 40, "Name")
    for index in range(16):
        canvas.box((40 + 6.8 * index, 34, 6, 7))
    for row in range(3):
        canvas.text(20, 64 + 10 * row, f"{row + 1}.")
        for index in range(5):
            canvas.box((40 + 9 * index, 59.5 + 10 * row, 6, 6))
    detection = detected(canvas)
    assert sizes(detection) == [5, 5, 5]
    assert sum(isinstance(one.element, ClipArea) for one in detection.proposals) == 1
    assert not any(unused.why == Why.CELL for unused in detection.left_out)


def test_squares_close_beside_each_other_below_headings_are_bubbles() -> None:
    canvas = blank_page()
    for index in range(5):
        canvas.text(42 + 6.8 * index, 50, str(index + 1))
        for row in range(4):
            canvas.box((40 + 6.8 * index, 52 + 10 * row, 6, 6))
    assert sum(sizes(detected(canvas))) == 20


def test_a_skewed_page_without_bubbles_is_made_upright_by_its_lines() -> None:
    canvas = blank_page()
    for index, label in enumerate(("Name", "Street", "Town")):
        canvas.text(20, 60 + 15 * index, label)
        canvas.line(40, 61 + 15 * index, 120, 61 + 15 * index)
    pixels = render(canvas.save(), DPI)
    for degrees in (-1.5, 0.5, 2):
        detection = detect(_tilted(pixels, degrees))
        assert [type(one.element) for one in detection.proposals] == [ClipArea] * 3


def test_a_row_of_few_larger_rings_at_one_distance_is_a_question() -> None:
    canvas = blank_page()
    _digits(canvas, 8)
    for index in range(4):
        canvas.ellipse((24 + 19 * index, 200, 6.5, 6.5))
        canvas.text(26.4 + 19 * index, 204.2, "ABCD"[index], height=2.2)
    assert 4 in sizes(detected(canvas))


@pytest.mark.parametrize("height", [3.2, 3.5])
def test_single_letters_behind_bubbles_are_no_bubbles(height: float) -> None:
    """B and D have outlines of one size, which recur in rows and columns as bubbles do."""
    canvas = blank_page()
    for row in range(8):
        canvas.text(20, 41 + 10 * row, f"{row + 1}. Question")
        for column in range(4):
            canvas.ellipse((88 + 20 * column, 37.5 + 10 * row, 5, 5))
            canvas.text(95 + 20 * column, 41.2 + 10 * row, "ABCD"[column], height=height)
    assert sizes(detected(canvas)) == [4] * 8


def test_single_small_squares_behind_bubbles_with_a_text_each_are_bubbles() -> None:
    canvas = blank_page()
    for row in range(6):
        canvas.ellipse((30, 37.5 + 12 * row, 5, 5))
        canvas.box((38, 38.5 + 12 * row, 3, 3))
        canvas.text(43, 41 + 12 * row, "more")
    assert sum(sizes(detected(canvas))) == 12
