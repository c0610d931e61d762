"""Where only the bubbles are known: the map of the whole page, from what is seen of some of it.

Bubbles leave much of a page empty, its corners above all. What carries the map there is how paper bends (`bent_sheet`),
and what else can be seen without knowing the print: the sides of the sheet, and solid things in their boxes. What the
bent sheet leaves is noise, a bubble's own displacement, or paper that bends in more than one way: a second sheet as
stiff as the pattern allows follows that, and a soft one what is left of it where something was seen.
"""

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.paper.bent_sheet import Seen, fit_bent_sheet
from omrclip.omr.registration.paper.sheet_sides import OUTWARD, SheetSides, find_sides
from omrclip.omr.registration.reference import Reference

Points = npt.NDArray[np.float64]
CELLS = 12
"""Over the page's longer side: bubbles of one cell are off by the same, and count as one."""
LEAST_CELLS = 8
DEVIATION = 0.5
"""Of bubbles from a sheet that bends along one direction, fine pixels."""
SIDE_WEIGHT = 0.3
SIDE_AMOUNTS = 5
SIDE_SLACK, TURN_SLACK, SIZE_SLACK = 0.04, 0.01, 0.05
"""How far a side of the sheet may lie from the page's, in its longer side; how far the print may be turned on it, in
radians; by which part something solid may be smaller than its box."""
STIFFNESSES = (0.01, 0.03, 0.1, 0.3, 1.0, 10.0)
HELD_BACK = 0.15
NO_WORSE = 1.2


def extended(
    reference: Reference,
    pyramid: ImagePyramid,
    page_to_scan: ops.Matrix,
    bend: bending.Bend,
    points: Points,
    in_scan: Points,
    bubbles: int,
) -> tuple[ops.Matrix, bending.Bend]:
    """A map for places far from all bubbles too.

    Args:
        reference: the page.
        pyramid: the scan.
        page_to_scan: a map that is right where the bubbles are.
        bend: of that map.
        points: (n, 2) float64 page pixels: the middles of bubbles, then the corners of solid things by fours.
        in_scan: (n, 2) float64 where they were found, scan pixels; of a solid thing as large as its box is.
        bubbles: how many of the points are bubbles.
    """
    page, per_pixel = reference.page, float(1 / np.mean(reference.fine.scale))
    sides = find_sides(pyramid, page_to_scan, bend, page)
    seen = _seen(page, points, in_scan, bubbles, sides)
    sheet = fit_bent_sheet(seen, page, pyramid.dimensions, DEVIATION * per_pixel)
    pattern = points[:bubbles]
    moved = np.subtract(ops.transform(ops.inverse(sheet.matrix), in_scan[:bubbles]), pattern)
    moved -= bending.offsets_at(sheet.bend, pattern, page)
    others = len(points) - bubbles + len(sides.side)
    offsets = np.vstack([moved, sheet.misses[len(sheet.misses) - others :]])
    trust = np.append(np.ones(len(points)), np.full(len(sides.side), SIDE_WEIGHT))
    at, loose = np.vstack([points, sides.beside]), 3 * per_pixel
    stiffness = _stiffness(pattern, moved, page)
    stiff, _ = bending.fit(at, offsets, trust, page, loose=loose, tight=loose / 4, stiffness=stiffness)
    soft = bending.fit_rest(
        points, offsets[: len(points)], np.ones(len(points)), page, stiff, loose=loose, stiffness=bending.SOFT
    )
    return sheet.matrix, sheet.bend + stiff + soft


def _seen(page: Dimensions, points: Points, in_scan: Points, bubbles: int, sides: SheetSides) -> Seen:
    """The bubbles cell by cell, then what is solid, then the sheet's sides."""
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
    """(m, 2) the mean of the points in each square of the page, and of where they were found; few stay as they are."""
    _, cell = np.unique(np.floor(points / side), axis=0, return_inverse=True)
    cell = cell.ravel()
    count = np.bincount(cell)
    if len(count) < LEAST_CELLS:
        return points, in_scan
    places = [np.bincount(cell, v) / count for v in (*points.T, *in_scan.T)]
    return np.column_stack(places[:2]), np.column_stack(places[2:])


def _stiffness(points: Points, offsets: Points, page: Dimensions) -> float:
    """How stiff the paper is: what best foretells the offsets at each side of the pattern from those of the rest.

    Of those that foretell nearly as well the stiffest is taken.
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
            bend, _ = bending.fit(
                points[rest],
                offsets[rest],
                np.ones(int(rest.sum())),
                page,
                loose=12,
                tight=6,
                stiffness=stiffness,
                rounds=2,
            )
            left = bending.offsets_at(bend, points[side], page) - offsets[side]
            missed.append(np.median(np.linalg.norm(left, axis=1)))
        errors.append(float(np.sqrt(np.mean(np.square(missed)))))
    return max(s for s, error in zip(STIFFNESSES, errors, strict=True) if error <= NO_WORSE * min(errors))
