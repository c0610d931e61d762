"""The JSON Schema of `.omr` documents. It is generated from the marshmallow schemas, so that the two always agree.

It accepts everything that `load_template` accepts. Rules that JSON Schema cannot express (positions inside the page,
types and choices in other letter cases) are checked only by the loader.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from omrclip.schemas.elements import ELEMENT_SCHEMAS, NAME, NAMED_TYPES, TEMPLATE, TYPE, Elements
from omrclip.schemas.fields import Expected
from omrclip.schemas.model_schema import ListOf, ListsOf, ModelSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def template_json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `.omr` documents; a new dict at each call."""
    definitions = {schema.model.__name__: _object(schema) for schema in _below(TEMPLATE)}
    return {
        "$schema": DIALECT,
        "title": "OMR template (.omr)",
        **_object(TEMPLATE),
        "$defs": {
            **dict(sorted(definitions.items())),
            "PageElement": _any_element([*_by_type(), _needs_name()]),
            "GridElement": _any_element([*_by_type(), {"properties": {"Type": {"not": {"const": "ClipArea"}}}}]),
        },
    }


def _object(schema: ModelSchema) -> dict[str, Any]:
    """One schema as a JSON Schema object. Other keys are allowed, because they are preserved."""
    fields = [field for field in schema.fields.values() if isinstance(field, Expected)]
    return {
        "description": (schema.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {field.data_key: {"description": field.expected, **field.json_schema()} for field in fields},
        "required": [field.data_key for field in fields if field.required],
    }


def _below(schema: ModelSchema) -> Iterator[ModelSchema]:
    """The schemas of the objects inside, with that of each element type once."""
    for field in schema.fields.values():
        if isinstance(field, ListOf | ListsOf):
            item = field.item if isinstance(field, ListOf) else field.each.item
            yield item
            yield from _below(item)
        # the elements of a grid are those of a page again
        elif isinstance(field, Elements) and not field.in_grid:
            for element in ELEMENT_SCHEMAS.values():
                yield element
                yield from _below(element)


def _any_element(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An element of any Type. Each rule applies to the type that it names."""
    return {"type": "object", "properties": {"Type": TYPE.json_schema()}, "required": ["Type"], "allOf": list(rules)}


def _by_type() -> list[dict[str, Any]]:
    return [
        _where_type([type_name], {"$ref": f"#/$defs/{schema.model.__name__}"})
        for type_name, schema in ELEMENT_SCHEMAS.items()
    ]


def _needs_name() -> dict[str, Any]:
    return _where_type(sorted(NAMED_TYPES), {"properties": {"Name": NAME.json_schema()}, "required": ["Name"]})


def _where_type(types: Iterable[str], rule: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": {"Type": {"enum": list(types)}}, "required": ["Type"]}, "then": rule}
