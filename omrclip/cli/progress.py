"""How the progress of a batch is shown: by rich on a terminal, else by lines; by JSON lines for programs."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import click

if TYPE_CHECKING:
    from omrclip.jobs.batches.engine import Progress

KINDS = ("auto", "lines", "json", "none")
LINE_SECONDS = 10.0
"""Seconds between two lines of progress."""
JSON_SECONDS = 1.0
"""Seconds between two JSON lines of progress."""

Show: TypeAlias = "Callable[[Progress], None]"


@contextmanager
def shown_progress(kind: str, first: "Progress") -> Iterator[Show]:
    """A function that shows progress on standard error.

    Args:
        kind: one of KINDS.
        first: the progress at the beginning.
    """
    clock = _Clock(first)
    if kind == "none":
        yield lambda _: None
    elif kind == "auto" and sys.stderr.isatty():
        with _bar(clock) as show:
            yield show
    else:
        told = _json if kind == "json" else _line
        yield _every(JSON_SECONDS if kind == "json" else LINE_SECONDS, first, lambda now: told(clock, now))


class _Clock:
    """The rate of a batch since it was started now, and the time that is left."""

    def __init__(self, first: "Progress") -> None:
        self._before = first.before
        self._started = time.monotonic()

    def an_hour(self, now: "Progress") -> float:
        """Scans an hour."""
        return 3600 * (now.counts.done - self._before) / max(1e-3, time.monotonic() - self._started)

    def seconds_left(self, now: "Progress") -> float | None:
        """The time until all scans are done, or None if it is unknown."""
        rate = self.an_hour(now)
        return 3600 * (now.total - now.counts.done) / rate if rate else None


def _every(seconds: float, first: "Progress", tell: Show) -> Show:
    """Report the progress at the beginning, every few seconds, and at the end."""
    told = time.monotonic()
    tell(first)

    def show(now: "Progress") -> None:
        nonlocal told
        if time.monotonic() - told >= seconds or now.counts.done == now.total:
            told = time.monotonic()
            tell(now)

    return show


def _json(clock: _Clock, now: "Progress") -> None:
    left = clock.seconds_left(now)
    told = {
        "Total": now.total,
        "Done": now.counts.done,
        "Passed": now.counts.passed,
        "Doubtful": now.counts.doubtful,
        "Failed": now.counts.failed,
        "ScansPerHour": round(clock.an_hour(now)),
        "SecondsLeft": None if left is None else round(left),
    }
    click.echo(json.dumps(told), err=True)


def _line(clock: _Clock, now: "Progress") -> None:
    click.echo(_told(clock, now), err=True)


def _told(clock: _Clock, now: "Progress") -> str:
    counts, left = now.counts, clock.seconds_left(now)
    rate = "" if left is None else f", {clock.an_hour(now):,.0f} an hour, {_duration(left)} left"
    return (
        f"{counts.done:,} of {now.total:,}: {counts.passed:,} passed ({counts.doubtful:,} doubtful), "
        f"{counts.failed:,} failed{rate}"
    )


@contextmanager
def _bar(clock: _Clock) -> Iterator[Show]:
    from rich import progress
    from rich.console import Console

    columns = (progress.BarColumn(bar_width=12), progress.TextColumn("{task.description}"))
    with progress.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def show(now: "Progress") -> None:
            bar.update(task, total=now.total, completed=now.counts.done, description=_told(clock, now))

        yield show


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
