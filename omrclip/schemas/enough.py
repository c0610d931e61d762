"""Validation that stops as soon as there are more problems than an answer lists.

Without this, a document of 250,000 wrong values would need a hundred times the memory and time of a valid one. Lists
are loaded in chunks. When a document has more than MOST_PROBLEMS problems, no further chunks are loaded.
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
"""Number of list members that are loaded by one call, because a call of marshmallow is slower than a member."""


@dataclass(slots=True)
class _Found:
    problems: int = 0


_found: ContextVar[_Found | None] = ContextVar("problems found", default=None)


@contextmanager
def one_document() -> Iterator[None]:
    """Count the problems of one document within this context."""
    token = _found.set(_Found())
    try:
        yield
    finally:
        _found.reset(token)


def load_in_chunks(items: Sequence[Any], load: Callable[[Sequence[Any]], Sequence[Loaded]]) -> list[Loaded]:
    """Load the members of a list chunk by chunk, until there are too many problems.

    Args:
        items: the members.
        load: loads a chunk, or raises ValidationError with messages by position in the chunk.

    Raises:
        ValidationError: with messages by position in the list.
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
            found.problems = before + _count(errors)  # replaces the counts of nested lists
    if errors:
        raise ValidationError(errors)
    return loaded


def _count(messages: Any) -> int:
    if isinstance(messages, dict):
        return sum(map(_count, messages.values()))
    return len(messages)
