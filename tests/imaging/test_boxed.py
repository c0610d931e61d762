"""A part of an image as an image of its own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import BoxedImage, DecodedImage, ImageSource
from tests.grid import coloured_grid

PIXELS = coloured_grid(60, 40)
WHOLE = DecodedImage(PIXELS)


@st.composite
def boxes(draw: st.DrawFn, within: Dimensions) -> Box:
    left, top = draw(st.integers(0, within.width - 1)), draw(st.integers(0, within.height - 1))
    width, height = draw(st.integers(1, within.width - left)), draw(st.integers(1, within.height - top))
    return Box(left, top, width, height)


def test_it_has_the_extents_of_its_box_and_copies_nothing() -> None:
    image: ImageSource = BoxedImage(WHOLE, Box(5, 6, 30, 20))
    assert image.dimensions == Dimensions(30, 20)
    assert np.shares_memory(image.read(image.dimensions.box, image.dimensions), PIXELS)


@given(st.data(), st.integers(1, 50), st.integers(1, 50))
def test_each_box_of_it_is_the_same_place_of_the_whole(data: st.DataObject, width: int, height: int) -> None:
    frame = data.draw(boxes(WHOLE.dimensions))
    image = BoxedImage(WHOLE, frame)
    box = data.draw(boxes(image.dimensions))
    exact = PIXELS[frame.top : frame.bottom, frame.left : frame.right][box.top : box.bottom, box.left : box.right]
    assert (image.read(box, box.dimensions) == exact).all()
    out = Dimensions(width, height)
    assert (image.read(box, out) == DecodedImage(exact).read(box.dimensions.box, out)).all()


def test_a_part_of_a_part_is_a_part() -> None:
    part = BoxedImage(BoxedImage(WHOLE, Box(10, 10, 40, 20)), Box(5, 5, 10, 10))
    assert (part.read(Box(1, 2, 3, 4), Dimensions(3, 4)) == PIXELS[17:21, 16:19]).all()


def test_only_the_box_is_read_of_the_whole() -> None:
    asked: list[tuple[Box, Dimensions]] = []

    class Spy:
        dimensions = Dimensions(1000, 1000)
        density, is_grey = None, False

        def read(self, box: Box, out: Dimensions) -> np.ndarray:
            asked.append((box, out))
            return np.zeros((out.height, out.width, 3), np.uint8)

    BoxedImage(Spy(), Box(100, 200, 300, 400)).read(Box(10, 20, 30, 40), Dimensions(3, 4))
    assert asked == [(Box(110, 220, 30, 40), Dimensions(3, 4))]
