"""Smooth displacement of a page: offsets at the nodes of a lattice, interpolated bilinearly, fitted to scattered points.

The fit minimises the weighted squares of the residuals plus the squares of the second differences of neighbouring
nodes: bending costs, moving, turning and stretching do not. Outliers lose their weight by iteration (iteratively
reweighted least squares with the Geman-McClure weight, its scale lowered from round to round).
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions

Points = npt.NDArray[np.float64]
Bend = npt.NDArray[np.float32]
"""(rows, columns, 2) float32 offsets (x, y) in page pixels at the nodes; the outer nodes lie on the page's edges."""

NODES = (15, 11)
FITTING_ROUNDS = 5


def offsets_at(bend: Bend, points: Points, page: Dimensions) -> Points:
    """The offsets (n, 2) float64 at page points (n, 2); beyond the page those of its edge."""
    rows, columns = bend.shape[:2]
    x = np.clip(points[:, 0] / page.width, 0, 1) * (columns - 1)
    y = np.clip(points[:, 1] / page.height, 0, 1) * (rows - 1)
    column = np.minimum(x.astype(np.intp), columns - 2)
    row = np.minimum(y.astype(np.intp), rows - 2)
    across, down = (x - column)[:, None], (y - row)[:, None]
    upper = bend[row, column] * (1 - across) + bend[row, column + 1] * across
    lower = bend[row + 1, column] * (1 - across) + bend[row + 1, column + 1] * across
    found: Points = upper * (1 - down) + lower * down
    return found


def fit(
    points: Points,
    offsets: Points,
    weights: npt.NDArray[np.float64],
    page: Dimensions,
    *,
    loose: float,
    tight: float,
    stiffness: float,
    rounds: int = FITTING_ROUNDS,
) -> tuple[Bend, npt.NDArray[np.float64]]:
    """The smooth bend through scattered offsets.

    Args:
        points, offsets: (n, 2) float64, page pixels.
        weights: (n,) float64, how much each is to be believed.
        page: the page's Dimensions.
        loose, tight: the residual in page pixels that halves a point's weight, in the first and in the last round.
        stiffness: the weight of bending against residuals.
        rounds: how often outliers are weighed anew.

    Returns:
        The bend, and (n,) float64 the weights left, 0 to 1 times those that came: near 0 for outliers.
    """
    design = _interpolation(points, page)
    smoothness = stiffness * _bending_energy(NODES)
    nodes = np.zeros((design.shape[1], 2))
    left = np.ones(len(points))
    # What no point holds stays where it is.
    held = 1e-6 * np.eye(design.shape[1])
    for scale in np.geomspace(loose, tight, rounds):
        weighted = design * (weights * left)[:, None]
        nodes = np.linalg.solve(weighted.T @ design + smoothness + held, weighted.T @ offsets)
        squared = ((offsets - design @ nodes) ** 2).sum(axis=1)
        left = 1 / (1 + squared / scale**2) ** 2
    return nodes.reshape(*NODES, 2).astype(np.float32), left * weights


def _interpolation(points: Points, page: Dimensions) -> npt.NDArray[np.float64]:
    """(n, nodes) float64: how much of each node's offset each point has."""
    rows, columns = NODES
    x = np.clip(points[:, 0] / page.width, 0, 1) * (columns - 1)
    y = np.clip(points[:, 1] / page.height, 0, 1) * (rows - 1)
    column = np.minimum(x.astype(np.intp), columns - 2)
    row = np.minimum(y.astype(np.intp), rows - 2)
    across, down = x - column, y - row
    design = np.zeros((len(points), rows * columns))
    every = np.arange(len(points))
    for step_down, part_down in ((0, 1 - down), (1, down)):
        for step_across, part_across in ((0, 1 - across), (1, across)):
            design[every, (row + step_down) * columns + column + step_across] = part_down * part_across
    return design


@lru_cache(maxsize=4)
def _bending_energy(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """(nodes, nodes) float64: the quadratic form of the second differences along rows, columns, and across both."""
    rows, columns = shape
    along_x, along_y = _second_differences(columns), _second_differences(rows)
    mixed = np.kron(_differences(rows), _differences(columns))
    across = np.kron(np.eye(rows), along_x)
    down = np.kron(along_y, np.eye(columns))
    energy: npt.NDArray[np.float64] = across.T @ across + down.T @ down + 2 * mixed.T @ mixed
    return energy


def _differences(count: int) -> npt.NDArray[np.float64]:
    return np.diff(np.eye(count), axis=0)


def _second_differences(count: int) -> npt.NDArray[np.float64]:
    return np.diff(np.eye(count), n=2, axis=0)
