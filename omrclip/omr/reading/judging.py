"""What the measured bubbles of a page mean.

First the page is described by its own marks and blanks (`habits_of`): blanks are nearly empty, marks are well above
them, and what lies between is for a person to look at. Then each bubble is given a kind, and the kinds of the bubbles
of one ChoiceBox decide what it says (`judge`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
import numpy.typing as npt

from omrclip.omr.reading.marks import Readings
from omrclip.omr.results import ElementStatus, MarkThresholds

Fills = npt.NDArray[np.float64]

SEVERAL = 5
"""Marks, and blanks, from which on a page shows what is usual on it."""
QUIET, OVER_NOISE, LEAST_STAIN = 0.95, 2.5, 0.03
"""The quantile of the blanks' fills that is their noise; how many times as much a stain has; and the fill, 0 to 1, that
is never less than a stain: on clean paper the noise is next to nothing, while dust, and letters that are printed
unevenly, fill single blanks up to 0.026."""
FAINTER, OF_FAINTER = 0.1, 0.3
"""The quantile of the marks' fills, and of their depths, that shows how faint the page's marks are; and the part of
that fill from which on a bubble is marked: what is fainter may be rubbed out, or be no mark."""
LONELY = 0.2
"""The fill from which on a bubble is marked where a page has too few marks to tell what is usual."""
ABOVE_BLANKS = 2.0
"""How many times as much ink as a blank bubble may have a mark has where its box asks for less than the page does. The
fills that part marks from blanks on pages without marks, 0.2 and 0.12, differ by 1.7."""
PALE, PALE_STROKE, BROAD = 0.69, 0.52, 0.5
"""The parts of the depth of the page's fainter marks under which a broad mark is pale, and a thin stroke, which blur
makes paler; and the breadth, 0 to 1, from which on a mark is broad. Of what is left of broad marks after rubbing them
out badly, the depth is up to 0.59, of broad marks that were meant it is 0.79 and more. What is left of thin strokes has
up to 0.46; those that were meant have 0.58 and more, in the blurred scan of a real form."""
SMUDGE = 0.25
"""The part of the fill of the page's fainter marks up to which something beside a mark is a smudge or a slip."""
CLEARLY = 4.0
"""How many times another one's fill a mark's must be, for the other not to count as marked too."""
OF_STRONGEST, CLEARLY_FILLED = 0.5, 0.5
"""The part of the strongest mark's fill that other marks of a box have, where the page's marks are alike; and the fill
from which on a mark is no stroke."""
SOLID, LINE = 0.8, 0.5
"""The fill of a bubble that is filled in, and the cover from which on a line runs through it on both sides."""
LINES_USUAL, LINES_BESIDE = 0.03, 0.2
"""The share of the page's marks that are lines through the bubble, from which on this is how the person marks; and the
share of such lines that may lie beside a bubble of twice their fill: a fold or a streak runs through those as well."""
CIRCLED, HALF_CIRCLED = 0.46, 0.2
"""The share of all directions in which there is a line around a bubble that is circled, and around one that may be.
Circles close to the outline have 0.5 and more, others 0.67; crosses have up to 0.42, and a circle around a neighbour
0.25."""
ENCIRCLED, HALF_ENCIRCLED = 1.6, 1.42
"""How many times as dark as usual it is around a bubble that is circled, where the person circles answers, and around
one that may be. Circles have 1.47 and more; circles around a neighbour leave up to 1.39, other blanks up to 1.25."""
MOST_STRAY = 0.12
"""How much just outside of a bubble's outline may be covered, 0 to 1, for its box to be blank."""
LEAST_LIKENESS = 0.3
"""The correlation with the printed outline from which on a bubble lies where it was looked for."""
MOST_MARKED = 0.6
"""The share of a page's bubbles that can be marked: more are an image too dark or too blurred to read."""

