"""The tables and the report of many recognitions in a folder: results.csv, results.xlsx and report.html."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from omrclip.errors import LimitExceeded
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.report import Report
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import Cell, CsvTable, ResultsTable, Separator
from omrclip.omr.report.workbook import XlsxTable, check_columns
from omrclip.omr.results import MarkThresholds

TABLE_NAME = "results.csv"
WORKBOOK_NAME = "results.xlsx"
REPORT_NAME = "report.html"
_UNFINISHED = ".results.xlsx.unfinished"
_UNFINISHED_REPORT = ".report.html.unfinished"


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How tables are written.

    Attributes:
        separator: between the cells of the CSV file.
        marks_separator: between the values of several marks in one cell, see `ResultsTable`.
        pictures: whether the cells of the workbook show the clips.
    """

    separator: Separator = Separator.COMMA
    marks_separator: str | None = None
    pictures: bool = False


class Tables:
    """Writes a row of each table for each sheet. Memory does not grow with the number of sheets."""

    def __init__(
        self,
        table: ResultsTable,
        csv_file: IO[str],
        csv_table: CsvTable,
        workbook: XlsxTable | None,
        counts: Counts,
        report: Report,
    ) -> None:
        self._table = table
        self._csv_file = csv_file
        self._csv = csv_table
        self._workbook = workbook
        self._counts = counts
        self._report = report

    def add(self, sheet: Sheet) -> list[Cell]:
        """Write the rows of a sheet, and return that of the CSV file, which is on disk at once. Raises OSError."""
        return self._add(sheet, [sheet])

    def add_booklet(self, booklet: Sheet, sheets: Sequence[Sheet]) -> list[Cell]:
        """Write the row of a booklet, count its sheets, and return the row. Raises OSError."""
        self._report.add_booklet(booklet)
        return self._add(booklet, sheets)

    def _add(self, shown: Sheet, sheets: Sequence[Sheet]) -> list[Cell]:
        row = self._table.row(shown)
        self._csv.add(row)
        self._csv_file.flush()
        for sheet in sheets:
            self._counts.add(sheet)
            self._report.add(sheet)
        if self._workbook:
            self._workbook.add(row, sheets)
        return row


@contextmanager
def open_tables(
    folder: Path, table: ResultsTable, options: TableOptions, title: str, thresholds: MarkThresholds
) -> Iterator[Tables]:
    """Create the tables and the report in a folder.

    The workbook and the report are written at the end of the block, unless the disk is full or the user interrupts the
    process. There is no workbook if the table has too many columns for it (see `fits_workbook`).

    Args:
        folder: where to write.
        table: the columns.
        options: how to write the tables.
        title: the heading of the report, such as the name of the template.
        thresholds: those of the recognitions, for the report.

    Raises:
        OSError: they cannot be written.
    """
    counts = Counts()
    report = Report(title, thresholds, counts)
    # The byte order mark tells spreadsheets that names beyond ASCII are UTF-8.
    with (folder / TABLE_NAME).open("w", encoding="utf-8-sig", newline="") as csv_file:
        csv_table = CsvTable(csv_file, table, options.separator)
        csv_file.flush()
        with (
            _at_end(lambda: _write_report(folder, report)),
            _workbook(folder, table, options, counts) if fits_workbook(table) else nullcontext() as workbook,
        ):
            yield Tables(table, csv_file, csv_table, workbook, counts, report)


def _write_report(folder: Path, report: Report) -> None:
    unfinished = folder / _UNFINISHED_REPORT
    try:
        unfinished.write_text(report.html(), encoding="utf-8", errors="replace")
        unfinished.replace(folder / REPORT_NAME)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _workbook(folder: Path, table: ResultsTable, options: TableOptions, counts: Counts) -> Iterator[XlsxTable]:
    unfinished = folder / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed
    unfinished.mkdir()
    written = unfinished / WORKBOOK_NAME
    pictures = folder if options.pictures else None
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, unfinished, ignore_errors=True)
        workbook = XlsxTable(written, table, unfinished, pictures=pictures, counts=counts)
        stack.callback(workbook.discard)
        with _at_end(lambda: _finish(workbook, written, folder)):
            yield workbook


@contextmanager
def _at_end(write: Callable[[], None]) -> Iterator[None]:
    """Call `write` at the end of the block, unless the disk is full or the user interrupts the process."""
    try:
        yield
    except (OSError, KeyboardInterrupt):
        raise
    except BaseException:
        write()
        raise
    write()


def _finish(workbook: XlsxTable, written: Path, folder: Path) -> None:
    workbook.close()
    written.replace(folder / WORKBOOK_NAME)


def fits_workbook(table: ResultsTable) -> bool:
    """Whether a workbook has enough columns for a table."""
    try:
        check_columns(table)
    except LimitExceeded:
        return False
    return True
