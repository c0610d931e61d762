"""Confirm a candidate: the print of the page must be found where the candidate puts it, and nowhere better."""

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.omr.registration.bubble_patches import Blank, likeness, tones
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.patches import find
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.refine import LocalMap, refine, settle
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.rivals import strongest_rival
from omrclip.omr.registration.scene import LIKE_AN_OUTLINE, MISSED_BY_CHANCE, Scene, scene_of

AGREEING_WITHOUT_CHECK = 0.99
"""Part of the patches, 0 to 1, that agree: from here on, a map is not compared with maps a row or a column further."""
SLIP_SEARCH_PX = 2
"""Pixels of the fine reference by which a patch is searched for when a map is compared with one a row further."""
MOST_COMPARED = 40
"""Patches by which maps a row or a column further are compared."""
LEAST_SCORE_LEAD = 2.0
"""Sum of correlations by which the map must be better than one that is a row or a column further."""
COMPARED_PARTS = 8
"""Parts of the patches that are compared one after the other, so that the comparison can end early."""
_NEIGHBOURS = [(columns, rows) for columns in (-1, 0, 1) for rows in (-1, 0, 1) if columns or rows]
MOST_OUTLINES = 64
"""Bubbles whose printed outlines are compared with the scan."""
LEAST_LIKENESS, LEAST_OUTLINED = 0.3, 0.6
"""Correlation with the printed outline, and the part of the bubbles that must exceed it for a map to be right."""
EVERYWHERE_LIKENESS, EVERYWHERE_OUTLINED = 0.5, 0.98
"""The same two for a map that is right all over the page, so that no other strategy has to be tried."""
EVERYWHERE_NEARBY = 0.4
"""Part of the patches around any patch that must agree for a map to be right all over the page."""
LEAST_AREA, MOST_AREA = 0.01, 16.0
"""Area of the page as a multiple of the picture's: a smaller page cannot be read, a larger one is hardly in it."""
MOST_OUTSIDE = 0.25
"""Part of the page's longer side by which it may lie outside the picture where only its bubbles are known."""
IN_PLACE, BESIDE = 0.25, 1.0
"""Distances of a shape from a place, in sides of a bubble: up to the first, the bubble is in its place; up to the
second, it is printed beside it. Marks are measured within 0.39 sides of the middle of a bubble."""
LEAST_BESIDE = 4
"""Bubbles printed beside their places by which a map is corrected: three fit any affine map."""
BESIDE_PLACES = "the bubbles are printed beside the places that the template gives them"
ANOTHER_FITS_BETTER = "the template's bubbles fit the scan better in another way"
FITS_TURNED = "the template's bubbles fit the scan equally well turned"
FITS_SHIFTED = "the template's bubbles fit the scan equally well some rows or columns further"


def confirm(
    reference: Reference, pyramid: ImagePyramid, candidate: Candidate, *, upright: bool = False
) -> LocalMap | Rejected:
    """Refine a candidate and decide whether it is right.

    Args:
        reference: the page.
        pyramid: the scan.
        candidate: the map.
        upright: whether the page is known to lie upright in the scan.
    """
    if _folds(reference, pyramid, candidate):
        return Rejected("the map found is impossible for a sheet of paper")
    if upright and not is_upright(reference, candidate.page_to_scan):
        return Rejected("the page would lie turned, but the option Orientation says that it is upright")
    settled = settle(reference, pyramid, candidate) if reference.printed else candidate
    if settled is None:
        return Rejected("the print of the blank page was not found in its place")
    found = refine(reference, pyramid, settled)
    if found.agreeing < candidate.least_agreeing:
        reason = f"only {found.agreeing:.0%} of the print of the page was found in its place"
        return Rejected(reason, is_elsewhere=True)
    if not reference.printed or reference.looks_alike:
        rivalled = _rivalled(reference, pyramid, candidate, found, upright)
        if rivalled is not None or not reference.printed:
            return rivalled or replace(found, everywhere=True)
    everywhere = found.weakest >= EVERYWHERE_NEARBY
    if reference.blank is not None:
        alike = _outlines(reference, reference.blank, found)
        if (alike > LEAST_LIKENESS).mean() <= LEAST_OUTLINED:
            return Rejected("the printed bubbles were not found in their places")
        everywhere = everywhere and bool((alike > EVERYWHERE_LIKENESS).mean() >= EVERYWHERE_OUTLINED)
    if found.agreeing < AGREEING_WITHOUT_CHECK and _slips(reference, found):
        return Rejected("the page fits equally well a row or a column of bubbles further")
    return replace(found, everywhere=everywhere)


def _rivalled(
    reference: Reference, pyramid: ImagePyramid, candidate: Candidate, found: LocalMap, upright: bool
) -> Rejected | None:
    """Return why a map that rests on the bubbles alone is rejected; None where it is accepted."""
    scene = scene_of(reference, pyramid, found.page_to_scan, found.bend, found.rectified)
    if scene is None:
        return Rejected("too few printed bubbles were found to exclude other positions")
    rival = strongest_rival(scene, may_turn=not upright)
    if rival is not None and rival.is_better:
        return Rejected(ANOTHER_FITS_BETTER, _followed(reference, candidate, found, rival.moves))
    if rival is not None:
        return Rejected(FITS_TURNED if rival.turned else FITS_SHIFTED, undecided=True)
    if scene.placed(np.eye(3)).outside > MOST_OUTSIDE:
        return Rejected("the page would lie far outside the picture")
    return None if reference.printed else _beside(scene, reference, candidate, found)


