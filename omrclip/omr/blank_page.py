"""Whether a scan is the very picture that is known as its blank page, and no sheet that was scanned.

An image beside a template is taken as its blank page, also where it is a filled sheet. Read with itself as the blank
page, every answer of it is blank.
"""

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.omr.registration.find import FoundPage, ImagePyramid
from omrclip.omr.registration.strategies.scale import scaling

OFF_BY_PX = 1.0
"""How many pixels of the scan a corner of the page may lie off the picture's. Most sheets that were scanned lie further
off, so that hardly one has to be compared."""
PATCH_SIDE = 5
MOST_CHANGED = 20
"""In levels of 255: by how much the mean of any 5 × 5 pixels may differ, of the fine reference, or of a coarser scan.
On five forms a JPEG of quality 25 or 20 differs by 15 at the most; the palest mark, light grey in the middle of a
bubble, by 37, and the form moved by half a pixel by 35."""

TOLD = (
    "This scan is the template's blank page, so every answer reads as blank. If the sheet is filled in, give an image "
    "of the empty form as the blank page."
)


def is_blank_page(found: FoundPage, levels: ImagePyramid, data: bytes) -> bool:
    """Whether a scan is the image of the blank page, in whatever format, quality or colours.

    Args:
        found: the page in the scan.
        levels: the scan.
        data: its file.
    """
    if found.known.image is None:
        return False
    if found.known.image == data:
        return True
    if not found.reference.printed or not _fills(found):
        return False
    page = found.reference.fine.pixels
    height, width = page.shape
    shown = cv2.resize(levels.fitted(max(page.shape))[0], (width, height), interpolation=cv2.INTER_AREA)
    side = round(PATCH_SIDE * max(1.0, max(page.shape) / max(levels.dimensions.width, levels.dimensions.height)))
    changed = cv2.blur(cv2.subtract(shown, page, dtype=cv2.CV_16S), (side, side))
    return int(np.abs(changed).max()) <= MOST_CHANGED


def _fills(found: FoundPage) -> bool:
    """Whether page and scan have their corners in common."""
    registration = found.registration
    corners = ops.corners(0, 0, registration.page.width, registration.page.height)
    filling = ops.transform(scaling(registration.page, registration.scan), corners)
    return bool(np.abs(registration.to_scan(corners) - filling).max() <= OFF_BY_PX)
