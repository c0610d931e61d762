"""Which rows of bubbles are one question: scales with an end of their own, answers that flow, words that repeat."""

import pytest

from omrclip.omr.template import ChoiceBox, Grid
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas, text_width
from tests.omr.authoring.detection.small_pages import blank_page, detected, sizes

STATEMENTS = ("Staff were kind", "Rooms were clean", "The price is fair", "I would come again")


def _square(canvas: PdfCanvas, x: float, y: float, text: str = "") -> float:
    """Draw a square around a centre and the text of its answer; returns the right end of the text."""
    canvas.box((x - 1.75, y - 1.75, 3.5, 3.5))
    canvas.text(x + 3.2, y + 1.2, text)
    return x + 3.2 + text_width(text, 2.6)


@pytest.mark.parametrize("pole", ["", "disagree"])
@pytest.mark.parametrize("pitch", [7.0, 12.0])
def test_a_bubble_apart_at_the_end_of_a_scale_is_its_no_answer(pole: str, pitch: float) -> None:
    canvas = blank_page()
    for row, statement in enumerate(STATEMENTS):
        y = 40 + 9 * row
        canvas.text(20, y + 1.2, statement)
        for index in range(5):
            canvas.ellipse((80 + pitch * index, y - 2, 4, 4))
        end = 80 + pitch * 4 + 4
        canvas.text(end + 2, y + 1.2, pole)
        canvas.ellipse((end + (30 if pole else pitch + 4), y - 2, 4, 4))
    assert sizes(detected(canvas)) == [6] * 4


def test_two_scales_behind_one_statement_are_two_questions() -> None:
    canvas = blank_page()
    for row, statement in enumerate(STATEMENTS):
        y = 40 + 9 * row
        canvas.text(20, y + 1.2, statement)
        for start in (80, 135):
            for index in range(5):
                canvas.ellipse((start + 8 * index, y - 2, 4, 4))
    assert sizes(detected(canvas)) == [5] * 8


def test_answers_go_on_in_the_next_line_as_text_does() -> None:
    canvas = blank_page()
    lines = (
        ("Individual or sole owner", "Partnership", "Trust", "Estate"),
        ("Limited company", "Club", "Other body of persons"),
        ("None of these",),
    )
    for question in range(2):
        y = 40 + 45 * question
        canvas.text(20, y, f"{question + 1}. What describes you best?")
        for line, answers in enumerate(lines):
            x = 23.0
            for answer in answers:
                x = _square(canvas, x, y + 7 + 7 * line, answer) + 7
    assert sizes(detected(canvas)) == [8, 8]


def test_rows_whose_first_answers_are_one_word_are_questions() -> None:
    canvas = blank_page()
    for row, statement in enumerate(STATEMENTS):
        y = 40 + 8 * row
        _square(canvas, 30, y, "Yes")
        _square(canvas, 46, y, "No")
        canvas.text(66, y + 1.2, statement)
    for row, (one, other) in enumerate((("Cat", "Dog"), ("Goldfish", "Horse"), ("Cow", "None"))):
        _square(canvas, 30, 120 + 8 * row, one)
        _square(canvas, 62, 120 + 8 * row, other)
    assert sizes(detected(canvas)) == [2, 2, 2, 2, 6]


@pytest.mark.parametrize("counts", [(3, 3, 2), (2, 3, 3)])
def test_columns_of_answers_below_one_text_are_one_question(counts: tuple[int, ...]) -> None:
    canvas = blank_page()
    for question in range(2):
        y = 40 + 40 * question
        canvas.text(20, y, f"{question + 1}. Which of these do you use at home or at work?")
        for column, count in enumerate(counts):
            for row in range(count):
                _square(canvas, 25 + 55 * column, y + 7 + 6 * row, ("Bus", "Tram or train", "Bicycle")[row])
    assert sizes(detected(canvas)) == [sum(counts)] * 2


def test_columns_of_answers_below_texts_of_their_own_are_questions() -> None:
    canvas = blank_page()
    for column, (heading, count) in enumerate((("Age", 3), ("Way to work", 4))):
        canvas.text(23 + 70 * column, 40, heading)
        for row in range(count):
            _square(canvas, 25 + 70 * column, 47 + 6 * row, ("Bus", "Tram or train", "Bicycle", "Car")[row])
    assert sorted(sizes(detected(canvas))) == [3, 4]


@pytest.mark.parametrize(("first", "is_grid"), [(0, True), (1, False)])
def test_ten_rows_behind_the_digits_from_zero_are_a_number(first: int, is_grid: bool) -> None:
    canvas = blank_page()
    for row in range(10):
        label = str(row + first)
        canvas.text(30 - text_width(label, 2.4), 41.2 + 6 * row, label, height=2.4)
        for column in range(6):
            canvas.ellipse((33 + 6 * column, 38 + 6 * row, 4, 4))
    fields = detected(canvas).fields
    assert [type(field) for field in fields] == ([Grid] if is_grid else [ChoiceBox] * 10)


@pytest.mark.parametrize("columns", [7, 10])
def test_numbers_of_a_lottery_are_one_choice(columns: int) -> None:
    canvas = blank_page()
    for index in range(49):
        x, y, label = 30 + 7 * (index % columns), 40 + 7 * (index // columns), str(index + 1)
        canvas.ellipse((x - 2.4, y - 2.4, 4.8, 4.8))
        canvas.text(x - text_width(label, 2.1) / 2, y + 1.05, label, height=2.1)
    assert sizes(detected(canvas)) == [49]


def test_boxes_in_numbered_rows_of_a_table_are_questions() -> None:
    canvas = blank_page()
    for row, statement in enumerate(STATEMENTS):
        y = 40 + 10 * row
        for left, width in ((20, 10), (30, 100), (130, 20)):
            canvas.box((left, y - 5, width, 10))
        canvas.text(23, y + 1.2, f"{row + 1}.")
        canvas.text(33, y + 1.2, statement)
        _square(canvas, 140, y)
    assert sizes(detected(canvas)) == [1] * 4
