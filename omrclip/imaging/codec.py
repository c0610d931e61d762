"""Bytes to pixels and back: the only place of the package that decodes or encodes."""

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
"""What a decoder takes however small the image is: tables, and bands of rows."""


def reducible(info: ImageInfo) -> bool:
    """Whether `decode` takes a reduction above 1: JPEG alone decodes at a fraction of its extents, and faster."""
    return info.format is ImageFormat.JPEG


def read_profile(data: bytes, info: ImageInfo) -> bytes:
    """The ICC profile of an image file for `colour.to_srgb`, or empty bytes. Profiles of GIF and BMP are not read."""
    read = CODECS[info.format].read_profile
    return read(data) if read and info.has_profile else b""


def decode(data: bytes, info: ImageInfo | None = None, *, reduction: int = 1) -> Pixels:
    """The first frame of an image: (height, width, 3) BGR, uint8, C-contiguous, upright, on white paper.

    `info` is what `probe(data)` gave, to save asking again. `reduction` 2, 4 or 8 gives a JPEG at that fraction of
    its stored extents, each rounded up; other formats have none (`reducible`).

    Samples of more than eight bits are cut to their upper eight; of fewer, spread over 0 to 255. Transparent pixels
    show white. Inks become sRGB by their profile; other colours stay in that of the file (`read_profile`), since mostly
    few of these pixels are delivered, and `colour.to_srgb` has to convert no others. Bytes behind the end of the image
    are no matter.

    Raises UnsupportedImage for a kind that is not read, CorruptImage for a file that is cut off, damaged or other
    than its header says (never part of an image), LimitExceeded where memory does not suffice, and ValueError for a
    reduction that there is not.
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
    """The bytes of memory that `decode` takes at most, the pixels that it gives included, beside the file's own."""
    shrinking = info.decoding_bytes - info.fixed_bytes
    turned = 3 * info.stored.pixels if info.orientation > 1 else 0
    return info.fixed_bytes + (shrinking + turned) // reduction**2 + _WORKING_BYTES


def _decode_stored(data: bytes, info: ImageInfo, reduction: int) -> Pixels:
    """The pixels as stored, in the extents that the header promises, and no others."""
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
    """The pixels turned by the Exif orientation (Exif 2.32, section 4.6.4 A)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
