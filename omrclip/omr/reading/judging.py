"""Decide which bubbles of a page are marked.

First the page is described by its own marks and blanks (`habits_of`): blanks are nearly empty, marks have clearly more
ink, and fills in between are uncertain. Then each bubble gets a kind (`kinds_of`). The kinds of the bubbles of a
ChoiceBox decide its status and value (`judge`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
import numpy.typing as npt

from omrclip.omr.reading.marks import Readings
from omrclip.omr.results import ElementStatus, MarkThresholds
from omrclip.wording import Wording

Fills = npt.NDArray[np.float64]

SEVERAL = 5
"""Marks, or blanks, from which a page shows what is usual on it."""
QUIET, OVER_NOISE, LEAST_STAIN = 0.95, 2.5, 0.03
"""The quantile of the fills of blanks that is their noise; a stain as a multiple of the noise; and the least fill, 0 to
1, of a stain. On clean paper the noise is nearly 0, but dust and unevenly printed letters fill single blanks up to
0.026."""
FAINTER, OF_FAINTER = 0.1, 0.3
"""The quantile of the fills and depths of marks that shows how faint the page's marks are; and the part of that fill
from which a bubble is marked. A fainter mark may be rubbed out, or no mark."""
LONELY = 0.2
"""The fill from which a bubble is marked if a page has too few marks to show what is usual."""
ABOVE_BLANKS = 2.0
"""The least fill of a mark, as a multiple of the most that a blank bubble may have, in a box whose Threshold is below
the page's limit. The limits for marks and blanks on pages without marks were 0.2 and 0.12, which differ by 1.7."""
PALE, PALE_STROKE, BROAD = 0.69, 0.52, 0.5
"""The depths, as parts of the depth of the page's fainter marks, below which a broad mark and a thin stroke are pale;
and the breadth, 0 to 1, from which a mark is broad. Blur makes thin strokes paler. Residues of badly erased broad marks
have depths up to 0.59, intended broad marks 0.79 and more. Residues of thin strokes have up to 0.46, intended ones 0.58
and more, in the blurred scan of a real form."""
SMUDGE = 0.25
"""The fill up to which ink beside a mark is a smudge or a slip, as a part of the fill of the page's fainter marks."""
CLEARLY = 4.0
"""Ratio of the fills of two marks of a box from which the fainter one does not clearly count as marked too."""
OF_STRONGEST, CLEARLY_FILLED = 0.5, 0.5
"""The fill of other marks of a box as a part of that of its strongest mark, on pages whose marks are alike; and the
fill from which a mark is no stroke."""
SOLID, LINE = 0.8, 0.5
"""The fill of a bubble that is filled in, and the cover from which a line runs through it on both sides."""
LINES_USUAL, LINES_BESIDE = 0.03, 0.2
"""The share of the page's marks that are lines through the bubble, from which the person marks in this way; and the
share of such lines that may lie beside a bubble with twice their fill. Folds and streaks run through those too."""
CIRCLED, HALF_CIRCLED = 0.46, 0.2
"""The share of all directions in which a line lies around a bubble that is circled, and around one that may be circled.
Circles close to the outline have 0.5 and more, others 0.67. Crosses have up to 0.42, and a circle around a neighbour
0.25."""
ENCIRCLED, HALF_ENCIRCLED = 1.6, 1.42
"""The darkness around a bubble that is circled, on pages with circled answers, and around one that may be circled, as
multiples of the usual. Circles have 1.47 and more, neighbours of circles up to 1.39, other blanks up to 1.25."""
MOST_STRAY = 0.12
"""The cover just outside of a bubble's outline, 0 to 1, up to which its box may be blank."""
LEAST_LIKENESS = 0.3
"""The correlation with the printed outline from which a bubble lies at its expected place."""
MOST_MARKED = 0.6
"""The share of a page's bubbles that can be marked. With more, the image is too dark or too blurred to read."""

OF_CORRECTED = 0.6
"""The highest confidence of an answer beside which a mark was crossed out or erased."""
OF_DOUBTFUL = 0.5
"""The highest confidence of an answer that a person should check."""


