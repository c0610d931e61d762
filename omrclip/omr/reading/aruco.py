"""Read ArUco markers: find dark squares, sample their cells at the size of each dictionary, and look up the bits.

OpenCV finds the squares and has the dictionaries. The number of its detector is not used: with several dictionaries
it may take a marker of 7 × 7 cells for one of 4 × 4, because it accepts cells that are half dark. Here each cell must
have one tone, which determines the size.

Source: S. Garrido-Jurado et al., Automatic generation and detection of highly reliable fiducial markers under
occlusion, Pattern Recognition 47 (2014).
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels

# The largest of each size. Smaller dictionaries have the same markers with the same numbers.
_DICTIONARIES = {
    4: ("DICT_4X4_1000",),
    5: ("DICT_5X5_1000", "DICT_ARUCO_ORIGINAL"),
    6: ("DICT_6X6_1000", "DICT_ARUCO_MIP_36h12"),
    7: ("DICT_7X7_1000",),
}
# Pixels of a cell's side in the rectified square, and of its margin, which is not used.
_CELL_PX = 8
_CELL_MARGIN_PX = 1
# Least part of the pixels of a cell that have its tone: the mean of all cells, and of the least clear one.
_CLEAR_ON_AVERAGE = 0.9
_CLEAR_AT_LEAST = 0.6
# Part of the wrong bits that a dictionary can correct. With all of them, other squares would be read as markers.
_CORRECTED = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Marker:
    """A marker: its number, and its corners, (4, 2) float64 (x, y) in pixels of the image."""

    number: int
    corners: npt.NDArray[np.float64]


def read_markers(tones: Pixels) -> list[Marker]:
    """Return the markers of an image whose sides have at least a quarter of its longer side.

    A square that has a number in two dictionaries of its size is returned twice.

    Args:
        tones: (height, width) uint8.
    """
    return [Marker(number, corners) for corners in _squares(tones) for number in sorted(_numbers(tones, corners))]


def _squares(tones: Pixels) -> list[npt.NDArray[np.float64]]:
    found, _, others = _detector().detectMarkers(tones)
    return [np.asarray(square, dtype=np.float64).reshape(4, 2) for square in (*found, *others)]


@cache
def _detector() -> cv2.aruco.ArucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    parameters.minMarkerPerimeterRate = 1.0
    parameters.adaptiveThreshWinSizeMin = 23
    parameters.adaptiveThreshWinSizeMax = 53
    parameters.adaptiveThreshWinSizeStep = 30
    return cv2.aruco.ArucoDetector(_dictionary("DICT_4X4_50"), parameters)


@cache
def _dictionary(name: str) -> cv2.aruco.Dictionary:
    return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))


def _numbers(tones: Pixels, corners: npt.NDArray[np.float64]) -> set[int]:
    """Return the numbers of a square in the dictionaries of one size: the size with the clearest cells that has any.

    Bits are corrected only if no dictionary of the size has the exact marker.
    """
    by_size = {size: _bits(tones, corners, size) for size in _DICTIONARIES}
    sizes = sorted((size for size, bits in by_size.items() if bits.is_marker), key=lambda it: -by_size[it].clearness)
    for size in sizes:
        for corrected in (0.0, _CORRECTED):
            identified = [_dictionary(name).identify(by_size[size].inner, corrected) for name in _DICTIONARIES[size]]
            if numbers := {int(number) for is_known, number, _ in identified if is_known}:
                return numbers
    return set()


@dataclass(frozen=True, slots=True, eq=False)
class _Bits:
    """The cells of a square with its border: (size + 2, size + 2) float64, the part of each cell that is light."""

    light: npt.NDArray[np.float64]

    @property
    def _clear(self) -> npt.NDArray[np.float64]:
        return np.maximum(self.light, 1 - self.light)

    @property
    def clearness(self) -> float:
        """The part of the pixels that have the tone of their cell, mean of all cells."""
        return float(self._clear.mean())

    @property
    def is_marker(self) -> bool:
        """Whether each cell has one tone, and the cells of the border are dark."""
        border = self.light.copy()
        border[1:-1, 1:-1] = 0
        clear = self.clearness >= _CLEAR_ON_AVERAGE and self._clear.min() >= _CLEAR_AT_LEAST
        return bool(clear and border.max() < 0.5)

    @property
    def inner(self) -> npt.NDArray[np.uint8]:
        """The cells inside the border, 1 for light, as in the dictionaries."""
        return np.ascontiguousarray(self.light[1:-1, 1:-1] > 0.5, dtype=np.uint8)


def _bits(tones: Pixels, corners: npt.NDArray[np.float64], size: int) -> _Bits:
    cells = size + 2
    side = cells * _CELL_PX
    # The detector's corners are centres of pixels on the square's edge.
    target = np.array([[0, 0], [side - 1, 0], [side - 1, side - 1], [0, side - 1]], dtype=np.float32)
    spread = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    square = cv2.warpPerspective(tones, spread, (side, side), flags=cv2.INTER_LINEAR)
    light = cv2.threshold(square, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    by_cell = light.reshape(cells, _CELL_PX, cells, _CELL_PX)[:, _CELL_MARGIN_PX:-_CELL_MARGIN_PX]
    return _Bits(by_cell[..., _CELL_MARGIN_PX:-_CELL_MARGIN_PX].mean(axis=(1, 3)))
