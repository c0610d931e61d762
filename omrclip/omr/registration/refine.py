"""From a rough map to the map of every place: patches of the reference found again in the scan, at two scales.

A scan is warped into the page's frame by the rough map; what is left are small offsets, one for each patch. Outliers
(marks, handwriting, shadows) differ from their neighbours and lose their weight; the others bend the map (`bend`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.landmarks import find_landmarks
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.paper.extension import extended
from omrclip.omr.registration.paper.lens import Perspective, fit_perspective
from omrclip.omr.registration.patches import Found, find
from omrclip.omr.registration.rectified_scan import RectifiedScan, view
from omrclip.omr.registration.reference import COARSE_SEARCH, Reference, ReferenceLevel, centres_of
from omrclip.omr.registration.registration import Candidate

Points = npt.NDArray[np.float64]
LEAST_SCORE = 0.4
LEAST_WEIGHT = 0.15
LEAST_MATCHES = 8
MOST_SHIFTS = 3
STILL = 4.0
ENOUGH, LEAST_SETTLED, LEAST_FOR_AFFINE = 0.92, 0.4, 0.3
FINE_SEARCH = 8
SHEET_STIFFNESS, COARSE_STIFFNESS = 1.0, 0.05
LOST, STEADY = 2.0, 0.5
MORE_LOOKS = 2
PRINT_ROUNDS = 4
"""Of fitting to the print, which is found more surely than single bubbles."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalMap:
    """A map page → scan, and how well it was confirmed.

    Attributes:
        page_to_scan: (3, 3) float64, of page points that `bend` has moved.
        bend: see `bend.Bend`.
        matches: (n, 4) float32 page x, y and scan x, y of the patches that agree with it.
        agreeing: 0 to 1, the part of the patches that agree.
        residual: root mean square of the distances of those that agree, page pixels.
        view: the scan roughly in the page's frame, at the fine reference's scale.
        weakest: 0 to 1, the part that agrees of a patch and those around it, where that is least.
        everywhere: whether it was found true all over the page: no region of it is lost, no bubble beside its place.
    """

    page_to_scan: ops.Matrix
    bend: bending.Bend
    matches: npt.NDArray[np.float32]
    agreeing: float
    residual: float
    view: RectifiedScan
    weakest: float
    everywhere: bool = False


