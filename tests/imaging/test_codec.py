import struct
import zlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from omrclip.errors import CorruptImage, LimitExceeded, UnsupportedImage
from omrclip.imaging import codec
from omrclip.imaging.codec import decode
from omrclip.imaging.probe import ImageFormat, probe
from tests.imaging.samples import (
    GREY,
    GRID,
    PALETTE,
    assert_is,
    bgr,
    bilevel,
    chunk,
    exif,
    grid,
    png,
    save,
    tiff,
    with_alpha,
)

DEEP = np.random.default_rng(3).integers(0, 65536, (6, 5, 3), np.uint16)


def flat(array: np.ndarray, kind: str) -> bytes:
    """The samples of an array as bytes, in the byte order of `kind`."""
    return np.asarray(array).astype(kind).tobytes()


def filtered(rows: np.ndarray) -> bytes:
    """16-bit samples, (height, width, channels), as the rows of a PNG."""
    return b"".join(b"\0" + flat(row, ">u2") for row in rows)


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "BMP", "GIF", "JPEG2000", "WEBP"])
@pytest.mark.parametrize(
    "image",
    [grid(), GREY, PALETTE, bilevel(), with_alpha(), with_alpha(GREY).convert("LA")],
    ids=["rgb", "grey", "palette", "bilevel", "rgba", "la"],
)
def test_lossless_kinds_come_back_exactly(image: Image.Image, fmt: str) -> None:
    options = {"WEBP": {"lossless": True, "exact": True}, "GIF": {}}.get(fmt, {})
    if (fmt == "JPEG2000" and image.mode in ("1", "P", "LA")) or (fmt == "BMP" and image.mode == "LA"):
        image = image.convert("RGB")
    data = save(image, fmt, **options)
    assert_is(data, bgr(Image.open(BytesIO(data))))
    if fmt not in ("GIF", "BMP"):
        assert_is(data, bgr(image))


@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "group3", "group4"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("order", [1, 2])
def test_bilevel_tiff(compression: str, photometric: int, order: int) -> None:
    plain = Image.open(BytesIO(save(bilevel(), "TIFF", compression=compression, tiffinfo={262: photometric})))
    strip = plain.fp.getvalue()[plain.tag_v2[273][0] :][: plain.tag_v2[279][0]]  # type: ignore[attr-defined]
    if order == 2:
        strip = bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip)
    tags = {256: plain.width, 257: plain.height, 258: 1, 259: plain.tag_v2[259], 262: photometric, 266: order}
    assert_is(tiff(tags, [strip]), bgr(bilevel()))


def test_tiff_without_photometric_interpretation_is_min_is_white() -> None:
    assert_is(tiff({256: 8, 257: 1, 258: 1, 259: 1}, [b"\xf0"]), bgr(Image.fromarray(np.uint8([[0] * 4 + [255] * 4]))))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planes", [1, 2], ids=["chunky", "planar"])
@pytest.mark.parametrize("compression", [1, 8], ids=["raw", "deflate"])
@pytest.mark.parametrize("depth", [8, 16])
def test_tiff_layouts(order: str, planes: int, compression: int, depth: int) -> None:
    samples = DEEP if depth == 16 else (DEEP >> 8)
    kind = f"{order}u{depth // 8}"
    layers = [samples[:, :, n] for n in range(3)] if planes == 2 else [samples]
    blocks = [flat(layer, kind) for layer in layers]
    if compression == 8:
        blocks = [zlib.compress(block) for block in blocks]
    tags = {256: 5, 257: 6, 258: [depth] * 3, 259: compression, 262: 2, 277: 3, 278: 6, 284: planes}
    if (planes, compression, depth) == (2, 1, 16):
        with pytest.raises(UnsupportedImage, match="uncompressed planes"):
            decode(tiff(tags, blocks, order))
    else:
        assert_is(tiff(tags, blocks, order), (DEEP >> 8).astype(np.uint8)[:, :, ::-1])


def test_one_plane_of_a_tiff_may_be_called_planar() -> None:
    tags = {256: 8, 257: 1, 258: 1, 259: 1, 262: 0, 277: 1, 284: 2}
    assert decode(tiff(tags, [b"\xf0"]))[0, :, 0].tolist() == [0] * 4 + [255] * 4


def test_tiled_tiff() -> None:
    padded = np.zeros((64, 96, 3), np.uint8)
    padded[: GRID.shape[0], : GRID.shape[1]] = GRID[:, :, ::-1]
    tiles = [zlib.compress(padded[y : y + 32, x : x + 32].tobytes()) for y in (0, 32) for x in (0, 32, 64)]
    tags = {256: GRID.shape[1], 257: GRID.shape[0], 258: [8] * 3, 259: 8, 262: 2, 277: 3, 322: 32, 323: 32}
    assert_is(tiff(tags, tiles, tiled=True), GRID)


