"""The scan warped roughly into the page's frame, in which what is left to find are small offsets."""

from dataclasses import dataclass

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.levels import Grey, ScanLevels
from omrclip.omr.registration.reference import ReferenceLevel


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The scan warped roughly into the page's frame: (height, width) uint8, and the map scan → view (3, 3)."""

    pixels: Grey
    scan_to_view: ops.Matrix


def view(levels: ScanLevels, page_to_scan: ops.Matrix, level: ReferenceLevel) -> View:
    """The scan in the page's frame at a reference level's scale; what lies outside the scan shows its edge."""
    height, width = level.pixels.shape
    out_to_scan = page_to_scan @ ops.inverse(level.matrix)
    pixels, reduction = levels.nearest(ops.sampling_step(out_to_scan, Dimensions(width, height)))
    matrix = ops.FROM_CENTRES @ np.diag([1 / reduction, 1 / reduction, 1]) @ out_to_scan @ ops.TO_CENTRES
    warped = cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return View(np.asarray(warped, dtype=np.uint8), ops.inverse(out_to_scan))
