"""Registration by the template's reference points, solid squares or discs, where it has at least three."""

from itertools import combinations, permutations

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey, Points
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

STRATEGY = "reference points"
SEARCHED_SIDE = 1000
"""Pixels of the longer side of the scan in which solid marks are searched for."""
LEAST_POINTS = 3
"""Reference points that determine an affine map."""
MOST_SOLIDS = 28
"""Solid marks of the scan, the largest, of which all triples are tried."""
LEAST_FILLED = 0.45
"""Part of its upright box that a solid mark fills: a square on its corner fills half of it."""
MOST_LONGER = 2.2
"""Ratio of the longer to the shorter side of a solid mark's upright box: longer ones are lines and text."""
LEAST_SIDE_PX = 5
"""Pixels of the shorter side of a solid mark in the reduced scan: smaller ones are dirt and dots."""
LARGEST_DIVISOR = 8
"""Divides the longer side of the scan: the most for a solid mark, and the side of the window of its background."""
LEAST_CONTRAST = 40
"""Grey levels by which a solid mark is darker than the mean around it."""
MOST_MAPS = 6
"""Candidates that are returned."""
LEAST_COVERED = 0.1
"""Part of the picture's area, 0 to 1, that a page covers at least."""
LEAST_SINE = 0.6
"""Sine of the angle between the page's axes in the scan: with less, the page would be too slanted."""
MOST_STRETCH = 0.5
"""Natural logarithm of the ratio between the scales of the two axes: with more, the page would be stretched."""
MARK_SIZE_WITHIN = 0.45
"""Natural logarithm of the ratio between the size of a mark and that of its reference point."""
WITHIN_MARK_SIZES, WITHIN_PAGE_PART = 1.2, 0.04
"""Distance within which a further reference point is found: in sizes of the mark, plus a part of the pattern's extent,
since the affine map of three marks ignores perspective."""
LEAST_HITS = 4
"""Reference points that a candidate must hit, where the template has so many."""
MOST_FOR_TRIANGLE = 12
"""Reference points among which the widest triangle is searched for."""
LEAST_FOR_HOMOGRAPHY = 4
"""Pairs of points that determine a homography."""


def by_reference_points(reference: Reference, pyramid: ImagePyramid) -> list[Candidate] | Rejected:
    """Match the reference points to solid marks of the scan; return every map that fits, the best first."""
    marks = reference.marks
    if len(marks) < LEAST_POINTS:
        return Rejected(f"reference points: the template has {len(marks)} of them. At least {LEAST_POINTS} are needed")
    solids = solids_in(pyramid)
    if len(solids) < LEAST_POINTS:
        return Rejected(f"reference points: fewer than {LEAST_POINTS} solid marks were found in the scan")
    least_area = LEAST_COVERED * pyramid.dimensions.pixels / reference.page.pixels
    found = _matched(marks, solids, least_area)
    if not found:
        return Rejected(
            f"reference points: the template's pattern was not found among the {len(solids)} solid marks of the scan"
        )
    return [Candidate(STRATEGY, matrix) for matrix in found]


def solids_in(pyramid: ImagePyramid) -> Points:
    """Return the solid marks of a scan, in the form of `find_solids`, in scan pixels."""

    def find() -> Points:
        grey, reduction = pyramid.fitted(SEARCHED_SIDE)
        return find_solids(grey) * reduction

    return pyramid.once("solids", find)


def find_solids(grey: Grey) -> Points:
    """Return the (n, 3) x, y and size (the root of the area) of dark filled shapes of compact form, largest first."""
    window = max(3, max(grey.shape) // LARGEST_DIVISOR) | 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, LEAST_CONTRAST)
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=4)
    widths, heights, areas = (stats[:, column].astype(np.float64) for column in (2, 3, 4))
    longer, shorter = np.maximum(widths, heights), np.minimum(widths, heights)
    solid = (shorter >= LEAST_SIDE_PX) & (longer < MOST_LONGER * shorter) & (areas > LEAST_FILLED * widths * heights)
    solid &= longer < max(grey.shape) / LARGEST_DIVISOR
    solid[0] = False
    table = np.column_stack([centres + 0.5, np.sqrt(areas)])[solid]
    return table[np.argsort(-table[:, 2], kind="stable")][:MOST_SOLIDS]


def _matched(marks: Points, solids: Points, least_area: float) -> list[ops.Matrix]:
    """Return maps of the marks (n, 3) onto solids (m, 3): all triples are tried, and ranked by the marks they hit."""
    triple = list(_widest(marks))
    chosen = np.array(list(permutations(range(len(solids)), 3)))
    targets = solids[chosen][:, :, :2]
    corners = np.column_stack([marks[triple, :2], np.ones(3)])
    affines = np.swapaxes(np.linalg.solve(corners[None], targets), 1, 2)
    linear = affines[:, :, :2]
    area = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    lengths = np.linalg.norm(linear, axis=1)
    likely = (area > LEAST_SINE * lengths[:, 0] * lengths[:, 1]) & (
        np.abs(np.log(lengths[:, 0] / lengths[:, 1])) < MOST_STRETCH
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        sizes = np.log(solids[chosen][:, :, 2] / (marks[triple, 2] * np.sqrt(np.abs(area))[:, None]))
    likely &= (np.abs(sizes) < MARK_SIZE_WITHIN).all(axis=1) & (area > least_area)
    fits = []
    for affine in affines[likely]:
        placed = marks[:, :2] @ affine[:, :2].T + affine[:, 2]
        distances = np.linalg.norm(placed[:, None] - solids[None, :, :2], axis=2)
        nearest = distances.argmin(axis=1)
        reach = WITHIN_MARK_SIZES * solids[nearest, 2] + WITHIN_PAGE_PART * np.ptp(placed, axis=0).max()
        hit = distances[np.arange(len(marks)), nearest] < reach
        if len(set(nearest[hit].tolist())) == hit.sum() >= min(len(marks), LEAST_HITS):
            fits.append(
                (
                    -int(hit.sum()),
                    float((distances.min(axis=1) / solids[nearest, 2])[hit].mean()),
                    _map(marks[hit], solids[nearest[hit]]),
                )
            )
    fits.sort(key=lambda fit: fit[:2])
    return [matrix for hits, _, matrix in fits[:MOST_MAPS] if hits == fits[0][0]]


def _map(marks: Points, solids: Points) -> ops.Matrix:
    if len(marks) < LEAST_FOR_HOMOGRAPHY:
        affine = np.linalg.solve(np.column_stack([marks[:3, :2], np.ones(3)]), solids[:3, :2]).T
        return np.vstack([affine, [0, 0, 1]])
    matrix, _ = cv2.findHomography(marks[:, :2], solids[:, :2], 0)
    return np.asarray(matrix, dtype=np.float64)


def _widest(marks: Points) -> tuple[int, int, int]:
    """Return the three marks that span the largest triangle."""

    def area(three: tuple[int, int, int]) -> float:
        one, two, last = marks[list(three), :2]
        return abs(float((two[0] - one[0]) * (last[1] - one[1]) - (two[1] - one[1]) * (last[0] - one[0])))

    return max(combinations(range(min(len(marks), MOST_FOR_TRIANGLE)), 3), key=area)
