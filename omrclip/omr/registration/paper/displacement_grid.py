"""Displacement grids: offsets of page points at the nodes of a grid, bilinear in between, fitted to scattered points.

The fit minimises the weighted squares of the residuals plus the squares of the second differences of neighbouring
nodes. Bending has a cost; moving, turning and stretching have none. Outliers lose their weight by iteratively
reweighted least squares with the Geman-McClure weight, whose scale decreases from round to round.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions

DisplacementGrid = npt.NDArray[np.float32]
"""(rows, columns, 2) float32 offsets (x, y) in page pixels at the nodes; the outer nodes lie on the page's edges."""

NODES = (15, 11)
"""Rows and columns of nodes."""
FITTING_ROUNDS = 5
"""Rounds in which outliers are weighted anew."""
LEAST_PULL = 1e-6
"""Weight of the pull towards no offset that keeps the system of equations regular."""
SOFT = 0.006
"""Stiffness of a grid that follows the points closely."""
REST_PULL = 0.02
"""Weight of the pull towards no offset of a grid that is added to another one, so that it vanishes far from points."""
LOOSE_PER_TIGHT = 4
"""Residual at which a point loses weight, in the first round as a multiple of that in the last round."""


def flat() -> DisplacementGrid:
    """Return the displacement grid of flat paper."""
    return np.zeros((*NODES, 2), dtype=np.float32)


def offsets_at(bend: DisplacementGrid, points: Points, page: Dimensions) -> Points:
    """Return the offsets (n, 2) float64 at page points (n, 2); beyond the page those of its edge."""
    corners, parts = _cells(points, page, (bend.shape[0], bend.shape[1]))
    found: Points = (parts[:, :, None] * bend.reshape(-1, 2)[corners]).sum(axis=1)
    return found


def nodes(page: Dimensions) -> Points:
    """Return (rows · columns, 2) float64 the places of the nodes on the page."""
    rows, columns = NODES
    y, x = np.meshgrid(np.linspace(0, page.height, rows), np.linspace(0, page.width, columns), indexing="ij")
    return np.column_stack([x.ravel(), y.ravel()])


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
    pull: float = LEAST_PULL,
) -> tuple[DisplacementGrid, npt.NDArray[np.float64]]:
    """Fit a smooth displacement grid to scattered offsets.

    Args:
        points: (n, 2) float64, page pixels.
        offsets: (n, 2) float64, the displacement of each point.
        weights: (n,) float64, the weight of each point.
        page: the page's Dimensions.
        loose: the residual in page pixels that quarters a point's weight in the first round.
        tight: the same in the last round.
        stiffness: the weight of bending against residuals.
        rounds: the number of times that outliers are weighted anew.
        pull: the weight of the pull towards no offset, where no point determines the grid.

    Returns:
        The displacement grid, and (n,) float64 the remaining weights, near 0 for outliers.
    """
    if not len(points):
        return flat(), np.zeros(0)
    corners, parts = _cells(points, page, NODES)
    count = NODES[0] * NODES[1]
    stiff = _stiff(stiffness, pull)
    entries = (corners[:, :, None] * count + corners[:, None, :]).ravel()
    products = parts[:, :, None] * parts[:, None, :]
    left = np.ones(len(points))
    placed = np.zeros((count, 2))
    for scale in np.geomspace(loose, tight, rounds):
        trust = weights * left
        normal = np.bincount(entries, (trust[:, None, None] * products).ravel(), count**2).reshape(count, count)
        pulled = parts * trust[:, None]
        pulls = [np.bincount(corners.ravel(), (pulled * axis[:, None]).ravel(), count) for axis in offsets.T]
        placed = _solve(normal + stiff, np.column_stack(pulls))
        squared = ((offsets - (parts[:, :, None] * placed[corners]).sum(axis=1)) ** 2).sum(axis=1)
        left = 1 / (1 + squared / scale**2) ** 2
    return placed.reshape(*NODES, 2).astype(np.float32), left * weights


def fit_rest(
    points: Points,
    offsets: Points,
    weights: npt.NDArray[np.float64],
    page: Dimensions,
    sheet: DisplacementGrid,
    *,
    loose: float,
    stiffness: float,
    rounds: int = FITTING_ROUNDS,
) -> DisplacementGrid:
    """Fit a grid to the offsets that `sheet` leaves, zero far from all points; otherwise as `fit`."""
    left = offsets - offsets_at(sheet, points, page)
    tight = loose / LOOSE_PER_TIGHT
    bend, _ = fit(
        points, left, weights, page, loose=loose, tight=tight, stiffness=stiffness, rounds=rounds, pull=REST_PULL
    )
    return bend


def _solve(matrix: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Solve for the nodes, by blocks of two rows of nodes, each of which is coupled to the next block only.

    LAPACK solves the whole matrix faster on an idle machine. But it wakes threads for a matrix of this size, and while
    they wait for more work, they take a core from the processes that read other sheets.
    """
    size = 2 * NODES[1]
    solved: list[npt.NDArray[np.float64]] = []
    for start in range(0, len(matrix), size):
        end = min(start + size, len(matrix))
        own, coupling = matrix[start:end, start:end], matrix[start:end, end : end + size]
        rest = np.empty((end - start, coupling.shape[1] + 2))
        rest[:, :-2], rest[:, -2:] = coupling, right[start:end]
        if solved:
            tied = matrix[start:end, start - size : start] @ solved[-1]
            own = own - tied[:, :-2]
            rest[:, -2:] -= tied[:, -2:]
        _, block = cv2.solve(own, rest, flags=cv2.DECOMP_CHOLESKY)
        solved.append(np.asarray(block, dtype=np.float64))
    places = [solved.pop()]
    while solved:
        block = solved.pop()
        places.append(block[:, -2:] - block[:, :-2] @ places[-1])
    return np.vstack(places[::-1])


def _cells(
    points: Points, page: Dimensions, shape: tuple[int, int]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return (n, 4) the nodes around each point, and (n, 4) their weights."""
    rows, columns = shape
    x = np.clip(points[:, 0] / page.width, 0, 1) * (columns - 1)
    y = np.clip(points[:, 1] / page.height, 0, 1) * (rows - 1)
    column = np.minimum(x.astype(np.intp), columns - 2)
    row = np.minimum(y.astype(np.intp), rows - 2)
    across, down = x - column, y - row
    nodes_around = (row * columns + column)[:, None] + np.array([0, 1, columns, columns + 1])
    both = across * down
    return nodes_around, np.stack([1 - across - down + both, across - both, down - both, both], axis=1)


@lru_cache(maxsize=16)
def _stiff(stiffness: float, pull: float) -> npt.NDArray[np.float64]:
    return stiffness * _bending_energy(NODES) + pull * np.eye(NODES[0] * NODES[1])


@lru_cache(maxsize=4)
def _bending_energy(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return (nodes, nodes) float64, the quadratic form of the second differences along rows, columns, and both."""
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
