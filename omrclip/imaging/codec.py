"""Decodes image files to pixels, and encodes pixels. No other module of the package does."""

import cv2
import numpy as np

from omrclip.errors import CorruptImage, LimitExceeded
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats import jpeg
from omrclip.imaging.formats.base import ImageFormat, ImageInfo
from omrclip.imaging.formats.registry import CODECS
from omrclip.imaging.formats.writing import encode, over_white
from omrclip.imaging.probe import probe

__all__ = [
    "REDUCTIONS",
    "cost",
    "decode",
    "encode",
    "read_profile",
    "reducible",
]

REDUCTIONS = (1, 2, 4, 8)
"""The fractions of a JPEG's extents at which it can be decoded."""

_WORKING_BYTES = 8 << 20
"""Memory that a decoder needs for an image of any size, for tables and bands of rows."""


def reducible(info: ImageInfo) -> bool:
    """Whether `decode` accepts a reduction above 1. Only JPEG can be decoded at a fraction of its dimensions."""
    return info.format is ImageFormat.JPEG


def read_profile(data: bytes, info: ImageInfo) -> bytes:
    """The ICC profile of an image file for `colour.to_srgb`, or empty bytes. Profiles of GIF and BMP are not read."""
    read = CODECS[info.format].read_profile
    return read(data) if read and info.has_profile else b""


def decode(data: bytes, info: ImageInfo | None = None, *, reduction: int = 1) -> Pixels:
    """Decode the first frame of an image: (height, width, 3) BGR, uint8, C-contiguous, upright, on white paper.

    Samples of more than eight bits are cut to their upper eight bits. Samples of fewer bits are scaled to 0 to 255.
    Transparent pixels become white. CMYK is converted to sRGB with the profile of the file. Other colors stay in the
    color space of the file (`read_profile`), because usually only a few of the pixels are delivered, and
    `colour.to_srgb` converts only these. Bytes after the end of the image are ignored.

    Args:
        data: the file.
        info: the result of `probe(data)`, if it is known already.
        reduction: 2, 4 or 8 decode a JPEG at this fraction of its stored dimensions, each rounded up.

    Raises:
        UnsupportedImage: the file is of a kind that is not read.
        CorruptImage: the file is cut off or damaged, or its pixels do not match its header. Parts are never returned.
        LimitExceeded: there is not enough memory.
        ValueError: the format does not have this reduction.
    """
    info = info or probe(data)
    if reduction not in REDUCTIONS or (reduction > 1 and not reducible(info)):
        raise ValueError(f"a {info.format} cannot be decoded at 1/{reduction}")
    try:
        return _upright(_bgr(_decode_stored(data, info, reduction)), info.orientation)
    except MemoryError:
        raise LimitExceeded(
            f"There is not enough memory to decode an image of {info.stored} pixels.", limit="memory", maximum=None
        ) from None


def cost(info: ImageInfo, reduction: int = 1) -> int:
    """The most memory in bytes that `decode` needs in addition to the file, including the decoded pixels."""
    shrinking = info.decoding_bytes - info.fixed_bytes
    turned = 3 * info.stored.pixels if info.orientation > 1 else 0
    return info.fixed_bytes + (shrinking + turned) // reduction**2 + _WORKING_BYTES


def _decode_stored(data: bytes, info: ImageInfo, reduction: int) -> Pixels:
    """Decode the pixels as they are stored. Raises CorruptImage if their dimensions differ from those in the header."""
    pixels = jpeg.decode(data, info, reduction) if reduction > 1 else CODECS[info.format].decode(data, info)
    if pixels.shape[:2] != (-(-info.stored.height // reduction), -(-info.stored.width // reduction)):
        found = f"{pixels.shape[1]} × {pixels.shape[0]}"
        raise CorruptImage(f"The image has {found} pixels; its header says {info.stored}.")
    return pixels


def _bgr(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    return over_white(pixels) if pixels.shape[2] == 4 else pixels


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn the pixels upright by the Exif orientation (Exif 2.32, section 4.6.4 A)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
