"""Decodes with Pillow the formats for which it is stricter or quieter than OpenCV.

The readers are called by their classes. `Image.open` would only add a warning about large images, which cannot be
suppressed for one thread alone. The size of images is limited before they are decoded.
"""

import contextlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from omrclip.errors import CorruptImage, ImageError
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.colour import inks_to_bgr
from omrclip.imaging.formats.opencv import upper_bits

_BAND_BYTES = 256 * 1024
_KEPT = frozenset({"L", "RGB", "RGBA"})
_DEEP = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})


def load(reader: type[ImageFile], data: bytes, kind: str, refused: type[ImageError] = CorruptImage) -> Image.Image:
    """Decode the first frame of `data`.

    Raises `refused` if the reader does not know this kind of file, and CorruptImage if the pixels are damaged.
    """
    with damage_reported(kind):
        try:
            image = reader(BytesIO(data))
        except SyntaxError:
            raise refused(f"The {kind} is damaged or of an unsupported kind.") from None
        image.load()
    return image


def to_pixels(image: Image.Image, depth: int = 8, profile: bytes = b"") -> Pixels:
    """The pixels of a loaded image: uint8 (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA.

    `depth` is the number of bits of a 16-bit grey sample that are used. CMYK is converted to sRGB by `profile`.
    """
    if image.mode in _DEEP:
        return upper_bits(np.asarray(image), depth)
    if image.mode == "CMYK":
        return inks_to_bgr(np.asarray(image), profile)
    with damage_reported(image.format or "image"):
        mode = _eight_bit_mode(image)
        eight_bit = image if image.mode == mode else image.convert(mode)
        return np.asarray(eight_bit) if mode == "L" else _colours(eight_bit)


def _colours(image: Image.Image) -> Pixels:
    """The pixels of an RGB or RGBA image as BGR or BGRA.

    They are copied in bands that fit into the processor's caches. Converting the whole image would make three copies.
    """
    order = image.mode[2::-1] + image.mode[3:]
    out = np.empty((image.height, image.width, len(order)), np.uint8)
    rows = max(1, _BAND_BYTES // (len(order) * image.width))
    for top in range(0, image.height, rows):
        band = out[top : top + rows]
        part = image.crop((0, top, image.width, top + len(band)))
        band[:] = np.frombuffer(part.tobytes("raw", order), np.uint8).reshape(band.shape)
    return out


@contextlib.contextmanager
def damage_reported(kind: str) -> Iterator[None]:
    """Raise CorruptImage for any exception of a reader. Damaged bytes can cause nearly every type of exception."""
    try:
        yield
    except (MemoryError, ImageError):
        raise
    except Exception:
        raise CorruptImage(f"The {kind}'s pixels are damaged or cut off.") from None


def _eight_bit_mode(image: Image.Image) -> str:
    if image.has_transparency_data:
        return "RGBA"
    if image.mode in _KEPT:
        return image.mode
    return "L" if image.mode == "1" else "RGB"
