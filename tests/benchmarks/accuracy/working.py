"""What a worker process does for each sheet."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from omrclip.config import Limits
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
