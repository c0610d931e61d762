"""`/api/batches/{id}/corrections`: corrections of the sheets of a batch, and its results with them."""

from collections.abc import Iterator, Sequence
from typing import Final

from flask import Blueprint, Response

from omrclip.jobs.batches.corrections import check_targets, corrected_lines, corrected_sheets
from omrclip.jobs.batches.definition import stored_batch
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.report import Report
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.results import MarkThresholds
from omrclip.schemas.corrections import Correction, current, dump_sheet_changes, load_sheet_changes
from omrclip.storage.batches import StoredBatch
from omrclip.web.api.tables import SheetTable, sent, temporary_file
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import PRIVATE, account_name, json_body, services

RESULT_FILES: Final = {
    "results.csv": "text/csv; charset=utf-8",
    "results.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "results.jsonl": "application/x-ndjson",
    "report.html": "text/html; charset=utf-8",
}

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
    check_targets(batches.results(identifier), wanted)
    return _answer(current(batches.correct(identifier, wanted, account_name())))


def corrected_result(batch: StoredBatch, name: str, corrections: Sequence[Correction]) -> Response:
    """One of RESULT_FILES with the corrected values, made now from the records of the sheets.

    The files that the batch wrote stay as they were read.
    """
    store, held = services().batches.results(batch.identifier), current(corrections)

    def sheets() -> Iterator[Sheet]:
        return corrected_sheets(store, held)

    match name:
        case "results.csv":
            file = SheetTable(sheets).csv()
        case "results.xlsx":
            file = SheetTable(sheets).xlsx()
        case "results.jsonl":
            file = temporary_file(corrected_lines(store, held))
        case _:
            file = temporary_file(
                _report(" and ".join(batch.templates), stored_batch(store).options.thresholds, sheets())
            )
    answer = sent(file, RESULT_FILES[name])
    if name == "report.html":
        del answer.headers["Content-Disposition"]
    else:
        answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _report(title: str, thresholds: MarkThresholds, sheets: Iterator[Sheet]) -> Iterator[bytes]:
    counts = Counts()
    report = Report(title, thresholds, counts)
    for sheet in sheets:
        counts.add(sheet)
        report.add(sheet)
    yield report.html().encode(errors="replace")


def _answer(corrections: Sequence[Correction]) -> Response:
    answer = Response(dump_sheet_changes(corrections), mimetype="application/json")
    answer.headers["Cache-Control"] = PRIVATE
    return answer
