"""Shared parts of the schemas of the OMR cloud protocol, whose clients spell keys and values in several ways."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load

from omrclip.schemas.fields import Expected


def camel_case(name: str) -> str:
    """The key of an attribute in JSON: `output_format` is `outputFormat`."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


class CloudSchema(Schema):
    """The base of schemas for requests. Letter case of keys does not matter, and unknown keys are ignored."""

    error_messages = {"type": "an object"}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the key."""
        field_obj.data_key = field_obj.data_key or camel_case(field_name)

    @pre_load
    def respell(self, data: Any, **_: Any) -> Any:
        """Spell the keys as the protocol does, and drop unknown ones: clients of other versions send more."""
        if not isinstance(data, dict):
            return data
        known = {str(field.data_key).lower(): str(field.data_key) for field in self.load_fields.values()}
        found: dict[str, Any] = {}
        for key, value in data.items():
            spelled = known.get(key.lower())
            if spelled is None:
                continue
            if spelled in found:
                raise ValidationError({spelled: ["one key of this name, whatever its letter case"]})
            found[spelled] = value
        return found


class OneOf(Expected):
    """One of some names, in any letter case. Loads to the name as it is listed."""

    def __init__(self, names: Sequence[str], **settings: Any) -> None:
        super().__init__(f"one of {', '.join(names)}", **settings)
        self.names = {name.lower(): name for name in names}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or value.lower() not in self.names:
            raise self.refusal(value)
        return self.names[value.lower()]

    def rule(self) -> dict[str, Any]:
        """The names as they are listed. JSON Schema cannot ignore letter case."""
        return {"type": "string", "enum": list(self.names.values())}
