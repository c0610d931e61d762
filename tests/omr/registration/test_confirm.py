"""Rough maps are refined and believed only where the page shows what it must."""

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.omr.registration.confirm import Rejected, confirm
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper.displacement_grid import offsets_at
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.refine import LocalMap
from omrclip.omr.registration.registration import Candidate
from tests.omr.registration.finding import FILLED, KNOWLEDGE, VIEWS, moved, scan_of
from tests.omr.sheet import PAGE, Tones, coloured, lattice, printed, question

KNOWN = pytest.mark.parametrize("knowledge", ["everything", "no page image", "bubbles only", "page image only"])


def confirmed(matrix: ops.Matrix, tones: Tones, knowledge: str) -> LocalMap | Rejected:
    known = KNOWLEDGE[knowledge]
    rough = Candidate("test", np.asarray(matrix, np.float64))
    return confirm(reference_for(known.page, known.image), ImagePyramid(coloured(tones)), rough)


@KNOWN
@pytest.mark.parametrize("view", ["the page itself", "turned by 25°", "perspective"])
@pytest.mark.parametrize("error", [moved(1, 1, 0, 0), moved(1, 1, 2.5, -2), moved(1.005, 0.996, -1, 1)])
def test_a_map_nearly_true_is_made_true(error: object, view: str, knowledge: str) -> None:
    rough = VIEWS[view].page_to_scan @ error.page_to_scan  # type: ignore[attr-defined]
    found = confirmed(rough, scan_of(view), knowledge)
    assert isinstance(found, LocalMap)
    places = lattice(margin=0.1)
    put = ops.transform(found.page_to_scan, places + offsets_at(found.bend, places, PAGE))
    misses = np.linalg.norm(put - VIEWS[view].to_scan(places), axis=1)
    assert np.median(misses) < 0.5
    assert misses.max() < 2
    assert found.agreeing > 0.75
    assert found.residual < 0.5
    seen = ops.transform(found.rectified.scan_to_rectified, VIEWS[view].to_scan(places))
    assert (seen > 0).all()
    assert (seen < found.rectified.pixels.shape[::-1]).all()


@KNOWN
@pytest.mark.parametrize(
    "matrix",
    [
        moved(1, 1, 60, 45).page_to_scan,
        moved(1, 1, 0, -32).page_to_scan,
        moved(1, 1, 32, 0).page_to_scan,
        moved(0.8, 0.8, 60, 80).page_to_scan,
        VIEWS["turned by 180°"].page_to_scan,
    ],
    ids=["off", "a row off", "a column off", "too small", "upside down"],
)
def test_a_wrong_map_is_refused_or_put_right(matrix: ops.Matrix, knowledge: str) -> None:
    found = confirmed(matrix, FILLED, knowledge)
    if isinstance(found, LocalMap):
        put = ops.transform(found.page_to_scan, lattice() + offsets_at(found.bend, lattice(), PAGE))
        assert np.linalg.norm(put - lattice(), axis=1).max() < 2


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[-1, 0, 600], [0, 1, 0], [0, 0, 1]]),
        np.diag([0.05, 0.05, 1]),
        np.diag([9.0, 9.0, 1]),
        np.array([[1, 0, 0], [0, 1, 0], [0, -0.002, 1]]),
        np.array([[1, 0, 0], [0, 1, 0], [np.nan, 0, 1]]),
        np.zeros((3, 3)),
    ],
    ids=["mirrored", "tiny", "huge", "behind the camera", "not a number", "nothing"],
)
def test_what_is_no_picture_of_a_sheet(matrix: ops.Matrix) -> None:
    found = confirmed(matrix, FILLED, "everything")
    assert isinstance(found, Rejected)
    assert found.reason == "the map found is impossible for a sheet of paper"


def test_a_scan_without_the_bubbles_is_not_the_page() -> None:
    """The print around is the same; where bubbles must be, there is text."""
    bare = printed((), PAGE).blank
    found = confirmed(np.eye(3), bare, "page image only")
    without = confirmed(np.eye(3), bare, "everything")
    assert isinstance(without, Rejected)
    assert isinstance(found, Rejected)
    other = printed([question("Q", 90, 110, "A")], PAGE).blank
    assert isinstance(confirmed(np.eye(3), other, "bubbles only"), Rejected)


@pytest.mark.parametrize("knowledge", ["everything", "page image only"])
def test_a_map_is_true_everywhere_unless_a_part_of_the_page_is_lost(knowledge: str) -> None:
    whole = confirmed(np.eye(3), FILLED, knowledge)
    covered = FILLED.copy()
    covered[480:, 300:] = 250
    part = confirmed(np.eye(3), covered, knowledge)
    assert isinstance(whole, LocalMap)
    assert isinstance(part, LocalMap)
    assert (whole.everywhere, part.everywhere) == (True, False)
    assert part.weakest < 0.4 < whole.weakest
