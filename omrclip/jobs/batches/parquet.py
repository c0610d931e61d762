"""The table of a batch as a Parquet file, for programs that analyse data."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omrclip.errors import ConfigurationError
from omrclip.omr.labels import distinct
from omrclip.omr.report.table import Cell, ResultsTable

PARQUET_NAME = "results.parquet"
ROWS_AT_ONCE = 1000
"""Rows of a row group: as many as are in memory at a time."""
PAGE_HEADING = "Page"


class ParquetTable:
    """Writes the rows of a table. Memory does not grow with their number."""

    def __init__(self, pyarrow: Any, writer: Any, schema: Any) -> None:
        self._pyarrow = pyarrow
        self._writer = writer
        self._schema = schema
        self._rows: list[list[object]] = []

    def add(self, row: Sequence[Cell]) -> None:
        """Write a row."""
        is_text = [self._pyarrow.types.is_string(kind) for kind in self._schema.types]
        self._rows.append([cell.text if text else cell.number for cell, text in zip(row, is_text, strict=True)])
        if len(self._rows) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write the rows that are in memory."""
        if self._rows:
            columns = list(zip(*self._rows, strict=True))
            arrays = [self._pyarrow.array(*column) for column in zip(columns, self._schema.types, strict=True)]
            self._writer.write_table(self._pyarrow.Table.from_arrays(arrays, schema=self._schema))
            self._rows.clear()


@contextmanager
def open_parquet(folder: Path, table: ResultsTable) -> Iterator[ParquetTable]:
    """Create the file in a folder. It is complete at the end of the block.

    The columns are those of the CSV file. Columns of numbers have null where the cell is not a number: several marks
    where one is allowed, or a blank answer.

    Raises:
        ConfigurationError: pyarrow is not installed.
        OSError: the file cannot be written.
    """
    check_pyarrow()
    import pyarrow
    from pyarrow import parquet

    headings = distinct(table.headings(), "{} ({})")
    kinds = [pyarrow.string()] * len(headings)
    if not table.has_booklets:
        kinds[headings.index(PAGE_HEADING)] = pyarrow.int32()
    for place, column in enumerate(table.answers, start=table.first_answer):
        if column.is_number:
            kinds[place] = pyarrow.float64()
    schema = pyarrow.schema(list(zip(headings, kinds, strict=True)))
    with parquet.ParquetWriter(folder / PARQUET_NAME, schema) as writer:
        written = ParquetTable(pyarrow, writer, schema)
        yield written
        written.flush()


def has_pyarrow() -> bool:
    """Whether pyarrow is installed."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def check_pyarrow() -> None:
    """Raise ConfigurationError if pyarrow is not installed."""
    if not has_pyarrow():
        raise ConfigurationError("pyarrow is not installed: pip install 'omrclip[parquet]'")
