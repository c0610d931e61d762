"""The table shows every value, names what is not sure, and holds nothing that a spreadsheet would compute."""

from dataclasses import replace

import pytest

from omrclip.batch.table import results_table
from omrclip.errors import CorruptImage
from omrclip.iiif.request import Format
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import ClipArea, Page, Template
from tests.omr.recognised import recognition

AREA = ClipArea(name="Näme", left=150, top=110, width=100, height=60)
TEMPLATE = Template(pages=(Page(width=300, height=200, elements=(AREA,)),))
FAILED = Recognition("b.png", error=CorruptImage("It is cut off."), messages=("It is cut off.",))


def rows(*recognitions: Recognition, options: RecognitionOptions | None = None) -> list[list[str]]:
    return list(results_table(TEMPLATE, recognitions, options or RecognitionOptions()))


def test_a_row_a_scan_with_values_and_what_is_not_sure() -> None:
    read = recognition(messages=("Q4: The mark on A is faint.",))
    headings, passed, failed = rows(read, FAILED, options=RecognitionOptions(clip_format=Format.WEBP))
    told, values = headings[:6], headings[6:]
    assert told == ["Image", "Result", "Page", "Messages", "Uncertain", "Multiple"]
    assert values == ["Q1", "Q2", "Q3", "Q4", "Grid", "Code", "Näme"]
    assert passed[:6] == ["scan.png", "Pass", "1", "Q4: The mark on A is faint.", "Q4", "Q3"]
    assert passed[6:] == ["B", "", "AB", "", "BA", "4006381333931", "scanNäme.webp"]
    assert failed == ["b.png", "Fail", "", "It is cut off.", "", "", *[""] * 7]


def test_several_elements_that_are_not_sure_are_all_named() -> None:
    read = recognition()
    twice = replace(read, elements=(*read.elements, replace(read.elements[3], name="Q 5")))
    assert rows(twice)[1][4] == "Q4; Q 5"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(A1)"
    element = ElementResult(text, "Barcode", ElementStatus.MARKED, text)
    headings, row = rows(recognition(scan=f"{start}.png", elements=(element,)))
    assert headings[6] == row[6] == f"'{text}"
    assert row[0] == f"'{start}.png"
    assert not any(cell.startswith(start) for cell in (*headings, *row))


def test_what_is_no_formula_stays_as_it_is() -> None:
    element = ElementResult("A=B", "Barcode", ElementStatus.MARKED, "1+1 @ 2")
    assert rows(recognition(elements=(element,)))[1][6] == "1+1 @ 2"
