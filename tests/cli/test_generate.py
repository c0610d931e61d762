"""`omrclip generate` and `omrclip rehearse`."""

import csv
from errno import ENOSPC
from pathlib import Path

import pytest

from omrclip.schemas.template import load_template
from tests.desk import PASSED, Desk, assert_refused, laid_out

SOURCE = b"?text=Quiz\n?answer_sheet=Q\n\telements_count=12\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = laid_out(tmp_path, monkeypatch)
    desk.put("quiz.txt", SOURCE)
    return desk


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_generate_writes_a_template_a_pdf_and_page_images(desk: Desk) -> None:
    out = desk.folder / "out"
    result = desk.run("generate", str(desk.folder / "quiz.txt"), "--out", str(out), "--paper", "letter")
    assert (result.exit_code, result.stdout) == (PASSED, f"{out}/quiz.omr: 1 page\n")
    assert _names(out) == ["quiz.omr", "quiz.pdf", "quiz.png"]
    page = load_template((out / "quiz.omr").read_bytes()).pages[0]
    assert (page.width, page.height, page.image_name) == (2551, 3295, "quiz.png")
    assert page.image_bytes() == (out / "quiz.png").read_bytes()


def test_generate_overwrites_nothing_unasked(desk: Desk) -> None:
    command = ("generate", str(desk.folder / "quiz.txt"), "--out", str(desk.folder / "out"))
    assert desk.run(*command).exit_code == PASSED
    assert_refused(desk.run(*command), "already exists", "--force")
    assert desk.run(*command, "--force").exit_code == PASSED


def test_no_part_of_a_form_stays_if_it_cannot_be_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if "pdf" in path.name:
            raise OSError(ENOSPC, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    result = desk.run("generate", str(desk.folder / "quiz.txt"), "--out", str(desk.folder / "out"))
    assert_refused(result, "No space left")
    assert _names(desk.folder / "out") == []


def test_generate_tells_all_mistakes_and_writes_nothing(desk: Desk) -> None:
    desk.put("bad.txt", b"?gird=a\n?image=../secret.png\n?answer_sheet=Q\n")
    result = desk.run("generate", str(desk.folder / "bad.txt"), "--out", str(desk.folder / "out"))
    assert result.exit_code == 1
    assert "bad.txt, line 1, column 2: " in result.stderr
    assert "bad.txt, line 3, column 1: " in result.stderr
    assert _names(desk.folder / "out") == []


def test_generate_shows_no_images_of_other_folders(desk: Desk) -> None:
    desk.put("other.txt", b"?image=../quiz.png\n")
    result = desk.run("generate", str(desk.folder / "other.txt"), "--out", str(desk.folder / "out"))
    assert result.exit_code == 1
    assert "is not given" in result.stderr


def test_a_source_of_another_kind_is_refused(desk: Desk) -> None:
    desk.put("quiz.doc", b"# Quiz\n")
    command = ("generate", str(desk.folder / "quiz.doc"), "--out", str(desk.folder / "out"))
    assert_refused(desk.run(*command), "SOURCE", ".txt, .json or .md", "quiz.doc")


def test_generate_reads_markdown(desk: Desk) -> None:
    desk.put("quiz.md", b"# Quiz\n\n1. How?\n- [ ] Good\n- [ ] Bad\n")
    result = desk.run("generate", str(desk.folder / "quiz.md"), "--out", str(desk.folder / "out"))
    assert result.exit_code == PASSED
    assert _names(desk.folder / "out") == ["quiz.omr", "quiz.pdf", "quiz.png"]


def test_unknown_paper_is_refused(desk: Desk) -> None:
    command = ("generate", str(desk.folder / "quiz.txt"), "--out", str(desk.folder / "out"), "--paper", "B9")
    assert_refused(desk.run(*command), "--paper", "A4, Letter")


def test_rehearse_makes_sheets_with_their_truth(desk: Desk) -> None:
    out = desk.folder / "out"
    desk.run("generate", str(desk.folder / "quiz.txt"), "--out", str(out))
    sheets = desk.folder / "sheets"
    result = desk.run("rehearse", str(out / "quiz.omr"), "--sheets", "2", "--out", str(sheets))
    assert (result.exit_code, _names(sheets)) == (PASSED, ["sheet-0001.jpg", "sheet-0002.jpg", "truth.csv"])
    rows = list(csv.DictReader((sheets / "truth.csv").read_text("utf-8").splitlines()))
    elements = {row["Element"] for row in rows if row["Sheet"] == "sheet-0002.jpg"}
    assert elements == {f"Q{number}" for number in range(1, 13)}
    before = (sheets / "sheet-0001.jpg").read_bytes()
    desk.run("rehearse", str(out / "quiz.omr"), "--sheets", "2", "--out", str(sheets))
    assert (sheets / "sheet-0001.jpg").read_bytes() == before


def test_generate_makes_a_form_for_each_person(desk: Desk) -> None:
    desk.put("named.txt", b"?text=${name}\n?barcode=Person\n\tvalue=${id}\n?answer_sheet=Q\n\telements_count=2\n")
    desk.put("people.csv", b"name,id\nAda,1\nBo,2\n")
    out = desk.folder / "out"
    command = ("generate", str(desk.folder / "named.txt"), "--out", str(out), "--people")
    result = desk.run(*command, str(desk.folder / "people.csv"))
    assert (result.exit_code, result.stdout) == (PASSED, f"{out}/named.omr: 1 page, 2 forms\n")
    assert _names(out) == ["named.omr", "named.pdf", "named.png"]
    assert load_template((out / "named.omr").read_bytes()).booklet_by == "Person"


def test_generate_tells_what_is_wrong_with_the_people(desk: Desk) -> None:
    desk.put("people.csv", b"name,id\nAda\n")
    out = desk.folder / "out"
    result = desk.run(
        "generate", str(desk.folder / "quiz.txt"), "--out", str(out), "--people", str(desk.folder / "people.csv")
    )
    assert_refused(result, "people.csv, line 2", "2 columns")
    assert _names(out) == []
