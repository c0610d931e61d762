"""marshmallow's nested messages as problems with JSON paths."""

from collections.abc import Iterator
from typing import Any

from marshmallow import ValidationError

from omrclip.errors import Problem
from omrclip.schemas.documents import child_path


def problems_of(error: ValidationError, path: str) -> list[Problem]:
    """Everything that a schema refused, each problem at its own path below `path`."""
    return list(_flattened(error.messages, path))


def _flattened(messages: Any, path: str) -> Iterator[Problem]:
    if not isinstance(messages, dict):
        yield from (Problem(path, message) for message in messages)
        return
    for key, inner in messages.items():
        yield from _flattened(inner, path if key == "_schema" else child_path(path, key))
