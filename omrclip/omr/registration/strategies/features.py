"""Registration by image features of the blank page: ORB first, then SIFT.

ORB: Rublee et al., ICCV 2011. SIFT: Lowe, IJCV 60, 2004. Robust fit: MAGSAC++, Barath et al., CVPR 2020.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.keeping import kept_with_owner
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

Features = tuple[Sequence[cv2.KeyPoint], cv2.typing.MatLike]
Descriptors = npt.NDArray[np.uint8]
"""(n, 32) uint8, one descriptor of ORB a row."""
MOST_DISTANCE_RATIO = 0.8
"""Lowe's ratio of the distances to the nearest and the second nearest descriptor; it separates matches from chance."""
INLIER_DISTANCE_PX = 4.0
"""Pixels of the reduced scan within which a matched feature agrees with the homography."""
LEAST_INLIERS = 12
"""Matched features that must agree with one homography."""
FIT_ITERATIONS, FIT_CONFIDENCE = 3000, 0.999
"""Most iterations of the robust fit, and the probability of a right result at which it ends early."""
LEAST_SIDE = 32
"""Pixels of the shorter side of the reduced scan: narrower ones have no features."""
ORB_SIDE, SIFT_SIDE = 1000, 1200
"""Pixels of the longer side of the scan in which each kind of feature is detected."""
ORB_FEATURES, SIFT_FEATURES = 1200, 2000
"""Most features of each kind in one image."""
ORB_SCALE, ORB_LEVELS = 1.2, 8
"""Ratio between the levels of ORB's pyramid, and their number (the defaults of OpenCV)."""
ORB_EDGE_PX, ORB_CONTRAST = 15, 10
"""Pixels from the image's edge in which ORB detects nothing, and grey levels by which FAST tells a corner."""


def quickly(reference: Reference, pyramid: ImagePyramid) -> Candidate | Rejected:
    """Match ORB features of the blank page's image and of the scan."""
    return _by_features(reference, pyramid, thorough=False)


def thoroughly(reference: Reference, pyramid: ImagePyramid) -> Candidate | Rejected:
    """Match SIFT features of the blank page's image and of the scan."""
    return _by_features(reference, pyramid, thorough=True)


def _by_features(reference: Reference, pyramid: ImagePyramid, *, thorough: bool) -> Candidate | Rejected:
    name = "SIFT features" if thorough else "ORB features"
    if not reference.printed:
        return Rejected(f"{name}: there is no image of the blank page")
    points, descriptors = _of_page(reference, thorough)
    grey, reduction = pyramid.fitted(SIFT_SIDE if thorough else ORB_SIDE)
    if min(grey.shape) < LEAST_SIDE:
        return Rejected(f"{name}: the scan is too narrow")
    found, scan_descriptors = _of_scan(pyramid, grey, thorough)
    if descriptors is None or scan_descriptors is None or len(points) < 2 or len(found) < 2:
        return Rejected(f"{name}: the image of the blank page or the scan has no features")
    matcher = cv2.BFMatcher(cv2.NORM_L2 if thorough else cv2.NORM_HAMMING)
    good = _distinct(matcher, descriptors, scan_descriptors)
    if len(good) < LEAST_INLIERS:
        return Rejected(f"{name}: too few features of the page were found in the scan, {len(good)} of {len(points)}")
    at_page = (np.array([points[match.queryIdx].pt for match in good]) + 0.5) / reference.coarse.scale
    at_scan = (np.array([found[match.trainIdx].pt for match in good]) + 0.5) * reduction
    within = INLIER_DISTANCE_PX * reduction
    matrix, mask = cv2.findHomography(at_page, at_scan, cv2.USAC_MAGSAC, within, None, FIT_ITERATIONS, FIT_CONFIDENCE)
    inliers = 0 if mask is None else int(mask.sum())
    if matrix is None or inliers < LEAST_INLIERS:
        return Rejected(
            f"{name}: too few of the features found agree on one place of the page, {inliers} of {len(good)}"
        )
    return Candidate("features", np.asarray(matrix, dtype=np.float64))


def described(reference: Reference) -> Descriptors | None:
    """Return the descriptors of the ORB features of a blank page, for `matched_part`; None if there are none."""
    _, descriptors = _of_page(reference, False)
    return None if descriptors is None else np.asarray(descriptors, np.uint8)


def matched_part(page: Descriptors | None, pyramid: ImagePyramid) -> float:
    """Return the part, 0 to 1, of the ORB features of a page that have a match in the scan, wherever it lies."""
    grey, _ = pyramid.fitted(ORB_SIDE)
    if page is None or min(grey.shape) < LEAST_SIDE:
        return 0.0
    found, scan_descriptors = _of_scan(pyramid, grey, False)
    if scan_descriptors is None or len(found) < 2:
        return 0.0
    return len(_distinct(cv2.BFMatcher(cv2.NORM_HAMMING), page, scan_descriptors)) / len(page)


def _distinct(matcher: cv2.BFMatcher, page: cv2.typing.MatLike, scan: cv2.typing.MatLike) -> list[cv2.DMatch]:
    """Return the matches that are clearly better than the next best one."""
    pairs = matcher.knnMatch(page, scan, k=2)
    return [first for first, second in pairs if first.distance < MOST_DISTANCE_RATIO * second.distance]


def _of_scan(pyramid: ImagePyramid, grey: Grey, thorough: bool) -> Features:
    """Return the features of a scan. They are the same for all pages that are searched for in it."""
    return pyramid.once(("features", thorough), lambda: _detect(grey, thorough))


@kept_with_owner
def _of_page(reference: Reference, thorough: bool) -> Features:
    return _detect(reference.coarse.pixels, thorough)


def _detect(grey: Grey, thorough: bool) -> Features:
    detector: cv2.Feature2D = cv2.ORB.create(
        ORB_FEATURES, ORB_SCALE, ORB_LEVELS, edgeThreshold=ORB_EDGE_PX, fastThreshold=ORB_CONTRAST
    )
    if thorough:
        detector = cv2.SIFT.create(SIFT_FEATURES)
    points, descriptors = detector.detectAndCompute(grey, None)
    return points, descriptors
