"""Registration by Dimensions alone, for scans that the page fills to the edges."""

import numpy as np

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

ASPECT_TOLERANCE_PERCENT = 1
"""Per cent by which the width to height ratios of page and scan may differ where nothing else confirms the map."""
LEAST_AGREEING = 0.75
"""Part of the patches, 0 to 1, that must be found in place; more than for other candidates, which rest on the print."""
FLATBED_TOLERANCE_PERCENT = 5
"""Per cent by which the ratios may differ where the print confirms the map: flatbeds cut off or add a margin."""


def same_shape(page: Dimensions, other: Dimensions, percent: int = ASPECT_TOLERANCE_PERCENT) -> bool:
    """Return whether the width to height ratios agree within `percent`; integers make exactly 1 % count as agreeing."""
    difference = abs(other.width * page.height - page.width * other.height)
    return 100 * difference <= percent * page.width * other.height


def by_scale(reference: Reference, pyramid: ImagePyramid) -> Candidate | Rejected:
    """Return the map that scales each axis of the page to that of the scan, to be refined by the print."""
    page, scan = reference.page, pyramid.dimensions
    if not same_shape(page, scan, FLATBED_TOLERANCE_PERCENT):
        difference = abs(scan.aspect / page.aspect - 1)
        return Rejected(f"scale: the scan's width to height ratio differs from the page's by {difference:.1%}")
    if not reference.printed:
        return Rejected("scale: the template has no image of the blank page to confirm the map")
    return Candidate("scale", scaling(page, scan), least_agreeing=LEAST_AGREEING)


def scaling(page: Dimensions, scan: Dimensions) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return the (3, 3) map of a page that fills the scan."""
    return np.diag([scan.width / page.width, scan.height / page.height, 1.0])
