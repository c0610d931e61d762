"""The types of attributes: each turns the text of an attribute into a value, or says what to write."""

import re
from collections.abc import Callable
from typing import TypeAlias

from reportlab.lib.colors import getAllNamedColors

Value: TypeAlias = Callable[[str], object]
"""Turns a text into a value. Raises ValueError whose message completes "Write …"."""

_COLOURS = {
    name.lower(): (round(one.red * 255), round(one.green * 255), round(one.blue * 255))
    for name, one in getAllNamedColors().items()
}
_COLOURS |= {"lightgray": _COLOURS["lightgrey"], "rebeccapurple": (102, 51, 153)}
"""The colours of CSS. The list of reportlab lacks these two."""
_STYLES = ("regular", "bold", "italic", "underline", "strikeout")
MOST_PIXELS = 10_000
"""Pixels of a length: more than any page has."""
_MOST_QR_VERSION = 40
"""The largest QR code of ISO/IEC 18004: 177 modules."""
_MOST_PER_CENT = 100.5
"""Sum of widths, so that rounded ones such as 33.4 % three times are allowed."""


def text(value: str) -> object:
    """Any text."""
    return value


def whole(least: int, most: int = MOST_PIXELS) -> Value:
    """A whole number in a range."""

    def read(value: str) -> object:
        # Some generators write whole numbers as 12.0, and lengths as 40px.
        found = re.fullmatch(r"(-?\d{1,9})(?:\.0+)?(?:\s*px)?", value)
        if found is None or not least <= int(found[1]) <= most:
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        return int(found[1])

    return read


def number(value: str) -> object:
    """A number, such as a score."""
    if re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?", value) is None:
        raise ValueError("a number, such as 1 or 0.5")
    return float(value)


def one_of(*values: str) -> Value:
    """One of some words. Letter case is ignored."""
    by_name = {value.lower(): value for value in values}

    def read(value: str) -> object:
        if value.lower() not in by_name:
            raise ValueError(f"one of {', '.join(values)}")
        return by_name[value.lower()]

    return read


def yes(value: str) -> object:
    """True or false."""
    if value.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return value.lower() == "true"


def style(value: str) -> object:
    """Styles of a font, separated by commas."""
    styles = [one.strip().lower() for one in value.split(",") if one.strip()]
    if not styles or not set(styles) <= set(_STYLES):
        raise ValueError(f"one or more of {', '.join(_STYLES)}, separated by commas")
    return frozenset(styles)


def colour(value: str) -> object:
    """A colour by its CSS name, as red, green and blue from 0 to 255."""
    if value.lower().replace(" ", "") not in _COLOURS:
        raise ValueError("the CSS name of a colour, such as black, darkblue or lightgray")
    return _COLOURS[value.lower().replace(" ", "")]


def proportions(value: str) -> object:
    """Widths such as 36%-2%-62%, which are at most 100 % together; as parts of 1."""
    parts = [part.strip().removesuffix("%").strip() for part in value.split("-")]
    if (
        not all(re.fullmatch(r"\d{1,3}(\.\d+)?", part) and float(part) > 0 for part in parts)
        or sum(map(float, parts)) > _MOST_PER_CENT
    ):
        raise ValueError("widths of at most 100 % together, such as 40%-60%")
    return tuple(float(part) / 100 for part in parts)


def qr_version(value: str) -> object:
    """The size of a QR code: 1 to 40, M1 to M4, or auto."""
    found = re.fullmatch(r"auto|m[1-4]|([1-9][0-9]?)", value.lower())
    if found is None or int(found[1] or 1) > _MOST_QR_VERSION:
        raise ValueError("auto, 1 to 40, or M1 to M4")
    return value


def groups(value: str) -> object:
    """Texts in brackets, such as (A)(B)(C)."""
    found = re.findall(r"\(([^()]*)\)", value)
    if not found or re.sub(r"\([^()]*\)|\s", "", value):
        raise ValueError("the values in brackets, such as (A)(B)(C)")
    return tuple(one.strip() for one in found)


def border_side(value: str) -> object:
    """The style of one side of a border: its width in pixels and its colour, or none."""
    if value.lower() == "none":
        return 0, (0, 0, 0)
    parts = value.split()
    if not 1 <= len(parts) <= 2 or not re.fullmatch(r"\d{1,3}", parts[0]):
        raise ValueError("the width in pixels and a colour, such as 3 black, or none")
    return int(parts[0]), colour(parts[1]) if len(parts) == 2 else (0, 0, 0)
