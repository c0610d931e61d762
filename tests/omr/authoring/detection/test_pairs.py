"""Pairs of ranges and values, compared with a search through all of them."""

import numpy as np
import pytest

from omrclip.omr.authoring.detection.pairs import pairs_within


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([1, 2, 2, 5], [0, 2, 3], [3, 5, 5]),
        ([1, 2, 3], [1.5, 9, 0], [1.6, 10, 0.5]),
        ([1, 2, 3], [2], [1]),
        ([], [0], [9]),
        ([1, 2], [], []),
    ],
    ids=["several of each", "empty ranges", "a range the wrong way round", "no values", "no ranges"],
)
def test_each_value_is_paired_with_the_ranges_around_it(
    values: list[float], low: list[float], high: list[float]
) -> None:
    found = pairs_within(*(np.array(each, np.float64) for each in (values, low, high)))
    ranges = list(zip(low, high, strict=True))
    expected = [(i, j) for i, (least, most) in enumerate(ranges) for j, one in enumerate(values) if least <= one < most]
    assert list(zip(*(each.tolist() for each in found), strict=True)) == expected
