"""A file with all traits of real templates on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.desk import PASSED, Desk, laid_out
from tests.omr import traits
from tests.omr.traits import as_file
from tests.web.making import decoded


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = laid_out(tmp_path, monkeypatch)
    desk.put("form.omr", as_file(traits.all_together(), "utf-8-sig"))
    desk.put("form.png", traits.blank_page())
    desk.put("s.png", traits.scan())
    return desk


def test_validate_tells_what_is_odd_and_that_it_is_valid(desk: Desk) -> None:
    result = desk.run("validate", str(desk.folder / "form.omr"))
    assert result.exit_code == PASSED, result.output
    *warnings, last = result.stdout.splitlines()
    assert all(line.startswith("Warning: $.Pages[0].Elements[") for line in warnings)
    assert sum('Use the type "ClipArea" for a region to cut out.' in line for line in warnings) == 3
    assert last == "form.omr: valid; pages: 1, elements: 25, clip areas: 3"


def test_every_value_and_clip_is_written(desk: Desk) -> None:
    result = desk.recognize("s.png", options=("--clip-format", "png", "--overlay", str(desk.folder / "seen")))
    assert result.exit_code == PASSED, result.output
    headings, row = desk.table()
    told = dict(zip(headings, row, strict=True))
    assert len(told) == len(headings)
    assert {label: told[label] for label in traits.ALL_READ} == traits.ALL_READ
    assert tuple(told[label] for label in traits.ALL_CLIPS) == traits.ALL_FILES
    for name, box in zip(traits.ALL_FILES, traits.ALL_CLIPS.values(), strict=True):
        shown = traits.filled()[box.top : box.bottom, box.left : box.right]
        assert np.array_equal(decoded((desk.out / name).read_bytes())[..., 0], shown)
    described = json.loads((desk.out / "results.json").read_text("utf-8"))["Recognitions"][0]
    assert [clip["File"] for clip in described["Clips"]] == list(traits.ALL_FILES)
    lines = (desk.out / "RecognitionResults.dat").read_text("utf-8").splitlines()
    assert lines.count("Bar:4711") == lines.count("Bar:0815") == 1
    assert (desk.folder / "seen" / "s.png.overlay.jpg").exists()
