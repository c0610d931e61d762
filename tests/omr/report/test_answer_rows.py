"""The rows of answers and their files, as clients of version 5.0 of the OMR cloud protocol expect them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from omrclip.omr.reading.combining import combined
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.answer_rows import answer_rows, csv_file, json_file, with_threshold, xml_file
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus
from omrclip.omr.template import (
    Barcode,
    Bubble,
    CheckBox,
    ChoiceBox,
    ClipArea,
    CompositeGrid,
    Element,
    Grid,
    Page,
    ReferencePoint,
    ReplaceTrigger,
    ScoreAnswer,
    ScoreBubble,
    ScoreGroup,
    ScoreQuestion,
    Template,
)

PLACE = {"left": 0.0, "top": 0.0, "width": 10.0, "height": 10.0}
SIZE = {**PLACE, "bubble_width": 5.0, "bubble_height": 5.0}
Read = tuple[Element, ElementResult]


def _result(element: Element, marks: str, fill: float = 0.9) -> ElementResult:
    """The result of a box whose bubbles with the values of `marks` are marked."""
    assert isinstance(element, ChoiceBox)
    values = marks.split()
    bubbles = tuple(
        BubbleResult(b.value, fill if b.value in values else 0.0, b.value in values) for b in element.bubbles
    )
    status = ElementStatus.MARKED if values else ElementStatus.BLANK
    return ElementResult(element.name or "", element.type, status, "".join(values), 0.9, bubbles)


def box(name: str | None, marks: str = "", values: str = "A B C", fill: float = 0.9, kind: type = ChoiceBox) -> Read:
    element = kind(name=name, bubbles=tuple(Bubble(value=one, left=0, top=0) for one in values.split()), **SIZE)
    return element, _result(element, marks, fill)


def grid(name: str, *columns: str, kind: type = Grid) -> Read:
    children = [box(None, marks, "0 1 2 3 4") for marks in columns]
    element = kind(name=name, elements=tuple(child for child, _ in children), **PLACE)
    value = "".join(told.value for _, told in children)
    told = ElementResult(
        name, kind.type, ElementStatus.MARKED, value, 0.9, children=tuple(told for _, told in children)
    )
    return element, told


def trigger(target: str, value: str, marks: str) -> Read:
    bubbles = (Bubble(value="x", left=0, top=0),)
    element = ReplaceTrigger(name="skip", target=target, value=value, bubbles=bubbles, **SIZE)
    return element, _result(element, marks)


def code(name: str, text: str) -> Read:
    element = Barcode(name=name, barcode_type="qr", **PLACE)
    return element, ElementResult(name, "Barcode", ElementStatus.MARKED, text, 1.0)


def score_group(name: str, **questions: dict[str, str]) -> Read:
    """Questions with their criteria and what is marked of these. A counts 1, B counts 2, C nothing."""
    bubbles = tuple(
        ScoreBubble(value=value, left=0, top=0, score=score, is_positive=value != "C")
        for value, score in (("A", 1), ("B", 2.5), ("C", 4))
    )
    parts, told = [], []
    for question, criteria in questions.items():
        answers = [ScoreAnswer(name=one, bubbles=bubbles, **SIZE) for one in criteria]
        read = tuple(_result(answer, marks) for answer, marks in zip(answers, criteria.values(), strict=True))
        parts.append(ScoreQuestion(name=question, elements=tuple(answers), **PLACE))
        told.append(ElementResult(question, "ScoreQuestion", ElementStatus.MARKED, children=read))
    group = ScoreGroup(name=name, elements=tuple(parts), **PLACE)
    return group, ElementResult(name, "ScoreGroup", ElementStatus.MARKED, children=tuple(told))


def rows(read: Sequence[Read], threshold: float | None = None) -> list[tuple[str, str]]:
    template = with_threshold(
        Template(pages=(Page(width=100, height=100, elements=tuple(e for e, _ in read)),)), threshold
    )
    page = template.pages[0]
    told = combined(page, [result for element, result in read if not isinstance(element, ClipArea | ReferencePoint)])
    return [(row.name, row.value) for row in answer_rows(page, Recognition("s", elements=tuple(told)))]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ([box("Q1", "A C")], [("Q1", "A,C")]),
        ([box("Q1")], [("Q1", "")]),
        ([box("Q1", "A B", kind=CheckBox)], [("Q1", "A,B")]),
        ([grid("Id", "0 3", "2", "", "4")], [("Id", "0,324")]),
        ([grid("Id", "", "")], [("Id", "")]),
        ([grid("Id", "0", "2"), grid("Id", "3", "", "4")], [("Id", "0,324")]),
        ([grid("Id", "0", "2"), grid("Id", "0", "")], [("Id", "02")]),
        ([grid("Id", "0", "2", kind=CompositeGrid)], [("Id", "02")]),
        ([grid("Id", "0 3", "2", kind=CompositeGrid)], [("Id", "ERROR: Multiple marks per symbol")]),
        ([grid("Id", "0", kind=CompositeGrid), grid("Id", "1", kind=CompositeGrid)], [("Id", "0"), ("Id", "1")]),
        ([box("Gender", "B"), box("Gender", "A")], [("Gender", "B"), ("Gender", "A")]),
        ([box("Q1", "A"), trigger("Q1", "skipped", "x")], [("Q1", "skipped")]),
        ([box("Q1", "A B"), trigger("Q1", "skipped", "")], [("Q1", "A,B")]),
        ([grid("Id", "0 3", "2"), trigger("Id", "none", "x")], [("Id", "none")]),
        ([code("Code", "4006381333931")], [("Code", "4006381333931")]),
        (
            [
                box("Z", "A"),
                score_group("Visit", Part2={"Two": "C"}, Part1={"One": "A B", "Other": "B"}),
                box("a", "B"),
            ],
            [
                ("a", "B"),
                ("Part1", "One,Other"),
                ("Part1_total", "6"),
                ("Part2", ""),
                ("Part2_total", "0"),
                ("Z", "A"),
                ("Visit_total", "6"),
            ],
        ),
    ],
)
def test_values(read: list[Read], expected: list[tuple[str, str]]) -> None:
    assert rows(read) == expected


def test_names_are_sorted_by_their_numbers_and_without_letter_case() -> None:
    names = ["test_id", "PartI_10", "Part V", "PartI_2", "partI_1", "Part IV", "10", "9", "²", ""]
    sorted_names = ["", "Part IV", "Part V", "partI_1", "PartI_2", "PartI_10", "test_id", "²", "9", "10"]
    assert [name for name, _ in rows([box(name) for name in names])] == sorted_names


def test_clip_areas_and_reference_points_have_no_row() -> None:
    area = ClipArea(name="Gender", **PLACE)
    point = ReferencePoint(name="ReferencePoint0", **PLACE)
    nothing = ElementResult("", "", ElementStatus.BLANK)
    assert rows([(area, nothing), (point, nothing), box("Gender", "A")]) == [("Gender", "A")]


@pytest.mark.parametrize(
    ("own", "asked", "fill", "value"),
    [
        (None, None, 0.2, "A"),
        (None, 0, 0.2, "A"),
        (None, 30, 0.2, ""),
        (None, 30, 0.3, "A"),
        (10, 30, 0.2, "A"),
        (45, 30, 0.4, ""),
        (45, None, 0.4, ""),
        (0, 30, 0.2, ""),
        (None, 100, 0.999, ""),
    ],
)
def test_the_threshold_of_an_element_beats_that_of_the_request(
    own: float | None, asked: float | None, fill: float, value: str
) -> None:
    element, told = box("Q1", "A", fill=fill)
    assert isinstance(element, ChoiceBox)
    assert rows([(replace(element, threshold=own), told)], asked) == [("Q1", value)]


def test_a_threshold_holds_in_grids_and_score_groups() -> None:
    group, told = score_group("Visit", Part={"One": "A", "Two": "B"})
    faint = replace(told.children[0].children[0], bubbles=(BubbleResult("A", 0.2, True),))
    part = replace(told.children[0], children=(faint, told.children[0].children[1]))
    read = [(group, replace(told, children=(part,)))]
    assert rows(read, 30) == [("Part", "Two"), ("Part_total", "2.5"), ("Visit_total", "2.5")]
    assert rows(read) == [("Part", "One,Two"), ("Part_total", "3.5"), ("Visit_total", "3.5")]
    number, told = grid("Id", "0 3", "2")
    first = replace(told.children[0], bubbles=(BubbleResult("0", 0.2, True), BubbleResult("3", 0.9, True)))
    assert rows([(number, replace(told, value="032", children=(first, told.children[1])))], 30) == [("Id", "32")]


def _files(*read: Read) -> tuple[bytes, bytes, bytes]:
    page = Page(width=100, height=100, elements=tuple(element for element, _ in read))
    found = answer_rows(page, Recognition("s", elements=tuple(told for _, told in read)))
    return csv_file(found), json_file(found), xml_file(found)


def test_csv_is_as_measured() -> None:
    csv, _, _ = _files(box("1. Öl, Gas, or other?", "A C"), box("B"), code("A", 'He said "no"'))
    assert csv == ('Element Name,Value,\r\nA,"He said ""no"""\r\nB,""\r\n1. Öl, Gas, or other?,"A,C"\r\n'.encode())
    assert csv_file([]) == b"Element Name,Value,\r\n"


