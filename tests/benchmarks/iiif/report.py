"""The tables: ours beside iipsrv, each round's ratio taken within the round."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.benchmarks.iiif.pictures import JPEG_NAME, TIFF_NAME
from tests.benchmarks.iiif.rows import Row

PEER: Final = "iipsrv, TIFF"
# Our two, by the file that they read.
OURS: Final = {"ours, JPEG": JPEG_NAME, "ours, TIFF": TIFF_NAME}
_NAME_WIDTH: Final = 32
_CELL: Final = 14


@dataclass(frozen=True, slots=True)
class Result:
    """The rounds' figures of one row, by who was asked; one who cannot do it is not in it."""

    row: Row
    name: str
    figures: Mapping[str, Sequence[float]]


def warm_table(results: Iterable[Result]) -> Iterator[str]:
    """Requests per second; ratios are how many times iipsrv's rate ours is."""
    yield from _table(results, "warm, requests/s", decimals=0, upside_down=False)


def processor_table(results: Iterable[Result]) -> Iterator[str]:
    """Milliseconds of processor time for each request; ratios are how many times ours fits into iipsrv's."""
    yield from _table(results, "warm, processor ms/request", decimals=2, upside_down=True)


def cold_table(results: Iterable[Result], title: str = "cold, ms") -> Iterator[str]:
    """Milliseconds; ratios are how many times ours fits into iipsrv's time."""
    yield from _table(results, title, decimals=2, upside_down=True)


def _table(results: Iterable[Result], title: str, *, decimals: int, upside_down: bool) -> Iterator[str]:
    names = "".join(f"{name:>{_CELL}}{'ratio':>8}" for name in OURS)
    yield f"{title:{_NAME_WIDTH}}{PEER:>{_CELL}}{names}    goal"
    for result in results:
        cells = _cell(result.figures.get(PEER), decimals)
        ratios = []
        for name in OURS:
            ratio = _ratio(result, name, upside_down=upside_down)
            ratios.append(ratio)
            cells += _cell(result.figures.get(name), decimals) + (f"{'':8}" if ratio is None else f"{ratio:8.2f}")
        yield f"{result.name:{_NAME_WIDTH}}{cells}    {_verdict(result, ratios)}".rstrip()


def _cell(figures: Sequence[float] | None, decimals: int) -> str:
    return f"{'no ETag':>{_CELL}}" if figures is None else f"{np.median(figures):{_CELL},.{decimals}f}"


def _ratio(result: Result, name: str, *, upside_down: bool) -> float | None:
    """The median over the rounds."""
    ours, theirs = result.figures.get(name), result.figures.get(PEER)
    if ours is None or theirs is None:
        return None
    ratios = np.array(ours) / np.array(theirs)
    return float(np.median(1 / ratios if upside_down else ratios))


def _verdict(result: Result, ratios: Sequence[float | None]) -> str:
    """What was to be reached, and on which of our two sources it was."""
    if result.row.goal is None:
        return ""
    goal = f"≥ {result.row.goal:.1f} times"
    reached = [ratio is not None and ratio >= result.row.goal for ratio in ratios]
    if all(reached) or not any(reached):
        return f"{goal}: {'reached' if all(reached) else 'not reached'}"
    return f"{goal}: reached on {'JPEG' if reached[0] else 'TIFF'} only"
