"""`POST /api/templates/{name}/correction` and `…/finalization`: compare a stored template with its blank pages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from omrclip.errors import InvalidRequest
from omrclip.imaging.probe import probe
from omrclip.omr.authoring.correction import correct
from omrclip.omr.authoring.finalization import finalize
from omrclip.omr.blank_images import blank_images
from omrclip.omr.memory import recognition_bytes
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import check_pages, known_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.result_files import results_text
from omrclip.schemas.template import check_template, dump_template, template_to_bytes
from omrclip.storage.blobs import Precondition
from omrclip.storage.templates import StoredTemplate
from omrclip.web.api.template_pages import accept_image
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import number_in_query, precondition, services
from omrclip.wording import dump_said

blueprint = Blueprint("template_correction", __name__, url_prefix="/api")


@blueprint.post("/templates/<name>/correction")
@runs_in(Lane.WORK)
def post_correction(name: str) -> Response:
    """Correct the template by its blank pages. With If-Match, also replace the stored template.

    The body is the image of page `?page=` (default: 1), or a PDF or TIFF file of all pages. Without
    a body the stored images are used.
    """
    stored = services().templates.read(name)
    replacing = "If-Match" in request.headers
    if replacing:
        precondition(must_match=True).check(stored.name, stored.blob)
    with admitted(_pages(stored)) as pages:
        corrected = correct(stored.template, pages)
    check_template(corrected.template, services().config.limits)
    if replacing:
        unchanged = Precondition(match=frozenset({stored.blob.etag}), must_match=True)
        stored, _ = services().templates.write(stored.name, template_to_bytes(corrected.template), unchanged)
    answer = jsonify(
        Name=stored.name,
        Stored=replacing,
        Messages=corrected.messages,
        Said=[dump_said(message) for message in corrected.messages],
        Template=dump_template(corrected.template),
    )
    answer.set_etag(stored.blob.etag)
    return answer


@blueprint.post("/templates/<name>/finalization")
@runs_in(Lane.WORK)
def post_finalization(name: str) -> Response:
    """Recognize the blank pages, and warn of answers that are not empty. Nothing is stored.

    The body is as for the correction.
    """
    stored = services().templates.read(name)
    with admitted(_pages(stored)) as pages:
        done = finalize(pages, RecognitionOptions(), services().config.limits)
    results = "".join(results_text(recognition) for recognition in done.recognitions if recognition.passed)
    said = [dump_said(message) for message in done.messages]
    answer = jsonify(Name=stored.name, Blank=done.is_blank, Messages=done.messages, Said=said, Results=results)
    answer.set_etag(stored.blob.etag)
    return answer


def _pages(stored: StoredTemplate) -> Sequence[KnownPage]:
    """The pages of the template with their images, of which the body may replace some."""
    limits, admission = services().config.limits, services().sources.admission
    pages = known_pages(stored.template, services().templates.page_image(stored.name), limits, admission)
    if data := request.get_data():
        accept_image()
        first = number_in_query("page", f"a page number from 1 to {len(pages)}", len(pages)) or 1
        given = blank_images(data, len(pages) + 1 - first, limits, admission)
        sent = dict(enumerate(given, start=first))
        pages = tuple(replace(known, image=sent.get(known.number, known.image)) for known in pages)
    return pages


@contextmanager
def admitted(pages: Sequence[KnownPage]) -> Iterator[Sequence[KnownPage]]:
    """Check pages and their images. Memory for decoding the largest image is reserved until the end of the block.

    Raises:
        InvalidRequest: no page has an image, or an image has another shape than its page.
        ImageError, LimitExceeded: an image cannot be decoded.
        ServerBusy: no memory is free.
    """
    check_pages(pages, services().config.limits)
    images = [known.image for known in pages if known.image]
    if not images:
        expected = "the image of the blank page as the body, because the template has no stored image"
        raise InvalidRequest.at("body", expected)
    # The page in grey, and the memory for recognizing it, which is more than that for correcting it.
    needed = max(
        probe(known.image).stored.pixels + recognition_bytes([known], known.image, RecognitionOptions())
        for known in pages
        if known.image
    )
    with services().sources.admission.admitted(needed):
        yield pages
