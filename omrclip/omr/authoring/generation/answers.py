"""The answers of a question in the short form: `(A) text (B) text`."""

import itertools
import re
from dataclasses import dataclass

_GROUP = re.compile(r"\((|[^()\s]|yes|no)\)", re.IGNORECASE)
"""Begins an answer: an empty group, one character, or yes or no. Other brackets are part of a text."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Answer:
    """The character of a bubble ("" if the place decides), the text behind it, and its column in the line."""

    value: str
    text: str
    column: int


def answers_in(line: str) -> tuple[Answer, ...]:
    """The answers of a line. Empty if there is no group."""
    groups = list(_GROUP.finditer(line))
    if not groups:
        return ()
    ends = [group.start() for group in groups[1:]] + [len(line)]
    return tuple(
        Answer(group.group(1), line[group.end() : end].strip(), group.start() + 1)
        for group, end in zip(groups, ends, strict=True)
    )


def starts_answer(line: str) -> bool:
    """Whether the text of a line begins with an answer."""
    return _GROUP.match(line.strip()) is not None


def letters(count: int) -> tuple[str, ...]:
    """A, B, … Z, then AA, AB, …: the values of answers that have none."""
    names = ("".join(name) for length in itertools.count(1) for name in itertools.product(_ALPHABET, repeat=length))
    return tuple(itertools.islice(names, count))
