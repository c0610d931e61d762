import pytest
from marshmallow import Schema, ValidationError
from marshmallow.validate import Range

from omrclip.schemas.fields import Number, Text


class Sample(Schema):
    pixels = Number(validate=Range(max=5, error="at most 5"))
    words = Text(load_default=lambda: "made anew")


def test_validators_hold_as_in_any_field():
    with pytest.raises(ValidationError, match="at most 5"):
        Sample().load({"pixels": 6})


def test_null_and_absent_are_the_default_also_where_it_is_made():
    assert Sample().load({"words": None}) == Sample().load({}) == {"words": "made anew"}
