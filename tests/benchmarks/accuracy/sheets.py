"""The sheets themselves, made when they are first asked for and kept in a folder for the next run."""

import json
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.benchmarks.accuracy.cases import Case
from tests.benchmarks.accuracy.truth import Truth, truth_of
from tests.sheets.quick import make_quickly

FOLDER_PREFIX: Final = "sheets-"
TESTS: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class MadeSheet:
    """A sheet's file, JPEG or (where it is black and white) PNG, and the truth about it."""

    file: bytes = field(repr=False)
    truth: Truth

    @property
    def extension(self) -> str:
        return ".png" if self.file.startswith(b"\x89PNG") else ".jpg"


def open_cache(folder: Path) -> Path:
    """The folder for sheets as the generator makes them today. Those of another day are removed: nobody reads them."""
    current = folder / f"{FOLDER_PREFIX}{_generator_fingerprint()}"
    for other in folder.glob(f"{FOLDER_PREFIX}*"):
        if other != current:
            shutil.rmtree(other, ignore_errors=True)
    current.mkdir(parents=True, exist_ok=True)
    return current


def _generator_fingerprint() -> str:
    here = Path(__file__).parent
    sources = [source for source in sorted((TESTS / "sheets").glob("*.py")) if not source.name.startswith("test_")]
    sources += [here / "limits.py", here / "truth.py"]
    return sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def sheet_of(case: Case, cache: Path | None) -> MadeSheet:
    """The case's sheet, from the cache where it is there."""
    if cache is None:
        return _make(case)
    file, truth = cache / f"{case.name}.image", cache / f"{case.name}.json"
    if truth.exists():
        return MadeSheet(file.read_bytes(), Truth.from_json(json.loads(truth.read_text())))
    made = _make(case)
    file.write_bytes(made.file)
    # Last, and whole or not at all: a sheet counts as kept when its truth is there.
    unfinished = truth.with_suffix(".part")
    unfinished.write_text(json.dumps(made.truth.to_json()))
    unfinished.replace(truth)
    return made


def _make(case: Case) -> MadeSheet:
    picture = case.picture
    sheet = make_quickly(case.templated.layout, picture)
    return MadeSheet(sheet.jpeg, truth_of(sheet, picture, case.templated.dpi))
