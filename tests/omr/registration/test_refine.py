"""Rough maps settle where the blank page's patches agree, also beyond the first search."""

import cv2
import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.omr.registration import refine as refining
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper.displacement_grid import flat, offsets_at
from omrclip.omr.registration.patches import Found, Patches, find
from omrclip.omr.registration.rectified_scan import rectify
from omrclip.omr.registration.reference import Reference, reference_for
from omrclip.omr.registration.refine import refine, settle
from omrclip.omr.registration.registration import Candidate
from tests.omr.registration.finding import FILLED, FORM, VIEWS, found, moved, scan_of
from tests.omr.sheet import PAGE, Tones, coloured, lattice, turned


def reference() -> Reference:
    known = FORM.known()
    return reference_for(known.page, known.image)


@pytest.mark.parametrize("view_name", ["the page itself", "turned by 25°", "larger"])
def test_a_view_shows_the_scan_in_the_pages_frame(view_name: str) -> None:
    fine = reference().fine
    seen = rectify(ImagePyramid(coloured(scan_of(view_name))), VIEWS[view_name].page_to_scan, fine)
    shown = cv2.warpPerspective(
        seen.pixels,
        ops.FROM_CENTRES
        @ seen.scan_to_rectified
        @ VIEWS[view_name].page_to_scan
        @ ops.inverse(fine.matrix)
        @ ops.TO_CENTRES,
        fine.pixels.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    assert np.corrcoef(shown.ravel(), fine.pixels.ravel())[0, 1] > 0.8


@pytest.mark.parametrize("view_name", ["the page itself", "turned by 25°", "turned by 0.5°", "perspective", "larger"])
def test_a_view_has_the_scale_of_the_page_and_holds_it_whole(view_name: str) -> None:
    level = reference().fine
    taken = turned(0.5) if view_name == "turned by 0.5°" else VIEWS[view_name]
    seen = rectify(ImagePyramid(coloured(taken.of(FILLED))), taken.page_to_scan, level)
    to_rectified = seen.scan_to_rectified @ taken.page_to_scan @ ops.inverse(level.matrix)
    in_rectified = ops.transform(to_rectified, lattice() * level.scale)
    assert (in_rectified > 0).all()
    assert (in_rectified < seen.pixels.shape[::-1]).all()
    assert np.abs(ops.transform(to_rectified, lattice() * level.scale + 1) - in_rectified - 1).max() < 0.05


def test_beyond_the_scan_its_edge_is_shown() -> None:
    seen = rectify(ImagePyramid(np.full((40, 40, 3), 77, np.uint8)), np.eye(3), reference().coarse)
    assert (seen.pixels == 77).all()


@pytest.mark.parametrize(
    "error",
    [moved(1, 1, 4, -6), moved(1.05, 1.05, -15, -20), moved(1.02, 0.985, -6, 5), moved(1.03, 1.03, -9, -12)],
    ids=["a little off", "further than the search", "stretched", "larger"],
)
def test_a_rough_map_settles(error: object) -> None:
    levels = ImagePyramid(coloured(FILLED))
    settled = settle(reference(), levels, Candidate("test", error.page_to_scan))  # type: ignore[attr-defined]
    assert settled is not None
    assert settled.strategy == "test"
    assert settled.bend is not None
    put = ops.transform(settled.page_to_scan, lattice() + offsets_at(settled.bend, lattice(), PAGE))
    assert np.median(np.linalg.norm(put - lattice(), axis=1)) < 1
    refined = refine(reference(), levels, settled)
    put = ops.transform(refined.page_to_scan, lattice() + offsets_at(refined.bend, lattice(), PAGE))
    assert np.linalg.norm(put - lattice(), axis=1).max() < 1.5


@pytest.mark.parametrize("tones", [np.full((800, 600), 255, np.uint8), FORM.blank[::-1, ::-1].copy()])
def test_where_patches_do_not_agree_nothing_settles(tones: np.ndarray) -> None:  # type: ignore[type-arg]
    assert settle(reference(), ImagePyramid(coloured(tones)), Candidate("test", np.eye(3))) is None


OUTLINES = reference_for(FORM.page, None)


@pytest.mark.parametrize(
    ("tones", "enough"), [(FILLED, True), (FORM.blank[::-1, ::-1].copy(), False)], ids=["the form", "another"]
)
def test_all_outlines_are_searched_for_only_if_some_are_found(
    tones: Tones, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map is the same as if all were searched for at once."""
    searched: list[int] = []

    def counted(patches: Patches, *arguments: object) -> Found:
        searched.append(len(patches))
        return find(patches, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(refining, "find", counted)
    levels, map_ = ImagePyramid(coloured(tones)), Candidate("test", moved(1, 1, 2, -1).page_to_scan)
    found = refine(OUTLINES, levels, map_)
    count = len(OUTLINES.fine.patches)
    assert sum(searched) == count if enough else sum(searched) < count / 3
    monkeypatch.setattr(refining, "FIRST_LOOKED_FOR", 1)
    at_once = refine(OUTLINES, levels, map_)
    assert (found.agreeing >= 0.5) is (at_once.agreeing >= 0.5) is enough
    if enough:
        assert np.array_equal(found.matches, at_once.matches)


def test_flat_paper_has_no_offsets() -> None:
    assert not flat().any()


def test_marks_and_writing_do_not_bend_the_page() -> None:
    tones = FILLED.copy()
    rng = np.random.default_rng(4)
    for x, y in rng.integers((60, 80), (420, 660), (40, 2)):
        tones[y : y + 12, x : x + 14] = rng.integers(0, 200, (12, 14))
    registration = found(FORM.known(), tones)
    assert np.abs(registration.to_scan(lattice()) - lattice()).max() < 1
