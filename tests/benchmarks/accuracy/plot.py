"""The picture of what came out: for each level of each respect, what became of the fields, and where the clips lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from tests.benchmarks.accuracy.judging import Outcome, Verdict
from tests.sheets.strengths import LEVELS

COLUMNS: Final = 2
COLUMN: Final = 500  # px, with the labels, the bars, and the clips' offsets
LABEL, BAR, ROW = 190, 220, 15
TOP: Final = 58
COLOURS: Final = {"right": "#5aa469", "flagged": "#e8b647", "rejected": "#a9b0b7", "silently wrong": "#c0392b"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One level: the shares (0 to 1) of its fields under COLOURS, and the clips' 95th percentile in page pixels."""

    respect: str
    label: str
    within: bool
    shares: tuple[float, ...]
    offset: float | None


def svg(outcomes: Sequence[Outcome]) -> str:
    """The picture as the text of an SVG file."""
    bars = list(_bars(outcomes))
    respects = list(dict.fromkeys(bar.respect for bar in bars))
    lines = [row for respect in respects for row in (respect, *(bar for bar in bars if bar.respect == respect))]
    in_column = -(-len(lines) // COLUMNS)
    height = TOP + in_column * ROW + 16
    drawn = "\n".join(
        _line(line, COLUMN * (number // in_column) + 16, TOP + ROW * (number % in_column))
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{COLUMNS * COLUMN}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="#222">\n<rect width="100%" height="100%" fill="#fff"/>\n'
        f"{_legend()}\n{drawn}\n</svg>\n"
    )


def _bars(outcomes: Sequence[Outcome]) -> Iterator[Bar]:
    groups: dict[tuple[str, str, bool], list[Outcome]] = {}
    levels = list(LEVELS)
    for outcome in sorted(outcomes, key=lambda it: (levels.index(it.case.level), not it.within)):
        level = outcome.case.hardness
        groups.setdefault((level.respect, level.label, outcome.within), []).append(outcome)
    for (respect, label, within), group in groups.items():
        offsets = [offset for outcome in group for offset in outcome.offsets.values()]
        offset = float(np.percentile(offsets, 95)) if offsets else None
        yield Bar(respect, label, within, _shares(group), offset)


def _shares(outcomes: Sequence[Outcome]) -> tuple[float, ...]:
    """Right, flagged, rejected, silently wrong; a sheet that was not read counts with all of its fields."""
    right, flagged, wrong = (sum(outcome.count(verdict) for outcome in outcomes) for verdict in Verdict)
    fields = sum(outcome.fields for outcome in outcomes)
    return tuple(count / fields for count in (right, flagged, fields - right - flagged - wrong, wrong))


def _legend() -> str:
    title = '<text x="16" y="22" font-size="14" font-weight="bold">What became of the fields</text>'
    where = f'<text x="{COLUMN - 42}" y="46" fill="#666" text-anchor="end">clips’ 95th percentile, page px</text>'
    keys = "".join(
        f'<rect x="{230 + 110 * number}" y="13" width="11" height="11" fill="{colour}"/>'
        f'<text x="{246 + 110 * number}" y="22">{name}</text>'
        for number, (name, colour) in enumerate(COLOURS.items())
    )
    return f'{title}{keys}<text x="690" y="22" fill="#666">grey names: beyond the limits</text>{where}'


def _line(line: str | Bar, left: int, top: int) -> str:
    if isinstance(line, str):
        return f'<text x="{left}" y="{top + 11}" font-weight="bold">{escape(line)}</text>'
    colour = "#222" if line.within else "#999"
    x, parts = float(left + LABEL), []
    for share, fill in zip(line.shares, COLOURS.values(), strict=True):
        # What is there at all is seen: a field among thousands would be less than a pixel.
        width = max(share * BAR, 2.0) if share else 0.0
        width = min(width, left + LABEL + BAR - x)
        parts.append(f'<rect x="{x:.1f}" y="{top + 2}" width="{width:.1f}" height="{ROW - 4}" fill="{fill}"/>')
        x += width
    offset = "" if line.offset is None else f"{line.offset:.1f}"
    texts = (
        f'<text x="{at}" y="{top + 11}" fill="{colour}" text-anchor="end">{escape(text)}</text>'
        for at, text in ((left + LABEL - 6, line.label), (left + LABEL + BAR + 32, offset))
    )
    return "".join((*texts, *parts))
