"""Registration by the template's reference points, solid squares or discs, where it has at least three."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

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
DISTANCES_AT_ONCE = 1 << 18
"""Distances between marks and solids that are computed at once: 2 MB, about the size of a processor's cache."""
DISTANCE_DIGITS = 6
"""Decimal digits of mean distances that are compared. Three marks fit any triple of solids up to rounding errors."""
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
        grey, reduction = pyramid.fitted(SEARCHED_SIDE, roughly=True)
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
    affines, unlike = _of_triples(marks, solids, least_area)
    at_once = max(1, DISTANCES_AT_ONCE // (len(marks) * len(solids)))
    fits = [
        fit
        for start in range(0, len(affines), at_once)
        for fit in _fits(marks, solids, affines[start:][:at_once], unlike[start:])
    ]
    fits.sort(key=lambda fit: (-fit.hits, round(fit.away, DISTANCE_DIGITS), fit.unlike))
    return [_map(marks[fit.marks], solids[fit.solids]) for fit in fits[:MOST_MAPS] if fit.hits == fits[0].hits]


def _of_triples(
    marks: Points, solids: Points, least_area: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the plausible affine maps of the widest three marks onto triples of solids.

    Returns:
        (t, 2, 3) the maps, and (t,) the differences in size of each triple from its marks, natural logarithms, summed.
    """
    triple = list(_widest(marks))
    chosen = _triples(len(solids))
    corners = ops.inverse(np.column_stack([marks[triple, :2], np.ones(3)])).T
    affines = np.stack([solids[:, axis][chosen] @ corners for axis in (0, 1)], axis=1)
    (a, b), (c, d) = (affines[:, row, :2].T for row in (0, 1))
    area, lengths = a * d - b * c, (np.sqrt(a**2 + c**2), np.sqrt(b**2 + d**2))
    likely = np.flatnonzero(
        (area > np.maximum(LEAST_SINE * lengths[0] * lengths[1], least_area))
        & (np.abs(np.log(lengths[0] / lengths[1])) < MOST_STRETCH)
    )
    sizes = np.abs(np.log(solids[:, 2][chosen[likely]] / (marks[triple, 2] * np.sqrt(area[likely])[:, None])))
    alike = (sizes < MARK_SIZE_WITHIN).all(axis=1)
    return affines[likely[alike]], sizes[alike].sum(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """A map that hits enough reference points.

    Attributes:
        hits: the number of marks that it hits.
        away: the mean distance of these marks from their solids, in sizes of the solids.
        unlike: how much the three marks that determine the map differ in size from their solids.
        marks, solids: (hits,) the indices of the pairs.
    """

    hits: int
    away: float
    unlike: float
    marks: npt.NDArray[np.intp]
    solids: npt.NDArray[np.intp]


def _fits(
    marks: Points, solids: Points, affines: npt.NDArray[np.float64], unlike: npt.NDArray[np.float64]
) -> Iterator[_Fit]:
    """Yield the fit of each affine map that hits enough marks, each by a solid of its own."""
    placed = marks[:, :2] @ np.swapaxes(affines[:, :, :2], 1, 2) + affines[:, None, :, 2]
    squared = (placed[:, :, :1] - solids[:, 0]) ** 2
    squared += (placed[:, :, 1:] - solids[:, 1]) ** 2
    nearest = squared.argmin(axis=2)
    least, sizes = np.sqrt(squared.min(axis=2)), solids[nearest, 2]
    reach = WITHIN_MARK_SIZES * sizes + WITHIN_PAGE_PART * np.ptp(placed, axis=1).max(axis=1)[:, None]
    hit = least < reach
    # Marks that are not hit get numbers of their own, so that only two hits of one solid are alike.
    solid = np.sort(np.where(hit, nearest, -1 - np.arange(len(marks))), axis=1)
    enough = (hit.sum(axis=1) >= min(len(marks), LEAST_HITS)) & (np.diff(solid, axis=1) > 0).all(axis=1)
    for number in np.flatnonzero(enough).tolist():
        those = np.flatnonzero(hit[number])
        away = float((least[number] / sizes[number])[those].mean())
        yield _Fit(len(those), away, float(unlike[number]), those, nearest[number, those])


@lru_cache(maxsize=4)
def _triples(count: int) -> npt.NDArray[np.intp]:
    """Return (t, 3) all ordered triples of `count` numbers."""
    triples = np.indices((count, count, count)).reshape(3, -1).T
    first, second, third = triples.T
    distinct: npt.NDArray[np.bool_] = (first != second) & (first != third) & (second != third)
    return np.ascontiguousarray(triples[distinct], dtype=np.intp)


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
