"""The tables of what came out: per axis and strength, per form, and within and beyond the limits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.benchmarks.accuracy.judging import Outcome, Verdict

HEADINGS: Final = (
    "sheets", "rejected", "fields", "right %", "flagged %", "silently wrong",
    "clip offset median", "95 %", "worst", "ms",
)  # fmt: skip
MILLISECONDS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what it is about, and its cells under HEADINGS."""

    title: str
    cells: tuple[str, ...]


def summarized(title: str, outcomes: Sequence[Outcome]) -> Row:
    """One row for these sheets. Shares are of the fields of sheets that were read."""
    read = [outcome for outcome in outcomes if outcome.read]
    fields = sum(outcome.fields for outcome in read)
    right, flagged, wrong = (sum(outcome.count(verdict) for outcome in read) for verdict in Verdict)
    offsets = [offset for outcome in read for offset in outcome.offsets.values()]
    places = np.percentile(offsets, [50, 95, 100]) if offsets else np.full(3, np.nan)
    milliseconds = np.median([outcome.seconds for outcome in outcomes]) * MILLISECONDS
    crashed = sum(bool(outcome.crashed) for outcome in outcomes)
    rejected = sum(bool(outcome.rejected) for outcome in outcomes)
    return Row(
        title,
        (
            str(len(outcomes)),
            f"{rejected}" + (f" + {crashed} crashed" if crashed else ""),
            str(fields),
            _share(right, fields),
            _share(flagged, fields),
            str(wrong),
            *(f"{place:.2f}" for place in places),
            f"{milliseconds:.0f}",
        ),
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else "–"


def overview(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Within the limits and beyond them, scans and photos, with the page image and without."""
    for within in (True, False):
        where = "within limits" if within else "beyond limits"
        part = [outcome for outcome in outcomes if outcome.within is within]
        yield from _grouped(part, lambda outcome, where=where: f"{where}, {outcome.kind}s, {outcome.case.known}")  # type: ignore[misc]
        if part:
            yield summarized(where, part)
    yield summarized("all", outcomes)


def by_strength(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Each axis at each strength; beyond the limits with a ›."""
    yield from _grouped(outcomes, _strength_title)


def by_form(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Each form, with its page image and without."""
    yield from _grouped(outcomes, lambda outcome: f"{outcome.case.form}, {outcome.case.known}")


def _strength_title(outcome: Outcome) -> str:
    return f"{outcome.case.axis} {outcome.case.strength:.2f}" + ("" if outcome.within else " ›")


def _grouped(outcomes: Sequence[Outcome], title: Callable[[Outcome], str]) -> Iterator[Row]:
    for each in sorted({title(outcome) for outcome in outcomes}):
        yield summarized(each, [outcome for outcome in outcomes if title(outcome) == each])


def plain(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as text for a terminal."""
    lines = [("", *HEADINGS), *((row.title, *row.cells) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        first, *others = (cell.ljust(width) if i == 0 else cell.rjust(width)
                          for i, (cell, width) in enumerate(zip(line, widths, strict=True)))  # fmt: skip
        yield "  ".join((first, *others))


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as a Markdown table."""
    yield "| | " + " | ".join(HEADINGS) + " |"
    yield "| --- |" + " ---: |" * len(HEADINGS)
    for row in rows:
        yield f"| {row.title} | " + " | ".join(row.cells) + " |"
