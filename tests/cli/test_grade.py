"""`omrclip grade`."""

import csv
import json
from pathlib import Path

import pytest

from tests.desk import FAILED, PASSED, Desk, assert_refused, laid_out

RULES = {
    "Pages": [
        {
            "PageId": 1,
            "CorrectPoints": 1,
            "IncorrectPoints": -0.25,
            "QuestionRules": [
                {"QuestionName": "Q1", "Answer": "A"},
                {"QuestionName": "Q2", "Answer": "BC", "CorrectPoints": 2},
            ],
        }
    ]
}
HEADINGS = "Image,Result,Page,Messages,Uncertain,Multiple,Blank"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = laid_out(tmp_path, monkeypatch)
    desk.put("rules.json", json.dumps(RULES).encode())
    return desk


def graded(desk: Desk, **files: str) -> tuple[int, str, list[list[str]]]:
    """The exit status, standard error, and grades.csv, for files whose names are given with _ for the dot."""
    paths = [desk.put(name.replace("_", "."), text.encode()) for name, text in files.items()]
    result = desk.run("grade", str(desk.folder / "rules.json"), *paths, "--out", str(desk.out))
    assert "Traceback" not in result.output
    with (desk.out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return result.exit_code, result.stderr, list(csv.reader(file))


def test_each_sheet_gets_a_file_and_a_row(desk: Desk) -> None:
    status, told, rows = graded(desk, anna_dat="Q1:A\nQ2:CB\nName:x\n", ben_dat="Q1:B\nQ2:\n")
    assert (status, told) == (PASSED, "")
    assert rows == [
        ["Sheet", "Result", "Points", "Maximum", "Uncertain", "Q1", "Q2"],
        ["anna.dat", "Graded", "3", "3", "", "1", "2"],
        ["ben.dat", "Graded", "-0.25", "3", "", "-0.25", "0"],
    ]
    assert desk.written() == ["anna.grade", "ben.grade", "grades.csv"]
    assert json.loads((desk.out / "ben.grade").read_bytes())["Pages"][0]["TotalPoints"] == -0.25


def test_a_sheet_that_does_not_fit_fails_alone(desk: Desk) -> None:
    status, told, rows = graded(desk, anna_dat="Q1:A\n", ben_dat="Q1:A\nQ2:BC\n")
    assert status == FAILED
    assert "anna.dat: The answers do not fit the rules. rules.json.Pages[0].QuestionRules[1].QuestionName" in told
    assert [row[1:3] for row in rows[1:]] == [["Not graded", ""], ["Graded", "3"]]
    assert desk.written() == ["ben.grade", "grades.csv"]


def test_a_table_is_graded_row_by_row_and_doubts_are_told(desk: Desk) -> None:
    table = (
        f"{HEADINGS},Q1,Q2,Name\n"
        "a.png,Pass,1,,Q1,,Q2,A,,n.png\n"
        "b.png,Fail,,No page was found.,,,,,,\n"
        "c.png,Pass,1,,,,,'=A,BC,\n"
    )
    status, told, rows = graded(desk, results_csv="\ufeff" + table)
    assert status == FAILED
    assert told == ("Warning: a.png: a person should check Q1.\nb.png: not graded, because it was not recognized.\n")
    assert [row[:5] for row in rows[1:]] == [
        ["a.png", "Graded", "1", "3", "Q1"],
        ["b.png", "Not graded", "", "", ""],
        ["c.png", "Graded", "1.75", "3", ""],
    ]


def test_what_was_corrected_is_graded_as_corrected(desk: Desk) -> None:
    table = f"{HEADINGS};Corrected;Q1;Q2\na.png;Pass;1;;Q1; ;;Q1 (eva);;BC\n".replace(",", ";")
    status, told, rows = graded(desk, results_csv=table)
    assert (status, told) == (PASSED, "")
    assert rows[1] == ["a.png", "Graded", "2", "3", "", "0", "2"]


def test_the_table_that_recognize_writes_is_read(desk: Desk) -> None:
    """Its Questions may be on another page than the sheet shows: then the sheet is not graded."""
    assert desk.recognize("a.png").exit_code == PASSED
    result = desk.run("grade", str(desk.folder / "rules.json"), str(desk.out / "results.csv"), "--out", str(desk.out))
    assert result.exit_code == FAILED
    assert "a.png: The answers do not fit the rules." in result.stderr


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("x.csv", b"a,b\n1,2\n", "x.csv: expected a results.csv of omrclip"),
        ("x.csv", b"", "x.csv: expected a results.csv of omrclip"),
        ("x.csv", f"{HEADINGS},Q1\na.png,Pass\n".encode(), "x.csv, line 2: expected 8 columns, not 2"),
        ("x.dat", b"\xff\xfe", "x.dat: expected text in UTF-8"),
    ],
)
def test_files_that_are_no_answers_are_refused(desk: Desk, name: str, data: bytes, word: str) -> None:
    result = desk.run("grade", str(desk.folder / "rules.json"), desk.put(name, data), "--out", str(desk.out))
    assert_refused(result, word)
    assert desk.written() == []


def test_wrong_rules_are_refused_with_their_path(desk: Desk) -> None:
    desk.put("rules.json", b'{"Pages": [{"CorrectPoints": "x", "QuestionRules": []}]}')
    answers = desk.put("a.dat", b"Q1:A\n")
    result = desk.run("grade", str(desk.folder / "rules.json"), answers, "--out", str(desk.out))
    assert_refused(result, "rules.json.Pages[0].CorrectPoints: expected a number")


def test_results_are_replaced_only_if_asked(desk: Desk) -> None:
    graded(desk, a_dat="Q1:A\nQ2:B\n")
    again = ("grade", str(desk.folder / "rules.json"), str(desk.folder / "a.dat"), "--out", str(desk.out))
    assert_refused(desk.run(*again), "already holds results", "--overwrite")
    assert desk.run(*again, "--overwrite").exit_code == PASSED


def test_two_sheets_with_one_name_are_refused(desk: Desk) -> None:
    one, two = desk.put("a.dat", b"Q1:A\nQ2:B\n"), desk.put("b/A.dat", b"Q1:A\nQ2:B\n")
    result = desk.run("grade", str(desk.folder / "rules.json"), one, two, "--out", str(desk.out))
    assert_refused(result, "Two sheets would have the file 'A.grade'")
