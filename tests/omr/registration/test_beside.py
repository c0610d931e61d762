"""Maps by which many bubbles are printed beside their places, without the image of the blank page."""

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.omr.registration.confirm import BESIDE_PLACES, IN_PLACE, _beside
from omrclip.omr.registration.find import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.rectified_scan import rectify
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.refine import LocalMap
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.scene import scene_of
from tests.omr.sheet import BUBBLE, PAGE, coloured, printed, question, strokes, turned

SPARSE = printed([question(f"Q{n}", 60 + 130 * (n % 3), 80 + 70 * n, "AB") for n in range(9)], PAGE)
TICKED = {f"Q{n}": "A" for n in range(9)}
TICK = strokes([(-0.7, 0.1), (-0.2, 0.8), (1.1, -1.1)])
VIEW = turned(2, scale=1.5)
REFERENCE = reference_for(SPARSE.page, None)


def judged(off: ops.Matrix, *, ticked: bool = False) -> Rejected | None:
    """What is said of a map that is off."""
    pyramid = ImagePyramid(coloured(VIEW.of(SPARSE.marked(TICKED, TICK) if ticked else SPARSE.blank)))
    matrix, bend = VIEW.page_to_scan @ off, displacement_grid.flat()
    seen = rectify(pyramid, matrix, REFERENCE.fine)
    scene = scene_of(REFERENCE, pyramid, matrix, bend, seen)
    assert scene is not None
    found = LocalMap(matrix, bend, np.zeros((0, 4), np.float32), 0.5, 1.0, seen, 0.0)
    return _beside(scene, REFERENCE, Candidate("test", matrix), found)


def stretched(part: float) -> ops.Matrix:
    return np.diag([1, 1 + part, 1])


@pytest.mark.parametrize("ticked", [False, True])
def test_bubbles_in_their_places_are_not_beside_them(ticked: bool) -> None:
    assert judged(np.eye(3), ticked=ticked) is None
    assert judged(stretched(0.004), ticked=ticked) is None


@pytest.mark.parametrize("part", [0.02, -0.025])
@pytest.mark.parametrize("ticked", [False, True])
def test_a_map_is_followed_that_puts_them_where_they_are_printed(part: float, ticked: bool) -> None:
    rejected = judged(stretched(part), ticked=ticked)
    assert rejected is not None
    assert rejected.reason == BESIDE_PLACES
    assert rejected.instead is not None
    put, there = (ops.transform(m, REFERENCE.centres) for m in (rejected.instead.page_to_scan, VIEW.page_to_scan))
    assert np.linalg.norm(put - there, axis=1).max() < IN_PLACE * BUBBLE * 1.5
