import contextlib
import struct
import tracemalloc

import pytest
from PIL import Image

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import ColourMode, ImageFormat, ImageInfo, probe
from tests.imaging.samples import bilevel, chunk, exif, grid, png, save, tiff, with_alpha

GREY = grid().convert("L")


@pytest.mark.parametrize(
    ("fmt", "media_type", "extension"),
    [
        (ImageFormat.JPEG, "image/jpeg", "jpg"),
        (ImageFormat.PNG, "image/png", "png"),
        (ImageFormat.TIFF, "image/tiff", "tif"),
        (ImageFormat.WEBP, "image/webp", "webp"),
        (ImageFormat.GIF, "image/gif", "gif"),
        (ImageFormat.JP2, "image/jp2", "jp2"),
        (ImageFormat.BMP, "image/bmp", "bmp"),
    ],
)
def test_format_names(fmt: ImageFormat, media_type: str, extension: str) -> None:
    assert (fmt.media_type, fmt.extension) == (media_type, extension)


@pytest.mark.parametrize(
    ("data", "fmt", "mode", "depth"),
    [
        (save(grid(), "JPEG"), ImageFormat.JPEG, ColourMode.RGB, 8),
        (save(GREY, "JPEG", progressive=True), ImageFormat.JPEG, ColourMode.GREY, 8),
        (save(grid().convert("CMYK"), "JPEG"), ImageFormat.JPEG, ColourMode.CMYK, 8),
        (save(grid(), "PNG"), ImageFormat.PNG, ColourMode.RGB, 8),
        (save(bilevel(), "PNG"), ImageFormat.PNG, ColourMode.BILEVEL, 1),
        (save(grid().quantize(9), "PNG"), ImageFormat.PNG, ColourMode.PALETTE, 4),
        (save(with_alpha(), "PNG"), ImageFormat.PNG, ColourMode.RGB_ALPHA, 8),
        (save(with_alpha().convert("LA"), "PNG"), ImageFormat.PNG, ColourMode.GREY_ALPHA, 8),
        (save(GREY.convert("I;16"), "PNG"), ImageFormat.PNG, ColourMode.GREY, 16),
        (save(grid(), "TIFF"), ImageFormat.TIFF, ColourMode.RGB, 8),
        (save(grid(), "TIFF", big_tiff=True), ImageFormat.TIFF, ColourMode.RGB, 8),
        (save(bilevel(), "TIFF", compression="group4"), ImageFormat.TIFF, ColourMode.BILEVEL, 1),
        (save(grid().convert("CMYK"), "TIFF"), ImageFormat.TIFF, ColourMode.CMYK, 8),
        (save(GREY.convert("I;16"), "TIFF"), ImageFormat.TIFF, ColourMode.GREY, 16),
        (save(grid(), "WEBP"), ImageFormat.WEBP, ColourMode.RGB, 8),
        (save(grid(), "WEBP", lossless=True), ImageFormat.WEBP, ColourMode.RGB, 8),
        (save(with_alpha(), "WEBP"), ImageFormat.WEBP, ColourMode.RGB_ALPHA, 8),
        (save(with_alpha(), "WEBP", lossless=True), ImageFormat.WEBP, ColourMode.RGB_ALPHA, 8),
        (save(grid(), "GIF"), ImageFormat.GIF, ColourMode.PALETTE, 8),
        (save(grid(), "JPEG2000"), ImageFormat.JP2, ColourMode.RGB, 8),
        (save(GREY, "JPEG2000", no_jp2=True), ImageFormat.JP2, ColourMode.GREY, 8),
        (save(grid(), "BMP"), ImageFormat.BMP, ColourMode.RGB, 8),
        (save(grid().quantize(9), "BMP"), ImageFormat.BMP, ColourMode.PALETTE, 8),
    ],
)
def test_format_mode_depth_and_extents(data: bytes, fmt: ImageFormat, mode: ColourMode, depth: int) -> None:
    stored = Dimensions(*grid().size)
    assert probe(data) == ImageInfo(fmt, stored, mode, depth, dpi=probe(data).dpi)
    assert probe(data).dimensions == stored


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_turns_the_dimensions(kind: str, orientation: int) -> None:
    block = exif(orientation)
    data = save(grid(), kind, **({"tiffinfo": {274: orientation}} if kind == "TIFF" else {"exif": block}))
    info = probe(data)
    width, height = grid().size
    assert info.orientation == orientation
    assert info.stored == Dimensions(width, height)
    assert info.dimensions == (Dimensions(height, width) if orientation >= 5 else Dimensions(width, height))


@pytest.mark.parametrize(
    "block",
    [
        exif(0), exif(9), exif(65535), exif(6, kind=2), exif(6)[:20], exif(6)[:8],
        b"Exif\0\0", b"Exif\0\0XX*\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
    ],
)  # fmt: skip
def test_nonsense_exif_is_no_orientation(block: bytes) -> None:
    assert probe(save(grid(), "JPEG", exif=block)).orientation == 1
    assert probe(png(1, 1, 8, 0, b"\0\0", chunk(b"eXIf", block))).orientation == 1


def test_exif_with_big_endian_numbers() -> None:
    block = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 274, 3, 1, 8, 0) + bytes(4)
    assert probe(save(grid(), "JPEG", exif=block)).orientation == 8


def test_orientation_behind_the_pixels_of_a_png() -> None:
    data = save(grid(), "PNG")
    assert probe(data[:-12] + chunk(b"eXIf", exif(6)[6:]) + data[-12:]).orientation == 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution(kind: str) -> None:
    assert probe(save(grid(), kind, dpi=(300, 200))).dpi == pytest.approx((300, 200), rel=1e-3)


