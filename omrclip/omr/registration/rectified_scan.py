"""The scan roughly in the page's frame, in which what is left to find are small offsets."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import Grey, ImagePyramid
from omrclip.omr.registration.reference import ReferenceLevel

MOST_ASLANT = 0.01
"""The slope of the page's edges, in the scan, up to which a cut upright will do: a patch is a fifth of a pixel off."""
AROUND = 24
"""How many pixels of a cut lie around the page."""


@dataclass(frozen=True, slots=True, eq=False)
class RectifiedScan:
    """The scan roughly in the page's frame: (height, width) uint8, and the map scan → view (3, 3)."""

    pixels: Grey
    scan_to_view: ops.Matrix


def view(pyramid: ImagePyramid, page_to_scan: ops.Matrix, level: ReferenceLevel) -> RectifiedScan:
    """The scan at a reference level's scale; what lies outside the scan shows its edge.

    It is warped into the page's frame; but where the page lies nearly straight in the scan, as on every flatbed, it is
    a part of the scan as it lies there, resized, which takes a fifth of the time.
    """
    height, width = level.pixels.shape
    out_to_scan = page_to_scan @ ops.inverse(level.matrix)
    pixels, reduction = pyramid.nearest(ops.sampling_step(out_to_scan, Dimensions(width, height)))
    out_to_level = np.diag([1 / reduction, 1 / reduction, 1]) @ out_to_scan
    corners = ops.transform(out_to_level, ops.corners(0, 0, width, height))
    if _aslant(corners) <= MOST_ASLANT:
        cut, level_to_view = _cut(pixels, corners, (width, height))
        return RectifiedScan(cut, level_to_view @ np.diag([1 / reduction, 1 / reduction, 1]))
    warped = cv2.warpPerspective(
        pixels,
        ops.FROM_CENTRES @ out_to_level @ ops.TO_CENTRES,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return RectifiedScan(np.asarray(warped, dtype=np.uint8), ops.inverse(out_to_scan))


def _aslant(corners: npt.NDArray[np.float64]) -> float:
    """How much the sides of a quadrilateral slope at most; infinite where it does not stand upright."""
    sides = np.roll(corners, -1, axis=0) - corners
    along = np.array([sides[0, 0], sides[1, 1], -sides[2, 0], -sides[3, 1]])
    aside = np.abs([sides[0, 1], sides[1, 0], sides[2, 1], sides[3, 0]])
    return float((aside / along).max()) if along.min() > 0 else np.inf


def _cut(pixels: Grey, corners: npt.NDArray[np.float64], size: tuple[int, int]) -> tuple[Grey, ops.Matrix]:
    """The upright box around corners and a little more, its middle part resized to `size`; and the map into it."""
    steps = np.ptp(corners, axis=0) / size
    low = np.floor(corners.min(axis=0) - AROUND * steps).astype(int)
    high = np.ceil(corners.max(axis=0) + AROUND * steps).astype(int)
    out = np.rint((high - low) / steps).astype(int)
    extents = np.array(pixels.shape[::-1])
    start, end = np.clip(low, 0, extents - 1), np.clip(high, 1, extents)
    part = pixels[start[1] : end[1], start[0] : end[0]]
    (left, top), (right, bottom) = (start - low).tolist(), (high - end).tolist()
    if max(left, top, right, bottom) > 0:
        part = np.asarray(cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE), dtype=np.uint8)
    resized = cv2.resize(part, (int(out[0]), int(out[1])), interpolation=cv2.INTER_LINEAR)
    across, down = out / (high - low)
    to_view = np.array([[across, 0, -across * low[0]], [0, down, -down * low[1]], [0, 0, 1]])
    return np.asarray(resized, dtype=np.uint8), to_view
