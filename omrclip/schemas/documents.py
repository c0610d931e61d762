"""Reads JSON from bytes, text or a mapping, and reports all problems of the document.

The result consists of dict, list, str, int, float, bool and None only, is a copy, and can be written back as UTF-8.
Problems are returned with their JSON paths. The only exception that this module raises is LimitExceeded.
"""

import codecs
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omrclip.errors import MOST_PROBLEMS, LimitExceeded, Problem
from omrclip.limits import DEFAULT_LIMITS, Limits

MOST_LEVELS = 64
MOST_DIGITS = 300
_TOO_DEEP = f"values nested at most {MOST_LEVELS} levels deep"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_SHOWN = 40
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class _RepeatingObject(dict[str, object]):
    """A JSON object with duplicate keys."""

    repeated: Sequence[str] = ()


def pascal_case(name: str) -> str:
    """The key of an attribute in JSON: `clip_format` is `ClipFormat`."""
    return "".join(part.capitalize() for part in name.split("_"))


def child_path(path: str, key: str | int) -> str:
    """The JSON path of a member: `$.Pages`, `$.Pages[0]`, `$["a key"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{_shortened(json.dumps(key))}]"


def shown(value: object) -> str:
    """A JSON value in a few characters, for a message."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_SHOWN:
        return "a huge number"
    if isinstance(value, str):
        # shortened before the conversion, because an ImageData may be megabytes long
        return _shortened(_visible(json.dumps(value[: _LONGEST_SHOWN + 1], ensure_ascii=False)))
    return json.dumps(value) if isinstance(value, int | float | None) else f"a Python {type(value).__name__}"


def read_document(
    data: bytes | str | Mapping[str, object], limits: Limits = DEFAULT_LIMITS
) -> tuple[object, list[Problem]]:
    """The document as plain values, and its problems. If it is not JSON, the value is None.

    Raises:
        LimitExceeded: the document has too many values.
    """
    if isinstance(data, bytes | bytearray | memoryview | str):
        _check_values(data, limits.max_json_values)
    try:
        document = _parsed(data) if isinstance(data, bytes | bytearray | memoryview | str) else data
    except UnicodeDecodeError as error:
        return None, [Problem("$", f"text in {error.encoding.upper()}; byte {error.start} is not valid in it")]
    except json.JSONDecodeError as error:
        return None, [Problem("$", f"JSON; {error.msg} at line {error.lineno}, column {error.colno}")]
    except RecursionError:
        return None, [Problem("$", _TOO_DEEP)]
    return plain_value(document)


def plain_value(value: object, path: str = "$") -> tuple[object, list[Problem]]:
    """Copy and check a parsed value like `read_document`. Paths of problems begin with `path`."""
    copier = _Copier([])
    plain = copier.copy(value, path, MOST_LEVELS)
    return plain, copier.problems


def _check_values(data: bytes | bytearray | memoryview | str, most: int) -> None:
    """Refuse a document by the number of its commas and opening brackets. This is fast and needs no memory.

    Commas in strings count too. Base64 has no commas and texts are short, so valid documents stay far below the limit.
    """
    values = sum(data.count(sign) for sign in ",[{") if isinstance(data, str) else _count_in(bytes(data))
    if values >= most:
        raise LimitExceeded(
            f"The JSON document has more than the {most:,} values allowed.", limit="max_json_values", maximum=most
        )


def _count_in(data: bytes) -> int:
    return sum(data.count(sign) for sign in (b",", b"[", b"{"))


def _parsed(data: bytes | bytearray | memoryview | str) -> object:
    text = data.removeprefix("\ufeff") if isinstance(data, str) else _decoded(bytes(data))
    return json.loads(text, object_pairs_hook=_object, parse_int=_integer)


def _decoded(data: bytes) -> str:
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    return data.decode(encoding)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeating = _RepeatingObject(members)
    repeating.repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return repeating


def _integer(digits: str) -> float:
    # For thousands of digits Python raises an exception that is not a JSONDecodeError
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


@dataclass(frozen=True, slots=True)
class _Copier:
    """Copies values and collects their problems, up to one more than an answer lists.

    A place is a path, or a pair of a place and a key. Paths are only formatted for problems, because formatting is
    slower than copying.
    """

    problems: list[Problem]

    def copy(self, value: object, place: Any, levels: int) -> object:
        """The value as plain JSON. Invalid values become null, invalid numbers 0."""
        if isinstance(value, str):
            return self._text(value, place)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value, place)
        if not isinstance(value, dict | list | tuple | Mapping):
            self._refuse(place, f"a JSON value, not {shown(value)}")
            return None
        if levels == 0:
            self._refuse(place, _TOO_DEEP)
            return None
        if isinstance(value, list | tuple):
            return [self.copy(member, (place, index), levels - 1) for index, member in enumerate(value)]
        return self._object(value, place, levels - 1)

    def _object(self, value: Mapping[Any, object], place: Any, levels: int) -> dict[str, object]:
        if isinstance(value, _RepeatingObject):
            for key in value.repeated:
                self._refuse((place, key), "this key only once")
        members = {}
        for key, member in value.items():
            if isinstance(key, str):
                members[self._text(key, (place, key))] = self.copy(member, (place, key), levels)
            else:
                self._refuse(place, f"keys that are strings, not {shown(key)}")
        return members

    def _text(self, text: str, place: Any) -> str:
        if not text.isascii() and re.search("[\ud800-\udfff]", text):
            self._refuse(place, "whole characters, not half of a surrogate pair")
        return text

    def _number(self, number: float, place: Any) -> float:
        if abs(number) <= sys.float_info.max:
            return number
        self._refuse(place, f"a number of at most {MOST_DIGITS} digits, neither NaN nor Infinity")
        return 0

    def _refuse(self, place: Any, expected: str) -> None:
        if len(self.problems) <= MOST_PROBLEMS:  # one more than is listed
            self.problems.append(Problem(_spelled(place), expected))


def _spelled(place: Any) -> str:
    return place if isinstance(place, str) else child_path(_spelled(place[0]), place[1])


def _visible(text: str) -> str:
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
