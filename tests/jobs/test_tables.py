"""Tables of a folder: written as rows come, whole at the end, and nothing is left of a run that was killed."""

import csv
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from omrclip.jobs.tables import REPORT_NAME, TABLE_NAME, WORKBOOK_NAME, TableOptions, Tables, fits_workbook, open_tables
from omrclip.omr.report import workbook
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import AnswerColumn, ResultsTable, Separator
from omrclip.omr.results import MarkThresholds
from tests.omr.recognized import recognition

TABLE = ResultsTable((AnswerColumn("Q1"),), ())
SHEET = Sheet(recognition(clips=()))


def opened(folder: Path, options: TableOptions | None = None) -> AbstractContextManager[Tables]:
    return open_tables(folder, TABLE, options or TableOptions(), "Exam", MarkThresholds())


def images(folder: Path) -> list[object]:
    book = load_workbook(folder / WORKBOOK_NAME, read_only=True)
    try:
        return [row[0] for row in book["Results"].iter_rows(values_only=True)]
    finally:
        book.close()


def test_both_tables_have_the_rows(tmp_path: Path) -> None:
    with opened(tmp_path, TableOptions(Separator.SEMICOLON)) as tables:
        tables.add(SHEET)
        with (tmp_path / TABLE_NAME).open(encoding="utf-8-sig", newline="") as file:
            assert [row[0] for row in csv.reader(file, delimiter=";")] == ["Image", "scan.png"], "it is on disk at once"
        tables.add(SHEET)
    assert images(tmp_path) == ["Image", "scan.png", "scan.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [REPORT_NAME, TABLE_NAME, WORKBOOK_NAME]


@pytest.mark.parametrize(
    ("raised", "has_workbook"),
    [(ValueError, True), (GeneratorExit, True), (OSError, False), (KeyboardInterrupt, False)],
)
def test_a_run_that_ends_early_has_a_workbook_unless_it_cannot_be_or_is_hurried(
    tmp_path: Path, raised: type[BaseException], has_workbook: bool
) -> None:
    with pytest.raises(raised), opened(tmp_path) as tables:  # noqa: PT012
        tables.add(SHEET)
        raise raised
    at_end = [REPORT_NAME, WORKBOOK_NAME] if has_workbook else []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([TABLE_NAME, *at_end])


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".results.xlsx.unfinished"
    left.mkdir()
    (left / "rows").write_text("a name")
    with opened(tmp_path) as tables:
        assert not (left / "rows").exists()
        tables.add(SHEET)
    assert not left.exists()


def test_a_workbook_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / WORKBOOK_NAME).write_bytes(b"earlier")

    def fail(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workbook.XlsxTable, "close", fail)
    with pytest.raises(OSError, match="No space"), opened(tmp_path) as tables:
        tables.add(SHEET)
    assert (tmp_path / WORKBOOK_NAME).read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_NAME, WORKBOOK_NAME]


def test_a_report_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / REPORT_NAME).write_text("earlier")
    write = Path.write_text

    def fail(path: Path, text: str, **settings: Any) -> int:
        write(path, text[:10], **settings)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match="No space"), opened(tmp_path) as tables:
        tables.add(SHEET)
    assert (tmp_path / REPORT_NAME).read_text() == "earlier"
    assert not list(tmp_path.glob(".*"))


def test_a_table_that_is_too_wide_for_a_workbook_is_written_as_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 7)
    assert not fits_workbook(TABLE)
    with opened(tmp_path) as tables:
        tables.add(SHEET)
    assert sorted(path.name for path in tmp_path.iterdir()) == [REPORT_NAME, TABLE_NAME]
