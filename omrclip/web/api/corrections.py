"""`/api/recognitions/{id}/corrections`: corrections of people, stored beside the values that were read."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from omrclip.schemas.corrections import current, dump_changes, dump_corrections, load_corrections
from omrclip.storage.corrections import CorrectionLog
from omrclip.web.services import PRIVATE, account_name, precondition, services

blueprint = Blueprint("corrections", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>/corrections")
def get_corrections(identifier: str) -> Response:
    """All corrections that hold, with the entity tag of their state."""
    return _current(services().corrections.read(services().kept.read(identifier)))


@blueprint.put("/<identifier>/corrections")
def put_corrections(identifier: str) -> Response:
    """Replace all corrections; takes If-Match."""
    if not request.is_json:
        raise UnsupportedMediaType("Content-Type: expected application/json")
    kept = services().kept.read(identifier)
    wanted = load_corrections(request.get_data(), services().config.limits)
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
