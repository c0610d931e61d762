"""The bundled fonts: how wide a text is, how it is broken into lines, and the order in which its letters are drawn.

DejaVu Sans has the letters of Latin, Greek, Cyrillic, Hebrew, Arabic and more. The fonts that a source names are not
available everywhere, so all of them are replaced by it: the same source gives the same form on every machine.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from arabic_reshaper import ArabicReshaper
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from omrclip.omr.authoring.generation.shapes import Font

_FOLDER = Path(__file__).with_name("fonts")
REGULAR, BOLD = "omrclip-regular", "omrclip-bold"
_RIGHT, _LEFT, _NUMBER = ("R", "AL"), ("L",), ("EN", "AN", "ES", "ET", "CS")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


@cache
def face(*, bold: bool) -> str:
    """The name of a font for reportlab, which is registered at the first call."""
    name, file = (BOLD, "DejaVuSans-Bold.ttf") if bold else (REGULAR, "DejaVuSans.ttf")
    pdfmetrics.registerFont(TTFont(name, str(_FOLDER / file)))
    return name


def width(text: str, font: Font) -> float:
    """The width of one line of text in pixels."""
    return _width(text, font.bold) * font.size


@lru_cache(maxsize=20_000)
def _width(text: str, bold: bool) -> float:
    return float(pdfmetrics.stringWidth(drawn_order(text), face(bold=bold), 1))


def missing(text: str) -> str:
    """The letters of a text that the bundled fonts do not have."""
    glyphs = pdfmetrics.getFont(face(bold=False)).face.charToGlyph
    return "".join(
        sorted({letter for letter in drawn_order(text) if ord(letter) not in glyphs and not letter.isspace()})
    )


def wrapped(text: str, font: Font, room: float) -> list[str]:
    """The lines into which a text is broken so that each fits into `room` pixels. Line breaks are kept."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines.append("")
        for word in line.split():
            joined = f"{lines[-1]} {word}".lstrip()
            if width(joined, font) <= room:
                lines[-1] = joined
                continue
            pieces = list(_broken(word, font, room))
            lines = [*lines[:-1], *([lines[-1]] if lines[-1] else []), *pieces]
    return lines


def _broken(word: str, font: Font, room: float) -> Iterator[str]:
    """A word, or its parts if it is wider than a line."""
    while width(word, font) > room and len(word) > 1:
        length = max(1, bisect_right(range(1, len(word) + 1), room, key=lambda n: width(word[:n], font)))
        yield word[:length]
        word = word[length:]
    yield word


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction is Hebrew, Arabic or another that is written from right to left."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind for kind in kinds if kind in (*_RIGHT, *_LEFT)), "L") in _RIGHT


@lru_cache(maxsize=20_000)
def drawn_order(text: str) -> str:
    """The letters of one line from left to right, with the joined forms of Arabic letters.

    This is the Unicode bidirectional algorithm without embeddings: runs of one direction, in which numbers keep their
    order and signs between two runs belong to the line.
    """
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    if not any(kind in _RIGHT for kind in kinds):
        return text
    if "AL" in kinds:
        text = str(_reshaper().reshape(text))
    base = 1 if is_right_to_left(text) else 0
    return _reordered(text, _levels(text, base), base)


@cache
def _reshaper() -> ArabicReshaper:
    return ArabicReshaper()


def _levels(text: str, base: int) -> list[int]:
    """The embedding level of each letter: 0 from left to right, 1 from right to left, 2 for numbers within that."""
    levels: list[int | None] = []
    before = base
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind in _RIGHT:
            before = 1
            levels.append(1)
        elif kind in _LEFT:
            before = 0
            levels.append(2 if base else 0)
        elif kind in ("EN", "AN"):
            levels.append(2 if base or before else 0)
        else:
            levels.append(None)
    return [_neutral(levels, index, base) if level is None else level for index, level in enumerate(levels)]


def _neutral(levels: list[int | None], index: int, base: int) -> int:
    """The level of a sign: that of its neighbours if both have the same, otherwise that of the line."""
    left = next((level for level in reversed(levels[:index]) if level is not None), base)
    right = next((level for level in levels[index + 1 :] if level is not None), base)
    return left if left == right else base


def _reordered(text: str, levels: list[int], base: int) -> str:
    runs = [(level, [text[i] for i, _ in group]) for level, group in groupby(enumerate(levels), key=lambda one: one[1])]
    flat = [
        "".join(letters) if level != 1 else "".join(reversed(letters)).translate(_MIRRORED) for level, letters in runs
    ]
    if base:
        return "".join(reversed(flat))
    # Within a line from left to right, a stretch of runs from right to left is reversed as a whole.
    parts: list[str] = []
    for is_left, stretch in groupby(range(len(runs)), key=lambda index: runs[index][0] == 0):
        members = [flat[index] for index in stretch]
        parts += members if is_left else reversed(members)
    return "".join(parts)
