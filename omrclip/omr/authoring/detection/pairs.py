"""Pairs of things near each other on a page, found for all of them at once."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.intp]


def pairs_within(in_order: Values, low: Values, high: Values) -> tuple[Indexes, Indexes]:
    """The indexes of each range, and of each of some values that lies in it: low <= value < high.

    Args:
        in_order: (n,) the values, the least first.
        low: (m,) the ends of the ranges.
        high: (m,) their other ends.

    Returns:
        The indexes of ranges and of values, one of each for a pair, by ranges.
    """
    first, end = np.searchsorted(in_order, low), np.searchsorted(in_order, high)
    counts = np.maximum(end - first, 0)
    ranges = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return ranges, np.arange(len(ranges)) + (first - before)[ranges]
