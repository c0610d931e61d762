"""Refine a candidate to the exact map: patches of the reference are found in the scan, at two scales.

The scan is rectified by the candidate, so that each patch has a small offset. Outliers (marks, handwriting, shadows)
differ from their neighbours and lose their weight. A displacement grid is fitted to the other offsets.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.landmarks import find_landmarks
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.paper.extension import extended
from omrclip.omr.registration.paper.lens import Perspective, fit_perspective
from omrclip.omr.registration.patches import Found, find
from omrclip.omr.registration.printed_lines import find_lines
from omrclip.omr.registration.rectified_scan import RectifiedScan, rectify
from omrclip.omr.registration.reference import COARSE_SEARCH, Reference, ReferenceLevel, centres_of
from omrclip.omr.registration.registration import Candidate

LEAST_CORRELATION = 0.4
"""Correlation of a patch with the scan up to which its offset has no weight: it was not found."""
LEAST_WEIGHT = 0.15
"""Weight after the fit, 0 to 1, above which a coarse patch agrees with it."""
LEAST_MATCHES = 8
"""Patches that must agree for any map to be fitted to them."""
MOST_SHIFTS = 3
"""Coarse searches, each from the map that the search before gave."""
LEAST_SHIFT_PX = 4.0
"""Pixels of the coarse reference: if a search moves no corner so far, no further search is made."""
AGREEING_WITHOUT_SHIFT = 0.92
"""Part of the coarse patches that agree with one map: from here on, no further search is made."""
LEAST_SETTLED = 0.4
"""Part of the coarse patches that must agree for a candidate to be kept."""
LEAST_FOR_AFFINE = 0.3
"""Part of the coarse patches that must agree with an affine map; with fewer, only a similarity is fitted."""
AFFINE_WITHIN_PX, AFFINE_ITERATIONS = 3, 500
"""Pixels of the coarse reference within which a patch agrees with an affine map, and iterations of RANSAC."""
FINE_SEARCH_PX = 8
"""Pixels of the fine reference by which a fine patch may lie off its expected place."""
OUTLIERS_LOOSE_PX, SHEET_LOOSE_PX, LOCAL_LOOSE_PX = 5, 8, 3
"""Pixels of the reference at which an offset loses three quarters of its weight in the first round of a fit: to tell
outliers, to fit the stiff sheet, and to fit what the sheet leaves."""
LOOSE_PER_TIGHT = 4
"""The same residual in the first round as a multiple of that in the last round."""
SHEET_STIFFNESS, COARSE_STIFFNESS = 1.0, 0.05
"""Weight of bending against residuals: for a stiff sheet, and for the coarse patches one by one."""
AGREES_WITHIN_PX = 2.0
"""Pixels of the fine reference within which an offset agrees with the displacement grid."""
LOST_BEYOND_PX = 2.0
"""Pixels of the fine reference: a patch that is found further from where its neighbours say is searched for again."""
CONVERGED_WITHIN_PX = 0.5
"""Pixels of the fine reference: if a further search moves no patch so far, the search ends."""
MORE_SEARCHES = 2
"""Further searches for patches that were lost."""
PRINT_ROUNDS = 4
"""Rounds of a fit to printed patches, which are found more surely than single bubbles and need fewer rounds."""

FIRST_LOOKED_FOR, LEAST_LOOKED_FOR = 4, 16
"""One of so many outlines of bubbles, but at least so many of them, are searched for first."""
GOLDEN_RATIO = 0.618
"""Multiples of it, without their whole part, choose the first outlines: unlike every fourth one, these are not all the
first answers of questions with four."""
TIMES_THE_FIRST = 2.0
"""Part of all outlines that is found at most, in parts of the first ones. On four pairs of forms, maps of foreign
sheets showed at most 8 % of the first outlines, and right maps at least 58 %."""
LINE_ROUNDS = 2
"""Rounds of a fit to printed lines, whose offsets are small: one to tell outliers, one without them."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalMap:
    """A map page → scan, and how well it was confirmed.

    Attributes:
        page_to_scan: (3, 3) float64, for page points that `bend` has moved.
        bend: the displacement grid, see `displacement_grid.DisplacementGrid`.
        matches: (n, 4) float32 page x, y and scan x, y of the patches that agree with the map.
        agreeing: 0 to 1, the part of the patches that agree.
        residual: root mean square distance of the patches that agree, page pixels.
        rectified: the rectified scan, at the fine reference's scale.
        weakest: 0 to 1, the least part of a patch and its neighbours that agrees.
        everywhere: whether the map is confirmed all over the page: no region is lost, and no bubble lies off its place.
    """

    page_to_scan: ops.Matrix
    bend: displacement_grid.DisplacementGrid
    matches: npt.NDArray[np.float32]
    agreeing: float
    residual: float
    rectified: RectifiedScan
    weakest: float
    everywhere: bool = False


