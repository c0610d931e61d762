"""Whether a rough map is true: what the page shows has to be found where it puts it, and nowhere better."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.registration.bubble_patches import Blank, likeness, tones
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.patches import find
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.refine import LocalMap, refine, settle
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.rivals import scene_of, strongest_rival

Points = npt.NDArray[np.float64]
BEYOND_DOUBT = 0.99
NEARBY = 2
MOST_COMPARED = 40
LEAD = 2.0
PARTS = 8
_NEIGHBOURS = [(columns, rows) for columns in (-1, 0, 1) for rows in (-1, 0, 1) if columns or rows]
MOST_OUTLINES = 64
LEAST_LIKENESS, LEAST_OUTLINED = 0.3, 0.6
GOOD_LIKENESS, MOST_OUTLINED = 0.5, 0.98
LEAST_NEARBY = 0.4
LEAST_AREA, MOST_AREA = 0.01, 16.0
"""Of the picture's area: what a page takes at least that can be read, and at most with a part of it in the picture."""
FAR_OUT = 0.25
"""Of the page's longer side: how far it may lie out of the picture where only its bubbles are known."""
WORSE = "the template's bubbles fit the scan better in another way"
TURNED = "the template's bubbles fit the scan in two ways alike, one of them turned"
MOVED = "the template's bubbles fit the scan in two ways alike, one of them some rows or columns further"


def confirm(
    reference: Reference, pyramid: ImagePyramid, candidate: Candidate, *, upright: bool = False
) -> LocalMap | Rejected:
    """Refine a rough map, and look whether it is true.

    Args:
        reference: the page.
        pyramid: the scan.
        candidate: the map.
        upright: whether it is known that the page lies upright in the scan.
    """
    if _folds(reference, pyramid, candidate):
        return Rejected("the map found is no picture of a sheet")
    if upright and not is_upright(reference, candidate.page_to_scan):
        return Rejected("the page would lie turned, and the option Orientation says that it lies upright")
    settled = settle(reference, pyramid, candidate) if reference.printed else candidate
    if settled is None:
        return Rejected("what the blank page shows is not found where it should be")
    found = refine(reference, pyramid, settled)
    if found.agreeing < candidate.least_agreeing:
        return Rejected(f"only {found.agreeing:.0%} of what the page shows is found in its place")
    if not reference.printed or reference.looks_alike:
        rivalled = _rivalled(reference, pyramid, candidate, found, upright)
        if rivalled is not None or not reference.printed:
            return rivalled or replace(found, everywhere=True)
    everywhere = found.weakest >= LEAST_NEARBY
    if reference.blank is not None:
        alike = _outlines(reference, reference.blank, found)
        if (alike > LEAST_LIKENESS).mean() <= LEAST_OUTLINED:
            return Rejected("the printed bubbles are not found in their places")
        everywhere = everywhere and bool((alike > GOOD_LIKENESS).mean() >= MOST_OUTLINED)
    if found.agreeing < BEYOND_DOUBT and _slips(reference, found):
        return Rejected("the page fits as well a row or a column of bubbles further")
    return replace(found, everywhere=everywhere)


def _rivalled(
    reference: Reference, pyramid: ImagePyramid, candidate: Candidate, found: LocalMap, upright: bool
) -> Rejected | None:
    """Why a map that goes by the bubbles alone is not believed; None where it is."""
    scene = scene_of(reference, pyramid, found.page_to_scan, found.bend, found.view)
    if scene is None:
        return Rejected("too few printed bubbles are seen to tell that it fits in one way alone")
    rival = strongest_rival(scene, may_turn=not upright)
    if rival is not None and rival.is_better:
        return Rejected(WORSE, _followed(reference, candidate, found, rival.moves))
    if rival is not None:
        return Rejected(TURNED if rival.turned else MOVED, undecided=True)
    if scene.placed(np.eye(3)).outside > FAR_OUT:
        return Rejected("the page would lie far out of the picture")
    return None


