"""Blocks of numbered squares, as on lottery slips: their borders touch, or are one line, so that they are cells.

A table has wider cells, and words in its first row or column; boxes to write in are empty.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Boxes, Places, Shape

LEAST_IN_BLOCK, LEAST_ROWS = 20, 4
"""Squares of a block at least, and its rows and columns: a block of 49 numbers has 7, and boxes for a date have one."""
MOST_UNEVEN = 1.3
"""Ratio of the sides of a square at most: it has room for one number, and none for a word."""
SAME_SQUARE = 0.25
"""Relative difference of the sides of the squares of one block: some have the border of a neighbour."""
MOST_PITCH = 1.35
"""Distance of neighbours in a block, in sides of a square, at most: their borders are close to each other."""
SAME_LINE = 0.2
"""Distance of the centres of neighbours across the row or column in which they stand, in sides of a square."""
LEAST_NUMBERED = 0.9
"""Part of the squares of a block that have print in the middle, at least: letters of a puzzle leave more empty."""
MIDDLE = 0.25
"""Distance of the centre of the print from that of its square, in sides of the square, at most. Both digits of a number
are so near to it."""
NUMBER_HEIGHTS = (0.2, 0.75)
"""Height of the print in a square, in heights of the square."""


def numbered_blocks(shapes: Sequence[Shape], components: Boxes) -> dict[Shape, Shape]:
    """The cells that are squares of blocks, each with the bubble that it is.

    Args:
        shapes: the shapes of a page; of the squares of a block, some may share their borders, and some may not.
        components: the boxes of connected dark pixels.
    """
    squares = [shape for shape in shapes if _is_square(shape)]
    if all(square.kind != "cell" for square in squares) or len(squares) < LEAST_IN_BLOCK:
        return {}
    places = Places(squares)
    found: dict[Shape, Shape] = {}
    seen: set[Shape] = set()
    for square in squares:
        if square in seen:
            continue
        block, steps = _block(square, places)
        seen.update(block)
        if _is_block(block) and np.mean([_has_number(one, components) for one in block]) >= LEAST_NUMBERED:
            # A border that two squares share belongs to half to each.
            side = float(np.median(steps))
            found |= {
                one: replace(one, width=min(one.width, side), height=min(one.height, side), kind="outline")
                for one in block
                if one.kind == "cell"
            }
    return found


def _is_square(shape: Shape) -> bool:
    sides = shape.width / shape.height
    is_rectangle = shape.kind in ("cell", "outline") and shape.filled >= RECTANGLE_FILLED
    return is_rectangle and max(sides, 1 / sides) < MOST_UNEVEN


def _block(first: Shape, places: Places) -> tuple[list[Shape], list[float]]:
    """The squares that are neighbours of a square, or of these, and the distances of all these neighbours."""
    block, queue, steps = {first}, [first], []
    while queue:
        square = queue.pop()
        for other in places.near(square):
            if other is square or not _are_neighbours(square, other):
                continue
            steps.append(max(abs(other.x - square.x), abs(other.y - square.y)))
            if other not in block:
                block.add(other)
                queue.append(other)
    return list(block), steps


def _are_neighbours(one: Shape, other: Shape) -> bool:
    """Whether two squares of one size stand beside or below each other."""
    if max(abs(one.width / other.width - 1), abs(one.height / other.height - 1)) > SAME_SQUARE:
        return False
    across, down = abs(one.x - other.x) / one.width, abs(one.y - other.y) / one.height
    return min(across, down) < SAME_LINE and max(across, down) < MOST_PITCH


def _is_block(squares: Sequence[Shape]) -> bool:
    """Whether squares fill several rows and columns."""
    side = squares[0].size
    rows, columns = (
        int(1 + np.count_nonzero(np.diff(np.sort(centres)) > side / 2))
        for centres in ([one.y for one in squares], [one.x for one in squares])
    )
    return len(squares) >= LEAST_IN_BLOCK and min(rows, columns) >= LEAST_ROWS


def _has_number(square: Shape, components: Boxes) -> bool:
    """Whether a number is printed in the middle of a square."""
    centres = components[:, :2] + components[:, 2:] / 2
    is_near = np.abs(centres - (square.x, square.y)) < (MIDDLE * square.width, MIDDLE * square.height)
    low, high = (limit * square.height for limit in NUMBER_HEIGHTS)
    heights = components[:, 3]
    return bool((is_near.all(axis=1) & (heights > low) & (heights < high)).any())
