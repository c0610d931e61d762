"""`/api/detection` and `/api/templates/{name}/pages/{n}/detection`: find the elements of blank pages; store nothing."""

from flask import Blueprint, Response, jsonify, request

from omrclip.errors import InvalidRequest
from omrclip.imaging.codec import decode
from omrclip.imaging.ocr import FAILURES, OcrFailure, TextReader, text_reader
from omrclip.imaging.probe import probe
from omrclip.omr.authoring.detection.left_out import REASONS
from omrclip.omr.authoring.detection.memory import detecting_bytes
from omrclip.omr.authoring.detection.naming import with_names
from omrclip.omr.authoring.detection.new_template import new_template
from omrclip.omr.authoring.detection.page import Detection, detect_in_place
from omrclip.omr.authoring.detection.part import within
from omrclip.omr.authoring.detection.printed_text import READING_BYTES, in_pixels, printed_words
from omrclip.omr.blank_images import PagePart, blank_pages, page_count
from omrclip.omr.recognition import check_pages, known_pages
from omrclip.omr.template import Place
from omrclip.schemas.elements import dump_element
from omrclip.schemas.template import check_template, dump_template
from omrclip.serving.page_images import MOST_TEMPLATE_PAGES
from omrclip.web.api.template_pages import accept_image
from omrclip.web.lanes import Lane, runs_in, work
from omrclip.web.services import services
from omrclip.wording import dump_said

blueprint = Blueprint("detection", __name__, url_prefix="/api")

_SIDES = ("Left", "Top", "Width", "Height")


@blueprint.post("/detection")
@runs_in(Lane.WORK)
def post_blank_pages() -> Response:
    """Make a template from the image of a blank page, or a PDF or TIFF file of the pages.

    With First and Last, only these pages of the file are looked at, so that a client can ask for a long one in parts.
    """
    accept_image()
    part = _part()
    limits, admission, wanted = services().config.limits, services().sources.admission, work()
    data = request.get_data()
    pages = blank_pages(data, MOST_TEMPLATE_PAGES, limits, admission, part)
    needed = max(detecting_bytes(probe(page.image)) for page in pages)
    reader, failure = _reader(needed)
    with admission.admitted(needed + (READING_BYTES if reader else 0)):
        made = new_template(pages, "", limits, reader, part.first, lambda _number, _detection: wanted.check())
    check_template(made.template, limits)
    found = [{"Number": number, **_told(one)} for number, one in enumerate(made.detections, part.first)]
    return jsonify(
        Template=dump_template(made.template),
        Pages=found,
        PageCount=page_count(data, limits),
        **_warnings(made.failure or failure),
    )


@blueprint.post("/templates/<name>/pages/<int:number>/detection")
@runs_in(Lane.WORK)
def post_detection(name: str, number: int) -> Response:
    """Find the elements of a stored page, or with Left, Top, Width and Height those within a rectangle."""
    rectangle = _rectangle()
    stored = services().templates.read(name)
    page = services().pages.page(stored, number)
    limits, admission = services().config.limits, services().sources.admission
    known = known_pages(stored.template, services().templates.page_image(stored.name), limits, admission)[number - 1]
    if known.image is None:
        raise InvalidRequest.at("page", "a page with a stored image")
    check_pages([known], limits)
    info = probe(known.image)
    needed = detecting_bytes(info)
    # Who draws a rectangle around bubbles waits for them, and names them.
    reader, failure = _reader(needed) if rectangle is None else (None, None)
    with admission.admitted(needed + (READING_BYTES if reader else 0)):
        found = detect_in_place(decode(known.image, info), page.dimensions)
        read = printed_words(found, reader)
    found = with_names(found, in_pixels(read.words, found)) if rectangle is None else within(found, rectangle)
    answer = jsonify(**_told(found), **_warnings(read.failure or failure))
    answer.set_etag(stored.blob.etag)
    return answer


def _part() -> PagePart:
    """The pages of the file that the query asks for; all if it does not say."""
    numbers: dict[str, int | None] = {"First": None, "Last": None}
    for name in numbers:
        if name in request.args:
            numbers[name] = value = request.args.get(name, type=int)
            if value is None or value < (numbers["First"] or 1):
                raise InvalidRequest.at(name, "the number of a page, from 1, and Last not below First")
    return PagePart(numbers["First"] or 1, numbers["Last"])


def _rectangle() -> Place | None:
    """The rectangle in the query in pixels of the page, or None if the query has none of its sides."""
    if not any(side in request.args for side in _SIDES):
        return None
    sides = []
    for name in _SIDES:
        value = request.args.get(name, type=float)
        if value is None or not abs(value) < 1e9 or (name in ("Width", "Height") and value <= 0):
            raise InvalidRequest.at(name, "a number of pixels" + (" above 0" if name in ("Width", "Height") else ""))
        sides.append(value)
    left, top, width, height = sides
    return left, top, width, height


def _reader(needed: int) -> tuple[TextReader | None, OcrFailure | None]:
    """What reads print for names, if there is memory for it beside the bytes that detection needs; else why not."""
    reader = text_reader(services().config)
    if reader is not None and not services().sources.admission.may_admit(needed + READING_BYTES):
        return None, OcrFailure.MEMORY
    return reader, None


def _warnings(failure: OcrFailure | None) -> dict[str, object]:
    warnings = [FAILURES[failure]] if failure else []
    return {"Warnings": warnings, "Said": [dump_said(warning) for warning in warnings]}


def _told(found: Detection) -> dict[str, object]:
    proposals = [{"Element": dump_element(one.element), "Confidence": one.confidence} for one in found.proposals]
    left_out = [
        {
            **{side: round(value, 1) for side, value in zip(_SIDES, one.place, strict=True)},
            "Reason": one.why.value,
            "Message": REASONS[one.why],
        }
        for one in found.left_out
    ]
    return {"Proposals": proposals, "LeftOut": left_out}
