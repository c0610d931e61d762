"""Registration of full-bleed scans by their Dimensions: the page is taken to fill the scan."""

import numpy as np

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

ASPECT_TOLERANCE_PERCENT = 1
LEAST_AGREEING = 0.75
"""A guess that goes by the scan's extents alone must be borne out by more than one that was found in the scan."""
FLATBED_TOLERANCE_PERCENT = 5
"""Flatbeds show a little more or less than the page."""


def same_shape(page: Dimensions, other: Dimensions, percent: int = ASPECT_TOLERANCE_PERCENT) -> bool:
    """Whether the aspects agree within some per cent of the page's; in whole numbers, so that exactly 1 % does."""
    difference = abs(other.width * page.height - page.width * other.height)
    return 100 * difference <= percent * page.width * other.height


def by_scale(reference: Reference, levels: ImagePyramid) -> Candidate | Rejected:
    """Both axes scaled onto each other, to be corrected by what the page shows."""
    page, scan = reference.page, levels.dimensions
    if not same_shape(page, scan, FLATBED_TOLERANCE_PERCENT):
        difference = abs(scan.aspect / page.aspect - 1)
        return Rejected(f"scale: its width to height ratio differs by {difference:.1%} from the page's")
    if not reference.printed:
        return Rejected("scale: there is no image of the blank page to verify it by")
    return Candidate("scale", scaling(page, scan), least_agreeing=LEAST_AGREEING)


def scaling(page: Dimensions, scan: Dimensions) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """The (3, 3) map of a page that fills the scan."""
    return np.diag([scan.width / page.width, scan.height / page.height, 1.0])
