import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from tests.grid import coloured_grid, position_ramp


def test_cut_gives_a_view_of_the_very_pixels() -> None:
    pixels = coloured_grid(60, 40)
    part = ops.cut(pixels, Box(10, 20, 30, 15))
    assert np.shares_memory(part, pixels)
    assert (part == pixels[20:35, 10:40]).all()


def test_cut_refuses_what_reaches_out() -> None:
    with pytest.raises(ValueError, match="reaches out of an image of 60 × 40"):
        ops.cut(coloured_grid(60, 40), Box(50, 0, 20, 10))


def test_halving_is_the_mean_of_four() -> None:
    pixels = coloured_grid(60, 40)
    means = pixels.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3))
    assert np.abs(ops.halve(pixels).astype(float) - means).max() <= 0.51


@pytest.mark.parametrize("columns", [10, 17, 31, 43])
def test_a_fine_pattern_reduces_to_grey_without_moire(columns: int) -> None:
    stripes = np.zeros((90, 90, 3), np.uint8)
    stripes[:, ::2] = 255
    inside = ops.resample(stripes, Dimensions(columns, 90))[:, 3:-3]
    assert np.abs(inside.astype(int) - 127).max() <= 4


@pytest.mark.parametrize("out", [Dimensions(20, 160), Dimensions(120, 10), Dimensions(7, 7), Dimensions(200, 200)])
def test_each_axis_is_reduced_or_enlarged_on_its_own(out: Dimensions) -> None:
    ramp = position_ramp(80, 40)
    scaled = ops.resample(ramp, out)
    assert scaled.shape == (out.height, out.width, 3)
    assert np.abs(scaled.astype(int) - position_ramp(out.width, out.height).astype(int)).max() <= 20


def test_resampling_to_the_same_dimensions_changes_nothing() -> None:
    pixels = coloured_grid(50, 30)
    assert ops.resample(pixels, Dimensions(50, 30)) is pixels


def test_warping_by_whole_pixels_copies_them() -> None:
    pixels = coloured_grid(60, 40)
    shift = np.array([[1, 0, 12], [0, 1, 7], [0, 0, 1]], dtype=float)
    assert (ops.warp(pixels, shift, Dimensions(20, 10)) == pixels[7:17, 12:32]).all()


def test_warping_reduces_as_resampling_does() -> None:
    pixels = coloured_grid(60, 40)
    halved = ops.warp(pixels, np.diag([2.0, 2.0, 1.0]), Dimensions(30, 20))
    assert np.abs(halved.astype(int) - ops.resample(pixels, Dimensions(30, 20))).max() <= 3


@pytest.mark.parametrize("scale", [0.25, 0.5, 0.8, 1.3, 2.7, 6.0])
def test_warping_keeps_every_place_where_it_is(scale: float) -> None:
    ramp = position_ramp(512, 512)
    out = Dimensions(round(512 / scale), round(512 / scale))
    warped = ops.warp(ramp, np.diag([512 / out.width, 512 / out.height, 1.0]), out)
    assert np.abs(warped.astype(int) - position_ramp(out.width, out.height).astype(int)).max() <= 3


def test_what_lies_beyond_the_source_is_white() -> None:
    dark = np.zeros((40, 60, 3), np.uint8)
    shift = np.array([[1, 0, -10], [0, 1, 0], [0, 0, 1]], dtype=float)
    warped = ops.warp(dark, shift, Dimensions(60, 40))
    assert (warped[:, :9] == 255).all()
    assert (warped[:, 11:] == 0).all()


def test_a_source_longer_than_the_warps_address_is_reduced_first() -> None:
    strip = position_ramp(70_000, 4)
    warped = ops.warp(strip, np.diag([700.0, 1.0, 1.0]), Dimensions(100, 4))
    assert np.abs(warped[:, :, 0].astype(int) - position_ramp(100, 4)[:, :, 0].astype(int)).max() <= 3


def test_a_projective_map_takes_corners_to_corners() -> None:
    pixels = np.full((200, 200, 3), 255, np.uint8)
    source = np.array([[20, 30], [180, 10], [190, 170], [10, 190]], dtype=float)
    for (x, y), colour in zip(source.astype(int), ([255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]), strict=True):
        pixels[y - 6 : y + 6, x - 6 : x + 6] = colour
    target = ops.corners(0, 0, 100, 100)
    equations = []
    for (u, v), (x, y) in zip(target, source, strict=True):
        equations += [[u, v, 1, 0, 0, 0, -x * u, -x * v, -x], [0, 0, 0, u, v, 1, -y * u, -y * v, -y]]
    matrix = np.linalg.svd(np.array(equations))[2][-1].reshape(3, 3)
    assert np.allclose(ops.transform(matrix, target), source)
    warped = ops.warp(pixels, matrix, Dimensions(100, 100))
    corners = [warped[1, 1], warped[1, 98], warped[98, 98], warped[98, 1]]
    expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]]
    assert np.abs(np.subtract(corners, expected, dtype=int)).max() <= 4


def test_mirroring_reflects_on_the_vertical_axis() -> None:
    pixels = coloured_grid(60, 40)
    assert (ops.mirror(pixels) == pixels[:, ::-1]).all()


