"""Decodes with OpenCV the formats for which it is strict, quiet and fast."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels


def decode(data: bytes | memoryview, kind: str, depth: int = 16) -> Pixels:
    """Decode the first frame as stored: uint8 (height, width) grey, BGR or BGRA. No orientation is applied.

    `depth` is the number of bits of the samples if OpenCV returns them as uint16.

    Raises CorruptImage, or MemoryError if there is not enough memory.
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
    """Reduce uint16 samples that use `depth` bits to their upper eight bits. uint8 samples stay unchanged.

    Each value of eight bits then represents the same number of values of sixteen bits, as in the color conversion of
    Pillow and OpenCV and in libpng (PNG, third edition, section 13.12). Raises CorruptImage for samples of other types.
    """
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.kind != "u" or samples.dtype.itemsize != 2:
        raise CorruptImage("The image has samples of another type than its header says.")
    return (samples >> (depth - 8)).astype(np.uint8)
