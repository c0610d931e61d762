"""The image pyramid of a scan in grey; levels are made on demand, so that cheap strategies do not pay for all."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey, Pixels
from omrclip.imaging.geometry import Dimensions

Found = TypeVar("Found")
LEVEL_BIAS = 0.2
"""Subtracted from the number of a level before it is rounded: it prefers the finer of two levels."""
LEAST_SIDE_PX = 16
"""Pixels of the shorter side of the coarsest level."""


class ImagePyramid:
    """A scan in grey: level n has 1/2ⁿ of its pixels on each axis, each the mean of those that it covers."""

    def __init__(self, pixels: Pixels) -> None:
        self._colour = pixels
        self._levels: dict[int, Grey] = {}
        self._found: dict[object, Any] = {}

    def once(self, name: object, find: Callable[[], Found]) -> Found:
        """Return what `find` returns; it is called once for each name."""
        if name not in self._found:
            self._found[name] = find()
        return cast(Found, self._found[name])

    @property
    def dimensions(self) -> Dimensions:
        """The scan's own."""
        return ops.extents(self._colour)

    def level(self, number: int) -> Grey:
        """Return level `number`; an odd last row or column of the level before is left out."""
        if number not in self._levels:
            self._levels[number] = self._make(number)
        return self._levels[number]

    def _make(self, number: int) -> Grey:
        if number == 0:
            return ops.grey(self._colour)
        if number == 1 and 0 not in self._levels:
            # After halving, a quarter of the pixels is left to convert to grey.
            return ops.grey(_half(self._colour))
        return _half(self.level(number - 1))

    def nearest(self, step: float) -> tuple[Grey, float]:
        """Return the level to sample every `step` scan pixels without aliasing, and the scan pixels per pixel of it."""
        number = max(0, min(round(np.log2(max(step, 1.0)) - LEVEL_BIAS), self._most_halvings()))
        return self.level(number), float(2**number)

    def fitted(self, long_side: int, *, roughly: bool = False) -> tuple[Grey, float]:
        """Return the scan reduced to at most `long_side` pixels, and the scan pixels per pixel of it.

        Each pixel is the mean of those that it covers. Roughly, it is the mean of four places in it, in less than half
        of the time.
        """
        side = max(self.dimensions.width, self.dimensions.height)
        if side <= long_side:
            return self.level(0), 1.0
        number = 0
        while side // 2 ** (number + 1) >= long_side:
            number += 1
        grey = self.level(number)
        scale = long_side / max(grey.shape)
        out = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        if roughly:
            grey = np.asarray(
                cv2.resize(grey, (2 * out[0], 2 * out[1]), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
            )
        return np.asarray(cv2.resize(grey, out, interpolation=cv2.INTER_AREA), dtype=np.uint8), side / long_side

    def _most_halvings(self) -> int:
        return int(np.log2(max(1, min(self.dimensions.width, self.dimensions.height) // LEAST_SIDE_PX or 1)))


def _half(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = (max(1, length // 2) for length in pixels.shape[:2])
    even = pixels[: height * 2, : width * 2]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
