from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.strategies import reference_points
from omrclip.omr.registration.strategies.reference_points import by_reference_points, find_solids
from omrclip.omr.template import ReferencePoint
from tests.omr.sheet import MARKS, Sheet, Tones, View, coloured, form, lattice, onto, turned

FORM = form()


def with_marks(count: int) -> Sheet:
    return replace(FORM, elements=FORM.only(ReferencePoint).elements[:count])


def laid(sheet: Sheet, tones: Tones) -> list[Candidate] | str:
    known = sheet.known(image=False)
    return by_reference_points(reference_for(known.page, known.image), ImagePyramid(coloured(tones)))


def off(found: Candidate, view: View) -> float:
    return float(np.abs(ops.transform(found.page_to_scan, lattice()) - view.to_scan(lattice())).max())


@pytest.mark.parametrize(
    "view",
    [
        turned(0),
        turned(90),
        turned(180),
        turned(-25),
        turned(7, scale=2),
        turned(3, scale=0.6),
        onto([(60, 40), (640, 90), (600, 860), (20, 800)], Dimensions(700, 900)),
    ],
)
@pytest.mark.parametrize("count", [4, 5])
def test_marks_are_laid_onto_the_solids_of_the_scan(count: int, view: View) -> None:
    maps = laid(with_marks(count), view.of(FORM.blank))
    assert isinstance(maps, list)
    assert 1 <= len(maps) <= 6
    if count == 5:  # the odd one out tells which side is up
        assert off(maps[0], view) < 4
    assert min(off(found, view) for found in maps) < 4
    assert {found.strategy for found in maps} == {"reference points"}


def test_three_marks_are_laid_onto_three_solids() -> None:
    maps = laid(with_marks(3), FORM.blank)
    assert isinstance(maps, list)
    solids = find_solids(ImagePyramid(coloured(FORM.blank)).fitted(1000)[0])[:, :2]
    for found in maps:
        placed = ops.transform(found.page_to_scan, np.array(MARKS[:3], np.float64) + 11)
        assert np.linalg.norm(placed[:, None] - solids[None], axis=2).min(axis=1).max() < 1


def test_of_all_triples_those_of_the_right_sizes_come_first() -> None:
    """Three marks fit every three solids exactly. Here nine smaller dots lie among them."""
    tones = FORM.blank.copy()
    for x, y in (
        (120, 90),
        (310, 90),
        (480, 90),
        (120, 400),
        (310, 400),
        (480, 400),
        (120, 650),
        (310, 650),
        (480, 650),
    ):
        cv2.circle(tones, (x, y), 9, 20, -1)
    maps = laid(with_marks(3), tones)
    assert isinstance(maps, list)
    assert off(maps[0], turned(0)) < 1


def test_maps_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = laid(with_marks(5), FORM.blank)
    monkeypatch.setattr(reference_points, "DISTANCES_AT_ONCE", 1)
    one_by_one = laid(with_marks(5), FORM.blank)
    assert isinstance(at_once, list)
    assert isinstance(one_by_one, list)
    assert [found.page_to_scan.tolist() for found in one_by_one] == [found.page_to_scan.tolist() for found in at_once]


def test_discs_and_turned_squares_are_solid_too() -> None:
    tones = np.full((800, 600), 240, np.uint8)
    for n, (x, y) in enumerate(MARKS):
        if n % 2:
            cv2.circle(tones, (x + 11, y + 11), 12, 20, -1)
        else:
            corners = np.array([[x + 11, y - 3], [x + 25, y + 11], [x + 11, y + 25], [x - 3, y + 11]])
            cv2.fillConvexPoly(tones, corners, 20)
    maps = laid(with_marks(5), tones)
    assert isinstance(maps, list)
    assert off(maps[0], turned(0)) < 3


def in_a_row() -> Tones:
    tones = np.full((800, 600), 255, np.uint8)
    for x in (100, 200, 300, 400):
        tones[100:122, x : x + 22] = 0
    return tones


@pytest.mark.parametrize(
    ("count", "tones", "reason"),
    [
        (0, FORM.blank, "the template has 0 of them. At least 3 are needed"),
        (2, FORM.blank, "the template has 2 of them. At least 3 are needed"),
        (5, np.full((800, 600), 255, np.uint8), "fewer than 3 solid marks were found in the scan"),
        (5, np.full((3, 3), 255, np.uint8), "fewer than 3 solid marks were found in the scan"),
        (5, in_a_row(), "the template's pattern was not found among"),
    ],
    ids=["no marks", "two marks", "white", "tiny", "in a row"],
)
def test_reasons_against(count: int, tones: Tones, reason: str) -> None:
    found = laid(with_marks(count), tones)
    assert isinstance(found, Rejected)
    assert found.reason.startswith(f"reference points: {reason}")


def test_solids_are_told_from_outlines_and_lines_largest_first() -> None:
    tones = np.full((500, 500), 250, np.uint8)
    cv2.rectangle(tones, (50, 50), (69, 69), 0, -1)
    cv2.rectangle(tones, (150, 50), (179, 79), 0, -1)
    cv2.rectangle(tones, (250, 50), (279, 79), 0, 2)
    cv2.rectangle(tones, (50, 200), (250, 206), 0, -1)
    cv2.rectangle(tones, (300, 300), (400, 400), 0, -1)
    cv2.rectangle(tones, (30, 300), (33, 303), 0, -1)
    cv2.circle(tones, (200, 350), 8, 120, -1)
    solids = find_solids(tones)
    assert solids[:, :2].round().tolist() == [[165, 65], [60, 60], [200, 350]] or np.allclose(
        solids[:, :2], [[165, 65], [60, 60], [200.5, 350.5]], atol=0.6
    )
    assert solids[:2, 2] == pytest.approx([30, 20])
