"""Shared parts of the schemas of requests and answers."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pybase64
from marshmallow import Schema, ValidationError, fields, pre_load

from omrclip.errors import MOST_PROBLEMS, InvalidRequest, Problem, more_problems, problem_details
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.template import decode_base64
from omrclip.schemas.documents import child_path, pascal_case, plain_value, read_document
from omrclip.schemas.enough import load_in_chunks, one_document
from omrclip.schemas.fields import Expected


class WireSchema(Schema):
    """The base of schemas for requests and answers. Keys are in PascalCase, and unknown keys are errors."""

    error_messages = {"unknown": "no such key", "type": "an object"}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the key."""
        field_obj.data_key = field_obj.data_key or pascal_case(field_name)

    @pre_load
    def refuse_many_unknown_keys(self, data: Any, **_: Any) -> Any:
        """Report only the first unknown keys of an object if there are more than an answer lists."""
        if isinstance(data, dict) and len(data) > len(self.load_fields) + MOST_PROBLEMS:
            known = {field.data_key for field in self.load_fields.values()}
            unknown = islice((key for key in data if key not in known), MOST_PROBLEMS + 1)
            raise ValidationError({key: [self.error_messages["unknown"]] for key in unknown})
        return data


class ListOf(fields.List[Any]):
    """A list that is loaded until there are more problems than an answer lists."""

    def __init__(self, each: fields.Field[Any], expected: str = "a list", **settings: Any) -> None:
        """`expected` describes the list in the messages about other values."""
        messages: dict[str, Any] = {
            "invalid": expected,
            "required": f"{expected}; it is missing",
            "null": f"{expected}, not null",
            "validator_failed": expected,
        }
        super().__init__(each, error_messages=messages, **settings)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")

        def load(items: Sequence[Any]) -> list[Any]:
            return super(ListOf, self)._deserialize(items, attr, data, **kwargs) or []

        return load_in_chunks(value, load)


class EncodedBytes(Expected):
    """Bytes, encoded as base64 in JSON. Line breaks are allowed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("the bytes of a file in base64", **settings)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else pybase64.b64encode_as_string(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bytes:
        if not isinstance(value, str) or not value:
            raise self.refusal(value)
        try:
            return decode_base64(value)
        except ValueError:
            raise self.refusal(value) from None

    def rule(self) -> dict[str, Any]:
        """A string. JSON Schema cannot check that it decodes."""
        return {"type": "string", "contentEncoding": "base64"}


def load_strictly(
    schema: Schema, data: bytes | str | dict[str, object], path: str, limits: Limits = DEFAULT_LIMITS
) -> Any:
    """Load a JSON document or a parsed one with a schema.

    Raises:
        InvalidRequest: with all wrong keys. Their paths begin with `path`.
        LimitExceeded: the document has too many values.
    """
    if isinstance(data, dict):
        document, problems = plain_value(data, path)
    else:
        document, found = read_document(data, limits)
        problems = [Problem(path + problem.path.removeprefix("$"), problem.expected) for problem in found]
    if not problems:
        try:
            with one_document():
                return schema.load(document)  # type: ignore[arg-type]
        except ValidationError as error:
            problems = problems_of(error, path)
    raise invalid_request(problems)


def invalid_request(problems: Sequence[Problem]) -> InvalidRequest:
    """The error of a request with these problems."""
    told = "; ".join(f"{p.path}: expected {p.expected}" for p in problems[:3])
    return InvalidRequest(f"The request is not valid. {told}{more_problems(problems, 3)}", **problem_details(problems))


def problems_of(error: ValidationError, path: str) -> list[Problem]:
    """All problems that a schema found. Their paths begin with `path`."""
    return list(_flattened(error.messages, path))


def _flattened(messages: Any, path: str) -> Iterator[Problem]:
    if not isinstance(messages, dict):
        yield from (Problem(path, message) for message in messages)
        return
    for key, inner in messages.items():
        yield from _flattened(inner, path if key == "_schema" else child_path(path, key))
