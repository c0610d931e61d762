"""A file of every kind that is read, of any extents, made by other encoders than ours where there are some."""

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.imaging.samples import chunk, exif, png, save, tiff

Samples = npt.NDArray[np.uint8]

_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def files_of_every_kind(width: int, height: int) -> dict[str, bytes]:
    """By what they are called; the width is a multiple of 8, and the format is the name's first word."""
    picture = _picture(width, height)
    return {
        f"{kind} {name}": data
        for kind, files in (
            ("jpeg", _jpegs(picture)),
            ("png", _pngs(picture)),
            ("tiff", _tiffs(picture)),
            ("webp", _webps(picture)),
            ("gif", _gifs(picture)),
            ("jp2", _jp2s(picture)),
            ("bmp", _bmps(picture)),
        )
        for name, data in files
    }


def _picture(width: int, height: int) -> Image.Image:
    """Soft spots of colour with hard lines: it compresses as a scan does, neither to nothing nor not at all."""
    spots = np.random.default_rng(3).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    pixels = np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    pixels[::7] //= 2
    return Image.fromarray(pixels)


def _bilevel(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point(lambda tone: 255 if tone > 110 else 0).convert("1")


def _quantized(picture: Image.Image, colours: int) -> Image.Image:
    return picture.quantize(colours, method=Image.Quantize.FASTOCTREE)


def _with_alpha(picture: Image.Image) -> Image.Image:
    image = picture.convert("RGBA")
    image.putalpha(picture.convert("L"))
    return image


def _deep(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) << 8)


