import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.imaging.geometry import Box, Dimensions, round_pixel


@pytest.mark.parametrize(
    ("value", "pixel"), [(0.4, 0), (0.5, 1), (1.5, 2), (2.5, 3), (2.4999, 2), (-0.5, 0), (-1.5, -1), (-2.5, -2), (7, 7)]
)
def test_halves_are_rounded_up(value: float, pixel: int) -> None:
    assert round_pixel(value) == pixel


@given(st.floats(-1e6, 1e6), st.integers(-1000, 1000))
def test_rounding_commutes_with_whole_shifts(value: float, shift: int) -> None:
    assert abs(round_pixel(value + shift) - (round_pixel(value) + shift)) <= (0 if value == int(value) else 1)


@pytest.mark.parametrize(
    ("box", "clamped"),
    [
        (Box(0, 0, 300, 200), Box(0, 0, 300, 200)),
        (Box(125, 15, 200, 200), Box(125, 15, 175, 185)),
        (Box(-10, -20, 30, 40), Box(0, 0, 20, 20)),
        (Box(299, 199, 5, 5), Box(299, 199, 1, 1)),
        (Box(300, 0, 5, 5), None),
        (Box(0, 200, 5, 5), None),
        (Box(-5, 0, 5, 5), None),
    ],
)
def test_clamping_keeps_what_lies_inside(box: Box, clamped: Box | None) -> None:
    image = Dimensions(300, 200)
    assert box.clamped(image) == clamped
    assert box.inside(image) == (box == clamped)


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 5)])
def test_nothing_is_no_box_and_no_dimensions(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="at least 1 × 1"):
        Dimensions(width, height)
    with pytest.raises(ValueError, match="at least 1 × 1"):
        Box(0, 0, width, height)


def test_derived_values() -> None:
    image, box = Dimensions(300, 200), Box(10, 20, 30, 40)
    assert (image.pixels, image.aspect, image.transposed, str(image)) == (
        60_000,
        1.5,
        Dimensions(200, 300),
        "300 × 200",
    )
    assert (box.right, box.bottom, box.dimensions) == (40, 60, Dimensions(30, 40))