OF_CORRECTED = 0.6
"""The confidence, at the most, in an answer beside which something was crossed or rubbed out."""
OF_DOUBTFUL = 0.5
"""The confidence, at the most, in an answer that a person should look at."""


class Kind(Enum):
    """What one bubble is. The kinds from FAINT to SHADED may be marks, or may not."""

    BLANK = auto()
    MARKED = auto()
    CIRCLED = auto()
    FAINT = auto()
    PALE = auto()
    LINE = auto()
    SHADED = auto()
    CROSSED_OUT = auto()
    AROUND = auto()
    TOUCHED = auto()


MEANT = (Kind.MARKED, Kind.CIRCLED)
DOUBTFUL = {
    Kind.LINE: "Look at the scan: a line runs through a bubble. It may be a fold, or cross out a mark.",
    Kind.SHADED: "Look at the scan: it is as dark around a bubble as in it. There may be a shadow.",
    Kind.PALE: "Look at the scan: a mark is paler than the others, and may be rubbed out.",
    Kind.FAINT: "Look at the scan: a mark is faint.",
}
"""The kinds that may be marks, and what is said where nothing else is marked, the most telling first."""
ALL_CROSSED_OUT = "Look at the scan: a mark looks crossed out, and nothing else is marked."
AROUND = "Look at the scan: a bubble may be circled, and nothing else is marked."
INK_BESIDE = "Look at the scan: there is ink beside the bubbles, but no mark in them."
ANOTHER = "Look at the scan: beside the marked answer, another one may be marked."
ANOTHER_FAINTER = "Look at the scan: two answers are marked, one of them more faintly."
ONE_FAINTER = "Look at the scan: one of the marks is much fainter than another."
ALL_MARKED = "Look at the scan: all answers look marked."


@dataclass(frozen=True, slots=True)
class Habits:
    """What marks and blanks are like on one page.

    Attributes:
        marked: the fill from which on a bubble is marked.
        blank: the fill up to which it is blank; between both nobody can tell but a person.
        faint: the fill of the page's fainter marks.
        usual: the fill of its usual marks.
        depth: the depth of its fainter marks; 0 where there are too few to tell.
        lines: whether its marks may be lines that run through the bubble.
        circles: whether its marks are circles around the bubble.
    """

    marked: float
    blank: float
    faint: float = 1.0
    usual: float = 1.0
    depth: float = 0.0
    lines: bool = False
    circles: bool = False


