"""Image files into a folder: one that fails does so alone, and nothing is begun that cannot be finished."""

import csv
import json
import os
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest

from omrclip.errors import InvalidRequest, LimitExceeded, NameConflict, UnsupportedImage
from omrclip.iiif.request import Format
from omrclip.jobs import folder
from omrclip.jobs.folder import FolderJob, run
from omrclip.jobs.sources import ScanFile, scans_in
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.report.answer import Answer
from omrclip.omr.report.result_files import FileNames
from omrclip.schemas.recognition_response import dump_answer
from omrclip.schemas.template import load_template, template_warnings
from tests.web.making import NAME_BOX, UNCONFIRMED, clip_area, cut, decoded, encoded, grid, lying_png, page, template

SECRET = "secret"


@pytest.fixture
def job(tmp_path: Path) -> FolderJob:
    """A job without images."""
    return FolderJob(
        template=load_template(template()),
        scans=(),
        template_image=None,
        options=RecognitionOptions(Format.PNG),
        out=tmp_path / "out",
        clips_only=False,
        workers=2,
        limits=Limits(),
    )


def scans(place: Path, *names: str, data: bytes | None = None) -> list[Path]:
    paths = [place / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(grid()) if data is None else data)
    return paths


def scan_files(place: Path, *names: str) -> list[ScanFile]:
    return scans_in(scans(place, *names), Limits().max_image_pixels)


def files(job: FolderJob) -> set[str]:
    return {path.name for path in job.out.iterdir()}


