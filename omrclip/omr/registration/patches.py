"""Patches of one image, found in another by normalised cross correlation with subpixel accuracy."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Points

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Parts of a grey image, all of one size.

    Attributes:
        centres: (n, 2) int pixel indices (x, y) of the centre pixels in the image that the patches were taken from.
        pixels: (n, side, side) float32, side odd.
    """

    centres: npt.NDArray[np.intp]
    pixels: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def half(self) -> int:
        """Pixels on each side of the centre pixel."""
        return int(self.pixels.shape[1]) // 2

    def only(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> "Patches":
        """Return some of the patches."""
        return Patches(self.centres[chosen], self.pixels[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where patches were found.

    Attributes:
        offsets: (n, 2) float64 (x, y) in pixels, from a patch's centre to where it was found.
        scores: (n,) float64 normalised correlation there, -1 to 1; 0 where the window is flat, reaches out of
            the image, or has no peak inside.
    """

    offsets: Points
    scores: npt.NDArray[np.float64]


def take(image: Grey, centres: npt.NDArray[np.intp], half: int) -> Patches:
    """Return the patches of an image around centres; beyond its edges the edge pixels are repeated."""
    padded = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_REPLICATE).astype(np.float32)
    side = 2 * half + 1
    pixels = np.empty((len(centres), side, side), dtype=np.float32)
    for index, (x, y) in enumerate(centres):
        pixels[index] = padded[y : y + side, x : x + side]
    return Patches(centres, pixels)


def find(patches: Patches, image: Grey, search: int, expected: Points | None = None) -> Found:
    """Search for patches in an image of the same scale.

    Args:
        patches: the patches to search for.
        image: (height, width) uint8.
        search: pixels by which a patch may lie off its expected place, each way.
        expected: (n, 2) float64 offsets (x, y) at which each is expected; None for zero offsets.
    """
    count, reach = len(patches), patches.half + search
    shifts = np.zeros((count, 2)) if expected is None else expected
    starts = patches.centres + np.rint(shifts).astype(np.intp)
    offsets, scores = shifts.copy(), np.zeros(count)
    whole = ((starts >= reach) & (starts < np.array(image.shape[::-1]) - reach)).all(axis=1)
    chosen = np.flatnonzero(whole)
    surfaces = np.empty((len(chosen), 2 * search + 1, 2 * search + 1), dtype=np.float32)
    for surface, index, (x, y) in zip(surfaces, chosen.tolist(), starts[chosen].tolist(), strict=True):
        window = image[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(np.float32)
        # OpenCV's correlation is 0 where a window is flat.
        cv2.matchTemplate(window, patches.pixels[index], cv2.TM_CCOEFF_NORMED, surface)
    best = surfaces.reshape(len(chosen), (2 * search + 1) ** 2).argmax(axis=1)
    rows, columns = np.divmod(best, 2 * search + 1)
    # A maximum at the edge of the window is the slope of a peak beyond it.
    inside = (rows > 0) & (rows < 2 * search) & (columns > 0) & (columns < 2 * search)
    found, rows, columns = chosen[inside], rows[inside], columns[inside]
    peaks = surfaces[inside].astype(np.float64)
    each = np.arange(len(found))
    here = peaks[each, rows, columns]
    scores[found] = np.minimum(here, 1.0)
    across = columns - search + tops(peaks[each, rows, columns - 1], here, peaks[each, rows, columns + 1])
    down = rows - search + tops(peaks[each, rows - 1, columns], here, peaks[each, rows + 1, columns])
    offsets[found] = starts[found] - patches.centres[found] + np.column_stack([across, down])
    return Found(offsets, scores)


def tops(before: Scores, here: Scores, after: Scores) -> Scores:
    """Return the tops of parabolas through maxima and their neighbours, relative to the maxima; 0 on a plateau."""
    curvature = before - 2 * here + after
    return np.divide(0.5 * (before - after), curvature, out=np.zeros_like(here), where=curvature < 0)