class Kind(Enum):
    """The kind of one bubble. For the kinds from FAINT to SHADED it is uncertain whether they are marks."""

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
    Kind.LINE: Wording(
        "line", "Look at the scan: a line runs through a bubble. It may be a fold, or cross out a mark."
    )(),
    Kind.SHADED: Wording(
        "shaded", "Look at the scan: it is as dark around a bubble as in it. There may be a shadow."
    )(),
    Kind.PALE: Wording("pale", "Look at the scan: a mark is paler than the others, and may be rubbed out.")(),
    Kind.FAINT: Wording("faint", "Look at the scan: a mark is faint.")(),
}
"""The kinds that may be marks, and their messages if nothing else is marked. The first one that occurs is used."""
ALL_CROSSED_OUT = Wording("crossed_out", "Look at the scan: a mark looks crossed out, and nothing else is marked.")()
AROUND = Wording("circled", "Look at the scan: a bubble may be circled, and nothing else is marked.")()
INK_BESIDE = Wording("ink_beside", "Look at the scan: there is ink beside the bubbles, but no mark in them.")()
ANOTHER = Wording("another", "Look at the scan: beside the marked answer, another one may be marked.")()
ANOTHER_FAINTER = Wording("another_fainter", "Look at the scan: two answers are marked, one of them more faintly.")()
ONE_FAINTER = Wording("one_fainter", "Look at the scan: one of the marks is much fainter than another.")()
ALL_MARKED = Wording("all_marked", "Look at the scan: all answers look marked.")()
TOO_MANY = Wording("too_many", "Look at the scan: {n} answers are marked where one is asked for.")


@dataclass(frozen=True, slots=True)
class Habits:
    """The properties of marks and blanks on one page.

    Attributes:
        marked: the fill from which a bubble is marked.
        blank: the fill up to which it is blank. Fills between both are uncertain.
        faint: the fill of the page's fainter marks.
        usual: the median fill of its marks.
        depth: the depth of its fainter marks; 0 if there are too few.
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
    """The n bubbles of one ChoiceBox: their kinds, fills, rings and strays, see `Readings`."""

    kinds: Sequence[Kind]
    fills: Sequence[float]
    rings: Sequence[float]
    strays: Sequence[float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of a ChoiceBox.

    Attributes:
        status: the status of its value.
        marked: which bubbles are marked.
        confidence: 0 to 1.
        message: why a person should check it, or "".
    """

    status: ElementStatus
    marked: tuple[bool, ...]
    confidence: float
    message: str = ""