def test_what_would_end_a_line_becomes_a_space() -> None:
    csv, as_json, xml = _files(box("a\nb", "A"), code("code", "x\r\n\x1d\x00y\ufffe\ud800"))
    assert csv == b'Element Name,Value,\r\na b,"A"\r\ncode,"x    y  "\r\n'
    assert [one.text for one in ElementTree.fromstring(xml).iter("Name")] == ["a b", "code"]
    assert [one["Name"] for one in json.loads(as_json)["Elements"]] == ["a b", "code"]


def test_json_and_xml_tell_how_certain_a_value_is() -> None:
    element, told = box("Q & <1>", "B")
    told = replace(told, status=ElementStatus.UNCERTAIN, confidence=0.4, message="The mark is faint.")
    _, as_json, as_xml = _files((element, told))
    expected = {
        "Name": "Q & <1>",
        "Value": "B",
        "Type": "ChoiceBox",
        "Status": "uncertain",
        "Confidence": 0.4,
        "Message": "The mark is faint.",
    }
    assert json.loads(as_json) == {"Elements": [expected]}
    (only,) = ElementTree.fromstring(as_xml)
    assert {part.tag: part.text for part in only} == {name: str(value) for name, value in expected.items()}


def test_grids_of_one_name_have_the_worse_status() -> None:
    (first, told), second = grid("Id", "0", "2"), grid("Id", "3", "")
    told = replace(told, status=ElementStatus.UNCERTAIN, confidence=0.3, message="Faint.")
    page = Page(width=100, height=100, elements=(first, second[0]))
    (row,) = answer_rows(page, Recognition("s", elements=(told, second[1])))
    assert (row.value, row.status, row.confidence, row.message) == ("0,32", ElementStatus.UNCERTAIN, 0.3, "Faint.")


def test_a_page_of_which_nothing_was_read_has_no_rows() -> None:
    page = Page(width=100, height=100, elements=(box("Q1")[0],))
    assert answer_rows(page, Recognition("s")) == []
