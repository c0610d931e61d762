"""What a worker process does for each sheet."""

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Final

from omrclip.limits import Limits
from tests.benchmarks.accuracy.cases import Case
from tests.benchmarks.accuracy.forms import pages_of
from tests.benchmarks.accuracy.judging import Outcome, Verdict, judge
from tests.benchmarks.accuracy.sheets import MadeSheet, sheet_of

LIMITS: Final = Limits()
FAR: Final = 3.0  # page px: a sheet with a clip that lies further off is put aside


def work(cache_folder: Path | None, keep: Path | None, case: Case) -> Outcome:
    """All that a worker does for one sheet."""
    sheet = sheet_of(case, cache_folder)
    outcome = judge(case, sheet, pages_of(case.form, case.known, case.cutting), LIMITS)
    problem = problem_of(outcome)
    if keep and problem:
        _put_aside(keep / f"{problem}-{case.name}-{case.known.split()[0]}", sheet, outcome)
    return outcome


def problem_of(outcome: Outcome) -> str:
    """The worst that happened to the sheet, in a word; "" where nothing did."""
    problems = {
        "crashed": bool(outcome.crashed),
        "wrong": outcome.count(Verdict.WRONG) > 0,
        "astray": bool(outcome.astray),
        "rejected": bool(outcome.rejected),
        "far": max(outcome.offsets.values(), default=0.0) > FAR,
        "flagged": outcome.count(Verdict.FLAGGED) > 0,
    }
    return next((name for name, happened in problems.items() if happened), "")


def _put_aside(stem: Path, sheet: MadeSheet, outcome: Outcome) -> None:
    stem.with_name(f"{stem.name}{sheet.extension}").write_bytes(sheet.file)
    found = {"outcome": asdict(outcome), "truth": sheet.truth.to_json()}
    stem.with_name(f"{stem.name}.json").write_text(json.dumps(found, indent=1))


def work_on(chosen: Sequence[Case], jobs: int, do: Callable[[Case], Outcome]) -> Iterator[Outcome]:
    """The outcomes of the cases, in any order, by so many processes.

    A new process does not import the program that was started with `python -m`, so this cannot stand there.
    """
    if jobs == 1:
        yield from map(do, chosen)
        return
    papers = [list(group) for _, group in groupby(chosen, key=lambda case: case.paper)]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_all, do, group) for group in papers]):
            yield from done.result()


def _all(do: Callable[[Case], Outcome], chosen: Sequence[Case]) -> list[Outcome]:
    return [do(case) for case in chosen]
