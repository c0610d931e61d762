"""The nearest of many points, computed in blocks: a table of all distances between 10,000 points takes 800 MB."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Points

_BLOCK_DISTANCES = 1 << 18
"""Distances in one block: 2 MB, about the size of a processor's cache."""


def nearest(points: Points, count: int) -> npt.NDArray[np.intp]:
    """Return (n, count) the indices of the points nearest to each point, itself included; ties go to the first.

    With fewer than `count` points, there are as many columns as points.
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
    """Return (n,) the squared distance of each point to its neighbour of a rank; the point itself has the rank 0."""
    rank = min(rank, len(points) - 1)
    found = np.empty(len(points))
    for block, squared in _blocks(points):
        found[block] = np.partition(squared, rank, axis=1)[:, rank]
    return found


def _blocks(points: Points) -> Iterator[tuple[slice, Points]]:
    """Yield blocks of rows of the table of squared distances."""
    rows = max(1, _BLOCK_DISTANCES // max(1, len(points)))
    x, y = points.T.copy()
    for start in range(0, len(points), rows):
        block = slice(start, start + rows)
        squared = (x[block, None] - x) ** 2
        squared += (y[block, None] - y) ** 2
        yield block, squared
