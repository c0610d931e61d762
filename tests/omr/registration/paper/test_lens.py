import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper.displacement_grid import offsets_at
from omrclip.omr.registration.paper.lens import Perspective, fit_perspective
from tests.omr.sheet import PAGE, Points, lattice, onto

SCAN = Dimensions(700, 900)
MATRIX = onto([(60, 40), (640, 90), (600, 860), (20, 800)], SCAN).page_to_scan


def through_lens(straight: Points, strength: float) -> Points:
    """Points moved so that moving each by `strength` · r² from the middle straightens them, r in half diagonals."""
    middle, unit = np.array([350.0, 450.0]), float(np.hypot(700, 900)) / 2
    out = target = (straight - middle) / unit
    for _ in range(50):
        out = target / (1 + strength * (out**2).sum(axis=1, keepdims=True))
    return np.asarray(middle + unit * out)


def seen(found: Perspective, points: Points) -> Points:
    return ops.transform(found.matrix, points + offsets_at(found.bend, points, PAGE))


@pytest.mark.parametrize("strength", [-0.08, -0.03, 0.03, 0.08])
def test_a_lens_is_told_from_the_paper(strength: float) -> None:
    points = lattice(margin=0.1)
    in_scan = through_lens(ops.transform(MATRIX, points), strength)
    found = fit_perspective(points, in_scan, PAGE, SCAN)
    assert np.abs(seen(found, points) - in_scan).max() < 0.5
    beyond = lattice(margin=0.01)
    expected = through_lens(ops.transform(MATRIX, beyond), strength)
    assert np.abs(seen(found, beyond) - expected).max() < 1.5, "also where no points are"


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_without_a_lens_nothing_bends(noise: float) -> None:
    points = lattice()
    in_scan = ops.transform(MATRIX, points) + np.random.default_rng(1).normal(0, noise, points.shape)
    found = fit_perspective(points, in_scan, PAGE, SCAN)
    assert np.abs(found.bend).max() < 0.5
    assert np.abs(seen(found, points) - ops.transform(MATRIX, points)).max() < 1


def test_few_points_tell_of_no_lens() -> None:
    points = lattice(count=4)
    in_scan = through_lens(ops.transform(MATRIX, points), 0.08)
    found = fit_perspective(points, in_scan, PAGE, SCAN)
    assert (found.bend == 0).all()
    assert np.abs(seen(found, points) - in_scan).max() < 10


def test_points_in_one_place_tell_nothing() -> None:
    found = fit_perspective(np.ones((5, 2)), np.ones((5, 2)), PAGE, SCAN)
    assert np.isfinite(found.matrix).all()
