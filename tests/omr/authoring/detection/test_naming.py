"""Names and values from the text of a vector PDF, and from print that is read."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from omrclip.imaging.ocr import OcrFailure, TextReader
from omrclip.limits import Limits
from omrclip.omr.authoring.detection.naming import Word, with_names
from omrclip.omr.authoring.detection.new_template import new_template
from omrclip.omr.authoring.detection.page import Detection, Proposal
from omrclip.omr.authoring.detection.straighten import Straightened
from omrclip.omr.blank_images import BlankPage, blank_pages
from omrclip.omr.template import Bubble, ChoiceBox, ClipArea, Element
from tests.omr.authoring.detection.blank_forms import blank_form
from tests.tesseract import FAILING, REAL, command, needs_tesseract

TEMPLATES = Path(__file__).parents[4] / "templates_omr"
LIMITS = Limits()


def _box(name: str, top: float) -> ChoiceBox:
    bubbles = tuple(Bubble(value=value, left=100 + 40 * at, top=top) for at, value in enumerate("ABC"))
    return ChoiceBox(
        name=name, left=100, top=top, width=100, height=20, bubble_width=20, bubble_height=20, bubbles=bubbles
    )


def _named(elements: Sequence[Element], words: Sequence[Word]) -> list[Element]:
    page = Straightened(np.full((400, 400), 255, np.uint8), np.eye(3))
    found = Detection(page, tuple(Proposal(element, 0.9) for element in elements), ())
    return [proposal.element for proposal in with_names(found, words).proposals]


def _word(text: str, left: float, top: float) -> Word:
    return Word(text, left, top, left + 8 * len(text), top + 12)


def test_a_number_or_text_at_the_left_of_a_row_is_its_name() -> None:
    words = [_word("17.", 60, 104), _word("Waiting", 8, 154), _word("time", 70, 154)]
    assert [element.name for element in _named([_box("1", 100), _box("2", 150)], words)] == ["17", "Waiting time"]


def test_the_number_of_the_question_above_is_a_name() -> None:
    words = [_word("3.", 70, 80), _word("Why?", 95, 80)]
    assert [element.name for element in _named([_box("1", 100)], words)] == ["3"]


def test_the_number_of_another_row_is_no_name() -> None:
    """The number of the second row was not read, and the row above it has its own."""
    assert [element.name for element in _named([_box("1", 100), _box("2", 130)], [_word("7.", 75, 104)])] == ["7", "8"]


def test_rows_whose_numbers_were_not_read_are_counted_from_the_others() -> None:
    """The first row is no question of the list, and only some numbers were read."""
    rows = [_box(str(number), 40 * number) for number in range(1, 6)]
    first, third = _word("Other", 20, 44), _word("2.", 75, 124)
    assert [element.name for element in _named(rows, [first, third])] == ["Other", "1", "2", "3", "4"]
    again = _word("1.", 75, 204)  # another list begins
    assert [element.name for element in _named(rows, [first, third, again])] == ["Other", "2_2", "2", "4", "1"]


def test_the_label_above_ends_at_a_wide_space() -> None:
    words = [_word("First", 100, 80), _word("name", 144, 80), _word("Town", 250, 80)]
    assert [element.name for element in _named([_box("1", 100)], words)] == ["First name"]


def test_the_label_above_may_begin_further_left() -> None:
    words = [_word("Town", 0, 80), _word("Student", 60, 80), _word("ID", 120, 80)]
    assert [element.name for element in _named([_box("1", 160)], words)] == ["1"]
    assert [element.name for element in _named([_box("1", 100)], words)] == ["Student ID"]


def test_names_stay_different_and_remain_without_text() -> None:
    words = [_word("1.", 70, 104), _word("1.", 70, 154)]
    assert [element.name for element in _named([_box("1", 100), _box("2", 150)], words)] == ["1", "1_2"]
    assert [element.name for element in _named([_box("1", 100), _box("2", 150)], [])] == ["1", "2"]


def test_letters_in_bubbles_are_values_if_all_differ() -> None:
    letters = [_word(letter, 106 + 40 * at, 104) for at, letter in enumerate("XYZ")]
    (box,) = _named([_box("1", 100)], letters)
    assert isinstance(box, ChoiceBox)
    assert [bubble.value for bubble in box.bubbles] == ["X", "Y", "Z"]
    (box,) = _named([_box("1", 100)], letters[:2])
    assert isinstance(box, ChoiceBox)
    assert [bubble.value for bubble in box.bubbles] == ["A", "B", "C"]


def test_a_line_to_write_on_is_named_by_the_word_before_it() -> None:
    area = ClipArea(name="Write1", left=100, top=50, width=200, height=40)
    assert [element.name for element in _named([area], [_word("Name", 60, 76)])] == ["Name"]


def test_labels_in_boxes_and_below_lines_are_names() -> None:
    box = ClipArea(name="Write1", left=100, top=50, width=200, height=80)
    line = ClipArea(name="Write2", left=100, top=200, width=200, height=30)
    words = [_word("Course", 104, 54), _word("and", 160, 54), _word("date", 104, 72), _word("Signature", 100, 232)]
    assert [element.name for element in _named([box, line], words)] == ["Course and", "Signature"]


def test_cells_have_the_names_of_their_rows_and_columns() -> None:
    cells = [
        ClipArea(name=f"Write{row}{column}", left=100 + 100 * column, top=50 + 40 * row, width=100, height=40)
        for row in range(2)
        for column in range(2)
    ]
    headings = [_word("Dose", 104, 24), _word("Since", 204, 24)]
    rows = [_word("One", 60, 64), _word("Two", 60, 104)]
    assert [cell.name for cell in _named(cells, headings)] == ["Dose", "Since", "Dose_2", "Since_2"]
    names = [cell.name for cell in _named(cells, [*headings, *rows])]
    assert names == ["One Dose", "One Since", "Two Dose", "Two Since"]


def test_strokes_between_the_boxes_of_a_date_are_no_name() -> None:
    area = ClipArea(name="Write1", left=100, top=50, width=200, height=30)
    words = [_word("Date", 60, 60), _word("/", 150, 60), _word("/", 200, 60)]
    assert [element.name for element in _named([area], words)] == ["Date"]


def test_the_names_of_a_vector_pdf_are_its_printed_numbers() -> None:
    form = blank_form(0, "circle")
    made = new_template(blank_pages(form.pdf, 1, LIMITS), "x", LIMITS)
    names = [element.name for element in made.detections[0].fields]
    printed = [str(number) for number in range(1, 21)]
    assert [name for name in names if name in printed] == printed[: len([n for n in names if n in printed])]
    assert len(set(names)) == len(names)
    areas = [area.name for area in made.template.clip_areas]
    assert areas == ["Name and address"]


@needs_tesseract
def test_the_names_on_an_image_are_read_by_tesseract() -> None:
    pages = [BlankPage((TEMPLATES / "survey.png").read_bytes())]
    made = new_template(pages, "x", LIMITS, TextReader(REAL or "", "eng"))
    assert made.failure is None
    names = {element.name for element in made.template.pages[0].elements}
    assert {"Date", "Initials", "Making an appointment", "Waiting time", "Friendliness of our staff"} <= names


def test_words_in_the_file_are_not_read_again(tmp_path: Path) -> None:
    form = blank_form(0, "circle")
    made = new_template(blank_pages(form.pdf, 1, LIMITS), "x", LIMITS, TextReader(command(tmp_path, FAILING), "eng"))
    assert made.failure is None


def test_names_are_numbers_where_print_cannot_be_read(tmp_path: Path) -> None:
    pages = [BlankPage((TEMPLATES / "survey.png").read_bytes())]
    made = new_template(pages, "x", LIMITS, TextReader(command(tmp_path, FAILING), "eng"))
    assert made.failure is OcrFailure.FAILED
    assert made.template.pages[0].elements == new_template(pages, "x", LIMITS).template.pages[0].elements
