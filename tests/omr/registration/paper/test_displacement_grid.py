from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper.displacement_grid import NODES, DisplacementGrid, fit, nodes, offsets_at
from tests.omr.sheet import Points

PAGE = Dimensions(600, 800)
Move = Callable[[Points], Points]
MOVES: dict[str, Move] = {
    "none": lambda p: 0 * p,
    "a shift": lambda p: 0 * p + (3, -2),
    "a stretch": lambda p: p * (0.01, -0.02),
    "a turn": lambda p: p[:, ::-1] * (-0.01, 0.01),
    "a bow": lambda p: np.column_stack([0 * p[:, 0], 6 * np.sin(np.pi * p[:, 0] / 600)]),
    "a wave": lambda p: np.column_stack([2 * np.cos(p[:, 1] / 150), 3 * np.sin(p[:, 0] / 120)]),
}


def scattered(count: int = 300, seed: int = 1) -> Points:
    return np.random.default_rng(seed).uniform(0, 1, (count, 2)) * (600, 800)


def fitted(
    points: Points, offsets: Points, stiffness: float = 0.001, weights: npt.NDArray[np.float64] | None = None
) -> tuple[DisplacementGrid, npt.NDArray[np.float64]]:
    weights = np.ones(len(points)) if weights is None else weights
    return fit(points, offsets, weights, PAGE, loose=20, tight=2, stiffness=stiffness)


def test_nodes_lie_on_the_edges_and_evenly_between() -> None:
    places = nodes(PAGE).reshape(*NODES, 2)
    assert places[0, 0].tolist() == [0, 0]
    assert places[-1, -1].tolist() == [600, 800]
    assert places[2, 3].tolist() == pytest.approx([3 * 600 / (NODES[1] - 1), 2 * 800 / (NODES[0] - 1)])


def test_offsets_are_the_nodes_own_and_bilinear_between() -> None:
    bend = np.random.default_rng(2).normal(0, 5, (*NODES, 2)).astype(np.float32)
    assert np.allclose(offsets_at(bend, nodes(PAGE), PAGE).reshape(bend.shape), bend, atol=1e-5)
    middle = offsets_at(bend, np.array([[300 / (NODES[1] - 1), 400 / (NODES[0] - 1)]]), PAGE)[0]
    assert np.allclose(middle, bend[:2, :2].mean(axis=(0, 1)), atol=1e-5)


def test_beyond_the_page_the_edge_goes_on() -> None:
    bend = np.random.default_rng(2).normal(0, 5, (*NODES, 2)).astype(np.float32)
    beyond, edge = np.array([[-40, 100], [700, 900], [300, -1]]), np.array([[0, 100], [600, 800], [300, 0]])
    assert np.allclose(offsets_at(bend, beyond.astype(float), PAGE), offsets_at(bend, edge.astype(float), PAGE))


@pytest.mark.parametrize("name", MOVES)
def test_smooth_moves_are_followed(name: str) -> None:
    points, elsewhere = scattered(), scattered(200, seed=9)
    bend, weights = fitted(points, MOVES[name](points))
    assert bend.shape == (*NODES, 2)
    assert np.abs(offsets_at(bend, elsewhere, PAGE) - MOVES[name](elsewhere)).max() < 0.5
    assert weights.min() > 0.9


@pytest.mark.parametrize("name", ["a shift", "a stretch", "a turn"])
def test_what_does_not_bend_costs_nothing_however_stiff_the_paper(name: str) -> None:
    points = scattered(60)
    bend, _ = fitted(points, MOVES[name](points), stiffness=100)
    assert np.abs(offsets_at(bend, scattered(50, seed=4), PAGE) - MOVES[name](scattered(50, seed=4))).max() < 0.05


def test_stiff_paper_does_not_bend() -> None:
    points = scattered()
    soft, _ = fitted(points, MOVES["a bow"](points))
    stiff, _ = fitted(points, MOVES["a bow"](points), stiffness=1e5)
    bow = [float(np.ptp(bend[NODES[0] // 2, :, 1])) for bend in (soft, stiff)]
    assert bow[0] > 5
    assert bow[1] < 1


def test_outliers_lose_their_weight() -> None:
    points = scattered()
    offsets = MOVES["a bow"](points)
    wrong = np.arange(len(points)) % 5 == 0
    offsets[wrong] += np.random.default_rng(3).normal(0, 15, (int(wrong.sum()), 2)) + 10
    bend, weights = fitted(points, offsets, stiffness=0.05)
    assert np.median(np.abs(offsets_at(bend, points, PAGE) - MOVES["a bow"](points))) < 0.2
    assert np.median(weights[wrong]) < 0.05
    assert np.median(weights[~wrong]) > 0.9


def test_what_is_not_believed_bends_nothing() -> None:
    points = scattered()
    offsets, trusted = MOVES["a shift"](points), np.arange(len(points)) % 2 == 0
    offsets[~trusted] = 4
    bend, weights = fitted(points, offsets, weights=trusted.astype(np.float64))
    assert np.allclose(offsets_at(bend, points, PAGE), (3, -2), atol=0.05)
    assert (weights[~trusted] == 0).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_points_leave_the_rest_unmoved_or_as_they_are(count: int) -> None:
    bend, _ = fitted(scattered(count), np.full((count, 2), 2.0))
    assert np.isfinite(bend).all()
    assert np.abs(bend).max() < 4
