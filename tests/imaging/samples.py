"""Small images whose every square says where it is, files of them made without the code under test, and one check."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageDraw

from omrclip.imaging.codec import decode

SQUARE = 12


def grid(columns: int = 7, rows: int = 5) -> Image.Image:
    """RGB squares: red grows to the right, green downwards, blue alternates; the lower right edge is an odd cut."""
    image = Image.new("RGB", (columns * SQUARE - 1, rows * SQUARE - 3))
    draw = ImageDraw.Draw(image)
    for row in range(rows):
        for column in range(columns):
            at = (column * SQUARE, row * SQUARE)
            colour = (20 + 200 * column // columns, 20 + 200 * row // rows, 220 if (row + column) % 2 else 30)
            draw.rectangle((*at, at[0] + SQUARE - 1, at[1] + SQUARE - 1), fill=colour)
    return image


def with_alpha(image: Image.Image | None = None) -> Image.Image:
    """The grid, the more transparent the further to the right."""
    image = (image or grid()).convert("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.linspace(255, 0, image.width).astype(np.uint8), (image.height, 1))))
    return image


def bilevel() -> Image.Image:
    return grid().convert("L").point(lambda v: 255 if v > 110 else 0).convert("1")


def save(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: object, kind: int = 3) -> bytes:
    """An Exif block with the orientation alone."""
    value = struct.pack("<HH", orientation, 0) if isinstance(orientation, int) else bytes(4)
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", 274, kind, 1) + value + bytes(4)


def bgr(image: Image.Image) -> np.ndarray:
    """What `decode` should give of the image, by Pillow's own conversions: BGR on white."""
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    width: int, height: int, depth: int, colour: int, rows: bytes, *more: bytes, deflated: bytes | None = None
) -> bytes:
    """A PNG of these filtered rows, with `more` chunks before its pixels, and with right checksums."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(rows) if deflated is None else deflated
    chunks = (chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(tags: dict[int, int | list[int]], blocks: list[bytes], order: str = "<", tiled: bool = False) -> bytes:
    """A TIFF of these tags (as LONGs, bits and extra samples as SHORTs), with its blocks in the file's order."""
    places, data = [], bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    for block in blocks:
        places.append(len(data))
        data += block + bytes(len(block) % 2)
    starts, lengths = (324, 325) if tiled else (273, 279)
    tags = tags | {starts: places, lengths: [len(block) for block in blocks]}
    entries = b""
    for tag, values in sorted(tags.items()):
        values = values if isinstance(values, list) else [values]
        code, kind = ("H", 3) if tag in (258, 338, 339) else ("I", 4)
        packed = struct.pack(f"{order}{len(values)}{code}", *values)
        if len(packed) > 4:
            at = len(data)
            data += packed
            packed = struct.pack(order + "I", at)
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    struct.pack_into(order + "I", data, 4, len(data))
    return bytes(data) + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def assert_is(data: bytes, expected: np.ndarray) -> None:
    """The file decodes to exactly these BGR pixels."""
    pixels = decode(data)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, expected)


GRID = bgr(grid())
GREY = grid().convert("L")
PALETTE = grid().quantize(40)
NOISE = cv2.blur(np.random.default_rng(7).integers(0, 256, (61, 83, 3), np.uint8), (3, 3))
NOISY_JPEG = save(Image.fromarray(NOISE), "JPEG")
