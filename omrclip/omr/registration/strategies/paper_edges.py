"""Registration by the edges of the paper, where the scan shows a sheet on a darker or lighter ground."""

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.registration.image_pyramid import Grey, ImagePyramid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

SEARCHED_SIDE = 500
LEAST_PART = 0.15
"""Of the picture's area, that a sheet takes."""


def by_paper_edges(reference: Reference, levels: ImagePyramid) -> list[Candidate] | Rejected:
    """Find the sheet's four corners; it may lie in any of four turns."""
    quad = sheet_in(levels)
    if quad is None:
        return Rejected("paper edges: no sheet with four straight edges stands out in the scan")
    page = ops.corners(0, 0, reference.page.width, reference.page.height).astype(np.float32)
    scan = quad.astype(np.float32)
    maps = [cv2.getPerspectiveTransform(page, np.roll(scan, turn, axis=0)) for turn in range(4)]
    return [Candidate("paper edges", np.asarray(matrix, dtype=np.float64)) for matrix in maps]


def sheet_in(levels: ImagePyramid) -> npt.NDArray[np.float64] | None:
    """(4, 2) the corners of the sheet in scan pixels, as `find_sheet` has them."""

    def find() -> npt.NDArray[np.float64] | None:
        grey, reduction = levels.fitted(SEARCHED_SIDE)
        quad = find_sheet(grey)
        return None if quad is None else quad * reduction

    return levels.once("sheet", find)


def find_sheet(grey: Grey) -> npt.NDArray[np.float64] | None:
    """(4, 2) the corners (x, y) of the largest bright quadrangle, clockwise; None where there is none."""
    smooth = cv2.medianBlur(grey, 7)
    _, bright = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    closed = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    if cv2.contourArea(hull) < LEAST_PART * grey.size:
        return None
    for tolerance in (0.01, 0.02, 0.03, 0.05):
        corners = cv2.approxPolyDP(hull, tolerance * cv2.arcLength(hull, True), True)[:, 0].astype(np.float64)
        if len(corners) == 4:
            area = cv2.contourArea(corners.astype(np.float32))
            if area < 0.9 * cv2.contourArea(hull):
                return None
            # Clockwise in an image whose y grows downwards, from the corner nearest to the upper left.
            if cv2.contourArea(corners.astype(np.float32), True) < 0:
                corners = corners[::-1]
            return np.asarray(np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0), dtype=np.float64)
    return None
