"""Landmarks: solid shapes whose places the template gives, square codes and reference points.

Without an image of the blank page they determine the map where there are no bubbles, mostly at the corners of the page.
"""

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey, Points

SEARCH = 30
"""Pixels of the rectified scan by which a landmark may lie off its place, each way."""
SIDE_RATIO = 1.25
"""Ratio by which each side of a shape may be longer or shorter than that of the box."""
LEAST_CONTRAST = 40
"""Grey levels between the darkest and the lightest pixel: with less, there is nothing printed."""
LEAST_SIDE_PX = 8.0
"""Pixels of the shorter side of a box: smaller ones cannot be told from letters."""
MODULES = 7
"""Divides the side of a box; gaps of this width, those between the modules of a code, are closed."""
LEAST_FILLED = 0.7
"""Part of its convex hull that a landmark fills: letters and lines fill less."""
LEAST_CORNERS = 4
"""Corners of the convex hull of a landmark."""


def find_landmarks(rectified: Grey, boxes: Points) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Search for dark shapes of the size of boxes, near them.

    Args:
        rectified: (height, width) uint8, the rectified scan.
        boxes: (n, 4) float64 left, top, width, height in the rectified scan, continuous pixels.

    Returns:
        (n,) whether each was found, and (n, 4, 2) float64 the offsets (x, y) of the corners of its box, clockwise from
        the top left. Centre, rotation and slant are measured. The area is that of the box, because templates draw
        boxes more or less closely around their codes.
    """
    found, offsets = np.zeros(len(boxes), dtype=np.bool_), np.zeros((len(boxes), 4, 2))
    for index, (box, corners) in enumerate(zip(boxes, ops.box_corners(boxes), strict=True)):
        placed = _find(rectified, box)
        if placed is not None:
            middle = box[:2] + box[2:] / 2
            found[index] = True
            offsets[index] = (corners - middle) @ placed[1] + placed[0] - corners
    return found, offsets


def _find(rectified: Grey, box: npt.NDArray[np.float64]) -> tuple[Points, Points] | None:
    """Return the centre of the dark shape, and its rotation and slant as a matrix for row vectors."""
    left, top, width, height = box.tolist()
    x, y = max(0, int(left) - SEARCH), max(0, int(top) - SEARCH)
    window = rectified[y : int(top + height) + SEARCH, x : int(left + width) + SEARCH]
    if min(width, height) < LEAST_SIDE_PX or min(window.shape) < LEAST_SIDE_PX or np.ptp(window) < LEAST_CONTRAST:
        return None
    _, dark = cv2.threshold(window, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    # Close the light modules of a code, so that it becomes one shape.
    side = max(1, round(min(width, height) / MODULES)) | 1
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    likely = []
    for contour in contours:
        hull = cv2.convexHull(contour)
        if len(hull) < LEAST_CORNERS or cv2.contourArea(contour) < LEAST_FILLED * cv2.contourArea(hull):
            continue
        # Contours run through the centres of the dark pixels.
        quad = _quadrangle(hull[:, 0].astype(np.float64)) + np.array([x + 0.5, y + 0.5])
        sides = np.maximum(np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1), 1)
        ratio = np.log(sides / (width, height, width, height))
        if (np.abs(ratio) < np.log(SIDE_RATIO)).all():
            likely.append(quad)
    return _placed(likely[0], width, height) if len(likely) == 1 else None


def _quadrangle(points: Points) -> Points:
    """Return the parallelogram of three corners of a hull (n, 2), from the top left; a QR code may lack its fourth."""
    down, across = points.sum(axis=1), points[:, 0] - points[:, 1]
    top_left, top_right, bottom_left = points[down.argmin()], points[across.argmax()], points[across.argmin()]
    return np.array([top_left, top_right, top_right + bottom_left - top_left, bottom_left])


def _placed(quad: Points, width: float, height: float) -> tuple[Points, Points]:
    """Return the centre, and the affine map of a box of this size onto the shape, scaled to keep the area."""
    corners = ops.corners(-width / 2, -height / 2, width, height)
    middle = quad.mean(axis=0)
    linear, *_ = np.linalg.lstsq(corners, quad - middle, rcond=None)
    return middle, linear / np.sqrt(abs(np.linalg.det(linear)))
