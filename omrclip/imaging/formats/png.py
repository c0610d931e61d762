"""PNG (W3C, third edition): reads the chunks of a file, and the pixels of the default image."""

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.colour import MOST_PROFILE_BYTES
from omrclip.imaging.density import Density, density_of
from omrclip.imaging.formats import pillow, png_rows
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.tiff import ifd

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_MODES = {
    0: ColourMode.GREY,
    2: ColourMode.RGB,
    3: ColourMode.PALETTE,
    4: ColourMode.GREY_ALPHA,
    6: ColourMode.RGB_ALPHA,
}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_WITH_A_TRANSPARENT_COLOUR = (ColourMode.BILEVEL, ColourMode.GREY, ColourMode.RGB)  # a palette has alpha values instead
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INCH, _METRE = 0.0254, 1  # an inch in metres, and the metre as a unit of pHYs
_HEADER_END = 33  # of the signature and the chunk IHDR
_MOST_CHUNKS = 100_000
_PIECE_BYTES = 1 << 16
# Bytes a pixel that decoding needs, including three for BGR, by how the samples are stored. Measured with images of 6
# megapixels. Images that are decoded in bands need their own pixels only, grey or transparent ones also those of BGR.
# Pillow needs four bytes of its own, and copies. A transparent color (tRNS) is searched for with NumPy.
_IN_BANDS = {ColourMode.GREY: 4.2, ColourMode.RGB: 3.0, ColourMode.RGB_ALPHA: 7.2}
_BY_PILLOW = {
    ColourMode.BILEVEL: 4.5,
    ColourMode.GREY: 6.5,
    ColourMode.GREY_ALPHA: 14.5,
    ColourMode.PALETTE: 9.0,
    ColourMode.RGB: 9.0,
    ColourMode.RGB_ALPHA: 12.5,
}
_DEEP_GREY, _PALETTE_WITH_ALPHA, _COLOUR_KEY = 10.0, 11.0, 20.5
_INTERLACED = 20  # the offset in its chunk


def read_header(data: bytes) -> ImageInfo:
    """Read the header of the default image and the number of frames of an animation. Raises CorruptImage."""
    if data[8:16] != b"\0\0\0\rIHDR":
        raise CorruptImage("The PNG does not start with its header.")
    width, height, depth, colour, *rest = struct.unpack_from(">IIBBBBB", data, 16)
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise CorruptImage("The PNG header names no width or no height.")
    if depth not in _DEPTHS.get(colour, ()) or rest[:2] != [0, 0] or rest[2] > 1:
        raise CorruptImage("The PNG header is damaged.")
    orientation, dpi, frames = 1, None, 1
    names = set()
    for name, at, length in _chunks(data):
        names.add(name)
        if name == b"eXIf":
            orientation, _ = ifd.read_exif(data[at : at + length])
        elif name == b"pHYs" and length >= 9 and data[at + 8 : at + 9] == b"\x01":
            x, y = struct.unpack_from(">II", data, at)
            dpi = density_of(x, y, _INCH)
        elif name == b"acTL" and length >= 8:
            frames = max(1, struct.unpack_from(">I", data, at)[0])
    mode = ColourMode.BILEVEL if (colour, depth) == (0, 1) else _MODES[colour]
    in_bands = depth == 8 and mode in png_rows.MODES and not (rest[2] or b"tRNS" in names)
    a_pixel = _IN_BANDS[mode] if in_bands else _bytes_a_pixel(mode, depth, b"tRNS" in names)
    extents = Dimensions(width, height)
    copies = 0 if in_bands else len(data)
    return ImageInfo(
        ImageFormat.PNG,
        extents,
        mode,
        depth,
        orientation,
        dpi,
        frames,
        has_profile=b"iCCP" in names,
        decoding_bytes=int(a_pixel * extents.pixels) + copies,
    )


def _bytes_a_pixel(mode: ColourMode, depth: int, has_transparent: bool) -> float:
    """The memory that decoding with Pillow needs."""
    if has_transparent and mode is ColourMode.PALETTE:
        return _PALETTE_WITH_ALPHA
    if has_transparent:
        return _COLOUR_KEY
    return _DEEP_GREY if (mode, depth) == (ColourMode.GREY, 16) else _BY_PILLOW[mode]


def read_profile(data: bytes) -> bytes:
    """The ICC profile (section 11.3.2.3 iCCP), or empty bytes if it is missing, damaged or too large."""
    for name, at, length in _chunks(data):
        if name == b"iCCP":
            _, _, method_and_deflated = data[at : at + length].partition(b"\0")
            try:
                return zlib.decompressobj().decompress(method_and_deflated[1:], MOST_PROFILE_BYTES + 1)
            except zlib.error:
                return b""
    return b""


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """Decode the default image, as stored. Raises CorruptImage."""
    kept = _checked_chunks(data)
    transparent = next((bytes(chunk[8:-4]) for name, chunk in kept if name == b"tRNS"), None)
    if _comes_in_bands(kept, info):
        return _decode_rows(kept, info)
    if transparent is None or info.mode not in _WITH_A_TRANSPARENT_COLOUR:
        return pillow.to_pixels(_load(kept), info.bit_depth)
    return _with_transparent([(name, chunk) for name, chunk in kept if name != b"tRNS"], transparent, info)


def with_density(data: bytes, density: Density) -> bytes:
    """Add a density to a file without one, in whole dots per meter (section 11.3.4.3 pHYs)."""
    across, down = (round(dots / _INCH) for dots in density)
    content = b"pHYs" + struct.pack(">IIB", across, down, _METRE)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return data[:_HEADER_END] + chunk + data[_HEADER_END:]


