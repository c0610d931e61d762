"""Register a page whose corners a person has placed in the scan."""

import cv2
import numpy as np

from omrclip.errors import InvalidRequest
from omrclip.imaging import ops
from omrclip.omr.registration.find import FoundPage, ImagePyramid, KnownPage, Registration, corrected_by_print
from omrclip.omr.registration.rectified_scan import rectify
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.registration import Candidate
from omrclip.omr.results import Corners

STRATEGY = "placed by hand"
LEAST_PLACED_PX = 32
"""Pixels of the shorter side of a placed page. On a smaller one nothing can be read."""


def check_corners(corners: Corners) -> None:
    """Check that four corners can be those of a sheet of paper: convex, not mirrored, and not too small.

    Args:
        corners: points (x, y) in scan pixels: top left, top right, bottom right and bottom left of the page.

    Raises:
        InvalidRequest: they cannot.
    """
    points = np.array(corners, dtype=np.float64)
    sides = np.roll(points, -1, axis=0) - points
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    if not (turns > 0).all() or np.linalg.norm(sides, axis=1).min() < LEAST_PLACED_PX:
        raise InvalidRequest.at(
            "$.Corners",
            "the corners of the page in the scan: top left, top right, bottom right and bottom left, at least "
            f"{LEAST_PLACED_PX} pixels apart",
        )


def register_placed(known: KnownPage, pyramid: ImagePyramid, corners: Corners) -> FoundPage:
    """Register a page by its corners. They are corrected by the print of the page if it is found near them.

    Args:
        known: the page.
        pyramid: the scan.
        corners: see `check_corners`.

    Returns:
        The page. Its registration has no `matches` if the print was not found, so that nothing confirms the map.
    """
    reference = reference_for(known.page, known.image)
    page = reference.page
    given = ops.corners(0, 0, page.width, page.height).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(given, np.array(corners, dtype=np.float32)).astype(np.float64)
    corrected = corrected_by_print(known, pyramid, Candidate(STRATEGY, matrix)) if reference.confirms else None
    if corrected is not None:
        return corrected
    registration = Registration(STRATEGY, page, pyramid.dimensions, matrix)
    return FoundPage(known, reference, registration, rectify(pyramid, matrix, reference.fine))
