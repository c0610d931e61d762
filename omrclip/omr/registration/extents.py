"""The printed size of the bubbles, which may differ from the template's; bubbles are found and read by that size."""

from collections.abc import Callable
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
"""Part by which the printed size must differ from the template's to replace it."""


def printed_size(pyramid: ImagePyramid, boxes: Points, to_scan: Callable[[Points], Points]) -> float:
    """Return the size of printed bubbles as a multiple of the template's; 1 where the template is about right.

    The median of the bubbles, where the map puts them, is compared with outlines of many sizes.

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
    usual = np.median(seen, axis=0)
    likeness = [_likeness(-usual, outline) for outline in _outlines()]
    factor = float(FACTORS[int(np.argmax(likeness))])
    return 1.0 if max(likeness) < LEAST_LIKENESS or abs(factor - 1) < LEAST_DIFFERENCE else factor


def _likeness(seen: npt.NDArray[np.float32], outline: tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]) -> float:
    around, drawn = outline
    return float(np.corrcoef(seen[around], drawn)[0, 1]) if np.ptp(seen[around]) else 0.0


@lru_cache(maxsize=1)
def _outlines() -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]]:
    """Return, for each of FACTORS, the (SIDE, SIDE) mask of compared pixels and the darkness of the outline there."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    radius = np.hypot(steps[None, :], steps[:, None])
    found = []
    for factor in FACTORS:
        around = (radius > INNER_RADIUS * factor) & (radius < OUTER_RADIUS * factor)
        middle, width = (1 - STROKE / 2) * factor, max(STROKE * factor, 2 * REACH / SIDE)
        found.append((around, np.exp(-(((radius[around] - middle) / (width / BLUR_WIDTHS)) ** 2))))
    return found
