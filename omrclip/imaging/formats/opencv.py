"""Pixels by way of OpenCV: the decoder for the formats in which it is strict, quiet and quick."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels


def decode(data: bytes | memoryview, kind: str, depth: int = 16) -> Pixels:
    """uint8 (height, width) grey, BGR or BGRA pixels of the first frame, as stored: no orientation is applied.

    `depth` is the number of bits that samples use where they come as uint16.

    Raises CorruptImage, and MemoryError where memory does not suffice.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as problem:
        if problem.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        raise CorruptImage(f"The {kind} is damaged or cut off.") from None
    if pixels is None or pixels.size == 0:
        raise CorruptImage(f"The {kind} is damaged or cut off.")
    return upper_bits(pixels, depth)


def upper_bits(samples: npt.NDArray[Any], depth: int = 16) -> Pixels:
    """Samples of uint16, of which `depth` bits are used, cut to their upper eight; uint8 as it is.

    Every value of eight bits so stands for as many of sixteen, as with Pillow's and OpenCV's own conversion of colours,
    and with libpng's (PNG, third edition, section 13.12). Raises CorruptImage for samples of other types.
    """
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.kind != "u" or samples.dtype.itemsize != 2:
        raise CorruptImage("The image has samples of another type than its header says.")
    return (samples >> (depth - 8)).astype(np.uint8)
