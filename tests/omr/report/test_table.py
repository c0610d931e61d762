"""The table shows every value, names what is not sure, and holds nothing that a spreadsheet would compute."""

from dataclasses import replace
from typing import Any

import pytest

from omrclip.errors import Failure
from omrclip.iiif.request import Format
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.file_names import shown_name
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.report.table import ResultsTable
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import Barcode, ChoiceBox, ClipArea, Element, Grid, Page, Template
from tests.omr.recognized import recognition

AREA = ClipArea(name="Näme", left=150, top=110, width=100, height=60)
FAILED = Recognition("b.png", error=Failure("corrupt_image", "It is cut off."), messages=("It is cut off.",))


def form(*elements: Element) -> Template:
    return Template(pages=(Page(width=300, height=200, elements=elements),))


def box(name: str) -> ChoiceBox:
    return ChoiceBox(name=name, left=0, top=0, width=50, height=20, bubble_width=10, bubble_height=10, bubbles=())


def code(name: str) -> Barcode:
    return Barcode(name=name, left=0, top=0, width=50, height=20, barcode_type="qr")


GRID = Grid(name="Grid", left=0, top=0, width=50, height=20, elements=(box("Inside"),))
TEMPLATE = form(box("Q1"), box("Q2"), AREA, box("Q3"), box("Q4"), GRID, code("Code"))


def rows(*recognitions: Recognition, template: Template = TEMPLATE, options: RecognitionOptions | None = None) -> Any:
    table = ResultsTable.of(template, options or RecognitionOptions(), FileNames(alone=False))
    return [table.headings(), *map(table.row, recognitions)]


def test_a_row_a_scan_with_values_and_what_is_not_sure() -> None:
    read = recognition(messages=("Q4: The mark on A is faint.",))
    headings, passed, failed = rows(read, FAILED, options=RecognitionOptions(clip_format=Format.WEBP))
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


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
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
