"""Extend a map from the bubbles to the whole page, where only the bubbles are known.

Bubbles leave much of a page empty, mostly its corners. A model of how paper bends (`bent_sheet`) extrapolates the map.
It also uses what can be found without an image of the page: the sides of the sheet, and landmarks. The residuals of the
model are noise, displacements of single bubbles, or paper that bends in more than one direction. A displacement grid as
stiff as the pattern allows is fitted to them, and a soft one to its residuals, near the places that were found.
"""

import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.paper.bent_sheet import Seen, fit_bent_sheet
from omrclip.omr.registration.paper.sheet_sides import OUTWARD, SheetSides, find_sides
from omrclip.omr.registration.reference import Reference

CELLS = 12
"""Cells over the page's longer side: bubbles of one cell have the same error, and count as one."""
LEAST_CELLS = 8
"""Cells with bubbles: with fewer, each bubble counts by itself."""
DEVIATION_PX = 0.5
"""Pixels of the fine reference by which bubbles usually deviate from a sheet that bends in one direction."""
SIDE_WEIGHT = 0.3
"""Weight of a place on a side of the sheet, against 1 for bubbles."""
SIDE_AMOUNTS = 5
"""Unknown amounts of the sides of the sheet: a shift for each side, and a rotation of the print."""
SIDE_SLACK, TURN_SLACK, SIZE_SLACK = 0.04, 0.01, 0.05
"""Expected distance of a side of the sheet from the page's, in its longer side; rotation of the print on the sheet, in
radians; and part by which a landmark is smaller than its box."""
LOOSE_PX, LOOSE_PER_TIGHT = 3, 4
"""Pixels of the fine reference at which an offset loses three quarters of its weight in the first round, and this
residual as a multiple of that in the last round."""
STIFFNESSES = (0.01, 0.03, 0.1, 0.3, 1.0, 10.0)
"""Weights of bending against residuals that are compared."""
HELD_BACK = 0.15
"""Part of the bubbles, at each side of the pattern, whose offsets are predicted from those of the rest."""
PREDICTION_LOOSE, PREDICTION_TIGHT, PREDICTION_ROUNDS = 12, 6, 2
"""Page pixels at which an offset loses three quarters of its weight while stiffnesses are compared, and rounds."""
MOST_ERROR_RATIO = 1.2
"""Error of a stiffness, as a multiple of the least one, up to which it predicts well enough."""


def extended(
    reference: Reference,
    pyramid: ImagePyramid,
    page_to_scan: ops.Matrix,
    bend: displacement_grid.DisplacementGrid,
    points: Points,
    in_scan: Points,
    bubbles: int,
) -> tuple[ops.Matrix, displacement_grid.DisplacementGrid]:
    """Return a map that is also right far from all bubbles.

    Args:
        reference: the page.
        pyramid: the scan.
        page_to_scan: a map that is right where the bubbles are.
        bend: the displacement grid of that map.
        points: (n, 2) float64 page pixels: the centres of bubbles, then four corners of each landmark.
        in_scan: (n, 2) float64 where they were found, scan pixels; a landmark has the size of its box.
        bubbles: the number of points that are bubbles.
    """
    page, per_pixel = reference.page, float(1 / np.mean(reference.fine.scale))
    sides = find_sides(pyramid, page_to_scan, bend, page)
    seen = _seen(page, points, in_scan, bubbles, sides)
    sheet = fit_bent_sheet(seen, page, pyramid.dimensions, DEVIATION_PX * per_pixel)
    pattern = points[:bubbles]
    moved = np.subtract(ops.transform(ops.inverse(sheet.matrix), in_scan[:bubbles]), pattern)
    moved -= displacement_grid.offsets_at(sheet.bend, pattern, page)
    others = len(points) - bubbles + len(sides.side)
    offsets = np.vstack([moved, sheet.misses[len(sheet.misses) - others :]])
    trust = np.append(np.ones(len(points)), np.full(len(sides.side), SIDE_WEIGHT))
    at, loose = np.vstack([points, sides.beside]), LOOSE_PX * per_pixel
    stiffness = _stiffness(pattern, moved, page)
    stiff, _ = displacement_grid.fit(
        at, offsets, trust, page, loose=loose, tight=loose / LOOSE_PER_TIGHT, stiffness=stiffness
    )
    soft = displacement_grid.fit_rest(
        points, offsets[: len(points)], np.ones(len(points)), page, stiff, loose=loose, stiffness=displacement_grid.SOFT
    )
    return sheet.matrix, sheet.bend + stiff + soft


