"""`/api/recognitions/{id}/corrections`: corrections that people made. The recognized values are stored too."""

from flask import Blueprint, Response

from omrclip.schemas.corrections import current, dump_changes, dump_corrections, load_corrections
from omrclip.storage.corrections import CorrectionLog
from omrclip.web.services import PRIVATE, account_name, json_body, precondition, services

blueprint = Blueprint("corrections", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>/corrections")
def get_corrections(identifier: str) -> Response:
    """All corrections that hold, with the entity tag of their state."""
    return _current(services().corrections.read(services().kept.read(identifier)))


@blueprint.put("/<identifier>/corrections")
def put_corrections(identifier: str) -> Response:
    """Replace all corrections; takes If-Match."""
    body = json_body()
    kept = services().kept.read(identifier)
    wanted = load_corrections(body, services().config.limits)
    return _current(services().corrections.write(kept, wanted, account_name(), precondition(must_match=True)))


@blueprint.get("/<identifier>/corrections/history")
def get_history(identifier: str) -> Response:
    """All corrections that were ever made or undone, in the order of time."""
    log = services().corrections.read(services().kept.read(identifier))
    return _answer(dump_changes(log.changes), log.etag)


def _current(log: CorrectionLog) -> Response:
    return _answer(dump_corrections(current(log.changes)), log.etag)


def _answer(document: bytes, etag: str) -> Response:
    answer = Response(document, mimetype="application/json")
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = PRIVATE
    return answer
