"""That the measurements of keeping run, and that nothing is left, lost or comes back after a few kills."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.keeping", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="it takes fork and SIGKILL")
def test_kills_during_keeping_leave_nothing() -> None:
    told = run("kills", "--kills", "12")
    assert re.search(r"acknowledged: kept \d+, deleted \d+, lost 0, come back 0", told)
    assert "expired: folders 0, folders without a record 0, unfinished files 0, schedule entries 0" in told


def test_the_costs_are_told() -> None:
    assert re.search(
        r"beside 20 kept recognitions, .*: start [\d.]+, .* keep one [\d.]+\n", run("costs", "--many", "20")
    )