def habits_of(readings: Readings, boxes: Sequence[range], thresholds: MarkThresholds) -> Habits:
    """Describe a page by its own marks and blanks.

    If the page's marks are full, a much fainter mark was erased or is a slip of the pen. If its blanks are clean, a
    bubble with more ink is not noise. If they are not clean, a mark must have clearly more ink than they have. These
    rules only make answers uncertain. They never turn a blank into a mark.

    Args:
        readings: the measures of the page's bubbles.
        boxes: the range of the bubbles of each ChoiceBox.
        thresholds: the limits of the request for marks and blanks.
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
    """Return the noise of unmarked bubbles: all but the two darkest of each box.

    If no box has more than two, it is the noise of the paler half of all bubbles.
    """
    rest = [np.sort(fills[box.start : box.stop])[:-2] for box in boxes if len(box) > 2]
    blanks = np.concatenate(rest) if rest else np.sort(fills)[: len(fills) // 2]
    return float(np.quantile(blanks, QUIET)) if len(blanks) >= SEVERAL else 0.0


def _crossed_out(readings: Readings) -> npt.NDArray[np.bool_]:
    """Return (n,) which bubbles are filled in and have lines through them on both sides."""
    return (readings.fills >= SOLID) & (readings.crossings >= LINE)


def _drawn_in_lines(
    readings: Readings,
    blank: float,
    boxes: Sequence[range],
    darkest: npt.NDArray[np.intp],
    marks: npt.NDArray[np.intp],
) -> bool:
    """Return whether the person marks by lines through bubbles: some marks are lines, and few bubbles beside marks."""
    fills = readings.fills
    lines = (readings.crossings >= LINE) & (fills < SOLID) & (fills > blank)
    strongest = np.zeros(len(fills))
    for box, index in zip(boxes, darkest.tolist(), strict=True):
        strongest[box.start : box.stop] = fills[index]
    beside = lines & (fills < OF_STRONGEST * strongest)
    return bool(lines[marks].mean() >= LINES_USUAL and beside.sum() <= LINES_BESIDE * lines.sum())


def is_legible(readings: Readings, habits: Habits) -> bool:
    """Return whether marks can be distinguished from print. No person marks most of the bubbles of a page."""
    fills = readings.fills
    return len(fills) < 4 * SEVERAL or bool((fills >= habits.marked).mean() <= MOST_MARKED)


def kinds_of(readings: Readings, boxes: Sequence[range], habits: Habits) -> list[Kind]:
    """Return the kind of each bubble.

    Args:
        readings: the measures of the page's bubbles.
        boxes: the range of the bubbles of each ChoiceBox.
        habits: the properties of the page's marks and blanks.
    """
    fills, rings, dark_around = readings.fills, readings.rings, readings.rings + readings.shades
    # At a bubble that does not lie at its expected place, its own print looks like a mark.
    elsewhere = (fills < CLEARLY_FILLED) & (readings.outlines < LEAST_LIKENESS)
    is_marked, stands_out = (fills >= habits.marked) & ~elsewhere, fills > habits.blank
    is_line = (readings.crossings >= LINE) & ~np.bool_(habits.lines)
    pale = np.where(readings.breadths >= BROAD, PALE, PALE_STROKE) * habits.depth
    darker = _darker_around(readings, boxes)
    # On pages with circled answers, a circle may run through the bubble.
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
    """Return (n,) which bubbles have more ink around them than is usual on the page and in their box."""
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
        habits: the properties of the page's marks and blanks.
        threshold: percent of a bubble; None and 0 mean none.
        thresholds: the limits of the request for marks and blanks.
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
    """Return the result of a ChoiceBox by the kinds of its bubbles.

    Args:
        bubbles: those of the box, at least one.
        habits: the properties of the page's marks and blanks.
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
    """Return why another bubble beside a mark may be marked too, or "".

    A pale mark beside one with twice its fill was erased. A dark but small mark is a smudge or a slip. Ink around
    another bubble counts beside a circle only, because marks in bubbles reach beyond their outlines.
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
    """Return the result of several marks where they are allowed. A mark much fainter than others may be none."""
    fills = [fill for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True) if kind is Kind.MARKED]
    alike = habits.faint >= OF_STRONGEST * habits.usual
    if alike and fills and min(fills) < OF_STRONGEST * max(fills):
        return Judgement(ElementStatus.UNCERTAIN, meant, min(sure, OF_DOUBTFUL), ONE_FAINTER)
    return Judgement(ElementStatus.MARKED, meant, sure)


def _too_many(bubbles: Bubbles, meant: tuple[bool, ...], sure: float) -> Judgement:
    """Return the result of several marks where only one is allowed."""
    fills = [fill for kind, fill in zip(bubbles.kinds, bubbles.fills, strict=True) if kind is Kind.MARKED]
    if all(meant) and len(meant) > 2 and min(bubbles.fills) < CLEARLY_FILLED:
        return Judgement(ElementStatus.UNCERTAIN, (False,) * len(meant), 0.0, ALL_MARKED)
    if fills and (len(fills) < sum(meant) or min(fills) * CLEARLY <= max(fills)):
        darkest = tuple(fill == max(bubbles.fills) for fill in bubbles.fills)
        return Judgement(ElementStatus.UNCERTAIN, darkest, min(sure, OF_DOUBTFUL), ANOTHER_FAINTER)
    return Judgement(ElementStatus.MULTIPLE, meant, sure, TOO_MANY(n=sum(meant)))


def _confidence(bubbles: Bubbles, habits: Habits) -> float:
    """Return the confidence, 0 to 1.

    It is the distance of the bubble nearest to the middle between the limits for blank and marked, 1 for a fill of 1.5
    times the limit for marked. It is less if a mark was crossed out or erased. For a circle it depends on the part of
    the directions in which the circle was seen, and is at least OF_DOUBTFUL.
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
