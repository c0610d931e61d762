"""Small parts of one image found again in another by normalised cross correlation, to a part of a pixel."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.omr.registration.levels import Grey

Points = npt.NDArray[np.float64]
LEAST_DEVIATION = 2.0
"""The standard deviation of grey below which a window shows nothing but noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Parts of a grey image, all of one size.

    Attributes:
        centres: (n, 2) int pixel indices (x, y) of their middle pixels in the image that they were taken from.
        pixels: (n, side, side) float32, side odd.
    """

    centres: npt.NDArray[np.intp]
    pixels: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def half(self) -> int:
        """Pixels on each side of the middle one."""
        return int(self.pixels.shape[1]) // 2

    def only(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Patches":
        """Some of the patches."""
        return Patches(self.centres[chosen], self.pixels[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where patches were found.

    Attributes:
        offsets: (n, 2) float64 (x, y) in pixels, from a patch's centre to where it was found.
        scores: (n,) float64 normalised correlation there, -1 to 1; 0 where the window is flat, reaches out of the image, or
            has no peak inside.
    """

    offsets: Points
    scores: npt.NDArray[np.float64]


def take(image: Grey, centres: npt.NDArray[np.intp], half: int) -> Patches:
    """The parts of an image around centres; beyond its edges, its edge pixels go on."""
    padded = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_REPLICATE).astype(np.float32)
    side = 2 * half + 1
    pixels = np.empty((len(centres), side, side), dtype=np.float32)
    for index, (x, y) in enumerate(centres):
        pixels[index] = padded[y : y + side, x : x + side]
    return Patches(centres, pixels)


def find(patches: Patches, image: Grey, search: int, expected: Points | None = None) -> Found:
    """Look for patches in an image of the same scale as theirs.

    Args:
        patches: what to look for.
        image: (height, width) uint8.
        search: pixels by which a patch may lie off its expected place, each way.
        expected: (n, 2) float64 offsets (x, y) at which each is expected; None for none.
    """
    count, reach = len(patches), patches.half + search
    shifts = np.zeros((count, 2)) if expected is None else expected
    around = patches.centres + np.rint(shifts).astype(np.intp)
    offsets, scores = shifts.copy(), np.zeros(count)
    height, width = image.shape
    for index, (x, y) in enumerate(around.tolist()):
        if x < reach or y < reach or x + reach >= width or y + reach >= height:
            continue
        window = image[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(np.float32)
        surface = cv2.matchTemplate(window, patches.pixels[index], cv2.TM_CCOEFF_NORMED)
        _, score, _, (column, row) = cv2.minMaxLoc(surface)
        if not np.isfinite(score) or window.std() < LEAST_DEVIATION:
            continue
        if not (0 < column < 2 * search and 0 < row < 2 * search):
            continue  # the window ends on the slope of something that lies beyond
        scores[index] = min(score, 1.0)
        offsets[index] = (
            around[index]
            - patches.centres[index]
            + (
                column - search + _peak(surface[row, :], column),
                row - search + _peak(surface[:, column], row),
            )
        )
    return Found(offsets, scores)


def _peak(values: npt.NDArray[np.generic], at: int) -> float:
    """The top of the parabola through a maximum and its neighbours, relative to it."""
    before, here, after = (float(v) for v in values[at - 1 : at + 2])
    curvature = before - 2 * here + after
    return 0.5 * (before - after) / curvature if curvature < 0 else 0.0
