"""Pyramids as they are written: their levels, their tiles, and the memory that it takes."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ImageFormat, probe
from omrclip.imaging.source import DecodedImage
from omrclip.imaging.tiff import writing
from omrclip.imaging.tiff.pyramid import TiledImage, open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.imaging.tiff.writing import write_pyramid
from tests.grid import coloured_grid, position_ramp
from tests.imaging import pyramid_files as files

TILE = 32
ODD = coloured_grid(303, 181)


def written(pixels: Pixels, tile: int = TILE, quality: int = 85) -> bytes:
    file = BytesIO()
    write_pyramid(pixels, file, tile=tile, quality=quality)
    return file.getvalue()


def opened(data: bytes) -> TiledImage:
    image = open_tiled(BytesReader(data))
    assert image is not None
    return image


@pytest.mark.parametrize(
    ("width", "height"), [(303, 181), (256, 128), (257, 129), (32, 32), (33, 32), (1, 1), (1, 200), (200, 3), (64, 97)]
)
def test_every_level_is_the_exact_half_of_the_one_before(width: int, height: int) -> None:
    pixels = coloured_grid(width, height)
    image = opened(written(pixels))
    levels = files.halves(pixels)
    assert [level.dimensions for level in image.levels] == [Dimensions(p.shape[1], p.shape[0]) for p in levels]
    for level, expected in zip(image.levels, levels, strict=True):
        columns = -(-expected.shape[1] // TILE)
        for index, tile in enumerate(files.tiles_of(expected)):
            stored = level.read_tile(image.reader, index % columns, index // columns)
            assert stored == encode(np.ascontiguousarray(tile), ImageFormat.JPEG, quality=85)


@pytest.mark.parametrize(("quality", "chroma"), [(89, (2, 2)), (90, (1, 1))])
def test_the_directories_tell_how_the_tiles_code_their_colours(quality: int, chroma: tuple[int, int]) -> None:
    data = written(position_ramp(200, 100), quality=quality)
    with Image.open(BytesIO(data)) as image:
        assert image.tag_v2[530] == chroma
        tile = image.tag_v2[324][0]
        assert Image.open(BytesIO(data[tile:])).layer[0][1:3] == chroma


@pytest.mark.parametrize("tile", [16, 48, 256, 512])
def test_tiles_are_of_the_asked_size_and_quality(tile: int) -> None:
    ramp = position_ramp(700, 520)
    image = opened(written(ramp, tile, quality=97))
    assert {level.coding.extents for level in image.levels} == {Dimensions(tile, tile)}
    assert max(image.levels[-1].dimensions.width, image.levels[-1].dimensions.height) <= tile
    for out in (image.dimensions, Dimensions(350, 260), Dimensions(99, 74)):
        exact = DecodedImage(ramp).read(image.dimensions.box, out)
        assert np.abs(image.read(image.dimensions.box, out).astype(int) - exact).max() <= 4


def test_the_tiles_of_a_level_put_together_are_the_level() -> None:
    image = opened(written(ODD))
    for number, level in enumerate(image.levels):
        side = TILE << number
        whole = image.read(image.dimensions.box, level.dimensions)
        for left in range(0, 303, side):
            for top in range(0, 181, side):
                box = Box(left, top, side, side).clamped(image.dimensions)
                assert box is not None
                out = Dimensions(-(-box.width // 2**number), -(-box.height // 2**number))
                at_x, at_y = left >> number, top >> number
                expected = whole[at_y : at_y + out.height, at_x : at_x + out.width]
                np.testing.assert_array_equal(image.read(box, out), expected)


def test_other_programs_read_it() -> None:
    data = written(ODD)
    image = opened(data)
    assert (probe(data).frames, probe(data).dimensions) == (1, Dimensions(303, 181))
    np.testing.assert_array_equal(decode(data), image.read(image.dimensions.box, image.dimensions))
    by_pillow = Image.open(BytesIO(data))
    assert by_pillow.n_frames == len(image.levels)
    for number, level in enumerate(image.levels):
        by_pillow.seek(number)
        assert by_pillow.size == (level.dimensions.width, level.dimensions.height)
        shown = np.asarray(by_pillow.convert("RGB"))[:, :, ::-1]
        np.testing.assert_array_equal(shown, image.read(image.dimensions.box, level.dimensions))


def test_the_tiles_are_files_as_they_are_stored() -> None:
    image = opened(written(ODD))
    tile = image.stored_jpeg(Box(TILE, TILE, TILE, TILE), Dimensions(TILE, TILE))
    assert tile == image.levels[0].read_tile(image.reader, 1, 1)


def test_a_file_that_may_outgrow_tiff_is_a_bigtiff(monkeypatch: pytest.MonkeyPatch) -> None:
    small = written(ODD)
    assert small[:4] == b"II\x2a\0"
    monkeypatch.setattr(writing, "_MOST_BYTES_OF_TIFF", 100_000)
    large = written(ODD)
    assert large[:4] == b"II\x2b\0"
    assert probe(large).frames == 1
    box = Box(0, 0, 303, 181)
    for out in (Dimensions(303, 181), Dimensions(152, 91), Dimensions(30, 18)):
        np.testing.assert_array_equal(opened(large).read(box, out), opened(small).read(box, out))
    assert Image.open(BytesIO(large)).size == (303, 181)


@pytest.mark.parametrize(("side", "big"), [(6_000, False), (20_000, False), (40_000, True)])
def test_it_is_known_before_whether_it_may(side: int, big: bool) -> None:
    levels = writing._plan_levels(Dimensions(side, side), 256)
    assert writing._may_exceed_tiff(levels, 256) is big


class Strips:
    """An ImageSource that remembers what it was asked for, and gives grey whose level tells the row."""

    def __init__(self, width: int, height: int) -> None:
        self.dimensions = Dimensions(width, height)
        self.density, self.is_grey = None, False
        self.boxes: list[Box] = []

    def read(self, box: Box, out: Dimensions) -> Pixels:
        assert out == box.dimensions
        self.boxes.append(box)
        return np.full((box.height, box.width, 3), box.top % 251, np.uint8)


def test_a_source_is_read_once_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    write_rows = writing._Writer.write_rows

    def spying(self: writing._Writer, number: int, rows: Pixels, *, last: bool) -> None:
        waiting = sum(level.waiting.nbytes for level in self.levels if level.waiting is not None)
        held.append(waiting + rows.nbytes)
        write_rows(self, number, rows, last=last)

    monkeypatch.setattr(writing._Writer, "write_rows", spying)
    source = Strips(500, 1000)
    write_pyramid(source, BytesIO(), tile=TILE)
    assert source.boxes == [Box(0, top, 500, min(TILE, 1000 - top)) for top in range(0, 1000, TILE)]
    assert max(held) <= 2 * 500 * TILE * 3


def test_what_is_read_of_one_pyramid_makes_another() -> None:
    first = opened(written(position_ramp(300, 200), quality=95))
    file = BytesIO()
    write_pyramid(first, file, tile=64, quality=95)
    second = opened(file.getvalue())
    box = first.dimensions.box
    difference = second.read(box, box.dimensions).astype(int) - first.read(box, box.dimensions).astype(int)
    assert np.abs(difference).max() <= 4


@pytest.mark.parametrize("tile", [0, 8, 100, 5000, -16])
def test_a_tile_that_no_tiff_has_is_refused(tile: int) -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        written(ODD, tile)


def test_a_quality_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="quality"):
        written(ODD, quality=101)
