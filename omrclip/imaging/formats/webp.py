"""WebP (RFC 9649): the RIFF container, lossy and lossless, still and animated."""

import struct
from collections.abc import Iterator

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats import opencv, vp8l
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.tiff import ifd

_ALPHA_FLAG = 0x10
_MOST_CHUNKS = 100_000
# Bytes a pixel that decoding needs: the decoder's four of colors and alpha, and ours. Measured with 6 megapixels.
_BYTES_A_PIXEL = {ColourMode.RGB: 7.2, ColourMode.RGB_ALPHA: 10.5}
_ANIMATED_BYTES = 16.5
_FRAME_HEADER = 16
_LOSSLESS_ALPHA = 1


def read_header(data: bytes) -> ImageInfo:
    """Read the canvas and count the frames of an animation. Raises CorruptImage."""
    stored, alpha, frames, has_profile = None, False, 0, False
    orientation, dpi = 1, None
    for name, at, length in _chunks(data):
        if name in _EXTENTS and stored is None:
            width, height, alpha = _EXTENTS[name](data, at)
            if not width or not height:
                raise CorruptImage("The WebP header names no width or no height.")
            stored = Dimensions(width, height)
        elif name == b"ANMF":
            frames += 1
        elif name == b"ICCP":
            has_profile = True
        elif name == b"EXIF":
            orientation, dpi = ifd.read_exif(data[at : at + length])
    if stored is None:
        raise CorruptImage("The WebP has no image header.")
    mode = ColourMode.RGB_ALPHA if alpha else ColourMode.RGB
    a_pixel = _ANIMATED_BYTES if frames else _BYTES_A_PIXEL[mode]
    return ImageInfo(
        ImageFormat.WEBP,
        stored,
        mode,
        8,
        orientation,
        dpi,
        max(1, frames),
        has_profile=has_profile,
        decoding_bytes=int(a_pixel * stored.pixels) + len(data) + _code_bytes(data, stored),
    )


def _code_bytes(data: bytes, canvas: Dimensions) -> int:
    """The memory for prefix codes of the image or frame that needs the most."""
    taken = 0
    for name, at, length in _chunks(data):
        if name == b"ANMF" and length >= _FRAME_HEADER:
            width, height = (int.from_bytes(data[at + side : at + side + 3], "little") + 1 for side in (6, 9))
            parts, extents = _chunks(data, at + _FRAME_HEADER, at + length), Dimensions(width, height)
        else:
            parts, extents = iter([(name, at, length)]), canvas
        for part, start, _ in parts:
            if part == b"VP8L":
                taken = max(taken, vp8l.table_bytes(data, start + 5, Dimensions(*_lossless_extents(data, start)[:2])))
            elif part == b"ALPH" and data[start : start + 1] and data[start] & 3 == _LOSSLESS_ALPHA:
                taken = max(taken, vp8l.table_bytes(data, start + 1, extents))
    return taken


def read_profile(data: bytes) -> bytes:
    """The ICC profile (section 2.7.1.4), or empty bytes."""
    return next((data[at : at + length] for name, at, length in _chunks(data) if name == b"ICCP"), b"")


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """Decode the first frame, as stored: BGR, or BGRA if it is not opaque. Raises CorruptImage."""
    (declared,) = struct.unpack_from("<I", data, 4)
    if declared + 8 > len(data):
        raise CorruptImage("The WebP is cut off: it is shorter than its header says.")
    return opencv.decode(data[: declared + 8], f"WebP of {info.stored}")


def _chunks(data: bytes, at: int = 12, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, offset and length of each chunk's content. The last one may be cut off.

    They are the chunks of the file, or those of a frame from `at` to `end`.
    """
    (declared,) = struct.unpack_from("<I", data, 4)
    end = min(len(data), declared + 8 if end is None else end)
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            return
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, length
        at += 8 + length + length % 2


def _lossy_extents(data: bytes, at: int) -> tuple[int, int, bool]:
    """Width and height, 14 bits each after the start code of a key frame (RFC 6386, section 9.1)."""
    if data[at + 3 : at + 6] != b"\x9d\x01\x2a":
        raise CorruptImage("The WebP's key frame is damaged.")
    width, height = struct.unpack_from("<HH", data, at + 6)
    return width & 0x3FFF, height & 0x3FFF, False


def _lossless_extents(data: bytes, at: int) -> tuple[int, int, bool]:
    """Width and height, 14 bits each minus one after a signature byte, then the alpha bit (RFC 9649, section 3.4)."""
    signature, bits = struct.unpack_from("<BI", data, at)
    if signature != 0x2F:
        raise CorruptImage("The WebP's lossless header is damaged.")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)


def _canvas_extents(data: bytes, at: int) -> tuple[int, int, bool]:
    """Width and height of the canvas, 24 bits each minus one, after the flags (RFC 9649, section 2.7)."""
    content = data[at : at + 10]
    if len(content) < 10:
        raise CorruptImage("The WebP header is cut off.")
    width, height = int.from_bytes(content[4:7], "little"), int.from_bytes(content[7:10], "little")
    return width + 1, height + 1, bool(content[0] & _ALPHA_FLAG)


_EXTENTS = {b"VP8 ": _lossy_extents, b"VP8L": _lossless_extents, b"VP8X": _canvas_extents}
