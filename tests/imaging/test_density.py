"""Densities: read from each format, absurd ones left out, and written to those that have room for one."""

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from omrclip.imaging.codec import encode
from omrclip.imaging.density import Density, density_of, single_density
from omrclip.imaging.formats.jpeg import with_density
from omrclip.imaging.pdf import pdf_of_jpeg
from omrclip.imaging.probe import ImageFormat, probe
from omrclip.imaging.source import DecodedImage
from omrclip.imaging.tiff.pyramid import open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.imaging.tiff.writing import write_pyramid
from tests.grid import coloured_grid
from tests.imaging.samples import grid, save

PIXELS = coloured_grid(120, 80)
KEPT = [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.TIFF]


def told(data: bytes) -> Density | None:
    """What Pillow reads of a file."""
    density = Image.open(BytesIO(data)).info.get("dpi")
    return density and tuple(float(dots) for dots in density)


@pytest.mark.parametrize("fmt", KEPT)
@pytest.mark.parametrize("density", [(300.0, 300.0), (204.0, 98.0), (72.0, 72.0), (1200.0, 600.0)])
@pytest.mark.parametrize("shape", ["colour", "grey", "bilevel"])
def test_a_density_is_written(fmt: ImageFormat, density: Density, shape: str) -> None:
    pixels = PIXELS if shape == "colour" else np.where(PIXELS[:, :, 0] > 99, 255, 0).astype(np.uint8)
    data = encode(pixels, fmt, bilevel=shape == "bilevel", density=density)
    assert told(data) == pytest.approx(density, rel=2e-4)
    assert probe(data).density == pytest.approx(density, rel=2e-4)
    # The picture is the same.
    plain = Image.open(BytesIO(encode(pixels, fmt, bilevel=shape == "bilevel")))
    written = Image.open(BytesIO(data))
    written.load()
    assert (written.mode, written.tobytes()) == (plain.mode, plain.tobytes())


@pytest.mark.parametrize("fmt", ImageFormat)
def test_without_a_density_none_is_written(fmt: ImageFormat) -> None:
    data = encode(PIXELS, fmt)
    assert data == encode(PIXELS, fmt, density=None)
    assert probe(data).density is None


@pytest.mark.parametrize("fmt", sorted(set(ImageFormat) - set(KEPT)))
def test_other_formats_stay_as_they_are(fmt: ImageFormat) -> None:
    assert encode(PIXELS, fmt, density=(300.0, 300.0)) == encode(PIXELS, fmt)


def test_only_the_header_of_a_jpeg_changes() -> None:
    plain, written = encode(PIXELS, ImageFormat.JPEG), encode(PIXELS, ImageFormat.JPEG, density=(300, 300))
    assert len(written) == len(plain)
    assert [at for at, (a, b) in enumerate(zip(plain, written, strict=True)) if a != b] == [13, 14, 15, 16, 17]


def test_a_jpeg_without_a_jfif_header_stays_as_it_is() -> None:
    file = BytesIO()
    Image.new("CMYK", (8, 8)).save(file, "JPEG")  # by Pillow, with an Adobe marker in place of it
    assert b"JFIF" not in file.getvalue()
    assert with_density(file.getvalue(), (300, 300)) == file.getvalue()


@pytest.mark.parametrize(
    "absurd", [0.0, 1.0, 9.9, -300.0, 70_000.0, 1e9, math.inf, -math.inf, math.nan], ids=lambda dots: str(dots)
)
def test_an_absurd_density_is_none(absurd: float) -> None:
    assert density_of(absurd, 300) is None
    assert density_of(300, absurd) is None


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 1), (300, 1), (65_535, 0)])
def test_an_absurd_density_of_a_file_is_left_out(x: int, y: int) -> None:
    for kind in ("JPEG", "PNG", "TIFF", "BMP"):
        assert probe(save(grid(), kind, dpi=(x, y))).density is None, kind


