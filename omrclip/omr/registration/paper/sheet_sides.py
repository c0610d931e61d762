"""Search for the sides of the sheet of paper near the sides of the page.

The sides of a sheet are straight lines on it, at right angles, however it lies and bends. Where they are seen, they
show the shape of the paper beyond the last bubble. Their distance from the sides of the page is unknown, because prints
are scaled and fed askew.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid

OUTWARD = np.array([[0, -1], [1, 0], [0, 1], [-1, 0]], dtype=np.float64)
"""(4, 2) directions out of the page over its top, right, bottom, left side."""
PLACES = 20
"""Places on each side of the page at which the side of the sheet is searched for."""
LEAST_PLACES = 7
"""Places at which a side must be found to count: fewer may be shadows or other edges."""
INWARD, BEYOND = 0.025, 0.07
"""Range of the search inside and outside of the page's sides, in parts of its longer side."""
STEPS = 1754
"""Steps of the search per longer side of the page."""
REACH = 8
"""Steps to either side of an edge, over which paper and ground are averaged: more than the width of a printed line."""
LEAST_CONTRAST = 18
"""Grey levels between paper and background."""
LEAST_OF_STRONGEST = 0.6
"""Contrast of the first edge outwards, as a part of the strongest: there may be another edge behind the sheet."""
LEAST_CURVATURE = 1e-9
"""Least curvature of a parabola that is divided by."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetSides:
    """Places on the sides of the sheet.

    Attributes:
        side: (n,) int the number of the side, as in OUTWARD.
        beside: (n, 2) float64 the place on the side of the page from which the search started, page pixels.
        in_scan: (n, 2) float64 the place on the side of the sheet, scan pixels.
    """

    side: npt.NDArray[np.intp]
    beside: Points
    in_scan: Points

    @property
    def outward(self) -> Points:
        """(n, 2) float64 the direction across the side, out of the page."""
        return np.asarray(OUTWARD[self.side])


def find_sides(
    pyramid: ImagePyramid, page_to_scan: ops.Matrix, bend: displacement_grid.DisplacementGrid, page: Dimensions
) -> SheetSides:
    """Search for the sides of the sheet along lines across those of the page, where a first map places them."""
    longer = max(page.width, page.height)
    side, beside = _places(page)
    inner = beside - OUTWARD[side] * INWARD * longer
    start, end = (
        ops.transform(page_to_scan, at + displacement_grid.offsets_at(bend, at, page)) for at in (inner, beside)
    )
    # The map is not reliable beyond the page, so the search follows straight lines in the scan.
    along = (end - start) / (INWARD * STEPS)
    count = round((INWARD + BEYOND) * STEPS)
    lines = start[:, None] + along[:, None] * np.arange(count)[None, :, None]
    contrast = _contrast(pyramid, lines, float(np.median(np.linalg.norm(along, axis=1))))
    strongest = contrast.max(axis=1)
    is_found = strongest > LEAST_CONTRAST
    is_found &= (np.bincount(side[is_found], minlength=4) >= LEAST_PLACES)[side]
    rows = np.flatnonzero(is_found)
    first = (contrast[rows] > LEAST_OF_STRONGEST * strongest[rows, None]).argmax(axis=1)
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
    """Return (n, places − 2 · REACH + 1) the contrast across each place of lines (n, places, 2), grey levels."""
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
    """Return (n,) the offset, −0.5 to 0.5, of the top of the parabola through `peak` and its neighbours."""
    rows, inner = np.arange(len(peak)), np.clip(peak, 1, contrast.shape[1] - 2)
    before, here, after = (contrast[rows, inner + step] for step in (-1, 0, 1))
    curvature = np.minimum(before - 2 * here + after, -LEAST_CURVATURE)
    return np.asarray(np.where(peak == inner, np.clip((before - after) / (2 * curvature), -0.5, 0.5), 0.0))
