"""Bubbles of a page on small grids of one size, in which the outline of each is the same ellipse.

Darkness is told against the paper around, so that shadows and dark photos do not matter.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.omr.registration.image_pyramid import Grey

Points = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
"""(n, SIDE, SIDE) float32, one grid a bubble: darkness, 0 paper to 1 black."""

SIDE = 28
REACH = 1.6
"""How far a grid reaches from the middle, in radii of the bubble."""
INSIDE = 0.78
"""The part of the radius within which ink counts as a mark: the outline lies beyond."""
OUTLINE = (0.8, 1.45)
# Of a table that cv2.remap samples by: it counts rows in 16 bits.
_MOST_ROWS = 32_000


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Blank:
    """What the bubbles of a page look like unmarked. Each is itself alone, so that what is made of it can be kept."""

    samples: Samples


def darkness(grey: Grey, centres: Points, radii: Points, paper: Grey | None = None) -> Samples:
    """(n, SIDE, SIDE) how much darker than the paper around, 0 to 1, each bubble's grid is.

    `paper` is the brightness of the paper, where that was measured before (`paper_around`).
    """
    paper = paper_around(grey, radii) if paper is None else paper
    middles = np.clip((centres / 4).astype(np.intp), 0, [paper.shape[1] - 1, paper.shape[0] - 1])
    white = paper[middles[:, 1], middles[:, 0]].astype(np.float32)[:, None, None]
    return np.asarray(np.clip(1 - tones(grey, centres, radii) / np.maximum(white, 1), 0, 1), dtype=np.float32)


def tones(grey: Grey, centres: Points, radii: Points) -> Samples:
    """(n, SIDE, SIDE) the grey tones of each bubble's grid, 0 to 255."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    columns = centres[:, 0, None, None] - 0.5 + radii[:, 0, None, None] * steps[None, None, :]
    rows = centres[:, 1, None, None] - 0.5 + radii[:, 1, None, None] * steps[None, :, None]
    shape = (len(centres), SIDE, SIDE)
    across, down = (np.broadcast_to(at, shape).reshape(-1, SIDE).astype(np.float32) for at in (columns, rows))
    seen = np.empty(across.shape, np.float32)
    for start in range(0, len(seen), _MOST_ROWS):
        some = slice(start, start + _MOST_ROWS)
        seen[some] = cv2.remap(grey, across[some], down[some], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return seen.reshape(shape)


def paper_around(grey: Grey, radii: Points) -> Grey:
    """The brightness of the paper at a quarter of the scale: what is dark and narrower than a few bubbles is gone."""
    radius = float(np.median(radii))
    height, width = (max(1, extent // 4) for extent in grey.shape)
    # Blocks of two by two are averaged four times faster than those of four by four.
    half = cv2.resize(grey[: height * 4, : width * 4], (width * 2, height * 2), interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, (width, height), interpolation=cv2.INTER_AREA)
    side = max(3, round(radius * 1.5)) | 1
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.blur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (side, side)), dtype=np.uint8)


def likeness(seen: Samples, printed: Samples) -> npt.NDArray[np.float64]:
    """(n,) float64, -1 to 1: the correlation of both where the outlines are, marks inside left out."""
    _, around = zones()
    one, other = seen[:, around].astype(np.float64), printed[:, around].astype(np.float64)
    one -= one.mean(axis=1, keepdims=True)
    other -= other.mean(axis=1, keepdims=True)
    norms = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    likeness: npt.NDArray[np.float64] = (one * other).sum(axis=1) / np.maximum(norms, 1e-9)
    return likeness


def zones() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(SIDE, SIDE) masks: where marks count, and where the outline is."""
    return between(0, INSIDE), between(*OUTLINE)


@lru_cache(maxsize=8)
def between(inner: float, outer: float) -> npt.NDArray[np.bool_]:
    """(SIDE, SIDE) the samples between two radii."""
    radius = np.hypot(*_steps())
    return (radius >= inner) & (radius < outer)


@lru_cache(maxsize=1)
def sectors(
    rings: tuple[float, ...], directions: int
) -> tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], npt.NDArray[np.intp]]:
    """The samples of some rings, by ring and direction: their rows and columns, and where each direction starts.

    Args:
        rings: the radii at which they begin and end, ascending.
        directions: into how many a ring is divided; the first leads to the right, the next are clockwise.
    """
    across, down = _steps()
    ring = np.searchsorted(rings, np.hypot(across, down), side="right") - 1
    direction = np.rint(np.arctan2(down, across) / (2 * np.pi / directions)).astype(int) % directions
    sector = np.where((ring >= 0) & (ring < len(rings) - 1), ring * directions + direction, -1).ravel()
    ordered = np.argsort(sector, kind="stable")
    ordered = ordered[sector[ordered] >= 0]
    rows, columns = np.unravel_index(ordered, across.shape)
    return (rows, columns), np.unique(sector[ordered], return_index=True)[1]


def _steps() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(SIDE, SIDE) how far the samples lie to the right and below the middle, in radii."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    across, down = np.meshgrid(steps, steps)
    return across, down
