"""PNGs of several bands of rows: every filter over the bands' edges, pixels in many chunks, and streams that lie."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from omrclip.errors import CorruptImage
from omrclip.imaging.codec import decode
from omrclip.imaging.probe import probe
from tests.imaging.samples import assert_is, chunk, png

SAMPLES = {"grey": (0, 1), "rgb": (2, 3), "rgb with alpha": (6, 4)}
EXTENTS = [(700, 1100), (300_000, 4), (1, 5), (3, 1)]
ROWS = b"".join(b"\0" + bytes(range(row, row + 20)) for row in range(20))
DEFLATED = zlib.compress(ROWS)


def random_rows(width: int, height: int, samples: int) -> bytes:
    """Rows of noise under filters of all five types, as bytes of a PNG before they are deflated."""
    random = np.random.default_rng(width + samples)
    rows = random.integers(0, 256, (height, 1 + width * samples), np.uint8)
    rows[:, 0] = random.integers(0, 5, height)
    return rows.tobytes()


def in_chunks(data: bytes, sizes: list[int]) -> bytes:
    """The PNG with its pixels in as many chunks as there are sizes, and one of the rest."""
    at = data.index(b"IDAT") - 4
    length = struct.unpack_from(">I", data, at)[0]
    deflated, parts = data[at + 8 : at + 8 + length], []
    for size in sizes:
        parts.append(chunk(b"IDAT", deflated[:size]))
        deflated = deflated[size:]
    return data[:at] + b"".join([*parts, chunk(b"IDAT", deflated), chunk(b"IEND", b"")])


def by_pillow(data: bytes) -> np.ndarray:
    image = Image.open(BytesIO(data))
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


@pytest.mark.parametrize("extents", EXTENTS)
@pytest.mark.parametrize("kind", SAMPLES)
def test_rows_of_every_filter(kind: str, extents: tuple[int, int]) -> None:
    colour, samples = SAMPLES[kind]
    data = png(*extents, 8, colour, random_rows(*extents, samples))
    expected = by_pillow(data).astype(int)
    assert abs(decode(data) - expected).max() <= (1 if kind == "rgb with alpha" else 0)  # Pillow rounds otherwise


@pytest.mark.parametrize("sizes", [[0, 1, 1, 5], [2, 300_000, 0, 70_000], [1] * 300])
def test_pixels_in_many_chunks(sizes: list[int]) -> None:
    data = png(700, 1100, 8, 2, random_rows(700, 1100, 3))
    np.testing.assert_array_equal(decode(in_chunks(data, sizes)), decode(data))


@pytest.mark.parametrize("more", [b"", b"\0" * 21, b"\0" * 2_000_000])
def test_rows_behind_the_last_are_no_matter(more: bytes) -> None:
    grey = np.array([range(row, row + 20) for row in range(20)])
    assert_is(png(20, 20, 8, 0, ROWS + more), np.dstack([grey] * 3))


@pytest.mark.parametrize(
    "deflated",
    [b"", DEFLATED[:1], DEFLATED[:-1], DEFLATED[:-4], DEFLATED[:-4] + b"\0\0\0\0", b"\x79" + DEFLATED[1:], b"\0" * 50],
)
def test_streams_without_their_end_are_refused(deflated: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorruptImage, match="PNG"):
        decode(png(20, 20, 8, 0, b"", deflated=deflated))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("row", [0, 500, 1099])
def test_an_unknown_filter_in_any_band_is_refused(row: int) -> None:
    rows = bytearray(random_rows(700, 1100, 3))
    rows[row * 2101] = 5
    with pytest.raises(CorruptImage, match="PNG"):
        decode(png(700, 1100, 8, 2, bytes(rows)))


@pytest.mark.parametrize("cut", [1, 20, 5_000])
def test_a_cut_off_png_is_refused(cut: int) -> None:
    data = png(700, 1100, 8, 2, random_rows(700, 1100, 3))
    with pytest.raises(CorruptImage):
        decode(data[:-cut])
    with pytest.raises(CorruptImage, match="header says"):
        decode(data, probe(png(700, 1200, 8, 2, b"")))
