"""The scan rectified by a candidate, so that only small offsets are left to find."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import ReferenceLevel

MOST_SLOPE = 0.01
"""Slope of the page's edges in the scan up to which the scan is cut out upright: a patch is a fifth of a pixel off."""
MARGIN_PX = 24
"""Pixels around the page in a rectified scan that is cut out upright."""


@dataclass(frozen=True, slots=True, eq=False)
class RectifiedScan:
    """The scan in the frame of the page: (height, width) uint8, and the (3, 3) map from the scan to it."""

    pixels: Grey
    scan_to_rectified: ops.Matrix


def rectify(pyramid: ImagePyramid, page_to_scan: ops.Matrix, level: ReferenceLevel) -> RectifiedScan:
    """Rectify the scan at the scale of a reference level; beyond the scan its edge pixels are repeated.

    The scan is warped into the page's frame. Where the page lies nearly straight, as on every flatbed, a part of the
    scan is cut out and resized instead, which takes a fifth of the time.
    """
    height, width = level.pixels.shape
    out_to_scan = page_to_scan @ ops.inverse(level.matrix)
    pixels, reduction = pyramid.nearest(ops.sampling_step(out_to_scan, Dimensions(width, height)))
    out_to_level = np.diag([1 / reduction, 1 / reduction, 1]) @ out_to_scan
    corners = ops.transform(out_to_level, ops.corners(0, 0, width, height))
    if _slope(corners) <= MOST_SLOPE:
        cut, level_to_rectified = _cut(pixels, corners, (width, height))
        return RectifiedScan(cut, level_to_rectified @ np.diag([1 / reduction, 1 / reduction, 1]))
    warped = cv2.warpPerspective(
        pixels,
        ops.FROM_CENTRES @ out_to_level @ ops.TO_CENTRES,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return RectifiedScan(np.asarray(warped, dtype=np.uint8), ops.inverse(out_to_scan))


def _slope(corners: npt.NDArray[np.float64]) -> float:
    """Return the largest slope of the sides of a quadrilateral; infinity where it is not upright."""
    sides = np.roll(corners, -1, axis=0) - corners
    along = np.array([sides[0, 0], sides[1, 1], -sides[2, 0], -sides[3, 1]])
    aside = np.abs([sides[0, 1], sides[1, 0], sides[2, 1], sides[3, 0]])
    return float((aside / along).max()) if along.min() > 0 else np.inf


def _cut(pixels: Grey, corners: npt.NDArray[np.float64], size: tuple[int, int]) -> tuple[Grey, ops.Matrix]:
    """Return the upright box around corners with a margin, its inner part resized to `size`, and the map into it."""
    steps = np.ptp(corners, axis=0) / size
    low = np.floor(corners.min(axis=0) - MARGIN_PX * steps).astype(int)
    high = np.ceil(corners.max(axis=0) + MARGIN_PX * steps).astype(int)
    out = np.rint((high - low) / steps).astype(int)
    dimensions = np.array(pixels.shape[::-1])
    start, end = np.clip(low, 0, dimensions - 1), np.clip(high, 1, dimensions)
    part = pixels[start[1] : end[1], start[0] : end[0]]
    (left, top), (right, bottom) = (start - low).tolist(), (high - end).tolist()
    if max(left, top, right, bottom) > 0:
        part = np.asarray(cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE), dtype=np.uint8)
    resized = cv2.resize(part, (int(out[0]), int(out[1])), interpolation=cv2.INTER_LINEAR)
    across, down = out / (high - low)
    to_rectified = np.array([[across, 0, -across * low[0]], [0, down, -down * low[1]], [0, 0, 1]])
    return np.asarray(resized, dtype=np.uint8), to_rectified
