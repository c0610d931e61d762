"""Patches on printed lines, which determine where the paper lies across the line, but not along it.

Patches at corners and letters determine both. Where a page has only a long line, as under a field to be written in,
there is no such patch.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Points
from omrclip.omr.registration.patches import Found, Patches, take, tops

LEAST_EDGE = 6.0
"""Mean squared gradient across a line, in thousandths, from which its patch is found: as `reference.LEAST_CORNER`."""
EDGE_UNIT = 1e3
"""Factor to thousandths."""
SOBEL_SUM = 4
"""Sum of the positive weights of the Sobel operator."""
MOST_ALONG = 0.1
"""Mean squared gradient along a line as a part of that across it. Letters have more, and so have lines with a slope of
more than 0.3 and places where lines cross."""
SEARCH_PX = 4
"""Pixels of the fine reference by which a line may lie off the confirmed map. The printed line that
made this necessary lies 1.5 px off the map. In a wider reach the next line of a table could be found."""


@dataclass(frozen=True, slots=True, eq=False)
class LinePatches:
    """Patches on printed lines.

    Attributes:
        patches: the patches, those of vertical lines transposed.
        horizontal: (n,) bool, whether a line is horizontal, so that its patch determines y; that of a vertical line
            determines x.
    """

    patches: Patches
    horizontal: npt.NDArray[np.bool_]


def take_lines(pixels: Grey, cells: tuple[int, int], half: int, corners: npt.NDArray[np.intp]) -> LinePatches:
    """Return for each cell of the page the patch of its strongest line, apart from patches at corners.

    Args:
        pixels: (height, width) uint8, the fine reference.
        cells: rows and columns of cells.
        half: half side of the patches.
        corners: (n, 2) int pixel indices (x, y) of the patches at corners.
    """
    strength = _strength(pixels, half)
    height, width = pixels.shape
    for x, y in corners.tolist():
        strength[:, max(0, y - 2 * half) : y + 2 * half + 1, max(0, x - 2 * half) : x + 2 * half + 1] = 0
    strongest = strength.max(axis=0)
    found = []
    for top, bottom in _parts(half, height - half, cells[0]):
        for left, right in _parts(half, width - half, cells[1]):
            cell = strongest[top:bottom, left:right]
            row, column = np.unravel_index(np.argmax(cell), cell.shape)
            if cell[row, column] > LEAST_EDGE:
                found.append((left + column, top + row))
    centres = np.array(found, dtype=np.intp).reshape(-1, 2)
    horizontal = strength[:, centres[:, 1], centres[:, 0]].argmax(axis=0) == 1
    patches = take(pixels, centres, half)
    upright = np.where(horizontal[:, None, None], patches.pixels, patches.pixels.transpose(0, 2, 1))
    return LinePatches(Patches(centres, np.ascontiguousarray(upright)), horizontal)


def find_lines(lines: LinePatches, image: Grey, expected: Points) -> Found:
    """Search for lines across their direction.

    Args:
        lines: the patches.
        image: (height, width) uint8, at the scale that the patches were taken at.
        expected: (n, 2) float64 pixel indices (x, y) at which the centres of the patches are expected.

    Returns:
        How far off each was found, 0 along the line.
    """
    half = lines.patches.half
    reach = half + SEARCH_PX
    starts = np.rint(expected).astype(np.intp)
    scores = np.zeros(len(starts))
    whole = ((starts >= reach) & (starts < np.array(image.shape[::-1]) - reach)).all(axis=1)
    chosen = np.flatnonzero(whole)
    surfaces = np.empty((len(chosen), 2 * SEARCH_PX + 1, 1), dtype=np.float32)
    for surface, index, (x, y) in zip(surfaces, chosen.tolist(), starts[chosen].tolist(), strict=True):
        upright, along, across = (image, x, y) if lines.horizontal[index] else (image.T, y, x)
        window = upright[across - reach : across + reach + 1, along - half : along + half + 1].astype(np.float32)
        cv2.matchTemplate(window, lines.patches.pixels[index], cv2.TM_CCOEFF_NORMED, surface)
    best = surfaces[..., 0].argmax(axis=1)
    # A maximum at the edge of the window is the slope of a peak beyond it.
    inside = (best > 0) & (best < 2 * SEARCH_PX)
    found, best, peaks = chosen[inside], best[inside], surfaces[inside, :, 0].astype(np.float64)
    each, axes = np.arange(len(found)), lines.horizontal[found].astype(np.intp)
    here = peaks[each, best]
    scores[found] = np.minimum(here, 1.0)
    offsets = np.zeros((len(starts), 2))
    at = starts[found, axes] + best - SEARCH_PX + tops(peaks[each, best - 1], here, peaks[each, best + 1])
    offsets[found, axes] = at - expected[found, axes]
    return Found(offsets, scores)


def _strength(pixels: Grey, half: int) -> npt.NDArray[np.float32]:
    """Return (2, height, width) how surely vertical and horizontal lines are found by a patch, 0 beside the lines.

    It is the mean squared gradient across a line, in thousandths, where that along the line is small.
    """
    along, down = (cv2.GaussianBlur(_squared_gradient(pixels, *order), (0, 0), half / 2) for order in ((1, 0), (0, 1)))
    strength = np.zeros((2, *pixels.shape), dtype=np.float32)
    for out, across, aside, kernel in (
        (strength[0], along, down, (2 * half + 1, 1)),
        (strength[1], down, along, (1, 2 * half + 1)),
    ):
        on_line = across >= cv2.dilate(across, cv2.getStructuringElement(cv2.MORPH_RECT, kernel))
        np.copyto(out, across, where=on_line & (aside <= MOST_ALONG * across))
    return strength


def _squared_gradient(pixels: Grey, across: int, down: int) -> npt.NDArray[np.float32]:
    """Return (height, width) the squared gradient across x or across y, in thousandths."""
    gradient = cv2.Sobel(pixels, cv2.CV_32F, across, down, ksize=3, scale=EDGE_UNIT**0.5 / (255 * SOBEL_SUM))
    return np.asarray(np.square(gradient, out=gradient), dtype=np.float32)


def _parts(start: int, end: int, count: int) -> list[tuple[int, int]]:
    """Return the ends of `count` parts of a range, of nearly equal length; without those that are empty."""
    parts = np.array_split(np.arange(start, end), count)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]
