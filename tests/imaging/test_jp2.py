"""Which JPEG 2000 files are read, and what is said of the others."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from omrclip.errors import UnsupportedImage
from omrclip.imaging.codec import decode
from omrclip.imaging.formats.writing import encode
from omrclip.imaging.probe import ImageFormat, probe
from tests.imaging.samples import GREY, assert_is, bgr, grid, save, with_alpha

FILE = save(grid(), "JPEG2000")
SIZ = save(grid(), "JPEG2000", no_jp2=True).index(b"\xff\x51")


def with_siz(at: int, value: bytes) -> bytes:
    """A codestream with other bytes at an offset of its SIZ marker segment (A.5.1)."""
    data = bytearray(save(grid(), "JPEG2000", no_jp2=True))
    data[SIZ + at : SIZ + at + len(value)] = value
    return bytes(data)


def in_colour_space(number: int) -> bytes:
    at = FILE.index(b"colr") + 4
    return FILE[: at + 3] + number.to_bytes(4) + FILE[at + 7 :]


def with_header_box(name: bytes, content: bytes) -> bytes:
    """The file with one more box at the start of its header box."""
    start = FILE.index(b"jp2h") - 4
    box = struct.pack(">I4s", 8 + len(content), name) + content
    (length,) = struct.unpack_from(">I", FILE, start)
    return FILE[:start] + struct.pack(">I", length + len(box)) + b"jp2h" + box + FILE[start + 8 :]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (save(with_alpha(GREY).convert("LA"), "JPEG2000"), "2 components of 8 bits"),
        (with_siz(40, bytes([3])), "3 components of 4 bits"),
        (with_siz(40, bytes([0x87])), "8 signed bits"),
        (with_siz(40, bytes([24])), "25 bits"),
        (with_siz(43, bytes([11])), "components of different sizes"),
        (with_siz(44, b"\2\2"), "components of different sizes"),
        (in_colour_space(14), "color space 14"),
        (with_header_box(b"pclr", b"\0\2\3\7\7\7" + bytes(6)), "palette"),
        (with_header_box(b"cdef", b"\0\3" + struct.pack(">9H", 0, 0, 3, 1, 0, 2, 2, 0, 1)), "another order"),
    ],
)
def test_kinds_that_are_not_read_are_named(data: bytes, told: str) -> None:
    with pytest.raises(UnsupportedImage, match=told):
        probe(data)


def test_an_alpha_channel_may_be_named() -> None:
    names = struct.pack(">9H", 0, 0, 1, 1, 0, 2, 2, 0, 3)
    assert_is(with_header_box(b"cdef", b"\0\3" + names), bgr(grid()))


@pytest.mark.parametrize("depth", [10, 12, 16])
def test_deep_samples_are_cut_to_their_upper_bits(depth: int) -> None:
    """A codestream of 8 bits that says it has more is as much darker: its samples are small numbers then."""
    stated = bytearray(with_siz(40, bytes([depth - 1, 1, 1]) * 3))
    pixels = decode(bytes(stated))
    assert probe(bytes(stated)).bit_depth == depth
    assert pixels.dtype == np.uint8
    middle = 1 << 7  # the level shift (G.1) is half of the range, whatever the depth
    assert abs(int(pixels.max()) - middle) <= middle >> (depth - 9)


def test_luma_and_chroma_become_colours() -> None:
    flat = Image.new("RGB", (64, 48), (200, 30, 90))
    pixels = decode(save(flat.convert("YCbCr"), "JPEG2000"))
    assert np.abs(pixels.astype(int) - bgr(flat)).max() <= 2


def test_inks_become_colours() -> None:
    inks = np.zeros((48, 64, 4), np.uint8)
    inks[:, :32, 0] = 255
    inks[:, 32:, 3] = 51
    data = save(Image.fromarray(inks, "CMYK"), "JPEG2000")
    pixels = decode(data)
    assert pixels[0, 0].tolist() == [255, 255, 0]
    assert pixels[0, 63].tolist() == [204, 204, 204]


@pytest.mark.parametrize("shape", [(1, 1), (31, 500), (200, 300), (5, 40, 3), (120, 90, 3), (40, 31, 4), (64, 64, 4)])
def test_files_of_every_shape_are_written(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    written = np.asarray(Image.open(BytesIO(encode(pixels, ImageFormat.JP2))))
    assert np.array_equal(written, pixels[:, :, [2, 1, 0, 3][: shape[2]]] if len(shape) == 3 else pixels)


@pytest.mark.parametrize(("quality", "share"), [(100, 1 / 4), (50, 1 / 8), (10, 1 / 40)])
@pytest.mark.parametrize("shape", [(300, 400, 3), (24, 5000)])
def test_the_quality_sets_the_size(quality: int, share: float, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert len(encode(pixels, ImageFormat.JP2, quality=quality)) == pytest.approx(share * pixels.nbytes, rel=0.1)
