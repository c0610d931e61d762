"""`/api/recognitions/{id}/results.csv` and `.xlsx`: tables of stored recognitions with corrected values.

A table is written before the answer begins, so that errors are reported. Large ones are written to a temporary file, so
that a slow client needs no memory.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import SEEK_END, BytesIO, TextIOWrapper
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Final

from flask import Blueprint, Response, request

from omrclip.errors import InvalidRequest, NotAllowed, StorageUnavailable
from omrclip.jobs.batches.parquet import PARQUET_NAME, open_parquet
from omrclip.omr.report.answer import KeptUris
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.result_files import saved_name
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import CsvTable, ResultsTable, Separator
from omrclip.storage.kept import SMALL_BYTES
from omrclip.storage.kept_records import KeptRecognition
from omrclip.web.lanes import Lane, runs_in, work
from omrclip.web.services import LINKED, PRIVATE, base_url, services

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_TOGETHER: Final = 250
"""The most recognitions in one table. Their identifiers fit into 8 KiB, which proxies usually allow for a URL."""
MOST_MARKS_SEPARATOR: Final = 10
"""The most characters between two marks."""
IN_MEMORY: Final = 1 << 20
"""The largest table that is held in memory, in bytes."""
SENT_AT_ONCE: Final = 256 * 1024

_log = logging.getLogger(__name__)

blueprint = Blueprint("tables", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>/results.csv")
@runs_in(Lane.WORK)
def get_csv(identifier: str) -> Response:
    """The table as CSV."""
    separator = _one_of("separator", tuple(Separator), Separator.COMMA)
    return sent(_requested(identifier).csv(Separator(separator)), CSV_TYPE)


@blueprint.get("/<identifier>/results.xlsx")
@runs_in(Lane.WORK)
def get_xlsx(identifier: str) -> Response:
    """The table as a workbook."""
    return sent(_requested(identifier).xlsx(), XLSX_TYPE)


class SheetTable:
    """A table with corrections."""

    def __init__(self, table: ResultsTable, rows: Callable[[], Iterator[tuple[Sheet, Sequence[Sheet]]]]) -> None:
        """Read nothing yet. `rows` reads the rows, each with the sheets that it shows, anew at each call."""
        self._table = table
        self._rows = rows

    @classmethod
    def of_sheets(cls, sheets: Callable[[], Iterator[Sheet]], marks_separator: str | None = None) -> "SheetTable":
        """A table with a row for each sheet.

        The sheets are read twice, because the columns must be known before the first row. What `sheets` raises is
        raised here, too.
        """
        return cls(ResultsTable.of_sheets(sheets(), marks_separator), lambda: ((sheet, [sheet]) for sheet in sheets()))

    def csv(self, separator: Separator = Separator.COMMA) -> IO[bytes]:
        """The table as CSV, in a temporary file. Raises StorageUnavailable if that cannot be written."""
        with _written_to_temporary() as file:
            text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
            written = CsvTable(text, self._table, separator)
            for row, _ in self._rows():
                written.add(self._table.row(row))
            text.detach()
        return _in_memory_if_small(file)

    def xlsx(self) -> IO[bytes]:
        """The table as a workbook, in a temporary file. Raises StorageUnavailable if that cannot be written."""
        from omrclip.omr.report.workbook import XlsxTable  # XlsxWriter, which most processes do not need

        counts = Counts()
        with _written_to_temporary() as file, TemporaryDirectory(prefix="omrclip-") as folder, ExitStack() as stack:
            path = Path(folder, "results.xlsx")
            workbook = XlsxTable(path, self._table, Path(folder), counts=counts)
            stack.callback(workbook.discard)
            for row, sheets in self._rows():
                for sheet in sheets:
                    counts.add(sheet)
                workbook.add(self._table.row(row), sheets)
            workbook.close()
            with path.open("rb") as written:
                copyfileobj(written, file)
        return _in_memory_if_small(file)

    def parquet(self) -> IO[bytes]:
        """The table as Parquet, in a temporary file.

        Raises:
            ConfigurationError: pyarrow is not installed.
            StorageUnavailable: the file cannot be written.
        """
        with _written_to_temporary() as file, TemporaryDirectory(prefix="omrclip-") as folder:
            with open_parquet(Path(folder), self._table) as written:
                for row, _ in self._rows():
                    written.add(self._table.row(row))
            with Path(folder, PARQUET_NAME).open("rb") as found:
                copyfileobj(found, file)
        return _in_memory_if_small(file)


def kept_table(
    recognitions: Sequence[KeptRecognition],
    placed: Callable[[KeptRecognition, Sheet], Sheet],
    marks_separator: str | None = None,
) -> SheetTable:
    """The table of stored recognitions with their corrections, one after the other. One answer at a time is in memory.

    Args:
        recognitions: the recognitions.
        placed: gives a sheet the names and links of its clips' files.
        marks_separator: what stands between the values of several marks in one cell, see `ResultsTable`.

    Raises:
        NotFound: a recognition does not exist or has expired.
        DamagedRecord: its files are damaged.
        LimitExceeded, ServerBusy: no memory is free for its answer.
    """
    store, corrections = services().kept, services().corrections
    admission = services().sources.admission

    def sheets() -> Iterator[Sheet]:
        for kept in recognitions:
            with ExitStack() as stack:
                needed = store.answer_bytes(kept)
                if needed > SMALL_BYTES:
                    stack.enter_context(admission.admitted(needed, patient=True, work=work()))
                for sheet in corrections.sheets(kept):
                    yield placed(kept, sheet)

    return SheetTable.of_sheets(sheets, marks_separator)


@contextmanager
def _written_to_temporary() -> Iterator[IO[bytes]]:
    """A temporary file, which is closed if writing it fails."""
    with ExitStack() as stack:
        try:
            file = TemporaryFile()  # noqa: SIM115 - it stays open for the answer
            stack.callback(file.close)
            yield file
        except OSError as error:
            _log.warning("cannot write a table to a temporary file: %s", type(error).__name__)
            raise StorageUnavailable("There is no space for the table on the server's disk.") from None
        stack.pop_all()


def _in_memory_if_small(file: IO[bytes]) -> IO[bytes]:
    if file.seek(0, SEEK_END) > IN_MEMORY:
        return file
    with file:
        file.seek(0)
        return BytesIO(file.read())


def temporary_file(pieces: Iterable[bytes]) -> IO[bytes]:
    """A temporary file of these pieces. Raises StorageUnavailable if it cannot be written."""
    with _written_to_temporary() as file:
        for piece in pieces:
            file.write(piece)
    return _in_memory_if_small(file)


def in_archive(_: KeptRecognition, sheet: Sheet) -> Sheet:
    """A sheet for a table that lies in an archive beside the clips."""
    pairs = zip(sheet.clip_files, sheet.recognition.clips, strict=True)
    return replace(sheet, clip_files=[saved_name(file, clip.format.media_type) for file, clip in pairs])


def _requested(identifier: str) -> SheetTable:
    """The table of the recognition in the path, and of those in the query."""
    identifiers = [identifier, *request.args.getlist("also")]
    if len(identifiers) > 1 and request.environ.get(LINKED):
        raise NotAllowed("A signed link shows one recognition, so `also` is not allowed.")
    if len(identifiers) > MOST_TOGETHER:
        raise _wrong("also", f"at most {MOST_TOGETHER - 1} identifiers")
    marks = request.args.get("marks")
    if len(marks or "") > MOST_MARKS_SEPARATOR:
        raise _wrong("marks", f"at most {MOST_MARKS_SEPARATOR} characters")
    base = base_url()

    def linked(kept: KeptRecognition, sheet: Sheet) -> Sheet:
        uris = KeptUris(base, kept.identifier)
        return replace(sheet, clip_links=[f"{uris.file(file)}?download" for file in sheet.clip_files])

    return kept_table([services().kept.read(one) for one in identifiers], linked, marks)


def _one_of(name: str, values: Sequence[str], default: str) -> str:
    value = request.args.get(name, default)
    if value not in values:
        raise _wrong(name, f"one of {' '.join(values)}")
    return value


def _wrong(name: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{name}: expected {expected}", fields=[{"path": name, "expected": expected}])


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(SENT_AT_ONCE), b"")


def sent(file: IO[bytes], content_type: str) -> Response:
    """Answer a temporary file as an attachment, and close it at the end."""
    size = file.seek(0, SEEK_END)
    file.seek(0)
    answer = Response(_pieces(file), content_type=content_type)
    answer.content_length = size
    answer.call_on_close(file.close)
    answer.headers["Content-Disposition"] = "attachment"  # its name is the last part of the URL, or what a page says
    answer.headers["Cache-Control"] = PRIVATE
    return answer
