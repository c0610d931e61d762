"""Histograms count each value in one bin, and draw what they counted."""

import pytest

from omrclip.omr.report.histogram import Histogram, Series, draw


@pytest.mark.parametrize(
    ("value", "index"), [(-1, 0), (0, 0), (0.0199, 0), (0.02, 1), (0.06, 3), (0.08, 4), (0.99, 49), (1, 49), (7, 49)]
)
def test_a_value_counts_in_its_bin_and_beyond_the_ends_in_the_last(value: float, index: int) -> None:
    bins = Histogram(0, 1, 0.02)
    bins.add(value)
    assert dict(bins.counts) == {index: 1}


def filled(*values: float) -> Histogram:
    bins = Histogram(-10, 10, 0.5)
    bins.add(*values)
    return bins


def test_bars_tell_their_values() -> None:
    drawn = draw([Series(filled(1, 1, 2), "a", "first"), Series(filled(1), "b", "second")], "Some & more", "°")
    assert 'aria-label="Some &amp; more"' in drawn
    for told in ("1°, first: 2", "2°, first: 1", "1°, second: 1"):
        assert f"<title>{told}</title>" in drawn


@pytest.mark.parametrize("is_log", [False, True])
def test_all_bars_lie_within_the_drawing(is_log: bool) -> None:
    drawn = draw(
        [Series(filled(-10, *[0] * 1000, 10), "a", "")], "", "", lines=[(-3, "low"), (3, "high")], is_log=is_log
    )
    heights = [float(part.split('"')[0]) for part in drawn.split(' height="')[1:]]
    assert len(heights) == 3
    assert all(1 <= height <= 175 for height in heights)
    assert (heights[0] > 10) is is_log, "few values show beside many"


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([Series(filled(), "a", "")], "", "", lines=[(1, "one")]) == ""
