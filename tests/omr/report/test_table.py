"""The table shows every value, names what is not sure, and holds nothing that a spreadsheet would compute."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from omrclip.errors import Failure
from omrclip.iiif.request import Format
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.file_names import shown_name
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.report.table import AnswerColumn, CsvTable, ResultsTable, Separator
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus
from omrclip.omr.template import (
    Barcode,
    Bubble,
    CheckBox,
    ChoiceBox,
    ClipArea,
    Element,
    Grid,
    Page,
    ScoreGroup,
    Template,
)
from tests.omr.recognized import choice, recognition

AREA = ClipArea(name="Näme", left=150, top=110, width=100, height=60)
FAILED = Recognition("b.png", error=Failure("corrupt_image", "It is cut off."), messages=("It is cut off.",))


def form(*elements: Element) -> Template:
    return Template(pages=(Page(width=300, height=200, elements=elements),))


def box(name: str, *values: str, several: bool = False) -> ChoiceBox:
    place = {"left": 0, "top": 0, "width": 50, "height": 20, "bubble_width": 10, "bubble_height": 10}
    bubbles = tuple(Bubble(value=value, left=0, top=0) for value in values or ("A", "B"))
    return ChoiceBox(name=name, bubbles=bubbles, multiselect=several, **place)


def code(name: str) -> Barcode:
    return Barcode(name=name, left=0, top=0, width=50, height=20, barcode_type="qr")


GRID = Grid(name="Grid", left=0, top=0, width=50, height=20, elements=(box("Inside"),))
TEMPLATE = form(box("Q1"), box("Q2"), AREA, box("Q3"), box("Q4"), GRID, code("Code"))


def sheet(read: Recognition, clip_format: Format | None = None, **corrections: Corrected) -> Sheet:
    named = Sheet.of(read, FileNames(alone=False), RecognitionOptions(clip_format=clip_format))
    return replace(named, corrections=corrections)


def written(table: ResultsTable, *sheets: Sheet, separator: Separator = Separator.COMMA) -> str:
    file = io.StringIO(newline="")
    rows = CsvTable(file, table, separator)
    for one in sheets:
        rows.add(table.row(one))
    return file.getvalue()


def rows(*recognitions: Recognition, template: Template = TEMPLATE, clip_format: Format | None = None) -> Any:
    table = ResultsTable.of(template)
    text = written(table, *(sheet(read, clip_format) for read in recognitions))
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_row_a_scan_with_values_and_what_is_not_sure() -> None:
    read = recognition(messages=("Q4: The mark on A is faint.",))
    headings, passed, failed = rows(read, FAILED, clip_format=Format.WEBP)
    told, values = headings[:7], headings[7:]
    assert told == ["Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank"]
    assert values == ["Q1", "Q2", "Q3", "Q4", "Grid", "Code", "Näme"]
    assert passed[:7] == ["scan.png", "Pass", "1", "Q4: The mark on A is faint.", "Q4", "Q3", "Q2"]
    assert passed[7:] == ["B", "", "AB", "", "BA", "4006381333931", "scanNäme.webp"]
    assert failed == ["b.png", "Fail", "", "It is cut off.", "", "", "", *[""] * 7]


def test_several_elements_that_are_not_sure_are_all_named() -> None:
    read = recognition()
    twice = replace(read, elements=(*read.elements, replace(read.elements[3], name="Q 5")))
    assert rows(twice)[1][4] == "Q4; Q 5"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_is_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(A1)"
    element = ElementResult(text, "Barcode", ElementStatus.MARKED, text, label=shown_name(text))
    headings, row = rows(recognition(scan=f"{start}.png", elements=(element,)), template=form(code(text), AREA))
    assert row[7] == f"'{text}"
    assert headings[7] == ("'" if start.isprintable() else "") + shown_name(text)
    assert row[0] == f"'{start}.png"
    assert not any(cell.startswith(start) for cell in (*headings, *row))


def test_what_is_no_formula_stays_as_it_is() -> None:
    element = ElementResult("A=B", "Barcode", ElementStatus.MARKED, "1+1 @ 2")
    assert rows(recognition(elements=(element,)), template=form(code("A=B")))[1][7] == "1+1 @ 2"


def test_columns_of_one_name_are_told_apart() -> None:
    twice = form(
        box("Gender"), replace(AREA, name="Gender"), code("Gender (2)"), box("Gender"), replace(AREA, name="Gender")
    )
    read = [ElementResult("Gender", "ChoiceBox", ElementStatus.MARKED, "A", label="Gender")]
    read += [ElementResult("Gender (2)", "Barcode", ElementStatus.UNCERTAIN, "42", label="Gender (2)")]
    read += [ElementResult("Gender", "ChoiceBox", ElementStatus.UNCERTAIN, "B", label="Gender (3)")]
    (clip,) = recognition().clips
    clips = tuple(replace(clip, element="Gender", label=f"Gender ({number})") for number in (4, 5))
    headings, row = rows(recognition(elements=tuple(read), clips=clips), template=twice)
    assert headings[7:] == ["Gender", "Gender (2)", "Gender (3)", "Gender (4)", "Gender (5)"]
    assert row[7:] == ["A", "42", "B", "scanGender.png", "scanGender_2.png"]
    assert row[4] == "Gender (2); Gender (3)"


def test_the_template_alone_tells_the_columns() -> None:
    assert rows(FAILED)[0] == rows(recognition())[0]


DIGITS = tuple("0123456789")


def digits(name: str, *columns: tuple[str, ...]) -> Grid:
    children = tuple(box("", *column) for column in columns)
    return Grid(name=name, left=0, top=0, width=50, height=20, elements=children)


@pytest.mark.parametrize(
    ("element", "is_number"),
    [
        (box("Points", *map(str, range(11))), True),
        (box("Grade", "1.0", "1.3", "-1"), True),
        (box("Letters", "A", "B"), False),
        (box("Mixed", "1", "2", "none"), False),
        (box("Codes", "01", "02"), False),
        (box("Several", "1", "2", several=True), False),
        (CheckBox(name="Boxes", left=0, top=0, width=9, height=9, bubble_width=9, bubble_height=9, bubbles=()), False),
        (box("Long", "1" * 16), False),
        (digits("Identifier", DIGITS, DIGITS), False),
        (digits("Year", ("1", "2"), DIGITS, DIGITS), True),
        (digits("Letters", ("A", "B"), DIGITS), False),
        (ScoreGroup(name="Score", left=0, top=0, width=50, height=20, elements=()), True),
        (code("Code"), False),
    ],
    ids=lambda element: element.name if isinstance(element, Element) else "",
)
def test_the_template_tells_which_columns_are_numbers(element: Element, is_number: bool) -> None:
    assert ResultsTable.of(form(element)).answers == (AnswerColumn(element.name or "", is_number),)


def test_a_title_of_two_templates_is_a_number_if_both_are() -> None:
    table = ResultsTable.of(form(box("Q", "1"), box("R", "1")), form(box("Q", "A"), box("R", "2")))
    assert table.answers == (AnswerColumn("Q", False), AnswerColumn("R", True))


def read_choice(values: str, marked: str, status: ElementStatus = ElementStatus.MARKED) -> ElementResult:
    bubbles = tuple(BubbleResult(value, float(value in marked), value in marked) for value in values)
    return ElementResult("Q", "ChoiceBox", status, marked, bubbles=bubbles)


@pytest.mark.parametrize(
    ("element", "corrected", "text", "number"),
    [
        (read_choice("123", "2"), None, "2", 2),
        (read_choice("123", "", ElementStatus.BLANK), None, "", None),
        (read_choice("123", "13", ElementStatus.MULTIPLE), None, "13", None),  # not thirteen
        (read_choice("123", "13", ElementStatus.MULTIPLE), "3", "3", 3),
        (read_choice("123", "2"), "absent", "absent", None),
        (read_choice("123", "2"), "", "", None),
        (replace(read_choice("123", "2"), value="absent"), None, "absent", None),  # by a trigger
    ],
)
def test_a_cell_of_a_number_column(
    element: ElementResult, corrected: str | None, text: str, number: float | None
) -> None:
    table = ResultsTable.of(form(box("Q", "1", "2", "3")))
    corrections = {} if corrected is None else {"Q": Corrected(corrected)}
    cell = table.row(sheet(recognition(elements=(element,), clips=()), **corrections))[7]
    assert (cell.text, cell.number) == (text, number)


def test_a_negative_number_is_no_formula_and_a_negative_text_is_one() -> None:
    read = recognition(
        elements=(replace(read_choice("", ""), value="-5"), replace(read_choice("", ""), value="-A", name="R"))
    )
    row = rows(read, template=form(box("Q", "-5", "5"), box("R")))[1]
    assert row[7:9] == ["-5", "'-A"]


def test_several_marks_are_separated_if_wished() -> None:
    table = ResultsTable.of(TEMPLATE, marks_separator=" + ")
    assert [cell.text for cell in table.row(sheet(recognition()))[7:13]] == [
        "B",
        "",
        "A + B",
        "",
        "BA",
        "4006381333931",
    ]


@pytest.mark.parametrize(
    ("values", "separator", "cell"),
    [
        ("AB", None, "AB"),
        (("Friends", "Other"), None, "Friends; Other"),
        (("A", "10"), None, "A; 10"),
        (("Friends", "Other"), "", "FriendsOther"),
        (("Friends", "Other"), ", ", "Friends, Other"),
    ],
)
def test_values_of_several_characters_are_separated(values: Sequence[str], separator: str | None, cell: str) -> None:
    both = choice("Q1", ElementStatus.MARKED, (0.9, 0.9), 0)
    bubbles = tuple(replace(bubble, value=value) for bubble, value in zip(both.bubbles, values, strict=True))
    read = recognition(elements=(replace(both, value="".join(values), bubbles=bubbles),))
    table = ResultsTable.of(TEMPLATE, marks_separator=separator)
    assert table.row(sheet(read))[7].text == cell


def test_a_semicolon_separates_cells_and_what_contains_it_is_quoted() -> None:
    read = recognition(
        elements=(
            choice("Q1", ElementStatus.MULTIPLE, (0.9, 0.9), 0),
            choice("Q2", ElementStatus.MULTIPLE, (0.9, 0.9), 0),
        )
    )
    text = written(ResultsTable.of(TEMPLATE), sheet(read), separator=Separator.SEMICOLON)
    assert text.startswith("Image;Result;Page;")
    assert 'scan.png;Pass;1;;;"Q1; Q2";;AB;AB;' in text


def test_corrected_values_replace_what_was_read_and_are_told() -> None:
    read = sheet(recognition(), Q3=Corrected("B", "Ada"), Q2=Corrected("A"), Näme=Corrected("Böhm"))
    table = ResultsTable.of_sheets([read, sheet(FAILED)])
    headings, row, failed = csv.reader(io.StringIO(written(table, read, sheet(FAILED)), newline=""))
    assert headings[7:] == ["Corrected", "Q1", "Q2", "Q3", "Q4", "Grid", "Code", "Näme", "Näme (file)"]
    assert row[4:] == [
        "Q4",
        "Q3",
        "Q2",
        "Q2; Q3 (Ada); Näme",
        "B",
        "A",
        "B",
        "",
        "BA",
        "4006381333931",
        "Böhm",
        "scanNäme.png",
    ]
    assert failed == ["b.png", "Fail", "", "It is cut off.", *[""] * 12]


def test_headings_of_files_are_told_apart_from_elements() -> None:
    element = replace(read_choice("AB", "A"), name="Näme (file)")
    read = sheet(recognition(elements=(element,)))
    headings = ResultsTable.of_sheets([read]).headings()
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize(
    ("elements", "is_number"),
    [
        ([read_choice("123", "2")], True),
        (
            [replace(read_choice("", "", ElementStatus.UNCERTAIN)), read_choice("123", "2")],
            True,
        ),  # the first was not read
        ([read_choice("123", "2"), read_choice("123", "23")], False),  # several are allowed
        ([read_choice("123", "2"), read_choice("123", "23", ElementStatus.MULTIPLE)], True),
        ([read_choice("AB", "A")], False),
        ([replace(read_choice("123", "2"), type="CheckBox")], False),
        ([ElementResult("Q", "Barcode", ElementStatus.MARKED, "12")], False),
        ([ElementResult("Q", "ScoreGroup", ElementStatus.MARKED, "7.5")], True),
        (
            [
                ElementResult(
                    "Q", "Grid", ElementStatus.MARKED, "10", children=(read_choice("12", "1"), read_choice("01", "0"))
                )
            ],
            True,
        ),
        (
            [
                ElementResult(
                    "Q", "Grid", ElementStatus.MARKED, "10", children=(read_choice("012", "1"), read_choice("01", "0"))
                )
            ],
            False,
        ),
    ],
)
def test_sheets_without_template_tell_which_columns_are_numbers(elements: list[ElementResult], is_number: bool) -> None:
    table = ResultsTable.of_sheets(sheet(recognition(elements=(element,))) for element in elements)
    assert table.answers == (AnswerColumn("Q", is_number),)
