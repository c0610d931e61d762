"""Two point patterns laid onto each other: the bubbles of a template, and the blobs of a scan.

Answer grids repeat themselves, so a few points that fit prove nothing. Every bubble of the template is tried as the one
that a certain blob shows, the two neighbours of each giving the turn, the scale and the slant around there; each trial
then grows outwards, from what fits near by to the whole page. Which of several ways is right is told when the map is
exact (`rivals`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.registration import neighbours

Points = npt.NDArray[np.float64]
Affine = npt.NDArray[np.float64]
"""(2, 3) float64: linear part and shift of points (x, y)."""

NEAR = 24
GROWTH = (16, 40, 100, 250, 600, 1500, 4000)
TRIALS_GROWN = 160
LEAST_POINTS = 4
SURE = 0.85
MOST_MAPS = 4
_ORDERS = ((0, 1), (1, 0))
_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
ANCHORS = 5
LEAST_SUPPORT = 0.6
LEAST_PAIRED = 0.6
WELL_BEGUN = 100
LEAST_SCALE, MOST_SCALE = 0.62, 1.6
"""How the scale of a map may differ from what the sizes say: templates have bubbles up to 1.4 times those printed."""
WITHIN = 0.45
"""How far off a blob may lie, in bubble sizes, to be taken for a bubble while growing; less than half a pitch."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternMap:
    """One way to lay the bubbles onto the blobs.

    Attributes:
        matrix: (3, 3) float64 projective map, bubbles' points → blobs' points.
        bubbles, blobs: (m,) indices of those that fell together.
        score: 0 to 1, how many of the bubbles fell onto blobs. Blobs left over say nothing: a template may know only a
            part of the form.
    """

    matrix: ops.Matrix
    bubbles: npt.NDArray[np.intp]
    blobs: npt.NDArray[np.intp]
    score: float


class Nearest:
    """The nearest of some points to any place, by a table of places; distances are exact."""

    def __init__(self, points: Points, spacing: float) -> None:
        self.points = points
        self._cell = max(spacing / 6, 1.0)
        self._origin = points.min(axis=0) - 2 * spacing
        columns, rows = (np.ceil((points.max(axis=0) + 2 * spacing - self._origin) / self._cell)).astype(int) + 1
        free = np.full((rows, columns), 255, dtype=np.uint8)
        at = ((points - self._origin) / self._cell).astype(np.intp)
        free[at[:, 1], at[:, 0]] = 0
        _, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        number = np.zeros(int(labels.max()) + 1, dtype=np.intp)
        number[labels[at[:, 1], at[:, 0]]] = np.arange(len(points))
        self._table = number[labels]

    def find(self, places: Points) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Indices and distances of the nearest points, shaped as `places` without its last axis."""
        rows, columns = self._table.shape
        # What is not a number goes to the first cell.
        at = np.fmin(np.fmax((places - self._origin) / self._cell, 0), (columns - 1, rows - 1)).astype(np.intp)
        found = self._table[at[..., 1], at[..., 0]]
        away = self.points[found] - places
        return found, np.sqrt(away[..., 0] ** 2 + away[..., 1] ** 2)


def lay(bubbles: Points, bubble_size: float, blobs: Points, blob_size: float) -> list[PatternMap]:
    """Ways to lay bubbles onto blobs, the best first, each more than half a blob from the others.

    Args:
        bubbles: (n, 2) float64 centres on the page.
        bubble_size: the root of the area of one.
        blobs: (m, 2) float64 centres in the scan, of shapes of about one size.
        blob_size: this size.
    """
    if len(bubbles) < LEAST_POINTS or len(blobs) < LEAST_POINTS:
        return []
    nearest = Nearest(blobs, blob_size)
    around = neighbours.nearest(bubbles, NEAR + 1)
    bases = _bases(bubbles, around)
    maps: list[PatternMap] = []
    for anchor in _anchors(blobs):
        seeds, affines = _trials(bubbles, bases, blobs, anchor, blob_size / bubble_size)
        supports = _support(bubbles, around[seeds], affines, nearest, WITHIN * blob_size)
        chosen = np.argsort(-supports, kind="stable")[:TRIALS_GROWN]
        chosen = chosen[supports[chosen] >= LEAST_SUPPORT * supports.max(initial=0)]
        grown = [_grow(bubbles, int(seeds[t]), affines[t], nearest, blob_size) for t in chosen]
        maps = _distinct(bubbles, maps + [found for found in grown if found is not None], blob_size)
        if maps and maps[0].score > SURE:
            break
    return maps


def _distinct(bubbles: Points, maps: list[PatternMap], blob_size: float) -> list[PatternMap]:
    kept: list[PatternMap] = []
    placed: list[Points] = []
    for found in sorted(maps, key=lambda m: -m.score):
        points = ops.transform(found.matrix, bubbles)
        if len(kept) < MOST_MAPS and all(_apart(points, other) > 0.5 * blob_size for other in placed):
            kept.append(found)
            placed.append(points)
    return kept


def _apart(one: Points, other: Points) -> float:
    return float(np.median(np.linalg.norm(one - other, axis=1)))


def _anchors(blobs: Points) -> list[int]:
    """Blobs to begin with: spread over the pattern, each among others."""
    crowded = neighbours.distances_to(blobs, 4)
    eligible = np.flatnonzero(crowded <= np.quantile(crowded, 0.7))
    centre = blobs[eligible].mean(axis=0)
    # At the rim fewer places look alike than amid a grid.
    chosen = [int(eligible[np.argmax(((blobs[eligible] - centre) ** 2).sum(axis=1))])]
    while len(chosen) < min(ANCHORS, len(eligible)):
        squared = ((blobs[eligible][:, None] - blobs[chosen]) ** 2).sum(axis=2)
        chosen.append(int(eligible[np.argmax(squared.min(axis=1))]))
    return chosen


def _bases(points: Points, around: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """(n, 2, 2) the vectors to the nearest neighbour and to the nearest in quite another direction; NaN without."""
    vectors = points[around[:, 1:]] - points[around[:, :1]]
    lengths = np.linalg.norm(vectors, axis=2)
    first = vectors[:, 0]
    sines = np.abs(first[:, :1] * vectors[:, :, 1] - first[:, 1:] * vectors[:, :, 0])
    aside = sines > 0.6 * lengths[:, :1] * lengths
    every = np.arange(len(around))
    second = vectors[every, np.argmax(aside, axis=1)]
    bases = np.stack([first, second], axis=1)
    bases[~(aside.any(axis=1) & (lengths[:, 0] > 0))] = np.nan
    return bases


def _trials(
    bubbles: Points, bases: npt.NDArray[np.float64], blobs: Points, anchor: int, scale: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Maps that put each of the bubbles onto the anchor, neighbours onto neighbours: (t,) bubbles, (t, 2, 3) maps."""
    squared = ((blobs - blobs[anchor]) ** 2).sum(axis=1)
    around = np.argsort(squared, kind="stable")[: NEAR + 1]
    there = _bases(blobs, around[None, :])[0] if len(around) > 1 else np.full((2, 2), np.nan)
    images = np.array([there[list(order)] * np.array(signs)[:, None] for order in _ORDERS for signs in _SIGNS])
    usable = np.flatnonzero(np.isfinite(bases).all(axis=(1, 2)))
    if not np.isfinite(there).all() or not len(usable):
        return np.zeros(0, dtype=np.intp), np.zeros((0, 2, 3))
    inverse = ops.inverse(bases[usable])
    # Rows of a basis are vectors: basis · linearᵀ = images.
    linear = np.swapaxes(inverse[:, None] @ images[None], 2, 3).reshape(-1, 2, 2)
    seeds = np.repeat(usable, len(images))
    plausible = _plausible(linear, scale)
    linear, seeds = linear[plausible], seeds[plausible]
    shifts = blobs[anchor] - np.einsum("tij,tj->ti", linear, bubbles[seeds])
    return seeds, np.concatenate([linear, shifts[:, :, None]], axis=2)


