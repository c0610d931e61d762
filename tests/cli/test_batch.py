"""`omrclip batch`: stacks of scans, and what the command says."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from omrclip.cli import progress
from omrclip.cli.batch import _executor
from omrclip.jobs.batches.engine import Progress
from omrclip.jobs.batches.executors import LARGE_PAGES
from omrclip.jobs.batches.ledger import Counts
from tests.desk import FAILED, PASSED, Desk, assert_refused, laid_out
from tests.jobs.batches.work import results
from tests.patience import PATIENCE, until
from tests.web.making import encoded, grid, omr, template, tiff_of

MANY = 40


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


def batch(desk: Desk, *sources: str, options: tuple[str, ...] = ("--workers", "1")) -> list[str]:
    paths = [str(desk.folder / name) for name in sources]
    return ["batch", str(desk.folder / "form.omr"), *paths, "--out", str(desk.out), *options]


def test_a_stack_is_recognized_and_the_result_is_told(desk: Desk) -> None:
    desk.put("stack.tif", tiff_of(*[grid()] * 3))
    result = desk.run(*batch(desk, "stack.tif", "broken.png"))
    assert result.exit_code == FAILED, result.output
    assert "3 of 4 scans passed, 0 of them with doubtful answers." in result.stdout
    assert f"The results are in {desk.out}." in result.stdout
    assert "4 of 4: 3 passed (0 doubtful), 1 failed" in result.stderr
    assert [row[0] for row in desk.table()[1:]] == ["broken.png", *(f"stack-p000{page}.tif" for page in (1, 2, 3))]
    assert (desk.out / "clips" / "Name" / "stack-p0002.jpg").exists()
    again = desk.run(*batch(desk, "stack.tif"))
    assert again.exit_code == PASSED
    assert "3 of 3: 3 passed" in again.stderr


def test_folders_and_archives_are_read_in_the_processes(desk: Desk) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("one.png", "two.png"):
            file.writestr(name, encoded(grid()))
    desk.put("stack.zip", archive.getvalue())
    desk.put("folder/three.png", encoded(grid()))
    result = desk.run(*batch(desk, "stack.zip", "folder"))
    assert result.exit_code == PASSED, result.output
    assert "3 of 3: 3 passed" in result.stderr
    assert len(list((desk.out / "clips" / "Name").iterdir())) == 3


def test_progress_for_programs_is_json(desk: Desk) -> None:
    result = desk.run(*batch(desk, "a.png", options=("--workers", "1", "--progress", "json")))
    first, *_, last = map(json.loads, result.stderr.splitlines())
    assert (first["Total"], first["Done"], first["SecondsLeft"]) == (1, 0, None)
    assert (last["Done"], last["Passed"], last["SecondsLeft"]) == (1, 1, 0)
    assert last["ScansPerHour"] > 0
    assert desk.run(*batch(desk, "a.png", options=("--progress", "none"))).stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.png", "--out", "out"], ("at least one template",)),
        (["form.omr", "form.omr", "a.png", "--out", "out"], ("different names",)),
        (["form.omr", "other.omr", "a.png", "--template-image", "a.png", "--out", "out"], ("needs one template",)),
        (["form.omr", "--out", "out"], ("at least one file of scans",)),
        (["none.omr", "a.png", "--out", "out"], ("none.omr", "does not exist")),
        (["form.omr", "a.png", "--out", "out", "--clip-margin", "-1"], ("ClipMargin",)),
    ],
)
def test_wrong_arguments_are_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(desk.folder)
    desk.put("other.omr", omr(template()))
    assert_refused(desk.run("batch", *arguments), *words)
    assert not (desk.folder / "out").exists()


def test_another_option_is_refused_and_restart_begins_anew(desk: Desk) -> None:
    assert desk.run(*batch(desk, "a.png")).exit_code == PASSED
    other = ("--workers", "1", "--clip-format", "png")
    assert_refused(desk.run(*batch(desk, "a.png", options=other)), 'ClipFormat was "jpg" and is "png"', "--restart")
    assert desk.run(*batch(desk, "a.png", options=(*other, "--restart"))).exit_code == PASSED
    assert [path.name for path in (desk.out / "clips" / "Name").iterdir()] == ["a.png"]


def done(desk: Desk) -> int:
    return len(list((desk.out / "ledger").glob("*.json")))


def start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "omrclip", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_batch_whose_command_was_ended_goes_on_and_gives_the_same(desk: Desk, number: int) -> None:
    names = [f"{page:03}.png" for page in range(MANY)]
    for page, name in enumerate(names):
        desk.put(name, encoded(grid(salt=page)))
    command = batch(desk, *names, options=("--workers", "2"))
    with start(command) as process:
        enough = random.Random(number).randrange(1, 5)
        until(lambda: done(desk) >= enough or process.poll() is not None)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert 0 < done(desk) < MANY / 2
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 128 + number, stderr
        assert "Run the same command again to continue." in stderr
    assert not (desk.out / "results.csv").exists()
    assert desk.run(*command).exit_code == PASSED
    undisturbed = Desk(desk.folder / "undisturbed")
    assert desk.run(*command[:-4], "--out", str(undisturbed.out), "--workers", "2").exit_code == PASSED
    assert results(desk.out) == results(undisturbed.out)
    assert len(desk.table()) == MANY + 1


def test_the_rate_and_the_time_left_are_those_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    told: list[str] = []
    monkeypatch.setattr(progress.click, "echo", lambda text, **_: told.append(text))
    first = Progress(1000, 400, Counts(390, 20, 10))
    with progress.shown_progress("lines", first) as show:
        now += 5
        show(first)
        now += 5
        show(Progress(1000, 400, Counts(440, 21, 10)))
    assert told == [
        "400 of 1,000: 390 passed (20 doubtful), 10 failed",
        "450 of 1,000: 440 passed (21 doubtful), 10 failed, 18,000 an hour, 0:01:50 left",
    ]


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.shown_progress("auto", Progress(2, 0, Counts())) as show:
        show(Progress(2, 0, Counts(2, 1, 0)))
    assert "2 of 2: 2 passed (1 doubtful), 0 failed" in capsys.readouterr().err


def test_scheduler_and_parquet_are_options(desk: Desk) -> None:
    assert_refused(desk.run(*batch(desk, "a.png", options=("--scheduler", "tcp://a:1"))), "--engine dask")
    assert desk.run(*batch(desk, "a.png", options=("--workers", "1", "--parquet"))).exit_code == PASSED
    assert (desk.out / "results.parquet").exists()


def test_the_processes_of_a_batch_take_memory_in_large_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "")
    monkeypatch.delenv("GLIBC_TUNABLES")
    with closing(_executor("local", None, 1)):
        assert os.environ["GLIBC_TUNABLES"] == LARGE_PAGES
