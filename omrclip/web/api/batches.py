"""`/api/batches`: batches, whose sheets another process recognizes, and their results."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from shutil import copyfileobj
from typing import IO, Any, Final

from flask import Blueprint, Response, current_app, jsonify, request

from omrclip.errors import InvalidRequest, LimitExceeded, NotFound, OmrclipError, Problem, StorageUnavailable
from omrclip.iiif.request import Format
from omrclip.imaging.tiff.ranges import RangeReader
from omrclip.jobs.batches.definition import Batch, BatchTemplate
from omrclip.jobs.batches.folder import CLIPS
from omrclip.jobs.batches.intake import NewBatch, add_document, batch_options, create_batch
from omrclip.jobs.batches.ledger import DoneScan
from omrclip.jobs.batches.parquet import PARQUET_NAME, has_pyarrow
from omrclip.jobs.batches.sheet_facts import Json
from omrclip.jobs.batches.sheet_index import RESULTS, SheetIndex
from omrclip.omr.recognition import Scan
from omrclip.omr.report.table import Separator
from omrclip.schemas.batches import FOR_GOOD, BatchSchema, dump_failure, load_batch_change, load_batch_request
from omrclip.schemas.wire import invalid_request
from omrclip.storage.batches import Batches, StoredBatch, workspaces_with_batches
from omrclip.storage.blobs import BlobStore
from omrclip.storage.receipts import Deleted
from omrclip.web.api.batch_corrections import RESULT_FILES, corrected_file, corrected_result, saved_as
from omrclip.web.api.receipts import deleted
from omrclip.web.api.tables import temporary_file
from omrclip.web.api.template_pages import accept_image
from omrclip.web.archives import Outbox
from omrclip.web.erasing import erase
from omrclip.web.lanes import Lane, MustWait, may_wait, runs_in
from omrclip.web.services import (
    MOST_LISTED,
    PRIVATE,
    base_url,
    disposition,
    json_body,
    listed,
    number_in_query,
    of,
    services,
)

SHEETS_PART: Final = "Sheets"
MOST_ZIPPED: Final = 50_000
"""Number of clips in one archive. Its directory is in memory until it is sent, and takes about 1 KB for each."""
READ_AT_ONCE: Final = 256 * 1024
_ARCHIVES: Final = ("application/zip", "application/x-zip-compressed")
"""The types of zip archives. Browsers on Windows send the second one."""
BLANK: Final = "blank"
SHEET_FILTERS: Final = (*RESULTS, BLANK)
"""The values of `?result=`."""
_REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
"""The report is a page of text and drawings. It runs nothing, whatever was read from a form."""

_TOLD_TO_ADMINISTRATORS: Final = (
    "Identifier",
    "Name",
    "State",
    "Message",
    "Created",
    "Expires",
    "Total",
    "Done",
    "Failed",
)

blueprint = Blueprint("batches", __name__, url_prefix="/api/batches")
everywhere = Blueprint("all_batches", __name__, url_prefix="/api/all-batches")
_BATCH = BatchSchema()


@blueprint.post("")
@runs_in(Lane.WORK)
def post_batch() -> Response:
    """Create a batch without sheets. It gets copies of the stored template and its blank page."""
    config = services().config
    asked = load_batch_request(json_body(), config.limits)
    templates = tuple(_stored_templates(asked.templates))
    options = asked.options
    if config.clip_format and options.clip_format is None:
        options = replace(options, clip_format=Format(config.clip_format))
    seconds = config.max_keep_seconds if asked.keep_seconds is None else asked.keep_seconds
    batch = Batch(templates, batch_options(options), asked.booklet_by)
    new = NewBatch(asked.name, batch, None if seconds == FOR_GOOD else seconds)
    identifier = create_batch(services().batches, new, config.limits, services().sources.admission)
    answer = batch_answer(services().batches.read(identifier))
    answer.status_code = HTTPStatus.CREATED
    answer.headers["Location"] = _uri(identifier)
    return answer


def _stored_templates(names: Sequence[str]) -> Iterator[BatchTemplate]:
    """The stored templates of a batch. Raises InvalidRequest with all names that no template has."""
    templates, problems = services().templates, []
    for number, name in enumerate(names):
        try:
            stored = templates.read(name)
        except NotFound:
            path = "$.Template" if len(names) == 1 else f"$.Templates[{number}]"
            problems.append(Problem(path, "the name of a stored template; no stored template has this name"))
            continue
        yield BatchTemplate(stored.name, stored.blob.data, templates.page_image(stored.name))
    if problems:
        raise invalid_request(problems)


@blueprint.get("")
def list_batches() -> Response:
    """All batches, a page at a time."""
    batches = services().batches
    return listed("Batches", batches.identifiers, lambda identifier: _described(batches.read(identifier)))


@everywhere.get("")
def list_all_batches() -> Response:
    """The batches of all workspaces, without their results, for administrators."""
    config = of(current_app).config
    everywhere = {name: Batches(config.in_workspace(name)) for name in workspaces_with_batches(config)}

    def names(after: str) -> Iterator[str]:
        found = (
            f"{name}/{one}" for name in sorted(everywhere, key="{}/".format) for one in everywhere[name].identifiers()
        )
        return (name for name in found if name > after)

    def described(name: str) -> dict[str, object]:
        workspace, identifier = name.rsplit("/", 1)
        batch = _described(everywhere[workspace].read(identifier))
        return {"Workspace": workspace, **{key: batch[key] for key in _TOLD_TO_ADMINISTRATORS}}

    return _private(listed("Batches", names, described))


@blueprint.get("/<identifier>")
def get_batch(identifier: str) -> Response:
    """The state of a batch, and where its results are."""
    return batch_answer(services().batches.read(identifier))


@blueprint.patch("/<identifier>")
def patch_batch(identifier: str) -> Response:
    """Change the name or the expiry of a batch."""
    batches = services().batches
    change = load_batch_change(json_body(), services().config.limits)
    if change.name is not None:
        batches.rename(identifier, change.name)
    if change.keep_seconds is not None:
        batches.expire_after(identifier, None if change.keep_seconds == FOR_GOOD else change.keep_seconds)
    return batch_answer(batches.read(identifier))


@blueprint.delete("/<identifier>")
def delete_batch(identifier: str) -> Response:
    """Remove a batch with its documents and results. If it is running, its run ends."""
    return deleted(erase(Deleted.BATCH, identifier, lambda: services().batches.delete(identifier)))


@blueprint.post("/<identifier>/sheets")
@runs_in(Lane.WORK)
def post_sheets(identifier: str) -> Response:
    """Add documents: a multipart body with file parts, or one document as the body, whose name is `?name=`."""
    services().batches.read(identifier)
    if request.mimetype == "multipart/form-data":
        return _private(jsonify(intake(identifier, _parts())))
    accept_image(*_ARCHIVES)
    taken = _added(identifier, Scan(request.args.get("name", ""), request.get_data()))
    return _private(jsonify(Taken=[taken], Refused=[]))


def intake(identifier: str, files: Iterable[Scan]) -> dict[str, list[Json]]:
    """Add documents to a batch, and tell which are in it: Taken and Refused.

    Raises NotFound and StorageUnavailable. What is stored already is known when it is sent again.
    """
    taken: list[Json] = []
    refused: list[Json] = []
    for file in files:
        try:
            taken.append(_added(identifier, file))
        except (NotFound, StorageUnavailable):
            raise
        except OmrclipError as error:
            refused.append({"Name": file.name, "Code": error.code, "Message": error.message, "Details": error.details})
    return {"Taken": taken, "Refused": refused}


def _parts() -> Iterator[Scan]:
    wrong = sorted({key for key in (*request.files, *request.form) if key != SHEETS_PART} | set(request.form))
    if wrong or SHEETS_PART not in request.files:
        raise InvalidRequest.at(wrong[0] if wrong else SHEETS_PART, f"file parts with the name {SHEETS_PART}")
    for file in request.files.getlist(SHEETS_PART):
        yield Scan(file.filename or "", file.read())


def _added(identifier: str, file: Scan) -> Json:
    sheets = add_document(services().batches, identifier, file, services().config.limits)
    return {"Name": file.name, "Sheets": sheets}


@blueprint.post("/<identifier>/retry")
def post_retry(identifier: str) -> Response:
    """Let a batch that failed run again, and recognize its failed sheets again."""
    services().batches.retry(identifier)
    return batch_answer(services().batches.read(identifier))


@blueprint.get("/<identifier>/sheets")
@runs_in(Lane.WORK)
def list_sheets(identifier: str) -> Response:
    """The sheets that are done, sorted by name, a page at a time; all, or those with one `?result=`."""
    result = request.args.get("result")
    if result is not None and result not in SHEET_FILTERS:
        raise InvalidRequest.at("result", f"one of {', '.join(SHEET_FILTERS)}")
    limit = number_in_query("limit", f"a number from 1 to {MOST_LISTED}", MOST_LISTED) or MOST_LISTED
    store = services().batches.results(identifier)
    index = SheetIndex(store, services().batches.index_file(identifier))
    after = request.args.get("after", "")
    found = index.blank(after, limit + 1) if result == BLANK else _with_facts(index, after, result, limit + 1)
    done = {scan.name: (scan, facts) for scan, facts in found}
    return _private(listed("Sheets", lambda _: iter(done), lambda name: _sheet(*done[name])))


def _with_facts(index: SheetIndex, after: str, result: str | None, most: int) -> Iterator[tuple[DoneScan, Json]]:
    scans = index.sheets(after, result, most)
    return zip(scans, index.facts(scans), strict=True)


def _sheet(scan: DoneScan, facts: Json) -> dict[str, object]:
    result = "failed" if scan.counts.failed else "doubtful" if scan.counts.doubtful else "passed"
    return {
        "Name": scan.name,
        "Result": result,
        "Error": facts["Error"],
        "Answers": facts["Answers"],
        "Doubtful": [field["Name"] for field in facts["Doubtful"]],
        "Blank": facts["Blank"],
    }


@blueprint.get("/<identifier>/results.csv")
@runs_in(Lane.LIGHT_FIRST)
def get_csv(identifier: str) -> Response:
    """The table of all sheets as CSV."""
    return _result(identifier, "results.csv")


@blueprint.get("/<identifier>/results.xlsx")
@runs_in(Lane.LIGHT_FIRST)
def get_xlsx(identifier: str) -> Response:
    """The workbook."""
    return _result(identifier, "results.xlsx")


@blueprint.get("/<identifier>/results.jsonl")
@runs_in(Lane.LIGHT_FIRST)
def get_jsonl(identifier: str) -> Response:
    """Everything that was read, a line of JSON for each sheet."""
    return _result(identifier, "results.jsonl")


@blueprint.get("/<identifier>/results.parquet")
@runs_in(Lane.WORK)
def get_parquet(identifier: str) -> Response:
    """The table as Parquet, made now from the records of the sheets. It needs pyarrow."""
    batches = services().batches
    batches.result(identifier, "results.csv")  # raises NotFound before the tables are written
    return corrected_result(batches.read(identifier), PARQUET_NAME, batches.corrections(identifier))


@blueprint.get("/<identifier>/report.html")
@runs_in(Lane.LIGHT_FIRST)
def get_report(identifier: str) -> Response:
    """The report."""
    answer = _result(identifier, "report.html")
    answer.headers["Content-Security-Policy"] = _REPORT_POLICY
    return answer


def _result(identifier: str, name: str) -> Response:
    batches = services().batches
    store, state = batches.result(identifier, name)
    separator = request.args.get("separator", Separator.COMMA)
    if separator not in tuple(Separator):
        raise InvalidRequest.at("separator", f"one of {' '.join(Separator)}")
    corrections = batches.corrections(identifier)
    if corrections or separator != Separator.COMMA:
        if not may_wait():
            raise MustWait
        return corrected_result(batches.read(identifier), name, corrections, Separator(separator))
    file = store.ranges(name, state)
    answer = Response(_bytes_of(file), content_type=RESULT_FILES[name])
    answer.content_length = file.size
    answer.set_etag(state.mark)
    if name != "report.html":
        answer.headers["Content-Disposition"] = disposition("attachment", saved_as(batches.read(identifier), name))
    answer.make_conditional(request)
    return _private(answer)


@blueprint.get("/<identifier>/clips.zip")
@runs_in(Lane.WORK)
def get_clips(identifier: str) -> Response:
    """The clips of all sheets that are done, in the folders of their elements, and the tables if they are written.

    With `?element=`, the clips of one element, without the tables.
    """
    batch = services().batches.read(identifier)
    store = services().batches.results(identifier)
    element = request.args.get("element")
    folders = [folder for folder in store.children(CLIPS) if element in (None, folder)]
    count = sum(len(store.children(f"{CLIPS}/{folder}")) for folder in folders)
    if not count:
        raise NotFound("There are no such clips yet.")
    if count > MOST_ZIPPED:
        raise LimitExceeded(
            f"The archive would have {count:,} clips, more than the {MOST_ZIPPED:,} allowed. Ask for the clips of one "
            "element with ?element=, or copy the folder of the batch.",
            limit="clips",
            maximum=MOST_ZIPPED,
        )
    tables = list(_tables(batch)) if element is None else []
    answer = Response(_archive(store, folders, tables), mimetype="application/zip")
    answer.headers["Content-Disposition"] = disposition("attachment", saved_as(batch, "clips.zip"))
    return _private(answer)


def _tables(batch: StoredBatch) -> Iterator[tuple[str, IO[bytes]]]:
    """The tables with the corrected values. There are none before the batch is done."""
    store, corrections = services().batches.results(batch.identifier), services().batches.corrections(batch.identifier)
    for name in ("results.csv", "results.xlsx"):
        if not store.has(name):
            continue
        if corrections:
            yield name, corrected_file(batch, name, corrections)
        else:
            yield name, temporary_file(_bytes_of(store.ranges(name, store.state(name))))


def _archive(store: BlobStore, folders: list[str], tables: list[tuple[str, IO[bytes]]]) -> Iterator[bytes]:
    outbox = Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for name, file in tables:
            with file, archive.open(name, "w") as part:
                file.seek(0)
                copyfileobj(file, part)
            yield from outbox.taken()
        for folder in folders:
            for name in store.children(f"{CLIPS}/{folder}"):
                archive.writestr(f"{CLIPS}/{folder}/{name}", store.read(f"{CLIPS}/{folder}/{name}").data)
                yield from outbox.taken()
    yield from outbox.taken()


def _bytes_of(file: RangeReader) -> Iterator[bytes]:
    for start in range(0, file.size, READ_AT_ONCE):
        yield file.read(start, READ_AT_ONCE)


def batch_answer(batch: StoredBatch) -> Response:
    """The state of a batch as an answer."""
    return _private(jsonify(_described(batch)))


def _private(answer: Response) -> Response:
    answer.headers["Cache-Control"] = PRIVATE
    return answer


def _described(batch: StoredBatch) -> dict[str, Any]:
    uri = _uri(batch.identifier)
    files = (*RESULT_FILES, *([PARQUET_NAME] if has_pyarrow() else []), "clips.zip", "marked.pdf")
    described = _BATCH.dump(
        {
            "identifier": batch.identifier,
            "name": batch.name,
            "uri": uri,
            "state": batch.state,
            "message": batch.message,
            "error": dump_failure(batch.failure),
            "template": batch.templates[0],
            "templates": batch.templates,
            "options": batch.options,
            "created": batch.created,
            "expires": batch.expires,
            "total": batch.total,
            "done": batch.passed + batch.failed,
            "passed": batch.passed,
            "doubtful": batch.doubtful,
            "reviewed": batch.reviewed,
            "failed": batch.failed,
            "sheets_per_hour": None if batch.an_hour is None else round(batch.an_hour),
            "results": {name: f"{uri}/{name}" for name in files},
        }
    )
    return dict(described)


def _uri(identifier: str) -> str:
    return f"{base_url()}/api/batches/{identifier}"
