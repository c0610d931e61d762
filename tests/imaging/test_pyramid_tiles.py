"""Tiles of every coding: their colours, and the stored JPEGs that are served undecoded."""

from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.tiff.pyramid import TiledImage, open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from tests.grid import coloured_grid
from tests.imaging import pyramid_files as files
from tests.imaging.pyramid_files import SHORT, TILE, UNDEFINED, Kind
from tests.imaging.samples import exif

# Squares of a whole 16 pixels, so that chroma of half the resolution keeps to them; red is no noise here.
GRID = coloured_grid(150, 90, square=16)
GRID[:, :, 2] = GRID[:, ::-1, 0]
LEVELS = [level[:, :, ::-1] for level in files.halves(GRID)]
GREYS = [cv2.cvtColor(level, cv2.COLOR_RGB2GRAY)[:, :, np.newaxis] for level in LEVELS]


def misled(samples: Pixels) -> bytes:
    """A YCbCr JPEG whose Adobe marker says that it is RGB."""
    data = files.jpeg_code(samples)
    return data[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0" + data[20:]


def turned(samples: Pixels) -> bytes:
    """A YCbCr JPEG whose Exif says that it lies on its side."""
    data, block = files.jpeg_code(samples), exif(6)
    return data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]


def with_tables(tables: bytes) -> Kind:
    """Tiles without tables, and the TIFF's tables as they are given here."""
    return replace(files.YCBCR_TABLES, tags=files.YCBCR_TABLES.tags | {347: (UNDEFINED, tables)})


TABLES = files.jpeg_tables(np.zeros((8, 8, 3), np.uint8))
# A frame of 9 × 9 grey pixels, and a remark: neither is a table.
NO_TABLES = b"\xff\xc0\0\x0b\x08\0\x09\0\x09\1\1\x11\0" + b"\xff\xe1\0\x04hm"
MISLED = Kind(misled, files.YCBCR.tags)
TURNED = Kind(turned, files.YCBCR.tags)
PROGRESSIVE = Kind(lambda samples: files.jpeg_code(samples, progressive=True), files.YCBCR.tags)
JPEGS = {
    "tables in each tile": (files.YCBCR, LEVELS),
    "tables apart": (files.YCBCR_TABLES, LEVELS),
    "tables without markers around": (with_tables(TABLES[2:-2]), LEVELS),
    "tables among other segments": (with_tables(TABLES[:2] + NO_TABLES + TABLES[2:]), LEVELS),
    "RGB": (files.RGB_JPEG, LEVELS),
    "grey": (files.GREY_JPEG, GREYS),
    "misled": (MISLED, LEVELS),
    "turned": (TURNED, LEVELS),
    "progressive": (PROGRESSIVE, LEVELS),
}


def opened(data: bytes) -> TiledImage:
    image = open_tiled(BytesReader(data))
    assert image is not None
    return image


def colours(samples: Pixels) -> Pixels:
    return np.ascontiguousarray(np.broadcast_to(samples[:, :, ::-1], (*samples.shape[:2], 3)))


@pytest.mark.parametrize("name", JPEGS)
def test_the_colours_are_those_that_the_tiff_names(name: str) -> None:
    kind, levels = JPEGS[name]
    image = opened(files.pyramid_file(levels, kind))
    for level in levels:
        read = image.read(image.dimensions.box, Dimensions(level.shape[1], level.shape[0]))
        assert np.abs(read.astype(int) - colours(level).astype(int)).mean() < 6


