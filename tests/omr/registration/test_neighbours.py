"""The nearest of many points, without a table of all distances."""

import numpy as np
import numpy.typing as npt
import pytest

from omrclip.omr.registration.neighbours import distances_to, nearest

RANDOM = np.random.default_rng(5)
PATTERNS = {
    "random": RANDOM.random((700, 2)) * 100,
    "a grid, with many equal distances": np.array([(20.0 * x, 24.0 * y) for y in range(30) for x in range(25)]),
    "many in one place": np.repeat(RANDOM.random((40, 2)), 15, axis=0),
    "few": RANDOM.random((3, 2)),
    "one": np.zeros((1, 2)),
}


def squared_distances(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    squared: npt.NDArray[np.float64] = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    return squared


@pytest.mark.parametrize("count", [1, 2, 25])
@pytest.mark.parametrize("name", PATTERNS)
def test_they_are_those_of_the_whole_table(name: str, count: int) -> None:
    points = PATTERNS[name]
    table = squared_distances(points)
    assert np.array_equal(nearest(points, count), np.argsort(table, axis=1, kind="stable")[:, :count])
    rank = min(count, len(points) - 1)
    assert np.array_equal(distances_to(points, count), np.sort(table, axis=1)[:, rank])


def test_no_points_have_no_neighbours() -> None:
    assert nearest(np.zeros((0, 2)), 5).shape == (0, 0)
