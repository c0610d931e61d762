"""Routes for template editors: pages and their images, validation, and previews of clips."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from omrclip.errors import InvalidTemplate, Problem, first_problems
from omrclip.imaging.probe import ImageInfo
from omrclip.omr.clips import cut_clip
from omrclip.omr.memory import CLIP_PIXEL_BYTES
from omrclip.omr.options import RecognitionOptions
from omrclip.schemas.template import clip_area_from_dict, load_template, template_warnings
from omrclip.serving.page_images import page_identifier
from omrclip.storage.blobs import Blob
from omrclip.storage.receipts import Deleted
from omrclip.storage.templates import SUFFIX
from omrclip.web.erasing import forget
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import base_url, file_answer, image_uri, precondition, services

blueprint = Blueprint("template_pages", __name__, url_prefix="/api")


_ACCEPTED = ("application/pdf", "application/octet-stream")


@blueprint.post("/templates")
@runs_in(Lane.WORK)
def post_template() -> Response:
    """Create a template from the image of the blank form, or a PDF or TIFF file of its pages. `?name=` is its name."""
    accept_image()
    stored = services().pages.new_template(
        request.args.get("name", ""), request.get_data(), services().sources.admission
    )
    answer = jsonify(Name=stored.name, Uri=_uri(stored.name), Warnings=[])
    answer.status_code = HTTPStatus.CREATED
    answer.headers["Location"] = _uri(stored.name)
    answer.set_etag(stored.blob.etag)
    return answer


@blueprint.post("/validation")
def post_validation() -> Response:
    """Validate the body as an `.omr` file and list its problems and warnings. Nothing is stored."""
    if not request.is_json:
        raise UnsupportedMediaType("Content-Type: expected application/json")
    try:
        template = load_template(request.get_data(), services().config.limits)
    except InvalidTemplate as error:
        return jsonify(Valid=False, Problems=_told(first_problems(error.problems)), Warnings=[])
    return jsonify(Valid=True, Problems=[], Warnings=_told(first_problems(template_warnings(template))))


@blueprint.get("/templates/<name>/pages")
def list_pages(name: str) -> Response:
    """The pages: dimensions, number of elements, and their blank images with a mark that changes with the image."""
    stored = services().templates.read(name)
    states, file = services().pages.states(stored), services().pages.file(stored.name)
    pages = [
        {
            "Number": number,
            "Width": page.dimensions.width,
            "Height": page.dimensions.height,
            "Elements": len(page.elements),
            "ClipAreas": len(page.clip_areas),
            "Image": image_uri(page_identifier(stored.name, number), 3) if state else None,
            "ImageState": state,
            "ImageFile": file if number == 1 else None,
        }
        for number, (page, state) in enumerate(zip(stored.template.pages, states, strict=True), start=1)
    ]
    answer = jsonify(Name=stored.name, Pages=pages)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/templates/<name>/pages/<int:number>/clip")
@runs_in(Lane.WORK)
def get_clip_preview(name: str, number: int) -> Response:
    """The clip of an area of the blank page as JPEG. The query contains the position and the JpegQuality."""
    area = clip_area_from_dict({"Name": "Preview", **request.args.to_dict()})
    page = services().pages.registered(name, number, services().sources)
    whole = page.dimensions
    needed = page.cost(whole.box, whole) + CLIP_PIXEL_BYTES * area.box.dimensions.pixels
    with services().sources.admission.admitted(needed):
        clip = cut_clip(area, page, RecognitionOptions(), services().config.limits)
    answer = Response(clip.data, mimetype=clip.format.media_type)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/templates/<name>/image")
def get_page_image(name: str) -> Response:
    """The file of the first page's blank image."""
    blob, info = services().pages.read(name)
    return file_answer(blob, info.format.media_type)


@blueprint.put("/templates/<name>/image")
@runs_in(Lane.WORK)
def put_page_image(name: str) -> Response:
    """Store the body as the image of the blank page. Replacing one requires If-Match.

    Of a document, the image of the first page is stored there, and those of the other pages in the template.
    """
    accept_image()
    blob, info, is_new = services().pages.write(
        name, request.get_data(), services().sources.admission, precondition(must_match=True)
    )
    answer = jsonify(_described(blob, info))
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    answer.set_etag(blob.etag)
    return answer


@blueprint.delete("/templates/<name>/image")
def delete_page_image(name: str) -> Response:
    """Remove the image beside the template."""
    services().pages.delete(name, precondition(must_match=False))
    forget(services(), Deleted.TEMPLATE, name.removesuffix(SUFFIX))
    return Response(status=HTTPStatus.NO_CONTENT)


def accept_image(*others: str) -> None:
    """Refuse types other than images, PDF and `others`. Browsers let pages of other sites post some, but not these."""
    accepted = ("image/*", *others, *_ACCEPTED)
    if not request.mimetype.startswith("image/") and request.mimetype not in accepted:
        raise UnsupportedMediaType(f"Content-Type: expected {', '.join(accepted[:-1])} or {accepted[-1]}")


def _described(blob: Blob, info: ImageInfo) -> dict[str, object]:
    extents = info.dimensions
    return {
        "Name": blob.name,
        "Width": extents.width,
        "Height": extents.height,
        "MediaType": info.format.media_type,
        "Size": len(blob.data),
    }


def _told(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    return [{"path": problem.path, "expected": problem.expected} for problem in problems]


def _uri(name: str) -> str:
    return f"{base_url()}/api/templates/{quote(name, safe='')}"
