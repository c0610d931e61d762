"""Lists the formats that are read: how to recognize each, and its functions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats import bmp, gif, jp2, jpeg, png, tiff, webp
from omrclip.imaging.formats.base import ImageFormat, ImageInfo


@dataclass(frozen=True, slots=True)
class Codec:
    """The functions that read one format.

    Attributes:
        signature: matches the first bytes of its files.
        read_header: raises UnsupportedImage, CorruptImage, or struct.error and IndexError if the header is cut off.
        decode: the stored pixels of the first frame, uint8 grey, BGR or BGRA. Raises CorruptImage and MemoryError.
        read_profile: the ICC profile, or empty bytes. None for a format whose profiles are not read.
    """

    signature: re.Pattern[bytes]
    read_header: Callable[[bytes], ImageInfo]
    decode: Callable[[bytes, ImageInfo], Pixels]
    read_profile: Callable[[bytes], bytes] | None = None


def _starts(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


CODECS: Final = {
    ImageFormat.JPEG: Codec(_starts(rb"\xff\xd8\xff"), jpeg.read_header, jpeg.decode, jpeg.read_profile),
    ImageFormat.PNG: Codec(_starts(re.escape(png.SIGNATURE)), png.read_header, png.decode, png.read_profile),
    ImageFormat.TIFF: Codec(_starts(rb"II[*+]\0|MM\0[*+]"), tiff.read_header, tiff.decode, tiff.read_profile),
    ImageFormat.WEBP: Codec(_starts(rb"RIFF.{4}WEBP"), webp.read_header, webp.decode, webp.read_profile),
    ImageFormat.GIF: Codec(_starts(rb"GIF8[79]a"), gif.read_header, gif.decode),
    ImageFormat.JP2: Codec(
        _starts(re.escape(jp2.BOXES) + b"|" + re.escape(jp2.CODESTREAM)), jp2.read_header, jp2.decode, jp2.read_profile
    ),
    ImageFormat.BMP: Codec(_starts(rb"BM"), bmp.read_header, bmp.decode),
}
