"""GIF (GIF87a, GIF89a): reads the blocks of a file, and the pixels of the first frame on its canvas."""

import struct
from dataclasses import dataclass

from PIL.GifImagePlugin import GifImageFile

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats import pillow
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions

_IMAGE, _EXTENSION, _TRAILER, _GRAPHIC_CONTROL = 0x2C, 0x21, 0x3B, 0xF9
_TABLE_FLAG = 0x80
_BYTES_A_PIXEL = (
    12  # of memory that decoding needs: Pillow's palette image and its colors with alpha, and our image; measured
)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a file.

    Attributes:
        first: the first frame, from its descriptor to the end of its pixels.
        control: the graphic control of the first frame, or nothing.
        frames: the number of frames.
        whole: whether the file has its trailer.
    """

    first: slice
    control: bytes
    frames: int
    whole: bool


def read_header(data: bytes) -> ImageInfo:
    """Read the header and count the frames. Raises CorruptImage."""
    width, height = struct.unpack_from("<HH", data, 6)
    if not width or not height:
        raise CorruptImage("The GIF header names no width or no height.")
    blocks = _read_blocks(data)
    left, top, across, down = struct.unpack_from("<HHHH", data, blocks.first.start + 1)
    if left + across > width or top + down > height:
        raise CorruptImage("The GIF's first frame reaches beyond its canvas.")
    extents = Dimensions(width, height)
    return ImageInfo(
        ImageFormat.GIF,
        extents,
        ColourMode.PALETTE,
        frames=blocks.frames,
        decoding_bytes=_BYTES_A_PIXEL * extents.pixels + len(data),
    )


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """Decode the canvas with the first frame: BGR or grey, or BGRA if pixels are transparent. Raises CorruptImage."""
    blocks = _read_blocks(data)
    if not blocks.whole:
        raise CorruptImage(f"The GIF of {info.stored} is cut off before its end.")
    still = data[: _after_screen(data)] + blocks.control + data[blocks.first] + bytes([_TRAILER])
    return pillow.to_pixels(pillow.load(GifImageFile, still, "GIF"))


def _after_screen(data: bytes) -> int:
    """The offset after the logical screen descriptor and the global color table."""
    return 13 + _table_bytes(data[10])


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _TABLE_FLAG else 0


def _after_blocks(data: bytes, at: int) -> int:
    """The offset after a chain of data blocks. Each begins with its length, and the last one has the length 0."""
    while length := data[at]:
        at += length + 1
    return at + 1


def _read_blocks(data: bytes) -> Blocks:
    """Read all blocks that the file contains. Raises CorruptImage if it contains no frame."""
    at, frames, whole = _after_screen(data), 0, False
    control, first = b"", slice(0, 0)
    try:
        while not whole:
            block = data[at]
            if block == _IMAGE:
                end = at + 10 + _table_bytes(data[at + 9]) + 1
                frames += 1
                first = first if frames > 1 else slice(at, len(data))
                at = _after_blocks(data, end)
                first = first if frames > 1 else slice(first.start, at)
            elif block == _EXTENSION:
                if data[at + 1] == _GRAPHIC_CONTROL and not frames:
                    control = _still_control(data[at : at + 8])
                at = _after_blocks(data, at + 2)
            elif block == _TRAILER:
                whole = True
            else:
                raise CorruptImage("The GIF is damaged: it contains a block of an unknown kind.")
    except IndexError:  # the file ends within a block
        pass
    if not frames:
        raise CorruptImage("The GIF has no image.")
    return Blocks(first, control, frames, whole)


def _still_control(control: bytes) -> bytes:
    """The graphic control with only the transparent color, without disposal and delay."""
    flags, colour = control[3] & 1, control[6]
    return bytes([_EXTENSION, _GRAPHIC_CONTROL, 4, flags, 0, 0, colour, 0])
