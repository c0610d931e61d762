"""Perspective together with the lens: what is seen of a flat sheet by a camera whose lines are not quite straight.

One coefficient of radial distortion (Brown, Photogrammetric Engineering 32, 1966) about the picture's middle, in the
division-free form x_ideal = x + (x − middle) · k · r², r in half diagonals of the picture. Phones leave 0 to 5 % of it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper import displacement_grid as bending

Points = npt.NDArray[np.float64]
STRONGEST = 0.12
WORTH = 0.6
"""How much of the mean square error a lens must leave at most, to be believed in."""
LEAST_POINTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Perspective:
    """A flat sheet through a lens: `matrix` (3, 3) page → scan, of page points moved by `bend`."""

    matrix: ops.Matrix
    bend: bending.Bend


def fit_perspective(points: Points, in_scan: Points, page: Dimensions, scan: Dimensions) -> Perspective:
    """The perspective that takes page points (n, 2) nearest to scan points (n, 2), by least squares."""
    plain = _fitted(points, in_scan)
    if len(points) < LEAST_POINTS:
        return Perspective(plain, bending.flat())
    without, best = _error(points, in_scan), 0.0
    for reach in (STRONGEST, STRONGEST / 8):
        best = _lowest(points, in_scan, scan, best, reach)
        if _error(points, _straightened(in_scan, scan, best)) > WORTH * without:
            return Perspective(plain, bending.flat())
    matrix = _fitted(points, _straightened(in_scan, scan, best))
    nodes = bending.nodes(page)
    seen = distorted(ops.transform(matrix, nodes), scan, best)
    moved = ops.transform(ops.inverse(matrix), seen) - nodes
    return Perspective(matrix, moved.reshape(*bending.NODES, 2).astype(np.float32))


def _fitted(points: Points, images: Points) -> ops.Matrix:
    matrix, _ = cv2.findHomography(points, images, 0)
    return np.eye(3) if matrix is None else np.asarray(matrix, dtype=np.float64)


def _lowest(points: Points, in_scan: Points, scan: Dimensions, about: float, reach: float) -> float:
    """The coefficient at the bottom of the parabola through three errors: what a lens moves grows evenly with it."""
    tried = [about - reach, about, about + reach]
    before, here, after = (_error(points, _straightened(in_scan, scan, k)) for k in tried)
    curvature = before - 2 * here + after
    if curvature <= 0:
        return tried[int(np.argmin([before, here, after]))]
    return about + float(np.clip(0.5 * (before - after) / curvature, -1, 1)) * reach


def _error(points: Points, images: Points) -> float:
    """Mean square distance on the page."""
    back = _fitted(images, points)
    return float(((ops.transform(back, images) - points) ** 2).sum(axis=1).mean())


def _straightened(in_scan: Points, scan: Dimensions, k: float) -> Points:
    centre, unit = middle(scan)
    out = (in_scan - centre) / unit
    straight: Points = centre + unit * out * (1 + k * (out**2).sum(axis=1, keepdims=True))
    return straight


def distorted(ideal: Points, scan: Dimensions, k: float) -> Points:
    """Where a lens of this coefficient shows points (n, 2) that a perfect one would show at `ideal`; scan pixels."""
    # The inverse of `_straightened`, by fixed point iteration: k is small.
    centre, unit = middle(scan)
    target = (ideal - centre) / unit
    out = target
    for _ in range(12):
        # Far outside the picture the formula folds back on itself; no page is looked for there.
        out = target / np.maximum(1 + k * np.minimum((out**2).sum(axis=1, keepdims=True), 4.0), 0.3)
    shown: Points = centre + unit * out
    return shown


def middle(scan: Dimensions) -> tuple[npt.NDArray[np.float64], float]:
    """(2,) the picture's middle, and half its diagonal; scan pixels."""
    return np.array([scan.width / 2, scan.height / 2]), float(np.hypot(scan.width, scan.height)) / 2
