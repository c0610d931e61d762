"""`POST /api/segments`: cuts out the parts of images that a manifest shows."""

from collections import deque

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from omrclip.admission import Holding
from omrclip.iiif.segments import Segment, identifier_of
from omrclip.imaging.probe import check_pixels, probe
from omrclip.imaging.source import EncodedImage, ImageSource
from omrclip.omr.report.result_files import ResponseFile
from omrclip.schemas.answer_parts import length, written
from omrclip.schemas.segments import load_segment_request, segment_parts
from omrclip.serving.segments import GivenImages, cut_segments, read_segments
from omrclip.web.api.recognition_request import check_images
from omrclip.web.image_answers import render_admitted
from omrclip.web.lanes import HOLDING, Lane, runs_in
from omrclip.web.services import base_url, disposition, open_image, services

blueprint = Blueprint("segments", __name__, url_prefix="/api")


@blueprint.post("/segments")
@runs_in(Lane.WORK)
def post_segments() -> Response:
    """Cut the segments of a manifest out of stored images or images in the request.

    A manifest of one segment is answered with its bytes where an image is accepted and JSON is not.
    """
    if not request.is_json:
        raise UnsupportedMediaType("Content-Type: expected application/json")
    asked = load_segment_request(request.get_data(), services().config.limits)
    check_images(len(asked.images), services().config.limits)
    segments, images = read_segments(asked.manifest)
    given = GivenImages({image.name: _opened(image.name, image.data) for image in asked.images}, images)
    admission = services().sources.admission
    held = request.environ[HOLDING] = admission.holding()
    try:
        files = cut_segments(
            segments,
            lambda segment: given.find(segment) or _ours(segment),
            services().config.limits,
            asked.format,
            lambda planned, source: render_admitted(planned, source, admission),
            held.grow,
        )
        answer = _answer(files, held)
    except BaseException:
        held.shrink()
        raise
    answer.call_on_close(held.shrink)
    return answer


def _answer(files: list[ResponseFile], held: Holding) -> Response:
    accepted = request.accept_mimetypes
    if len(files) == 1 and accepted and accepted.best_match([_JSON, files[0].media_type]) != _JSON:
        answer = Response(files[0].data, mimetype=files[0].media_type)
        answer.headers["Content-Disposition"] = disposition("inline", files[0].name)
        return answer
    parts = deque(segment_parts(files))
    size = length(parts)
    answer = Response(written(parts, lambda sent: held.shrink(held.bytes - sent)), mimetype=_JSON)
    answer.content_length = size
    return answer


_JSON = "application/json"


def _opened(name: str, data: bytes) -> ImageSource:
    info = probe(data)
    check_pixels(name, info, services().config.limits)
    return EncodedImage(data, info)


def _ours(segment: Segment) -> ImageSource | None:
    for uri in (segment.service, segment.image):
        identifier = identifier_of(uri, base_url()) if uri else None
        if identifier is not None:
            return open_image(identifier).source
    return None
