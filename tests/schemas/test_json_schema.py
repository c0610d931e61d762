import json

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from omrclip.errors import InvalidTemplate
from omrclip.schemas.elements import ELEMENT_SCHEMAS
from omrclip.schemas.template import load_template, template_json_schema
from tests.schemas.omr_documents import (
    ABSENT,
    REAL_FILES,
    any_json,
    barcode,
    bubble,
    choice_box,
    clip_area,
    document,
    grid,
    page,
    valid_documents,
)

SCHEMA = template_json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_it_is_a_json_schema():
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_call_gives_a_new_one():
    template_json_schema()["$defs"].clear()
    assert template_json_schema() == SCHEMA


def test_every_field_is_in_it_under_its_key_with_words():
    for schema in ELEMENT_SCHEMAS.values():
        definition = SCHEMA["$defs"][schema.model.__name__]
        assert list(definition["properties"]) == [field.data_key for field in schema.fields.values()]
        assert all(rule["description"] for rule in definition["properties"].values())


def test_what_a_clip_area_is():
    definition = SCHEMA["$defs"]["ClipArea"]
    quality = definition["properties"]["JpegQuality"]
    assert definition["required"] == ["Type", "Name", "Width", "Height", "Top", "Left"]
    assert quality["default"] == 85
    assert quality["anyOf"][0]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 100}
    assert definition["properties"]["Type"]["enum"] == ["ClipArea"]


@pytest.mark.parametrize("name", REAL_FILES)
def test_real_files_are_valid(shared_forms, name):
    VALIDATOR.validate(json.loads((shared_forms / name).read_text(encoding="utf-8-sig")))


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        document(Pages=ABSENT),
        document(Pages=[]),
        document(Version=True),
        document(Pages=[page(Width=0)]),
        document(Pages=[page(Height="tall")]),
        document(Pages=[page(Elements="none")]),
        document({"Name": "no type"}),
        document({"Type": 5}),
        document(clip_area(JpegQuality=101)),
        document(clip_area(JpegQuality=True)),
        document(clip_area(Name=ABSENT)),
        document(clip_area("")),
        document(clip_area("n" * 2001)),
        document(choice_box(Name=None)),
        document(choice_box(Orientation=5)),
        document(choice_box(Bubbles=[])),
        document(choice_box(Bubbles=[bubble(Value=5)])),
        document(choice_box(Bubbles=[bubble(Left=ABSENT)])),
        document(grid()),
        document(grid(clip_area())),
        document(grid(choice_box(BubbleWidth=-1))),
        document(barcode(BarcodeType=ABSENT)),
        document(barcode(QrVersion=[])),
    ],
)
def test_it_refuses_what_the_loader_refuses(wrong):
    assert not VALIDATOR.is_valid(wrong)
    with pytest.raises(InvalidTemplate):
        load_template(wrong)


@given(valid_documents)
def test_it_takes_what_the_loader_takes(valid):
    load_template(valid)
    VALIDATOR.validate(valid)


@given(any_json)
def test_it_is_never_stricter_than_the_loader(value):
    try:
        load_template(value)
    except InvalidTemplate:
        return
    VALIDATOR.validate(value)
