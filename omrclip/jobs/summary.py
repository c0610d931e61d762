"""The files about all scans of a folder: the tables and a JSON file. They are written scan by scan to save memory."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from omrclip.errors import Problem
from omrclip.jobs.tables import TableOptions, Tables, open_tables
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.answer import Answer
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import ResultsTable
from omrclip.omr.template import Template
from omrclip.schemas.recognition_response import dump_answer

JSON_NAME = "results.json"

# Maximum size of the statistics of scans in memory. Larger ones are written to a temporary file.
_STATISTICS_BYTES = 1 << 20
# The statistics are at the end of the JSON. They are written again together with new recognitions, as soon as the size
# of these reaches this share of the statistics. So all writes together are less than 17 times the size of the file, and
# only few scans are missing if the process is killed.
_REWRITTEN_SHARE = 1 / 16


class Summary:
    """Writes the rows of the tables and an entry of the JSON for each scan.

    The JSON is the answer of the web service without its `ResponseFiles`. `Info` is at the end, because it contains the
    counts. Each write replaces the end of the file by new entries and a new end, so the file is always valid, even if
    the process is killed. It may then lack the last scans, which are in the CSV file.
    """

    def __init__(
        self,
        options: RecognitionOptions,
        files: FileNames,
        tables: Tables,
        json_file: IO[bytes],
        statistics: IO[bytes],
    ) -> None:
        self._options = options
        self._files = files
        self._tables = tables
        self._json = json_file
        self._statistics = statistics
        self._pending = self._end = b""
        self._end_at = self._statistics_bytes = 0
        self._count = self._passed = 0

    def begin(self, warnings: Sequence[Problem]) -> None:
        """Write a JSON without recognitions."""
        told = dump_answer(Answer([], self._options, self._files, warnings=warnings), with_files=False)
        fixed = {key: told[key] for key in ("Uri", "Identifier", "KeepingError", "Warnings")}
        self._pending = (_indented(fixed, 0).removesuffix("\n}") + ',\n "Recognitions": [').encode()
        self.finish()

    def add(self, recognition: Recognition) -> None:
        """Write the rows and the JSON entry of a scan. The row of the CSV file is on disk at once."""
        told = dump_answer(Answer([recognition], self._options, self._files), with_files=False)
        separator = ",\n" if self._count else "\n"
        entry = (separator + _indented(told["Recognitions"][0], 2)).encode()
        statistic = (separator + _indented(told["Info"]["Details"]["RecognitionStatistics"][0], 4)).encode()
        self._tables.add(Sheet.of(recognition, self._files, self._options))
        self._pending += entry
        self._statistics.write(statistic)
        self._statistics_bytes += len(statistic)
        self._count += 1
        self._passed += recognition.passed
        if len(self._pending) >= self._statistics_bytes * _REWRITTEN_SHARE:
            self.finish()

    def finish(self) -> None:
        """Write the recognitions that are not in the JSON yet, and its end."""
        info = dump_answer(Answer([], self._options, self._files), with_files=False)["Info"]
        info |= {"ProcessedTasksCount": self._count, "SuccessfulTasksCount": self._passed}
        before, after = _indented({"Info": info}, 0)[2:].rsplit("[]", 1)
        self._statistics.seek(0)
        end = b"".join((f"\n ],\n{before}[".encode(), self._statistics.read(), f"\n   ]{after}\n".encode()))
        try:
            self._write_at_end(self._pending + end)
        except OSError:
            with suppress(OSError):
                self._write_at_end(self._end)  # its space on the disk is still allocated
            raise
        self._end_at += len(self._pending)
        self._pending, self._end = b"", end

    def _write_at_end(self, data: bytes) -> None:
        self._json.seek(self._end_at)
        # One call, which a signal is unlikely to interrupt. If the disk took only a part, the second call raises why.
        written = self._json.write(data)
        if written < len(data):
            self._json.write(data[written:])
        self._json.truncate()


@contextmanager
def open_summary(
    folder: Path,
    template: Template,
    options: RecognitionOptions,
    files: FileNames,
    warnings: Sequence[Problem],
    table_options: TableOptions,
) -> Iterator[Summary]:
    """Create the files in a folder. At the end of the block, they are complete for the scans that were added.

    Raises:
        OSError: they cannot be written.
    """
    table = ResultsTable.of(template, marks_separator=table_options.marks_separator)
    with (
        open_tables(folder, table, table_options, template.name or "Results", options.thresholds) as tables,
        (folder / JSON_NAME).open("wb", buffering=0) as json_file,
        SpooledTemporaryFile(_STATISTICS_BYTES) as statistics,
    ):
        summary = Summary(options, files, tables, json_file, statistics)
        summary.begin(warnings)
        try:
            yield summary
        finally:
            summary.finish()


def _indented(value: object, spaces: int) -> str:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return " " * spaces + text.replace("\n", "\n" + " " * spaces)
