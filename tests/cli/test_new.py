"""`omrclip new`: from a blank page to a template that reads filled sheets."""

import base64
import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from omrclip.omr.template import ChoiceBox, Grid
from omrclip.schemas.template import load_template
from tests.desk import FAILED, PASSED, Desk, assert_refused, laid_out
from tests.omr.authoring.detection.blank_forms import blank_form
from tests.tesseract import FAILING, REAL, command, needs_tesseract
from tests.web.making import encoded

ROOT = Path(__file__).parents[2]
TRUTH = json.loads((ROOT / "samples" / "truth.json").read_text())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = laid_out(tmp_path, monkeypatch)
    desk.put("blank.png", (ROOT / "templates_omr" / "exam.png").read_bytes())
    return desk


def test_a_new_template_reads_filled_samples(desk: Desk) -> None:
    """A blank exam of 60 questions becomes a template, which reads three sheets without a correction by hand."""
    made = desk.run("new", str(desk.folder / "blank.png"), "--out", str(desk.folder / "new.omr"))
    assert made.exit_code == PASSED
    assert made.stdout.endswith("new.omr: 63 fields found\n")
    for scan in ("exam-scan-1", "exam-scan-2", "exam-scan-3"):
        image, out = ROOT / "samples" / f"{scan}.jpg", desk.folder / scan
        done = desk.run("recognize", str(desk.folder / "new.omr"), str(image), "--out", str(out))
        assert done.exit_code == PASSED
        lines = (out / "RecognitionResults.dat").read_text().splitlines()
        read = dict(line.split(":", 1) for line in lines)
        true = _marked(TRUTH[f"{scan}.jpg"]["answers"])
        assert len(true) == 61
        assert {name: read[_new_name(name)] for name in true} == true


def test_a_printed_form_becomes_a_template_that_reads_rehearsed_sheets(desk: Desk) -> None:
    """Only the PDF of a form of 60 questions is given. Three sheets of it are read without a correction by hand."""
    source = (ROOT / "templates_omr" / "answer-sheet-50.txt").read_text()
    desk.put("printed.txt", source.replace("elements_count=50", "elements_count=60").encode())
    printed, filled, out, template = (str(desk.folder / name) for name in ("printed", "filled", "read", "new.omr"))
    assert desk.run("generate", f"{printed}.txt", "--out", printed).exit_code == PASSED
    assert desk.run("rehearse", f"{printed}/printed.omr", "--sheets", "3", "--out", filled).exit_code == PASSED
    assert desk.run("new", f"{printed}/printed.pdf", "--out", template).exit_code == PASSED
    done = desk.run("recognize", template, *(str(path) for path in Path(filled).glob("*.jpg")), "--out", out)
    assert done.exit_code == PASSED
    read = _read_from(desk.folder / "read" / "results.csv")
    with (desk.folder / "filled" / "truth.csv").open(newline="") as file:
        true = [(row["Sheet"], row["Element"], row["Value"]) for row in csv.DictReader(file)]
    assert len(true) == 3 * 61
    (page,) = load_template(Path(template).read_bytes()).pages
    (grid,) = (element.name for element in page.elements if isinstance(element, Grid))
    names = {"Student ID": grid} | {f"Q{number}": str(number) for number in range(1, 61)}
    assert [(sheet, name, read[sheet][names[name]]) for sheet, name, _ in true] == true


def _read_from(table: Path) -> dict[str, dict[str, str]]:
    with table.open(encoding="utf-8-sig", newline="") as file:
        return {row["Image"]: row for row in csv.DictReader(file)}


def _marked(true: dict[str, str]) -> dict[str, str]:
    """The answers to questions and the student's number."""
    return {name: value for name, value in true.items() if name == "StudentID" or name.startswith("Q")}


def _new_name(name: str) -> str:
    return "Grid1" if name == "StudentID" else str(int(name.removeprefix("Q")))


def test_a_vector_pdf_becomes_a_template(desk: Desk) -> None:
    form = blank_form(0, "circle")
    desk.put("vector.pdf", form.pdf)
    result = desk.run("new", str(desk.folder / "vector.pdf"))
    assert result.exit_code == PASSED, result.output
    (page,) = load_template((desk.folder / "vector.omr").read_bytes()).pages
    assert (page.width, page.height) == (2550, 3301)  # Letter at 300 dpi
    assert page.image_bytes()