@dataclass(frozen=True, slots=True)
class Bubbles:
    """The bubbles of one ChoiceBox, n of them: their kinds and fills, and what shows around them, see `Readings`."""

    kinds: Sequence[Kind]
    fills: Sequence[float]
    rings: Sequence[float]
    strays: Sequence[float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a ChoiceBox says: its status, which bubbles are marked, 0 to 1 how sure, and why a person should look."""

    status: ElementStatus
    marked: tuple[bool, ...]
    confidence: float
    message: str = ""


def habits_of(readings: Readings, boxes: Sequence[range], thresholds: MarkThresholds) -> Habits:
    """Describe a page by its own marks and blanks.

    Where the page's marks are full, a mark far from them was rubbed out or is a slip of the pen. Where its blanks are
    clean, whatever stands out from them is no noise. Where they are not clean, a mark has to stand out from them. These
    rules only make answers uncertain. They never turn a blank into a mark.

    Args:
        readings: of the page's bubbles.
        boxes: the numbers of the bubbles of each ChoiceBox.
        thresholds: the fills that part marks from blanks on every page.
    """
    fills = readings.fills
    stain = max(LEAST_STAIN, OVER_NOISE * _noise(fills, boxes))
    blank = min(thresholds.blank, stain)
    boxes = [box for box in boxes if box]
    darkest = np.array([box[int(np.argmax(fills[box.start : box.stop]))] for box in boxes], dtype=np.intp)
    marks = darkest[(fills[darkest] > stain) & ~_crossed_out(readings)[darkest]]
    circled = np.flatnonzero((fills <= blank) & (readings.rings >= CIRCLED))
    drawn = np.append(marks, circled)
    depth = float(np.quantile(readings.depths[drawn], FAINTER)) if len(drawn) >= SEVERAL else 0.0
    circles = len(circled) >= max(SEVERAL, int((fills >= CLEARLY_FILLED).sum()))
    if len(marks) < SEVERAL:
        return Habits(max(thresholds.marked, LONELY, stain), blank, depth=depth, circles=circles)
    faint, usual = (float(np.quantile(fills[marks], part)) for part in (FAINTER, 0.5))
    marked = max(thresholds.marked, stain, OF_FAINTER * faint)
    lines = _drawn_in_lines(readings, blank, boxes, darkest, marks)
    return Habits(marked, min(blank, marked), faint, usual, depth, lines, circles)


def _noise(fills: Fills, boxes: Sequence[range]) -> float:
    """How much is found in bubbles in which nothing is: all but the two darkest of each box, else the paler half."""
    rest = [np.sort(fills[box.start : box.stop])[:-2] for box in boxes if len(box) > 2]
    blanks = np.concatenate(rest) if rest else np.sort(fills)[: len(fills) // 2]
    return float(np.quantile(blanks, QUIET)) if len(blanks) >= SEVERAL else 0.0


def _crossed_out(readings: Readings) -> npt.NDArray[np.bool_]:
    """Which bubbles are filled in, and lines run through them on both sides."""
    return (readings.fills >= SOLID) & (readings.crossings >= LINE)


def _drawn_in_lines(
    readings: Readings,
    blank: float,
    boxes: Sequence[range],
    darkest: npt.NDArray[np.intp],
    marks: npt.NDArray[np.intp],
) -> bool:
    """Whether lines through bubbles are how the person marks: some marks are, and hardly any bubble beside a mark."""
    fills = readings.fills
    lines = (readings.crossings >= LINE) & (fills < SOLID) & (fills > blank)
    strongest = np.zeros(len(fills))
    for box, index in zip(boxes, darkest.tolist(), strict=True):
        strongest[box.start : box.stop] = fills[index]
    beside = lines & (fills < OF_STRONGEST * strongest)
    return bool(lines[marks].mean() >= LINES_USUAL and beside.sum() <= LINES_BESIDE * lines.sum())


def is_legible(readings: Readings, habits: Habits) -> bool:
    """Whether marks can be told from print at all: no person marks most of the bubbles of a page."""
    fills = readings.fills
    return len(fills) < 4 * SEVERAL or bool((fills >= habits.marked).mean() <= MOST_MARKED)


def kinds_of(readings: Readings, boxes: Sequence[range], habits: Habits) -> list[Kind]:
    """What each bubble is, by what is usual on its page.

    Args:
        readings: of the page's bubbles.
        boxes: the numbers of the bubbles of each ChoiceBox.
        habits: what is usual on the page.
    """
    fills, rings, dark_around = readings.fills, readings.rings, readings.rings + readings.shades
    # A bubble that does not lie where it was looked for shows its own print.
    elsewhere = (fills < CLEARLY_FILLED) & (readings.outlines < LEAST_LIKENESS)
    is_marked, stands_out = (fills >= habits.marked) & ~elsewhere, fills > habits.blank
    is_line = (readings.crossings >= LINE) & ~np.bool_(habits.lines)
    pale = np.where(readings.breadths >= BROAD, PALE, PALE_STROKE) * habits.depth
    darker = _darker_around(readings, boxes)
    # Where circles are usual, one that runs through the bubble is a circle too.
    may_be_filled = (fills < CLEARLY_FILLED) & darker & np.bool_(habits.circles)
    in_ring = (rings >= CIRCLED) & (readings.inks >= HALF_ENCIRCLED)
    # A shadow that covers half of a bubble is as dark around it as a circle, but has no paper on its other side.
    is_dark_by_line = (readings.inks >= ENCIRCLED) & (readings.shades < HALF_CIRCLED)
    conditions = [
        (Kind.CROSSED_OUT, _crossed_out(readings)),
        (Kind.CIRCLED, in_ring & ~is_marked),
        (Kind.CIRCLED, may_be_filled & ((rings >= CIRCLED) | is_dark_by_line)),
        (Kind.PALE, stands_out & (readings.depths < pale)),
        (Kind.SHADED, is_marked & (fills < CLEARLY_FILLED) & (dark_around >= CIRCLED)),
        (Kind.LINE, stands_out & is_line),
        (Kind.MARKED, is_marked),
        (Kind.FAINT, stands_out),
        (Kind.AROUND, darker),
        (Kind.TOUCHED, dark_around >= HALF_CIRCLED),
    ]
    chosen = np.select([which for _, which in conditions], list(range(len(conditions))), -1)
    return [Kind.BLANK if number < 0 else conditions[number][0] for number in chosen.tolist()]


def _darker_around(readings: Readings, boxes: Sequence[range]) -> npt.NDArray[np.bool_]:
    """Which bubbles have more ink around them than is usual on the page, and than others of their box have."""
    darker = readings.inks >= HALF_ENCIRCLED
    for box in boxes:
        own = slice(box.start, box.stop)
        if len(box) > 1 and darker[own].any():
            usual = np.sort(readings.inks[own])[(len(box) - 1) // 2]
            darker[own] &= readings.inks[own] >= HALF_ENCIRCLED * usual
    return darker


def with_threshold(bubbles: Bubbles, habits: Habits, threshold: float | None, thresholds: MarkThresholds) -> Bubbles:
    """Return the bubbles of a box that has a Threshold of its own.

    A Threshold above the page's limit is the fill that a mark needs: less is faint, never blank. One below it makes
    marks of faint ones, but neither of fills below `thresholds.marked`, nor of less than twice the ink that blank
    bubbles of the page may have.

    Args:
        bubbles: the box's.
        habits: what is usual on the page.
        threshold: percent of a bubble; None and 0 are none.
        thresholds: the fills that part marks from blanks on every page.
    """
    if not threshold:
        return bubbles
    own = threshold / 100
    least = max(own, thresholds.marked, min(habits.marked, ABOVE_BLANKS * habits.blank))
    kinds = [
        Kind.MARKED
        if kind is Kind.FAINT and fill >= least
        else Kind.FAINT
        if kind is Kind.MARKED and fill < own
        else kind
        for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True)
    ]
    return replace(bubbles, kinds=kinds)


def judge(bubbles: Bubbles, habits: Habits, *, several: bool) -> Judgement:
    """Say what a ChoiceBox means by the kinds of its bubbles.

    Args:
        bubbles: the box's, at least one.
        habits: what is usual on the page.
        several: whether several of the bubbles may be marked.
    """
    meant = tuple(kind in MEANT for kind in bubbles.kinds)
    sure = _confidence(bubbles, habits)
    if not any(meant):
        return _without_mark(bubbles, sure)
    message = _rivalled(bubbles, habits)
    if not message and sum(meant) > 1:
        return _several(bubbles, habits, meant, sure) if several else _too_many(bubbles, meant, sure)
    if message:
        return Judgement(ElementStatus.UNCERTAIN, meant, min(sure, OF_DOUBTFUL), message)
    return Judgement(ElementStatus.MARKED, meant, sure)


def _without_mark(bubbles: Bubbles, sure: float) -> Judgement:
    none = (False,) * len(bubbles.kinds)
    for kind, message in DOUBTFUL.items():
        if kind in bubbles.kinds:
            darkest = tuple(fill == max(bubbles.fills) for fill in bubbles.fills)
            return Judgement(ElementStatus.UNCERTAIN, darkest, min(sure, OF_DOUBTFUL), message)
    if Kind.CROSSED_OUT in bubbles.kinds:
        return Judgement(ElementStatus.UNCERTAIN, none, OF_DOUBTFUL, ALL_CROSSED_OUT)
    if Kind.AROUND in bubbles.kinds:
        around = tuple(kind is Kind.AROUND for kind in bubbles.kinds)
        return Judgement(ElementStatus.UNCERTAIN, around, min(sure, OF_DOUBTFUL), AROUND)
    if Kind.TOUCHED in bubbles.kinds or max(bubbles.strays) > MOST_STRAY:
        return Judgement(ElementStatus.UNCERTAIN, none, min(sure, OF_DOUBTFUL), INK_BESIDE)
    return Judgement(ElementStatus.BLANK, none, sure)


def _rivalled(bubbles: Bubbles, habits: Habits) -> str:
    """Why something beside a mark may be a mark too; "" where nothing is.

    What is pale beside a mark of twice its fill was rubbed out. What is dark, but small, is a smudge or a slip. What is
    dark around another bubble matters beside a circle: marks in bubbles reach beyond them.
    """
    if Kind.AROUND in bubbles.kinds and (habits.circles or Kind.CIRCLED in bubbles.kinds):
        return ANOTHER
    strongest = max(fill for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True) if kind in MEANT)
    for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True):
        most = OF_STRONGEST * strongest if kind is Kind.PALE else SMUDGE * habits.faint
        if fill > min(most, strongest) and kind in DOUBTFUL:
            return ANOTHER
    return ""


def _several(bubbles: Bubbles, habits: Habits, meant: tuple[bool, ...], sure: float) -> Judgement:
    """Several marks where they may be. Where a page's marks are alike, one that is much fainter may be none."""
    fills = [fill for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True) if kind is Kind.MARKED]
    alike = habits.faint >= OF_STRONGEST * habits.usual
    if alike and fills and min(fills) < OF_STRONGEST * max(fills):
        return Judgement(ElementStatus.UNCERTAIN, meant, min(sure, OF_DOUBTFUL), ONE_FAINTER)
    return Judgement(ElementStatus.MARKED, meant, sure)


