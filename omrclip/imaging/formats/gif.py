"""GIF (GIF87a, GIF89a): blocks up to the trailer, and the pixels of the first frame on its canvas."""

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
_BYTES_A_PIXEL = 12  # that decoding takes: Pillow's palette image and its colours with alpha, and ours; measured


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where the first frame is (from its descriptor to the end of its pixels), and what the rest of the file holds."""

    first: slice
    control: bytes
    frames: int
    whole: bool


def read_header(data: bytes) -> ImageInfo:
    """The facts of the canvas, and how many frames there are. Raises CorruptImage."""
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
    """The canvas with the first frame: BGR or grey, or BGRA with transparent pixels. Raises CorruptImage."""
    blocks = _read_blocks(data)
    if not blocks.whole:
        raise CorruptImage(f"The GIF of {info.stored} is cut off before its end.")
    still = data[: _after_screen(data)] + blocks.control + data[blocks.first] + bytes([_TRAILER])
    return pillow.to_pixels(pillow.load(GifImageFile, still, "GIF"))


def _after_screen(data: bytes) -> int:
    """The offset behind the logical screen descriptor and the global colour table."""
    return 13 + _table_bytes(data[10])


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _TABLE_FLAG else 0


def _after_blocks(data: bytes, at: int) -> int:
    """The offset behind a chain of data blocks: each has its length first, and the last the length 0."""
    while length := data[at]:
        at += length + 1
    return at + 1


def _read_blocks(data: bytes) -> Blocks:
    """All blocks, as far as the file goes. Raises CorruptImage where not even one frame is begun."""
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
                raise CorruptImage("The GIF is damaged: a block of it is of no known kind.")
    except IndexError:  # the file ends within a block
        pass
    if not frames:
        raise CorruptImage("The GIF has no image.")
    return Blocks(first, control, frames, whole)


def _still_control(control: bytes) -> bytes:
    """The graphic control of a frame that stays: its transparent colour alone, no disposal and no delay."""
    flags, colour = control[3] & 1, control[6]
    return bytes([_EXTENSION, _GRAPHIC_CONTROL, 4, flags, 0, 0, colour, 0])