def test_resolution_of_exif_where_jfif_has_none() -> None:
    image = Image.Exif()
    image[282], image[283], image[296] = 118.0, 118.0, 3
    data = save(grid(), "JPEG", exif=image)
    assert probe(data).dpi == pytest.approx((299.72, 299.72))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_no_resolution(kind: str) -> None:
    assert probe(save(grid(), kind)).dpi is None


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG"])
def test_frames(kind: str) -> None:
    others = [grid().rotate(180), grid().rotate(180).convert("L").convert("RGB")]
    assert probe(save(grid(), kind, save_all=True, append_images=others)).frames == 3
    assert probe(save(grid(), kind)).frames == 1


@pytest.mark.parametrize(
    ("data", "extents"),
    [
        (png(20_000, 10_000, 8, 2, b""), (20_000, 10_000)),
        (png(2**31 - 1, 2**31 - 1, 16, 6, b""), (2**31 - 1, 2**31 - 1)),
        (b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;", (65_535, 65_535)),
        (tiff({256: 2**32 - 1, 257: 2**32 - 1, 258: 8, 259: 5, 262: 1}, [b"x"]), (2**32 - 1, 2**32 - 1)),
        (b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 60_000, -60_000, 1, 24, 0, 0, 0, 0, 0, 0), (60_000,) * 2),
        (b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff", (2**24, 2**24)),
    ],
)
def test_giant_extents_are_only_told(data: bytes, extents: tuple[int, int], capfd: pytest.CaptureFixture[str]) -> None:
    assert probe(data).stored == Dimensions(*extents)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"hello, world", "the first bytes are 68 65 6c 6c 6f 2c 20 77"),
        (b"\0" * 100, "the first bytes are 00 00 00"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0\0\0\x1cftypheic", 'HEIC images are not supported. Set the phone.s camera to "Most compatible"'),
        (b"\0\0\0\x1cftypavif", "AVIF images are not supported. Convert"),
        (b"8BPS\0\1", "Photoshop"),
        (b"PK\x03\x04\x14", "Office and zip"),
        (b"\xd0\xcf\x11\xe0\xa1", "Office"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "the first bytes are 3c 73"),
        (save(grid(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "12 bits"),
        (save(grid(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc3\0\x11\x08"), "SOF3"),
        (tiff({256: 1, 257: 1, 258: 32, 259: 1, 262: 1, 339: 3}, [bytes(4)]), "others"),
        (tiff({256: 1, 257: 1, 258: 8, 259: 6, 262: 6}, [bytes(4)]), "compression 6"),
        (tiff({256: 1, 257: 1, 258: 8, 259: 1, 262: 32803}, [bytes(4)]), "interpretation 32803"),
        (tiff({256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 277: 9}, [bytes(4)]), "9 samples"),
        (b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 9, 9, 1, 8, 1, 0, 0, 0, 0, 0), "compression 1"),
        (b"BM" + bytes(12) + struct.pack("<I", 99), "header of 99 bytes"),
    ],
)
def test_unsupported(data: bytes, message: str) -> None:
    with pytest.raises(UnsupportedImage, match=message):
        probe(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xd8\xff", "JPEG header is cut off"),
        (save(grid(), "JPEG")[:100], "JPEG header is cut off"),
        (b"\xff\xd8\xff\xda\0\x08\1\1\0\0\x3f\0", "no frame header"),
        (save(grid(), "PNG")[:20], "PNG header is cut off"),
        (png(0, 5, 8, 2, b""), "no width"),
        (png(5, 5, 3, 2, b""), "header is damaged"),
        (b"II*\0\x08\0", "header is cut off"),
        (b"II*\0\xff\0\0\0", "directory is cut off"),
        (tiff({257: 4, 258: 8}, [b"x"]), "no width"),
        (tiff({256: 4, 257: [4, 4], 258: 8}, [b"x"]), "tag 257"),
        (tiff({256: 4, 257: 4, 258: 8, 262: 1}, [bytes(16)])[:-40], "beyond the end"),
        (save(grid(), "WEBP")[:28], "WEBP header is cut off"),
        (b"RIFF\x20\0\0\0WEBPXXXX\0\0\0\0", "no image header"),
        (b"GIF89a\x05\0\x05\0\0\0\0", "no image"),
        (b"GIF89a\x05\0\x05\0\0\0\0,\x03\0\0\0\x03\0\x05\0\0\x02\0;", "beyond its canvas"),
        (save(grid(), "JPEG2000")[:60], "cut off"),
        (save(grid(), "BMP")[:20], "BMP header is cut off"),
    ],
)
def test_corrupt(data: bytes, message: str) -> None:
    with pytest.raises(CorruptImage, match=message):
        probe(data)


def test_pages_in_a_circle_are_corrupt() -> None:
    data = bytearray(save(grid(), "TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    with pytest.raises(CorruptImage, match="does not end"):
        probe(bytes(data))


def test_a_large_file_is_not_copied() -> None:
    data = save(grid(), "JPEG") + bytes(50_000_000)
    tracemalloc.start()
    try:
        probe(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "JPEG2000", "BMP"])
def test_every_cut_tells_the_extents_or_is_refused(kind: str) -> None:
    data = save(grid(), kind)
    for end in range(len(data)):
        with contextlib.suppress(CorruptImage, UnsupportedImage):
            assert probe(data[:end]).stored == Dimensions(*grid().size)
