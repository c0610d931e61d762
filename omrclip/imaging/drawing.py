"""Draws on pixels: lines and shapes that are visible on any background, and text in any script.

Points are continuous pixel coordinates (x, y), as in `ops`. Shapes may be partly or wholly outside the canvas.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.ops import extents

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""
Line = npt.NDArray[np.float64] | Sequence[tuple[float, float]]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
# OpenCV expects coordinates in units of 1/16 pixel. Points far outside can be moved without a visible difference.
_FRACTION_BITS = 4
_FURTHEST = 1_000_000.0
_DASH_BY_WIDTH = 4
_WEIGHT = 500  # of 100, thin, to 900, black


@dataclass(frozen=True, slots=True)
class Pen:
    """How a line is drawn: its color, its width in pixels (at least 1), and whether it is dashed."""

    colour: Colour
    width: float
    dashed: bool = False


class Canvas:
    """A copy of pixels to draw on, (height, width, 3) uint8 BGR. Later drawings cover earlier ones."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = np.array(pixels, dtype=np.uint8, order="C")
        self._font = cv2.FontFace("sans")  # OpenCV does not say whether threads may share one

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the canvas."""
        return extents(self.pixels)

    def line(self, points: Line, pen: Pen, *, closed: bool = False) -> None:
        """Draw straight lines between the points, with a white border that is visible on dark backgrounds."""
        path = _path(points, closed=closed)
        parts = _dashes(path, pen.width * _DASH_BY_WIDTH) if pen.dashed else [path]
        width = max(1, round(pen.width))
        for colour, thickness in ((WHITE, width + 2 * max(1, round(width / 3))), (pen.colour, width)):
            cv2.polylines(
                self.pixels, [_fixed(part) for part in parts], False, colour, thickness, cv2.LINE_AA, _FRACTION_BITS
            )

    def fill(self, points: Line, colour: Colour) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.pixels, [_fixed(_path(points, closed=False))], colour, cv2.LINE_AA, _FRACTION_BITS)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], pen: Pen) -> None:
        """Draw a dot at the start and a line to the end."""
        self.line([start, end], pen)
        radius = pen.width * 1.5
        turns = np.linspace(0, 2 * math.pi, 12, endpoint=False)
        self.fill(np.add(start, radius * np.column_stack([np.cos(turns), np.sin(turns)])), pen.colour)

    def text_width(self, text: str, size: int) -> int:
        """The width of a line of text in pixels."""
        return int(cv2.getTextSize((1, 1), _drawable(text), (0, 0), self._font, size, _WEIGHT)[2])

    def text(self, text: str, left: float, top: float, size: int, colour: Colour = BLACK) -> None:
        """Write one line of text from its upper left corner. It is 1.3 times `size` pixels high."""
        origin = round(left), round(top + size)
        cv2.putText(self.pixels, _drawable(text), origin, colour, self._font, size, _WEIGHT)

    def label_extents(self, text: str, size: int) -> tuple[float, float]:
        """The width and height of a label, in pixels."""
        return self.text_width(text, size) + size * 0.6, size * 1.3

    def label(self, text: str, centre: tuple[float, float], size: int, colour: Colour, ground: Colour = WHITE) -> None:
        """Write one line of text centered on a point, on a translucent background. It is kept inside the canvas."""
        width, height = self.label_extents(text, size)
        left = max(0.0, min(centre[0] - width / 2, self.dimensions.width - width))
        top = max(0.0, min(centre[1] - height / 2, self.dimensions.height - height))
        area = self.pixels[math.floor(top) : math.ceil(top + height), math.floor(left) : math.ceil(left + width)]
        area[:] = np.array(ground, np.uint8) // 5 * 4 + area // 5
        self.text(text, left + size * 0.3, top, size, colour)


def _path(points: Line, *, closed: bool) -> npt.NDArray[np.float64]:
    path = np.clip(np.nan_to_num(np.asarray(points, np.float64).reshape(-1, 2)), -_FURTHEST, _FURTHEST)
    return np.vstack([path, path[:1]]) if closed else path


def _fixed(path: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    # In OpenCV, whole coordinates are the centers of pixels.
    return np.round((path - 0.5) * (1 << _FRACTION_BITS)).astype(np.int32)


def _dashes(path: npt.NDArray[np.float64], length: float) -> list[npt.NDArray[np.float64]]:
    """Divide the path into dashes: the first half of each section of about twice this length. Each corner is drawn."""
    parts = []
    for start, end in pairwise(path):
        count = min(max(1, round(float(np.linalg.norm(end - start)) / (2 * length))), 1000)
        ends = np.linspace(0, 1, 2 * count + 1)[:, np.newaxis] * (end - start) + start
        parts += [ends[i : i + 2] for i in range(0, 2 * count, 2)]
    return parts


def _drawable(text: str) -> str:
    """The text on one line. OpenCV would end the process at an unpaired surrogate."""
    return " ".join(text.encode("utf-8", "replace").decode().split())
