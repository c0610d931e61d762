"""The direction of text: the order in which the letters of a line are drawn, from left to right.

This is the Unicode bidirectional algorithm (Unicode Standard Annex 9) without the characters that embed a direction.
The names of the rules, such as W1, are those of the standard.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby

from arabic_reshaper import ArabicReshaper

_STRONG = ("L", "R", "AL")
_OPENING, _CLOSING = "([{", ")]}"
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction is Hebrew, Arabic or another that is written from right to left."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind for kind in kinds if kind in _STRONG), "L") != "L"


@lru_cache(maxsize=20_000)
def drawn_order(text: str, is_from_right: bool) -> str:
    """The letters of one line from left to right, with the joined forms of Arabic letters.

    Args:
        text: in the order in which it is read.
        is_from_right: the direction of the paragraph to which the line belongs.
    """
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    if not is_from_right and not any(kind in ("R", "AL", "AN") for kind in kinds):
        return text
    if "AL" in kinds:
        text = str(_reshaper().reshape(text))
    levels = _levels(text, 1 if is_from_right else 0)
    order = list(range(len(text)))
    for level in range(max(levels, default=0), 0, -1):  # L2
        parts = groupby(order, key=lambda index: levels[index] >= level)
        order = [index for turned, part in parts for index in (reversed(list(part)) if turned else part)]
    drawn = [text[index].translate(_MIRRORED) if levels[index] % 2 else text[index] for index in order]  # L4
    return "".join(_marks_behind(drawn, [levels[index] for index in order]))


@cache
def _reshaper() -> ArabicReshaper:
    return ArabicReshaper({"ARABIC LIGATURE ALLAH": False})  # the bundled fonts do not have it


def _marks_behind(letters: Sequence[str], levels: Sequence[int]) -> list[str]:
    """Letters whose accents and points stand behind them, where turning put these before them (L3)."""
    made: list[str] = []
    marks: list[str] = []
    for letter, level in zip(letters, levels, strict=True):
        if level % 2 and unicodedata.bidirectional(letter) == "NSM":
            marks.append(letter)
            continue
        made += [letter, *reversed(marks)]
        marks = []
    return made + marks


def _levels(text: str, base: int) -> list[int]:
    """The level of each letter: even from left to right, odd from right to left."""
    own = "R" if base else "L"
    kinds = _resolved([unicodedata.bidirectional(letter) or "L" for letter in text], own)
    _resolve_brackets(text, kinds, own)
    for begin, end in _runs(kinds):  # N1 and N2
        before = _side(kinds[begin - 1]) if begin else own
        behind = _side(kinds[end]) if end < len(kinds) else own
        kinds[begin:end] = [before if before == behind else own] * (end - begin)
    level = {"L": 2 * base, "R": 1, "EN": 2, "AN": 2}
    return [level[kind] for kind in kinds]


def _resolved(kinds: list[str], own: str) -> list[str]:
    """Kinds of letters L, R, EN and AN (numbers), and ON for all others (W1 to W7)."""
    before, strong = own, own
    for index, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[index] = before
        elif kind in _STRONG:
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[index] = "AN"
        before = kinds[index]
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for index in range(1, len(kinds) - 1):
        around = kinds[index - 1]
        joins = ("EN",) if kinds[index] == "ES" else ("EN", "AN") if kinds[index] == "CS" else ()
        if around in joins and around == kinds[index + 1]:
            kinds[index] = around
    made: list[str] = []
    for kind, part in groupby(kinds):  # signs such as % and € beside a number belong to it
        made += ["ET" if kind == "ET" else kind if kind in ("L", "R", "EN", "AN") else "ON"] * len(list(part))
    for begin, end in _runs(made, "ET"):
        is_beside = (begin and made[begin - 1] == "EN") or (end < len(made) and made[end] == "EN")
        made[begin:end] = ["EN" if is_beside else "ON"] * (end - begin)
    strong = own
    for index, kind in enumerate(made):
        strong = kind if kind in _STRONG else strong
        made[index] = "L" if kind == "EN" and strong == "L" else kind
    return made


def _resolve_brackets(text: str, kinds: list[str], own: str) -> None:
    """Give both brackets of a pair one direction, by what they contain (N0)."""
    for begin, end in _pairs(text, kinds):
        inside = {_side(kind) for kind in kinds[begin + 1 : end] if kind != "ON"}
        if own in inside:
            kinds[begin] = kinds[end] = own
        elif inside:
            before = next((_side(kind) for kind in reversed(kinds[:begin]) if kind != "ON"), own)
            kinds[begin] = kinds[end] = before


def _pairs(text: str, kinds: Sequence[str]) -> list[tuple[int, int]]:
    opened: list[int] = []
    pairs: list[tuple[int, int]] = []
    for index, letter in enumerate(text):
        if kinds[index] == "ON" and letter in _OPENING:
            opened.append(index)
        elif kinds[index] == "ON" and letter in _CLOSING:
            matching = _OPENING[_CLOSING.index(letter)]
            at = next((at for at in reversed(range(len(opened))) if text[opened[at]] == matching), None)
            if at is not None:
                pairs.append((opened[at], index))
                del opened[at:]
    return sorted(pairs)


def _side(kind: str) -> str:
    """The direction that a letter gives to signs beside it: numbers count as from right to left."""
    return "L" if kind == "L" else "R"


def _runs(kinds: Sequence[str], of: str = "ON") -> list[tuple[int, int]]:
    """Where runs of a kind begin and end."""
    runs, at = [], 0
    for kind, part in groupby(kinds):
        length = len(list(part))
        if kind == of:
            runs.append((at, at + length))
        at += length
    return runs
