"""Which files are pyramids, which directories are levels, and what damage does to them."""

import struct
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.errors import CorruptImage, ImageError
from omrclip.imaging.codec import decode
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import probe
from omrclip.imaging.tiff.pyramid import open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from tests.grid import coloured_grid
from tests.imaging import pyramid_files as files
from tests.imaging import samples
from tests.imaging.pyramid_files import LONG, LONG8, SHORT, TILE, CountingReader, Tiff, directory

GRID = coloured_grid(150, 90)
LEVELS = [level[:, :, ::-1] for level in files.halves(GRID)]
PYRAMID = files.pyramid_file(LEVELS, files.DEFLATED)


def levels_of(data: bytes) -> list[str]:
    image = open_tiled(BytesReader(data))
    return [str(level.dimensions) for level in image.levels] if image else []


@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("turned", {"t_274": (SHORT, [6])}),
        ("LZW", {"t_259": (SHORT, [5])}),
        ("old JPEG", {"t_259": (SHORT, [6])}),
        ("floating predictor", {"t_317": (SHORT, [3])}),
        ("16 bits", {"t_258": (SHORT, [16, 16, 16])}),
        ("signed", {"t_339": (SHORT, [2, 2, 2])}),
        ("planes", {"t_284": (SHORT, [2])}),
        ("bits reversed", {"t_266": (SHORT, [2])}),
        ("YCbCr of another coding", {"t_262": (SHORT, [6])}),
        ("CIELab", {"t_262": (SHORT, [8])}),
        ("a fourth sample of no meaning", {"t_277": (SHORT, [4]), "t_338": (SHORT, [0])}),
        ("huge tiles", {"t_322": (LONG, [1 << 14]), "t_323": (LONG, [1 << 14])}),
    ],
)
def test_other_kinds_are_left_to_the_decoder_of_whole_files(why: str, changed: dict[str, object]) -> None:
    assert open_tiled(BytesReader(files.pyramid_file(LEVELS, files.DEFLATED, **changed))) is None, why


def test_what_is_no_tiled_tiff_is_seen_at_a_glance() -> None:
    strips = samples.save(samples.grid(), "TIFF")
    for data in (b"", b"II", b"not an image, by any means", samples.save(samples.grid(), "PNG"), strips):
        reader = CountingReader(data)
        assert open_tiled(reader) is None
        assert reader.bytes_read < 1024


def test_alpha_in_jpeg_tiles_is_left_to_the_decoder_of_whole_files() -> None:
    grey_alpha = {"t_258": (SHORT, [8, 8]), "t_277": (SHORT, [2]), "t_338": (SHORT, [2]), "t_262": (SHORT, [1])}
    assert open_tiled(BytesReader(files.pyramid_file(LEVELS, files.YCBCR, **grey_alpha))) is None


def test_the_whole_file_decodes_to_what_the_tiles_are() -> None:
    for kind in (files.DEFLATED, files.YCBCR_TABLES, files.RGB_JPEG):
        data = files.pyramid_file(LEVELS, kind)
        image = open_tiled(BytesReader(data))
        assert image is not None
        np.testing.assert_array_equal(image.read(image.dimensions.box, image.dimensions), decode(data))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_the_levels_of_a_pyramid_are_no_pages(order: str, big: bool) -> None:
    assert probe(files.pyramid_file(LEVELS, files.DEFLATED, order=order, big=big)).frames == 1
    pages = [directory(level, files.DEFLATED) for level in LEVELS]
    assert probe(Tiff(order, big).file(pages)).frames == len(LEVELS)


def test_only_smaller_copies_of_the_first_page_are_levels() -> None:
    full, half, quarter, *_ = LEVELS
    mask = directory(half, files.DEFLATED, t_254=(LONG, [5]))
    in_strips = directory(quarter, files.DEFLATED, reduced=True)
    for tag in (322, 323, 324):
        del in_strips[tag]
    label = directory(half[:, :40], files.DEFLATED, reduced=True)
    lzw = directory(half, files.DEFLATED, reduced=True, t_259=(SHORT, [5]))
    as_large = directory(full, files.DEFLATED, reduced=True)
    level = directory(quarter, files.DEFLATED, reduced=True)
    first = directory(full, files.DEFLATED)
    data = Tiff().file([first, mask, in_strips, label, lzw, as_large, level])
    assert levels_of(data) == ["150 × 90", "38 × 23"]

    second_page = directory(half, files.DEFLATED)
    assert levels_of(Tiff().file([first, level, second_page, directory(half, files.DEFLATED, reduced=True)])) == [
        "150 × 90",
        "38 × 23",
    ]
    assert levels_of(Tiff().file([first, second_page, level], subifds=True)) == ["150 × 90", "38 × 23"]


