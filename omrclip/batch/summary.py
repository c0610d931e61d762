"""The two files about all scans of a folder, a table and a JSON, written scan by scan so that memory holds neither."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO

from omrclip.batch.table import ResultsTable
from omrclip.errors import Problem
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.template import Template
from omrclip.schemas.recognition_answer import Answer
from omrclip.schemas.recognition_response import dump_answer

TABLE_NAME = "results.csv"
JSON_NAME = "results.json"

# Bytes of the scans' statistics held in memory; more are in a temporary file until the recognitions are all written.
_STATISTICS_BYTES = 1 << 20


class Summary:
    """Writes a row of the table, and an entry of the JSON, for each scan.

    The JSON is the answer of the web service without its `ResponseFiles`. `Info` comes last, because it counts.
    """

    def __init__(self, table: ResultsTable, csv_file: IO[str], json_file: IO[str], statistics: IO[str]) -> None:
        self._table = table
        self._csv = csv_file
        self._rows = csv.writer(csv_file)
        self._json = json_file
        self._statistics = statistics
        self._count = self._passed = 0

    def begin(self, warnings: Sequence[Problem]) -> None:
        """Write the headings, and the JSON up to the first recognition."""
        self._rows.writerow(self._table.headings())
        told = dump_answer(Answer([], self._table.options, alone=False, warnings=warnings), with_files=False)
        fixed = {key: told[key] for key in ("Uri", "Warnings")}
        self._json.write(_indented(fixed, 0).removesuffix("\n}") + ',\n "Recognitions": [')

    def add(self, recognition: Recognition) -> None:
        """Write what is told of a scan; the row is on disk at once."""
        self._rows.writerow(self._table.row(recognition))
        self._csv.flush()
        told = dump_answer(Answer([recognition], self._table.options, alone=False), with_files=False)
        separator = ",\n" if self._count else "\n"
        self._json.write(separator + _indented(told["Recognitions"][0], 2))
        self._statistics.write(separator + _indented(told["Info"]["Details"]["RecognitionStatistics"][0], 4))
        self._count += 1
        self._passed += recognition.passed

    def finish(self) -> None:
        """Complete the JSON."""
        info = dump_answer(Answer([], self._table.options, alone=False), with_files=False)["Info"]
        info |= {"ProcessedTasksCount": self._count, "SuccessfulTasksCount": self._passed}
        empty_list = _indented({"Info": info}, 0)[2:]
        before, after = empty_list.rsplit("[]", 1)
        self._json.write(f"\n ],\n{before}[")
        self._statistics.seek(0)
        copyfileobj(self._statistics, self._json)
        self._json.write(f"\n   ]{after}\n")


@contextmanager
def open_summary(
    folder: Path, template: Template, options: RecognitionOptions, warnings: Sequence[Problem]
) -> Iterator[Summary]:
    """Begin the files in a folder; however the block is left, they are complete for the scans added so far.

    Raises:
        OSError: they cannot be written.
    """
    with (
        # The byte order mark tells spreadsheets that names beyond ASCII are UTF-8.
        (folder / TABLE_NAME).open("w", encoding="utf-8-sig", newline="") as csv_file,
        (folder / JSON_NAME).open("w", encoding="utf-8") as json_file,
        SpooledTemporaryFile(_STATISTICS_BYTES, "w+", encoding="utf-8") as statistics,
    ):
        summary = Summary(ResultsTable.of(template, options), csv_file, json_file, statistics)
        summary.begin(warnings)
        try:
            yield summary
        finally:
            summary.finish()


def _indented(value: object, spaces: int) -> str:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return " " * spaces + text.replace("\n", "\n" + " " * spaces)
