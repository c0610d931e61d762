import dataclasses
import pickle

import pytest

from omrclip.imaging.geometry import Box, Dimensions
from omrclip.omr.template import (
    Barcode,
    ChoiceBox,
    ClipArea,
    Grid,
    Page,
    ReferencePoint,
    Template,
    UnknownElement,
    unread_type,
)


def clip(name: str = "Clip", **place: float) -> ClipArea:
    return ClipArea(name=name, **{"left": 1, "top": 2, "width": 30, "height": 4, **place})


@pytest.mark.parametrize(
    ("place", "box"),
    [
        ({}, Box(1, 2, 30, 4)),
        ({"left": 1.5, "top": 2.49}, Box(2, 2, 30, 4)),
        ({"left": -0.5, "top": -0.5}, Box(0, 0, 30, 4)),
        ({"left": 10.5, "width": 30}, Box(11, 2, 30, 4)),
        ({"width": 30.5, "height": 3.4}, Box(1, 2, 31, 3)),
        ({"width": 0.1, "height": 0.4}, Box(1, 2, 1, 1)),
    ],
)
def test_an_elements_box_is_rounded_by_the_one_rule_and_at_least_one_pixel(place, box):
    assert clip(**place).box == box


@pytest.mark.parametrize(
    ("width", "height", "dimensions"), [(100, 200, Dimensions(100, 200)), (99.5, 0.2, Dimensions(100, 1))]
)
def test_a_page_has_whole_dimensions(width, height, dimensions):
    assert Page(width=width, height=height).dimensions == dimensions


def test_clip_areas_come_in_template_order():
    code = Barcode(name="C", left=0, top=0, width=1, height=1, barcode_type="qr")
    first = Page(width=100, height=100, elements=(clip("B"), code, clip("A")))
    second = Page(width=100, height=100, elements=(clip("0"),))
    template = Template(pages=(first, second))
    assert [area.name for area in first.clip_areas] == ["B", "A"]
    assert [area.name for area in template.clip_areas] == ["B", "A", "0"]


@pytest.mark.parametrize(
    ("data", "expected"), [(None, None), ("", None), ("aW1h\nZ2U=\r\n", b"image"), ("aW1hZ2U=", b"image")]
)
def test_image_bytes(data, expected):
    assert Page(width=1, height=1, image_data=data).image_bytes() == expected


@pytest.mark.parametrize("data", ["a", "aW1hZ2U", "aW1h!Z2U=", "é", "data:image/png;base64,aW1h"])
def test_image_bytes_of_what_is_not_base64(data):
    with pytest.raises(ValueError, match=r"base64|ASCII|padding|Only"):
        Page(width=1, height=1, image_data=data).image_bytes()


def test_source_is_no_part_of_equality_but_all_of_an_unknown_element():
    assert clip() == dataclasses.replace(clip(), source={"Type": "ClipArea", "Note": 1})
    assert UnknownElement(type="X", source={"a": 1}) != UnknownElement(type="X", source={"a": 2})


def test_the_name_of_an_unknown_element():
    assert UnknownElement(type="X", source={"Name": "N"}).name == "N"
    assert UnknownElement(type="X", source={"Name": 5}).name is None
    assert UnknownElement(type="X").name is None


def test_objects_are_values():
    grid = Grid(left=0, top=0, width=1, height=1, elements=(UnknownElement(type="X", source={"a": []}),))
    point = ReferencePoint(left=0, top=0, width=1, height=1, type="ReferencePointElement")
    template = Template(pages=(Page(width=10, height=10, elements=(grid, point, clip())),))
    assert pickle.loads(pickle.dumps(template)) == template
    assert len({template, dataclasses.replace(template)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        template.name = "other"


def test_types():
    assert [kind.type for kind in (ChoiceBox, Grid, Barcode, ClipArea)] == ["ChoiceBox", "Grid", "Barcode", "ClipArea"]
    assert ReferencePoint(left=0, top=0, width=1, height=1).type == "ReferencePoint"


@pytest.mark.parametrize(
    "near", ["AreaOfInterest", "Cliparea", "CropArea", "ClipArae", "RegionOfInterest", "clip area"]
)
def test_a_type_near_to_clip_area_is_suggested(near: str) -> None:
    told = unread_type(near)
    assert (
        told == f'omrclip does not read elements of the type "{near}". Use the type "ClipArea" for a region to cut out.'
    )


@pytest.mark.parametrize("other", ["ScoreGroup", "ReplaceTrigger", "TextArea", "Table", ""])
def test_another_type_gets_no_suggestion(other: str) -> None:
    assert unread_type(other) == f'omrclip does not read elements of the type "{other}".'
