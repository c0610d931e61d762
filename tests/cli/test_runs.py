"""Runs into one folder: one at a time, none over another's results, and whatever ends one leaves valid files."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desk import PASSED, REFUSED, Desk, laid_out
from tests.patience import PATIENCE, until
from tests.web.making import encoded, grid

SCANS = [f"{number:03}.png" for number in range(60)]
# One scan at a time, none in less than a tenth of a second, so that there is time to stop the run.
SLOWLY = """
import time
from omrclip.jobs import folder
recognize = folder.recognize_admitted
folder.recognize_admitted = lambda *scans, **options: (time.sleep(0.1), recognize(*scans, **options))[1]
from omrclip.cli import main
main()
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = laid_out(tmp_path, monkeypatch)
    for name in SCANS:
        desk.put(name, encoded(grid()))
    return desk


def rows(desk: Desk) -> list[str]:
    path = desk.out / "results.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["Image"] for row in csv.DictReader(file)]


@contextmanager
def running(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    """A slow run that has done a few scans."""
    images = [str(desk.folder / name) for name in SCANS]
    command = ["recognize", str(desk.folder / "form.omr"), *images, "--out", str(desk.out), "--workers", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", SLOWLY, *command], text=True, **pipes) as process:
        try:
            until(lambda: len(rows(desk)) >= 3 or process.poll() is not None)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_run_that_is_stopped_leaves_valid_files_of_what_was_done(desk: Desk, number: int, status: int) -> None:
    with running(desk) as process:
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, stderr
    done = rows(desk)
    assert 3 <= len(done) < len(SCANS)
    assert done == SCANS[: len(done)]
    told = json.loads((desk.out / "results.json").read_text(encoding="utf-8"))
    listed = [recognition["Name"] for recognition in told["Recognitions"]]
    assert done[: len(listed)] == listed
    assert len(done) - len(listed) <= 1
    assert told["Info"]["ProcessedTasksCount"] == len(listed)
    if number != signal.SIGKILL:
        assert listed == done
        assert f"{len(done)} of {len(SCANS)} scans passed" in stdout
        assert f"Stopped after {len(done)} scans" in stderr
    again = desk.recognize("a.png", options=("--overwrite",))
    assert again.exit_code == PASSED, "no lock is left"
    assert rows(desk) == ["a.png"]


def test_a_second_run_into_one_folder_is_refused(desk: Desk) -> None:
    with running(desk):
        second = desk.recognize("a.png", options=("--overwrite",))
        overlay = desk.run(
            *("recognize", str(desk.folder / "form.omr"), str(desk.folder / "a.png")),
            *("--out", str(desk.folder / "other"), "--overlay", str(desk.out), "--overwrite"),
        )
    for refused in (second, overlay):
        assert refused.exit_code == REFUSED
        assert "Another run is writing to this folder" in refused.stderr
    assert "a.png" not in rows(desk)


@pytest.mark.parametrize(
    ("first", "second"), [("recognize", "recognize"), ("recognize", "clip"), ("clip", "recognize"), ("clip", "clip")]
)
def test_results_are_replaced_only_when_that_is_said(desk: Desk, first: str, second: str) -> None:
    assert desk.recognize("a.png", command=first).exit_code == PASSED
    before = {path.name: path.read_bytes() for path in desk.out.iterdir()}
    desk.put("a.png", encoded(grid(salt=30)))
    refused = desk.recognize("a.png", command=second)
    assert refused.exit_code == REFUSED
    assert "--overwrite" in refused.stderr
    assert {path.name: path.read_bytes() for path in desk.out.iterdir()} == before
    assert desk.recognize("a.png", command=second, options=("--overwrite",)).exit_code == PASSED
    assert (desk.out / "aName.jpg").read_bytes() != before["aName.jpg"]


def test_results_of_other_scans_are_not_replaced_either(desk: Desk) -> None:
    assert desk.recognize("a.png").exit_code == PASSED
    assert desk.recognize("ö b.v2.jpg").exit_code == REFUSED
    assert desk.recognize("ö b.v2.jpg", command="clip").exit_code == REFUSED, "beside a table that does not list it"
    assert rows(desk) == ["a.png"]


def test_an_overlay_is_replaced_only_when_that_is_said(desk: Desk) -> None:
    seen = desk.folder / "seen"
    desk.put("seen/a.png.overlay.jpg", b"an earlier one")
    assert desk.recognize("a.png", options=("--overlay", str(seen))).exit_code == REFUSED
    assert (seen / "a.png.overlay.jpg").read_bytes() == b"an earlier one"
    assert desk.recognize("a.png", options=("--overlay", str(seen), "--overwrite")).exit_code == PASSED


def test_a_folder_with_other_files_is_no_obstacle(desk: Desk) -> None:
    desk.put("out/deep/notes.txt", b"mine")
    assert desk.recognize("a.png").exit_code == PASSED
    assert (desk.out / "notes.txt").read_bytes() == b"mine"


def test_signals_are_as_before_after_a_run(desk: Desk) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert desk.recognize("a.png").exit_code == PASSED
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert os.listdir(desk.out)  # noqa: PTH208
