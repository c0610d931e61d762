"""A sheet that was written as JSON gives the same rows as before."""

import json
from dataclasses import replace

import pytest

from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, failed
from omrclip.omr.report.answer import Answer
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.report.table import AnswerColumn, ResultsTable
from omrclip.schemas.recognition_response import dump_answer, dump_record
from omrclip.schemas.recorded_sheet import load_record, load_sheet
from tests.omr.recognized import recognition

FILES, OPTIONS = FileNames(alone=False), RecognitionOptions()
TABLE = ResultsTable(
    tuple(map(AnswerColumn, ("Q1", "Q2", "Q3", "Q4", "Grid", "Code"))), ("Näme",), has_corrections=True
)


def recorded(one: Recognition, **corrections: Corrected) -> Sheet:
    written = json.loads(json.dumps(dump_answer(Answer([one], OPTIONS, FILES), with_files=False)))
    (told,), (statistics,) = written["Recognitions"], written["Info"]["Details"]["RecognitionStatistics"]
    return load_sheet(told, statistics, corrections)


def test_a_recorded_sheet_gives_the_same_row_and_counts() -> None:
    for one in (recognition(seconds=1.25), failed("b.png", ValueError("secret"))):
        corrections = {"Q3": Corrected("B", "Ada"), "Näme": Corrected("Böhm")}
        expected = replace(Sheet.of(one, FILES, OPTIONS), corrections=corrections)
        found = recorded(one, **corrections)
        assert TABLE.row(found) == TABLE.row(expected)
        counts = Counts(), Counts()
        counts[0].add(found)
        counts[1].add(expected)
        assert list(counts[0]) == list(counts[1])
        assert found.recognition.seconds == one.seconds
        assert found.reason == expected.reason


def test_the_place_of_the_page_is_known_as_far_as_the_answer_tells_it() -> None:
    expected, found = recognition().registration, recorded(recognition()).recognition.registration
    assert expected is not None
    assert found is not None
    assert found.page_to_scan.tolist() == expected.page_to_scan.tolist()
    assert (found.page, found.scan, found.strategy) == (expected.page, expected.scan, expected.strategy)
    assert (found.residual, found.confidence) == (1.25, 0.988)


def test_a_record_of_a_batch_gives_the_same_row_as_the_recognition() -> None:
    for one in (recognition(), failed("b.png", ValueError("secret"))):
        expected = Sheet.of(one, FILES, OPTIONS)
        found = load_record(json.dumps(dump_record(one, OPTIONS, FILES)).encode())
        assert TABLE.row(found) == TABLE.row(expected)
        assert found.recognition.messages == expected.recognition.messages


@pytest.mark.parametrize(
    ("path", "wrong"),
    [(("Elements", 0, "Status"), "guessed"), (("Elements", 0, "Value"), 7), (("Elements",), {}), (("Name",), None)],
)
def test_damaged_entries_are_value_errors(path: tuple[str | int, ...], wrong: object) -> None:
    record = json.loads(json.dumps(dump_record(recognition(), OPTIONS, FILES)))
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = wrong
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        load_record(json.dumps(record).encode())
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        load_sheet(record, {"TaskMessages": []})
