"""Decodes single tiles of a TIFF (TIFF 6.0, sections 14, 15, 18 and 22; TIFF Technical Notes 2 and 3).

The tiles have 8-bit grey or RGB samples, with or without alpha, and are uncompressed, deflated or JPEG. LZW, fax,
PackBits and others are left to `formats.tiff`, which decodes whole files.
"""

import zlib
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.density import Density
from omrclip.imaging.formats import jpeg
from omrclip.imaging.formats.base import ColourMode, ImageInfo
from omrclip.imaging.formats.writing import over_white
from omrclip.imaging.geometry import Dimensions

_SAMPLES = {ColourMode.GREY: 1, ColourMode.GREY_ALPHA: 2, ColourMode.RGB: 3, ColourMode.RGB_ALPHA: 4}
_SLACK = 1 << 16


class Compression(Enum):
    """The compression of a tile."""

    NONE = "none"
    DEFLATE = "deflate"
    JPEG = "jpeg"


@dataclass(frozen=True, slots=True)
class TileCoding:
    """The coding of all tiles of one directory.

    Attributes:
        extents: the dimensions of each tile, including padding at the edges of the image.
        ycbcr: whether the three components of a JPEG are YCbCr, not RGB.
        differenced: whether samples are stored as differences from their left neighbors.
        premultiplied: whether colors are multiplied by alpha.
        tables: the tables that the JPEG tiles lack.
        profile: the image's ICC profile. Decoded tiles are in its color space.
        density: the density of the image.
    """

    extents: Dimensions
    mode: ColourMode
    compression: Compression
    ycbcr: bool = False
    differenced: bool = False
    premultiplied: bool = False
    tables: bytes = b""
    profile: bytes = b""
    density: Density | None = None

    @property
    def samples(self) -> int:
        """The number of samples per pixel."""
        return _SAMPLES[self.mode]


def decode_tile(code: bytes, coding: TileCoding) -> Pixels:
    """Decode the tile on white: (coding.extents.height, coding.extents.width, 3) uint8 BGR.

    Raises CorruptImage if it is cut off, damaged or has other dimensions, and UnsupportedImage for a JPEG of a kind
    that is not read.
    """
    if coding.compression is Compression.JPEG:
        return _decode_jpeg(code, coding)
    needed = coding.extents.pixels * coding.samples
    content = _inflated(code, needed) if coding.compression is Compression.DEFLATE else code
    if len(content) < needed:
        raise CorruptImage("The TIFF is cut off: a tile of its pixels is too short.")
    shape = (coding.extents.height, coding.extents.width, coding.samples)
    samples = np.frombuffer(content, np.uint8, needed).reshape(shape)
    if coding.differenced:
        samples = np.add.accumulate(samples, axis=1, dtype=np.uint8)
    return _bgr(samples, coding)


def whole_jpeg(code: bytes, coding: TileCoding) -> bytes:
    """A JPEG file of the stored tile, without decoding, with its tables and the marker of its color space.

    Raises CorruptImage as `jpeg.complete` does.
    """
    return jpeg.complete(coding.tables, code, rgb=coding.mode is ColourMode.RGB and not coding.ycbcr)


def is_as_described(info: ImageInfo, coding: TileCoding) -> bool:
    """Whether the frame header of a JPEG has the dimensions and components that all tiles must have."""
    return info.stored == coding.extents and info.mode is coding.mode


def _decode_jpeg(code: bytes, coding: TileCoding) -> Pixels:
    whole, info = whole_jpeg(code, coding), jpeg.read_header(code)
    if not is_as_described(info, coding):
        raise CorruptImage("A JPEG tile has other extents or components than the TIFF's header says.")
    return jpeg.decode(whole, info)


def _inflated(code: bytes, needed: int) -> bytes:
    """The first `needed` bytes. The stream must end shortly after them with a correct checksum."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(code, needed)
        if not stream.eof:
            stream.decompress(stream.unconsumed_tail, _SLACK)
    except zlib.error:
        raise CorruptImage("The TIFF's deflated pixels are damaged.") from None
    if not stream.eof:
        raise CorruptImage("The TIFF's deflated pixels are cut off.")
    return content


def _bgr(samples: Pixels, coding: TileCoding) -> Pixels:
    if coding.mode is ColourMode.GREY:
        return _as_pixels(cv2.cvtColor(samples, cv2.COLOR_GRAY2BGR))
    if coding.mode is ColourMode.RGB:
        return _as_pixels(cv2.cvtColor(samples, cv2.COLOR_RGB2BGR))
    if coding.mode is ColourMode.GREY_ALPHA:
        grey, alpha = samples[:, :, 0], samples[:, :, 1]
        return over_white(np.dstack([grey, grey, grey, alpha]))
    if not coding.premultiplied:
        return over_white(_as_pixels(cv2.cvtColor(samples, cv2.COLOR_RGBA2BGRA)))
    # Colors are multiplied by alpha already; white paper has the rest.
    colours, paper = samples[:, :, 2::-1], 255 - samples[:, :, 3:]
    return np.minimum(colours, 255 - paper) + paper


def _as_pixels(array: object) -> Pixels:
    return np.asarray(array, np.uint8)
