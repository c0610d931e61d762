"""Tables of a folder: written as rows come, whole at the end, and nothing is left of a run that was killed."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from omrclip.jobs.tables import TABLE_NAME, WORKBOOK_NAME, TableOptions, fits_workbook, open_tables
from omrclip.omr.report import workbook
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import AnswerColumn, ResultsTable, Separator
from tests.omr.recognized import recognition

TABLE = ResultsTable((AnswerColumn("Q1"),), ())
SHEET = Sheet(recognition(clips=()))


def images(folder: Path) -> list[object]:
    book = load_workbook(folder / WORKBOOK_NAME, read_only=True)
    try:
        return [row[0] for row in book["Results"].iter_rows(values_only=True)]
    finally:
        book.close()


def test_both_tables_have_the_rows(tmp_path: Path) -> None:
    with open_tables(tmp_path, TABLE, TableOptions(Separator.SEMICOLON)) as tables:
        tables.add(SHEET)
        with (tmp_path / TABLE_NAME).open(encoding="utf-8-sig", newline="") as file:
            assert [row[0] for row in csv.reader(file, delimiter=";")] == ["Image", "scan.png"], "it is on disk at once"
        tables.add(SHEET)
    assert images(tmp_path) == ["Image", "scan.png", "scan.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_NAME, WORKBOOK_NAME]


@pytest.mark.parametrize(
    ("raised", "has_workbook"),
    [(ValueError, True), (GeneratorExit, True), (OSError, False), (KeyboardInterrupt, False)],
)
def test_a_run_that_ends_early_has_a_workbook_unless_it_cannot_be_or_is_hurried(
    tmp_path: Path, raised: type[BaseException], has_workbook: bool
) -> None:
    with pytest.raises(raised), open_tables(tmp_path, TABLE, TableOptions()) as tables:  # noqa: PT012
        tables.add(SHEET)
        raise raised
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_NAME, WORKBOOK_NAME][: 1 + has_workbook]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".results.xlsx.unfinished"
    left.mkdir()
    (left / "rows").write_text("a name")
    with open_tables(tmp_path, TABLE, TableOptions()) as tables:
        assert not (left / "rows").exists()
        tables.add(SHEET)
    assert not left.exists()


def test_a_workbook_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / WORKBOOK_NAME).write_bytes(b"earlier")

    def fail(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workbook.XlsxTable, "close", fail)
    with pytest.raises(OSError, match="No space"), open_tables(tmp_path, TABLE, TableOptions()) as tables:
        tables.add(SHEET)
    assert (tmp_path / WORKBOOK_NAME).read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_NAME, WORKBOOK_NAME]


def test_a_table_that_is_too_wide_for_a_workbook_is_written_as_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 7)
    assert not fits_workbook(TABLE)
    with open_tables(tmp_path, TABLE, TableOptions()) as tables:
        tables.add(SHEET)
    assert [path.name for path in tmp_path.iterdir()] == [TABLE_NAME]