def settle(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> Candidate | None:
    """Correct a rough map at the coarse level, where the blank page's image has patches unlike all around them.

    Returns:
        The corrected map, None where too few patches agree with any.
    """
    level = reference.coarse
    points = _page_points(level)
    matrix, bend = candidate.page_to_scan, candidate.bend
    for _ in range(MOST_SHIFTS):
        seen = view(pyramid, matrix, level)
        found = _look(reference, level, seen, matrix, bend, COARSE_SEARCH)
        offsets, trust = found.offsets, _trust(found)
        if bend is not None:
            break
        shifted, agreeing = _shifted(points, offsets, trust, level)
        if agreeing > ENOUGH or agreeing * len(points) < LEAST_MATCHES:
            break
        if _moves(shifted, reference.page) < STILL / np.mean(level.scale):
            break
        # Some patches lie beyond the search: go where the others are, and look again.
        matrix = matrix @ shifted
    per_pixel = float(1 / np.mean(level.scale))
    _, weights = _fit(reference, points, offsets, trust, 5 * per_pixel, COARSE_STIFFNESS)
    agree = weights > LEAST_WEIGHT
    if agree.sum() < max(LEAST_MATCHES, LEAST_SETTLED * len(points)):
        return None
    in_scan = ops.transform(matrix, points + offsets)
    flat_sheet, offsets = _flattened(reference, pyramid, points, in_scan, agree)
    sheet, _ = _fit(reference, points, offsets, trust, 8 * per_pixel, SHEET_STIFFNESS)
    local = _local(reference, points, offsets, sheet, trust, 3 * per_pixel, COARSE_STIFFNESS)
    return Candidate(candidate.strategy, flat_sheet.matrix, flat_sheet.bend + sheet + local, FINE_SEARCH)


def _shifted(
    points: Points, offsets: Points, trust: npt.NDArray[np.float64], level: ReferenceLevel
) -> tuple[ops.Matrix, float]:
    """The affine map that most offsets agree with, or where few do, the similarity; and the part of all that do."""
    trusted = trust > 0
    if trusted.sum() < LEAST_MATCHES:
        return np.eye(3), 0.0
    within = 3 / float(np.mean(level.scale))
    for estimate, least in ((cv2.estimateAffine2D, LEAST_FOR_AFFINE), (cv2.estimateAffinePartial2D, 0.0)):
        # Where few agree, chance finds three that suit each other, but hardly a map that only turns and scales.
        found, inliers = estimate(
            points[trusted], (points + offsets)[trusted], method=cv2.RANSAC, ransacReprojThreshold=within, maxIters=500
        )
        agreeing = float(inliers.sum()) / len(points)
        if agreeing > least:
            return np.vstack([found, [0, 0, 1]]), agreeing
    return np.eye(3), 0.0


def _moves(matrix: ops.Matrix, page: Dimensions) -> float:
    """The furthest that a map moves a corner of the page, in page pixels."""
    corners = ops.corners(0, 0, page.width, page.height)
    return float(np.abs(ops.transform(matrix, corners) - corners).max())


def refine(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> LocalMap:
    """Correct a map at the fine level."""
    level = reference.fine
    seen = view(pyramid, candidate.page_to_scan, level)
    matrix = candidate.page_to_scan
    found = _look(reference, level, seen, matrix, candidate.bend, candidate.search or FINE_SEARCH)
    per_pixel = float(1 / np.mean(level.scale))
    points, offsets, trust = _page_points(level), found.offsets, _trust(found)
    if not reference.printed:
        held_at, held = _landmarks(reference, level, seen, matrix, candidate.bend)
        points, offsets = np.vstack([points, held_at]), np.vstack([offsets, held])
        trust = np.append(trust, np.ones(len(held)))
    in_scan = ops.transform(matrix, points + offsets)
    base = bending.flat() if candidate.bend is None else candidate.bend
    bend = base + _local(reference, points, offsets, base, trust, 3 * per_pixel, bending.SOFT)
    for _ in range(MORE_LOOKS if reference.printed else 0):
        again = _look_again(reference, level, seen, matrix, bend, found)
        if np.abs(again.offsets - found.offsets).max() < STEADY * per_pixel:
            break
        found = again
        offsets, trust = found.offsets, _trust(found)
        in_scan = ops.transform(matrix, points + offsets)
        bend = base + _local(reference, points, offsets, base, trust, 3 * per_pixel, bending.SOFT)
    misses, agree = _agreeing(reference, points, offsets, trust, bend)
    bubbles = int(agree[: len(level.patches)].sum())
    if not reference.printed and bubbles >= LEAST_MATCHES:
        solid = agree[len(level.patches) :].reshape(-1, 4).all(axis=1).repeat(4)
        known = np.append(agree[: len(level.patches)], solid)
        matrix, bend = extended(reference, pyramid, matrix, bend, points[known], in_scan[known], bubbles)
        offsets = np.subtract(ops.transform(ops.inverse(matrix), in_scan), points)
        misses, agree = _agreeing(reference, points, offsets, trust, bend)
    weakest = float(agree[level.neighbours].mean(axis=1).min()) if len(level.patches) else 0.0
    residual = float(np.sqrt((misses[agree] ** 2).mean())) if agree.any() else float("inf")
    matches = np.hstack([points, in_scan])[agree].astype(np.float32)
    agreeing = float(agree.mean()) if len(agree) else 0.0
    return LocalMap(matrix, bend, matches, agreeing, residual, seen, weakest)


def _agreeing(
    reference: Reference,
    points: Points,
    offsets: Points,
    trust: npt.NDArray[np.float64],
    bend: bending.Bend,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(n,) how far the offsets miss the bend, page pixels, and (n,) whether they agree: within two fine pixels."""
    misses = np.linalg.norm(offsets - bending.offsets_at(bend, points, reference.page), axis=1)
    return misses, (trust > 0) & (misses < 2.0 / np.mean(reference.fine.scale))


def _landmarks(
    reference: Reference,
    level: ReferenceLevel,
    seen: RectifiedScan,
    matrix: ops.Matrix,
    bend: bending.Bend | None,
) -> tuple[Points, Points]:
    """The corners of solid things that were found, and how far off they are; page pixels."""
    boxes, extents = reference.solids, reference.solids[:, 2:] * level.scale
    middles = centres_of(boxes)
    if bend is not None:
        middles = middles + bending.offsets_at(bend, middles, reference.page)
    to_view = seen.scan_to_view @ matrix
    looked_at = np.column_stack([ops.transform(to_view, middles) - extents / 2, extents])
    found, offsets = find_landmarks(seen.pixels, looked_at)
    there = ops.box_corners(looked_at[found]) + offsets[found]
    corners = ops.box_corners(boxes[found]).reshape(-1, 2)
    return corners, ops.transform(ops.inverse(to_view), there.reshape(-1, 2)) - corners


def _local(
    reference: Reference,
    points: Points,
    offsets: Points,
    sheet: bending.Bend,
    trust: npt.NDArray[np.float64],
    loose: float,
    stiffness: float,
) -> bending.Bend:
    return bending.fit_rest(
        points, offsets, trust, reference.page, sheet, loose=loose, stiffness=stiffness, rounds=_rounds(reference)
    )


def _flattened(
    reference: Reference, pyramid: ImagePyramid, points: Points, in_scan: Points, agree: npt.NDArray[np.bool_]
) -> tuple[Perspective, Points]:
    """The picture of a flat sheet that suits the agreeing points best, and what it leaves of all offsets, page pixels.

    What perspective and lens explain is no bend, so that only paper is left to bend.
    """
    page = reference.page
    flat_sheet = fit_perspective(points[agree], in_scan[agree], page, pyramid.dimensions)
    offsets = np.subtract(ops.transform(ops.inverse(flat_sheet.matrix), in_scan), points)
    return flat_sheet, np.subtract(offsets, bending.offsets_at(flat_sheet.bend, points, page))


def _page_points(level: ReferenceLevel) -> Points:
    return np.asarray((level.patches.centres + 0.5) / level.scale, dtype=np.float64)


def _look(
    reference: Reference,
    level: ReferenceLevel,
    seen: RectifiedScan,
    matrix: ops.Matrix,
    bend: bending.Bend | None,
    search: int,
    chosen: npt.NDArray[np.bool_] | slice = slice(None),
) -> Found:
    """Look for a level's patches where a map puts them; offsets in page pixels, as a bend of that map has them."""
    points, patches = _page_points(level)[chosen], level.patches.only(chosen)
    moved = points if bend is None else points + bending.offsets_at(bend, points, reference.page)
    middles = patches.centres + 0.5
    found = find(patches, seen.pixels, search, ops.transform(seen.scan_to_view @ matrix, moved) - middles)
    on_page = ops.transform(ops.inverse(seen.scan_to_view @ matrix), middles + found.offsets)
    return Found(on_page - points, found.scores)


def _look_again(
    reference: Reference,
    level: ReferenceLevel,
    seen: RectifiedScan,
    matrix: ops.Matrix,
    bend: bending.Bend,
    found: Found,
) -> Found:
    """Patches that are not where their neighbours say are looked for there: the first search may not have reached."""
    expected = bending.offsets_at(bend, _page_points(level), reference.page)
    lost = np.linalg.norm((found.offsets - expected) * level.scale, axis=1) > LOST
    if not lost.any():
        return found
    again = _look(reference, level, seen, matrix, bend, FINE_SEARCH, lost)
    offsets, scores = found.offsets.copy(), found.scores.copy()
    offsets[lost], scores[lost] = again.offsets, again.scores
    return Found(offsets, scores)


def _trust(found: Found) -> npt.NDArray[np.float64]:
    trust: npt.NDArray[np.float64] = np.clip((found.scores - LEAST_SCORE) / (1 - LEAST_SCORE), 0, 1)
    return trust


def _fit(
    reference: Reference,
    points: Points,
    offsets: Points,
    trust: npt.NDArray[np.float64],
    loose: float,
    stiffness: float,
) -> tuple[bending.Bend, npt.NDArray[np.float64]]:
    rounds = _rounds(reference)
    return bending.fit(
        points, offsets, trust, reference.page, loose=loose, tight=loose / 4, stiffness=stiffness, rounds=rounds
    )


def _rounds(reference: Reference) -> int:
    return PRINT_ROUNDS if reference.printed else bending.FITTING_ROUNDS