@pytest.mark.parametrize(("depth", "order", "photometric"), [(16, "<", 1), (16, ">", 1), (16, "<", 0), (12, "<", 1)])
def test_deep_grey_tiff(depth: int, order: str, photometric: int) -> None:
    values = [0, 1, 0x123, 0xFFF] if depth == 12 else [0, 255, 0x1234, 0xFFFF]
    strip = bytes.fromhex("000001123fff") if depth == 12 else flat(np.array(values), order + "u2")
    expected = [v >> (depth - 8) for v in values]
    expected = [255 - v for v in expected] if photometric == 0 else expected
    data = tiff({256: 4, 257: 1, 258: depth, 259: 1, 262: photometric}, [strip], order)
    assert decode(data)[0, :, 0].tolist() == expected


def test_premultiplied_alpha_of_tiff_is_undone() -> None:
    data = tiff({256: 1, 257: 1, 258: [8] * 4, 259: 1, 262: 2, 277: 4, 338: 1}, [bytes([100, 50, 0, 100])])
    assert decode(data).tolist() == [[[155, 205, 255]]]


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("colours", [1, 3])
def test_deep_png_keeps_the_upper_eight_bits(colours: int, alpha: bool) -> None:
    opaque = np.full((6, 5, 1), 65535, np.uint16)
    samples = np.dstack([DEEP[:, :, :colours], opaque]) if alpha else DEEP[:, :, :colours]
    colour = {(1, False): 0, (3, False): 2, (1, True): 4, (3, True): 6}[colours, alpha]
    expected = np.broadcast_to((DEEP >> 8).astype(np.uint8)[:, :, :colours], (6, 5, 3))[:, :, ::-1]
    assert_is(png(5, 6, 16, colour, filtered(samples)), expected)


