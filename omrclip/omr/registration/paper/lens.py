"""Perspective and lens distortion: the image of a flat sheet in a camera that bends straight lines a little.

The lens has one coefficient of radial distortion (Brown, Photogrammetric Engineering 32, 1966) about the centre of the
picture, in the division-free form x_ideal = x + (x − centre) · k · r², with r in half diagonals of the picture. Photos
of phones have 0 to 5 % of distortion.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper import displacement_grid

STRONGEST = 0.12
"""Coefficient of the strongest lens distortion that is tried first."""
FINER_SEARCH = 8
"""Divides the range of coefficients for the second search."""
MOST_ERROR_LEFT = 0.6
"""Part of the mean square error that a lens may leave for its distortion to be accepted."""
LEAST_POINTS = 20
"""Points from which lens distortion is fitted; with fewer, only perspective."""
INVERSION_ROUNDS = 12
"""Rounds of the fixed point iteration that applies the distortion."""
MOST_SQUARED_RADIUS, LEAST_FACTOR = 4.0, 0.3
"""Squared distance from the centre, in half diagonals, and factor of the distortion to which the iteration is limited:
far outside the picture the formula is not invertible, and no page lies there."""


@dataclass(frozen=True, slots=True, eq=False)
class Perspective:
    """A flat sheet through a lens: `matrix` (3, 3) page → scan, of page points moved by `bend`."""

    matrix: ops.Matrix
    bend: displacement_grid.DisplacementGrid


def fit_perspective(points: Points, in_scan: Points, page: Dimensions, scan: Dimensions) -> Perspective:
    """Fit the perspective, and the lens if it helps, that maps page points (n, 2) to scan points (n, 2)."""
    plain = _fitted(points, in_scan)
    if len(points) < LEAST_POINTS:
        return Perspective(plain, displacement_grid.flat())
    without, best = _error(points, in_scan), 0.0
    for reach in (STRONGEST, STRONGEST / FINER_SEARCH):
        best = _lowest(points, in_scan, scan, best, reach)
        if _error(points, _straightened(in_scan, scan, best)) > MOST_ERROR_LEFT * without:
            return Perspective(plain, displacement_grid.flat())
    matrix = _fitted(points, _straightened(in_scan, scan, best))
    nodes = displacement_grid.nodes(page)
    seen = distorted(ops.transform(matrix, nodes), scan, best)
    moved = ops.transform(ops.inverse(matrix), seen) - nodes
    return Perspective(matrix, moved.reshape(*displacement_grid.NODES, 2).astype(np.float32))


def _fitted(points: Points, images: Points) -> ops.Matrix:
    matrix, _ = cv2.findHomography(points, images, 0)
    return np.eye(3) if matrix is None else np.asarray(matrix, dtype=np.float64)


def _lowest(points: Points, in_scan: Points, scan: Dimensions, about: float, reach: float) -> float:
    """Return the coefficient at the minimum of the parabola through three errors."""
    tried = [about - reach, about, about + reach]
    before, here, after = (_error(points, _straightened(in_scan, scan, k)) for k in tried)
    curvature = before - 2 * here + after
    if curvature <= 0:
        return tried[int(np.argmin([before, here, after]))]
    return about + float(np.clip(0.5 * (before - after) / curvature, -1, 1)) * reach


def _error(points: Points, images: Points) -> float:
    """Return the mean square distance on the page."""
    back = _fitted(images, points)
    return float(((ops.transform(back, images) - points) ** 2).sum(axis=1).mean())


def _straightened(in_scan: Points, scan: Dimensions, k: float) -> Points:
    centre, unit = middle(scan)
    out = (in_scan - centre) / unit
    straight: Points = centre + unit * out * (1 + k * (out**2).sum(axis=1, keepdims=True))
    return straight


def distorted(ideal: Points, scan: Dimensions, k: float) -> Points:
    """Return where a lens of this coefficient shows points (n, 2) that a perfect one shows at `ideal`; scan pixels."""
    # The inverse of `_straightened`, by fixed point iteration: k is small.
    centre, unit = middle(scan)
    target = (ideal - centre) / unit
    out = target
    for _ in range(INVERSION_ROUNDS):
        squared = np.minimum((out**2).sum(axis=1, keepdims=True), MOST_SQUARED_RADIUS)
        out = target / np.maximum(1 + k * squared, LEAST_FACTOR)
    shown: Points = centre + unit * out
    return shown


def middle(scan: Dimensions) -> tuple[npt.NDArray[np.float64], float]:
    """Return (2,) the centre of the picture, and half its diagonal; scan pixels."""
    return np.array([scan.width / 2, scan.height / 2]), float(np.hypot(scan.width, scan.height)) / 2
