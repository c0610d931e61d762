"""From places seen on a part of a curled sheet follows where the rest of it is; flat sheets stay flat."""

from dataclasses import replace

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper.bent_sheet import BentSheet, Seen, fit_bent_sheet
from omrclip.omr.registration.paper.displacement_grid import offsets_at
from tests.omr.registration.paper.test_lens import through_lens
from tests.omr.sheet import PAGE, Points, lattice
from tests.sheets.camera import Curl, PageMap, Pose, photographed
from tests.sheets.exam import exam

SCAN = Dimensions(1500, 2000)
A4 = Dimensions(1240, 1754)
PER_MM = 1240 / 210
CURLS = [Curl(4, 300, 20, 40), Curl(6, 420, 100, 10), Curl(6, 350, 0, 200)]


def camera(curl: Curl) -> PageMap:
    return photographed(exam(), Pose(pitch=10, yaw=-6, roll=5, reach=0.8), SCAN, curl)


def pixels(page_map: PageMap, points: Points) -> Points:
    return page_map.to_image(points / PER_MM)


def seen(points: Points, in_scan: Points) -> Seen:
    count = len(points)
    return Seen(points, in_scan, np.ones(count), np.zeros((count, 2)), np.zeros((count, 2, 0)), np.zeros(0))


def put(sheet: BentSheet, points: Points, page: Dimensions = A4) -> Points:
    return ops.transform(sheet.matrix, points + offsets_at(sheet.bend, points, page))


def patterned() -> Points:
    """Places as of bubbles: none at the top and the right."""
    x, y = np.meshgrid(np.linspace(150, 900, 9), np.linspace(420, 1600, 13))
    return np.column_stack([x.ravel(), y.ravel()])


def corners() -> Points:
    return np.array([[90, 90], [600, 90], [1150, 90], [1150, 850], [1150, 1660]], dtype=np.float64)


@pytest.mark.parametrize("curl", CURLS, ids=str)
def test_paper_goes_on_as_it_bends(curl: Curl) -> None:
    photo = camera(curl)
    noise = np.random.default_rng(1).normal(0, 0.2, patterned().shape)
    found = fit_bent_sheet(seen(patterned(), pixels(photo, patterned()) + noise), A4, SCAN, 0.5)
    assert np.linalg.norm(put(found, patterned()) - pixels(photo, patterned()), axis=1).max() < 1
    beyond = np.linalg.norm(put(found, corners()) - pixels(photo, corners()), axis=1)
    matrix, *_ = np.linalg.lstsq(
        np.column_stack([patterned(), np.ones(len(patterned()))]), pixels(photo, patterned()), rcond=None
    )
    straight = np.linalg.norm(np.column_stack([corners(), np.ones(5)]) @ matrix - pixels(photo, corners()), axis=1)
    assert beyond.max() < 0.35 * straight.max()
    assert beyond.max() < 8


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_flat_paper_stays_flat(noise: float) -> None:
    flat = camera(Curl())
    in_scan = pixels(flat, patterned()) + np.random.default_rng(2).normal(0, noise, patterned().shape)
    found = fit_bent_sheet(seen(patterned(), in_scan), A4, SCAN, 0.5)
    assert np.abs(found.bend).max() < 1
    assert np.linalg.norm(put(found, corners()) - pixels(flat, corners()), axis=1).max() < 1.5


@pytest.mark.parametrize("strength", [-0.04, 0.04])
def test_a_lens_is_found_with_the_paper(strength: float) -> None:
    scan, matrix = Dimensions(700, 900), np.array([[1.05, 0.02, 30], [-0.01, 1.04, 25], [1e-5, 2e-5, 1.0]])
    in_scan = through_lens(ops.transform(matrix, lattice(margin=0.1)), strength)
    found = fit_bent_sheet(seen(lattice(margin=0.1), in_scan), PAGE, scan, 0.5)
    beyond = lattice(margin=0.01)
    expected = through_lens(ops.transform(matrix, beyond), strength)
    assert np.abs(put(found, beyond, PAGE) - expected).max() < 1.5


def test_a_place_elsewhere_is_missed_by_so_much_and_moves_nothing() -> None:
    flat = camera(Curl())
    in_scan = pixels(flat, patterned())
    in_scan[7] += 40
    found = fit_bent_sheet(seen(patterned(), in_scan), A4, SCAN, 0.5)
    assert np.linalg.norm(put(found, corners()) - pixels(flat, corners()), axis=1).max() < 1.5
    misses = np.linalg.norm(found.misses, axis=1)
    assert misses[7] > 30
    assert np.delete(misses, 7).max() < 1


def test_lines_hold_the_paper_across_them_wherever_they_lie_on_it() -> None:
    photo = camera(CURLS[1])
    top = np.column_stack([np.linspace(40, 1200, 15), np.full(15, 1.0)])
    points = np.vstack([patterned(), top])
    along = np.zeros((len(points), 2))
    along[-15:] = (37.0, 0)  # where along the line the places were seen, nobody knows
    in_scan = pixels(photo, points + along)
    across = np.zeros((len(points), 2))
    across[-15:] = (0, -1)
    slides = np.zeros((len(points), 2, 1))
    slides[-15:, 1, 0] = -1
    lined = Seen(points - slides[:, :, 0] * 25, in_scan, np.ones(len(points)), across, slides, np.array([60.0]))
    with_line = fit_bent_sheet(lined, A4, SCAN, 0.5)
    errors = np.linalg.norm(put(with_line, corners()[:3]) - pixels(photo, corners()[:3]), axis=1)
    assert errors.max() < 3
    assert np.abs(with_line.misses[-15:, 0]).max() < 1e-6
    assert np.abs(with_line.misses[-15:, 1]).max() < 2


def test_what_is_smaller_than_said_slides() -> None:
    photo = camera(Curl())
    box = ops.corners(950, 80, 200, 200)
    middle = box.mean(axis=0)
    points = np.vstack([patterned(), box])
    slides = np.zeros((len(points), 2, 1))
    slides[-4:, :, 0] = box - middle
    in_scan = pixels(photo, np.vstack([patterned(), middle + (box - middle) * 0.96]))
    known = replace(seen(points, in_scan), slides=slides, slack=np.array([0.05]))
    found = fit_bent_sheet(known, A4, SCAN, 0.5)
    assert np.linalg.norm(put(found, corners()) - pixels(photo, corners()), axis=1).max() < 1
    assert np.abs(found.misses).max() < 1


@pytest.mark.parametrize("points", [np.full((5, 2), 300.0), np.column_stack([np.arange(5) * 90.0, np.full(5, 100.0)])])
def test_points_in_one_place_or_line_tell_nothing(points: Points) -> None:
    found = fit_bent_sheet(seen(points, points * 1.5), A4, SCAN, 0.5)
    assert np.isfinite(found.matrix).all()
    assert np.isfinite(found.bend).all()
