"""How much of each bubble is covered by what was not printed there.

Every bubble is sampled on a small grid from the scan, in which its printed outline is the same ellipse. Darkness is
told against the paper around it, so that shadows and dark photos do not matter, and against the darkest ink of the
page, so that faint prints and washed-out photos do not either. What the blank page shows there (the letter in the
bubble, its outline) does not count: it is known from the page's image, or else from what the bubbles of the same value
have in common in this scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.omr.registration.keeping import kept_with_owner
from omrclip.omr.registration.levels import Grey
from omrclip.omr.registration.samples import REACH, SIDE, Blank, Samples, darkness, likeness, zones

Points = npt.NDArray[np.float64]
LEAST_DARKNESS, FULL_DARKNESS = 0.1, 0.5
FAINTEST_INK, DARKEST = 0.2, 0.97
COMMON = 0.3
"""The quantile of the bubbles of a value that shows them blank: most are."""
MOST_PRINTED, HEAVY, HEAVIEST = 0.45, 0.4, 0.7
MARKS, DARKER = 0.97, 0.25
"""The quantile of the bubbles' ink that shows a mark, and how much more it must have than print."""
FEW = 5
LEAST_FREE = 0.05
BLURS = (0.0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.5)
"""In steps of the grid, of which a bubble's radius has SIDE / 2 / REACH."""
MOST_COMPARED = 24
ANY_LETTER = 0.9
DEEPEST, HALF = 0.98, 0.5
BESIDE = (1.15, 1.4)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What was measured of bubbles.

    Attributes:
        fills: of each, 0 to 1.
        depths: of each, 0 to 1, how much darker its inside is than print at the darkest, where little is printed.
        strays: of each, 0 to 1, how much is covered just outside its outline.
        crossings: of each, 0 to 1, how much is covered outside its outline on two opposite sides, the lesser of both.
        outlines: of each, -1 to 1: how well what is around it looks like its printed outline.
        unprinted: of each, whether enough inside is left free of print to see a mark.
    """

    fills: list[float]
    depths: list[float]
    strays: list[float]
    crossings: list[float]
    outlines: list[float]
    unprinted: list[bool]


def measure(view: Grey, centres: Points, radii: Points, values: Sequence[str], blank: Blank | None) -> Readings:
    """Measure all bubbles of a page at once.

    Args:
        view: (height, width) uint8, the scan roughly in the page's frame.
        centres: (n, 2) float64 x and y of the bubbles in the view, continuous pixels.
        radii: (n, 2) float64 half their widths and heights.
        values: of the bubbles; equal ones look alike where nothing is marked.
        blank: what the bubbles look like on the blank page; None where that is not known.
    """
    if not len(centres):
        return Readings([], [], [], [], [], [])
    seen = darkness(view, centres, radii)
    ink = max(float(_nearly_highest(seen.ravel(), DARKEST)), FAINTEST_INK)
    # Half as dark as the page's ink is ink: pencil is no darker than that.
    seen = np.clip((seen - LEAST_DARKNESS * ink) / ((FULL_DARKNESS - LEAST_DARKNESS) * ink), 0, 1).astype(np.float32)
    printed = _common(seen, values) if blank is None else _printed(blank, _sharpness(blank, seen))
    inside, beside = zones()[0], _beside()
    unprinted = np.clip(1 - printed, 0.02, 1)
    extra = np.maximum(seen - printed, 0) * unprinted
    free = np.einsum("nij,ij->n", (1 - printed) * unprinted, inside) / inside.sum()
    fills = np.einsum("nij,ij->n", extra, inside) / inside.sum() / np.maximum(free, LEAST_FREE)
    sides = np.array([np.einsum("nij,ij->n", extra, side) / side.sum() for side in beside])
    return Readings(
        fills=np.clip(fills, 0, 1).tolist(),
        depths=_nearly_highest((np.maximum(seen - printed, 0) * (printed < HALF))[:, inside], DEEPEST).tolist(),
        strays=sides.mean(axis=0).tolist(),
        crossings=np.minimum(sides[:4], sides[4:]).max(axis=0).tolist(),
        outlines=likeness(seen, printed).tolist(),
        unprinted=(free >= LEAST_FREE).tolist(),
    )


def _nearly_highest(values: npt.NDArray[np.float32], part: float) -> npt.NDArray[np.float32]:
    """The value along the last axis that `part` of them do not exceed, none between two: far faster than a quantile."""
    place = int(part * (values.shape[-1] - 1))
    found: npt.NDArray[np.float32] = np.partition(values, place, axis=-1)[..., place]
    return found


def _sharpness(blank: Blank, seen: Samples) -> float:
    """The one of BLURS by which the blank bubbles look most like the scan's."""
    scan = seen[:: _step(blank)]
    return BLURS[int(np.argmax([np.median(likeness(scan, blurred)) for blurred in _at_each_sharpness(blank)]))]


