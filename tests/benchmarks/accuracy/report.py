"""The tables of what came out: per respect and strength, per form, and within and beyond the limits.

Clip offsets are in page pixels; a clip is astray where it lies off by more than FAR, and no message says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.benchmarks.accuracy.forms import FORMS
from tests.benchmarks.accuracy.judging import Outcome, Verdict
from tests.sheets.strengths import LEVELS, RESPECTS

HEADINGS: Final = (
    "sheets", "rejected", "fields", "right %", "flagged %", "silently wrong",
    "clip offset median", "95 %", "worst", "clips astray", "CPU ms",
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
            str(sum(len(outcome.astray) for outcome in read)),
            f"{milliseconds:.0f}",
        ),
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else "–"


def overview(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Within the limits and beyond them, scans and photos, with the page image and without."""
    for within in (True, False):
        part = sorted((it for it in outcomes if it.within is within), key=lambda it: (it.kind, it.case.known))
        yield from grouped(part, lambda it: f"{_where(it)}, {it.kind}s, {it.case.known}")
        if part:
            yield summarized(f"{_where(part[0])}, all", part)
    yield summarized("all", outcomes)


def by_respect(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Each respect, within the limits and beyond."""
    ordered = sorted(outcomes, key=lambda it: (RESPECTS.index(it.case.hardness.respect), not it.within))
    yield from grouped(ordered, lambda it: f"{it.case.hardness.respect}, {_where(it)}")


def by_strength(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Each level of each respect; what is beyond the limits with a ›."""
    levels = list(LEVELS)
    ordered = sorted(outcomes, key=lambda it: (levels.index(it.case.level), not it.within))
    yield from grouped(ordered, lambda it: it.case.level + ("" if it.within else " ›"))


def by_form(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Each form, with its page image and without."""
    forms = list(FORMS)
    ordered = sorted(outcomes, key=lambda it: (forms.index(it.case.form), it.case.known, not it.within))
    yield from grouped(ordered, lambda it: f"{it.case.form}, {it.case.known}, {_where(it)}")


def _where(outcome: Outcome) -> str:
    return "within limits" if outcome.within else "beyond limits"


def grouped(outcomes: Sequence[Outcome], title: Callable[[Outcome], str]) -> Iterator[Row]:
    """A row for each title, in the order in which the titles come first."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(title(outcome), []).append(outcome)
    yield from (summarized(name, group) for name, group in groups.items())


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
