"""`/api/batches/{id}/corrections`: corrections of the sheets of a batch, and its results with them."""

from collections.abc import Iterator, Sequence
from typing import IO, Final

from flask import Blueprint, Response

from omrclip.jobs.batches.corrections import corrected_lines, corrected_rows, corrected_targets, reviewed
from omrclip.jobs.batches.definition import stored_batch
from omrclip.jobs.batches.rows import BatchRows, Row
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.file_names import safe_file_name
from omrclip.omr.report.report import Report
from omrclip.omr.report.table import Separator
from omrclip.omr.results import MarkThresholds
from omrclip.schemas.corrections import Correction, current, dump_sheet_changes, load_sheet_changes
from omrclip.storage.batches import StoredBatch
from omrclip.web.api.tables import SheetTable, sent, temporary_file
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import PRIVATE, account_name, disposition, json_body, services

RESULT_FILES: Final = {
    "results.csv": "text/csv; charset=utf-8",
    "results.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "results.jsonl": "application/x-ndjson",
    "report.html": "text/html; charset=utf-8",
}
PARQUET_TYPE: Final = "application/vnd.apache.parquet"

blueprint = Blueprint("batch_corrections", __name__, url_prefix="/api/batches")


@blueprint.get("/<identifier>/corrections")
def get_corrections(identifier: str) -> Response:
    """The corrections that hold."""
    return _answer(current(services().batches.corrections(identifier)))


@blueprint.get("/<identifier>/corrections/history")
def get_history(identifier: str) -> Response:
    """All corrections that were ever made or undone, in the order of time."""
    return _answer(services().batches.corrections(identifier))


@blueprint.post("/<identifier>/corrections")
@runs_in(Lane.WORK)
def post_corrections(identifier: str) -> Response:
    """Add corrections. Those of other elements stay, so that several people can work on one batch."""
    batches = services().batches
    wanted = load_sheet_changes(json_body(), services().config.limits)
    sheets = corrected_targets(batches.results(identifier), wanted)
    log = batches.correct(identifier, wanted, account_name(), lambda log: reviewed(sheets, current(log)))
    return _answer(current(log))


def corrected_result(
    batch: StoredBatch, name: str, corrections: Sequence[Correction], separator: Separator = Separator.COMMA
) -> Response:
    """One of RESULT_FILES, or `results.parquet`, with the corrected values, made now from the records of the sheets.

    The files that the batch wrote stay as they were read.
    """
    answer = sent(corrected_file(batch, name, corrections, separator), RESULT_FILES.get(name, PARQUET_TYPE))
    if name == "report.html":
        del answer.headers["Content-Disposition"]
    else:
        answer.headers["Content-Disposition"] = disposition("attachment", saved_as(batch, name))
    return answer


def saved_as(batch: StoredBatch, name: str) -> str:
    """What one of RESULT_FILES is called when it is saved: it is named after its batch."""
    return f"{safe_file_name(batch.name)}.{name.rpartition('.')[2]}"


def corrected_file(
    batch: StoredBatch, name: str, corrections: Sequence[Correction], separator: Separator = Separator.COMMA
) -> IO[bytes]:
    """The same as a temporary file, which the caller closes.

    Raises ConfigurationError if `results.parquet` is asked for and pyarrow is not installed.
    """
    store, held = services().batches.results(batch.identifier), current(corrections)
    if name == "results.jsonl":
        return temporary_file(corrected_lines(store, held))
    stored = stored_batch(store)
    rows = BatchRows.of(stored, stored.load(services().config.limits)[0])
    table = SheetTable(rows.columns(has_corrections=bool(corrections)), lambda: corrected_rows(store, rows, held))
    match name:
        case "results.csv":
            return table.csv(separator)
        case "results.xlsx":
            return table.xlsx()
        case "results.parquet":
            return table.parquet()
        case _:
            title = " and ".join(batch.templates)
            report = _report(title, stored.options.thresholds, rows, corrected_rows(store, rows, held))
            return temporary_file(report)


def _report(title: str, thresholds: MarkThresholds, rows: BatchRows, found: Iterator[Row]) -> Iterator[bytes]:
    counts = Counts()
    report = Report(title, thresholds, counts)
    for row, sheets in found:
        if rows.are_booklets:
            report.add_booklet(row)
        for sheet in sheets:
            counts.add(sheet)
            report.add(sheet)
    yield report.html().encode(errors="replace")


def _answer(corrections: Sequence[Correction]) -> Response:
    answer = Response(dump_sheet_changes(corrections), mimetype="application/json")
    answer.headers["Cache-Control"] = PRIVATE
    return answer
