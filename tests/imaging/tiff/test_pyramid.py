"""Pyramids read tile by tile: which pixels come back, from which level, at what cost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.cache import ByteCache
from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.ops import extents
from omrclip.imaging.source import DecodedImage, ImageSource
from omrclip.imaging.tiff.pyramid import TiledImage, open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from tests.grid import coloured_grid, position_ramp
from tests.imaging import pyramid_files as files
from tests.imaging.pyramid_files import TILE, CountingReader

GRID = coloured_grid(301, 203)
GRID_LEVELS = files.halves(GRID)
RAMP = position_ramp(641, 483)


def rgb(levels: list[Pixels]) -> list[Pixels]:
    return [level[:, :, ::-1] for level in levels]


def opened(data: bytes) -> TiledImage:
    image = open_tiled(BytesReader(data))
    assert image is not None
    return image


LOSSLESS = opened(files.pyramid_file(rgb(GRID_LEVELS), files.DEFLATED))
SMOOTH = opened(files.pyramid_file(rgb(files.halves(RAMP)), files.DIFFERENCED))


@st.composite
def boxes(draw: st.DrawFn, within: Dimensions) -> Box:
    left, top = draw(st.integers(0, within.width - 1)), draw(st.integers(0, within.height - 1))
    width, height = draw(st.integers(1, within.width - left)), draw(st.integers(1, within.height - top))
    return Box(left, top, width, height)


def test_it_is_an_image_source_of_all_its_levels() -> None:
    source: ImageSource = LOSSLESS
    assert source.dimensions == Dimensions(301, 203)
    assert [str(level.dimensions) for level in LOSSLESS.levels] == [
        "301 × 203",
        "151 × 102",
        "76 × 51",
        "38 × 26",
        "19 × 13",
    ]


@pytest.mark.parametrize("kind", [files.RAW, files.DEFLATED, files.DIFFERENCED])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("subifds", [False, True])
def test_every_level_of_every_layout_is_read_exactly(kind: files.Kind, order: str, big: bool, subifds: bool) -> None:
    image = opened(files.pyramid_file(rgb(GRID_LEVELS), kind, order=order, big=big, subifds=subifds))
    for level in GRID_LEVELS:
        np.testing.assert_array_equal(image.read(image.dimensions.box, extents(level)), level)


@given(boxes(Dimensions(301, 203)))
def test_any_box_at_full_scale_is_the_stored_pixels(box: Box) -> None:
    expected = DecodedImage(GRID).read(box, box.dimensions)
    np.testing.assert_array_equal(LOSSLESS.read(box, box.dimensions), expected)


@given(st.data())
def test_any_box_of_whole_pixels_of_a_level_is_these_pixels(data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(GRID_LEVELS) - 1))
    level = GRID_LEVELS[number]
    part = data.draw(boxes(extents(level)))
    box = Box(part.left << number, part.top << number, part.width << number, part.height << number)
    box = box.clamped(LOSSLESS.dimensions) or box
    expected = DecodedImage(level).read(part, part.dimensions)
    read = LOSSLESS.read(box, part.dimensions)
    # A box of the last, partly covered pixel alone may as well be a pixel of a smaller level, which covers the same.
    if not np.array_equal(read, expected):
        assert min(part.width, part.height) == 1
        assert np.abs(read.astype(int) - expected.astype(int)).max() <= 2


@given(boxes(Dimensions(641, 483)), st.integers(1, 300), st.integers(1, 300))
def test_any_box_at_any_size_shows_the_same_place(box: Box, width: int, height: int) -> None:
    out = Dimensions(width, height)
    read = SMOOTH.read(box, out)
    expected = DecodedImage(RAMP).read(box, out)
    assert read.shape == expected.shape
    # Half a pixel of the level is what a size of rounded extents may differ by; a pixel of the smallest shows 13 grey.
    step = max(box.width / width, box.height / height)
    assert np.abs(read.astype(int) - expected.astype(int)).max() <= 2 + step


@pytest.mark.parametrize("drop", ["ceil", "floor"])
def test_levels_that_drop_odd_edges_show_the_same_place(drop: str) -> None:
    levels = files.halves(RAMP)
    if drop == "floor":
        levels = [level[: 483 >> number, : 641 >> number] for number, level in enumerate(levels)]
    image = opened(files.pyramid_file(rgb(levels), files.DEFLATED))
    for box in (image.dimensions.box, Box(100, 50, 200, 300), Box(401, 303, 240, 180)):
        for out in (Dimensions(120, 90), Dimensions(33, 25)):
            exact = DecodedImage(RAMP).read(box, out).astype(int)
            assert np.abs(image.read(box, out).astype(int) - exact).max() <= 3


def test_levels_that_were_scaled_by_no_whole_number_show_the_same_place() -> None:
    ramp = position_ramp(600, 400)
    image = opened(files.pyramid_file(rgb([ramp, position_ramp(400, 267)]), files.DEFLATED))
    box, out = Box(90, 60, 330, 210), Dimensions(110, 70)
    assert np.abs(image.read(box, out).astype(int) - DecodedImage(ramp).read(box, out).astype(int)).max() <= 2


def test_a_tiled_file_without_levels_is_read_at_any_size() -> None:
    image = opened(files.pyramid_file(rgb([RAMP]), files.DEFLATED))
    out = Dimensions(100, 75)
    np.testing.assert_array_equal(
        image.read(image.dimensions.box, out), DecodedImage(RAMP).read(image.dimensions.box, out)
    )


def test_a_box_out_of_the_image_is_refused() -> None:
    for box in (Box(300, 0, 2, 1), Box(-1, 0, 5, 5)):
        with pytest.raises(ValueError, match="reaches out"):
            LOSSLESS.read(box, Dimensions(1, 1))
        with pytest.raises(ValueError, match="reaches out"):
            LOSSLESS.stored_jpeg(box, Dimensions(1, 1))


def test_only_the_needed_bytes_are_read() -> None:
    data = files.pyramid_file(rgb(GRID_LEVELS), files.YCBCR_TABLES)
    reader = CountingReader(data)
    image = open_tiled(reader)
    assert image is not None
    tiles = sum(int(level.lengths.sum()) for level in image.levels)
    # The first look at each directory reads further than it must, and nothing of the tiles is asked for.
    assert reader.bytes_read <= len(data) - tiles + 512 * len(image.levels)

    for read in (image.read, image.stored_jpeg):
        reader.ranges.clear()
        read(Box(2 * TILE, TILE, TILE, TILE), Dimensions(TILE, TILE))
        index = 10 + 2  # ten tiles a row
        assert reader.ranges == [(int(image.levels[0].offsets[index]), int(image.levels[0].lengths[index]))]

    reader.ranges.clear()
    image.read(image.dimensions.box, Dimensions(15, 10))
    assert [length for _, length in reader.ranges] == [int(image.levels[-1].lengths[0])]

    reader.ranges.clear()
    image.read(Box(TILE - 1, TILE - 1, 2, 2), Dimensions(2, 2))
    assert len(reader.ranges) == 4


def test_each_size_comes_from_the_smallest_level_that_has_its_pixels() -> None:
    data = files.pyramid_file(rgb(GRID_LEVELS), files.DEFLATED)
    reader = CountingReader(data)
    image = open_tiled(reader)
    assert image is not None
    widths = {301: 0, 300: 0, 152: 0, 151: 1, 150: 1, 79: 1, 76: 2, 40: 2, 38: 3, 21: 3, 19: 4, 1: 4, 600: 0}
    for width, number in widths.items():
        reader.ranges.clear()
        image.read(image.dimensions.box, Dimensions(width, max(1, round(width * 203 / 301))))
        level = image.levels[number]
        assert {offset for offset, _ in reader.ranges} == set(level.offsets.tolist()), width


def test_large_readings_are_made_in_parts_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    from omrclip.imaging.tiff import pyramid

    gathered = []
    gather = TiledImage._gather

    def spying(self: TiledImage, level: object, box: Box) -> Pixels:
        gathered.append(box.dimensions.pixels)
        return gather(self, level, box)  # type: ignore[arg-type]

    box = SMOOTH.dimensions.box
    sizes = [Dimensions(641, 483), Dimensions(500, 400), Dimensions(641, 1), Dimensions(1, 483), Dimensions(333, 2)]
    alone = opened(files.pyramid_file(rgb([RAMP]), files.DEFLATED))
    cases = [(image, out) for image in (SMOOTH, alone) for out in (*sizes, Dimensions(20, 15), Dimensions(1, 1))]
    at_once = [image.read(box, out) for image, out in cases]
    monkeypatch.setattr(pyramid, "_MOST_AT_ONCE", 20_000)
    monkeypatch.setattr(TiledImage, "_gather", spying)
    for (image, out), expected in zip(cases, at_once, strict=True):
        read = image.read(box, out)
        assert read.shape == expected.shape
        assert np.abs(read.astype(int) - expected.astype(int)).max() <= 2
        if out == image.dimensions:
            np.testing.assert_array_equal(read, RAMP)
    gathered.clear()
    monkeypatch.setattr(pyramid, "_FURTHEST", 19)  # as much of such a part as it is of others
    for image, out in cases:
        if out != image.dimensions:  # else what is gathered is the output
            image.read(box, out)
    assert max(gathered) <= 20_000 * 1.7  # the margins around a part included
    assert len(gathered) > len(cases)


def test_threads_share_an_image() -> None:
    places = [Box(left, top, 60, 50) for left in range(0, 240, 17) for top in range(0, 150, 13)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda box: LOSSLESS.read(box, box.dimensions), places))
    for box, read in zip(places, results, strict=True):
        np.testing.assert_array_equal(read, GRID[box.top : box.bottom, box.left : box.right])


def test_a_reader_may_be_over_a_view_of_memory() -> None:
    image = open_tiled(BytesReader(memoryview(files.pyramid_file(rgb(GRID_LEVELS), files.RAW))))
    assert image is not None
    np.testing.assert_array_equal(image.read(image.dimensions.box, image.dimensions), GRID)


@pytest.mark.parametrize("cache", [None, 10**7, 1])
def test_tiles_that_are_decoded_at_a_time_are_the_same(cache: int | None) -> None:
    kept = ByteCache[Pixels](cache, lambda pixels: pixels.nbytes) if cache else None
    with ThreadPoolExecutor(4) as threads:
        source = replace(LOSSLESS, cache=kept, decoders=threads)
        for box in (Box(0, 0, 301, 203), Box(33, 31, 100, 70), Box(290, 190, 11, 13)):
            for _ in range(2):
                expected = LOSSLESS.read(box, box.dimensions)
                assert np.array_equal(source.read(box, box.dimensions), expected)


def test_a_damaged_tile_is_told_by_whichever_thread_finds_it() -> None:
    data = bytearray(files.pyramid_file(rgb(GRID_LEVELS), files.DEFLATED))
    level = LOSSLESS.levels[0]
    start = int(level.offsets[5])
    data[start : start + int(level.lengths[5])] = bytes(int(level.lengths[5]))
    with ThreadPoolExecutor(2) as threads, pytest.raises(CorruptImage):
        replace(opened(bytes(data)), decoders=threads).read(Box(0, 0, 301, 203), Dimensions(301, 203))