def _seen(page: Dimensions, points: Points, in_scan: Points, bubbles: int, sides: SheetSides) -> Seen:
    """Return the bubbles by cell, then the landmarks, then the sides of the sheet."""
    longer, middle = max(page.width, page.height), np.array([page.width, page.height]) / 2
    at, seen_at = _by_cell(points[:bubbles], in_scan[:bubbles], longer / CELLS)
    solids, ends = points[bubbles:].reshape(-1, 4, 2), len(at) + len(points) - bubbles
    slides = np.zeros((ends + len(sides.side), 2, SIDE_AMOUNTS + len(solids)))
    for number, corners in enumerate(solids):
        first = len(at) + 4 * number
        slides[first : first + 4, :, SIDE_AMOUNTS + number] = corners - corners.mean(axis=0)
    rows = np.arange(ends, len(slides))
    slides[rows, :, sides.side] = sides.outward * longer
    slides[ends:, :, SIDE_AMOUNTS - 1] = (sides.beside - middle)[:, ::-1] * (-1, 1)
    across = np.zeros((len(slides), 2))
    across[ends:] = sides.outward
    return Seen(
        np.vstack([at, points[bubbles:], sides.beside]),
        np.vstack([seen_at, in_scan[bubbles:], sides.in_scan]),
        np.append(np.ones(ends), np.full(len(sides.side), SIDE_WEIGHT)),
        across,
        slides,
        np.array([SIDE_SLACK] * len(OUTWARD) + [TURN_SLACK] + [SIZE_SLACK] * len(solids)),
    )


def _by_cell(points: Points, in_scan: Points, side: float) -> tuple[Points, Points]:
    """Return (m, 2) the mean of the points in each cell, and of where they were found; few points stay as they are."""
    _, cell = np.unique(np.floor(points / side), axis=0, return_inverse=True)
    cell = cell.ravel()
    count = np.bincount(cell)
    if len(count) < LEAST_CELLS:
        return points, in_scan
    places = [np.bincount(cell, v) / count for v in (*points.T, *in_scan.T)]
    return np.column_stack(places[:2]), np.column_stack(places[2:])


def _stiffness(points: Points, offsets: Points, page: Dimensions) -> float:
    """Return the stiffness that best predicts the offsets at each side of the pattern from those of the rest.

    Of several that predict nearly as well, the largest is taken.
    """
    sides = [
        places <= np.quantile(places, HELD_BACK)
        for places in (points[:, 0], -points[:, 0], points[:, 1], -points[:, 1])
    ]
    errors = []
    for stiffness in STIFFNESSES:
        missed = []
        for side in sides:
            rest = ~side
            bend, _ = displacement_grid.fit(
                points[rest],
                offsets[rest],
                np.ones(int(rest.sum())),
                page,
                loose=PREDICTION_LOOSE,
                tight=PREDICTION_TIGHT,
                stiffness=stiffness,
                rounds=PREDICTION_ROUNDS,
            )
            left = displacement_grid.offsets_at(bend, points[side], page) - offsets[side]
            missed.append(np.median(np.linalg.norm(left, axis=1)))
        errors.append(float(np.sqrt(np.mean(np.square(missed)))))
    return max(s for s, error in zip(STIFFNESSES, errors, strict=True) if error <= MOST_ERROR_RATIO * min(errors))