def _plausible(linear: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.bool_]:
    """Which linear maps neither mirror nor squeeze, and scale as the sizes of bubbles and blobs say."""
    area = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    lengths = np.linalg.norm(linear, axis=1)
    ratio = lengths[:, 0] / np.maximum(lengths[:, 1], 1e-9)
    scaled = (area > (LEAST_SCALE * scale) ** 2) & (area < (MOST_SCALE * scale) ** 2)
    plausible: npt.NDArray[np.bool_] = (
        scaled & (ratio > 0.7) & (ratio < 1.43) & (area > 0.75 * lengths[:, 0] * lengths[:, 1])
    )
    return plausible


def _support(
    bubbles: Points, around: npt.NDArray[np.intp], affines: npt.NDArray[np.float64], nearest: Nearest, within: float
) -> npt.NDArray[np.float64]:
    """(trials,) how many of the bubbles around its seed each map puts onto blobs, the closer the better."""
    places = np.einsum("tij,tkj->tki", affines[:, :, :2], bubbles[around]) + affines[:, None, :, 2]
    _, distances = nearest.find(places)
    support: npt.NDArray[np.float64] = np.clip(1 - (distances / within) ** 2, 0, None).sum(axis=1)
    return support


def _grow(bubbles: Points, seed: int, affine: Affine, nearest: Nearest, blob_size: float) -> PatternMap | None:
    order = np.argsort(((bubbles - bubbles[seed]) ** 2).sum(axis=1), kind="stable")
    matrix = np.vstack([affine, [0, 0, 1]])
    for count in GROWTH:
        pairs = pairs_of(ops.transform(matrix, bubbles[order[:count]]), nearest, WITHIN * blob_size)
        fitted = None
        if len(pairs[0]) >= LEAST_PAIRED * min(count, len(bubbles)):
            fitted = _fitted(bubbles[order[pairs[0]]], nearest.points[pairs[1]])
        if fitted is None and count < WELL_BEGUN:
            return None
        if fitted is None:
            break  # bent paper: what lies near fits, what lies far is found when the map may bend
        matrix = fitted
        if count >= len(bubbles):
            break
    pairs = pairs_of(ops.transform(matrix, bubbles), nearest, WITHIN * blob_size)
    if len(pairs[0]) < 4:
        return None
    return PatternMap(matrix, *pairs, len(pairs[0]) / len(bubbles))


def pairs_of(placed: Points, nearest: Nearest, within: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices of places and of the points within reach of them, each point for its nearest place only."""
    found, distances = nearest.find(placed)
    near = distances < within
    bubble, blob, distance = np.flatnonzero(near), found[near], distances[near]
    order = np.argsort(distance, kind="stable")
    _, first = np.unique(blob[order], return_index=True)
    kept = order[first]
    return bubble[kept], blob[kept]


def _fitted(points: Points, images: Points) -> ops.Matrix | None:
    if len(points) < 12:
        affine, _ = cv2.estimateAffine2D(points, images, method=cv2.LMEDS)
        return None if affine is None else np.vstack([affine, [0, 0, 1]])
    matrix, _ = cv2.findHomography(points, images, 0)
    return None if matrix is None else np.asarray(matrix, dtype=np.float64)
