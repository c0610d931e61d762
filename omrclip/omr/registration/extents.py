"""The printed size and shape of the bubbles. Templates do not tell the shape, and their size may be another.

Bubbles are found by both, and read by the size. The size of a round bubble is that of the outside of its outline. That
of a square is taken between the middles of its lines, since some makers print them inside of the box, and some around.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Points
from omrclip.omr.registration.bubble_patches import REACH, SIDE, tones
from omrclip.omr.registration.image_pyramid import ImagePyramid

FACTORS = np.round(np.arange(0.64, 1.5, 0.03), 2)
"""Printed sizes that are compared, as multiples of the template's size."""
MOST_SEEN = 80
"""Bubbles whose common look is measured."""
LEAST_LIKENESS = 0.3
"""Correlation with the best outline below which no outline is seen, and the template's size is kept."""
STROKE = 0.11
"""Least thickness of an outline in radii, as it is drawn in `reference`."""
BLUR_WIDTHS = 1.5
"""Thickness of an outline divided by the width of the Gaussian that models it."""
INNER_RADIUS, OUTER_RADIUS = 0.75, 1.4
"""Radii of the bubble between which an outline is compared: letters are within, neighbours beyond."""
LEAST_DIFFERENCE = 0.065
"""Part by which the printed size of round bubbles must differ from the template's to replace it."""
LARGEST_SQUARE = 1.2
"""Printed size up to which a square is a bubble, as a multiple of the template's. Frames around bubbles and cells of
tables are larger; taken for the bubbles, they would put these off by half of the difference."""
LEAST_VARIANCE = 1e-6
"""Sum of squares that is divided by at least: a patch without any print is like no outline."""


class Shape(StrEnum):
    """The shape of a printed outline. Ovals and rectangles are round and square in patches of equal sides."""

    ROUND = "round"
    SQUARE = "square"

    def radii(self, across: npt.NDArray[np.float64], down: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how far places are from the middle, in radii of an outline of this shape through them."""
        return np.hypot(across, down) if self is Shape.ROUND else np.maximum(np.abs(across), np.abs(down))


@dataclass(frozen=True, slots=True)
class Printed:
    """How bubbles are printed: their size as a multiple of the template's, and their shape."""

    size: float = 1.0
    shape: Shape = Shape.ROUND


@dataclass(frozen=True, slots=True, eq=False)
class _Outlines:
    """Drawn outlines of n sizes and shapes.

    Attributes:
        kinds: (n,) the size and shape of each.
        around: (n, SIDE²) float64, 1 for compared pixels, else 0.
        darkness: (n, SIDE²) float64 the darkness of compared pixels, of mean 0 and norm 1; 0 elsewhere.
    """

    kinds: tuple[Printed, ...]
    around: npt.NDArray[np.float64]
    darkness: npt.NDArray[np.float64]


def printed_as(pyramid: ImagePyramid, boxes: Points, to_scan: Callable[[Points], Points]) -> Printed:
    """Return how bubbles are printed. The size of round ones is 1 where the template's is about right.

    The median of the bubbles, where the map puts them, is compared with outlines of many sizes and of each shape.

    Args:
        pyramid: a scan, or the blank page.
        boxes: (n, 4) float64 left, top, width, height of bubbles of about one size, page pixels.
        to_scan: the map of page points (n, 2).
    """
    chosen = boxes[np.linspace(0, len(boxes) - 1, min(MOST_SEEN, len(boxes))).astype(np.intp)]
    radii = chosen[:, 2:] / 2
    centres = chosen[:, :2] + radii
    middles, right, below = (to_scan(centres + step) for step in (np.zeros(2), radii * (1, 0), radii * (0, 1)))
    in_scan = np.column_stack([np.linalg.norm(right - middles, axis=1), np.linalg.norm(below - middles, axis=1)])
    across, down = np.abs(right - middles).sum(axis=0)
    grey, reduction = pyramid.nearest(float(np.median(in_scan)) * 2 * REACH / SIDE)
    seen = tones(grey, middles / reduction, (in_scan[:, ::-1] if across < down else in_scan) / reduction)
    likeness = _likeness(-np.median(seen, axis=0).ravel().astype(np.float64))
    best = int(np.argmax(likeness))
    if likeness[best] < LEAST_LIKENESS:
        return Printed()
    found = _outlines().kinds[best]
    is_as_told = found.shape is Shape.ROUND and abs(found.size - 1) < LEAST_DIFFERENCE
    return Printed() if is_as_told else found


def _likeness(seen: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (n,) the correlation of a patch (SIDE²,) with each of the outlines, -1 to 1."""
    outlines = _outlines()
    around = outlines.around
    variance = around @ seen**2 - (around @ seen) ** 2 / around.sum(axis=1)
    return np.asarray(outlines.darkness @ seen / np.sqrt(np.maximum(variance, LEAST_VARIANCE)))


@lru_cache(maxsize=1)
def _outlines() -> _Outlines:
    """Return the outlines of each shape and each of FACTORS."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    across, down = (grid.ravel() for grid in np.meshgrid(steps, steps))
    kinds = tuple(
        Printed(float(size), shape)
        for shape in Shape
        for size in FACTORS
        if shape is Shape.ROUND or size <= LARGEST_SQUARE
    )
    around, darkness = np.zeros((2, len(kinds), SIDE**2))
    for number, kind in enumerate(kinds):
        radius = kind.shape.radii(across, down) / kind.size
        around[number] = (radius > INNER_RADIUS) & (radius < OUTER_RADIUS)
        middle = 1.0 if kind.shape is Shape.SQUARE else 1 - STROKE / 2
        width = max(STROKE, 2 * REACH / SIDE / kind.size)
        drawn = np.exp(-(((radius - middle) / (width / BLUR_WIDTHS)) ** 2)) * around[number]
        drawn -= around[number] * drawn.sum() / around[number].sum()
        darkness[number] = drawn / np.linalg.norm(drawn)
    return _Outlines(kinds, around, darkness)
