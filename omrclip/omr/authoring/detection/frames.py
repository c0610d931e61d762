"""Lines of tables and frames that part lists: a row without bubbles is a heading, and two frames hold two questions."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import Surroundings
from omrclip.omr.authoring.detection.working_page import WorkingPage

LEAST_HEADING = 0.9
"""Distance of the two lines of a heading, in heights of a bubble, at least. Double lines are nearer."""
HEADING_REACH = 10.0
"""Width at the right of the bubbles in which the words of a heading are looked for, in heights of a bubble: a short
heading stands in the middle of its column."""
LINE_PART = 0.8
"""Part of a width or height that is dark from which a line stands there: a line that leans a little is not dark in one
row of pixels."""
LEANING_PX = 3
"""Pixels by which a line may lean between two rows."""
FRAMED_SIDES = 2
"""Vertical lines between two lists in frames of their own: a table has one line between its columns."""


def has_heading_between(page: WorkingPage, around: Surroundings, upper: Shape, lower: Shape) -> bool:
    """Whether a row of a table without bubbles, which is a heading, stands between two bubbles below each other."""
    top, bottom = round(upper.bottom), round(lower.top)
    least = LEAST_HEADING * upper.height
    if bottom - max(0, top) <= least:
        return False
    left, right = round(min(upper.left, lower.left)), round(max(upper.right, lower.right) + upper.height)
    lines = _lines(page.horizontal[max(0, top) : bottom, max(0, left) : right], axis=1)
    return any(
        below[0] - above[1] > least
        and around.has_print(left, top + above[1], right + HEADING_REACH * upper.height, top + below[0])
        for above, below in itertools.pairwise(lines)
    )


def are_in_two_frames(page: WorkingPage, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
    """Whether lines that go on from row to row close the frames of two lists beside each other.

    The sides of cells that stand apart end with their row.
    """
    shorter = min((left, right), key=len)
    start, end = max(bubble.right for bubble in left), min(bubble.left for bubble in right)
    if start >= end:
        return False
    gap = page.vertical[:, round(start) : round(end)]
    bands = [gap[max(0, round(upper.top)) : round(lower.bottom)] for upper, lower in itertools.pairwise(shorter)]
    return bool(bands) and all(len(_lines(band, axis=0)) >= FRAMED_SIDES for band in bands)


def _lines(part: Grey, axis: int) -> list[tuple[int, int]]:
    """The first and last place of each line across a part of the page."""
    if not part.any():
        return []
    thick = cv2.dilate(part, np.ones((LEANING_PX, LEANING_PX), np.uint8))
    places = np.flatnonzero((thick > 0).mean(axis=axis) > LINE_PART)
    if not places.size:
        return []
    pieces = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return [(int(piece[0]), int(piece[-1])) for piece in pieces]