def _followed(reference: Reference, candidate: Candidate, found: LocalMap, moves: ops.Matrix) -> Candidate:
    """The map that lays the page where a rival does."""
    page = reference.page
    nodes = bending.nodes(page)
    offsets = bending.offsets_at(found.bend, ops.transform(moves, nodes), page) @ ops.inverse(moves[:2, :2]).T
    bend = offsets.reshape(found.bend.shape).astype(np.float32)
    return Candidate(candidate.strategy, found.page_to_scan @ moves, bend, candidate.search)


def is_upright(reference: Reference, page_to_scan: ops.Matrix) -> bool:
    """Whether the page lies in the scan turned by less than half a quarter."""
    middle = np.array([[reference.page.width / 2, reference.page.height / 2]])
    here, right, below = (ops.transform(page_to_scan, middle + step)[0] for step in ([0, 0], [1, 0], [0, 1]))
    (across, _), (_, down) = (right - here).tolist(), (below - here).tolist()
    return bool(across > abs((right - here)[1]) and down > abs((below - here)[0]))


def _folds(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> bool:
    """Whether the page comes out mirrored, tiny, huge, or partly behind the camera.

    A perspective map with all corners before the camera keeps a rectangle convex, so that the sign of its area tells
    whether it is mirrored (Hartley and Zisserman, "Multiple View Geometry", 2004, section 21.7).
    """
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) * [reference.page.width, reference.page.height, 1]
    homogeneous = corners @ candidate.page_to_scan.T
    if not np.isfinite(homogeneous).all() or (homogeneous[:, 2] * homogeneous[0, 2] <= 0).any():
        return True
    x, y = (homogeneous[:, :2] / homogeneous[:, 2:]).T
    area = 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    return not LEAST_AREA * pyramid.dimensions.pixels < area < MOST_AREA * pyramid.dimensions.pixels


def _outlines(reference: Reference, blank: Blank, found: LocalMap) -> npt.NDArray[np.float64]:
    """How well what is seen where some bubbles should lie, all over the page, looks like their outlines, -1 to 1."""
    step = math.ceil(len(reference.bubbles) / MOST_OUTLINES)
    chosen = reference.bubbles[::step]
    centres = reference.centres[::step]
    moved = centres + bending.offsets_at(found.bend, centres, reference.page)
    in_view = ops.transform(found.view.scan_to_view @ found.page_to_scan, moved)
    seen = tones(found.view.pixels, in_view, chosen[:, 2:] / 2 * reference.fine.scale)
    return likeness(-seen, blank.samples[::step])


def _slips(reference: Reference, found: LocalMap) -> bool:
    """Whether what the page shows fits as well when the map is moved by a row or a column of bubbles, or by both.

    In a grid of answers nearly everything but the letters comes again a row further; what is around the grid does not.
    """
    level = reference.fine
    patches = level.patches.only(slice(None, None, math.ceil(len(level.patches) / MOST_COMPARED)))
    points = np.divide(patches.centres + 0.5, level.scale)
    moved = points + bending.offsets_at(found.bend, points, reference.page)
    expected: Points = ops.transform(found.view.scan_to_view @ found.page_to_scan, moved) - (patches.centres + 0.5)
    own = find(patches, found.view.pixels, NEARBY, expected).scores
    steps = np.array(_NEIGHBOURS) @ reference.pitches * level.scale
    steps = steps[steps.any(axis=1)]
    missing = np.zeros(len(steps))
    # By parts, only as long as the rest of the patches may still make up for what is missing.
    for part in np.array_split(np.arange(len(patches)), min(PARTS, len(patches))):
        places = (steps[:, None] + expected[part]).reshape(-1, 2)
        scores = find(patches.only(np.tile(part, len(steps))), found.view.pixels, NEARBY, places).scores
        missing += (own[part] - scores.reshape(len(steps), len(part))).sum(axis=1)
        fitting = missing - (1 - own[part[-1] + 1 :]).sum() <= LEAD
        steps, missing = steps[fitting], missing[fitting]
    return len(steps) > 0