def test_a_chain_of_directories_without_end_is_damage() -> None:
    data = bytearray(PYRAMID)
    image = open_tiled(BytesReader(PYRAMID))
    assert image is not None
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", data, first + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", data, second)
    struct.pack_into("<I", data, second + 2 + 12 * count, second)
    with pytest.raises(CorruptImage, match="does not end"):
        open_tiled(BytesReader(bytes(data)))


def test_of_very_many_directories_only_the_first_are_looked_at() -> None:
    tiny = directory(LEVELS[-1], files.DEFLATED, reduced=True)
    data = Tiff().file([directory(LEVELS[0], files.DEFLATED), *[tiny] * 80])
    reader = CountingReader(data)
    assert open_tiled(reader) is not None
    assert len(reader.ranges) < 64 * 8


@pytest.mark.parametrize(
    "changed",
    [
        {"t_256": (LONG, [0])},
        {"t_256": (LONG, [1 << 31]), "t_257": (LONG, [1 << 31])},
        {"t_257": (LONG, [900])},
        {"t_322": (LONG, [0])},
        {"t_322": (LONG, [32, 32])},
        {"t_322": (7, b"\x20")},
        {"t_322": (2, b"32\0\0")},
        {"t_325": (LONG, [1] * 5)},
        {"t_325": (LONG, [0] * 15)},
        {"t_324": (LONG, [1 << 31] * 15), "t_325": (LONG, [20] * 15)},
        {"t_324": (LONG8, [(1 << 64) - 8] * 15), "t_325": (LONG, [20] * 15)},
        {"t_324": (LONG, [8] * 15), "t_325": (LONG8, [(1 << 63) - 1] * 15)},
        {"t_330": (LONG, [1 << 31])},
        {"t_330": (LONG, [3] * 100)},
        {"t_330": (LONG8, [(1 << 64) - 1])},
        {"t_347": (7, bytes(70_000)), "t_259": (SHORT, [7])},
    ],
)
def test_a_damaged_directory_is_told(changed: dict[str, object]) -> None:
    with pytest.raises(CorruptImage):
        open_tiled(BytesReader(files.pyramid_file(LEVELS[:1], files.DEFLATED, **changed)))


def test_a_directory_of_too_many_entries_is_damage() -> None:
    for data in (
        b"II*\0\x08\0\0\0\xff\xff" + bytes(90_000),
        b"II+\0\x08\0\0\0\x10" + bytes(7) + b"\xff" * 8 + bytes(9),
    ):
        with pytest.raises(CorruptImage, match="damaged"):
            open_tiled(BytesReader(data))


def _read_all(data: bytes) -> None:
    """Everything that can be asked of a file, in few questions."""
    image = open_tiled(BytesReader(data))
    if image is None or image.dimensions.pixels > 1 << 20:
        return
    for out in (image.dimensions, Dimensions(75, 45), Dimensions(9, 7)):
        assert image.read(image.dimensions.box, out).shape == (out.height, out.width, 3)
    box = Box(0, 0, TILE, TILE).clamped(image.dimensions)
    assert box is not None
    image.stored_jpeg(box, box.dimensions)


WHOLE = {
    name: files.pyramid_file(LEVELS, kind, subifds=subifds, big=big)
    for name, kind, subifds, big in [
        ("deflated", files.DEFLATED, False, False),
        ("ycbcr", files.YCBCR_TABLES, True, False),
        ("rgb", files.RGB_JPEG, False, True),
    ]
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(name: str) -> None:
    data = WHOLE[name]
    _read_all(data)
    for end in [*range(5, 40), *range(40, len(data) - 16, 97), len(data) - 16]:
        with pytest.raises(ImageError):
            _read_all(data[:end])


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 1 << 30), st.integers(1, 255))
def test_no_changed_byte_raises_anything_else(name: str, at: int, change: int) -> None:
    data = bytearray(WHOLE[name])
    data[at % len(data)] ^= change
    with suppress(ImageError):
        _read_all(bytes(data))


def _directory_bytes(data: bytes) -> range:
    (first,) = struct.unpack_from("<I", data, 4)
    return range(first, len(data))


@given(st.data())
def test_no_changed_byte_of_a_directory_raises_anything_else(data: st.DataObject) -> None:
    changed = bytearray(WHOLE["ycbcr"])
    places = _directory_bytes(bytes(changed))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.sampled_from(places))] = data.draw(st.integers(0, 255))
    with suppress(ImageError):
        _read_all(bytes(changed))


@dataclass
class Shrinking:
    """A reader over a file that loses its tail while it is read."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length][:-1] if length > 16 else self.data[offset : offset + length]


def test_a_file_that_shrinks_while_it_is_read_is_damaged() -> None:
    with pytest.raises(CorruptImage):
        open_tiled(Shrinking(PYRAMID))
