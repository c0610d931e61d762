"""Histograms that are filled value by value, and their drawing as SVG."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from math import floor, log10

import numpy as np

WIDTH, HEIGHT = 640, 230
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 30, 10, 26
_FLOOR = HEIGHT - _BOTTOM
_LABELS = 8
"""The most labels below a histogram, but one."""
_EVERY = (1, 2, 4, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
"""Possible numbers of bins from one label to the next, so that labels are round numbers."""


@dataclass(slots=True)
class Histogram:
    """The number of values in each bin from `least` to `most`. Values outside count in the first or the last bin.

    Attributes:
        least, most, step: the bins, in the unit of the values.
        counts: the index of a bin → how many values it has.
    """

    least: float
    most: float
    step: float
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, *values: float) -> None:
        """Count values. Many at once take less time than one by one."""
        last = round((self.most - self.least) / self.step) - 1
        bins = np.floor((np.array(values, np.float64) - self.least) / self.step + 1e-9).clip(0, last)
        self.counts.update(map(int, bins.tolist()))

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Series:
    """A histogram to draw: the CSS class of its bars, and their meaning."""

    histogram: Histogram
    style: str
    label: str


@dataclass(frozen=True, slots=True)
class _Axes:
    """The axes of a drawing: `first` is the index of the bin at the left, `per_bin` the width of a bin."""

    bins: Histogram
    first: int
    last: int
    highest: int
    is_log: bool

    @property
    def per_bin(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / (self.last - self.first + 1)

    def x(self, value: float) -> float:
        return _LEFT + ((value - self.bins.least) / self.bins.step - self.first) * self.per_bin

    def y(self, count: int) -> float:
        share = log10(1 + count) / log10(1 + self.highest) if self.is_log else count / self.highest
        return _FLOOR - share * (_FLOOR - _TOP)

    def value(self, index: int) -> float:
        return self.bins.least + index * self.bins.step


def draw(
    series: Sequence[Series], title: str, unit: str, *, lines: Sequence[tuple[float, str]] = (), is_log: bool = False
) -> str:
    """Histograms with the same bins as one drawing, with the bars of the second on those of the first.

    Args:
        series: what to draw.
        title: the description of the drawing for screen readers.
        unit: the text after each label of the axis.
        lines: the values of vertical lines, with their labels.
        is_log: whether the heights are logarithmic, so that low bars are visible too.

    Returns:
        An SVG element; "" if there are no values.
    """
    bins = series[0].histogram
    totals = Counter[int]()
    for one in series:
        totals.update(one.histogram.counts)
    if not totals:
        return ""
    shown = [*totals, *(floor((value - bins.least) / bins.step) for value, _ in lines)]
    axes = _Axes(bins, max(0, min(shown) - 1), max(shown) + 1, max(totals.values()), is_log)
    parts = [*_grid(axes, unit), *_rectangles(axes, series, unit), *_marks(axes, lines)]
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _grid(axes: _Axes, unit: str) -> Iterator[str]:
    """The axis with its labels, and horizontal lines with the counts."""
    yield f'<line class="axis" x1="{_LEFT}" y1="{_FLOOR}" x2="{WIDTH - _RIGHT}" y2="{_FLOOR}"/>'
    for count in _ticks(axes.highest, is_log=axes.is_log):
        y = axes.y(count)
        yield f'<line class="rule" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>'
        yield f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{count:,}</text>'
    every = next(number for number in _EVERY if number * _LABELS >= axes.last - axes.first)
    for index in range(axes.first, axes.last + 1):
        if index % every == 0:
            value = axes.value(index)
            yield f'<text x="{axes.x(value):.1f}" y="{HEIGHT - 8}">{_number(value)}{escape(unit)}</text>'


def _rectangles(axes: _Axes, series: Sequence[Series], unit: str) -> Iterator[str]:
    below = Counter[int]()
    for one in series:
        for index, count in sorted(one.histogram.counts.items()):
            low, high = axes.y(below[index]), axes.y(below[index] + count)
            below[index] += count
            value = axes.value(index)
            place = f'x="{axes.x(value) + 0.5:.1f}" y="{high:.1f}"'
            size = f'width="{max(1.0, axes.per_bin - 1):.1f}" height="{max(1.0, low - high):.1f}"'
            told = f"{_number(value)}{escape(unit)}, {escape(one.label)}: {count:,}"
            yield f'<rect class="{one.style}" {place} {size}><title>{told}</title></rect>'


def _marks(axes: _Axes, lines: Sequence[tuple[float, str]]) -> Iterator[str]:
    """Vertical lines. The label of the first of several stands at its left, so that two do not overlap."""
    for number, (value, label) in enumerate(lines):
        x = axes.x(value)
        is_left = number == 0 and len(lines) > 1
        yield f'<line class="mark" x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{_FLOOR}"/>'
        place = f'class="{"end" if is_left else "start"}" x="{x + (-4 if is_left else 4):.1f}" y="{_TOP - 14}"'
        yield f"<text {place}>{escape(label)}</text>"


def _ticks(highest: int, *, is_log: bool) -> list[int]:
    if is_log:
        return [10**power for power in range(len(str(highest))) if 10**power <= highest]
    return sorted({highest, highest // 2} - {0})


def _number(value: float) -> str:
    return f"{round(value, 3):g}"