@pytest.mark.parametrize("name", JPEGS)
def test_a_stored_tile_is_a_file_of_the_pixels_that_are_read(name: str) -> None:
    kind, levels = JPEGS[name]
    image = opened(files.pyramid_file(levels, kind))
    passed = 0
    for number, level in enumerate(levels):
        height, width = level.shape[:2]
        side = TILE << number
        for left in range(0, image.dimensions.width, side):
            for top in range(0, image.dimensions.height, side):
                box = Box(left, top, side, side).clamped(image.dimensions)
                assert box is not None
                out = Dimensions(-(-box.width // 2**number), -(-box.height // 2**number))
                stored, read = image.stored_jpeg(box, out), image.read(box, out)
                whole = (left >> number) + TILE <= width and (top >> number) + TILE <= height
                assert (stored is not None) == whole
                if stored is None:
                    continue
                passed += 1
                assert stored.startswith(b"\xff\xd8")
                assert stored.endswith(b"\xff\xd9")
                np.testing.assert_array_equal(decode(stored), read)
                np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_COLOR), read)
                by_pillow = np.asarray(Image.open(BytesIO(stored)).convert("RGB"))[:, :, ::-1]
                np.testing.assert_array_equal(by_pillow, read)
    assert passed >= 8


def test_a_tile_at_the_edge_is_served_where_it_is_whole() -> None:
    """A level of two whole tiles out of an image of an odd pixel less than twice that."""
    image = opened(files.pyramid_file([level[: TILE * 2 - 1, : TILE * 4 - 1] for level in LEVELS[:1]], files.YCBCR))
    assert image.stored_jpeg(Box(TILE * 3, 0, TILE - 1, TILE), Dimensions(TILE - 1, TILE)) is None
    full = np.ascontiguousarray(LEVELS[0][: TILE * 2 - 1, : TILE * 4 - 1])
    halves = files.halves(full)
    assert halves[1].shape[:2] == (TILE, TILE * 2)
    image = opened(files.pyramid_file(halves, files.YCBCR))
    assert image.stored_jpeg(Box(TILE * 2, 0, TILE * 2 - 1, TILE * 2 - 1), Dimensions(TILE, TILE)) is not None


@pytest.mark.parametrize(
    ("box", "out"),
    [
        (Box(1, 0, TILE, TILE), Dimensions(TILE, TILE)),
        (Box(0, 1, TILE, TILE), Dimensions(TILE, TILE)),
        (Box(0, 0, TILE * 2, TILE), Dimensions(TILE * 2, TILE)),
        (Box(0, 0, TILE, TILE), Dimensions(TILE, TILE - 1)),
        (Box(0, 0, TILE, TILE), Dimensions(TILE * 2, TILE * 2)),
        (Box(TILE, 0, TILE * 2, TILE * 2), Dimensions(TILE, TILE)),
        (Box(0, 0, TILE * 2 - 1, TILE * 2), Dimensions(TILE, TILE)),
    ],
)
def test_anything_but_a_stored_tile_has_to_be_decoded(box: Box, out: Dimensions) -> None:
    image = opened(files.pyramid_file(LEVELS, files.YCBCR))
    assert image.stored_jpeg(box, out) is None
    assert image.read(box, out).shape == (out.height, out.width, 3)


def test_tiles_that_are_no_jpegs_have_to_be_encoded() -> None:
    image = opened(files.pyramid_file(LEVELS, files.DEFLATED))
    assert image.stored_jpeg(Box(0, 0, TILE, TILE), Dimensions(TILE, TILE)) is None


@pytest.mark.parametrize("mode", ["straight", "premultiplied", "grey"])
def test_transparency_is_seen_on_white(mode: str) -> None:
    alpha = np.tile(np.linspace(0, 255, 150).astype(np.uint8), (90, 1))[:, :, np.newaxis]
    rgba = np.concatenate([LEVELS[0], alpha], axis=2)
    expected = np.rint(rgba[:, :, 2::-1] * (alpha / 255) + 255.0 - alpha).astype(int)
    changed: dict[str, object] = {"t_338": (SHORT, [2])}
    if mode == "premultiplied":
        rgba = np.concatenate([np.rint(LEVELS[0] * (alpha / 255)).astype(np.uint8), alpha], axis=2)
        changed = {"t_338": (SHORT, [1])}
    if mode == "grey":
        rgba = np.concatenate([GREYS[0], alpha], axis=2)
        expected = np.rint(GREYS[0] * (alpha / 255) + 255.0 - alpha).astype(int).repeat(3, axis=2)
        changed["t_262"] = (SHORT, [1])
    image = opened(files.pyramid_file([rgba], files.DIFFERENCED, **changed))
    read = image.read(image.dimensions.box, image.dimensions).astype(int)
    assert np.abs(read - expected).max() <= 1


