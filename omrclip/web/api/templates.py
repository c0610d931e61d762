"""`/api/templates`: the stored templates, and their clip areas one by one for authoring tools."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from omrclip.errors import InvalidTemplate, first_problems
from omrclip.omr.authoring.editing import (
    add_clip_area,
    clip_area_paths,
    find_clip_area,
    remove_clip_area,
    replace_clip_area,
)
from omrclip.omr.template import ClipArea, Template
from omrclip.schemas.documents import read_document
from omrclip.schemas.elements import dump_element
from omrclip.schemas.template import (
    check_template,
    clip_area_from_dict,
    template_json_schema,
    template_warnings,
)
from omrclip.storage.receipts import Deleted
from omrclip.storage.templates import SUFFIX, StoredTemplate
from omrclip.web.api.receipts import deleted
from omrclip.web.erasing import erase
from omrclip.web.services import base_url, file_answer, listed, number_in_query, precondition, services

blueprint = Blueprint("templates", __name__, url_prefix="/api")


@blueprint.get("/schemas/omr.json")
def omr_schema() -> Response:
    """The JSON Schema of the `.omr` format."""
    answer = jsonify(template_json_schema())
    answer.mimetype = "application/schema+json"
    return answer


@blueprint.get("/templates")
def list_templates() -> Response:
    """The names of templates and their URIs, a page at a time."""
    return listed("Templates", services().templates.names, lambda name: {"Name": name, "Uri": _uri(name)})


@blueprint.get("/templates/<name>")
def get_template(name: str) -> Response:
    """The stored bytes of the `.omr` file."""
    return file_answer(services().templates.read(name).blob, "application/json")


@blueprint.put("/templates/<name>")
def put_template(name: str) -> Response:
    """Store the body as an `.omr` file. Replacing one requires If-Match."""
    stored, is_new = services().templates.write(name, request.get_data(), precondition(must_match=True))
    return _saved(stored, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@blueprint.delete("/templates/<name>")
def delete_template(name: str) -> Response:
    """Remove a template."""
    stem, expected = name.removesuffix(SUFFIX), precondition(must_match=False)
    return deleted(erase(Deleted.TEMPLATE, stem, lambda: services().templates.delete(stem, expected)))


@blueprint.get("/templates/<name>/clip-areas")
def list_clip_areas(name: str) -> Response:
    """All clip areas in template order, with their paths. A path addresses an area whose name is not unique."""
    stored = services().templates.read(name)
    areas = clip_area_paths(stored.template)
    answer = jsonify(ClipAreas=[dump_element(area) for area in areas.values()], Paths=list(areas))
    answer.set_etag(stored.blob.etag)
    return answer


@blueprint.get("/templates/<name>/clip-areas/<element>")
def get_clip_area(name: str, element: str) -> Response:
    """One clip area."""
    stored = services().templates.read(name)
    _, area = find_clip_area(stored.template, element)
    return _area_answer(stored, area)


@blueprint.post("/templates/<name>/clip-areas")
def post_clip_area(name: str) -> Response:
    """Add a clip area. `?page=` is the page if the template has several."""
    if not request.is_json:  # browsers post other types to any site unasked
        raise UnsupportedMediaType("Content-Type: expected application/json")
    area = _area_from_body()
    page = number_in_query("page", "a page number")
    stored = _changed(name, lambda template: add_clip_area(template, area, page), must_match=False)
    answer = _area_answer(stored, area, HTTPStatus.CREATED)
    answer.headers["Location"] = f"{_uri(stored.name)}/clip-areas/{quote(_address(stored.template, page), safe='')}"
    return answer


@blueprint.put("/templates/<name>/clip-areas/<element>")
def put_clip_area(name: str, element: str) -> Response:
    """Replace a clip area. Requires the template's If-Match. Another Name in the body renames it."""
    changed: list[ClipArea] = []

    def edit(template: Template) -> Template:
        _, old = find_clip_area(template, element)
        changed.append(_area_from_body(default_name=old.name))
        return replace_clip_area(template, element, changed[-1])

    stored = _changed(name, edit, must_match=True)
    return _area_answer(stored, changed[-1])


@blueprint.delete("/templates/<name>/clip-areas/<element>")
def delete_clip_area(name: str, element: str) -> Response:
    """Delete a clip area. If it is addressed by its path, If-Match is required, because paths change."""
    by_path = element.startswith("$.")
    stored = _changed(name, lambda template: remove_clip_area(template, element), must_match=by_path)
    answer = Response(status=HTTPStatus.NO_CONTENT)
    answer.set_etag(stored.blob.etag)
    return answer


def _changed(name: str, edit: Callable[[Template], Template], *, must_match: bool) -> StoredTemplate:
    def checked(template: Template) -> Template:
        edited = edit(template)
        check_template(edited, services().config.limits)
        return edited

    return services().templates.change(name, checked, precondition(must_match=must_match))


def _area_from_body(default_name: str | None = None) -> ClipArea:
    """The clip area in the body. Its Name may be left out if the URI contains it."""
    document, problems = read_document(request.get_data(), services().config.limits)
    if problems:
        raise InvalidTemplate(problems)
    if isinstance(document, dict) and default_name is not None:
        document.setdefault("Name", default_name)
    return clip_area_from_dict(document)  # type: ignore[arg-type]  # it tells what is no object


def _saved(stored: StoredTemplate, status: HTTPStatus) -> Response:
    warnings = [{"path": w.path, "expected": w.expected} for w in first_problems(template_warnings(stored.template))]
    answer = jsonify(Name=stored.name, Uri=_uri(stored.name), Warnings=warnings)
    answer.status_code = status
    answer.headers["Location"] = _uri(stored.name)
    answer.set_etag(stored.blob.etag)
    return answer


def _address(template: Template, page: int | None) -> str:
    """The address of the last clip area of a page: its name, or its path if the name is not unique."""
    path = [path for path in clip_area_paths(template) if path.startswith(f"$.Pages[{(page or 1) - 1}]")][-1]
    name = clip_area_paths(template)[path].name
    is_alone = "/" not in name and [area.name for area in template.clip_areas].count(name) == 1
    return name if is_alone else path


def _area_answer(stored: StoredTemplate, area: ClipArea, status: HTTPStatus = HTTPStatus.OK) -> Response:
    answer = jsonify(dump_element(area))
    answer.status_code = status
    answer.set_etag(stored.blob.etag)
    return answer


def _uri(name: str) -> str:
    return f"{base_url()}/api/templates/{quote(name, safe='')}"
