"""Registration of full-bleed scans by their Dimensions alone: the page is taken to fill the scan exactly."""

import numpy as np

from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import ImageSource
from omrclip.omr.registration.registration import KnownPage, Registration

ASPECT_TOLERANCE_PERCENT = 1


def same_shape(page: Dimensions, other: Dimensions) -> bool:
    """Whether the aspects agree within 1 % of the page's; in whole numbers, so that exactly 1 % does."""
    difference = abs(other.width * page.height - page.width * other.height)
    return 100 * difference <= ASPECT_TOLERANCE_PERCENT * page.width * other.height


def same_dimensions(known: KnownPage, scan: ImageSource) -> Registration | str:
    """Identity, where the scan has the page's Dimensions."""
    page = known.page.dimensions
    if scan.dimensions != page:
        return f"it has {scan.dimensions} pixels, the page {page}"
    return Registration("identity", page, scan.dimensions, np.eye(3))


def same_aspect(known: KnownPage, scan: ImageSource) -> Registration | str:
    """Scaling of both axes onto each other, where the aspects agree within 1 %."""
    page = known.page.dimensions
    if not same_shape(page, scan.dimensions):
        difference = abs(scan.dimensions.aspect / page.aspect - 1)
        return f"its width to height ratio differs by {difference:.1%} from the page's, at most 1 % is taken for a scan"
    scaling = np.diag([scan.dimensions.width / page.width, scan.dimensions.height / page.height, 1.0])
    return Registration("scale", page, scan.dimensions, scaling)