def test_grey_samples_are_grey_pixels() -> None:
    image = opened(files.pyramid_file(GREYS, files.GREY))
    np.testing.assert_array_equal(image.read(image.dimensions.box, image.dimensions), GREYS[0].repeat(3, axis=2))


ARITHMETIC_FRAME = 0xC9


def _recoded(marker: int) -> Kind:
    def code(samples: Pixels) -> bytes:
        data = bytearray(files.jpeg_code(samples))
        data[data.index(b"\xff\xc0") + 1] = marker
        return bytes(data)

    return Kind(code, files.YCBCR.tags)


def test_a_jpeg_that_few_viewers_decode_is_not_served_as_it_is() -> None:
    image = opened(files.pyramid_file(LEVELS, _recoded(ARITHMETIC_FRAME)))
    assert image.stored_jpeg(Box(0, 0, TILE, TILE), Dimensions(TILE, TILE)) is None


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (_recoded(0xC3), UnsupportedImage),  # lossless
        (Kind(lambda _: b"", files.YCBCR.tags), CorruptImage),
        (Kind(lambda _: b"\xff\xd8", files.YCBCR.tags), CorruptImage),
        (Kind(lambda _: b"\0" * 700, files.YCBCR.tags), CorruptImage),
        (Kind(lambda samples: files.jpeg_code(samples[:16]), files.YCBCR.tags), CorruptImage),
        (Kind(lambda samples: files.jpeg_code(samples[:, :, :1]), files.YCBCR.tags), CorruptImage),
        (Kind(lambda samples: files.jpeg_code(samples)[:-60], files.YCBCR.tags), CorruptImage),
        (Kind(lambda samples: files.jpeg_code(samples, streamtype=2), files.YCBCR.tags), CorruptImage),
        (
            Kind(files.jpeg_code, files.YCBCR.tags | {347: (UNDEFINED, b"\xff\xd8\xff\xdb\xff\xff\xff\xd9")}),
            CorruptImage,
        ),
        (Kind(lambda samples: files.deflated(samples)[:-5], files.DEFLATED.tags), CorruptImage),
        (Kind(lambda samples: files.deflated(samples)[:-4] + b"1234", files.DEFLATED.tags), CorruptImage),
        (Kind(lambda samples: files.deflated(samples[:-1]), files.DEFLATED.tags), CorruptImage),
        (Kind(lambda _: files.deflated(np.zeros((999, 999), np.uint8)), files.DEFLATED.tags), CorruptImage),
        (Kind(lambda _: b"none of it deflated", files.DEFLATED.tags), CorruptImage),
        (Kind(lambda samples: samples.tobytes()[:-1], files.RAW.tags), CorruptImage),
    ],
)
def test_a_damaged_tile_is_never_half_a_picture(kind: Kind, problem: type[Exception]) -> None:
    data = files.pyramid_file(LEVELS, kind)
    with pytest.raises(problem):
        opened(data).read(Box(0, 0, TILE, TILE), Dimensions(TILE, TILE))


def test_a_tile_that_is_cut_off_is_not_served_undecoded() -> None:
    image = opened(files.pyramid_file(LEVELS, Kind(lambda samples: files.jpeg_code(samples)[:-60], files.YCBCR.tags)))
    assert image.stored_jpeg(Box(0, 0, TILE, TILE), Dimensions(TILE, TILE)) is None
