"""The nearest of many points, a block of points at a time: a table of all distances between 10,000 takes 800 MB."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

_BLOCK_DISTANCES = 1 << 18
"""Distances that are looked at at a time: 2 MB of them, about what a processor's caches hold."""


def nearest(points: Points, count: int) -> npt.NDArray[np.intp]:
    """(n, count) the indices of the points nearest to each, itself among them; of equally near ones the first.

    With fewer than `count` points there are as many columns as points.
    """
    count = min(count, len(points))
    found = np.empty((len(points), count), np.intp)
    for block, squared in _blocks(points):
        farthest = np.partition(squared, count - 1, axis=1)[:, count - 1 :][:, :1]
        rows, columns = np.nonzero(squared <= farthest)
        order = np.lexsort((columns, squared[rows, columns], rows))
        begins = np.searchsorted(rows, np.arange(len(squared)))
        found[block] = columns[order[begins[:, None] + np.arange(count)]]
    return found


def distances_to(points: Points, rank: int) -> npt.NDArray[np.float64]:
    """(n,) the squared distance of each point to its nearest one of a rank; itself has the rank 0."""
    rank = min(rank, len(points) - 1)
    found = np.empty(len(points))
    for block, squared in _blocks(points):
        found[block] = np.partition(squared, rank, axis=1)[:, rank]
    return found


def _blocks(points: Points) -> Iterator[tuple[slice, Points]]:
    """Rows of the table of squared distances, as many at a time as fit into a block."""
    rows = max(1, _BLOCK_DISTANCES // max(1, len(points)))
    x, y = points.T.copy()
    for start in range(0, len(points), rows):
        block = slice(start, start + rows)
        squared = (x[block, None] - x) ** 2
        squared += (y[block, None] - y) ** 2
        yield block, squared
