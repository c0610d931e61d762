"""The sides of the sheet of paper, looked for beside the sides of the page.

A sheet's sides are straight lines on it, at right angles, however it lies and bends: where they are seen they tell of
the paper beyond the last bubble. How far from the page's sides they lie nobody knows: prints are scaled and fed askew.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid as bending

Points = npt.NDArray[np.float64]
OUTWARD = np.array([[0, -1], [1, 0], [0, 1], [-1, 0]], dtype=np.float64)
"""(4, 2) away from the page over its top, right, bottom, left side."""
PLACES = 20
"""On each side, at which it is looked for."""
LEAST_PLACES = 7
INWARD, BEYOND = 0.025, 0.07
"""How far inside and outside of the page's sides, in parts of its longer side."""
STEPS = 1754
"""In which the page's longer side is searched."""
REACH = 8
"""Steps to either side of an edge, over which paper and ground are averaged: more than the width of a printed line."""
LEAST_CONTRAST = 18
OUTERMOST = 0.6
"""What the first step from the page outwards must have of the strongest: behind a sheet may lie another edge."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetSides:
    """Where the paper ends.

    Attributes:
        side: (n,) which of the four, as in OUTWARD.
        beside: (n, 2) float64 the place on the page's side, page pixels, from which the sheet's was looked for.
        in_scan: (n, 2) float64 where it was found, scan pixels.
    """

    side: npt.NDArray[np.intp]
    beside: Points
    in_scan: Points

    @property
    def outward(self) -> Points:
        """(n, 2) float64 the direction that leads across the side, out of the page."""
        return np.asarray(OUTWARD[self.side])


def find_sides(pyramid: ImagePyramid, page_to_scan: ops.Matrix, bend: bending.Bend, page: Dimensions) -> SheetSides:
    """Look for the sides of the sheet along lines across those of the page, as a first map places them."""
    longer = max(page.width, page.height)
    side, beside = _places(page)
    inner = beside - OUTWARD[side] * INWARD * longer
    start, end = (ops.transform(page_to_scan, at + bending.offsets_at(bend, at, page)) for at in (inner, beside))
    # The page's frame is no guide beyond it, and lines that are straight in the scan are as good.
    along = (end - start) / (INWARD * STEPS)
    count = round((INWARD + BEYOND) * STEPS)
    lines = start[:, None] + along[:, None] * np.arange(count)[None, :, None]
    contrast = _contrast(pyramid, lines, float(np.median(np.linalg.norm(along, axis=1))))
    strongest = contrast.max(axis=1)
    told = strongest > LEAST_CONTRAST
    told &= (np.bincount(side[told], minlength=4) >= LEAST_PLACES)[side]
    rows = np.flatnonzero(told)
    first = (contrast[rows] > OUTERMOST * strongest[rows, None]).argmax(axis=1)
    near = np.minimum(first[:, None] + np.arange(REACH), contrast.shape[1] - 1)
    peak = first + contrast[rows[:, None], near].argmax(axis=1)
    steps = peak + _peak_offset(contrast[rows], peak) + REACH - 0.5
    return SheetSides(side[rows], beside[rows], start[rows] + along[rows] * steps[:, None])


def _places(page: Dimensions) -> tuple[npt.NDArray[np.intp], Points]:
    parts = (np.arange(PLACES) + 0.5) / PLACES
    zero, one = np.zeros(PLACES), np.ones(PLACES)
    x = np.concatenate([parts, one, parts, zero]) * page.width
    y = np.concatenate([zero, parts, one, parts]) * page.height
    return np.repeat(np.arange(4), PLACES), np.column_stack([x, y])


def _contrast(pyramid: ImagePyramid, lines: Points, step: float) -> Points:
    """(n, places − 2 · REACH + 1) how much the tones differ before and behind each place of lines (n, places, 2)."""
    grey, reduction = pyramid.nearest(step)
    at = (lines / reduction - 0.5).astype(np.float32)
    tones = cv2.remap(grey, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    last = np.array(grey.shape[::-1]) - 1
    outside = ((at < 0) | (at > last)).any(axis=2)
    sums, beyond = (np.cumsum(np.pad(v.astype(np.float64), ((0, 0), (1, 0))), axis=1) for v in (tones, outside))
    before, behind = sums[:, REACH:-REACH] - sums[:, : -2 * REACH], sums[:, 2 * REACH :] - sums[:, REACH:-REACH]
    seen = beyond[:, 2 * REACH :] == beyond[:, : -2 * REACH]
    return np.asarray(np.where(seen, np.abs(before - behind) / REACH, 0.0))


def _peak_offset(contrast: Points, peak: npt.NDArray[np.intp]) -> Points:
    """(n,) how far from `peak` the top of the parabola through it and its neighbours lies, −0.5 to 0.5."""
    rows, inner = np.arange(len(peak)), np.clip(peak, 1, contrast.shape[1] - 2)
    before, here, after = (contrast[rows, inner + step] for step in (-1, 0, 1))
    curvature = np.minimum(before - 2 * here + after, -1e-9)
    return np.asarray(np.where(peak == inner, np.clip((before - after) / (2 * curvature), -0.5, 0.5), 0.0))
