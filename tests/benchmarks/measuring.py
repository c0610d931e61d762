"""Timing several ways to do one thing in turns, and the table of what came out."""

import ctypes
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MILLISECONDS: Final = 1000.0
MEBIBYTE: Final = 1024 * 1024
# The numbers of these settings in glibc's malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


@dataclass(frozen=True, slots=True)
class Way:
    """One row of the table.

    Attributes:
        name: what is done.
        run: does it once; this alone is timed.
        clips: takes the clips from what `run` gave, so that all ways can be seen to give the same; None where the
            way gives none.
        goal: the most that its time may be, as a multiple of the first way's.
    """

    name: str
    run: Callable[[], Any]
    clips: Callable[[Any], list[bytes]] | None = None
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """The times of one way, a round each, in ms, and beside them the first way's in the same rounds."""

    way: Way
    times: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64]

    @property
    def ratios(self) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of the ratios to the first way, each of one round."""
        low, median, high = np.percentile(self.times / self.base, [25, 50, 75])
        return float(low), float(median), float(high)


def keep_freed_memory() -> None:
    """Have this process keep what it frees, where the C library is one that can be told so (glibc).

    Else a large image's memory goes back to the kernel or not, as the row before left the heap; getting it anew costs
    up to half the time of a decode, which would be booked on the wrong row.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 512 * MEBIBYTE)
        mallopt(_M_MMAP_THRESHOLD, 32 * MEBIBYTE)


def measure(ways: Sequence[Way], rounds: int) -> list[Measured]:
    """Run all ways in turns (A B C A B C …), so that what else the machine does meets all of them alike."""
    times = np.array([[_time(way) for way in ways] for _ in range(rounds)])
    return [Measured(way, times[:, column], times[:, 0]) for column, way in enumerate(ways)]


def warm_up(ways: Sequence[Way]) -> int:
    """Run each way once, and return how many bytes the clips of each have together.

    Raises:
        RuntimeError: the ways do not give the same clips, byte for byte.
    """
    outcomes = [(way, way.clips(result)) for way in ways if (result := way.run()) is not None and way.clips]
    first = outcomes[0][1]
    for way, clips in outcomes:
        if not clips or clips != first:
            raise RuntimeError(f"{way.name} gives other clips than {outcomes[0][0].name}")
    return sum(map(len, first))


def _time(way: Way) -> float:
    started = perf_counter()
    way.run()
    return (perf_counter() - started) * MILLISECONDS


def table(results: Sequence[Measured]) -> Iterator[str]:
    """The lines of the table."""
    width = max(len(result.way.name) for result in results)
    yield f"{'':{width}}  median ms  ratio  (quartiles)      goal"
    for result in results:
        low, ratio, high = result.ratios
        goal = result.way.goal
        verdict = "" if goal is None else f"  ≤ {goal:.2f}  {'reached' if ratio <= goal else 'not reached'}"
        times = f"{np.median(result.times):9.1f}  {ratio:5.2f}  ({low:.2f} to {high:.2f})"
        yield f"{result.way.name:{width}}  {times}{verdict}"


def machine() -> str:
    """The date, and the kind of machine."""
    cores, python = f"{os.cpu_count()} cores", f"Python {platform.python_version()}"
    return ", ".join((date.today().isoformat(), _processor(), cores, platform.system(), python))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
