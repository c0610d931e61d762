import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from tests.grid import coloured_grid, position_ramp


def test_level_0_is_the_scan_in_grey() -> None:
    pixels = coloured_grid(60, 40)
    levels = ImagePyramid(pixels)
    assert levels.dimensions == Dimensions(60, 40)
    assert (levels.level(0) == ops.grey(pixels)).all()
    assert levels.level(0) is levels.level(0)


@pytest.mark.parametrize("first", [(), (0,)], ids=["asked for at once", "after the scan's own"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_pixel_of_a_level_is_the_mean_of_those_that_it_covers(number: int, first: tuple[int, ...]) -> None:
    pixels = coloured_grid(64, 48)
    levels = ImagePyramid(pixels)
    for level in first:
        levels.level(level)
    side = 2**number
    means = ops.grey(pixels).astype(float).reshape(48 // side, side, 64 // side, side).mean(axis=(1, 3))
    assert np.abs(levels.level(number) - means).max() <= 1.5


def test_an_odd_last_row_or_column_is_left_out() -> None:
    assert ImagePyramid(coloured_grid(31, 21)).level(1).shape == (10, 15)
    assert ImagePyramid(coloured_grid(1, 5)).level(3).shape == (1, 1)


@pytest.mark.parametrize(
    ("step", "expected"), [(0.3, 1), (1, 1), (1.4, 1), (2, 2), (3, 2), (4, 4), (7.9, 8), (64, 8), (1e9, 8)]
)
def test_the_level_nearest_to_a_step(step: float, expected: float) -> None:
    grey, spans = ImagePyramid(np.full((128, 200, 3), 9, np.uint8)).nearest(step)
    assert spans == expected
    assert grey.shape == (128 // spans, 200 // spans)


@pytest.mark.parametrize("extents", [(1, 1), (1, 900), (15, 15), (40, 1)])
def test_small_scans_are_not_halved_away(extents: tuple[int, int]) -> None:
    grey, spans = ImagePyramid(np.full((*extents, 3), 9, np.uint8)).nearest(1e6)
    assert (grey.shape, spans) == (extents, 1)


@pytest.mark.parametrize("roughly", [False, True])
@pytest.mark.parametrize("long_side", [50, 99, 100, 149, 150, 300, 301, 1000])
def test_fitted_keeps_every_place_where_it_is(long_side: int, roughly: bool) -> None:
    ramp = position_ramp(300, 200)
    grey, spans = ImagePyramid(ramp).fitted(long_side, roughly=roughly)
    assert max(grey.shape) == min(long_side, 300)
    assert spans == pytest.approx(max(1, 300 / long_side))
    expected = ops.resample(
        np.ascontiguousarray(ops.grey(ramp)[..., None].repeat(3, axis=2)), ops.extents(grey[..., None])
    )
    assert np.abs(grey.astype(int) - expected[..., 0]).max() <= 2
