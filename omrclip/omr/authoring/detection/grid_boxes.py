"""Squares into which a letter or digit is written, and which are no bubbles.

They stand at the heads of the columns or rows of a digit grid, or close beside each other, for a name or a date.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from omrclip.omr.authoring.detection.examples import without_rows
from omrclip.omr.authoring.detection.grouping import Group
from omrclip.omr.authoring.detection.letter_rows import are_headed
from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Shape
from omrclip.omr.authoring.detection.stacking import ROW_TOLERANCE
from omrclip.omr.authoring.detection.surroundings import Surroundings, print_ratio
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage

ALIGNED = 0.35
"""Difference of the centres of a square and of the column below it, in widths of the square."""
FARTHEST = 2.5
"""Distance of the centres of a square and of the first bubble, in heights of the square, at most."""
LEAST_SIDE_MM = 4.5
"""Side of a square into which a letter is written by hand at least."""
LETTER_BOX_GAP = 0.25
"""Median gap between such squares, in their widths, at most. Bubbles stand further apart, so that a mark meets one."""
MANY_ROWS = 5
"""Rows of as many squares that are questions, at least: names and dates take fewer."""


def letter_boxes(page: WorkingPage, groups: Sequence[Group], around: Surroundings) -> set[int]:
    """Return the indexes of the groups that are empty squares close beside each other, without headings above them."""
    likely = {index for index, group in enumerate(groups) if _are_letter_boxes(page, group, around)}
    return without_rows(groups, {index for index in likely if not _is_of_many(groups, index, likely)})


def _is_of_many(groups: Sequence[Group], index: int, likely: set[int]) -> bool:
    """Whether so many rows, below or beside each other, have as many squares that they are the answers of questions."""
    count = len(groups[index].bubbles)
    return sum(len(groups[other].bubbles) == count for other in likely) >= MANY_ROWS


def _are_letter_boxes(page: WorkingPage, group: Group, around: Surroundings) -> bool:
    squares, first = group.bubbles, group.bubbles[0]
    if group.is_grid or len(squares) < 2 or min(first.width, first.height) < LEAST_SIDE_MM * PX_PER_MM:
        return False
    are_in_row = all(abs(square.y - first.y) < ROW_TOLERANCE * first.height for square in squares)
    gap = float(np.median([after.left - before.right for before, after in itertools.pairwise(squares)]))
    are_square = np.median([square.filled for square in squares]) >= RECTANGLE_FILLED
    if not are_in_row or not are_square or gap > LETTER_BOX_GAP * first.width:
        return False
    if any(print_ratio(page, square) for square in squares):
        return False
    return not are_headed([(square.left, square.top, square.right, square.bottom) for square in squares], around)


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
