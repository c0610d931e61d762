"""Warping through any smooth map shows every place where the map says, with one resampling."""

import tracemalloc

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.ops import Matrix, PointMap
from tests.grid import coloured_grid, position_ramp

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def flat(matrix: Matrix) -> PointMap:
    return lambda points: ops.transform(matrix, points)


def shift(x: float, y: float) -> PointMap:
    return lambda points: np.add(points, (x, y))


def scale(factor: float) -> PointMap:
    return lambda points: np.multiply(points, factor)


@pytest.mark.parametrize("out", [Dimensions(1, 1), Dimensions(16, 16), Dimensions(17, 33), Dimensions(100, 60)])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (20, 30), (7, 1)])
def test_moving_by_whole_pixels_copies_them(x: int, y: int, out: Dimensions) -> None:
    source = coloured_grid(160, 120)
    shown = ops.warp_bent(source, shift(x, y), out)
    assert (shown == source[y : y + out.height, x : x + out.width]).all()


def test_reducing_by_two_is_as_an_image_is_reduced() -> None:
    source = coloured_grid(200, 160)
    shown = ops.warp_bent(source, scale(2), Dimensions(100, 80))
    assert np.abs(shown.astype(int) - ops.resample(source, Dimensions(100, 80))).max() <= 3


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[0.9, 0.1, 20], [-0.1, 0.9, 40], [0, 0, 1]]),
        np.array([[1.7, 0, 5], [0, 1.3, 9], [0, 0, 1]]),
        np.array([[0.4, 0, 30], [0, 0.4, 30], [0, 0, 1]]),
        np.array([[1, 0.02, 20], [0.01, 1, 30], [1e-4, 2e-4, 1]]),
    ],
    ids=["turned", "reduced", "enlarged", "perspective"],
)
def test_flat_maps_are_warped_as_by_matrices(matrix: Matrix) -> None:
    source, out = position_ramp(400, 300), Dimensions(200, 150)
    bent, plain = ops.warp_bent(source, flat(matrix), out), ops.warp(source, matrix, out)
    assert np.abs(bent.astype(int) - plain.astype(int)).max() <= 2


def test_every_place_is_where_the_map_says() -> None:
    def wave(points: Points) -> Points:
        return points + 30 + np.column_stack([8 * np.sin(points[:, 1] / 40), 5 * np.cos(points[:, 0] / 50)])

    source = position_ramp(400, 300)
    shown = ops.warp_bent(source, wave, Dimensions(300, 200))
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(200) + 0.5)
    places = wave(np.column_stack([x.ravel(), y.ravel()])).reshape(200, 300, 2) - 0.5
    expected = places / (399, 299) * 255
    assert np.abs(shown[:, :, :2] - expected).max() < 2


def test_what_lies_beyond_the_source_is_white() -> None:
    source = np.full((100, 100, 3), 90, np.uint8)
    shown = ops.warp_bent(source, shift(-30, 60), Dimensions(100, 100))
    assert (shown[:, :29] == 255).all()
    assert (shown[42:] == 255).all()
    assert (shown[:39, 31:] == 90).all()
    assert (ops.warp_bent(source, shift(500, 500), Dimensions(20, 20)) == 255).all()


def test_within_the_slack_the_edge_is_shown() -> None:
    source = np.full((100, 100, 3), 90, np.uint8)
    assert (ops.warp_bent(source, shift(0, 0), Dimensions(100, 100)) == 90).all()
    assert (ops.warp_bent(source, shift(0.6, 0.6), Dimensions(100, 100), slack=1) == 90).all()
    assert ops.warp_bent(source, shift(1.6, 1.6), Dimensions(100, 100))[-1, -1, 0] > 90


def test_the_source_is_not_changed() -> None:
    source = coloured_grid(100, 80)
    before = source.copy()
    ops.warp_bent(source, scale(1.3), Dimensions(60, 50))
    assert (source == before).all()


def test_a_source_longer_than_the_warps_address_is_reduced_first() -> None:
    source = np.repeat(np.arange(40_000, dtype=np.uint32)[:, None] * 255 // 40_000, 4, axis=1).astype(np.uint8)
    shown = ops.warp_bent(np.dstack([source] * 3), lambda p: p * (2, 40), Dimensions(2, 1000))
    assert np.abs(shown[:, 0, 0] - (np.arange(1000) + 0.5) * 0.255).max() < 3


def slightly_bent(points: Points) -> Points:
    return points + np.column_stack([5 * np.sin(points[:, 1] / 700), 4 * np.cos(points[:, 0] / 900)])


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("out", [Dimensions(300, 517), Dimensions(33, 16), Dimensions(640, 48)])
def test_bands_join_without_a_seam(factor: float, out: Dimensions, monkeypatch: pytest.MonkeyPatch) -> None:
    source = np.random.default_rng(1).integers(0, 255, (800, 900, 3), np.uint8)

    def place(points: Points) -> Points:
        return slightly_bent(points) * factor

    whole = ops.warp_bent(source, place, out)
    monkeypatch.setattr(ops, "_BAND_PIXELS", 1)
    assert (ops.warp_bent(source, place, out) == whole).all()


def test_a_whole_page_takes_less_memory_than_two_pages() -> None:
    source, out = np.zeros((3000, 4000, 3), np.uint8), Dimensions(4000, 3000)
    tracemalloc.start()
    ops.warp_bent(source, slightly_bent, out)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 2 * source.nbytes + 2 * 8 * ops._BAND_PIXELS
