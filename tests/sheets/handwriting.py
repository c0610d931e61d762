"""Writes names, dates, comments and signatures as pen strokes, each time a little differently."""

from dataclasses import dataclass, replace

import numpy as np

from tests.sheets.glyphs import ADVANCE_GAP, Points, advance_of, strokes_of
from tests.sheets.layout import Area
from tests.sheets.pens import Pen, Trace, bend, trace

TALL = 18.0  # letter units
TAIL = 8.0
LINE_UNITS = TALL + TAIL


@dataclass(frozen=True, slots=True)
class Hand:
    """How someone writes. `slant` is x per y, `shake` in letter units, `size` a part of the room's height."""

    slant: float = 0.18
    shake: float = 0.45
    size: float = 0.62
    spacing: float = 1.0


def write_line(
    text: str, room: Area, hand: Hand, pen: Pen, rng: np.random.Generator, indent: tuple[float, float] = (0.05, 0.35)
) -> list[list[Trace]]:
    """One line of text in the room (mm), its strokes grouped by word; `indent` of the spare width stands before it."""
    unit = _unit(text, room, hand)
    x = room.left + (room.width - _length(text, hand) * unit) * rng.uniform(*indent)
    baseline = room.top + room.height / 2 + unit * (TALL - TAIL) / 2.2
    rise = rng.normal(-0.006, 0.007)
    words = []
    for word in text.split(" "):
        words.append(_word(word, x, baseline + rise * (x - room.left), unit, hand, pen, rng))
        x += (_length(word, hand) + advance_of(" ") * hand.spacing) * unit
    return words


def write_lines(
    lines: tuple[str, ...], places: int, room: Area, hand: Hand, pen: Pen, rng: np.random.Generator
) -> list[list[Trace]]:
    """Lines of one letter size, from the room's left edge, in a room for `places` lines or more if there are more."""
    height = room.height / max(places, len(lines))
    rooms = [Area(room.left, room.top + i * height, room.width, height) for i in range(len(lines))]
    narrowest = min(_unit(line, place, hand) for line, place in zip(lines, rooms, strict=True))
    even = replace(hand, size=narrowest * LINE_UNITS / height)
    words = []
    for line, place in zip(lines, rooms, strict=True):
        words += write_line(line, place, even, pen, rng, (0.0, 0.02))
    return words


def _unit(text: str, room: Area, hand: Hand) -> float:
    """Millimetres per letter unit, such that the text fits into the room."""
    return min(room.height * hand.size / LINE_UNITS, room.width * 0.96 / _length(text, hand))


def _length(text: str, hand: Hand) -> float:
    return sum(advance_of(letter) for letter in text) * hand.spacing + TALL * abs(hand.slant)


def _word(
    word: str, x: float, baseline: float, unit: float, hand: Hand, pen: Pen, rng: np.random.Generator
) -> list[Trace]:
    traces, at = [], 0.0
    for letter in word:
        lift, grow = rng.normal(0.0, 0.35), rng.normal(1.0, 0.04)
        for stroke in strokes_of(letter):
            points = _shaken(stroke * grow, hand, rng) + np.array([at, lift])
            traces.append(trace(bend(_on_paper(points, x, baseline, unit, hand.slant)), pen, rng))
        at += advance_of(letter) * hand.spacing * rng.normal(1.0, 0.04)
    return traces


def _shaken(points: Points, hand: Hand, rng: np.random.Generator) -> Points:
    shaken: Points = points + rng.normal(0.0, hand.shake, points.shape)
    return shaken


def _on_paper(points: Points, x: float, baseline: float, unit: float, slant: float) -> Points:
    """Letter units (y upwards) to mm on the paper (y downwards)."""
    return np.column_stack([x + (points[:, 0] + slant * points[:, 1]) * unit, baseline - points[:, 1] * unit])


def sign(name: str, room: Area, hand: Hand, pen: Pen, rng: np.random.Generator) -> list[list[Trace]]:
    """A signature: the letters run into one another and flatten towards the end, with a stroke below."""
    runs = [_run(word, hand, rng) for word in name.split(" ")]
    starts = np.cumsum([0.0, *(float(run[:, 0].max()) + 4.0 for run in runs[:-1])])
    placed = [run + np.array([start, 0.0]) for run, start in zip(runs, starts, strict=True)]
    span = float(placed[-1][:, 0].max())
    unit = min(room.height * 0.78 / LINE_UNITS, room.width * 0.86 / (span + TALL * hand.slant))
    x = room.left + (room.width - span * unit) * rng.uniform(0.2, 0.5)
    baseline = room.top + room.height * 0.66
    lines = [_on_paper(run, x, baseline, unit, hand.slant + 0.15) for run in (*placed, _flourish(span, rng))]
    return [[trace(bend(line), pen, rng) for line in lines]]


def _run(word: str, hand: Hand, rng: np.random.Generator) -> Points:
    """The letters' main strokes joined into one line."""
    parts, at = [], 0.0
    for i, letter in enumerate(word):
        flat = 1.25 if i == 0 else max(0.5, 1.0 - 0.08 * i)
        stroke = strokes_of(letter)[0][:: 1 if i < 3 else 2] * (1.15, flat)
        parts.append(_shaken(stroke, hand, rng) + np.array([at, 0.0]))
        at += (advance_of(letter) - ADVANCE_GAP * 0.3) * 1.15
    return np.vstack(parts)


def _flourish(span: float, rng: np.random.Generator) -> Points:
    """The stroke below a signature, in letter units."""
    points = np.array([[span, 1.0], [span * 1.06, 2.5], [span * 0.95, -3.0], [span * 0.35, -5.5], [span * 0.15, -5.0],
                       [span * 0.6, -4.2], [span * 1.02, -3.2]])  # fmt: skip
    shaken: Points = points + rng.normal(0.0, 0.4, points.shape)
    return shaken
