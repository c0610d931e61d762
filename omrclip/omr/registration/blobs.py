"""Shapes in a scan that may be printed bubbles: closed outlines and filled discs."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.registration.image_pyramid import ImagePyramid

LEAST_SIDE_PX, MOST_SIDE_PX = 6.0, 120.0
"""Sides of a shape's upright box, in pixels: smaller shapes are dots and noise, larger ones are frames and tables."""
LEAST_CONTOUR_PER_SIDE = 3
"""Pixels of a contour per LEAST_SIDE_PX: shorter contours are too small, and are skipped before they are measured."""
LEAST_FILLED = 0.62
"""Part of the smallest rotated box around it that an outline encloses: a disc 0.79, a square 1, a line next to 0."""
LEAST_CONVEX = 0.85
"""Part of its convex hull that an outline encloses: letters and crosses have less."""
MOST_LONGER = 3.5
"""Ratio of the longer to the shorter side of the upright box: longer shapes are lines and words."""
SAME_PLACE = 0.3
"""Distance of two centres, in sizes of the larger shape, within which the smaller shape is left out."""
MOST_CONTOURS = 40_000
"""Contours in one scan: more are noise, and would take long to examine."""
WINDOWS_ACROSS, LEAST_WINDOW_PX = 60, 15
"""Windows of the local mean brightness along the longer side of the scan, and the least side of one in pixels."""
LEAST_CONTRAST = 12
"""Grey levels, 5 % of 255, by which print is darker than the local mean: light shadows and paper grain are not."""
PLACES_CELL_PX = 4.0
"""Side, in pixels, of the cells by which shapes around one centre are looked up."""


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """Closed shapes: (n, 2) float64 centres in continuous pixels, and (n,) float64 sizes, the root of their areas."""

    centres: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sizes)

    def only(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Blobs":
        """Return some of the shapes."""
        return Blobs(self.centres[chosen], self.sizes[chosen])


def blobs_of(pyramid: ImagePyramid, side: int) -> tuple[Blobs, float]:
    """Return the shapes in a scan that is reduced to `side` pixels, and the scan pixels per pixel of it."""

    def find() -> tuple[Blobs, float]:
        grey, reduction = pyramid.fitted(side)
        return find_blobs(grey), reduction

    return pyramid.once(("blobs", side), find)


def find_blobs(grey: Grey) -> Blobs:
    """Return the closed convex shapes, outlined or filled, that are darker than the paper around them.

    Args:
        grey: (height, width) uint8.
    """
    side = max(grey.shape)
    window = max(LEAST_WINDOW_PX, side // WINDOWS_ACROSS) | 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, LEAST_CONTRAST)
    contours, _ = cv2.findContours(dark, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    if len(contours) > MOST_CONTOURS:
        return Blobs(np.zeros((0, 2)), np.zeros(0))
    found = []
    for contour in contours:
        if len(contour) < LEAST_CONTOUR_PER_SIDE * LEAST_SIDE_PX:
            continue
        _, _, width, height = cv2.boundingRect(contour)
        if (
            min(width, height) < LEAST_SIDE_PX
            or max(width, height) > MOST_SIDE_PX
            or max(width, height) > MOST_LONGER * min(width, height)
        ):
            continue
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        (_, _), (across, down), _ = cv2.minAreaRect(hull)
        # A line and the box around it have no area: they must not pass as equal.
        if area <= LEAST_FILLED * across * down or cv2.contourArea(contour) < LEAST_CONVEX * area:
            continue
        moments = cv2.moments(hull)
        found.append((moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5, area**0.5))
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return _outermost(Blobs(table[:, :2], table[:, 2]))


def _outermost(blobs: Blobs) -> Blobs:
    """Keep the largest of the shapes around one centre, such as both sides of an outline and a letter in it."""
    order = np.argsort(-blobs.sizes)
    taken: dict[tuple[int, int], list[int]] = {}
    kept = []
    centres, sizes = blobs.centres.tolist(), blobs.sizes.tolist()
    for index in order.tolist():
        x, y = centres[index]
        column, row = int(x // PLACES_CELL_PX), int(y // PLACES_CELL_PX)
        near = [
            other
            for r in range(row - 2, row + 3)
            for c in range(column - 2, column + 3)
            for other in taken.get((c, r), ())
        ]
        if any(math.dist(centres[other], (x, y)) < SAME_PLACE * sizes[other] for other in near):
            continue
        taken.setdefault((column, row), []).append(index)
        kept.append(index)
    return blobs.only(np.array(sorted(kept), dtype=np.intp))