def jpeg_with(unit: int, x: int, y: int) -> bytes:
    """A JPEG whose JFIF header says so."""
    data = save(grid(), "JPEG")
    assert data[6:11] == b"JFIF\0"
    return data[:13] + bytes([unit]) + x.to_bytes(2, "big") + y.to_bytes(2, "big") + data[18:]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (jpeg_with(0, 300, 300), None),
        (jpeg_with(1, 300, 300), (300, 300)),
        (jpeg_with(2, 118, 118), (299.72, 299.72)),
        (jpeg_with(3, 300, 300), None),
        (save(grid(), "TIFF", resolution_unit=1, x_resolution=300, y_resolution=300), None),
        (save(grid(), "TIFF", resolution_unit="cm", x_resolution=118, y_resolution=118), (299.72, 299.72)),
        (save(grid(), "TIFF", tiffinfo={282: 300.0, 283: 300.0}), (300, 300)),  # without a unit it is inches
    ],
)
def test_the_unit_counts(data: bytes, expected: Density | None) -> None:
    assert probe(data).density == (expected and pytest.approx(expected))


def exif_with(density: float, orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[274], exif[282], exif[283], exif[296] = orientation, density, density, 2
    return exif


def test_cameras_write_72_where_they_do_not_know() -> None:
    assert probe(save(grid(), "JPEG", exif=exif_with(72.0))).density is None
    assert probe(save(grid(), "JPEG", exif=exif_with(72.0), dpi=(72, 72))).density is None
    assert probe(save(grid(), "WEBP", exif=exif_with(72.0))).density is None
    assert probe(save(grid(), "JPEG", exif=exif_with(72.0), dpi=(300, 300))).density == (300, 300)
    assert probe(save(grid(), "JPEG", dpi=(72, 72))).density == (72, 72)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_orientation_turns_the_density(kind: str, orientation: int) -> None:
    turned = {"tiffinfo": {274: orientation}} if kind == "TIFF" else {"exif": exif_with(300, orientation)}
    info = probe(save(grid(), kind, dpi=(200, 100), **turned))
    assert info.density == pytest.approx((100, 200) if orientation >= 5 else (200, 100), rel=1e-3)


@pytest.mark.parametrize(
    ("density", "single"), [((300, 300), 300), ((300, 299.9), 299.95), ((204, 98), None), (None, None)]
)
def test_a_single_density(density: Density | None, single: float | None) -> None:
    assert single_density(density) == single


@pytest.mark.parametrize("density", [(300.0, 300.0), (204.0, 98.0), None])
def test_a_pyramid_keeps_it(density: Density | None) -> None:
    file = BytesIO()
    write_pyramid(DecodedImage(PIXELS, density=density), file, tile=64)
    tiled = open_tiled(BytesReader(file.getvalue()))
    assert tiled is not None
    assert (tiled.density, tiled.is_grey) == (density, False)
    assert probe(file.getvalue()).density == density
    assert told(file.getvalue()) == (density or (1.0, 1.0))


@pytest.mark.parametrize("tag", [282, 283, 296])
def test_a_damaged_density_of_a_pyramid_is_none(tag: int) -> None:
    file = BytesIO()
    write_pyramid(DecodedImage(PIXELS, density=(300.0, 300.0)), file, tile=64)
    data = bytearray(file.getvalue())
    first = int.from_bytes(data[4:8], "little")
    entries = [first + 2 + 12 * number for number in range(data[first])]
    (at,) = (entry for entry in entries if int.from_bytes(data[entry : entry + 2], "little") == tag)
    data[at + 2] = 7  # a type that it does not have
    tiled = open_tiled(BytesReader(bytes(data)))
    assert tiled is not None
    assert tiled.density is None


def test_a_pdf_has_the_papers_size() -> None:
    from pypdf import PdfReader

    jpeg = encode(PIXELS, ImageFormat.JPEG)
    for density, size in (((60.0, 40.0), (144, 144)), (None, (28.8, 19.2))):
        pdf = pdf_of_jpeg(jpeg, probe(jpeg).dimensions, grey=False, density=density)
        box = PdfReader(BytesIO(pdf)).pages[0].mediabox
        assert (float(box.width), float(box.height)) == pytest.approx(size, abs=0.01)
