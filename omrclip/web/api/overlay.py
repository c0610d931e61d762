"""`/api/recognitions/{id}/overlay/{scan}`: a scan of a stored recognition with its overlay."""

from hashlib import sha256

from flask import Blueprint, Response, request

from omrclip import __version__
from omrclip.imaging.codec import encode
from omrclip.imaging.probe import ImageFormat
from omrclip.omr.report.overlay import draw_on, drawing_bytes, drawn_dimensions
from omrclip.serving.sources import OpenImage
from omrclip.storage.kept_records import KeptRecognition
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import PRIVATE, services

blueprint = Blueprint("overlay", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>/overlay/<int:number>")
@runs_in(Lane.WORK)
def get_overlay(identifier: str, number: int) -> Response:
    """The overlay of a scan, which is numbered from 1 as in the scan's Uri; also of one that failed."""
    kept = services().kept.read(identifier)
    scan = services().kept_images.open_scan(kept, number)
    # A stored recognition never changes, but another version of omrclip may draw it differently.
    etag = sha256(f"{__version__}/overlay/{identifier}/{number}".encode()).hexdigest()[:32]
    answer = Response(mimetype="image/jpeg")
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = PRIVATE
    if not request.if_none_match.contains_weak(etag):
        answer.data = services().derivatives.get_or_make(etag, lambda: _drawn(kept, number, scan), identifier)
    answer.make_conditional(request)
    return answer


def _drawn(kept: KeptRecognition, number: int, scan: OpenImage) -> bytes:
    store = services().kept
    out = drawn_dimensions(scan.dimensions)
    needed = scan.source.cost(scan.dimensions.box, out) + drawing_bytes(scan.dimensions)
    with services().sources.admission.admitted(needed + store.answer_bytes(kept)):
        return encode(draw_on(scan.source, store.recognition(kept, number)), ImageFormat.JPEG)
