"""Reading an ArUco marker: find the dark square, sample its cells at each dictionary's size, look the bits up.

OpenCV finds the squares and holds the dictionaries. Its own detector is not asked for the number: given several
dictionaries it may take a marker of 7 × 7 cells for one of 4 × 4, as it does not mind cells that are half dark. Here
the size counts whose cells are all of one tone.

Source: S. Garrido-Jurado et al., Automatic generation and detection of highly reliable fiducial markers under
occlusion, Pattern Recognition 47 (2014).
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels

# The largest of each size: the smaller ones begin with the same markers under the same numbers.
_DICTIONARIES = {
    4: ("DICT_4X4_1000",),
    5: ("DICT_5X5_1000", "DICT_ARUCO_ORIGINAL"),
    6: ("DICT_6X6_1000", "DICT_ARUCO_MIP_36h12"),
    7: ("DICT_7X7_1000",),
}
# Side of the square that the corners are spread to, for each cell; the middle of each cell is looked at.
_CELL_PX = 8
_CELL_MARGIN_PX = 1
# How much of the middle of a cell has its tone, at least, on average of all cells, and in the least clear one.
_CLEAR_ON_AVERAGE = 0.9
_CLEAR_AT_LEAST = 0.6
# Of the bits that a dictionary could correct; all of them would take the nearest marker for what is none.
_CORRECTED = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Marker:
    """A marker that was read: its number, and its corners, (4, 2) float64 (x, y) in pixels of the image."""

    number: int
    corners: npt.NDArray[np.float64]


def read_markers(tones: Pixels) -> list[Marker]:
    """All markers of an image, (height, width) uint8, whose sides measure at least a quarter of its longer side.

    A square that says different numbers in two dictionaries of its size counts as both.
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
    """The readings of a square in the dictionaries of a size: clearest cells first, exact before corrected ones."""
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
    """The cells of a square: (size + 2)² float64 shares of light pixels, its border among them."""

    light: npt.NDArray[np.float64]

    @property
    def _clear(self) -> npt.NDArray[np.float64]:
        return np.maximum(self.light, 1 - self.light)

    @property
    def clearness(self) -> float:
        """The mean share of pixels that have their cell's tone."""
        return float(self._clear.mean())

    @property
    def is_marker(self) -> bool:
        """Whether the cells are of one tone each, and those of the border dark."""
        border = self.light.copy()
        border[1:-1, 1:-1] = 0
        clear = self.clearness >= _CLEAR_ON_AVERAGE and self._clear.min() >= _CLEAR_AT_LEAST
        return bool(clear and border.max() < 0.5)

    @property
    def inner(self) -> npt.NDArray[np.uint8]:
        """The cells within the border: 1 for light, as the dictionaries have them."""
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