def _beside(scene: Scene, reference: Reference, candidate: Candidate, found: LocalMap) -> Rejected | None:
    """Return a rejection if many bubbles are printed beside their places; it follows a map that puts them there."""
    numbers, away = scene.printed.find(scene.bubbles)
    side = float(2 * scene.radii.min())
    away = away / side
    beside = (away > IN_PLACE) & (away < BESIDE)
    # The shape of a bubble with a large tick lies beside it, but its outline is in its place.
    beside[beside] = scene.outlines(scene.bubbles[beside]) <= LIKE_AN_OUTLINE
    if beside.sum() < max(LEAST_BESIDE, MISSED_BY_CHANCE * len(beside)):
        return None
    near = away < BESIDE
    printed = scene.printed.points[numbers[near]]
    moves, _ = cv2.estimateAffine2D(scene.bubbles[near], printed, ransacReprojThreshold=IN_PLACE * side)
    instead = None if moves is None else _followed(reference, candidate, found, np.vstack([moves, [0, 0, 1]]))
    return Rejected(BESIDE_PLACES, instead)


def _followed(reference: Reference, candidate: Candidate, found: LocalMap, moves: ops.Matrix) -> Candidate:
    """Return the candidate that places the page where a rival does."""
    page = reference.page
    nodes = displacement_grid.nodes(page)
    offsets = displacement_grid.offsets_at(found.bend, ops.transform(moves, nodes), page) @ ops.inverse(moves[:2, :2]).T
    bend = offsets.reshape(found.bend.shape).astype(np.float32)
    return Candidate(candidate.strategy, found.page_to_scan @ moves, bend, candidate.search)


def is_upright(reference: Reference, page_to_scan: ops.Matrix) -> bool:
    """Return whether the page lies in the scan turned by less than 45 degrees."""
    middle = np.array([[reference.page.width / 2, reference.page.height / 2]])
    here, right, below = (ops.transform(page_to_scan, middle + step)[0] for step in ([0, 0], [1, 0], [0, 1]))
    (across, _), (_, down) = (right - here).tolist(), (below - here).tolist()
    return bool(across > abs((right - here)[1]) and down > abs((below - here)[0]))


def _folds(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> bool:
    """Return whether the page would be mirrored, tiny, huge, or partly behind the camera.

    A perspective map with all corners in front of the camera keeps a rectangle convex, so that the sign of its area
    tells whether it is mirrored (Hartley and Zisserman, "Multiple View Geometry", 2004, section 21.7).
    """
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) * [reference.page.width, reference.page.height, 1]
    homogeneous = corners @ candidate.page_to_scan.T
    if not np.isfinite(homogeneous).all() or (homogeneous[:, 2] * homogeneous[0, 2] <= 0).any():
        return True
    x, y = (homogeneous[:, :2] / homogeneous[:, 2:]).T
    area = 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    return not LEAST_AREA * pyramid.dimensions.pixels < area < MOST_AREA * pyramid.dimensions.pixels


def _outlines(reference: Reference, blank: Blank, found: LocalMap) -> npt.NDArray[np.float64]:
    """Return (n,) the correlation, -1 to 1, of the scan with the printed outlines of bubbles from all over the page."""
    step = math.ceil(len(reference.bubbles) / MOST_OUTLINES)
    chosen = reference.bubbles[::step]
    centres = reference.centres[::step]
    moved = centres + displacement_grid.offsets_at(found.bend, centres, reference.page)
    in_rectified = ops.transform(found.rectified.scan_to_rectified @ found.page_to_scan, moved)
    seen = tones(found.rectified.pixels, in_rectified, chosen[:, 2:] / 2 * reference.fine.scale)
    return likeness(-seen, blank.patches[::step])


def _slips(reference: Reference, found: LocalMap) -> bool:
    """Return whether the print fits equally well when the map is moved by a row or a column of bubbles, or by both.

    In a grid of answers nearly all print except the letters repeats itself a row further; the print around the grid
    does not.
    """
    level = reference.fine
    patches = level.patches.only(slice(None, None, math.ceil(len(level.patches) / MOST_COMPARED)))
    points = np.divide(patches.centres + 0.5, level.scale)
    moved = points + displacement_grid.offsets_at(found.bend, points, reference.page)
    expected: Points = ops.transform(found.rectified.scan_to_rectified @ found.page_to_scan, moved) - (
        patches.centres + 0.5
    )
    own = find(patches, found.rectified.pixels, SLIP_SEARCH_PX, expected).scores
    steps = np.array(_NEIGHBOURS) @ reference.pitches * level.scale
    steps = steps[steps.any(axis=1)]
    missing = np.zeros(len(steps))
    # Compare part by part, and drop steps for which the remaining patches cannot close the gap any more.
    for part in np.array_split(np.arange(len(patches)), min(COMPARED_PARTS, len(patches))):
        places = (steps[:, None] + expected[part]).reshape(-1, 2)
        scores = find(patches.only(np.tile(part, len(steps))), found.rectified.pixels, SLIP_SEARCH_PX, places).scores
        missing += (own[part] - scores.reshape(len(steps), len(part))).sum(axis=1)
        fitting = missing - (1 - own[part[-1] + 1 :]).sum() <= LEAST_SCORE_LEAD
        steps, missing = steps[fitting], missing[fitting]
    return len(steps) > 0
