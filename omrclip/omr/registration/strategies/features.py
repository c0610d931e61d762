"""Registration by features of the blank page's image: ORB first, SIFT where that does not do.

ORB: Rublee et al., ICCV 2011. SIFT: Lowe, IJCV 60, 2004. Robust fit: MAGSAC++, Barath et al., CVPR 2020.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.omr.registration.image_pyramid import Grey, ImagePyramid
from omrclip.omr.registration.keeping import kept_with_owner
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

Features = tuple[Sequence[cv2.KeyPoint], cv2.typing.MatLike]
DISTINCT = 0.8
"""Lowe's ratio: how much nearer the nearest feature must be than the second."""
WITHIN = 4.0
LEAST_INLIERS = 12
LEAST_SIDE = 32
QUICK_SIDE, THOROUGH_SIDE = 1000, 1200
QUICK_FEATURES, THOROUGH_FEATURES = 1200, 2000


def quickly(reference: Reference, levels: ImagePyramid) -> Candidate | Rejected:
    """Match ORB features of the blank page's image and of the scan."""
    return _by_features(reference, levels, thorough=False)


def thoroughly(reference: Reference, levels: ImagePyramid) -> Candidate | Rejected:
    """Match SIFT features of the blank page's image and of the scan."""
    return _by_features(reference, levels, thorough=True)


def _by_features(reference: Reference, levels: ImagePyramid, *, thorough: bool) -> Candidate | Rejected:
    name = "SIFT features" if thorough else "ORB features"
    if not reference.printed:
        return Rejected(f"{name}: there is no image of the blank page")
    points, descriptors = _of_page(reference, thorough)
    grey, reduction = levels.fitted(THOROUGH_SIDE if thorough else QUICK_SIDE)
    if min(grey.shape) < LEAST_SIDE:
        return Rejected(f"{name}: the scan is too narrow to have any")
    found, scan_descriptors = _detect(grey, thorough)
    if descriptors is None or scan_descriptors is None or len(points) < 2 or len(found) < 2:
        return Rejected(f"{name}: the page's image or the scan has none")
    matcher = cv2.BFMatcher(cv2.NORM_L2 if thorough else cv2.NORM_HAMMING)
    pairs = matcher.knnMatch(descriptors, scan_descriptors, k=2)
    good = [first for first, second in pairs if first.distance < DISTINCT * second.distance]
    if len(good) < LEAST_INLIERS:
        return Rejected(f"{name}: {len(good)} of the page's {len(points)} were found in the scan, too few")
    at_page = (np.array([points[match.queryIdx].pt for match in good]) + 0.5) / reference.coarse.scale
    at_scan = (np.array([found[match.trainIdx].pt for match in good]) + 0.5) * reduction
    matrix, mask = cv2.findHomography(at_page, at_scan, cv2.USAC_MAGSAC, WITHIN * reduction, None, 3000, 0.999)
    inliers = 0 if mask is None else int(mask.sum())
    if matrix is None or inliers < LEAST_INLIERS:
        return Rejected(f"{name}: {inliers} of {len(good)} found in the scan agree in their place, too few")
    return Candidate("features", np.asarray(matrix, dtype=np.float64))


@kept_with_owner
def _of_page(reference: Reference, thorough: bool) -> Features:
    return _detect(reference.coarse.pixels, thorough)


def _detect(grey: Grey, thorough: bool) -> Features:
    detector: cv2.Feature2D = cv2.ORB.create(QUICK_FEATURES, 1.2, 8, edgeThreshold=15, fastThreshold=10)
    if thorough:
        detector = cv2.SIFT.create(THOROUGH_FEATURES)
    points, descriptors = detector.detectAndCompute(grey, None)
    return points, descriptors
