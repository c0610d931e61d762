"""Solid things of which the template tells the place: square codes and reference points.

Without an image of the blank page they hold the map where there are no bubbles, at a page's corners above all.
"""

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.registration.image_pyramid import Grey

Points = npt.NDArray[np.float64]
SEARCH = 30
"""Pixels by which one may lie off its place, each way."""
LIKE = 1.25
"""How much larger or smaller than its box, on each axis, what is found may be."""
LEAST_CONTRAST = 40
LEAST_SIDE = 8.0
MODULES = 7
LEAST_FILLED = 0.7


def find_landmarks(view: Grey, boxes: Points) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Look for dark shapes of the extents of boxes, near them.

    Args:
        view: (height, width) uint8, the scan roughly in the page's frame.
        boxes: (n, 4) float64 left, top, width, height in the view, continuous pixels.

    Returns:
        (n,) whether each was found, and (n, 4, 2) float64 how far off its box's corners lie, x and y, from the top left
        clockwise. Middle, turn and slant are measured. The area is the box's, since templates draw boxes more or less
        closely around their codes.
    """
    found, offsets = np.zeros(len(boxes), dtype=np.bool_), np.zeros((len(boxes), 4, 2))
    for index, (box, corners) in enumerate(zip(boxes, ops.box_corners(boxes), strict=True)):
        placed = _find(view, box)
        if placed is not None:
            middle = box[:2] + box[2:] / 2
            found[index] = True
            offsets[index] = (corners - middle) @ placed[1] + placed[0] - corners
    return found, offsets


def _find(view: Grey, box: npt.NDArray[np.float64]) -> tuple[Points, Points] | None:
    """The middle of the dark shape, and its turn and slant as a matrix for row vectors."""
    left, top, width, height = box.tolist()
    x, y = max(0, int(left) - SEARCH), max(0, int(top) - SEARCH)
    window = view[y : int(top + height) + SEARCH, x : int(left + width) + SEARCH]
    if min(width, height) < LEAST_SIDE or min(window.shape) < LEAST_SIDE or np.ptp(window) < LEAST_CONTRAST:
        return None
    _, dark = cv2.threshold(window, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    # The light modules of a code are closed, so that it is one shape.
    side = max(1, round(min(width, height) / MODULES)) | 1
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    likely = []
    for contour in contours:
        hull = cv2.convexHull(contour)
        if len(hull) < 4 or cv2.contourArea(contour) < LEAST_FILLED * cv2.contourArea(hull):
            continue
        quad = _quadrangle(hull[:, 0].astype(np.float64)) + np.array(
            [x + 0.5, y + 0.5]
        )  # contours run through the middles of the dark pixels
        sides = np.maximum(np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1), 1)
        ratio = np.log(sides / (width, height, width, height))
        if (np.abs(ratio) < np.log(LIKE)).all():
            likely.append(quad)
    return _placed(likely[0], width, height) if len(likely) == 1 else None


def _quadrangle(points: Points) -> Points:
    """The parallelogram of three corners of a hull (n, 2), from the top left; a QR code may lack its fourth."""
    down, across = points.sum(axis=1), points[:, 0] - points[:, 1]
    top_left, top_right, bottom_left = points[down.argmin()], points[across.argmax()], points[across.argmin()]
    return np.array([top_left, top_right, top_right + bottom_left - top_left, bottom_left])


def _placed(quad: Points, width: float, height: float) -> tuple[Points, Points]:
    """The middle, and the affine map that takes a box of these extents there, without its change of area."""
    corners = ops.corners(-width / 2, -height / 2, width, height)
    middle = quad.mean(axis=0)
    linear, *_ = np.linalg.lstsq(corners, quad - middle, rcond=None)
    return middle, linear / np.sqrt(abs(np.linalg.det(linear)))
