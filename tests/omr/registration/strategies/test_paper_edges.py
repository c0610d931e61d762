import cv2
import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.registration import Rejected
from omrclip.omr.registration.strategies.paper_edges import by_paper_edges, find_sheet
from tests.omr.sheet import Tones, coloured, form, lattice, onto

FORM = form()
KNOWN = FORM.known()
REFERENCE = reference_for(KNOWN.page, KNOWN.image)

CORNERS = {
    "upright": [(60, 40), (560, 60), (580, 760), (40, 740)],
    "turned a little": [(120, 30), (590, 110), (500, 770), (30, 690)],
    "on its corner": [(320, 30), (600, 400), (320, 770), (30, 400)],
}


@pytest.mark.parametrize("name", CORNERS)
@pytest.mark.parametrize("ground", [40, 110])
def test_the_sheet_is_found_in_four_turns(name: str, ground: int) -> None:
    view = onto(CORNERS[name], Dimensions(640, 800))
    maps = by_paper_edges(REFERENCE, ImagePyramid(coloured(view.of(FORM.blank, ground))))
    assert isinstance(maps, list)
    assert [found.strategy for found in maps] == ["paper edges"] * 4
    expected = view.to_scan(lattice())
    misses = [np.abs(ops.transform(found.page_to_scan, lattice()) - expected).max() for found in maps]
    assert sorted(misses)[0] < 8
    assert sorted(misses)[1] > 100


def test_corners_are_told_clockwise_from_the_upper_left() -> None:
    tones = np.full((300, 300), 30, np.uint8)
    cv2.fillConvexPoly(tones, np.array([[50, 60], [240, 40], [260, 270], [40, 250]]), 240)
    quad = find_sheet(tones)
    assert quad is not None
    assert np.abs(quad - [[50, 60], [240, 40], [260, 270], [40, 250]]).max() < 6


def blobs_of_light(*shapes: tuple[tuple[int, int], int]) -> Tones:
    tones = np.full((300, 300), 30, np.uint8)
    for centre, radius in shapes:
        cv2.circle(tones, centre, radius, 240, -1)
    return tones


def triangle() -> Tones:
    tones = np.full((300, 300), 30, np.uint8)
    cv2.fillConvexPoly(tones, np.array([[20, 20], [280, 150], [20, 280]]), 240)
    return tones


@pytest.mark.parametrize(
    "tones",
    [np.zeros((300, 300), np.uint8), blobs_of_light(((150, 150), 30)), triangle()],
    ids=["dark", "small", "triangle"],
)
def test_what_is_no_sheet(tones: Tones) -> None:
    assert find_sheet(tones) is None
    found = by_paper_edges(REFERENCE, ImagePyramid(coloured(tones)))
    assert isinstance(found, Rejected)
    assert found.reason == "paper edges: no sheet with four straight edges was found in the scan"


def pentagon() -> Tones:
    """Four corners take in less than nine tenths of it."""
    tones = np.full((300, 300), 30, np.uint8)
    angles = np.radians(np.arange(5) * 72 - 90)
    cv2.fillConvexPoly(tones, np.rint(150 + 130 * np.column_stack([np.cos(angles), np.sin(angles)])).astype(int), 240)
    return tones


def test_a_pentagon_is_no_sheet() -> None:
    assert find_sheet(pentagon()) is None


def test_round_things_are_no_quadrangles() -> None:
    quad = find_sheet(blobs_of_light(((150, 150), 140)))
    assert quad is None
