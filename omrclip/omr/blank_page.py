"""Checks whether a scan is the image of the template's blank page, and not a sheet that was scanned.

The image beside a template is treated as its blank page, even if it shows a filled sheet. Compared with itself, all
answers of that sheet would read as blank.
"""

from math import ceil, log2

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey
from omrclip.omr.registration.find import FoundPage, ImagePyramid
from omrclip.omr.registration.strategies.scale import scaling
from omrclip.wording import Wording

OFF_BY_PX = 1.0
"""Distance in pixels of the scan up to which a corner of the page counts as the corner of the image. In most scans of
sheets the distance is larger, so that few have to be compared.
"""
PATCH_SIDE = 5
MOST_CHANGED = 20
"""Largest difference of the mean of any 5 × 5 pixels of the fine reference, or of a coarser scan, in levels of 255. On
five forms a JPEG of quality 25 or 20 differs by 15 at most. The palest mark, light grey in the middle of a bubble,
differs by 37, and the form moved by half a pixel by 35.
"""

TOLD = Wording(
    "blank_page",
    "This scan is the template's blank page, so every answer reads as blank. If the sheet is filled in, give an image "
    "of the empty form as the blank page.",
)()


def is_blank_page(found: FoundPage, levels: ImagePyramid, data: bytes) -> bool:
    """Whether a scan is the image of the blank page, in any format, quality or color.

    Args:
        found: the page in the scan.
        levels: the scan.
        data: the file of the scan.
    """
    if found.known.image is None:
        return False
    if found.known.image == data:
        return True
    if not found.reference.printed or not _fills(found):
        return False
    page = found.reference.fine.pixels
    per_pixel = max(page.shape) / max(levels.dimensions.width, levels.dimensions.height)
    side = round(PATCH_SIDE * max(1.0, per_pixel))
    # The mean of a square of twice the side is the mean of its quarters. So if it is changed too much, a patch is. This
    # excludes nearly all filled sheets in a tenth of the time.
    if _most_changed(page, levels, ceil(log2(2 * side / per_pixel)), per_pixel) > MOST_CHANGED:
        return False
    height, width = page.shape
    shown = cv2.resize(levels.fitted(max(page.shape))[0], (width, height), interpolation=cv2.INTER_AREA)
    changed = cv2.blur(cv2.subtract(shown, page, dtype=cv2.CV_16S), (side, side))
    return int(np.abs(changed).max()) <= MOST_CHANGED


def _most_changed(page: Grey, levels: ImagePyramid, number: int, per_pixel: float) -> int:
    """The largest difference of the page and a level of the scan. `per_pixel`: pixels of the page per scan pixel."""
    shown = levels.level(number)
    height, width = shown.shape
    # Halving leaves out odd last rows and columns.
    rows, columns = (round(length * 2**number * per_pixel) for length in (height, width))
    coarse = cv2.resize(page[:rows, :columns], (width, height), interpolation=cv2.INTER_AREA)
    return int(cv2.absdiff(shown, coarse).max())


def _fills(found: FoundPage) -> bool:
    """Whether the corners of the page are the corners of the scan."""
    registration = found.registration
    corners = ops.corners(0, 0, registration.page.width, registration.page.height)
    filling = ops.transform(scaling(registration.page, registration.scan), corners)
    return bool(np.abs(registration.to_scan(corners) - filling).max() <= OFF_BY_PX)
