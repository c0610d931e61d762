"""Every kind of problem is a row: a document, the path it is told at, and the words."""

import dataclasses
import json

import pytest

from omrclip.errors import InvalidTemplate, Problem
from omrclip.omr.template import Page, Template
from omrclip.schemas.template import check_template, load_template
from tests.schemas.omr_documents import (
    ABSENT,
    barcode,
    bubble,
    choice_box,
    clip_area,
    document,
    element,
    grid,
    page,
)

FIRST = "$.Pages[0].Elements[0]"
NAME = "a name of at most 2,000 characters"


def problems(data):
    with pytest.raises(InvalidTemplate) as raised:
        load_template(data)
    return raised.value.problems


def nested_grids(depth):
    inner = choice_box()
    for _ in range(depth):
        inner = grid(inner)
    return inner


def nested_lists(depth):
    return [nested_lists(depth - 1)] if depth else []


NOT_A_DOCUMENT = [
    (b"", "$", "JSON; Expecting value at line 1, column 1"),
    ('{"Pages":\n  [,]}', "$", "JSON; Expecting value at line 2, column 4"),
    ("{} {}", "$", "JSON; Extra data at line 1, column 4"),
    (b'{"Name": "\xff"}', "$", "text in UTF-8; byte 10 is not valid in it"),
    (b"\xff\xfe{", "$", "text in UTF-16-LE; byte 2 is not valid in it"),
    ("[" * 100_000, "$", "values nested at most 64 levels deep"),
    ("[]", "$", "an object, not a list"),
    ("null", "$", "an object, not null"),
    (b'"text"', "$", 'an object, not "text"'),
    (5, "$", "an object, not 5"),
    (None, "$", "an object, not null"),
    (object(), "$", "a JSON value, not a Python object"),
    ('{"Pages": 1, "Pages": 2}', "$.Pages", "this key only once"),
    (document(Note=float("nan")), "$.Note", "a number of at most 300 digits, neither NaN nor Infinity"),
    (
        json.dumps(document(Note=[float("-inf")])),
        "$.Note[0]",
        "a number of at most 300 digits, neither NaN nor Infinity",
    ),
    (f'{{"Version": {"9" * 5000}}}', "$.Version", "a number of at most 300 digits, neither NaN nor Infinity"),
    (document(Version=10**5000), "$.Version", "a number of at most 300 digits, neither NaN nor Infinity"),
    (document(Note=nested_lists(100)), "$.Note" + "[0]" * 63, "values nested at most 64 levels deep"),
    (json.dumps(document(Name="\ud800")), "$.Name", "whole characters, not half of a surrogate pair"),
    (document(**{"a \udfff": 1}), '$["a \\udfff"]', "whole characters, not half of a surrogate pair"),
    (document(Note={1: 2}), "$.Note", "keys that are strings, not 1"),
    (document(Note={1, 2}), "$.Note", "a JSON value, not a Python set"),
]

ROOT_AND_PAGES = [
    (document(Pages=ABSENT), "$.Pages", "a list of at least one page; it is missing"),
    (document(Pages=None), "$.Pages", "a list of at least one page, not null"),
    (document(Pages=[]), "$.Pages", "a list of at least one page, not an empty list"),
    (document(Pages={}), "$.Pages", "a list of at least one page, not an object"),
    (document(Pages=[page(), 5]), "$.Pages[1]", "an object, not 5"),
    (document(Version=True), "$.Version", "a number or a string, not true"),
    (document(Version=[]), "$.Version", "a number or a string, not a list"),
    (document(Name=5), "$.Name", "a string, not 5"),
    (document(TemplateId={}), "$.TemplateId", "a string, not an object"),
    (document(IsGenerated="yes"), "$.IsGenerated", 'true or false, not "yes"'),
    (document(FinalizationComplete=1), "$.FinalizationComplete", "true or false, not 1"),
    (document(Pages=[page(Width=ABSENT)]), "$.Pages[0].Width", "a number above 0; it is missing"),
    (document(Pages=[page(Width="abc")]), "$.Pages[0].Width", 'a number above 0, not "abc"'),
    (document(Pages=[page(Width=None)]), "$.Pages[0].Width", "a number above 0, not null"),
    (document(Pages=[page(Width=True)]), "$.Pages[0].Width", "a number above 0, not true"),
    (document(Pages=[page(Height=0)]), "$.Pages[0].Height", "a number above 0, not 0"),
    (document(Pages=[page(Height=-1.5)]), "$.Pages[0].Height", "a number above 0, not -1.5"),
    (
        document(Pages=[page(Height=10**7)]),
        "$.Pages[0].Height",
        "a number above 0, no further than 1000000 from 0, not 10000000",
    ),
    (document(Pages=[page(Elements="x")]), "$.Pages[0].Elements", 'a list of elements, not "x"'),
    (document(Pages=[page(ImageData="a===")]), "$.Pages[0].ImageData", 'base64, not "a==="'),
    (document(Pages=[page(ImageData="!" * 99)]), "$.Pages[0].ImageData", f'base64, not "{"!" * 38}…'),
    (document(Pages=[page(ImageName=1)]), "$.Pages[0].ImageName", "a string, not 1"),
]

