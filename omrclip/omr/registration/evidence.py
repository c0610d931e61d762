"""Evidence for the place of a page that has too few bubbles, or all in one line, to confirm a map by its print.

The map of such a page rests on something else: on the Dimensions of the scan, or on reference points. If the page is
fed some millimetres off, or upside down, its bubbles may fall on other ones. So its fields are read only if the scan
shows each bubble where the map puts it, and if the bubbles can lie nowhere else: at each other place, at least one of
them would be printed where the scan plainly shows none.
"""

import math
from dataclasses import replace

import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.rivals import PLACES_AT_ONCE, quarter_turns
from omrclip.omr.registration.scene import MISSED_BY_CHANCE, Scene, scene_of
from omrclip.omr.registration.strategies.paper_edges import sheet_in

PLACED_WITHIN = 0.25
"""Distance of a shape from a place, in sides of a bubble, within which a bubble is in its place: marks are measured
within 0.39 sides of the middle of a bubble."""
RIVAL_WITHIN = 0.4
"""The same for other ways to place the bubbles, of which none may be overlooked."""
SURELY_AN_OUTLINE, HARDLY_AN_OUTLINE = 0.5, 0.3
"""Correlation with a drawn outline from which a bubble is in its place although no closed shape was found, since it is
ticked; and up to which none is printed at a place."""

LEAST_GROUND = 0.01
"""Part of the longer side of the picture by which each corner of the sheet lies inside of the picture's, for its sides
to be seen: where a scan shows nothing but paper, its sides are those of the picture."""


def is_evident(
    reference: Reference, pyramid: ImagePyramid, page_to_scan: ops.Matrix, seen: RectifiedScan, *, upright: bool
) -> bool:
    """Return whether the scan shows the bubbles of a page where a map puts them, and can show them nowhere else.

    Args:
        reference: the page, its bubbles as they are printed.
        pyramid: the scan.
        page_to_scan: the map.
        seen: the scan rectified by the map.
        upright: whether the page is known to lie upright in the scan.
    """
    if not len(reference.bubbles):
        return False
    scene = scene_of(reference, pyramid, page_to_scan, displacement_grid.flat(), seen)
    if scene is None:
        return False
    scene = _with_seen_sheet(scene)
    side = float(2 * scene.radii.min())
    unseen = scene.bubbles[scene.printed.find(scene.bubbles)[1] >= PLACED_WITHIN * side]
    if (scene.outlines(unseen) <= SURELY_AN_OUTLINE).any():
        return False
    return not _has_rival(scene, side, may_turn=not upright)


def _with_seen_sheet(scene: Scene) -> Scene:
    """Return the scene without the sheet if its sides are not seen."""
    sheet, scan = sheet_in(scene.pyramid), scene.pyramid.dimensions
    if sheet is None:
        return scene
    ground = np.abs(sheet[:, None] - ops.corners(0, 0, scan.width, scan.height)).max(axis=2).min(axis=1)
    return scene if ground.min() > LEAST_GROUND * max(scan.width, scan.height) else replace(scene, sheet=None)


def _has_rival(scene: Scene, side: float, *, may_turn: bool) -> bool:
    """Return whether the bubbles can lie elsewhere."""
    own = scene.placed(np.eye(3))
    for turn in quarter_turns(scene.page_to_scan, scene.reference.page) if may_turn else [np.eye(2)]:
        turned = scene.bubbles @ turn.T
        for shift in _shifts(scene, turned, side):
            places = turned + shift
            if np.linalg.norm(places - scene.bubbles, axis=1).max() <= RIVAL_WITHIN * side:
                continue
            moves = np.eye(3)
            moves[:2, :2], moves[:2, 2] = turn, shift
            if not scene.puts_off(scene.placed(moves), own) and _may_be_printed(scene, places, side):
                return True
    return False


def _shifts(scene: Scene, turned: Points, side: float) -> Points:
    """Return (m, 2) the shifts that put the turned bubbles onto shapes, all but as many as are missed by chance."""
    count = len(turned)
    missed = min(math.ceil(MISSED_BY_CHANCE * count), count - 1)
    # At least one of these lies on a shape.
    some = turned[np.linspace(0, count - 1, missed + 1).astype(np.intp)]
    shifts = (scene.printed.points[None] - some[:, None]).reshape(-1, 2)
    at_once = max(1, PLACES_AT_ONCE // count)
    blocks = [shifts[start : start + at_once] for start in range(0, len(shifts), at_once)]
    hits = [(scene.printed.find(turned + block[:, None])[1] < RIVAL_WITHIN * side).sum(axis=1) for block in blocks]
    return np.asarray(shifts[np.concatenate(hits) >= count - missed])


def _may_be_printed(scene: Scene, places: Points, side: float) -> bool:
    """Return whether a bubble is seen at each place, or hidden there."""
    missed = places[scene.printed.find(places)[1] >= RIVAL_WITHIN * side]
    missed = missed[scene.outlines(missed) <= HARDLY_AN_OUTLINE] if len(missed) else missed
    return not len(missed) or bool(scene.covered(missed).all())