def _checked_chunks(data: bytes) -> list[tuple[bytes, memoryview]]:
    """The chunks that define the pixels. Raises CorruptImage if any chunk is damaged or the end is missing."""
    kept: list[tuple[bytes, memoryview]] = []
    for name, at, length in _chunks(data):
        chunk = memoryview(data)[at - 8 : at + length + 4]
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise CorruptImage("The PNG is damaged: the checksum of a chunk is wrong.")
        if name in _PIXEL_CHUNKS:
            kept.append((name, chunk))
    if not kept or kept[-1][0] != b"IEND":
        raise CorruptImage("The PNG is cut off before its end.")
    return kept


def _comes_in_bands(chunks: list[tuple[bytes, memoryview]], info: ImageInfo) -> bool:
    """Whether `png_rows` can decode it: eight bits, no palette, no transparent color, not interlaced."""
    is_interlaced = chunks[0][1][_INTERLACED]
    has_colour_key = any(name == b"tRNS" for name, _ in chunks)
    return info.mode in png_rows.MODES and info.bit_depth == 8 and not is_interlaced and not has_colour_key


def _decode_rows(chunks: list[tuple[bytes, memoryview]], info: ImageInfo) -> Pixels:
    extents = Dimensions(*struct.unpack_from(">II", chunks[0][1], 8))
    deflated = [chunk[8:-4] for name, chunk in chunks if name == b"IDAT"]
    return png_rows.decode_rows(deflated, extents, info.mode)


def _load(chunks: list[tuple[bytes, memoryview]]) -> Image.Image:
    """Decode with Pillow. Raises CorruptImage if the image is damaged or rows are missing.

    Pillow leaves missing rows black without an error. So the bytes are counted only if the last row is black.
    """
    image = pillow.load(PngImageFile, _file(chunks), "PNG")
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    if image.info.get("interlace") or not np.asarray(last_row).any():
        _check_length([chunk[8:-4] for name, chunk in chunks if name == b"IDAT"], bytes(chunks[0][1][8:-4]))
    return image


def _check_length(deflated: Sequence[memoryview], header: bytes) -> None:
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    missing = sum(
        (-(-columns * depth * _CHANNELS[colour] // 8) + 1) * rows
        for columns, rows in (_passes(width, height) if interlaced else [(width, height)])
        if columns
    )
    if missing > _inflated_bytes(deflated, missing):
        raise CorruptImage("The PNG is cut off: rows of its pixels are missing.")


def _inflated_bytes(deflated: Sequence[memoryview], most: int) -> int:
    """The inflated length of a stream in parts, up to `most` bytes. Raises CorruptImage."""
    stream, found = zlib.decompressobj(), 0
    try:
        for content in deflated:
            for at in range(0, len(content), _PIECE_BYTES):
                waiting: bytes | memoryview = content[at : at + _PIECE_BYTES]
                while waiting and found < most:
                    found += len(stream.decompress(waiting, 1 << 20))
                    waiting = stream.unconsumed_tail
    except zlib.error:
        raise CorruptImage("The PNG's pixels are damaged.") from None
    return found


def _passes(width: int, height: int) -> list[tuple[int, int]]:
    """Columns and rows of the seven passes of an interlaced image (section 8.1, Adam7)."""
    starts = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    return [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in starts]


def _file(chunks: list[tuple[bytes, memoryview]]) -> bytes:
    """A file with only these chunks. Other parts (profiles, texts, other frames) cannot disturb the decoder."""
    return SIGNATURE + b"".join(chunk for _, chunk in chunks)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and length of the content of each whole chunk, up to IEND or the end of the file."""
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield name, at + 8, length
        if name == b"IEND":
            return
        at += 12 + length


class _LowerBytes(PngImageFile):
    """A PNG of RGB with 16 bits a sample. Returns the lower byte of each sample, where Pillow returns the upper one."""

    def _open(self) -> None:
        super()._open()
        self.tile = [tile._replace(args="RGB;16L") for tile in self.tile]


def _with_transparent(opaque: list[tuple[bytes, memoryview]], colour: bytes, info: ImageInfo) -> Pixels:
    """The BGRA pixels of the opaque chunks, with alpha 0 where a pixel has the transparent colour.

    Section 11.3.1.1 tRNS. The colour is compared at the depth of the file, before the samples are cut to eight bits.
    Raises CorruptImage.
    """
    image = _load(opaque)
    if len(colour) != 2 * len(image.getbands()):
        raise CorruptImage("The PNG's transparent color is damaged.")
    mask = (1 << info.bit_depth) - 1
    samples = np.array([sample & mask for sample in struct.unpack(f">{len(colour) // 2}H", colour)])
    pixels = pillow.to_pixels(image, info.bit_depth)
    if pixels.ndim == 3 and info.bit_depth == 16:
        matches = _has_colour(pixels, samples >> 8)
        matches &= _has_colour(pillow.to_pixels(pillow.load(_LowerBytes, _file(opaque), "PNG")), samples & 0xFF)
    elif pixels.ndim == 3:
        matches = _has_colour(pixels, samples)
    elif info.bit_depth == 16:
        matches = np.asarray(image) == samples[0]
    else:
        matches = pixels == samples[0] * 255 // mask
    bgr = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    return np.dstack((bgr, np.where(matches, 0, 255).astype(np.uint8)))


def _has_colour(bgr: Pixels, rgb: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = np.all(bgr == rgb[::-1].astype(np.uint8), axis=2)
    return found
