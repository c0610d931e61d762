"""Circles that are larger than bubbles: those of a form for children and of a scale from 0 to 10, and pictures."""

from collections.abc import Sequence

import numpy as np

from omrclip.omr.authoring.detection.shapes import Boxes, Shape
from omrclip.omr.authoring.detection.size_classes import SizeClass, size_class
from omrclip.omr.authoring.detection.word_letters import ALIGNED_WITHIN, SAME_STEP, are_aligned
from omrclip.omr.authoring.detection.working_page import PX_PER_MM

LEAST_LARGE = 3
"""Round shapes of one size that are larger than bubbles, from which they are listed; fewer are frames or decoration."""
LARGEST_TO_MARK_MM = 16.0
"""Height of the circles of a form for children, which are marked with a cross or a thick pen, at most; larger ones are
pictures and dials."""
LEAST_OF_SCALE = 5
"""Circles at one distance in a row, each with a number, from which they are a scale."""
NUMBER_HEIGHTS, NUMBER_ASIDE = (0.15, 0.7), 0.12
"""Height of the number in such a circle, and the distance of its middle from that of the circle at most, in heights of
the circle. Faces have eyes above the middle and a mouth below it."""


def are_answers_to_mark(large: Sequence[Shape], classes: Sequence[SizeClass], components: Boxes) -> bool:
    """Whether circles that are larger than bubbles are bubbles: of a form for children, or of a numbered scale."""
    if size_class(large).height >= LARGEST_TO_MARK_MM * PX_PER_MM:
        return False
    return _are_most_bubbles(large, classes) or _are_scales(large, classes, components)


def _are_most_bubbles(large: Sequence[Shape], classes: Sequence[SizeClass]) -> bool:
    """Whether circles stand in rows or columns, and the page has fewer other bubbles, as pictures beside them have."""
    others = sum(len(one.bubbles) for one in classes)
    return len(large) > max(others, LEAST_LARGE) and all(
        any(are_aligned(one, other) for other in large if other is not one) for one in large
    )


def _are_scales(large: Sequence[Shape], classes: Sequence[SizeClass], components: Boxes) -> bool:
    """Whether circles stand in rows at one distance, with a number in each, and are no headings of columns."""
    rows: list[list[Shape]] = []
    for shape in sorted(large, key=lambda shape: shape.y):
        if rows and shape.y - rows[-1][0].y < ALIGNED_WITHIN * shape.height:
            rows[-1].append(shape)
        else:
            rows.append([shape])
    bubbles = [bubble for one in classes for bubble in one.bubbles]
    return all(_is_scale(row, bubbles, components) for row in rows)


def _is_scale(row: Sequence[Shape], bubbles: Sequence[Shape], components: Boxes) -> bool:
    steps = np.diff(sorted(shape.x for shape in row))
    if len(row) < LEAST_OF_SCALE or np.ptp(steps) > SAME_STEP * np.median(steps):
        return False
    heads = sum(any(_is_below(bubble, shape) for bubble in bubbles) for shape in row)
    return 2 * heads < len(row) and all(_has_number(shape, components) for shape in row)


def _is_below(bubble: Shape, head: Shape) -> bool:
    """Whether a bubble stands in the column below a circle."""
    return abs(bubble.x - head.x) < head.width / 2 and bubble.y > head.bottom


def _has_number(shape: Shape, components: Boxes) -> bool:
    """Whether one or two digits, and nothing else, are printed in the middle of a circle."""
    left, top, width, high = components.T
    middle = np.abs(np.stack([left + width / 2 - shape.x, top + high / 2 - shape.y]))
    inside = (middle < [[shape.width / 2], [shape.height / 2]]).all(axis=0)
    inside &= np.maximum(width / shape.width, high / shape.height) < NUMBER_HEIGHTS[1]
    if not 1 <= np.count_nonzero(inside) <= 2:
        return False
    highest, lowest = float(top[inside].min()), float((top + high)[inside].max())
    least, most = (part * shape.height for part in NUMBER_HEIGHTS)
    return least < lowest - highest < most and abs((highest + lowest) / 2 - shape.y) < NUMBER_ASIDE * shape.height
