"""That the benchmark runs and says all that it should, and that its measures measure; how right recognition is, is
nothing to assert here.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from omrclip.omr.results import ElementResult, ElementStatus
from tests.benchmarks.accuracy.__main__ import main
from tests.benchmarks.accuracy.cases import Case, cases
from tests.benchmarks.accuracy.cuts import Cutting
from tests.benchmarks.accuracy.forms import BLOCKS, TEMPLATED, pages_of
from tests.benchmarks.accuracy.judging import Miss, Outcome, Verdict, miss, part_of
from tests.benchmarks.accuracy.limits import keeps_limits, within_limits
from tests.benchmarks.accuracy.report import summarized
from tests.benchmarks.accuracy.sheets import open_cache, sheet_of
from tests.benchmarks.accuracy.truth import FieldTruth, truth_of
from tests.benchmarks.accuracy.working import work
from tests.sheets.quick import Picture
from tests.sheets.sheet import Sheet
from tests.sheets.strengths import LEVELS, RESPECTS, picture_at
from tests.sheets.survey import survey

ROOT = Path(__file__).parents[3]
SURVEY = survey()
TITLES = ("By respect and strength", "By respect", "By form", "Overview")
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
    "marks scribble, scan": False,
    "ticks small, scan": False,
    "circles around, photo": False,
    "crossed-out by a line, scan": False,
    "rubbed-out well, scan": False,
    "gaps 40% of columns empty, photo": True,
    "pen pencil, scan": True,
    "pale hard pencil, scan": False,
    "pale faint pencil, scan": False,
    "100-dpi clean, scan": False,
    "phone hazy, photo": True,
    "scan edges cut off by 6 mm, scan": True,
    "scan edges cut off by 13 mm, scan": False,
}


def test_it_runs_and_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    few = ["--sheets", "2", "--jobs", "1", "--respects", "nothing", "--form", "survey"]
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
    assert {case.hardness.respect for case in many} == set(RESPECTS)
    assert len({case.seed for case in many}) == 3000
    assert cases(50, 4) != few


def test_respects_are_chosen_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--sheets", "2", "--jobs", "1", "--respects", "squares,gaps", "--form", "letters", "--cache", str(tmp_path)])
    said = capsys.readouterr().out
    assert {case.hardness.respect for case in cases(60, 1, ["squares", "gaps"], ["letters"])} == {"squares", "gaps"}
    assert "nothing" not in said
    with pytest.raises(SystemExit):
        main(["--respects", "squares,unheard-of"])


def test_a_run_that_is_stopped_tells_what_it_has_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = [Outcome(case, "scan", True, 10) for case in cases(3, 1)]

    def stopped(*_: object) -> Iterator[Outcome]:
        yield from outcomes
        raise KeyboardInterrupt

    monkeypatch.setattr("tests.benchmarks.accuracy.__main__.work_on", stopped)
    main(["--sheets", "8"])
    said = capsys.readouterr().out
    assert "Stopped after 3 of 8 sheets." in said
    assert TITLES[-1] in said


def test_parts_of_templates_are_read_by_the_same_command(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr("tests.benchmarks.accuracy.partial.run", asked.append)
    main(["--case", cases(1, 1, ["nothing"])[0].title, "--jobs", "1", "--seed", "3", "--readings", "40"])
    alike = ["--readings", "40", "--seed", "3", "--jobs", "1"]
    assert asked == [alike, [*alike, "--extents"]]


def test_what_is_silently_wrong_is_told_with_its_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, flagged = (Miss("Q1", verdict, "A", "B", "marked") for verdict in (Verdict.WRONG, Verdict.FLAGGED))
    (case,) = cases(1, 1)
    monkeypatch.setattr(
        "tests.benchmarks.accuracy.__main__.work_on",
        lambda *_: iter([Outcome(case, "scan", True, 10, misses=(wrong, flagged))]),
    )
    main(["--sheets", "1"])
    said = capsys.readouterr().out
    assert f"WRONG {case.title!r} Q1: 'A' was read as 'B', marked" in said
    row = next(line for line in said.splitlines() if line.startswith("all "))
    assert row.split()[:7] == ["all", "1", "0", "10", "80.00", "10.00", "1"]


def test_a_case_is_found_again_by_its_title() -> None:
    for case in cases(30, 2):
        assert Case.named(case.title) == case
    with pytest.raises(ValueError, match="There is no case"):
        Case.named("exam / page image / ticks invisible, scan / 3")


def test_a_template_that_is_cut_down_has_fields_of_its_part() -> None:
    case = next(case for case in cases(400, 1, ["parts"], ["exam"]) if case.cutting.part == "first half")
    sheet = sheet_of(case, None)
    truth = part_of(sheet.truth, pages_of(case.form, case.known, case.cutting))
    assert len(truth.fields) in (30, 31)
    assert truth.clips == ()
    assert not set(truth.fields) - set(sheet.truth.fields)


def test_a_sheet_is_read_with_the_template_that_its_case_has() -> None:
    case = next(case for case in cases(400, 1, ["blocks"], ["enrolment"], ["bubbles only"]) if case.cutting.part)
    outcome = work(None, None, case)
    assert 0 < outcome.fields < 13
    assert outcome.offsets == {}


@pytest.mark.parametrize(("extent", "within"), [(0.7, False), (0.8, True), (1.0, True), (1.3, True), (1.4, False)])
def test_extents_of_bubbles_have_limits(extent: float, within: bool) -> None:
    assert keeps_limits(Cutting(extent=extent)) is within


def test_forms_of_one_block_are_measured_where_a_level_asks_for_them() -> None:
    drawn = cases(400, 1)
    assert {case.form for case in drawn if case.hardness.forms == ()} == set(TEMPLATED)
    blocks = cases(100, 1, ["blocks"])
    assert {case.form for case in blocks if case.hardness.label == "whole form"} == set(BLOCKS)
    assert {case.cutting.part for case in blocks if case.form in BLOCKS} == {""}


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
        (FieldTruth("4 51", gap=True), "4 51", ElementStatus.UNCERTAIN, None),
        (FieldTruth("4 51", gap=True), "4 51", ElementStatus.MARKED, Verdict.WRONG),
        (FieldTruth("4 51", gap=True), "451", ElementStatus.UNCERTAIN, Verdict.FLAGGED),
        (FieldTruth("4 51", gap=True), "451", ElementStatus.MARKED, Verdict.WRONG),
        (FieldTruth("4 51", gap=True), "", ElementStatus.BLANK, Verdict.WRONG),
        (FieldTruth("", doubtful=True), "", ElementStatus.BLANK, None),
        (FieldTruth("", doubtful=True), "A", ElementStatus.UNCERTAIN, None),
        (FieldTruth("", doubtful=True), "A", ElementStatus.MARKED, Verdict.WRONG),
        (FieldTruth("B", doubtful=True), "AB", ElementStatus.MULTIPLE, None),
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


def test_the_program_runs_with_two_processes() -> None:
    program = [sys.executable, "-m", "tests.benchmarks.accuracy", "--sheets", "2", "--jobs", "2", "--form", "survey"]
    done = subprocess.run([*program, "--respects", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 sheets, 0 fields silently wrong" in done.stderr
