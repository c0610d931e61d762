"""Rows of bubbles of several sizes: a scale whose ends are larger, or one printed size that was measured as two.

The bubbles of a row stand at one distance, whatever their sizes are. So a row tells better than sizes what belongs
together: two questions beside each other have a wider space between them, or print.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.size_classes import SizeClass, size_class
from omrclip.omr.authoring.detection.surroundings import Surroundings

LEAST_IN_ROW = 4
"""Bubbles of several sizes at one distance from which they are a row: three may stand so by chance."""
SAME_LEVEL = 0.2
"""Difference of the centres of neighbours in a row, in heights of the lower one."""
SAME_STEP = 0.08
"""Relative difference of the distances of neighbours, or of the gaps between them, that are the same."""
MOST_GAP = 6.0
"""Gap between neighbours of a row, in heights of the lower one, at most: those of a table below words have 4."""
BAND = 0.55
"""Half the height of the band between neighbours that has no print, in heights of the lower one."""
TWO_SIZES = 1.32
"""Ratio of the largest and the smallest side from which these are two sizes: those of one differ by 14 % from it."""


def with_mixed_rows(classes: Sequence[SizeClass], around: Surroundings) -> list[SizeClass]:
    """Put the bubbles of rows of several sizes together; the others stay with those of their size."""
    size_of = {bubble: number for number, one in enumerate(classes) for bubble in one.bubbles}
    if len(classes) < 2:
        return list(classes)
    mixed = [row for row in _rows(list(size_of), around) if len({size_of[bubble] for bubble in row}) > 1]
    sets: list[tuple[set[int], list[Shape]]] = []
    for row in mixed:
        numbers, bubbles = {size_of[bubble] for bubble in row}, list(row)
        for each in [each for each in sets if each[0] & numbers]:
            sets.remove(each)
            numbers, bubbles = numbers | each[0], [*each[1], *bubbles]
        sets.append((numbers, bubbles))
    taken = {bubble for row in mixed for bubble in row}
    free = [[bubble for bubble in one.bubbles if bubble not in taken] for one in classes]
    return [size_class(bubbles) for bubbles in (*free, *(bubbles for _, bubbles in sets)) if bubbles]


def smallest_size(bubbles: Sequence[Shape]) -> tuple[float, float]:
    """Width and height of some bubbles: the medians, or those of the smaller ones if they have two sizes.

    The smaller area lies inside of all of them, and a mark covers it.
    """
    sides = np.array([(bubble.width, bubble.height) for bubble in bubbles])
    least, most = sides.min(axis=0), sides.max(axis=0)
    size = np.sqrt(sides.prod(axis=1))
    if (most > TWO_SIZES * least).any():
        sides = sides[size <= np.sqrt(size.min() * size.max())]
    width, height = np.median(sides, axis=0)
    return float(width), float(height)


def _rows(bubbles: list[Shape], around: Surroundings) -> Iterator[list[Shape]]:
    """Bubbles beside each other at one distance, with nothing printed between them."""
    for level in _levels(bubbles):
        row: list[Shape] = []
        for bubble in level:
            if row and not _follows(row, bubble, around):
                if len(row) >= LEAST_IN_ROW:
                    yield row
                row = []
            row.append(bubble)
        if len(row) >= LEAST_IN_ROW:
            yield row


def _levels(bubbles: list[Shape]) -> Iterator[list[Shape]]:
    """The bubbles on one level, from left to right."""
    in_order = sorted(bubbles, key=lambda bubble: bubble.y)
    level: list[Shape] = []
    for bubble in in_order:
        if level and bubble.y - level[-1].y > SAME_LEVEL * min(bubble.height, level[-1].height):
            yield sorted(level, key=lambda one: one.x)
            level = []
        level.append(bubble)
    yield sorted(level, key=lambda one: one.x)


def _follows(row: Sequence[Shape], bubble: Shape, around: Surroundings) -> bool:
    """Whether a bubble stands behind the others of a row, as far from the last as these from each other."""
    last = row[-1]
    lower = min(last.height, bubble.height)
    if not 0 < bubble.left - last.right < MOST_GAP * lower or abs(bubble.y - last.y) > SAME_LEVEL * lower:
        return False
    if around.has_print(last.right, last.y - BAND * lower, bubble.left, last.y + BAND * lower):
        return False
    steps = [(after.x - one.x, after.left - one.right) for one, after in itertools.pairwise([*row[-2:], bubble])]
    return len(steps) < 2 or any(abs(b - a) < SAME_STEP * max(a, b) for a, b in zip(*steps, strict=True))
