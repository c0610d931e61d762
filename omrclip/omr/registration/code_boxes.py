"""Reading a code in the box that the template has for it, where a map places the box."""

from collections.abc import Callable

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.reading.codes import code_name, is_readable, read_codes
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.template import Barcode

MARGIN = 0.25
"""Margin around a box, as a part of its longer side: far from the bubbles a map may be a little off."""
LEAST_SIDE_PX, MOST_SIDE_PX = 24, 1200
"""Pixels of the longer side of the box in the scan: with fewer no code reads; larger boxes are reduced to the most."""


def is_code_in(pyramid: ImagePyramid, code: Barcode, to_scan: Callable[[Points], Points]) -> bool:
    """Return whether a code of the element's type reads and has its centre in the element's box, see `texts_in`."""
    return bool(texts_in(pyramid, code, to_scan))


def texts_in(pyramid: ImagePyramid, code: Barcode, to_scan: Callable[[Points], Points]) -> set[str]:
    """Return the texts of the codes of the element's type that have their centres in the element's box.

    Args:
        pyramid: the scan.
        code: the element.
        to_scan: the map of page points (n, 2).
    """
    name = code_name(code.barcode_type)
    if not is_readable(name) or min(code.width, code.height) <= 0:
        return set()
    margin = MARGIN * max(code.width, code.height)
    width, height = code.width + 2 * margin, code.height + 2 * margin
    corners = to_scan(ops.corners(code.left - margin, code.top - margin, width, height))
    if not np.isfinite(corners).all() or not _meets(corners, pyramid.dimensions):
        return set()
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    scale = min(float(sides.max()), MOST_SIDE_PX) / max(width, height)
    if scale * max(width, height) < LEAST_SIDE_PX:
        return set()
    out = round(width * scale), round(height * scale)
    target = ops.corners(0, 0, *out).astype(np.float32)
    grey, reduction = pyramid.nearest(float(sides.max()) / max(out))
    to_box = cv2.getPerspectiveTransform((corners / reduction).astype(np.float32), target)
    seen = cv2.warpPerspective(
        grey, ops.FROM_CENTRES @ to_box @ ops.TO_CENTRES, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    near = np.array([margin, margin]) * scale
    return {
        found.text
        for found in read_codes(np.asarray(seen, np.uint8), name, thorough=True)
        if (np.array(found.centre) >= near).all() and (np.array(found.centre) <= np.array(out) - near).all()
    }


def _meets(corners: Points, scan: Dimensions) -> bool:
    """Return whether the mean of the corners lies in the scan."""
    middle = corners.mean(axis=0)
    return bool((middle > 0).all() and (middle < [scan.width, scan.height]).all())