def _jpegs(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    grey, inks = picture.convert("L"), picture.convert("CMYK")
    for name, progressive in (("", False), (" progressive", True)):
        yield f"4:4:4{name}", save(picture, "JPEG", subsampling=0, progressive=progressive)
        yield f"4:2:0{name}", save(picture, "JPEG", subsampling=2, progressive=progressive)
        yield f"grey{name}", save(grey, "JPEG", progressive=progressive)
        yield f"inks{name}", save(inks, "JPEG", progressive=progressive)
    yield "turned", save(picture, "JPEG", exif=exif(6))
    yield "restarts", save(picture, "JPEG", restart_marker_rows=1)


def _pngs(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    width, height = picture.size
    grey, colours = np.asarray(picture.convert("L")), np.asarray(picture)
    alpha, palette = np.asarray(_with_alpha(picture)), np.asarray(_quantized(picture, 16))
    grey_alpha = np.dstack([grey, grey])
    table = chunk(b"PLTE", bytes(range(256)) * 3)
    bits = np.packbits(grey > 110, axis=1)
    key, key_of_colours = chunk(b"tRNS", bytes([0, 9])), chunk(b"tRNS", bytes([0, 9] * 3))
    kinds: dict[str, tuple[int, int, Samples, tuple[bytes, ...]]] = {
        "bilevel": (1, 0, bits, ()),
        "2 bits": (2, 0, np.full((height, width // 4), 0x1B, np.uint8), ()),
        "4 bits": (4, 0, np.full((height, width // 2), 0x1B, np.uint8), ()),
        "grey": (8, 0, grey, ()),
        "grey 16": (16, 0, _twice(grey), ()),
        "colours": (8, 2, colours, ()),
        "colours 16": (16, 2, _twice(colours), ()),
        "grey with alpha": (8, 4, grey_alpha, ()),
        "grey with alpha 16": (16, 4, _twice(grey_alpha), ()),
        "alpha": (8, 6, alpha, ()),
        "alpha 16": (16, 6, _twice(alpha), ()),
        "palette": (8, 3, palette, (table,)),
        "palette 1 bit": (1, 3, bits, (table,)),
        "palette with alpha": (8, 3, palette, (table, chunk(b"tRNS", bytes(range(16))))),
        "bilevel with a transparent colour": (1, 0, bits, (chunk(b"tRNS", bytes([0, 1])),)),
        "grey with a transparent colour": (8, 0, grey, (key,)),
        "grey 16 with a transparent colour": (16, 0, _twice(grey), (key,)),
        "colours with a transparent colour": (8, 2, colours, (key_of_colours,)),
        "colours 16 with a transparent colour": (16, 2, _twice(colours), (key_of_colours,)),
    }
    for name, (depth, colour, samples, more) in kinds.items():
        rows = samples.reshape(height, -1)
        yield name, png(width, height, depth, colour, np.insert(rows, 0, 0, axis=1).tobytes(), *more)
        if depth >= 8:
            yield f"{name} interlaced", interlaced(samples.reshape(height, width, -1), depth, colour, *more)


def _twice(samples: Samples) -> Samples:
    """Samples of 16 bits out of those of eight."""
    return np.repeat(samples, 2, axis=-1)


def interlaced(samples: Samples, depth: int, colour: int, *more: bytes, left_out: int = 0) -> bytes:
    """A PNG of (height, width, bytes a pixel) in the seven passes of Adam7, the last `left_out` bytes missing."""
    passes = [samples[y::down, x::across] for x, y, across, down in _ADAM7]
    rows = b"".join(b"\0" + row.tobytes() for part in passes for row in part if row.size)
    height, width = samples.shape[:2]
    return as_interlaced(png(width, height, depth, colour, rows[: len(rows) - left_out], *more))


def as_interlaced(data: bytes) -> bytes:
    """A PNG whose header says that it is interlaced, with a right checksum of that."""
    header = data[12:28] + b"\1"
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


_CODECS: dict[str, tuple[str | None, ...]] = {
    "bilevel": (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "group3", "group4", "zstd", "tiff_lzma"),
    "grey": (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "tiff_lzma"),
    "grey 16": (None, "tiff_lzw", "tiff_adobe_deflate"),
    "colours": (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "tiff_lzma"),
    "grey with alpha": (None, "tiff_lzw", "tiff_adobe_deflate"),
    "alpha": (None, "tiff_lzw", "tiff_adobe_deflate"),
    "inks": (None, "tiff_lzw", "jpeg"),
    "palette": (None, "tiff_lzw", "packbits"),
}


def _tiffs(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    grey = picture.convert("L")
    images = {
        "bilevel": _bilevel(picture),
        "grey": grey,
        "grey 16": _deep(picture),
        "colours": picture,
        "grey with alpha": Image.merge("LA", (grey, grey)),
        "alpha": _with_alpha(picture),
        "inks": picture.convert("CMYK"),
        "palette": _quantized(picture, 64),
    }
    for name, image in images.items():
        for codec in _CODECS[name]:
            yield f"{name} {(codec or 'raw').removeprefix('tiff_')}", save(image, "TIFF", compression=codec)
    yield from _tiffs_of_one_block(picture)


def _tiffs_of_one_block(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    """One strip for all, planes, a tile larger than the image."""
    width, height = picture.size
    grey, colours, alpha = np.asarray(picture.convert("L")), np.asarray(picture), np.asarray(_with_alpha(picture))

    def strip(samples: Samples, bits: int, photometric: int, **more: int) -> bytes:
        count = samples.reshape(height, width, -1).shape[2] * 8 // bits
        tags: dict[int, int | list[int]] = {256: width, 257: height, 258: [bits] * count, 259: 8, 262: photometric}
        tags |= {277: count, 278: height} | {int(tag[1:]): value for tag, value in more.items()}
        return tiff(tags, [zlib.compress(samples.tobytes())])

    yield "grey in one strip", strip(grey, 8, 1)
    yield "colours in one strip", strip(colours, 8, 2)
    yield "grey 16 in one strip", strip(_twice(grey[:, :, None]), 16, 1)
    yield "white is zero 16 in one strip", strip(_twice(grey[:, :, None]), 16, 0)
    yield "colours 16 in one strip", strip(_twice(colours), 16, 2)
    yield "alpha 16 in one strip", strip(_twice(alpha), 16, 2, _338=2)
    planes = [zlib.compress(colours[:, :, plane].tobytes()) for plane in range(3)]
    tags: dict[int, int | list[int]] = {256: width, 257: height, 258: [8] * 3, 262: 2, 277: 3}
    yield "planes", tiff(tags | {259: 8, 278: height, 284: 2}, planes)
    jpeg = save(picture, "JPEG", subsampling=0, progressive=True)
    yield "progressive jpeg", tiff(tags | {259: 7, 262: 6, 278: height, 530: [1, 1]}, [jpeg])
    side = 16 * (max(width, height) // 16 + 8)
    yield (
        "a tile beyond the image",
        tiff(tags | {259: 8, 322: side, 323: side}, [zlib.compress(bytes(3 * side * side))], tiled=True),
    )


def _webps(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    alpha = _with_alpha(picture)
    for name, lossless in (("", False), (" lossless", True)):
        yield f"colours{name}", save(picture, "WEBP", lossless=lossless, method=0)
        yield f"alpha{name}", save(alpha, "WEBP", lossless=lossless, method=0)
    yield "animation", save(picture, "WEBP", save_all=True, append_images=[picture.rotate(180)], duration=9)


def _gifs(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    palette = _quantized(picture, 64)
    yield "interlaced", save(palette, "GIF", interlace=1)
    yield "in rows", save(palette, "GIF", interlace=0)
    yield "transparent", save(palette, "GIF", transparency=3)
    yield "animation", save(palette, "GIF", save_all=True, append_images=[picture.rotate(180)], duration=9)


def _jp2s(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    grey = picture.convert("L")
    yield "grey", save(grey, "JPEG2000")
    yield "grey 16", save(_deep(picture), "JPEG2000")
    yield "colours", save(picture, "JPEG2000")
    yield "luma and chroma", save(picture.convert("YCbCr"), "JPEG2000")
    yield "alpha", save(_with_alpha(picture), "JPEG2000")
    yield "codestream", save(picture, "JPEG2000", no_jp2=True)
    yield "lossy", save(picture, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[20])
    yield "tiles", save(picture, "JPEG2000", tile_size=(128, 128))
    yield "small tiles", save(picture, "JPEG2000", tile_size=(16, 16))
    yield "small blocks", save(picture, "JPEG2000", codeblock_size=(4, 4))
    yield "precincts", save(picture, "JPEG2000", precinct_size=(128, 128))
    yield "small precincts", save(picture, "JPEG2000", precinct_size=(32, 32), codeblock_size=(4, 4))
    deep = np.asarray(picture)[:, :, ::-1].astype(np.uint16) << 8
    yield "colours 16", cv2.imencode(".jp2", deep)[1].tobytes()


def _bmps(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    yield "bilevel", save(_bilevel(picture), "BMP")
    yield "grey", save(picture.convert("L"), "BMP")
    yield "palette", save(_quantized(picture, 64), "BMP")
    yield "colours", save(picture, "BMP")
    yield "alpha", save(_with_alpha(picture), "BMP")
