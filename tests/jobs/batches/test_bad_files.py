"""Files that cannot be read, and names that are trouble: each is named in the results, and the others are done."""

import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from omrclip.jobs.batches.ledger import Counts
from omrclip.jobs.sources import scans_in
from omrclip.limits import Limits
from tests.desk import FAILED, Desk, laid_out
from tests.imaging.pdf_files import PdfImage, jpeg_image, pdf, scanned
from tests.imaging.test_pdf_pages import protected
from tests.imaging.test_pdf_process import drawing
from tests.jobs.batches.work import job, run, scans
from tests.jobs.test_archives import archive
from tests.web.making import HEIGHT, WIDTH, encoded, grid, lying_png, tiff_of

GOOD = encoded(grid())
PAGE = jpeg_image(np.ascontiguousarray(grid()[:, :, ::-1]))
CUT = PdfImage(PAGE.width, PAGE.height, PAGE.data[: len(PAGE.data) // 3], PAGE.filter, PAGE.space)
PAPER = {"dimensions": (WIDTH, HEIGHT)}
WHOLE = None
PASSED = {
    "with space.png": GOOD,
    "hash#1.png": GOOD,
    "percent%41.png": GOOD,
    "-rf.png": GOOD,
    "semi;colon'.png": GOOD,
    "日本 é.png": GOOD,
    unicodedata.normalize("NFD", "é 2.png"): GOOD,
    "a/same.png": GOOD,
    "b/same.png": GOOD,
    "Case.png": GOOD,
}
"""Files that are recognized under their own names."""
RENAMED = {
    "new\nline.png": "new\\x0aline.png",
    os.fsdecode(b"not\xffutf8.png"): "not\\udcffutf8.png",
    "a-same.png": "a-same (2).png",  # the other one is a/same.png
    "case.png": "case (2).png",
    "with space.tif": "with space (2).tif",
}
"""Files that are recognized under another name."""
DOCUMENTS = {
    "damaged.pdf": pdf(scanned(PAGE, **PAPER), scanned(CUT, **PAPER), scanned(PAGE, **PAPER)),
    "folders.zip": archive({"class 1/a.png": GOOD, "../../up.png": GOOD, "class 1/cut.png": GOOD[:200]}),
    "bomb.zip": archive({"zeros.png": bytes(300 << 20), "good.png": GOOD}),
}
PAGES = {
    "damaged-p0001.pdf": WHOLE,
    "damaged-p0002.pdf": "damaged or cut off",
    "damaged-p0003.pdf": WHOLE,
    "folders-class 1-a.png": WHOLE,
    "folders-up.png": WHOLE,
    "folders-class 1-cut.png": "cut off",
    "bomb-zeros.png": "more than the",
    "bomb-good.png": WHOLE,
}
"""The pages of the documents, and what is told about those that fail."""
REFUSED = {
    "locked.pdf": (protected("secret"), "password"),
    "empty.png": (b"", "the file is empty"),
    "empty.pdf": (b"", "the file is empty"),
    "huge.png": (lying_png(30_000, 30_000), "pixels|memory"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


def told(out: Path) -> dict[str, str | None]:
    """What is said about each page: None if it passed."""
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    records = map(json.loads, lines)
    return {record["Name"]: record["Error"] and record["Error"]["message"] for record in records}


def test_a_folder_of_trouble(desk: Desk) -> None:
    folder = desk.folder / "scans"
    files = {**PASSED, **dict.fromkeys(RENAMED, GOOD), **DOCUMENTS, "with space.tif": tiff_of(grid())}
    for name, data in {**files, **{name: data for name, (data, _) in REFUSED.items()}}.items():
        desk.put(f"scans/{name}", data)
    (folder / "loop").symlink_to(folder)
    (folder / "itself.png").symlink_to(folder / "itself.png")
    (folder / "leads nowhere.png").symlink_to(folder / "nothing.png")
    os.mkfifo(folder / "pipe.png")
    result = desk.run("batch", str(desk.folder / "form.omr"), str(folder), "--out", str(desk.out), "--workers", "1")
    assert result.exit_code == FAILED, result.output
    found = told(desk.out)
    expected: dict[str, str | None] = {
        **dict.fromkeys([name.replace("/", "-") for name in PASSED], WHOLE),
        **dict.fromkeys(RENAMED.values(), WHOLE),
        **PAGES,
        **{name: words for name, (_, words) in REFUSED.items()},
        "itself.png": "symbolic links",
        "leads nowhere.png": "No such file",
        "pipe.png": "named pipe",
    }
    expected["empty (2).png"] = expected.pop("empty.png")
    assert found.keys() == expected.keys()
    for name, words in expected.items():
        assert (found[name] is None) == (words is None), (name, found[name])
        assert words is None or any(word in str(found[name]) for word in words.split("|")), (name, found[name])
    assert "4 scans with the name of another one got a number, such as 'a-same (2).png'" in result.stderr
    assert len(list((desk.out / "clips" / "Name").iterdir())) == sum(words is None for words in expected.values())


def test_files_that_vanish_after_they_were_listed_fail_alone(tmp_path: Path) -> None:
    (tmp_path / "stack.tif").write_bytes(tiff_of(grid(), grid()))
    files = [*scans(tmp_path, "a.png", "b.png"), *scans_in([tmp_path / "stack.tif"], Limits().max_image_pixels)]
    (tmp_path / "a.png").unlink()
    (tmp_path / "stack.tif").unlink()
    assert run(job(tmp_path / "out", files)).counts == Counts(passed=1, failed=3)
    assert all("No such file" in str(error) for error in told(tmp_path / "out").values() if error)


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans(tmp_path / "scans", "a.png")
    (tmp_path / "scans" / "closed").mkdir()
    listed = Path.iterdir

    def refused(folder: Path) -> object:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    files = scans_in([tmp_path / "scans"], Limits().max_image_pixels)
    monkeypatch.undo()
    assert run(job(tmp_path / "out", files)).counts == Counts(passed=1, failed=1)
    assert told(tmp_path / "out").keys() == {"a.png", "closed"}


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    scans(tmp_path / "scans", "a.png", "b.png")
    (tmp_path / "scans" / "link.png").symlink_to("a.png")
    sources = [tmp_path / "scans", tmp_path / "scans" / "a.png", f"{tmp_path}/scans/*.png"]
    found = scans_in(sources, Limits().max_image_pixels)
    assert [scan.name for scan in found] == ["a.png", "b.png"]


def test_files_of_the_same_name_are_told_apart_by_number(tmp_path: Path) -> None:
    files = [
        *scans(tmp_path / "one", "a.png", "a (2).png"),
        *scans(tmp_path / "two", "a.jpg"),
        *scans(tmp_path / "three", "A.png"),
    ]
    out = tmp_path / "out"
    assert run(job(out, files)).counts == Counts(passed=4)
    assert told(out).keys() == {"a.png", "a (2).png", "a (3).jpg", "A (4).png"}
    assert run(job(out, files)).before == 4


def test_a_pdf_that_hangs_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "slow.pdf").write_bytes(drawing(b"0 0 m 1 1 l S\n" * 10_000_000))
    files = [*scans(tmp_path, "a.png"), *scans_in([tmp_path / "slow.pdf"], Limits().max_image_pixels)]
    run(job(tmp_path / "out", files), processes=1)
    found = told(tmp_path / "out")
    assert "needs more memory or time" in str(found["slow-p0002.pdf"])
    assert found["a.png"] is None