def _too_many(bubbles: Bubbles, meant: tuple[bool, ...], sure: float) -> Judgement:
    """Several marks where only one may be."""
    fills = [fill for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True) if kind is Kind.MARKED]
    if all(meant) and len(meant) > 2 and min(bubbles.fills) < CLEARLY_FILLED:
        return Judgement(ElementStatus.UNCERTAIN, (False,) * len(meant), 0.0, ALL_MARKED)
    if fills and (len(fills) < sum(meant) or min(fills) * CLEARLY <= max(fills)):
        darkest = tuple(fill == max(bubbles.fills) for fill in bubbles.fills)
        return Judgement(ElementStatus.UNCERTAIN, darkest, min(sure, OF_DOUBTFUL), ANOTHER_FAINTER)
    message = f"Look at the scan: {sum(meant)} answers are marked where one is asked for."
    return Judgement(ElementStatus.MULTIPLE, meant, sure, message)


def _confidence(bubbles: Bubbles, habits: Habits) -> float:
    """0 to 1: how far the bubble nearest to the middle between blank and marked is from it.

    1 from half as far beyond on; less where something was crossed or rubbed out. A circle is sure by how far around the
    bubble it shows, and at least as sure as what is doubtful.
    """
    middle = (habits.marked + habits.blank) / 2
    reach = max(habits.marked * 1.5 - middle, 1e-9)
    sure = 1.0
    for kind, fill, ring in zip(bubbles.kinds, bubbles.fills, bubbles.rings, strict=True):
        if kind is Kind.CROSSED_OUT or kind is Kind.PALE:
            sure = min(sure, OF_CORRECTED)
        elif kind is Kind.CIRCLED:
            sure = min(sure, max((ring - HALF_CIRCLED) / (1 - HALF_CIRCLED), OF_DOUBTFUL))
        else:
            sure = min(sure, (middle - fill) / max(middle, 1e-9) if fill < middle else (fill - middle) / reach)
    return sure
