"""The published packages of the commercial OMR cloud, each in a folder of its own, and processes that use them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.patience import PATIENCE

HERE = Path(__file__).parent
_MISSING = ("six", "urllib3", "certifi", "python-dateutil")
"""What the packages import and do not require."""


def sdk(cache: pytest.Cache, package: str, *, requires_all: bool = False) -> Path:
    """The folder of a package such as `name==1.0`, which is installed at the first call; skips the test without it.

    `requires_all` says whether the package requires what it imports. Otherwise only `_MISSING` are installed with it.
    """
    folder = cache.mkdir("sdks") / package
    with FileLock(folder.with_name(f"{package}.lock")):
        if not (folder / "complete").exists():
            if not (_install(folder, package) if requires_all else _install(folder, "--no-deps", package, *_MISSING)):
                pytest.skip(f"the package {package} cannot be installed")
            (folder / "complete").touch()
    return folder


def _install(folder: Path, *packages: str) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder)]
    try:
        done = subprocess.run([*command, *packages], capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def run(folder: Path, program: str, **arguments: Any) -> dict[str, Any]:
    """Run a program of this folder in a process of its own, with a package. It reads and writes one JSON object."""
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, str(HERE / program)],
        input=json.dumps(arguments),
        env={**inherited, "PYTHONPATH": str(folder), "no_proxy": "*"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
