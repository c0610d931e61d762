"""Bubble patches: the bubbles of a page, resampled to one size, in which each outline is the same ellipse.

Darkness is relative to the paper around, so that shadows and dark photos do not matter.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Points

BubblePatches = npt.NDArray[np.float32]
"""(n, SIDE, SIDE) float32, one patch a bubble: darkness, 0 paper to 1 black."""

SIDE = 28
"""Pixels of each side of a bubble patch."""
REACH = 1.6
"""Distance from the centre of a patch to its sides, in radii of the bubble."""
INSIDE = 0.78
"""Part of the radius within which ink counts as a mark: the outline lies beyond."""
OUTLINE = (0.8, 1.45)
"""Radii between which the outline lies: marks are within, the outlines of neighbours beyond."""
PAPER_REDUCTION = 4
"""Pixels of the image per pixel of the image of the paper's brightness, each way."""
PAPER_CLOSING_RADII, LEAST_PAPER_CLOSING_PX = 1.5, 3
"""Side of the closing that removes print from the reduced image: so many radii of a bubble as pixels, and the least."""
_MOST_ROWS = 32_000
"""Rows of one table for cv2.remap, which counts rows in 16 bits."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Blank:
    """The unmarked bubbles of a page. Objects are compared by identity, so that results can be cached with them."""

    patches: BubblePatches


def darkness(grey: Grey, centres: Points, radii: Points, paper: Grey | None = None) -> BubblePatches:
    """Return (n, SIDE, SIDE) the darkness of each bubble patch against the paper around, 0 to 1.

    `paper` is the brightness of the paper as `paper_around` returns it; it is computed where it is None.
    """
    paper = paper_around(grey, radii) if paper is None else paper
    middles = np.clip((centres / PAPER_REDUCTION).astype(np.intp), 0, [paper.shape[1] - 1, paper.shape[0] - 1])
    white = paper[middles[:, 1], middles[:, 0]].astype(np.float32)[:, None, None]
    return np.asarray(np.clip(1 - tones(grey, centres, radii) / np.maximum(white, 1), 0, 1), dtype=np.float32)


def tones(grey: Grey, centres: Points, radii: Points) -> BubblePatches:
    """Return (n, SIDE, SIDE) the grey levels of each bubble patch, 0 to 255."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    columns, rows = (
        (centres[:, axis, None] - 0.5 + radii[:, axis, None] * steps).astype(np.float32) for axis in (0, 1)
    )
    shape = (len(centres), SIDE, SIDE)
    across, down = (np.broadcast_to(at, shape).reshape(-1, SIDE) for at in (columns[:, None, :], rows[:, :, None]))
    seen = np.empty(across.shape, np.float32)
    for start in range(0, len(seen), _MOST_ROWS):
        some = slice(start, start + _MOST_ROWS)
        seen[some] = cv2.remap(grey, across[some], down[some], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return seen.reshape(shape)


def paper_around(grey: Grey, radii: Points) -> Grey:
    """Return the brightness of the paper at a quarter of the scale; print narrower than a few bubbles is removed."""
    radius = float(np.median(radii))
    height, width = (max(1, length // PAPER_REDUCTION) for length in grey.shape)
    # Blocks of two by two are averaged four times faster than those of four by four.
    half = cv2.resize(
        grey[: height * PAPER_REDUCTION, : width * PAPER_REDUCTION],
        (width * 2, height * 2),
        interpolation=cv2.INTER_AREA,
    )
    small = cv2.resize(half, (width, height), interpolation=cv2.INTER_AREA)
    side = max(LEAST_PAPER_CLOSING_PX, round(radius * PAPER_CLOSING_RADII)) | 1
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.blur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (side, side)), dtype=np.uint8)


def likeness(seen: BubblePatches, printed: BubblePatches) -> npt.NDArray[np.float64]:
    """Return (n,) float64, -1 to 1, the correlation of both around the outlines; marks inside are ignored."""
    _, around = zones()
    one, other = seen[:, around].astype(np.float64), printed[:, around].astype(np.float64)
    one -= one.mean(axis=1, keepdims=True)
    other -= other.mean(axis=1, keepdims=True)
    norms = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    likeness: npt.NDArray[np.float64] = (one * other).sum(axis=1) / np.maximum(norms, 1e-9)
    return likeness


def zones() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return two (SIDE, SIDE) masks: where marks count, and where the outline lies."""
    return between(0, INSIDE), between(*OUTLINE)


@lru_cache(maxsize=8)
def between(inner: float, outer: float) -> npt.NDArray[np.bool_]:
    """Return the (SIDE, SIDE) mask of the pixels between two radii."""
    radius = np.hypot(*_steps())
    return (radius >= inner) & (radius < outer)


@lru_cache(maxsize=1)
def sectors(rings: tuple[float, ...], directions: int) -> npt.NDArray[np.intp]:
    """Return (m, sectors) the pixels of rings by ring and direction, as places in a flat patch.

    A column is a sector. The largest has m pixels; in the others the last pixel is repeated.

    Args:
        rings: the radii that limit the rings, ascending.
        directions: the number of sectors of a ring; the first lies to the right, the next follow clockwise.
    """
    across, down = _steps()
    ring = np.searchsorted(rings, np.hypot(across, down), side="right") - 1
    direction = np.rint(np.arctan2(down, across) / (2 * np.pi / directions)).astype(int) % directions
    sector = np.where((ring >= 0) & (ring < len(rings) - 1), ring * directions + direction, -1).ravel()
    pixels = [np.flatnonzero(sector == number) for number in range((len(rings) - 1) * directions)]
    most = max(map(len, pixels))
    return np.column_stack([np.pad(own, (0, most - len(own)), mode="edge") for own in pixels])


def _steps() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return two (SIDE, SIDE) arrays: how far the pixels lie right of and below the centre, in radii."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    across, down = np.meshgrid(steps, steps)
    return across, down