def table(job: FolderJob) -> list[dict[str, str]]:
    with (job.out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def told(job: FolderJob) -> dict[str, Any]:
    """What the JSON says."""
    document: dict[str, Any] = json.loads((job.out / "results.json").read_text(encoding="utf-8"))
    return document


def test_what_comes_out_of_a_scan_is_written_before_it_is_told(job: FolderJob, tmp_path: Path) -> None:
    outcomes = run(replace(job, scans=scan_files(tmp_path, "a.png", "b.png", "c.png"), workers=1))
    first = next(outcomes)
    assert first.scan == "a.png"
    assert np.array_equal(decoded((job.out / "aName.png").read_bytes()), cut(grid(), NAME_BOX))
    assert all(clip.data == b"" for clip in first.clips), "the bytes are on disk and no longer in memory"
    assert [row["Image"] for row in table(job)] == ["a.png"], "its row is on disk"
    assert [recognition.scan for recognition in outcomes] == ["b.png", "c.png"]
    assert [row["Image"] for row in table(job)] == ["a.png", "b.png", "c.png"]


def test_the_json_is_the_answer_of_the_web_service_without_files(job: FolderJob, tmp_path: Path) -> None:
    images = [*scans(tmp_path, "a.png", "ü.png"), *scans(tmp_path, "bad.png", data=b"hello")]
    outcomes = list(run(replace(job, scans=scans_in(images, 10**8))))
    answer = Answer(outcomes, job.options, FileNames(alone=False), warnings=template_warnings(job.template))
    expected = json.loads(json.dumps(dump_answer(answer, with_files=False)))
    written = told(job)
    assert written == expected
    assert written["Info"]["ProcessedTasksCount"] == 3
    assert written["Info"]["SuccessfulTasksCount"] == 2


def test_a_run_that_is_given_up_leaves_valid_files_of_what_was_done(job: FolderJob, tmp_path: Path) -> None:
    outcomes = run(replace(job, scans=scan_files(tmp_path, "a.png", "b.png", "c.png"), workers=1))
    assert [next(outcomes).scan, next(outcomes).scan] == ["a.png", "b.png"]
    outcomes.close()  # type: ignore[attr-defined]
    assert [row["Image"] for row in table(job)] == ["a.png", "b.png"]
    assert [recognition["Name"] for recognition in told(job)["Recognitions"]] == ["a.png", "b.png"]
    assert told(job)["Info"]["ProcessedTasksCount"] == 2


def test_the_files_are_valid_at_all_times(job: FolderJob, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(6)]
    done = 0
    for done, _ in enumerate(run(replace(job, scans=scan_files(tmp_path, *names), workers=1)), start=1):
        assert [row["Image"] for row in table(job)] == names[:done]
        assert [recognition["Name"] for recognition in told(job)["Recognitions"]] == names[:done]
        assert told(job)["Info"]["ProcessedTasksCount"] == done
    assert done == len(names)


def test_a_disk_that_fills_up_leaves_valid_files(job: FolderJob, tmp_path: Path) -> None:
    outcomes = run(replace(job, scans=scan_files(tmp_path, "a.png", "b.png", "c.png"), workers=1))
    next(outcomes)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (job.out / "results.json").stat().st_size
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            next(outcomes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [recognition["Name"] for recognition in told(job)["Recognitions"]] == ["a.png"]


def test_outcomes_that_are_not_held_do_not_stay_in_memory(job: FolderJob, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(12)]
    outcomes = run(replace(job, scans=scan_files(tmp_path, *names), workers=1))
    gone = [ref(outcome.registration.page_to_scan) for outcome in outcomes if outcome.registration]
    assert len(gone) == len(names)
    assert not [found for found in gone if found() is not None]


@pytest.mark.parametrize("where", ["recognize_admitted", "draw_on", "recognition_files"])
def test_an_unexpected_error_is_the_failure_of_its_scan(
    job: FolderJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    work = getattr(folder, where)

    def failing(*args: Any, **options: Any) -> Any:
        if "b.png" in repr((args, options)):
            raise ZeroDivisionError(SECRET)
        return work(*args, **options)

    monkeypatch.setattr(folder, where, failing)
    images = scans(tmp_path, "a.png", "b.png", "c.png")
    outcomes = list(run(replace(job, scans=scans_in(images, 10**8), overlays=tmp_path / "seen")))
    assert [outcome.passed for outcome in outcomes] == [True, False, True]
    error = outcomes[1].error
    assert error
    assert error.code == "internal_error"
    assert str(error.details["reference"]) in error.message
    assert str(error.details["reference"]) in caplog.text
    assert SECRET not in caplog.text
    assert "b.png" not in caplog.text
    assert [row["Result"] for row in table(job)] == ["Pass", "Fail", "Pass"]
    assert told(job)["Recognitions"][1]["Error"]["code"] == "internal_error"


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_an_interruption_ends_the_run(
    job: FolderJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    def interrupted(*_args: Any, **_options: Any) -> Any:
        raise end

    monkeypatch.setattr(folder, "recognition_files", interrupted)
    with pytest.raises(end):
        list(run(replace(job, scans=scan_files(tmp_path, "a.png", "b.png"))))
    assert told(job)["Recognitions"] == []


def test_clips_only_writes_no_results(job: FolderJob, tmp_path: Path) -> None:
    assert len(list(run(replace(job, scans=scan_files(tmp_path, "a.png"), clips_only=True)))) == 1
    assert files(job) == {"aName.png", "aSignature.png"}


@pytest.mark.parametrize("broken", ["missing", "folder", "no image", "cut off", "huge", "unreadable"])
def test_a_file_that_cannot_be_used_fails_alone(
    job: FolderJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    images = scans(tmp_path, "a.png", "bad.png", "c.png")
    bad = images[1]
    if broken in {"missing", "folder"}:
        bad.unlink()
    if broken == "folder":
        bad.mkdir()
    if broken == "unreadable":
        _forbid(monkeypatch, bad)
    content = {"no image": b"hello", "cut off": encoded(grid())[:-60], "huge": lying_png(90_000, 90_000)}.get(broken)
    if content is not None:
        bad.write_bytes(content)
    outcomes = list(run(replace(job, scans=scans_in(images, 10**8))))
    assert [recognition.passed for recognition in outcomes] == [True, False, True]
    assert outcomes[1].messages[0]
    assert str(tmp_path) not in outcomes[1].messages[0], "no message holds a path of the machine"
    assert not [name for name in files(job) if name.startswith("bad")]
    rows = table(job)
    assert [(row["Image"], row["Result"]) for row in rows] == [
        ("a.png", "Pass"),
        ("bad.png", "Fail"),
        ("c.png", "Pass"),
    ]
    assert rows[1]["Messages"] == outcomes[1].messages[0]
    assert told(job)["Recognitions"][1]["Error"]["message"] == outcomes[1].messages[0]


def _forbid(monkeypatch: pytest.MonkeyPatch, forbidden: Path) -> None:
    """Have the system refuse to read a file; permissions would not keep an administrator from it."""
    opened = os.open

    def refuse(path: Any, *rest: Any, **options: Any) -> int:
        if str(path) == str(forbidden):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest, **options)

    monkeypatch.setattr(os, "open", refuse)


REFUSALS: dict[str, tuple[type[Exception], dict[str, Any], tuple[str, ...]]] = {
    "one name in two folders": (NameConflict, {}, ("a.png", "sub/a.png")),
    "one stem": (NameConflict, {}, ("a.png", "a.jpg")),
    "page of no image": (InvalidRequest, {"options": RecognitionOptions(pages={"b.png": 1})}, ("a.png",)),
    "page beyond": (InvalidRequest, {"options": RecognitionOptions(pages={"a.png": 2})}, ("a.png",)),
    "no blank page": (UnsupportedImage, {"template_image": b"hello"}, ("a.png",)),
    "blank page too large": (LimitExceeded, {"template_image": lying_png(90_000, 90_000)}, ("a.png",)),
    "blank page of another shape": (InvalidRequest, {"template_image": encoded(grid(200, 300))}, ("a.png",)),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_done_is_refused_at_the_call(job: FolderJob, tmp_path: Path, name: str) -> None:
    expected, changes, names = REFUSALS[name]
    with pytest.raises(expected):
        run(replace(job, scans=scan_files(tmp_path, *names), **changes))
    assert not job.out.exists()


def test_a_table_has_a_column_for_every_area_of_every_page(job: FolderJob, tmp_path: Path) -> None:
    two = load_template({"Pages": [page(clip_area("Front")), page(clip_area("Back"))]})
    pages = RecognitionOptions(Format.PNG, pages={"b.png": 1, "a.png": 2})
    list(run(replace(job, template=two, options=pages, scans=scan_files(tmp_path, "b.png", "a.png"))))
    with (job.out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank", "Front", "Back"],
        ["b.png", "Pass", "1", UNCONFIRMED, "", "", "", "bFront.png", ""],
        ["a.png", "Pass", "2", UNCONFIRMED, "", "", "", "", "aBack.png"],
    ]


def test_a_second_run_replaces_the_first_where_it_is_told_to(job: FolderJob, tmp_path: Path) -> None:
    images = scans(tmp_path, "a.png")
    list(run(replace(job, scans=scans_in(images, 10**8))))
    images[0].write_bytes(encoded(grid(salt=30)))
    list(run(replace(job, scans=scans_in(images, 10**8), overwrite=True)))
    assert np.array_equal(decoded((job.out / "aName.png").read_bytes()), cut(grid(salt=30), NAME_BOX))


def test_overlays_are_drawn_of_every_scan_that_is_an_image(job: FolderJob, tmp_path: Path) -> None:
    images = scans(tmp_path, "a.png", "A.b.png")
    images += scans(tmp_path, "c.jpg", data=encoded(grid(600, 100)))
    images += scans(tmp_path, "broken.png", data=b"hello")
    outcomes = list(run(replace(job, scans=scans_in(images, 10**8), overlays=tmp_path / "seen" / "here")))
    assert [recognition.passed for recognition in outcomes] == [True, True, False, False]
    drawn = {path.name: decoded(path.read_bytes()) for path in (tmp_path / "seen" / "here").iterdir()}
    assert set(drawn) == {"a.png.overlay.jpg", "A.b.png.overlay.jpg", "c.jpg.overlay.jpg"}
    assert drawn["a.png.overlay.jpg"].shape[1] == 300
    assert drawn["c.jpg.overlay.jpg"].shape[1] == 600, "what failed is drawn too, with its reason"


def test_an_overlay_overwrites_no_scan(job: FolderJob, tmp_path: Path) -> None:
    images = scans(tmp_path, "a.png", "a.png.overlay.jpg")
    job = replace(job, scans=scans_in(images, 10**8), overlays=tmp_path)
    with pytest.raises(NameConflict, match=r"the overlay of 'a.png'"):
        run(job)
    assert not job.out.exists()


def test_no_file_is_written_over_another_of_its_name(job: FolderJob, tmp_path: Path) -> None:
    """An overlay and a clip, and clips of two scans."""
    named = load_template(template(clip_area(".png.overlay"), clip_area("1Area"), clip_area("Area")))
    images = scans(tmp_path, "a.png", "a1.png")
    taken = replace(job, template=named, options=RecognitionOptions(Format.JPG), scans=scans_in(images, 10**8))
    taken = replace(taken, overlays=job.out)
    assert [recognition.passed for recognition in run(taken)] == [True, True]
    assert {path.name for path in job.out.glob("*.jpg")} == {
        *("a.png.overlay.jpg", "a.png.overlay_2.jpg", "a1Area.jpg", "aArea.jpg"),
        *("a1.png.overlay.jpg", "a1.png.overlay_2.jpg", "a11Area.jpg", "a1Area_2.jpg"),
    }
    told = json.loads((job.out / "results.json").read_text("utf-8"))["Recognitions"][1]["Clips"]
    assert [clip["File"] for clip in told] == ["a1.png.overlay_2.jpg", "a11Area.jpg", "a1Area_2.jpg"]
    with (job.out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[2][-3:] == ["a1.png.overlay_2.jpg", "a11Area.jpg", "a1Area_2.jpg"]
