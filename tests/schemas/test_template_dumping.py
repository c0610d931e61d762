import dataclasses
import json

import pytest

from omrclip.omr.template import Bubble, ChoiceBox, ClipArea, Page, Template, UnknownElement
from omrclip.schemas.template import dump_template, load_template, template_to_bytes
from tests.schemas.omr_documents import ABSENT, bubble, choice_box, clip_area, document


def test_unknown_keys_nulls_and_absent_keys_stay_as_they_were():
    area = {"Note": [1], "Top": 0, "Left": 0, "JpegQuality": None, "Width": 5, "Height": 5, "Name": "C"}
    first = {"Type": "ClipArea", **area}
    point = {"Type": "ReferencePoint", "Name": None, "Left": 1, "Top": 1, "Width": 2, "Height": 2}
    original = {"Extra": {"b": 1, "a": 2}, "Pages": [{"Elements": [first, point], "Width": 10, "Height": 20}]}
    assert json.dumps(dump_template(load_template(original))) == json.dumps(original)


def test_type_comes_first():
    late = {**clip_area(Type=ABSENT), "Type": "ClipArea"}
    unknown = {"a": 1, "Type": "New"}
    written = dump_template(load_template(document(late, unknown)))["Pages"][0]["Elements"]
    assert [next(iter(item)) for item in written] == ["Type", "Type"]


@pytest.mark.parametrize(
    ("was", "changes", "expected"),
    [
        (clip_area(JpegQuality=ABSENT), {"jpeg_quality": 90}, {"JpegQuality": 90}),
        (clip_area(JpegQuality=95), {"jpeg_quality": 85}, {"JpegQuality": 85}),
        (clip_area(JpegQuality=None), {"jpeg_quality": 90}, {"JpegQuality": 90}),
        (clip_area(JpegQuality=None), {"name": "New"}, {"JpegQuality": None, "Name": "New"}),
        (clip_area(Left="3", Top="4.0"), {"left": 4.5}, {"Left": 4.5}),
        (clip_area(JpegQuality=84.6), {"jpeg_quality": 85}, {}),
        (clip_area(JpegQuality=84.6, Required="TRUE"), {"jpeg_quality": 86, "required": True}, {"JpegQuality": 86}),
        (clip_area(Type="cliparea"), {"name": "New"}, {"Name": "New"}),
        (choice_box(Orientation="Vertical"), {"orientation": None}, {"Orientation": None}),
        (choice_box(Bubbles=[bubble(IsValid=ABSENT)]), {"multiselect": True}, {"Multiselect": True}),
    ],
)
def test_what_replace_changed_is_written(was, changes, expected):
    template = load_template(document(was))
    changed_element = dataclasses.replace(template.pages[0].elements[0], **changes)
    changed_page = dataclasses.replace(template.pages[0], elements=(changed_element,))
    written = dump_template(dataclasses.replace(template, pages=(changed_page,)))
    assert json.dumps(written["Pages"][0]["Elements"]) == json.dumps([{**was, **expected}])


def test_clip_areas_can_be_added_and_removed():
    template = load_template(document(clip_area("Old"), Note="kept"))
    added = ClipArea(name="New", left=1.5, top=2, width=3, height=4)
    changed_page = dataclasses.replace(template.pages[0], elements=(added,))
    written = dump_template(dataclasses.replace(template, pages=(changed_page,)))
    assert written["Note"] == "kept"
    assert json.dumps(written["Pages"][0]["Elements"]) == json.dumps(
        [{"Type": "ClipArea", "Name": "New", "JpegQuality": 85, "Width": 3, "Height": 4, "Top": 2, "Left": 1.5}]
    )


def test_a_template_made_in_code():
    box = ChoiceBox(
        name="Q",
        left=0,
        top=0,
        width=9,
        height=9,
        bubble_width=2,
        bubble_height=3,
        bubbles=(Bubble(value="A", left=1, top=1),),
    )
    unknown = UnknownElement(type="New", source={"a": 1})
    template = Template(name="T", version="1.0", pages=(Page(width=10, height=20, elements=(box, unknown)),))
    assert dump_template(template) == {
        "Version": "1.0",
        "Name": "T",
        "Pages": [
            {
                "Height": 20,
                "Width": 10,
                "Elements": [
                    {
                        "Type": "ChoiceBox",
                        "Name": "Q",
                        "Multiselect": False,
                        "BubbleWidth": 2,
                        "BubbleHeight": 3,
                        "Bubbles": [{"Value": "A", "Top": 1, "Left": 1, "IsValid": True}],
                        "Width": 9,
                        "Height": 9,
                        "Top": 0,
                        "Left": 0,
                    },
                    {"Type": "New", "a": 1},
                ],
            }
        ],
    }
    assert load_template(template_to_bytes(template)) == template


def test_bytes_are_readable_utf_8_with_line_feeds():
    data = template_to_bytes(load_template(document(clip_area("署名"))))
    assert data.startswith(b'{\n    "Version": "1.0",\n')
    assert data.endswith(b"}\n")
    assert "署名" in data.decode("utf-8")
    assert b"\r" not in data
