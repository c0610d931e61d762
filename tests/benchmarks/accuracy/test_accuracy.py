"""That the benchmark runs and says all that it should, and that its measures measure; how right recognition is, is
nothing to assert here.
"""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from omrclip.omr.results import ElementResult, ElementStatus
from tests.benchmarks.accuracy.__main__ import main
from tests.benchmarks.accuracy.cases import Case, cases
from tests.benchmarks.accuracy.judging import Outcome, Verdict, miss
from tests.benchmarks.accuracy.limits import within_limits
from tests.benchmarks.accuracy.report import summarized
from tests.benchmarks.accuracy.sheets import open_cache, sheet_of
from tests.benchmarks.accuracy.truth import FieldTruth, truth_of
from tests.sheets.quick import Picture
from tests.sheets.sheet import Sheet
from tests.sheets.strengths import AXES, LEVELS, picture_at
from tests.sheets.survey import survey

SURVEY = survey()
TITLES = ("By axis and strength", "By axis", "By form", "Overview")
WITHIN = {
    "nothing hard, scan": True,
    "nothing hard, photo": True,
    "rotation 25°, scan": True,
    "rotation 35°, scan": False,
    "rotation 270°, photo": True,
    "scale 600 dpi, scan": False,
    "scale 150 dpi, photo": True,
    "scale 120 dpi, photo": False,
    "blur 2 px, scan": True,
    "blur 4 px, scan": False,
    "JPEG quality 40, photo": True,
    "JPEG quality 25, photo": False,
    "light shadow 40%, photo": True,
    "light shadow 60%, photo": False,
    "lens -2%, photo": True,
    "lens -4%, photo": False,
    "marks tick, scan": False,
    "marks crossed out, scan": False,
    "pen pencil, scan": True,
    "pen faint pencil, scan": False,
    "scan edges cut off by 6 mm, scan": True,
    "scan edges cut off by 13 mm, scan": False,
}


def test_it_runs_and_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    few = ["--sheets", "2", "--jobs", "1", "--axis", "nothing", "--form", "survey"]
    main([*few, "--out", str(out), "--keep", str(kept)])
    said = capsys.readouterr().out
    for title in TITLES:
        assert title in said
        assert f"### {title}" in (out / "accuracy.md").read_text("utf-8")
    assert "silently wrong" in said
    assert ElementTree.parse(out / "accuracy.svg").getroot().tag.endswith("svg")
    outcomes = json.loads((out / "outcomes.json").read_text("utf-8"))
    assert [outcome["fields"] for outcome in outcomes] == [12] * 2
    assert kept.is_dir()


def test_the_first_sheets_are_the_same_for_every_count() -> None:
    few, many = cases(50, 3), cases(3000, 3)
    assert many[:50] == few
    assert {case.hardness.axis for case in many} == set(AXES)
    assert len({case.seed for case in many}) == 3000
    assert cases(50, 4) != few


def test_a_sheet_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("survey", "page image", "scale 75 dpi, scan", 5)
    folder = open_cache(tmp_path)
    made = sheet_of(case, folder)
    monkeypatch.setattr("tests.benchmarks.accuracy.sheets.make_quickly", None)
    assert sheet_of(case, open_cache(tmp_path)) == made


def unseen(picture: Picture) -> Sheet:
    """Where a picture's sheet lies, without the picture."""
    nothing = tuple(() for _ in SURVEY.choice_boxes())
    return Sheet(SURVEY, picture.shot, nothing, np.empty(0, np.uint8), b"", picture.map_of(SURVEY))


def test_offsets_are_in_page_pixels() -> None:
    picture = picture_at(SURVEY, LEVELS["rotation 25°, scan"], 7)
    sheet = unseen(picture)
    clip = truth_of(sheet, picture, 200.0).clips[0]
    page = np.array(clip.page)
    millimetres = (page + np.array([3.0, -4.0])) / (200.0 / 25.4)
    np.testing.assert_allclose(clip.offsets(sheet.page_map.to_image(page / (200.0 / 25.4))), 0.0, atol=0.001)
    np.testing.assert_allclose(clip.offsets(sheet.page_map.to_image(millimetres)), 5.0, atol=0.001)
    left, top, width, height = clip.box
    corners = np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
    np.testing.assert_allclose(clip.corner_offsets(sheet.page_map.to_image(corners / (200.0 / 25.4))), 0.0, atol=0.001)


@pytest.mark.parametrize(
    ("true", "value", "status", "verdict"),
    [
        (FieldTruth("B"), "B", ElementStatus.MARKED, None),
        (FieldTruth(""), "", ElementStatus.BLANK, None),
        (FieldTruth("AB", True), "AB", ElementStatus.MULTIPLE, None),
        (FieldTruth("B"), "B", ElementStatus.UNCERTAIN, Verdict.FLAGGED),
        (FieldTruth("B"), "A", ElementStatus.UNCERTAIN, Verdict.FLAGGED),
        (FieldTruth("B"), "AB", ElementStatus.MULTIPLE, Verdict.FLAGGED),
        (FieldTruth("B"), "A", ElementStatus.MARKED, Verdict.WRONG),
        (FieldTruth("B"), "", ElementStatus.BLANK, Verdict.WRONG),
        (FieldTruth("AB", True), "ABC", ElementStatus.MULTIPLE, Verdict.WRONG),
    ],
)
def test_a_field_is_right_flagged_or_wrong(
    true: FieldTruth, value: str, status: ElementStatus, verdict: Verdict | None
) -> None:
    found = miss("Q", true, ElementResult("Q", "ChoiceBox", status, value))
    assert (found and found.verdict) == verdict


def test_a_field_that_is_missing_is_wrong() -> None:
    found = miss("Q", FieldTruth("B"), None)
    assert found is not None
    assert found.verdict is Verdict.WRONG


def test_sheets_that_were_not_read_have_no_fields_in_the_shares() -> None:
    case = cases(1, 1)[0]
    read, rejected = Outcome(case, "scan", True, 10), Outcome(case, "scan", True, 10, rejected="not found")
    row = summarized("both", [read, rejected])
    assert row.cells[:6] == ("2", "1", "10", "100.00", "0.00", "0")


@pytest.mark.parametrize(("level", "within"), WITHIN.items())
def test_limits_are_those_of_the_sheet(level: str, within: bool) -> None:
    picture = picture_at(SURVEY, LEVELS[level], 9)
    assert within_limits(unseen(picture), picture) is within
