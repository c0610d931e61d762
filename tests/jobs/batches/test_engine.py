"""Batches: nothing is lost and nothing is done twice, whatever ends the processes."""

import json
import multiprocessing
import os
import random
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.errors import CorruptImage, FolderInUse, StorageUnavailable
from omrclip.jobs.batches.definition import BatchTemplate
from omrclip.jobs.batches.engine import BatchRun, Progress
from omrclip.jobs.batches.executors import LocalProcesses
from omrclip.jobs.batches.ledger import Counts, Ledger
from omrclip.jobs.batches.work import recognize_scans
from omrclip.jobs.sources import ScanFile, scans_in
from omrclip.omr.options import RecognitionOptions
from omrclip.storage.blobs import BlobStore
from tests.jobs.batches.work import FORM, job, killing, results, run, scans, slow_scan
from tests.web.making import NAME_BOX, clip_area, cut, decoded, encoded, grid, omr, page, template

NAMES = [f"page {number}.png" for number in range(12)]


def table(out: Path) -> list[str]:
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["Name"] for line in lines]


def test_a_batch_writes_clips_and_results_in_the_order_of_names(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES)
    (tmp_path / "bad.png").write_bytes(encoded(grid())[:100])
    files += scans_in([tmp_path / "bad.png"], 10**8)
    out = tmp_path / "out"
    assert run(job(out, files)).counts == Counts(passed=12, doubtful=0, failed=1)
    assert sorted(path.name for path in (out / "clips" / "Name").iterdir()) == sorted(NAMES)
    clip = (out / "clips" / "Name" / "page 0.png").read_bytes()
    assert (decoded(clip) == cut(grid(), NAME_BOX)).all()
    assert table(out) == ["bad.png", *NAMES], "page 10 comes after page 9"
    assert (out / "rejected" / "bad.png").read_bytes() == encoded(grid())[:100]
    assert "cut off" in (out / "rejected" / "bad.txt").read_text()
    rows = (out / "results.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 14
    assert rows[2].endswith("clips/Name/page 0.png,clips/Signature/page 0.png")
    assert not (out / ".parts").exists()


def test_a_scan_that_registers_nowhere_is_rejected_with_an_overlay(tmp_path: Path) -> None:
    (tmp_path / "other.png").write_bytes(encoded(grid(50, 400)))
    run(job(tmp_path / "out", scans_in([tmp_path / "other.png"], 10**8)))
    names = sorted(path.name for path in (tmp_path / "out" / "rejected").iterdir())
    assert names == ["other.overlay.jpg", "other.png", "other.txt"]


def test_what_is_done_is_not_done_again_and_scans_are_added(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES)
    out = tmp_path / "out"
    run(job(out, files[:5]))
    before = {path: path.stat().st_mtime_ns for path in (out / "clips").rglob("*.png")}
    assert len(before) == 10
    done = run(job(out, files))
    assert (done.before, done.total) == (5, 12)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert run(job(out, files[7:])).counts.done == 5, "scans of other commands stay"
    assert table(out) == NAMES
    run(job(tmp_path / "at once", files))
    assert results(out) == results(tmp_path / "at once")


def test_a_scan_that_kills_its_process_fails_alone(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES)
    out = tmp_path / "out"
    files.insert(4, ScanFile("killer.png", killing))
    done = run(replace(job(out, files)), processes=1)
    assert done.counts == Counts(passed=12, failed=1)
    assert "SIGKILL" in (out / "rejected" / "killer.txt").read_text()
    assert table(out) == ["killer.png", *NAMES]


def test_processes_that_are_killed_at_random_change_nothing(tmp_path: Path) -> None:
    files = [slow_scan(tmp_path / scan.name) for scan in scans(tmp_path, *NAMES)]
    run(job(tmp_path / "undisturbed", files))
    chance = random.Random(4711)
    kills = 3

    def kill_one(_: Progress) -> None:
        nonlocal kills
        children = [child.pid for child in multiprocessing.active_children() if child.pid]
        if kills and children and chance.random() < 0.5:
            kills -= 1
            os.kill(chance.choice(children), signal.SIGKILL)

    assert run(job(tmp_path / "out", files), then=kill_one).counts.passed == len(NAMES)
    assert kills < 3
    assert results(tmp_path / "out") == results(tmp_path / "undisturbed")


def test_a_batch_that_was_stopped_goes_on(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES)
    one = job(tmp_path / "out", files)
    with closing(BatchRun(one)) as batch, closing(LocalProcesses(recognize_scans, 1)) as executor:
        steps = batch.work(executor, lambda: batch.progress.counts.done >= 3)
        stopped = list(steps)[-1]
    assert 3 <= stopped.counts.done < 12
    assert run(one).before == stopped.counts.done
    run(job(tmp_path / "undisturbed", files))
    assert results(tmp_path / "out") == results(tmp_path / "undisturbed")


def test_another_template_or_option_is_told_and_refused(tmp_path: Path) -> None:
    files = scans(tmp_path, "a.png")
    out = tmp_path / "out"
    run(job(out, files))
    before = results(out)
    one = job(out, files)
    other = replace(one.batch, options=RecognitionOptions(clip_margin=7))
    with pytest.raises(FolderInUse, match=r'ClipFormat was "png" and is null; the option ClipMargin was 0 and is 7'):
        BatchRun(replace(one, batch=other))
    changed = omr(template() | {"Title": "Another"})
    another = replace(one.batch, templates=(replace(FORM, document=changed),))
    with pytest.raises(FolderInUse, match=r"the template 'form' has changed.*--restart"):
        BatchRun(replace(one, batch=another))
    assert results(out) == before
    assert run(replace(one, batch=other, restart=True)).before == 0
    assert not (out / "clips" / "Name" / "a.png").exists()


def test_a_folder_with_other_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("mine")
    with pytest.raises(FolderInUse, match=r"results\.csv"):
        BatchRun(job(tmp_path, scans(tmp_path / "scans", "a.png"), restart=True))
    assert (tmp_path / "results.csv").read_text() == "mine"


def test_one_run_at_a_time(tmp_path: Path) -> None:
    one = job(tmp_path / "out", scans(tmp_path, "a.png"))
    with closing(BatchRun(one)), pytest.raises(FolderInUse, match="Another run"):
        BatchRun(one)
    run(one)


def test_a_file_that_was_replaced_is_refused_if_it_passed_and_read_again_if_it_failed(tmp_path: Path) -> None:
    files = scans(tmp_path, "a.png", "b.png")
    (tmp_path / "b.png").write_bytes(b"hello")
    out = tmp_path / "out"
    assert run(job(out, files)).counts == Counts(passed=1, failed=1)
    assert run(job(out, files)).before == 2
    (tmp_path / "b.png").write_bytes(encoded(grid()))
    done = run(job(out, files))
    assert (done.before, done.counts) == (1, Counts(passed=2))
    assert not list((out / "rejected").iterdir())
    (tmp_path / "a.png").write_bytes(encoded(grid(salt=5)))
    with pytest.raises(FolderInUse, match=r"'a\.png' is not the one"):
        BatchRun(job(out, files))


def test_scans_that_failed_are_read_again_if_that_is_asked(tmp_path: Path) -> None:
    files = [*scans(tmp_path, "a.png", "b.png"), ScanFile("c.png", killing)]
    out = tmp_path / "out"
    assert run(job(out, files), processes=1).counts == Counts(passed=2, failed=1)
    fine = replace(scans(tmp_path / "later", "c.png")[0], path=None)
    assert run(job(out, [*files[:2], fine])).counts.failed == 1
    assert run(job(out, [*files[:2], fine], retry_failed=True)).counts == Counts(passed=3)
    assert table(out) == ["a.png", "b.png", "c.png"]


def test_a_wrong_template_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    one = job(tmp_path / "out", scans(tmp_path, "a.png"))
    wrong = replace(FORM, image=b"\x89PNG\r\n\x1a\nrest")
    with pytest.raises(CorruptImage):
        BatchRun(replace(one, batch=replace(one.batch, templates=(wrong,))))
    assert not (tmp_path / "out").exists()


def test_results_that_cannot_be_written_stop_the_batch(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "records").write_text("no folder")
    with pytest.raises(StorageUnavailable):
        run(job(out, scans(tmp_path, "a.png")))
    assert not Ledger(BlobStore(str(out))).scans()


def test_each_scan_goes_to_the_template_that_it_shows_and_to_none_if_two_fit(tmp_path: Path) -> None:
    strip = page(clip_area("Name", (10, 10, 50, 20)), Width=400, Height=100)
    long = BatchTemplate("long", omr(template() | {"Pages": [strip]}))
    files = scans(tmp_path, "a.png")
    for name, pixels in (("b.png", grid(400, 100)), ("c.png", grid(900, 100))):
        (tmp_path / name).write_bytes(encoded(pixels))
        files += scans_in([tmp_path / name], 10**8)
    one = job(tmp_path / "out", files)
    assert run(replace(one, batch=replace(one.batch, templates=(FORM, long)))).counts == Counts(passed=2, failed=1)
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["Template"] for line in lines] == ["form", "long", ""]
    rows = [row.split(",")[:4] for row in (tmp_path / "out" / "results.csv").read_text("utf-8-sig").splitlines()]
    assert rows[0] == ["Image", "Result", "Template", "Page"]
    assert rows[1:3] == [["a.png", "Pass", "form", "1"], ["b.png", "Pass", "long", "1"]]
    twin = replace(FORM, name="twin")
    with pytest.raises(FolderInUse, match="the template 'long' is missing; the template 'twin' is new"):
        run(replace(one, batch=replace(one.batch, templates=(FORM, twin))))
    both = replace(one, out=str(tmp_path / "twins"), batch=replace(one.batch, templates=(FORM, twin)), scans=files[:1])
    assert run(both).counts == Counts(failed=1)
    told = (tmp_path / "twins" / "rejected" / "a.txt").read_text()
    assert "fits several pages equally well: 'form' (1), 'twin' (1)" in told
