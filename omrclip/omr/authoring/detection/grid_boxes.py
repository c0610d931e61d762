"""Squares at the heads of the columns or rows of a digit grid: a digit is written into each, and none is a bubble."""

from collections.abc import Sequence

from omrclip.omr.authoring.detection.grouping import Group
from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Shape

ALIGNED = 0.35
"""Difference of the centres of a square and of the column below it, in widths of the square."""
FARTHEST = 2.5
"""Distance of the centres of a square and of the first bubble, in heights of the square, at most."""


def boxes_of_grids(groups: Sequence[Group]) -> set[int]:
    """Return the indexes of the groups whose squares all stand at the head of a column or row of a grid."""
    heads = [(group.direction == "Vertical", row[0]) for group in groups if group.is_grid for row in group.rows]
    return {
        index
        for index, group in enumerate(groups)
        if not group.is_grid and all(any(_is_at(square, *head) for head in heads) for square in group.bubbles)
    }


def _is_at(square: Shape, is_column: bool, first: Shape) -> bool:
    """Whether a square stands above the first bubble of a column, or at the left of that of a row."""
    across, down = first.x - square.x, first.y - square.y
    along, aside = (down, across) if is_column else (across, down)
    is_square = square.filled >= RECTANGLE_FILLED
    return is_square and 0 < along < FARTHEST * square.height and abs(aside) < ALIGNED * square.width
