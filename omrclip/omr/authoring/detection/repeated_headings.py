"""Rows of bubbles below headings that repeat, as "present, late, absent" for each day: several questions in one row.

A question names each of its answers once.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import Surroundings, Word

HEADING_REACH, HEADING_GAP = 3.0, 0.15
"""Top and bottom of the band above a row in which its headings are looked for, in heights of a bubble above the row."""
SAME_WIDTH_PX, SAME_WORD = 4.0, 0.7
"""Difference of the widths of a word that is printed twice, 0.4 mm, and the correlation of its pictures from which it
is the same: two words of one width are alike by 0.6."""


def in_questions(rows: Sequence[Sequence[Shape]], around: Surroundings, height: float) -> list[Sequence[Shape]]:
    """Part rows below each other where the headings above the first one begin again; the rows if they do not.

    Args:
        rows: bubbles from left to right, without text between them.
        around: the print around them.
        height: of a bubble.
    """
    columns = np.array([bubble.x for bubble in rows[0]])
    period = _period(_headings(rows[0], around, height))
    if not period:
        return list(rows)
    parts: list[list[Shape]] = []
    for row in rows:
        last = -1
        for bubble in row:
            part = int(np.abs(columns - bubble.x).argmin()) // period
            if part != last:
                parts.append([])
            parts[-1].append(bubble)
            last = part
    return list(parts)


def is_same_word(one: tuple[float, Word], other: tuple[float, Word]) -> bool:
    """Whether two pictures show one word."""
    is_as_wide = abs(one[0] - other[0]) < SAME_WIDTH_PX
    return is_as_wide and float((one[1] * other[1]).sum()) > SAME_WORD


def _headings(row: Sequence[Shape], around: Surroundings, height: float) -> list[tuple[float, Word] | None]:
    """What is printed in the line above a row over each bubble, from the middle between two to the next."""
    if len(row) < 4:
        return []
    half = min(right.x - left.x for left, right in itertools.pairwise(row)) / 2
    top = row[0].top
    left, right = row[0].x - half, row[-1].x + half
    line = around.bottom_of_print_above(left, top - HEADING_REACH * height, right, top - HEADING_GAP * height)
    if line is None:
        return []
    return [around.word(bubble.x - half, line[0], bubble.x + half, line[1]) for bubble in row]


def _period(words: Sequence[tuple[float, Word] | None]) -> int:
    """After how many words they begin again, 0 if they do not, or are one word only."""
    known = [word for word in words if word is not None]
    if len(known) < len(words):
        return 0
    for period in range(1, len(known) // 2 + 1):
        pairs = zip(known, known[period:], strict=False)
        if len(known) % period == 0 and all(is_same_word(one, other) for one, other in pairs):
            return period if period > 1 else 0
    return 0
