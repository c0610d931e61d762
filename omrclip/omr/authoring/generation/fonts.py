"""The bundled fonts: how wide a text is, and how it is broken into lines.

DejaVu Sans has the letters of Latin, Greek, Cyrillic, Hebrew, Arabic and more. The fonts that a source names are not
available everywhere, so all of them are replaced by it: the same source gives the same form on every machine.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from omrclip.omr.authoring.generation.direction import drawn_order
from omrclip.omr.authoring.generation.shapes import Font

_FOLDER = Path(__file__).with_name("fonts")
REGULAR, BOLD = "omrclip-regular", "omrclip-bold"
_HYPHENS = "-–—/\u2010"
"""Letters behind which a word may be broken."""


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
    return float(pdfmetrics.stringWidth(drawn_order(text, False), face(bold=bold), 1))


def missing(text: str, *, bold: bool = False) -> str:
    """The letters of a text that a bundled font does not have."""
    glyphs = pdfmetrics.getFont(face(bold=bold)).face.charToGlyph
    return "".join(
        sorted({letter for letter in drawn_order(text, False) if ord(letter) not in glyphs and not letter.isspace()})
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


def fitting(texts: Iterable[str], font: Font, room: float, least: float) -> Font:
    """The font, made smaller so that the longest word of the texts fits into a line, but not below `least` pixels."""
    widest = max((width(word, font) for text in texts for word in text.split()), default=0)
    return font if widest <= room else replace(font, size=min(font.size, max(least, font.size * room / widest)))


def _broken(word: str, font: Font, room: float) -> Iterator[str]:
    """A word, or its parts if it is wider than a line: behind a hyphen if there is one, otherwise anywhere."""
    while width(word, font) > room and len(word) > 1:
        length = max(1, bisect_right(range(1, len(word) + 1), room, key=lambda n: width(word[:n], font)))
        length = max(word.rfind(hyphen, 1, length) + 1 for hyphen in _HYPHENS) or length
        yield word[:length]
        word = word[length:]
    yield word
