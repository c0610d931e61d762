"""The base of the schemas of all `.omr` objects. It converts JSON objects to models and back without loss.

The attribute `jpeg_quality` has the key `JpegQuality`. Unknown keys are preserved in the object's `source` and written
back from there.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_dump, post_load

from omrclip.schemas.documents import pascal_case, shown
from omrclip.schemas.enough import load_in_chunks
from omrclip.schemas.fields import Expected


class ModelSchema(Schema):
    """Loads a JSON object to `model`, and writes it back with its original keys, order and nulls."""

    model: ClassVar[type]

    class Meta:
        """Unknown keys are no error."""

        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the key after the attribute: `jpeg_quality` is `JpegQuality`."""
        field_obj.data_key = pascal_case(field_name)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.defaults = {
            field.data_key: field.default_as_json()
            for field in self.fields.values()
            if isinstance(field, Expected) and not field.required
        }
        self.by_key = {field.data_key: field for field in self.fields.values() if isinstance(field, Expected)}

    @post_load(pass_original=True)
    def to_model(self, values: dict[str, Any], original: Mapping[str, object], **_: Any) -> Any:
        """Make the object of the model, which keeps its source document."""
        return self.make({**values, "source": original})

    def make(self, values: dict[str, Any]) -> Any:
        """Make the object of the model from its attributes."""
        return self.model(**values)

    @post_dump(pass_original=True)
    def restore(self, written: dict[str, Any], original: Any, **_: Any) -> dict[str, Any]:
        """Restore unknown keys, the order of keys, nulls, and the absence of keys with default values."""
        source = original.source
        if not source:
            return {key: value for key, value in written.items() if value is not None}
        kept = {key: self._kept(key, was, written) for key, was in source.items()}
        new = {
            key: value
            for key, value in written.items()
            if key not in source and (key not in self.defaults or value != self.defaults[key])
        }
        first = {"Type": kept.get("Type", written["Type"])} if "Type" in written else {}
        return {**first, **kept, **new}

    def _kept(self, key: str, was: object, written: dict[str, Any]) -> object:
        if key not in written:
            return copy.deepcopy(was)
        if isinstance(was, dict | list):
            return written[key]
        if was is None and written[key] == self.defaults.get(key):
            return None
        # values such as "12", 84.6 or "TRUE" keep their original form unless they were edited
        unchanged = was == written[key] or self.by_key[key].deserialize(was) == written[key]
        return was if unchanged else written[key]


class ListOf(Expected):
    """A list of objects of one schema; loads to a tuple."""

    def __init__(self, item: ModelSchema, expected: str, **settings: Any) -> None:
        super().__init__(expected, required=True, **settings)
        self.item = item

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise ValidationError(f"{self.expected}, not {'an empty list' if value == [] else shown(value)}")
        return tuple(load_in_chunks(value, self._load))

    def _load(self, items: Sequence[Any]) -> list[Any]:
        if wrong := {index: not_an_object(item) for index, item in enumerate(items) if not isinstance(item, dict)}:
            # the problems of the other items are reported too
            objects = [item if isinstance(item, dict) else {} for item in items]
            raise ValidationError({**self.item.validate(objects, many=True), **wrong})
        return list(self.item.load(items, many=True))

    def _serialize(self, value: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return list(self.item.dump(value, many=True))

    def rule(self) -> dict[str, Any]:
        """A list, its items defined elsewhere."""
        return {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/{self.item.model.__name__}"}}


class ListsOf(Expected):
    """A list of lists of objects of one schema; loads to a tuple of tuples."""

    def __init__(self, item: ModelSchema, expected: str, expected_list: str, **settings: Any) -> None:
        super().__init__(expected, required=True, **settings)
        self.each = ListOf(item, expected_list)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise ValidationError(f"{self.expected}, not {'an empty list' if value == [] else shown(value)}")
        return tuple(load_in_chunks(value, self._load))

    def _load(self, lists: Sequence[Any]) -> list[Any]:
        loaded, errors = [], {}
        for index, members in enumerate(lists):
            try:
                loaded.append(self.each.deserialize(members))
            except ValidationError as error:
                errors[index] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded

    def _serialize(self, value: Any, *_: Any, **__: Any) -> list[list[dict[str, Any]]]:
        return [list(self.each.item.dump(members, many=True)) for members in value]

    def rule(self) -> dict[str, Any]:
        """A list of such lists."""
        return {"type": "array", "minItems": 1, "items": self.each.rule()}


def not_an_object(value: object) -> dict[str, list[str]]:
    """The problem of a value that is not an object."""
    return {"_schema": [f"an object, not {shown(value)}"]}
