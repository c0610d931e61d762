"""Registration by the edges of the paper, where the scan shows a bright sheet on a darker background."""

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

SEARCHED_SIDE = 500
"""Pixels of the longer side of the scan in which the sheet is searched for."""
LEAST_SHEET_PART = 0.15
"""Part of the picture's area, 0 to 1, that a sheet covers at least."""
MEDIAN_SIDE_PX = 7
"""Pixels of the median filter that removes print before paper and background are separated."""
CLOSING_SIDE_PX = 15
"""Pixels of gaps in the bright area that are closed: print, and shadows of folds."""
CORNER_TOLERANCES = (0.01, 0.02, 0.03, 0.05)
"""Parts of the outline's length by which it may differ from a quadrangle; tried in this order."""
LEAST_QUADRANGLE_PART = 0.9
"""Part of the area of the sheet's convex hull that its quadrangle must have: less is another shape."""


def by_paper_edges(reference: Reference, pyramid: ImagePyramid) -> list[Candidate] | Rejected:
    """Find the four corners of the sheet, and return a candidate for each of the four quarter turns."""
    quad = sheet_in(pyramid)
    if quad is None:
        return Rejected("paper edges: no sheet with four straight edges was found in the scan")
    page = ops.corners(0, 0, reference.page.width, reference.page.height).astype(np.float32)
    scan = quad.astype(np.float32)
    maps = [cv2.getPerspectiveTransform(page, np.roll(scan, turn, axis=0)) for turn in range(4)]
    return [Candidate("paper edges", np.asarray(matrix, dtype=np.float64)) for matrix in maps]


def sheet_in(pyramid: ImagePyramid) -> npt.NDArray[np.float64] | None:
    """Return the corners (4, 2) of the sheet in scan pixels, in the order of `find_sheet`."""

    def find() -> npt.NDArray[np.float64] | None:
        grey, reduction = pyramid.fitted(SEARCHED_SIDE)
        quad = find_sheet(grey)
        return None if quad is None else quad * reduction

    return pyramid.once("sheet", find)


def find_sheet(grey: Grey) -> npt.NDArray[np.float64] | None:
    """Return the corners (4, 2), x and y, of the largest bright quadrangle, clockwise; None where there is none."""
    smooth = cv2.medianBlur(grey, MEDIAN_SIDE_PX)
    _, bright = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    closed = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((CLOSING_SIDE_PX, CLOSING_SIDE_PX), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    if cv2.contourArea(hull) < LEAST_SHEET_PART * grey.size:
        return None
    for tolerance in CORNER_TOLERANCES:
        corners = cv2.approxPolyDP(hull, tolerance * cv2.arcLength(hull, True), True)[:, 0].astype(np.float64)
        if len(corners) == 4:
            area = cv2.contourArea(corners.astype(np.float32))
            if area < LEAST_QUADRANGLE_PART * cv2.contourArea(hull):
                return None
            # Clockwise in an image whose y grows downwards, from the corner nearest to the upper left.
            if cv2.contourArea(corners.astype(np.float32), True) < 0:
                corners = corners[::-1]
            return np.asarray(np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0), dtype=np.float64)
    return None