@kept_with_owner
def _at_each_sharpness(blank: Blank) -> list[Samples]:
    """The ink of some of the bubbles, for each of BLURS."""
    some = blank.samples[:: _step(blank)]
    return [np.clip(_blurred(some, sigma) / FULL_DARKNESS, 0, 1) for sigma in BLURS]


@kept_with_owner
def _printed(blank: Blank, sigma: float) -> Samples:
    """The ink of the blank bubbles, as blurred as the scan: outlines that run into the insides there are no marks.

    A little wider than it is, since the map is not exact to the pixel.
    """
    ink = np.clip(_blurred(blank.samples, sigma) / FULL_DARKNESS, 0, 1)
    wide = [cv2.dilate(grid, np.ones((3, 3), np.uint8)) for grid in ink]
    return np.array(wide, dtype=np.float32).reshape(ink.shape)


def _step(blank: Blank) -> int:
    return -(-len(blank.samples) // MOST_COMPARED)


def _blurred(samples: Samples, sigma: float) -> Samples:
    if sigma == 0:
        return samples
    grids = [cv2.GaussianBlur(grid, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for grid in samples]
    return np.array(grids, dtype=np.float32)


def _common(seen: Samples, values: Sequence[str]) -> Samples:
    """What bubbles look like unmarked, learnt from the scan: of each value where there are several, else of all."""
    inside, _ = zones()
    raw = seen[:, inside].mean(axis=1)
    # Where a value is rare, its letter may be any: what is printed in some of the palest bubbles counts as print.
    palest = seen[np.argsort(raw, kind="stable")[: max(1, len(seen) // 2)]]
    anything = np.quantile(palest, ANY_LETTER, axis=0).astype(np.float32)
    anything *= min(1.0, MOST_PRINTED / max(float(anything[inside].mean()), 1e-6))
    _, labels = np.unique(np.array(values), return_inverse=True)
    by_label = np.argsort(labels, kind="stable")
    owners = np.split(by_label, np.flatnonzero(np.diff(labels[by_label])) + 1)
    learnt = [np.quantile(seen[own], COMMON, axis=0).astype(np.float32) if len(own) >= FEW else None for own in owners]
    most = _most_printed(raw, [float(print_[inside].mean()) for print_ in learnt if print_ is not None])
    printed = np.empty_like(seen)
    for own, print_ in zip(owners, learnt, strict=True):
        # Where most of a value are marked, what they have in common is the mark.
        printed[own] = print_ if print_ is not None and print_[inside].mean() < most else anything
    return printed


def _most_printed(raw: npt.NDArray[np.floating[Any]], learnt: Sequence[float]) -> float:
    """How much ink inside a bubble can be print: more than usual where nearly all values have much, and marks more."""
    usual = float(np.median(learnt)) if learnt else 0.0
    return MOST_PRINTED if usual < HEAVY else float(np.clip(np.quantile(raw, MARKS) - DARKER, MOST_PRINTED, HEAVIEST))


@lru_cache(maxsize=1)
def _beside() -> npt.NDArray[np.bool_]:
    """(8, SIDE, SIDE) where ink of no bubble shows, by sides: outside the outline, short of the neighbours."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    radius = np.hypot(steps[None, :], steps[:, None])
    side = np.rint(np.arctan2(steps[:, None], steps[None, :]) / (np.pi / 4)).astype(int) % 8
    around = (radius > BESIDE[0]) & (radius < BESIDE[1])
    return np.array([around & (side == number) for number in range(8)])
