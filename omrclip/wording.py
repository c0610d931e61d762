"""Messages about results: English text, and the codes and values by which clients say the same in other languages.

A `Message` is a string. Code that only shows or stores it needs not know more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Value: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part of a message. `code` is that of its Wording, or "" for a text that has none."""

    text: str
    code: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


class Message(str):
    """The texts of sentences with spaces between them."""

    sentences: tuple[Sentence, ...]

    def __new__(cls, sentences: Iterable[Sentence]) -> "Message":
        """Join the sentences."""
        listed = tuple(sentences)
        message = super().__new__(cls, " ".join(sentence.text for sentence in listed))
        message.sentences = listed
        return message

    def __getnewargs__(self) -> tuple[tuple[Sentence, ...]]:  # type: ignore[override]
        """The arguments of `__new__`, for copies and pickles."""
        return (self.sentences,)


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence with places for values, such as `{name}`.

    The file of each language of the web client has a text for the code. `one|more` has a singular and a plural, which
    the value `n` decides.

    Attributes:
        code: stable, for programs.
        text: in English.
    """

    code: str
    text: str

    def __call__(self, **values: Value) -> Message:
        """The message with these values."""
        one, *more = self.text.split("|")
        text = more[0] if more and values["n"] != 1 else one
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return Message([Sentence(text.format_map(shown), self.code, values)])


ABOUT = Wording("about", "{name}:")
"""Begins a message about one element or clip of a sheet, or one part of an element."""


def joined(*messages: str) -> str:
    """Messages and other texts as one message. Empty ones are left out."""
    sentences = [sentence for message in messages if message for sentence in _sentences(message)]
    return Message(sentences) if sentences else ""


def is_about_part(message: str) -> bool:
    """Whether a message is about one element or clip, and not about the sheet as a whole."""
    return _sentences(message)[0].code == ABOUT.code


def dump_said(message: str) -> list[dict[str, Any]]:
    """The sentences of a message as JSON values; none for an empty one."""
    if not message:
        return []
    return [{"Code": one.code, "Values": dict(one.values), "Text": one.text} for one in _sentences(message)]


def load_message(text: str, said: Sequence[Mapping[str, Any]] | None) -> str:
    """A message that was written as its text and the result of `dump_said`, which older versions did not write."""
    return Message(Sentence(one["Text"], one["Code"], one["Values"]) for one in said) if said else text


def _sentences(message: str) -> tuple[Sentence, ...]:
    return message.sentences if isinstance(message, Message) else (Sentence(message),)
