"""Reads the header of an image file: format, dimensions, orientation and frames. Nothing is decoded."""

import struct

from omrclip.errors import CorruptImage, LimitExceeded, UnsupportedImage
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.formats.registry import CODECS
from omrclip.limits import Limits

__all__ = ["ColourMode", "ImageFormat", "ImageInfo", "probe"]

# Formats that are often sent, and are named in the message.
_NOT_READ: dict[bytes, str] = {
    b"%PDF": "PDF",
    b"PK\x03\x04": "Office and zip",
    b"\xd0\xcf\x11\xe0": "Office",
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "ICO",
    b"AT&T": "DjVu",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
}


def probe(data: bytes) -> ImageInfo:
    """Read the format, the dimensions and the other properties of an image file from its header.

    This decodes no pixels, and needs little memory whatever the header says. Callers apply the limits.

    Raises:
        UnsupportedImage: the bytes are not an image, or of a kind that is not read.
        CorruptImage: the header is cut off or damaged. Damaged pixels are noticed only by `codec.decode`.
    """
    kind = _recognize(data)
    try:
        return CODECS[kind].read_header(data)
    except (struct.error, IndexError):
        raise CorruptImage(f"The {kind.value.upper()} header is cut off.") from None


def _recognize(data: bytes) -> ImageFormat:
    for kind, codec in CODECS.items():
        if codec.signature.match(data):
            return kind
    if not data:
        raise UnsupportedImage("This is not an image: the file is empty.")
    if data[4:8] == b"ftyp":
        raise _of_a_phone(data[8:12])
    name = next((name for signature, name in _NOT_READ.items() if data.startswith(signature)), None)
    if name:
        raise UnsupportedImage(f"{name} files are not supported. Send {_listed()}.")
    raise UnsupportedImage(f"This is not an image in a supported format: the first bytes are {data[:8].hex(' ')}.")


def _of_a_phone(brand: bytes) -> UnsupportedImage:
    """The error for a file of the formats that phones use (ISO/IEC 23008-12)."""
    if brand.startswith(b"avi"):
        return UnsupportedImage("AVIF images are not supported. Convert them to JPEG.")
    return UnsupportedImage(
        'HEIC images are not supported. Set the phone\'s camera to "Most compatible", or convert the photos to JPEG.'
    )


def _listed() -> str:
    *names, last = (kind.value.upper() for kind in ImageFormat)
    return f"{', '.join(names)} or {last}"


def check_pixels(name: str, info: ImageInfo, limits: Limits) -> None:
    """Raise LimitExceeded if an image has more pixels than allowed."""
    if info.dimensions.pixels > limits.max_image_pixels:
        raise LimitExceeded(
            f"{name} has {info.dimensions} pixels, more than the {limits.max_image_pixels:,} allowed.",
            limit="max_image_pixels",
            maximum=limits.max_image_pixels,
            image=name,
        )