ELEMENTS = [
    (document(5), FIRST, "an object, not 5"),
    (document({"Name": "x"}), f"{FIRST}.Type", "the name of an element type; it is missing"),
    (document({"Type": ["x"]}), f"{FIRST}.Type", "the name of an element type, not a list"),
    (document({"Type": ""}), f"{FIRST}.Type", 'the name of an element type, not ""'),
    (document(clip_area(JpegQuality=101)), f"{FIRST}.JpegQuality", "a number from 0 to 100, not 101"),
    (document(clip_area(JpegQuality=-1)), f"{FIRST}.JpegQuality", "a number from 0 to 100, not -1"),
    (document(clip_area(JpegQuality=100.4)), f"{FIRST}.JpegQuality", "a number from 0 to 100, not 100.4"),
    (document(clip_area(Required="maybe")), f"{FIRST}.Required", 'true or false, not "maybe"'),
    (document(clip_area(JpegQuality=False)), f"{FIRST}.JpegQuality", "a number from 0 to 100, not false"),
    (document(clip_area(JpegQuality="high")), f"{FIRST}.JpegQuality", 'a number from 0 to 100, not "high"'),
    (document(clip_area(Width=0)), f"{FIRST}.Width", "a number above 0, not 0"),
    (document(clip_area(Left=ABSENT)), f"{FIRST}.Left", "a number; it is missing"),
    (document(clip_area(Left=" 5")), f"{FIRST}.Left", 'a number, not " 5"'),
    (document(clip_area(Left="٥")), f"{FIRST}.Left", 'a number, not "٥"'),
    (document(clip_area(Left="1e3")), f"{FIRST}.Left", 'a number, not "1e3"'),
    (document(clip_area(Left=-2_000_000)), f"{FIRST}.Left", "a number, no further than 1000000 from 0, not -2000000"),
    (document(clip_area(Top=10**60)), f"{FIRST}.Top", "a number, no further than 1000000 from 0, not a huge number"),
    (document(choice_box(Bubbles=ABSENT)), f"{FIRST}.Bubbles", "a list of at least one bubble; it is missing"),
    (document(choice_box(Bubbles=[])), f"{FIRST}.Bubbles", "a list of at least one bubble, not an empty list"),
    (document(choice_box(Bubbles=["A"])), f"{FIRST}.Bubbles[0]", 'an object, not "A"'),
    (document(choice_box(Bubbles=[bubble(Value=5)])), f"{FIRST}.Bubbles[0].Value", "not 5"),
    (document(choice_box(Bubbles=[bubble("a\nb")])), f"{FIRST}.Bubbles[0].Value", 'and line breaks, not "a\\nb"'),
    (document(choice_box(Bubbles=[bubble(IsValid="no")])), f"{FIRST}.Bubbles[0].IsValid", 'true or false, not "no"'),
    (document(choice_box(BubbleWidth=0)), f"{FIRST}.BubbleWidth", "a number above 0, not 0"),
    (document(choice_box(Multiselect=0)), f"{FIRST}.Multiselect", "true or false, not 0"),
    (
        document(choice_box(Orientation="diagonal")),
        f"{FIRST}.Orientation",
        '"Horizontal" or "Vertical", not "diagonal"',
    ),
    (document(barcode(BarcodeType=ABSENT)), f"{FIRST}.BarcodeType", "the name of a bar code type; it is missing"),
    (document(barcode(QrVersion=True)), f"{FIRST}.QrVersion", "a number or a string, not true"),
    (document(element("ReferencePoint", "", Top=None)), f"{FIRST}.Top", "a number, not null"),
    (document(grid()), f"{FIRST}.Elements", "a list of at least one element, not an empty list"),
    (document(grid(Elements=None)), f"{FIRST}.Elements", "a list of at least one element, not null"),
    (document(grid(choice_box(Width="w"))), f"{FIRST}.Elements[0].Width", 'a number from 0 on, not "w"'),
    (document(choice_box(Height="-1")), f"{FIRST}.Height", 'a number from 0 on, not "-1"'),
    (
        document(grid(clip_area(Type="clipArea"))),
        f"{FIRST}.Elements[0].Type",
        "another element than a ClipArea, which belongs on a page",
    ),
]

