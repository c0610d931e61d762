"""`/api/recognitions/{id}/corrections`: corrections of people, stored beside the values that were read."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from omrclip.schemas.corrections import load_corrections
from omrclip.storage.blobs import Blob
from omrclip.web.services import PRIVATE, precondition, services

blueprint = Blueprint("corrections", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>/corrections")
def get_corrections(identifier: str) -> Response:
    """All corrections, with the entity tag of their state."""
    return _answer(services().corrections.read(services().kept.read(identifier)))


@blueprint.put("/<identifier>/corrections")
def put_corrections(identifier: str) -> Response:
    """Replace all corrections; takes If-Match."""
    if not request.is_json:
        raise UnsupportedMediaType("Content-Type: expected application/json")
    kept = services().kept.read(identifier)
    corrections = load_corrections(request.get_data(), services().config.limits)
    return _answer(services().corrections.write(kept, corrections, precondition(must_match=True)))


def _answer(blob: Blob) -> Response:
    answer = Response(blob.data, mimetype="application/json")
    answer.set_etag(blob.etag)
    answer.headers["Cache-Control"] = PRIVATE
    return answer