def test_doubtful_proposals_and_left_out_shapes_are_listed(desk: Desk) -> None:
    page = np.full((1400, 1000, 3), 255, np.uint8)
    for row in range(3):
        for column in range(4):
            cv2.circle(page, (300 + 50 * column, 400 + 50 * row), 14, (0, 0, 0), 2, cv2.LINE_AA)
    for cell in range(8):
        left, top = 300 + 30 * (cell % 4), 800 + 30 * (cell // 4)
        cv2.rectangle(page, (left, top), (left + 30, top + 30), (0, 0, 0), 1)
    desk.put("doubt.png", encoded(page))
    told = desk.run("new", str(desk.folder / "doubt.png")).stdout
    assert "Page 1: ChoiceBox: 3\n" in told
    assert told.count("  doubtful (0.60): ") == 3
    assert "  left out: 8 shapes at " in told


def test_a_page_without_fields_fails(desk: Desk) -> None:
    desk.put("white.png", encoded(np.full((900, 600, 3), 255, np.uint8)))
    result = desk.run("new", str(desk.folder / "white.png"))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (FAILED, "Page 1: nothing found")


def test_a_template_is_not_overwritten_and_a_damaged_file_is_refused(desk: Desk) -> None:
    desk.put("blank.omr", b"{}")
    assert_refused(desk.run("new", str(desk.folder / "blank.png")), "already exists")
    desk.put("bad.png", b"no image")
    assert_refused(desk.run("new", str(desk.folder / "bad.png")), "image")


def test_filled_sheets_become_a_template(desk: Desk) -> None:
    """Ten sheets of a survey, of which the blank page is not given, and one of another form."""
    filled, other, template = (str(desk.folder / name) for name in ("filled", "other", "new.omr"))
    survey = str(ROOT / "templates_omr" / "survey.omr")
    assert desk.run("rehearse", survey, "--sheets", "10", "--out", filled).exit_code == PASSED
    desk.put("other/exam.jpg", (ROOT / "samples" / "exam-scan-1.jpg").read_bytes())
    sheets = [str(path) for path in sorted(Path(filled).glob("*.jpg"))]
    made = desk.run("new", "--filled", *sheets, f"{other}/exam.jpg", "--out", template)
    assert made.exit_code == PASSED
    assert made.stderr == "Warning: exam.jpg was left out. It could not be read, or does not show the same form.\n"
    assert made.stdout.startswith("Blank page made from 10 of 11 sheets\n")
    assert "ChoiceBox: 12" in made.stdout


def test_filled_sheets_show_the_pages_of_a_form_in_turn(desk: Desk) -> None:
    """Front, back, front, back; a back is missing, so that its place has a white page."""
    desk.put("two.omr", json.dumps({"Name": "two", "Pages": [_page("survey"), _page("exam")]}).encode())
    filled, template = str(desk.folder / "filled"), str(desk.folder / "new.omr")
    made = desk.run("rehearse", str(desk.folder / "two.omr"), "--sheets", "11", "--out", filled)
    assert made.exit_code == PASSED
    desk.put("filled/sheet-0004-2.jpg", encoded(np.full((900, 600, 3), 255, np.uint8)))
    sheets = [str(path) for path in sorted(Path(filled).glob("*.jpg"))]
    made = desk.run("new", "--filled", "--pages", "2", *sheets, "--out", template)
    assert made.exit_code == PASSED
    assert made.stderr.startswith("Warning: sheet-0004-2.jpg was left out.")
    assert made.stdout.startswith("Blank page 1 made from 11 of 11 sheets\nBlank page 2 made from 10 of 11 sheets\n")
    pages = load_template(Path(template).read_bytes()).pages
    assert [sum(isinstance(element, ChoiceBox) for element in page.elements) for page in pages] == [12, 60]


def _page(name: str) -> dict[str, object]:
    """The page of a template with its image."""
    folder = ROOT / "templates_omr"
    (page,) = json.loads((folder / f"{name}.omr").read_bytes())["Pages"]
    image = base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
    return {**page, "ImageName": f"{name}.png", "ImageFormat": ".png", "ImageData": image}


def test_filled_sheets_need_a_name_and_ten_of_them(desk: Desk) -> None:
    blank, template = str(desk.folder / "blank.png"), str(desk.folder / "new.omr")
    assert_refused(desk.run("new", "--filled", blank), "--out")
    assert_refused(desk.run("new", "--filled", blank, blank, "--out", template), "At least 10 filled sheets", "not 2")
    assert_refused(desk.run("new", blank, blank, "--out", template), "--filled")
    assert_refused(desk.run("new", blank, "--pages", "2", "--out", template), "--pages: expected --filled too")


def test_print_that_cannot_be_read_is_a_warning(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRCLIP_OCR_COMMAND", command(desk.folder, FAILING))
    result = desk.run("new", str(desk.folder / "blank.png"), "--out", str(desk.folder / "new.omr"))
    assert result.exit_code == PASSED
    assert result.stderr.startswith("Warning: Tesseract failed, so names are numbers.")


@needs_tesseract
def test_the_names_of_an_image_are_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRCLIP_OCR_COMMAND", REAL or "")
    made = desk.run("new", str(desk.folder / "blank.png"), "--out", str(desk.folder / "new.omr"))
    assert (made.exit_code, made.stderr) == (PASSED, "")
    (page,) = load_template((desk.folder / "new.omr").read_bytes()).pages
    names = {element.name for element in page.elements}
    assert {"Signature", *map(str, range(1, 61))} <= names
