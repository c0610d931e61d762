"""Corner marks: filled shapes of one size near the corners of a page."""

from collections.abc import Sequence

from omrclip.omr.authoring.detection.shapes import Shape

CORNER_PART = 0.15
"""Part of the width and height of the page within which a mark belongs to a corner."""
SAME_SIZE = 0.2
"""Relative difference of the sizes of the marks of a page."""
CLEARLY_LARGER = 1.2
"""Ratio of sizes from which marks are preferred to others at as many corners: those beside them are smaller print."""
LEAST_CORNERS = 3
"""Corners with a mark, from which the marks are proposed."""


def corner_marks(filled: Sequence[Shape], width: int, height: int) -> list[Shape]:
    """Return a mark for each corner, clockwise from the upper left one, or none if fewer than three fit together.

    Args:
        filled: filled shapes in pixels of the working page.
        width: of the working page.
        height: of the working page.
    """
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    in_corner = [
        [
            shape
            for shape in filled
            if abs(shape.x - x) < CORNER_PART * width and abs(shape.y - y) < CORNER_PART * height
        ]
        for x, y in corners
    ]
    best: list[Shape] = []
    for model in filled:
        chosen = []
        for (x, y), there in zip(corners, in_corner, strict=True):
            near = [shape for shape in there if abs(shape.size / model.size - 1) < SAME_SIZE]
            if near:
                chosen.append(min(near, key=lambda shape: abs(shape.x - x) + abs(shape.y - y)))
        if len(chosen) > len(best) or (
            len(chosen) == len(best) and best and model.size > CLEARLY_LARGER * best[0].size
        ):
            best = chosen
    return best if len(best) >= LEAST_CORNERS else []