NAMES = [
    *[
        (document(item), f"{FIRST}.Name", words)
        for make in (clip_area, choice_box, barcode, lambda **changes: grid(choice_box(), **changes))
        for item, words in [
            (make(Name=ABSENT), f"{NAME}; it is missing"),
            (make(Name=None), f"{NAME}, not null"),
            (make(Name=""), f'{NAME}, not ""'),
            (make(Name=5), f"{NAME}, not 5"),
        ]
    ],
    (document(clip_area("n" * 2001)), f"{FIRST}.Name", NAME),
    (document(grid(choice_box("n" * 2001))), f"{FIRST}.Elements[0].Name", NAME),
]

PLACES = [
    (document(clip_area(Left=-40)), f"{FIRST}.Left", "a number from 0 to the page's Width, 100, not -40"),
    (document(barcode(Top=200)), f"{FIRST}.Top", "a number from 0 to the page's Height, 200, not 200"),
    (document(element("ReferencePoint", "", Left=100)), f"{FIRST}.Left", "a number from 0 to the page's Width"),
    (document(clip_area(Left=100)), f"{FIRST}.Left", "a number from 0 to the page's Width, 100, not 100"),
    (document(clip_area(Top="200")), f"{FIRST}.Top", "a number from 0 to the page's Height, 200, not 200"),
    (
        document(choice_box(Bubbles=[bubble(), bubble(Left=93)])),
        f"{FIRST}.Bubbles[1].Left",
        "Left + BubbleWidth of at most the page's Width, 100, not 101",
    ),
    (document(choice_box(Bubbles=[bubble(Top=-9)])), f"{FIRST}.Bubbles[0].Top", "a number from 0 to"),
    (document(nested_grids(9)), FIRST + ".Elements[0]" * 8, "grids nested at most 8 deep"),
]


@pytest.mark.parametrize(("data", "path", "words"), [*NOT_A_DOCUMENT, *ROOT_AND_PAGES, *ELEMENTS, *NAMES, *PLACES])
def test_each_problem_is_told_at_its_path(data, path, words):
    told = {problem.path: problem.expected for problem in problems(data)}
    assert words in told[path]


@pytest.mark.parametrize(("data", "path", "words"), [*ROOT_AND_PAGES, *ELEMENTS, *NAMES, *PLACES])
def test_one_mistake_is_one_problem(data, path, words):
    assert [problem.path for problem in problems(data)] == [path], words


def test_all_problems_come_at_once_across_levels():
    first = page(clip_area("A", JpegQuality=101, Left=-40), 5, grid(choice_box("B", Bubbles=[bubble(Top="x")])))
    second = page(clip_area("A"), {"Type": None}, Width=0)
    data = document(Pages=[first, 7, second], Version=[], Note=float("inf"))
    assert {problem.path for problem in problems(data)} == {
        "$.Note",
        "$.Version",
        "$.Pages[0].Elements[0].JpegQuality",
        "$.Pages[0].Elements[0].Left",
        "$.Pages[0].Elements[1]",
        "$.Pages[0].Elements[2].Elements[0].Bubbles[0].Top",
        "$.Pages[1]",
        "$.Pages[2].Width",
        "$.Pages[2].Elements[1].Type",
    }


def test_of_several_problems_at_one_path_the_first_is_told():
    assert problems(document(clip_area(Width=float("nan")))) == (
        Problem(f"{FIRST}.Width", "a number of at most 300 digits, neither NaN nor Infinity"),
    )


def test_the_message_can_be_written_as_json_and_utf_8():
    with pytest.raises(InvalidTemplate) as raised:
        load_template(document(clip_area("\ud800/"), **{"\udc00": float("nan")}))
    json.dumps(raised.value.details, ensure_ascii=False).encode("utf-8")
    raised.value.message.encode("utf-8")


def test_a_template_changed_in_code_keeps_the_rules_too():
    template = load_template(document(clip_area("A"), clip_area("B")))
    check_template(template)
    a, b = template.clip_areas
    wrong = (a, dataclasses.replace(b, name="", jpeg_quality=500, left=100.0))
    changed = dataclasses.replace(template, pages=(dataclasses.replace(template.pages[0], elements=wrong),))
    with pytest.raises(InvalidTemplate) as raised:
        check_template(changed)
    assert sorted(problem.path for problem in raised.value.problems) == [
        "$.Pages[0].Elements[1].JpegQuality",
        "$.Pages[0].Elements[1].Left",
        "$.Pages[0].Elements[1].Name",
    ]


@pytest.mark.parametrize("template", [Template(pages=()), Template(pages=(Page(width=float("nan"), height=1),))])
def test_a_template_made_in_code_is_checked_whole(template):
    with pytest.raises(InvalidTemplate):
        check_template(template)