def settle(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> Candidate | None:
    """Correct a candidate at the coarse level, by patches of the blank page that look like nothing else near them.

    Returns:
        The corrected candidate; None where too few patches agree with one map.
    """
    level = reference.coarse
    points = _page_points(level)
    matrix, bend = candidate.page_to_scan, candidate.bend
    for _ in range(MOST_SHIFTS):
        seen = rectify(pyramid, matrix, level)
        found = _look(reference, level, seen, matrix, bend, COARSE_SEARCH)
        offsets, trust = found.offsets, _trust(found)
        if bend is not None:
            break
        shifted, agreeing = _shifted(points, offsets, trust, level)
        if agreeing > AGREEING_WITHOUT_SHIFT or agreeing * len(points) < LEAST_MATCHES:
            break
        if _moves(shifted, reference.page) < LEAST_SHIFT_PX / np.mean(level.scale):
            break
        # Some patches lie beyond the reach of the search: move the map as the others say, and search again.
        matrix = matrix @ shifted
    per_pixel = float(1 / np.mean(level.scale))
    _, weights = _fit(reference, points, offsets, trust, OUTLIERS_LOOSE_PX * per_pixel, COARSE_STIFFNESS)
    agree = weights > LEAST_WEIGHT
    if agree.sum() < max(LEAST_MATCHES, LEAST_SETTLED * len(points)):
        return None
    in_scan = ops.transform(matrix, points + offsets)
    flat_sheet, offsets = _flattened(reference, pyramid, points, in_scan, agree)
    sheet, _ = _fit(reference, points, offsets, trust, SHEET_LOOSE_PX * per_pixel, SHEET_STIFFNESS)
    local = _local(reference, points, offsets, sheet, trust, LOCAL_LOOSE_PX * per_pixel, COARSE_STIFFNESS)
    return Candidate(candidate.strategy, flat_sheet.matrix, flat_sheet.bend + sheet + local, FINE_SEARCH_PX)


def _shifted(
    points: Points, offsets: Points, trust: npt.NDArray[np.float64], level: ReferenceLevel
) -> tuple[ops.Matrix, float]:
    """Return the affine map that most offsets agree with, or a similarity where few do; and the part that agrees."""
    trusted = trust > 0
    if trusted.sum() < LEAST_MATCHES:
        return np.eye(3), 0.0
    within = AFFINE_WITHIN_PX / float(np.mean(level.scale))
    for estimate, least in ((cv2.estimateAffine2D, LEAST_FOR_AFFINE), (cv2.estimateAffinePartial2D, 0.0)):
        # Among few inliers, three may fit an affine map by chance, but hardly a similarity.
        found, inliers = estimate(
            points[trusted],
            (points + offsets)[trusted],
            method=cv2.RANSAC,
            ransacReprojThreshold=within,
            maxIters=AFFINE_ITERATIONS,
        )
        agreeing = float(inliers.sum()) / len(points)
        if agreeing > least:
            return np.vstack([found, [0, 0, 1]]), agreeing
    return np.eye(3), 0.0


def _moves(matrix: ops.Matrix, page: Dimensions) -> float:
    """Return the furthest that a map moves a corner of the page, in page pixels."""
    corners = ops.corners(0, 0, page.width, page.height)
    return float(np.abs(ops.transform(matrix, corners) - corners).max())


def refine(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> LocalMap:
    """Correct a candidate at the fine level."""
    level = reference.fine
    seen = rectify(pyramid, candidate.page_to_scan, level)
    matrix = candidate.page_to_scan
    found = _look_for_enough(reference, seen, candidate)
    if isinstance(found, float):
        bend = displacement_grid.flat() if candidate.bend is None else candidate.bend
        return LocalMap(matrix, bend, np.zeros((0, 4), np.float32), found, float("inf"), seen, 0.0)
    per_pixel = float(1 / np.mean(level.scale))
    points, offsets, trust = _page_points(level), found.offsets, _trust(found)
    if not reference.printed:
        held_at, held = _landmarks(reference, level, seen, matrix, candidate.bend)
        points, offsets = np.vstack([points, held_at]), np.vstack([offsets, held])
        trust = np.append(trust, np.ones(len(held)))
    in_scan = ops.transform(matrix, points + offsets)
    base = displacement_grid.flat() if candidate.bend is None else candidate.bend
    bend = base + _local(reference, points, offsets, base, trust, LOCAL_LOOSE_PX * per_pixel, displacement_grid.SOFT)
    for _ in range(MORE_SEARCHES if reference.printed else 0):
        again = _look_again(reference, level, seen, matrix, bend, found)
        if np.abs(again.offsets - found.offsets).max() < CONVERGED_WITHIN_PX * per_pixel:
            break
        found = again
        offsets, trust = found.offsets, _trust(found)
        in_scan = ops.transform(matrix, points + offsets)
        bend = base + _local(
            reference, points, offsets, base, trust, LOCAL_LOOSE_PX * per_pixel, displacement_grid.SOFT
        )
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


def _look_for_enough(reference: Reference, seen: RectifiedScan, candidate: Candidate) -> Found | float:
    """Search for the fine patches, or return the part of patches and landmarks that agree at most, if it is too small.

    Most maps without an image of the blank page are those of other forms. Searching for all outlines by each would take
    most of the time of refusing a scan.
    """
    level, search = reference.fine, candidate.search or FINE_SEARCH_PX
    count, landmarks = len(level.patches), 4 * len(reference.solids)

    def look(chosen: npt.NDArray[np.bool_]) -> Found:
        return _look(reference, level, seen, candidate.page_to_scan, candidate.bend, search, chosen)

    if reference.printed or count < 2 * LEAST_LOOKED_FOR:
        return look(np.ones(count, np.bool_))
    is_first = np.arange(count) * GOLDEN_RATIO % 1 < 1 / min(FIRST_LOOKED_FOR, count // LEAST_LOOKED_FOR)
    first = look(is_first)
    part = min(1.0, TIMES_THE_FIRST * float((_trust(first) > 0).mean()))
    most = (part * count + landmarks) / (count + landmarks)
    if most < candidate.least_agreeing:
        return most
    others = look(~is_first)
    offsets, scores = np.empty((count, 2)), np.empty(count)
    offsets[is_first], scores[is_first] = first.offsets, first.scores
    offsets[~is_first], scores[~is_first] = others.offsets, others.scores
    return Found(offsets, scores)


def bent_to_lines(reference: Reference, found: LocalMap) -> displacement_grid.DisplacementGrid:
    """Return the displacement grid of a confirmed map, corrected where printed lines lie off it.

    The patches that agree with the map keep their places. A line counts only across its direction.
    """
    lines, level, page = reference.lines, reference.fine, reference.page
    if lines is None or not len(lines.patches):
        return found.bend
    to_rectified = found.rectified.scan_to_rectified @ found.page_to_scan
    points = np.divide(lines.patches.centres + 0.5, level.scale)
    moved = points + displacement_grid.offsets_at(found.bend, points, page)
    seen = find_lines(lines, found.rectified.pixels, ops.transform(to_rectified, moved) - 0.5)
    trust = _trust(seen)
    agreeing = found.matches[:, :2].astype(np.float64)
    bend = found.bend.copy()
    for axis in (0, 1):
        chosen = (trust > 0) & (lines.horizontal == bool(axis))
        if chosen.any():
            correction = displacement_grid.fit_rest(
                np.vstack([agreeing, points[chosen]]),
                np.vstack([np.zeros_like(agreeing), seen.offsets[chosen] / level.scale]),
                np.append(np.ones(len(agreeing)), trust[chosen]),
                page,
                displacement_grid.flat(),
                loose=LOCAL_LOOSE_PX / float(np.mean(level.scale)),
                stiffness=displacement_grid.SOFT,
                rounds=LINE_ROUNDS,
            )
            bend += correction
    return bend


def _agreeing(
    reference: Reference,
    points: Points,
    offsets: Points,
    trust: npt.NDArray[np.float64],
    bend: displacement_grid.DisplacementGrid,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return (n,) the distances of the offsets from the displacement grid, page pixels, and (n,) whether they agree."""
    misses = np.linalg.norm(offsets - displacement_grid.offsets_at(bend, points, reference.page), axis=1)
    return misses, (trust > 0) & (misses < AGREES_WITHIN_PX / np.mean(reference.fine.scale))


def _landmarks(
    reference: Reference,
    level: ReferenceLevel,
    seen: RectifiedScan,
    matrix: ops.Matrix,
    bend: displacement_grid.DisplacementGrid | None,
) -> tuple[Points, Points]:
    """Return the corners of landmarks that were found, and their offsets; page pixels."""
    boxes, sizes = reference.solids, reference.solids[:, 2:] * level.scale
    middles = centres_of(boxes)
    if bend is not None:
        middles = middles + displacement_grid.offsets_at(bend, middles, reference.page)
    to_rectified = seen.scan_to_rectified @ matrix
    expected = np.column_stack([ops.transform(to_rectified, middles) - sizes / 2, sizes])
    found, offsets = find_landmarks(seen.pixels, expected)
    there = ops.box_corners(expected[found]) + offsets[found]
    corners = ops.box_corners(boxes[found]).reshape(-1, 2)
    return corners, ops.transform(ops.inverse(to_rectified), there.reshape(-1, 2)) - corners


def _local(
    reference: Reference,
    points: Points,
    offsets: Points,
    sheet: displacement_grid.DisplacementGrid,
    trust: npt.NDArray[np.float64],
    loose: float,
    stiffness: float,
) -> displacement_grid.DisplacementGrid:
    return displacement_grid.fit_rest(
        points, offsets, trust, reference.page, sheet, loose=loose, stiffness=stiffness, rounds=_rounds(reference)
    )


def _flattened(
    reference: Reference, pyramid: ImagePyramid, points: Points, in_scan: Points, agree: npt.NDArray[np.bool_]
) -> tuple[Perspective, Points]:
    """Return the flat sheet that fits the agreeing points best, and the offsets that it leaves, page pixels.

    Perspective and lens distortion are removed first, so that the displacement grid has to explain the paper alone.
    """
    page = reference.page
    flat_sheet = fit_perspective(points[agree], in_scan[agree], page, pyramid.dimensions)
    offsets = np.subtract(ops.transform(ops.inverse(flat_sheet.matrix), in_scan), points)
    return flat_sheet, np.subtract(offsets, displacement_grid.offsets_at(flat_sheet.bend, points, page))


def _page_points(level: ReferenceLevel) -> Points:
    return np.asarray((level.patches.centres + 0.5) / level.scale, dtype=np.float64)


def _look(
    reference: Reference,
    level: ReferenceLevel,
    seen: RectifiedScan,
    matrix: ops.Matrix,
    bend: displacement_grid.DisplacementGrid | None,
    search: int,
    chosen: npt.NDArray[np.bool_] | slice = slice(None),
) -> Found:
    """Search for patches where a map puts them; offsets are in page pixels, as in a displacement grid of the map."""
    points, patches = _page_points(level)[chosen], level.patches.only(chosen)
    moved = points if bend is None else points + displacement_grid.offsets_at(bend, points, reference.page)
    middles = patches.centres + 0.5
    found = find(patches, seen.pixels, search, ops.transform(seen.scan_to_rectified @ matrix, moved) - middles)
    on_page = ops.transform(ops.inverse(seen.scan_to_rectified @ matrix), middles + found.offsets)
    return Found(on_page - points, found.scores)


def _look_again(
    reference: Reference,
    level: ReferenceLevel,
    seen: RectifiedScan,
    matrix: ops.Matrix,
    bend: displacement_grid.DisplacementGrid,
    found: Found,
) -> Found:
    """Search again for patches that are not where their neighbours say, since the first search may not have reached."""
    expected = displacement_grid.offsets_at(bend, _page_points(level), reference.page)
    lost = np.linalg.norm((found.offsets - expected) * level.scale, axis=1) > LOST_BEYOND_PX
    if not lost.any():
        return found
    again = _look(reference, level, seen, matrix, bend, FINE_SEARCH_PX, lost)
    offsets, scores = found.offsets.copy(), found.scores.copy()
    offsets[lost], scores[lost] = again.offsets, again.scores
    return Found(offsets, scores)


def _trust(found: Found) -> npt.NDArray[np.float64]:
    trust: npt.NDArray[np.float64] = np.clip((found.scores - LEAST_CORRELATION) / (1 - LEAST_CORRELATION), 0, 1)
    return trust


def _fit(
    reference: Reference,
    points: Points,
    offsets: Points,
    trust: npt.NDArray[np.float64],
    loose: float,
    stiffness: float,
) -> tuple[displacement_grid.DisplacementGrid, npt.NDArray[np.float64]]:
    rounds = _rounds(reference)
    return displacement_grid.fit(
        points,
        offsets,
        trust,
        reference.page,
        loose=loose,
        tight=loose / LOOSE_PER_TIGHT,
        stiffness=stiffness,
        rounds=rounds,
    )


def _rounds(reference: Reference) -> int:
    return PRINT_ROUNDS if reference.printed else displacement_grid.FITTING_ROUNDS
