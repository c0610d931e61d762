"""That the benchmark of log-in runs, and tells the cost of each way to show who asks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.servers import PROC

PROJECT = Path(__file__).parents[2]


@pytest.mark.skipif(not PROC.is_dir(), reason="the processor time of a server is read from /proc")
def test_each_way_is_measured_beside_the_open_server() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.access", "--rounds", "1", "--requests", "50"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    for row in ("open", "cookie of a session", "access token", "signed link"):
        assert len(re.findall(rf"^{row} +[\d.]+ ms", done.stdout, re.MULTILINE)) == 2, row
    assert done.stdout.count("goal ≤ 1.30") == 6
