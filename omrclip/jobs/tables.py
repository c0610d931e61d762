"""The tables of many recognitions in a folder: results.csv and results.xlsx."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from omrclip.errors import LimitExceeded
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import CsvTable, ResultsTable, Separator
from omrclip.omr.report.workbook import XlsxTable, check_columns

TABLE_NAME = "results.csv"
WORKBOOK_NAME = "results.xlsx"
_UNFINISHED = ".results.xlsx.unfinished"


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How tables are written.

    Attributes:
        separator: between the cells of the CSV file.
        marks_separator: between the values of several marks in one cell.
        pictures: whether the cells of the workbook show the clips.
    """

    separator: Separator = Separator.COMMA
    marks_separator: str = ""
    pictures: bool = False


class Tables:
    """Writes a row of each table for each sheet. Memory does not grow with the number of sheets."""

    def __init__(self, csv_file: IO[str], csv_table: CsvTable, workbook: XlsxTable | None, counts: Counts) -> None:
        self._csv_file = csv_file
        self._csv = csv_table
        self._workbook = workbook
        self._counts = counts

    def add(self, sheet: Sheet) -> None:
        """Write the rows of a sheet. That of the CSV file is on disk at once. Raises OSError."""
        self._csv.add(sheet)
        self._csv_file.flush()
        self._counts.add(sheet)
        if self._workbook:
            self._workbook.add(sheet)


@contextmanager
def open_tables(folder: Path, table: ResultsTable, options: TableOptions) -> Iterator[Tables]:
    """Create the tables in a folder.

    The workbook is written at the end of the block. It is left out if the disk is full or the user interrupts the
    process, and if the table has too many columns for it (see `fits_workbook`).

    Raises:
        OSError: they cannot be written.
    """
    counts = Counts()
    # The byte order mark tells spreadsheets that names beyond ASCII are UTF-8.
    with (folder / TABLE_NAME).open("w", encoding="utf-8-sig", newline="") as csv_file:
        csv_table = CsvTable(csv_file, table, options.separator)
        csv_file.flush()
        with _workbook(folder, table, options, counts) if fits_workbook(table) else nullcontext() as workbook:
            yield Tables(csv_file, csv_table, workbook, counts)


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
        try:
            yield workbook
        except (OSError, KeyboardInterrupt):
            raise
        except BaseException:
            _finish(workbook, written, folder)
            raise
        _finish(workbook, written, folder)


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
