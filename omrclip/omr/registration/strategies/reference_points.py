"""Registration by the template's reference points: solid squares or discs, wherever three or more of them are."""

from itertools import combinations, permutations

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.registration.image_pyramid import Grey, ImagePyramid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected

Points = npt.NDArray[np.float64]
STRATEGY = "reference points"
SEARCHED_SIDE = 1000
LEAST_POINTS = 3
MOST_SOLIDS = 28
LEAST_FILLED = 0.45
"""Of a solid's upright box: a square on its corner fills half of it."""
MOST_MAPS = 6
LEAST_COVERED = 0.1
"""How much of the picture a page takes."""
WITHIN = 1.2
"""How far off a further reference point may lie, in sizes of its mark."""


def by_reference_points(reference: Reference, levels: ImagePyramid) -> list[Candidate] | Rejected:
    """Lay the reference points onto solid marks of the scan; every way that fits, the best first."""
    marks = reference.marks
    if len(marks) < LEAST_POINTS:
        return Rejected(f"reference points: the template has {len(marks)}, at least {LEAST_POINTS} tell the page")
    solids = solids_in(levels)
    if len(solids) < LEAST_POINTS:
        return Rejected("reference points: there are not three solid marks in the scan")
    least_area = LEAST_COVERED * levels.dimensions.pixels / reference.page.pixels
    found = _laid(marks, solids, least_area)
    if not found:
        return Rejected(
            f"reference points: no arrangement like the template's was found among {len(solids)} solid marks"
        )
    return [Candidate(STRATEGY, matrix) for matrix in found]


def solids_in(levels: ImagePyramid) -> Points:
    """The solid marks of a scan as `find_solids` has them, in scan pixels."""

    def find() -> Points:
        grey, reduction = levels.fitted(SEARCHED_SIDE)
        return find_solids(grey) * reduction

    return levels.once("solids", find)


def find_solids(grey: Grey) -> Points:
    """(n, 3) x, y and size (the root of the area) of dark filled shapes, not much longer than wide; largest first."""
    window = max(3, max(grey.shape) // 8) | 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, 40)
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=4)
    widths, heights, areas = (stats[:, column].astype(np.float64) for column in (2, 3, 4))
    longer, shorter = np.maximum(widths, heights), np.minimum(widths, heights)
    solid = (shorter >= 5) & (longer < 2.2 * shorter) & (areas > LEAST_FILLED * widths * heights)
    solid &= longer < max(grey.shape) / 8
    solid[0] = False
    table = np.column_stack([centres + 0.5, np.sqrt(areas)])[solid]
    return table[np.argsort(-table[:, 2], kind="stable")][:MOST_SOLIDS]


def _laid(marks: Points, solids: Points, least_area: float) -> list[ops.Matrix]:
    """Maps of the marks (n, 3) onto solids (m, 3): all triples are tried, and told by the marks left over."""
    triple = list(_widest(marks))
    chosen = np.array(list(permutations(range(len(solids)), 3)))
    targets = solids[chosen][:, :, :2]
    corners = np.column_stack([marks[triple, :2], np.ones(3)])
    affines = np.swapaxes(np.linalg.solve(corners[None], targets), 1, 2)
    linear = affines[:, :, :2]
    area = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    lengths = np.linalg.norm(linear, axis=1)
    likely = (area > 0.6 * lengths[:, 0] * lengths[:, 1]) & (np.abs(np.log(lengths[:, 0] / lengths[:, 1])) < 0.5)
    with np.errstate(invalid="ignore", divide="ignore"):
        sizes = np.log(solids[chosen][:, :, 2] / (marks[triple, 2] * np.sqrt(np.abs(area))[:, None]))
    likely &= (np.abs(sizes) < 0.45).all(axis=1) & (area > least_area)
    fits = []
    for affine in affines[likely]:
        placed = marks[:, :2] @ affine[:, :2].T + affine[:, 2]
        distances = np.linalg.norm(placed[:, None] - solids[None, :, :2], axis=2)
        nearest = distances.argmin(axis=1)
        reach = WITHIN * solids[nearest, 2] + 0.04 * np.ptp(placed, axis=0).max()
        hit = distances[np.arange(len(marks)), nearest] < reach
        if len(set(nearest[hit].tolist())) == hit.sum() >= min(len(marks), 4):
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
    if len(marks) < 4:
        affine = np.linalg.solve(np.column_stack([marks[:3, :2], np.ones(3)]), solids[:3, :2]).T
        return np.vstack([affine, [0, 0, 1]])
    matrix, _ = cv2.findHomography(marks[:, :2], solids[:, :2], 0)
    return np.asarray(matrix, dtype=np.float64)


def _widest(marks: Points) -> tuple[int, int, int]:
    """The three marks that span the largest triangle."""

    def area(three: tuple[int, int, int]) -> float:
        one, two, last = marks[list(three), :2]
        return abs(float((two[0] - one[0]) * (last[1] - one[1]) - (two[1] - one[1]) * (last[0] - one[0])))

    return max(combinations(range(min(len(marks), 12)), 3), key=area)
