"""Point-pattern matching: the bubbles of a template against the blobs of a scan.

Answer grids repeat themselves, so a few points that fit prove nothing. One blob, the anchor, is paired with each bubble
of the template in turn. Two neighbours of the anchor and of the bubble determine rotation, scale and slant there. Each
trial then grows outwards, from the bubbles near by to the whole page. Where several maps fit, `rivals` decides between
them later, when the map is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.omr.registration import neighbours

NEIGHBOURS = 24
"""Neighbours of a bubble by which a trial is scored before it grows."""
GROWTH = (16, 40, 100, 250, 600, 1500, 4000)
"""Bubbles, the nearest to the seed, to which the map is fitted step by step."""
TRIALS_GROWN = 160
"""Best trials of an anchor that are grown."""
LEAST_POINTS = 4
"""Points that each pattern must have: as many determine a homography."""
SCORE_ENDING_SEARCH = 0.85
"""Part of the bubbles, 0 to 1: from this score on, no further anchor is tried if the map is accepted."""
MOST_MAPS = 4
"""Maps that are returned."""
LEAST_MAPS_APART = 0.5
"""Median distance, in blob sizes, by which two returned maps differ."""
_ORDERS = ((0, 1), (1, 0))
"""Orders in which the two neighbours of a bubble may be those of the anchor."""
_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""Signs of the two vectors: a neighbour may lie on either side."""
ANCHORS = 5
"""Blobs that are tried as anchors."""
ANCHOR_NEIGHBOUR = 4
"""Rank of the neighbour whose distance says how crowded the surroundings of a blob are."""
CROWDED_PART = 0.7
"""Part of the blobs, the most crowded, that may be anchors: the others are stray shapes outside of the pattern."""
LEAST_SUPPORT = 0.6
"""Support of a trial that is grown, as a part of the best trial's support."""
LEAST_PAIRED = 0.6
"""Part of the bubbles of a growth step that must have a blob for the map to grow on."""
BUBBLES_KEPT_WITHOUT_GROWTH = 100
"""Bubbles: a map that stops growing before this step is dropped; later it is kept, since bent paper stops growth."""
LEAST_SCALE, MOST_SCALE = 0.62, 1.6
"""Scale of a map as a multiple of the ratio of the sizes: templates have bubbles up to 1.4 times those printed."""
LEAST_AXES_RATIO, MOST_AXES_RATIO = 0.7, 1.43
"""Ratio between the scales of the two axes of a trial."""
LEAST_AXES_SINE = 0.75
"""Sine of the angle between the axes of a trial: with less, the page would be too slanted."""
LEAST_NEIGHBOURS_SINE = 0.6
"""Sine of the angle between the directions to the two neighbours that determine a trial."""
PAIRED_WITHIN = 0.45
"""Distance in bubble sizes within which a blob is paired with a bubble while growing: less than half a pitch."""
LEAST_FOR_HOMOGRAPHY = 12
"""Pairs from which a homography is fitted; an affine map is fitted to fewer, with robustness against outliers."""
UNKNOWNS = 8
"""Unknown numbers of a homography; the last of nine is 1."""
LEAST_PULL, LEAST_SPREAD = 1e-9, 1e-9
"""Weight of the pull towards zero that keeps the equations of a homography regular where the pairs do not determine
it, and least spread of points that is divided by."""
PLACES_AT_ONCE = 1 << 17
"""Bubbles of all trials that are grown at once: tables of some 20 MB."""
CELLS_PER_SPACING, LEAST_CELL = 6, 1.0
"""Cells of the table of nearest points per distance between points, and the least side of a cell."""
SPACINGS_AROUND = 2
"""Margin of the table of nearest points, in distances between points."""
CHAMFER_SIDE = 5
"""Side of the mask of OpenCV's distance transform."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternMap:
    """One map of the bubbles onto the blobs.

    Attributes:
        matrix: (3, 3) float64 projective map, bubbles' points → blobs' points.
        bubbles, blobs: (m,) int the indices of the pairs.
        score: 0 to 1, the part of the bubbles that are paired. Unpaired blobs do not lower it, since a template may
            describe only a part of the form.
    """

    matrix: ops.Matrix
    bubbles: npt.NDArray[np.intp]
    blobs: npt.NDArray[np.intp]
    score: float


class Nearest:
    """A table that gives the nearest of some points to any place; distances are exact."""

    def __init__(self, points: Points, spacing: float) -> None:
        self.points = points
        self._cell = max(spacing / CELLS_PER_SPACING, LEAST_CELL)
        self._origin = points.min(axis=0) - SPACINGS_AROUND * spacing
        end = points.max(axis=0) + SPACINGS_AROUND * spacing
        columns, rows = (np.ceil((end - self._origin) / self._cell)).astype(int) + 1
        free = np.full((rows, columns), 255, dtype=np.uint8)
        at = ((points - self._origin) / self._cell).astype(np.intp)
        free[at[:, 1], at[:, 0]] = 0
        _, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, CHAMFER_SIDE, labelType=cv2.DIST_LABEL_PIXEL)
        number = np.zeros(int(labels.max()) + 1, dtype=np.intp)
        number[labels[at[:, 1], at[:, 0]]] = np.arange(len(points))
        self._table = number[labels]

    def find(self, places: Points) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Return the indices and distances of the nearest points, shaped as `places` without its last axis."""
        rows, columns = self._table.shape
        # NaN goes to the first cell.
        at = np.fmin(np.fmax((places - self._origin) / self._cell, 0), (columns - 1, rows - 1)).astype(np.intp)
        found = self._table[at[..., 1], at[..., 0]]
        away = self.points[found] - places
        return found, np.sqrt(away[..., 0] ** 2 + away[..., 1] ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The bubbles of a template, and what matching needs of them; it is computed once for a template.

    Attributes:
        points: (n, 2) float64 centres on the page.
        size: the root of the area of one.
        around: (n, k) int the indices of the nearest bubbles of each bubble, itself first.
        bases: (n, 2, 2) see `_bases`.
    """

    points: Points
    size: float
    around: npt.NDArray[np.intp]
    bases: npt.NDArray[np.float64]

    @classmethod
    def of(cls, points: Points, size: float) -> "Pattern":
        """Prepare the bubbles (n, 2) of a template."""
        around = neighbours.nearest(points, max(NEIGHBOURS + 1, GROWTH[1]))
        bases = (
            _bases(points, around[:, : NEIGHBOURS + 1]) if around.shape[1] > 1 else np.full((len(points), 2, 2), np.nan)
        )
        return cls(points, size, around, bases)

    def nearest(self, seeds: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
        """Return (s, count) the bubbles nearest to each seed, itself first; fewer columns where there are fewer."""
        if count <= self.around.shape[1]:
            return self.around[seeds, :count]
        squared = ((self.points[seeds][:, None] - self.points) ** 2).sum(axis=2)
        return np.argsort(squared, axis=1, kind="stable")[:, :count]


def match(
    pattern: Pattern, blobs: Points, blob_size: float, is_accepted: Callable[[PatternMap], bool] = lambda _: True
) -> list[PatternMap]:
    """Match bubbles to blobs, and return the maps that fit, the best first; no two are closer than half a blob.

    Args:
        pattern: the bubbles.
        blobs: (m, 2) float64 centres in the scan, of shapes of about one size.
        blob_size: this size, the root of the area of one.
        is_accepted: whether a map that nearly all bubbles fit may be right. If not, the next anchor is tried: an anchor
            may be no bubble, such as a box to write a digit in above a grid, and then all its maps are some rows off.
    """
    bubbles = pattern.points
    if len(bubbles) < LEAST_POINTS or len(blobs) < LEAST_POINTS:
        return []
    nearest, within = Nearest(blobs, blob_size), PAIRED_WITHIN * blob_size
    around = pattern.around[:, : NEIGHBOURS + 1]
    trials_at_once = max(1, PLACES_AT_ONCE // len(bubbles))
    maps: list[PatternMap] = []
    for anchor in _anchors(blobs):
        seeds, affines = _trials(bubbles, pattern.bases, blobs, anchor, blob_size / pattern.size)
        supports = _support(bubbles, around[seeds], affines, nearest, within)
        chosen = np.argsort(-supports, kind="stable")[:TRIALS_GROWN]
        chosen = chosen[supports[chosen] >= LEAST_SUPPORT * supports.max(initial=0)]
        for start in range(0, len(chosen), trials_at_once):
            some = chosen[start : start + trials_at_once]
            maps += _grown(pattern, seeds[some], affines[some], nearest, within)
        maps = _distinct(bubbles, maps, blob_size)
        if maps and maps[0].score > SCORE_ENDING_SEARCH and is_accepted(maps[0]):
            break
    return maps


def _distinct(bubbles: Points, maps: list[PatternMap], blob_size: float) -> list[PatternMap]:
    kept: list[PatternMap] = []
    placed: list[Points] = []
    for found in sorted(maps, key=lambda m: -m.score):
        points = ops.transform(found.matrix, bubbles)
        if len(kept) < MOST_MAPS and all(_apart(points, other) > LEAST_MAPS_APART * blob_size for other in placed):
            kept.append(found)
            placed.append(points)
    return kept


def _apart(one: Points, other: Points) -> float:
    return float(np.median(np.linalg.norm(one - other, axis=1)))


def _anchors(blobs: Points) -> list[int]:
    """Return the anchors: blobs spread over the pattern, each surrounded by others."""
    crowded = neighbours.distances_to(blobs, ANCHOR_NEIGHBOUR)
    eligible = np.flatnonzero(crowded <= np.quantile(crowded, CROWDED_PART))
    centre = blobs[eligible].mean(axis=0)
    # Fewer places look alike at the rim of a grid than in its middle.
    chosen = [int(eligible[np.argmax(((blobs[eligible] - centre) ** 2).sum(axis=1))])]
    while len(chosen) < min(ANCHORS, len(eligible)):
        squared = ((blobs[eligible][:, None] - blobs[chosen]) ** 2).sum(axis=2)
        chosen.append(int(eligible[np.argmax(squared.min(axis=1))]))
    return chosen


def _bases(points: Points, around: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return (n, 2, 2) the vectors to the nearest neighbour and to the nearest in another direction; NaN if missing."""
    vectors = points[around[:, 1:]] - points[around[:, :1]]
    lengths = np.linalg.norm(vectors, axis=2)
    first = vectors[:, 0]
    sines = np.abs(first[:, :1] * vectors[:, :, 1] - first[:, 1:] * vectors[:, :, 0])
    aside = sines > LEAST_NEIGHBOURS_SINE * lengths[:, :1] * lengths
    every = np.arange(len(around))
    second = vectors[every, np.argmax(aside, axis=1)]
    bases = np.stack([first, second], axis=1)
    bases[~(aside.any(axis=1) & (lengths[:, 0] > 0))] = np.nan
    return bases


def _trials(
    bubbles: Points, bases: npt.NDArray[np.float64], blobs: Points, anchor: int, scale: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return (t,) seeds and (t, 2, 3) maps that put a bubble onto the anchor, and neighbours onto neighbours."""
    squared = ((blobs - blobs[anchor]) ** 2).sum(axis=1)
    around = np.argsort(squared, kind="stable")[: NEIGHBOURS + 1]
    there = _bases(blobs, around[None, :])[0] if len(around) > 1 else np.full((2, 2), np.nan)
    images = np.array([there[list(order)] * np.array(signs)[:, None] for order in _ORDERS for signs in _SIGNS])
    usable = np.flatnonzero(np.isfinite(bases).all(axis=(1, 2)))
    if not np.isfinite(there).all() or not len(usable):
        return np.zeros(0, dtype=np.intp), np.zeros((0, 2, 3))
    inverse = ops.inverse(bases[usable])
    # The rows of a basis are vectors: basis · linearᵀ = images.
    linear = np.swapaxes(inverse[:, None] @ images[None], 2, 3).reshape(-1, 2, 2)
    seeds = np.repeat(usable, len(images))
    plausible = _plausible(linear, scale)
    linear, seeds = linear[plausible], seeds[plausible]
    shifts = blobs[anchor] - np.einsum("tij,tj->ti", linear, bubbles[seeds])
    return seeds, np.concatenate([linear, shifts[:, :, None]], axis=2)


def _plausible(linear: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.bool_]:
    """Return which linear maps neither mirror nor squeeze, and agree in scale with the sizes of bubbles and blobs."""
    area = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    lengths = np.linalg.norm(linear, axis=1)
    ratio = lengths[:, 0] / np.maximum(lengths[:, 1], 1e-9)
    scaled = (area > (LEAST_SCALE * scale) ** 2) & (area < (MOST_SCALE * scale) ** 2)
    plausible: npt.NDArray[np.bool_] = (
        scaled
        & (ratio > LEAST_AXES_RATIO)
        & (ratio < MOST_AXES_RATIO)
        & (area > LEAST_AXES_SINE * lengths[:, 0] * lengths[:, 1])
    )
    return plausible


def _support(
    bubbles: Points, around: npt.NDArray[np.intp], affines: npt.NDArray[np.float64], nearest: Nearest, within: float
) -> npt.NDArray[np.float64]:
    """Return (trials,) how many of the bubbles around its seed each map puts onto blobs, weighted by their distance."""
    places = np.einsum("tij,tkj->tki", affines[:, :, :2], bubbles[around]) + affines[:, None, :, 2]
    _, distances = nearest.find(places)
    support: npt.NDArray[np.float64] = np.clip(1 - (distances / within) ** 2, 0, None).sum(axis=1)
    return support


def _grown(
    pattern: Pattern,
    seeds: npt.NDArray[np.intp],
    affines: npt.NDArray[np.float64],
    nearest: Nearest,
    within: float,
) -> list[PatternMap]:
    """Grow trials step by step, all at once, and return the maps of those that are not dropped."""
    bubbles = pattern.points
    matrices = np.concatenate([affines, np.broadcast_to([[[0.0, 0.0, 1.0]]], (len(seeds), 1, 3))], axis=1)
    growing, dropped = np.arange(len(seeds)), np.zeros(len(seeds), dtype=np.bool_)
    for count in GROWTH:
        near = pattern.nearest(seeds[growing], count)
        blobs, paired = _paired(_placed(matrices[growing], bubbles[near]), nearest, within)
        enough = paired.sum(axis=1) >= LEAST_PAIRED * near.shape[1]
        fitted = np.full((len(growing), 3, 3), np.nan)
        fitted[enough] = _fitted(bubbles[near[enough]], nearest.points[blobs[enough]], paired[enough])
        fits = np.isfinite(fitted).all(axis=(1, 2))
        if count < BUBBLES_KEPT_WITHOUT_GROWTH:
            dropped[growing[~fits]] = True
        # On bent paper only the near bubbles fit; a displacement grid finds the others later.
        growing = growing[fits]
        matrices[growing] = fitted[fits]
        if count >= len(bubbles) or not len(growing):
            break
    matrices = matrices[~dropped]
    blobs, paired = _paired(
        _placed(matrices, np.broadcast_to(bubbles, (len(matrices), *bubbles.shape))), nearest, within
    )
    maps = []
    for matrix, found, there in zip(matrices, blobs, paired, strict=True):
        those = np.flatnonzero(there)
        if len(those) >= LEAST_POINTS:
            maps.append(PatternMap(matrix, those, found[those], len(those) / len(bubbles)))
    return maps


def _placed(matrices: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Map (t, n, 2) points by (t, 3, 3) maps."""
    homogeneous = points @ np.swapaxes(matrices[:, :, :2], 1, 2) + matrices[:, None, :, 2]
    with np.errstate(divide="ignore", invalid="ignore"):  # a point on the horizon has no place
        placed: npt.NDArray[np.float64] = homogeneous[:, :, :2] / homogeneous[:, :, 2:]
    return placed


def pairs_of(placed: Points, nearest: Nearest, within: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the indices of places and of the points within reach of them, each point with its nearest place only."""
    found, paired = _paired(placed[None], nearest, within)
    there = np.flatnonzero(paired[0])
    return there, found[0, there]


def _paired(
    placed: npt.NDArray[np.float64], nearest: Nearest, within: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return (t, n) the points nearest to the places (t, n, 2) of each trial, and (t, n) which of them are pairs."""
    found, distances = nearest.find(placed)
    near = np.flatnonzero(distances < within)
    trials, places = placed.shape[:2]
    point = found.ravel()[near] + near // max(1, places) * len(nearest.points)
    # Of several places at one point of a trial, the nearest is written last; of equally near ones the first.
    farthest_first = np.argsort(distances.ravel()[near], kind="stable")[::-1]
    owner = np.empty(trials * len(nearest.points), dtype=np.intp)
    owner[point[farthest_first]] = near[farthest_first]
    paired = np.zeros(trials * places, dtype=np.bool_)
    paired[near[owner[point] == near]] = True
    return found, paired.reshape(trials, places)


def _fitted(
    points: npt.NDArray[np.float64], images: npt.NDArray[np.float64], paired: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return (t, 3, 3) the maps of (t, n, 2) points to their images, fitted to the pairs; NaN where there is none."""
    fitted = np.full((len(points), 3, 3), np.nan)
    many = paired.sum(axis=1) >= LEAST_FOR_HOMOGRAPHY
    fitted[many] = _homographies(points[many], images[many], paired[many])
    for trial in np.flatnonzero(~many):
        those = paired[trial]
        affine, _ = cv2.estimateAffine2D(points[trial, those], images[trial, those], method=cv2.LMEDS)
        if affine is not None:
            fitted[trial] = np.vstack([affine, [0, 0, 1]])
    return fitted


def _homographies(
    points: npt.NDArray[np.float64], images: npt.NDArray[np.float64], paired: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return (t, 3, 3) homographies by the normalised direct linear transformation (Hartley, PAMI 19, 1997).

    `cv2.findHomography` also minimises the distances in the image, which a map that only grows does not need, and
    takes one pattern at a time.
    """
    weights = paired.astype(np.float64)
    to_unit, unit = _normalised(points, weights)
    image_to_unit, image = _normalised(images, weights)
    plain = np.concatenate([unit, weights[:, :, None]], axis=2)
    by_axis = np.zeros((len(points), 2, points.shape[1], UNKNOWNS))
    by_axis[:, 0, :, 0:3] = by_axis[:, 1, :, 3:6] = plain
    by_axis[:, :, :, 6:] = -np.swapaxes(image, 1, 2)[:, :, :, None] * unit[:, None]
    rows = by_axis.reshape(len(points), 2 * points.shape[1], UNKNOWNS)
    right = np.swapaxes(image, 1, 2).reshape(len(points), 2 * points.shape[1], 1)
    across = np.swapaxes(rows, 1, 2)
    normal = across @ rows + LEAST_PULL * np.eye(UNKNOWNS)
    found = np.linalg.solve(normal, across @ right)[:, :, 0]
    matrices = np.concatenate([found, np.ones((len(found), 1))], axis=1).reshape(-1, 3, 3)
    whole: npt.NDArray[np.float64] = np.linalg.inv(image_to_unit) @ matrices @ to_unit
    return whole


def _normalised(
    points: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return (t, 3, 3) the maps of each set of points to unit spread about zero, and (t, n, 2) the mapped points.

    Points (t, n, 2) with the weight 0 do not count, and are mapped to zero; others have the weight 1.
    """
    count = weights.sum(axis=1)
    middle = (points * weights[:, :, None]).sum(axis=1) / count[:, None]
    away = (points - middle[:, None]) * weights[:, :, None]
    spread = np.maximum(np.sqrt((away**2).sum(axis=(1, 2)) / count), LEAST_SPREAD)
    maps = np.zeros((len(points), 3, 3))
    maps[:, 0, 0] = maps[:, 1, 1] = 1 / spread
    maps[:, :2, 2] = -middle / spread[:, None]
    maps[:, 2, 2] = 1
    return maps, away / spread[:, None, None]
