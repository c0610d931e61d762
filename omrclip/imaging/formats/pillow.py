"""Pixels by way of Pillow: the decoder for the formats in which it is the stricter or the quieter one.

Its readers are called by their classes. `Image.open` would do no more, but warn of large images, and warnings cannot
be held back for one thread alone; how large an image may be is decided before anything is decoded.
"""

import contextlib
import ctypes
from collections.abc import Iterator
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, _imaging
from PIL.ImageFile import ImageFile

from omrclip.errors import CorruptImage, ImageError
from omrclip.imaging.formats.opencv import upper_bits
from omrclip.imaging.pixels import Pixels

# libtiff writes about each damaged file to stderr, where no request is named. The library is Pillow's own copy, found
# through the module that links to it; where the system does not find it so, the lines stay, and nothing else changes.
with contextlib.suppress(AttributeError, OSError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)

_KEPT = frozenset({"L", "RGB", "RGBA"})
_DEEP = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})


def load(reader: type[ImageFile], data: bytes, kind: str, refused: type[ImageError] = CorruptImage) -> Image.Image:
    """The first frame of `data`, decoded.

    Raises `refused` where the reader does not know this kind of file, and CorruptImage where the pixels are damaged.
    """
    with _damage_reported(kind):
        try:
            image = reader(BytesIO(data))
        except SyntaxError:
            raise refused(f"The {kind} is damaged, or of a kind that is not read.") from None
        image.load()
    return image


def to_pixels(image: Image.Image, depth: int = 8) -> Pixels:
    """uint8 (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA of a loaded image.

    `depth` is the number of bits that a grey sample of 16 bits uses.
    """
    if image.mode in _DEEP:
        return upper_bits(np.asarray(image), depth)
    with _damage_reported(image.format or "image"):
        mode = _eight_bit_mode(image)
        array = np.asarray(image if image.mode == mode else image.convert(mode))
    if mode == "L":
        return array
    return cv2.cvtColor(array, cv2.COLOR_RGB2BGR if mode == "RGB" else cv2.COLOR_RGBA2BGRA).astype(np.uint8, copy=False)


@contextlib.contextmanager
def _damage_reported(kind: str) -> Iterator[None]:
    """Raise CorruptImage for whatever a reader raises of damaged bytes, which is nearly anything."""
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
