"""The levels of bubbles in a table: those in the cells of one row have one level, also above texts of several lines."""

from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.working_page import WorkingPage

LEAST_APART, MOST_APART = 0.3, 0.9
"""Difference of two levels, in heights of a bubble, from which they are two, and up to which cells of one row may have
them: a text of two lines moves the bubble above it by half a line."""
SAME_LINE = 0.3
"""Difference of the sides of two cells, in heights of a bubble, up to which one line of the table is their side."""
HIGHEST = 8.0
"""Distance of the upper and lower side of a cell from its bubble, in heights of the bubble, at most."""
FROM_SIDE_TO_SIDE, LEANING_PX = 0.9, 5
"""Part of the width of a cell that is dark where its upper or lower side is, and pixels by which such a line leans in
one cell. The feet of letters may run together, but are no line from side to side."""

_Cell = tuple[float, float, float, float]
"""Left, top, right and bottom."""


def levels(page: WorkingPage, bubbles: Sequence[Shape], height: float) -> dict[Shape, float]:
    """The vertical centre of each bubble, and in a row of a table the mean of the row.

    Args:
        page: the working page.
        bubbles: those of one size.
        height: theirs, in pixels of the working page.
    """
    found = {bubble: bubble.y for bubble in bubbles}
    steps = np.diff(np.sort(list(found.values()))) / height
    if not ((steps > LEAST_APART) & (steps < MOST_APART)).any():
        return found
    cells = {bubble: cell for bubble in bubbles if (cell := _cell(page, bubble)) is not None}
    for row in _rows(_with_one_bubble(cells), height):
        middle = float(np.mean([bubble.y for bubble in row]))
        if max(abs(bubble.y - middle) for bubble in row) < MOST_APART * height:
            found.update(dict.fromkeys(row, middle))
    return found


def _cell(page: WorkingPage, bubble: Shape) -> _Cell | None:
    """The cell of a table in which a bubble stands; None without a line at each side."""
    beside = page.vertical[round(bubble.y)]
    before, behind = np.flatnonzero(beside[: round(bubble.left)]), np.flatnonzero(beside[round(bubble.right) :])
    if not (before.size and behind.size):
        return None
    left, right = int(before[-1]), round(bubble.right) + int(behind[0])
    highest = max(0, round(bubble.top - HIGHEST * bubble.height))
    part = page.horizontal[highest : round(bubble.bottom + HIGHEST * bubble.height), left + 1 : right]
    # A line that leans a little is in several rows of pixels.
    lines = cv2.dilate(part, np.ones((LEANING_PX, 1), np.uint8))
    sides = highest + np.flatnonzero((lines > 0).mean(axis=1) > FROM_SIDE_TO_SIDE)
    above, below = sides[sides < bubble.top], sides[sides > bubble.bottom]
    if not (above.size and below.size):
        return None
    return float(left), float(above[-1]), float(right), float(below[0])


def _with_one_bubble(cells: dict[Shape, _Cell]) -> dict[Shape, _Cell]:
    """The cells with one bubble: a frame with several is no row."""
    if not cells:
        return {}
    places = np.array([(bubble.x, bubble.y) for bubble in cells])
    return {
        bubble: cell
        for bubble, cell in cells.items()
        if np.count_nonzero(((places > cell[:2]) & (places < cell[2:])).all(axis=1)) == 1
    }


def _rows(cells: dict[Shape, _Cell], height: float) -> list[list[Shape]]:
    """The bubbles in cells with the same upper and lower side."""
    rows: list[list[Shape]] = []
    for bubble in sorted(cells, key=lambda each: cells[each][1]):
        sides = cells[bubble][1::2]
        last = cells[rows[-1][-1]][1::2] if rows else None
        if last and max(abs(one - other) for one, other in zip(sides, last, strict=True)) < SAME_LINE * height:
            rows[-1].append(bubble)
        else:
            rows.append([bubble])
    return rows