@pytest.mark.parametrize(
    ("depth", "colour", "row", "transparent", "shown"),
    [
        (1, 0, b"\x50", [0], [255] * 8),
        (2, 0, b"\x1b", [1], [0, 255, 170, 255]),
        (8, 0, bytes([9, 10, 11]), [10], [9, 255, 11]),
        (8, 0, bytes([9, 10, 11]), [0x120A], [9, 255, 11]),
        (16, 0, bytes([0x12, 0x34, 0x12, 0x35]), [0x1234], [255, 0x12]),
        (8, 2, bytes([1, 2, 3, 1, 2, 4]), [1, 2, 3], [255, 4]),
        (16, 2, bytes.fromhex("123400010002123500010002133400010002"), [0x1234, 1, 2], [255, 0, 0]),
        (16, 2, bytes.fromhex("000100021234000100021235000100021334"), [1, 2, 0x1234], [255, 0x12, 0x13]),
        (8, 3, bytes([0, 1]), None, [255, 155]),
    ],
)
def test_transparent_colour_of_png(
    depth: int, colour: int, row: bytes, transparent: list[int] | None, shown: list
) -> None:
    more = [chunk(b"PLTE", bytes(6)), chunk(b"tRNS", bytes([0, 100]))]
    if transparent is not None:
        more = [chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))]
    pixels = decode(png(len(shown), 1, depth, colour, b"\0" + row, *more))
    assert pixels[0, :, 0].tolist() == shown


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("colour", "channels"), [(4, 2), (6, 4)])
def test_a_transparent_colour_beside_alpha_is_ignored(depth: int, colour: int, channels: int) -> None:
    row = b"\0" + bytes(range(3 * channels * depth // 8))
    forbidden = chunk(b"tRNS", bytes(2 * channels))
    expected = decode(png(3, 1, depth, colour, row))
    np.testing.assert_array_equal(decode(png(3, 1, depth, colour, row, forbidden)), expected)


@pytest.mark.parametrize("adobe", [True, False], ids=["inverted by Adobe", "plain"])
@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_cmyk_jpeg(adobe: bool, reduction: int) -> None:
    inks = Image.fromarray(np.full((64, 48, 4), (200, 100, 50, 40), np.uint8), "CMYK")
    data = save(inks, "JPEG", quality=95)
    if not adobe:
        at = data.index(b"Adobe") - 4
        data = data[:at] + data[at + 16 :]
        inks = Image.fromarray(255 - np.asarray(inks), "CMYK")
    expected = bgr(inks.resize((48 // reduction, 64 // reduction)))
    assert np.abs(decode(data, reduction=reduction).astype(int) - expected).max() <= 3


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_cmyk_tiff(compression: str) -> None:
    inks = grid().convert("CMYK")
    data = save(inks, "TIFF", compression=compression)
    assert_is(data, bgr(Image.open(BytesIO(data))))
    assert np.abs(decode(data).astype(int) - bgr(inks)).max() <= (60 if compression == "jpeg" else 0)


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_is_decoded(fmt: str) -> None:
    options = {"WEBP": {"lossless": True}}.get(fmt, {})
    data = save(grid(), fmt, save_all=True, append_images=[grid().rotate(180), grid().rotate(90)], **options)
    assert probe(data).frames == 3
    assert_is(data, bgr(Image.open(BytesIO(data))))


def test_gif_frame_smaller_than_its_canvas() -> None:
    frame = b",\x01\0\x01\0\x01\0\x01\0\0\x02\x02L\x01\0"  # one pixel of the colour 1, at (1, 1)
    data = b"GIF89a\x03\0\x02\0\x80\0\0\x0a\x14\x1e\x28\x32\x3c" + frame + b";"
    expected = np.full((2, 3, 3), (30, 20, 10), np.uint8)
    expected[1, 1] = (60, 50, 40)
    assert_is(data, expected)


@pytest.mark.parametrize("image", [GREY, grid(), with_alpha()], ids=["grey", "rgb", "rgba"])
def test_jp2_codestream_without_boxes(image: Image.Image) -> None:
    assert_is(save(image, "JPEG2000", no_jp2=True), bgr(image))


@pytest.mark.parametrize("top_down", [False, True])
def test_bmp_row_order(top_down: bool) -> None:
    head = struct.pack("<IiiHHIIiiII", 40, 1, -2 if top_down else 2, 1, 24, 0, 0, 0, 0, 0, 0)
    data = b"BM" + struct.pack("<IHHI", 62, 0, 0, 54) + head + b"\1\2\3\0" + b"\4\5\6\0"
    rows = [[[1, 2, 3]], [[4, 5, 6]]]
    assert decode(data).tolist() == (rows if top_down else rows[::-1])


@pytest.mark.parametrize("extents", [(401, 307), (90_000, 3)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_every_row_of_a_larger_image(mode: str, extents: tuple[int, int]) -> None:
    width, height = extents
    places = np.arange(width * height, dtype=np.uint32).reshape(height, width)
    colours = np.dstack([places * 7, places >> 7, places >> 11]).astype(np.uint8)
    image = Image.fromarray(colours).convert(mode)
    expected = np.asarray(image.convert("RGB"))[:, :, ::-1]
    np.testing.assert_array_equal(decode(save(image, "PNG", compress_level=1)), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_orientation(kind: str, orientation: int, mode: str) -> None:
    image = with_alpha() if mode == "RGBA" and kind != "JPEG" else grid().convert("L" if mode == "L" else "RGB")
    extra = {"tiffinfo": {274: orientation}} if kind == "TIFF" else {"exif": exif(orientation)}
    data = save(image, kind, **extra, **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True}))
    turned = image.copy()
    turned.getexif()[274] = orientation
    expected = bgr(ImageOps.exif_transpose(turned))
    pixels = decode(data)
    assert pixels.shape == expected.shape == (probe(data).dimensions.height, probe(data).dimensions.width, 3)
    assert pixels.flags.c_contiguous
    assert np.abs(pixels.astype(int) - expected).max() <= (12 if kind == "JPEG" else 1)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_orientation_of_a_reduced_jpeg(orientation: int, reduction: int) -> None:
    data = save(grid(), "JPEG", exif=exif(orientation), quality=95)
    width, height = grid().size
    extents = (-(-height // reduction), -(-width // reduction))
    assert decode(data, reduction=reduction).shape[:2] == (extents if orientation == 1 else extents[::-1])


def test_other_extents_than_were_probed_are_corrupt() -> None:
    with pytest.raises(CorruptImage, match="its header says"):
        decode(save(grid(), "PNG"), probe(save(grid(3, 3), "PNG")))


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setitem(codec.CODECS, ImageFormat.PNG, replace(codec.CODECS[ImageFormat.PNG], decode=fail))
    with pytest.raises(LimitExceeded) as refusal:
        decode(save(grid(), "PNG"))
    assert refusal.value.details == {"limit": "memory", "maximum": None}


def test_unsupported_samples_of_a_tiff() -> None:
    with pytest.raises(UnsupportedImage):
        decode(tiff({256: 1, 257: 1, 258: [16] * 2, 259: 1, 262: 1, 277: 2, 338: 2}, [bytes(4)]))
