"""That the benchmarks run, and say all that they should; how fast things are is nothing to assert here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ROWS = (
    ("cv2.imdecode ", ""),
    ("in process ", "≤ 1.15"),
    ("in process, template from its bytes ", ""),
    ("HTTP, multipart, server only ", "≤ 1.40"),
    ("HTTP, multipart, client included ", "≤ 1.40"),
    ("HTTP, JSON, server only ", "≤ 1.70"),
    ("HTTP, JSON, client included ", "≤ 1.70"),
    ("multipart  ", "MiB" if sys.platform == "linux" else "not measured"),
    ("JSON  ", "MiB" if sys.platform == "linux" else "not measured"),
)


@pytest.fixture(scope="module")
def report() -> list[str]:
    """The lines of the shortest run."""
    command = [sys.executable, "-m", "tests.benchmarks.recognition", "--rounds", "1", "--requests", "1"]
    done = subprocess.run(
        command, cwd=PROJECT, env=None, capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(("name", "says"), ROWS)
def test_every_row_is_there_once(report: list[str], name: str, says: str) -> None:
    lines = [line for line in report if line.startswith(name)]
    assert len(lines) == 1
    assert says in lines[0]


def test_reading_is_measured_beside_the_decode() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.reading", "--short"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    for row in ("whole form, 300 dpi", "1", "validate", "schema", "recognize, one photo"):
        assert re.search(rf"^ *{row} +\d", done.stdout, re.MULTILINE), row


def test_the_scan_is_the_one_asked_for(report: list[str]) -> None:
    assert any("2480 × 3508" in line for line in report)
