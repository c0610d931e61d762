"""Validation that ends when it has found as many problems as an answer lists.

A document of 250,000 wrong values would else take a hundred times the memory and time of one that is right. Lists are
loaded in chunks. When more than MOST_PROBLEMS problems were found in a document, no list is looked into any further.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from marshmallow import ValidationError

from omrclip.errors import MOST_PROBLEMS

Loaded = TypeVar("Loaded")

CHUNK: Final = 100
"""Members of a list that are loaded at once: a call costs marshmallow more than a member."""


@dataclass(slots=True)
class _Found:
    problems: int = 0


_found: ContextVar[_Found | None] = ContextVar("problems found", default=None)


@contextmanager
def one_document() -> Iterator[None]:
    """Count the problems of one document from here on."""
    token = _found.set(_Found())
    try:
        yield
    finally:
        _found.reset(token)


def load_in_chunks(items: Sequence[Any], load: Callable[[Sequence[Any]], Sequence[Loaded]]) -> list[Loaded]:
    """Load the members of a list chunk by chunk, as long as there are not enough problems.

    Args:
        items: the members.
        load: loads some of them, or raises ValidationError with messages by their positions among these.

    Raises:
        ValidationError: with messages by their positions in the list.
    """
    found = _found.get() or _Found()
    before = found.problems
    loaded: list[Loaded] = []
    errors: dict[Any, Any] = {}
    for start in range(0, len(items), CHUNK):
        if found.problems > MOST_PROBLEMS:
            break
        try:
            loaded += load(items[start : start + CHUNK])
        except ValidationError as error:
            errors |= {start + int(position): messages for position, messages in error.messages_dict.items()}
            found.problems = before + _count(errors)  # lists within these have counted theirs
    if errors:
        raise ValidationError(errors)
    return loaded


def _count(messages: Any) -> int:
    if isinstance(messages, dict):
        return sum(map(_count, messages.values()))
    return len(messages)
