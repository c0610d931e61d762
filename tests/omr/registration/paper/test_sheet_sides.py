"""The paper's sides are found beside the page's, to a fraction of a pixel, and where there are none nothing is."""

import cv2
import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper.displacement_grid import flat
from omrclip.omr.registration.paper.sheet_sides import OUTWARD, PLACES, find_sides
from tests.omr.sheet import PAGE, Tones, coloured

LEFT, TOP, RIGHT, BOTTOM = 100.0, 80.0, 100.0 + 600, 80.0 + 800
TO_SCAN = np.array([[1, 0, LEFT], [0, 1, TOP], [0, 0, 1.0]])
MARGINS = (14.0, 20.0, 8.0, 11.0)
"""By which the sheet reaches beyond the page, as in OUTWARD."""


def scan(ground: int, paper: int, margins: tuple[float, float, float, float] = MARGINS) -> Tones:
    tones = np.full((960, 800), ground, np.uint8)
    top, right, bottom, left = margins
    tones[round(TOP - top) : round(BOTTOM + bottom), round(LEFT - left) : round(RIGHT + right)] = paper
    return cv2.GaussianBlur(tones, (0, 0), 0.8)


def distances(tones: Tones) -> list[list[float]]:
    """How far outside of the page the sides were found."""
    sides = find_sides(ImagePyramid(coloured(tones)), TO_SCAN, flat(), PAGE)
    on_page = ops.transform(ops.inverse(TO_SCAN), sides.in_scan)
    out = ((on_page - sides.beside) * sides.outward).sum(axis=1)
    return [out[sides.side == side].tolist() for side in range(len(OUTWARD))]


@pytest.mark.parametrize(("ground", "paper"), [(90, 230), (235, 200)], ids=["darker ground", "lighter ground"])
def test_all_sides_are_found(ground: int, paper: int) -> None:
    for found, margin in zip(distances(scan(ground, paper)), MARGINS, strict=True):
        assert len(found) == PLACES
        assert np.abs(np.array(found) - margin).max() < 0.4


def test_a_side_within_the_page_is_found_too() -> None:
    found = distances(scan(90, 230, (14.0, -9.0, 8.0, 11.0)))
    assert np.abs(np.array(found[1]) + 9).max() < 0.4


def test_of_two_edges_the_papers_is_taken_and_lines_are_none() -> None:
    tones = scan(150, 230)
    tones[:, round(RIGHT) + 38 :] = 60  # what lies beside the table
    tones[round(TOP) - 6] = 130  # a printed line in the margin
    found = distances(tones)
    assert np.abs(np.array(found[1]) - MARGINS[1]).max() < 0.5
    assert np.abs(np.array(found[0]) - MARGINS[0]).max() < 0.5


@pytest.mark.parametrize("tones", [np.full((960, 800), 255, np.uint8), scan(224, 230)], ids=["white", "faint"])
def test_where_no_edge_stands_out_none_is_found(tones: Tones) -> None:
    assert distances(tones) == [[], [], [], []]


def test_the_pictures_end_is_no_side() -> None:
    tones = np.full((880, 700), 230, np.uint8)
    tones[:, :95] = 90
    assert [len(found) for found in distances(tones)] == [0, 0, 0, PLACES]


def test_a_bent_side_is_followed() -> None:
    tones = np.full((960, 800), 90, np.uint8)
    columns = np.arange(800)
    upper = TOP - 15 + 9 * np.sin(columns / 120)
    tones[(np.arange(960)[:, None] > upper) & (np.arange(960)[:, None] < BOTTOM)] = 230
    sides = find_sides(ImagePyramid(coloured(tones)), TO_SCAN, flat(), PAGE)
    x, y = sides.in_scan[sides.side == 0].T
    assert np.abs(y - (TOP - 15 + 9 * np.sin((x - 0.5) / 120))).max() < 1
