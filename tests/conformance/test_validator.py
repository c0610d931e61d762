"""The published IIIF Image API validator against a served project.

The validator is `iiif-validator` 1.0.5. Under Python 3 three of its tests fail on every server, because they call
`urllib.urlopen`; the formats that they are about have tests of our own.
"""

import json
import re
import subprocess
import sys
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from tests.patience import PATIENCE
from tests.servers import running

VALIDATOR_VERSION: Final = "1.0.5"
VALIDATOR: Final = Path(sys.executable).with_name("iiif-validate.py")
IDENTIFIER: Final = "67352ccc-d1b0-11e1-89ae-279075081939"
SHARED_IMAGE: Final = Path(__file__).parents[2] / ".." / "shared" / "iiif" / f"{IDENTIFIER}.png"
SQUARE: Final = 100
"""Width and height in pixels of one of the test image's squares, of which it has ten by ten."""

IMPOSSIBLE: Final = frozenset({"format_jp2", "format_pdf", "format_webp"})

_COLOURS: Final = (
    "import json; from iiif_validator.validator import ValidationInfo; print(json.dumps(ValidationInfo().colorInfo))"
)
_OUTCOME: Final = re.compile(r"^\[\d+\] test (\w+) (PASS|FAIL)$", re.MULTILINE)

Colours: TypeAlias = list[list[list[int]]]
"""By column and row of the square: red, green and blue."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the validator: which surface, with which settings, how many tests it has, and which of them fail."""

    version: str
    prefix: str
    tests: int
    failing: frozenset[str]
    settings: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return " ".join([self.version, *(name for name, _ in self.settings)])


RUNS: Final = (
    Run("2.0", "iiif/2", 42, IMPOSSIBLE),
    # Section 4.2 of the specification wants the largest image that fits where `size_noup` wants a refusal.
    Run("3.0", "iiif/3", 45, IMPOSSIBLE | {"size_noup"}),
    Run("3.0", "iiif/3", 45, IMPOSSIBLE, (("refuse_large_best_fit", 1),)),
)


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_published_validator_fails_nothing_that_can_pass(run: Run, store: Path) -> None:
    with running(store, **dict(run.settings)) as server:
        report = _validated(server.url.removeprefix("http://"), run)
    outcomes = dict(_OUTCOME.findall(report))
    failing = {test for test, outcome in outcomes.items() if outcome == "FAIL"}
    assert (len(outcomes), failing) == (run.tests, run.failing), _about(failing ^ run.failing, report)


def test_the_test_image_can_be_made() -> None:
    if not SHARED_IMAGE.is_file():
        pytest.skip("the published test image (../shared/iiif beside the project) is not here")
    published = cv2.imread(str(SHARED_IMAGE), cv2.IMREAD_COLOR)
    assert np.array_equal(published, _test_image(_colours()))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder for a server, with the test image under its identifier; skips where there is no validator."""
    colours = _colours()
    images = tmp_path / "samples"
    images.mkdir()
    if SHARED_IMAGE.is_file():
        data = SHARED_IMAGE.read_bytes()
    else:
        data = cv2.imencode(".png", _test_image(colours))[1].tobytes()
    (images / IDENTIFIER).write_bytes(data)
    return tmp_path


@cache
def _colours() -> Colours:
    """The colours that the validator expects; skips where it is not installed, or cannot run."""
    try:
        found = version("iiif-validator")
    except PackageNotFoundError:
        pytest.skip(f"iiif-validator {VALIDATOR_VERSION} is not installed")
    assert found == VALIDATOR_VERSION
    run = subprocess.run([sys.executable, "-c", _COLOURS], capture_output=True, text=True, timeout=PATIENCE)
    if run.returncode and "libmagic" in run.stderr:
        pytest.skip("iiif-validator lacks the system library libmagic (Debian: libmagic1)")
    assert run.returncode == 0, run.stderr
    colours: Colours = json.loads(run.stdout.splitlines()[-1])
    return colours


def _validated(server: str, run: Run) -> str:
    """What the validator reports, on a server given by host and port."""
    surface = ["-s", server, "-p", run.prefix, "-i", IDENTIFIER, f"--version={run.version}", "--level=3", "-v"]
    command = [sys.executable, str(VALIDATOR), *surface]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE).stdout


def _about(tests: Set[str], report: str) -> str:
    """What the report says on these tests."""
    parts = re.split(r"^\[\d+\] test ", report, flags=re.MULTILINE)
    return "".join(part for part in parts if part.partition(" ")[0] in tests) or report


def _test_image(colours: Colours) -> Pixels:
    """(1000, 1000, 3) uint8 BGR: the squares in their colours."""
    squares = np.array(colours, np.uint8).transpose(1, 0, 2)[:, :, ::-1]
    return squares.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)