@pytest.mark.parametrize(
    ("degrees", "corner_row", "corner_column"), [(0, 0, 0), (90, 0, -1), (180, -1, -1), (270, -1, 0), (360, 0, 0)]
)
def test_quarter_turns_are_clockwise_and_exact(degrees: int, corner_row: int, corner_column: int) -> None:
    pixels = coloured_grid(60, 40)
    turned = ops.rotate(pixels, degrees)
    assert (turned[corner_row, corner_column] == pixels[0, 0]).all()
    assert sorted(turned.ravel()) == sorted(pixels.ravel())
    assert ops.extents(turned) == ops.rotated_dimensions(Dimensions(60, 40), degrees)


@pytest.mark.parametrize("degrees", [22.5, 45, 100, 345])
def test_other_angles_keep_all_content_with_transparent_corners(degrees: float) -> None:
    pixels = np.full((40, 60, 3), 90, np.uint8)
    turned = ops.rotate(pixels, degrees)
    assert ops.extents(turned) == ops.rotated_dimensions(Dimensions(60, 40), degrees)
    assert turned[0, 0, 3] == 0
    assert abs(int((turned[:, :, 3].astype(float) / 255).sum()) - 60 * 40) < 60
    assert (turned[turned.shape[0] // 2, turned.shape[1] // 2] == [90, 90, 90, 255]).all()


def test_an_arbitrary_turn_is_clockwise() -> None:
    pixels = np.zeros((101, 101, 3), np.uint8)
    pixels[:10, 45:56] = 255  # a mark at twelve o'clock
    turned = ops.rotate(pixels, 45)
    rows, columns = np.nonzero((turned[:, :, 0] > 128) & (turned[:, :, 3] == 255))
    middle = turned.shape[0] / 2
    assert columns.mean() > middle + 25
    assert rows.mean() < middle - 25


@pytest.mark.parametrize(("colour", "luma"), [((0, 0, 255), 76), ((0, 255, 0), 150), ((255, 0, 0), 29), ((9, 9, 9), 9)])
def test_grey_is_luma(colour: tuple[int, int, int], luma: int) -> None:
    pixels = np.full((4, 5, 3), colour, np.uint8)
    assert (ops.grey(pixels) == luma).all()
    with_alpha = np.dstack([pixels, np.full((4, 5), 77, np.uint8)])
    assert (ops.grey(with_alpha) == [luma, luma, luma, 77]).all()


@pytest.mark.parametrize("ink", [0.3, 0.7], ids=["dark", "pale"])
def test_bitonal_follows_the_light_on_the_paper(ink: float) -> None:
    """The paper is darker on the right than the pale ink on the left: no one threshold parts them."""
    light = np.tile(np.linspace(250, 90, 400), (200, 1))
    letters = np.zeros((200, 400), np.uint8)
    cv2.putText(letters, "Maria Muster", (15, 120), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 1, 5)
    pixels = np.dstack([np.where(letters, light * ink, light)] * 3).astype(np.uint8)
    black = ops.bitonal(pixels) == 0
    assert np.mean(black[letters == 1]) > 0.99
    assert np.mean(black[letters == 0]) < 0.005


def test_bitonal_keeps_solid_areas_black() -> None:
    pixels = np.full((300, 300, 3), 240, np.uint8)
    pixels[50:250, 50:250] = 40
    black = ops.bitonal(pixels) == 0
    assert black[50:250, 50:250].all()
    assert np.count_nonzero(black) == 200 * 200


def test_bitonal_parts_ink_from_paper_also_in_dim_light() -> None:
    pixels = np.full((40, 60, 3), 120, np.uint8)
    pixels[10:20, 10:20] = 60
    black_and_white = ops.bitonal(pixels)
    assert (black_and_white[10:20, 10:20] == 0).all()
    assert np.count_nonzero(black_and_white == 255) == 40 * 60 - 100


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (127, 0), (128, 255), (255, 255)])
def test_bitonal_of_one_tone_is_the_nearer_of_black_and_white(level: int, expected: int) -> None:
    assert (ops.bitonal(np.full((4, 5, 3), level, np.uint8)) == expected).all()


def test_bitonal_keeps_transparent_corners() -> None:
    turned = ops.rotate(position_ramp(60, 40), 30)
    black_and_white = ops.bitonal(turned)
    assert (black_and_white[:, :, 3] == turned[:, :, 3]).all()
    assert set(np.unique(black_and_white[:, :, :3])) <= {0, 255}


@settings(max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90))
def test_any_extents_can_be_had(width: int, height: int, out_width: int, out_height: int) -> None:
    pixels = coloured_grid(width, height)
    out = Dimensions(out_width, out_height)
    assert ops.extents(ops.resample(pixels, out)) == out
    assert ops.extents(ops.warp(pixels, np.diag([width / out_width, height / out_height, 1.0]), out)) == out


def test_black_and_white_is_the_same_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    luma = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (300, 120), np.uint8), (0, 0), 3)
    whole = ops.bitonal(luma)
    monkeypatch.setattr(ops, "_BAND_PIXELS", 120 * 37)
    assert np.array_equal(ops.bitonal(luma), whole)
