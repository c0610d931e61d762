"""Which rows of bubbles are one question: scales with an end of their own, answers that flow, words that repeat."""

import itertools

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


@pytest.mark.parametrize(
    ("answers", "found"),
    [(["n.a."] * 4, [6] * 4), (["English", "Mathematics", "Art", "Computer science"], [5, 5, 5, 5, 4])],
)
def test_a_list_with_texts_of_its_own_beside_scales_is_a_question(answers: list[str], found: list[int]) -> None:
    canvas = blank_page()
    for row, answer in enumerate(answers):
        y = 40 + 9 * row
        canvas.text(20, y + 1.2, STATEMENTS[row])
        for index in range(5):
            canvas.ellipse((80 + 7 * index, y - 2, 4, 4))
        canvas.ellipse((130, y - 2, 4, 4))
        canvas.text(136, y + 1.2, answer)
    assert sizes(detected(canvas)) == found


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


def test_timing_marks_at_the_left_are_no_texts_of_rows() -> None:
    canvas = blank_page()
    for row in range(10):
        y = 40 + 6 * row
        canvas.box((15, y - 0.8, 5, 1.6), stroke=None, fill=(0, 0, 0))
        for column in range(4):
            x = 40 + 6 * column
            canvas.ellipse((x - 2, y - 2, 4, 4))
            canvas.text(x - 0.7, y + 0.9, str(row), height=1.8)
    (field,) = detected(canvas).fields
    assert isinstance(field, Grid)
    assert [len(box.bubbles) for box in field.elements if isinstance(box, ChoiceBox)] == [10] * 4


def test_a_digit_grid_of_wide_ovals_has_no_numbers_of_two_digits() -> None:
    canvas = blank_page()
    for row in range(10):
        for column in range(6):
            x, y = 40 + 7 * column, 40 + 4.4 * row
            canvas.ellipse((x - 2.5, y - 1.5, 5, 3), line=0.35)
            canvas.text(x - 0.6, y + 0.8, str(row), height=1.6)
    assert [type(field) for field in detected(canvas).fields] == [Grid]


def test_answers_in_columns_below_their_text_do_not_belong_to_a_drawing_at_their_left() -> None:
    canvas = blank_page()
    canvas.path([(30, 40), (50, 45), (50, 90), (30, 95), (30, 40)], line=0.5)
    canvas.text(98, 40, "My pain is")
    for row, answers in enumerate((("aching", "dull"), ("burning", "sharp"), ("numb", "heavy"))):
        for column, answer in enumerate(answers):
            _square(canvas, 100 + 35 * column, 46 + 7 * row, answer)
    assert sizes(detected(canvas)) == [6]


def test_the_bar_of_a_heading_parts_lists_with_a_line_between_all_answers() -> None:
    canvas = blank_page()
    y = 40.0
    for heading, names in (("State Senator", ("Lise Meitner", "Otto Stern")), ("City Council", ("Ada", "Ida", "Eva"))):
        canvas.box((30, y, 70, 9), fill=(0.85, 0.85, 0.85))
        canvas.text(50, y + 5.5, heading, font="Helvetica-Bold")
        y += 9
        for name in names:
            canvas.box((30, y, 70, 9))
            canvas.ellipse((32, y + 3, 5, 3))
            canvas.text(40, y + 4, name)
            canvas.text(40, y + 7.5, "Green Party", height=1.8)
            y += 9
    assert sizes(detected(canvas)) == [2, 3]


def test_rows_of_a_table_with_names_are_questions_though_each_cell_has_a_text() -> None:
    canvas = blank_page()
    edges = (20, 45, 90, 135, 160)
    meals = (("Pasta", "Fish fingers"), ("Chicken curry", "Vegetables"), ("Roast beef", "Quorn"), ("Pizza", "Lasagne"))
    for row, (day, answers) in enumerate(zip(("Monday", "Tuesday", "Wednesday", "Thursday"), meals, strict=True)):
        y = 50 + 9 * row
        for left, right in itertools.pairwise(edges):
            canvas.box((left, y - 4.5, right - left, 9))
        canvas.text(22, y + 1.2, day)
        for left, answer in zip(edges[1:], (*answers, ""), strict=False):
            _square(canvas, left + 5, y, answer)
    assert sizes(detected(canvas)) == [3] * 4


def test_lists_in_frames_of_their_own_are_questions_though_nothing_stands_between_them() -> None:
    canvas = blank_page()
    for left, letters in ((40, "3456789"), (70, "FM")):
        canvas.box((left - 5, 40, 18, 6 * len(letters) + 10))
        canvas.text(left - 3, 45, "GRADE" if len(letters) > 2 else "SEX")
        for row, letter in enumerate(letters):
            x, y = left + 1, 50 + 6 * row
            canvas.ellipse((x - 2, y - 2, 4, 4))
            canvas.text(x - 0.7, y + 0.9, letter, height=1.8)
    assert sorted(sizes(detected(canvas))) == [2, 7]


def test_two_questions_on_one_line_with_words_before_their_bubbles() -> None:
    canvas = blank_page()
    for row in range(4):
        y = 40 + 8 * row
        for start, name, words in ((20, "Sex:", ("m", "f")), (100, "Smoker:", ("yes", "no"))):
            canvas.text(start, y + 1.2, name)
            for index, word in enumerate(words):
                x = start + 22 + 13 * index + row
                canvas.text(x - 2.5 - text_width(word, 2.6), y + 1.2, word)
                canvas.box((x - 1.75, y - 1.75, 3.5, 3.5))
    assert sizes(detected(canvas)) == [2] * 8


def test_rows_of_yes_and_no_go_on_below_headings_that_end_before_them() -> None:
    canvas = blank_page()
    for block, heading in enumerate(("Past medical history of you and of your family", "Symptoms")):
        y = 40 + 40 * block
        canvas.box((20, y, 170, 5), stroke=None, fill=(0.85, 0.85, 0.85))
        canvas.text(22 if block else 120, y + 3.6, heading)
        for row, statement in enumerate(STATEMENTS):
            canvas.text(20, y + 12.2 + 6 * row, statement)
            for index, word in enumerate(("Yes", "No")):
                _square(canvas, 150 + 16 * index, y + 11 + 6 * row, word)
    assert sizes(detected(canvas)) == [2] * 8


def test_a_bar_above_ten_rows_is_no_box_to_write_in() -> None:
    canvas = blank_page()
    canvas.box((120, 25, 60, 9), stroke=None, fill=(0.3, 0.3, 0.3))
    for row in range(10):
        y = 45 + 7 * row
        canvas.text(20, y + 1.2, STATEMENTS[row % 4])
        for x in (140, 156):
            canvas.ellipse((x - 2, y - 2, 4, 4))
    assert sizes(detected(canvas)) == [2] * 10


@pytest.mark.parametrize(
    ("headings", "expected"),
    [("PLAPLAPLA", [3, 3, 3]), ("1234512345", [5, 5]), ("123456789", [9]), ("XXXXXX", [6]), ("YNYNYN", [2, 2, 2])],
)
def test_rows_below_headings_that_repeat_are_several_questions(headings: str, expected: list[int]) -> None:
    canvas = blank_page()
    for column, heading in enumerate(headings):
        canvas.text(71 + 10 * column, 40, heading, height=2.4)
        for row in range(7):
            canvas.ellipse((70 + 10 * column, 45 + 7 * row, 4, 4))
    for row in range(7):
        canvas.text(15, 48 + 7 * row, ("Abbott", "Baker", "Carey")[row % 3])
    assert sizes(detected(canvas)) == expected * 7
