"""`/api/batches/{id}/sheets/{sheet}` and `/fields`: what was read on the sheets of a batch, for people who check it."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, jsonify, request

from omrclip.errors import InvalidRequest
from omrclip.iiif.presentation import MEDIA_TYPE, ManifestInput, PageInput, pages_manifest
from omrclip.jobs.batches.definition import stored_batch
from omrclip.jobs.batches.ledger import Ledger, record_of
from omrclip.jobs.batches.placements import Placement, place
from omrclip.jobs.batches.sheet_facts import Json, field_of, parts_of, title_of
from omrclip.jobs.batches.sheet_index import SHEETS_AT_ONCE, SheetIndex
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.placed import check_corners
from omrclip.omr.report.sheet import DOUBTFUL
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import ChoiceBox, Element, Grid, PlacedElement
from omrclip.schemas.batches import load_placement
from omrclip.web.auth.viewers import probe_service
from omrclip.web.batch_images import SUFFIX
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import (
    PRIVATE,
    account_name,
    base_url,
    image_uri,
    json_body,
    listed,
    open_image,
    quoted,
    services,
)

DOUBTFUL_FIELDS: Final = "doubtful"
STATUSES: Final = (DOUBTFUL_FIELDS, *(str(status) for status in ElementStatus))
"""The values of `?status=`."""

blueprint = Blueprint("batch_sheets", __name__, url_prefix="/api/batches")


@blueprint.get("/<identifier>/sheets/<sheet>")
@runs_in(Lane.WORK)
def get_sheet(identifier: str, sheet: str) -> Response:
    """Everything that was read on a sheet, as it was read."""
    done = services().batch_images.done(identifier, sheet)
    (record,) = Ledger(services().batches.results(identifier)).records([done])
    return _private(Response(record, mimetype="application/json"))


@blueprint.get("/<identifier>/sheets/<sheet>/manifest.json")
@runs_in(Lane.WORK)
def get_manifest(identifier: str, sheet: str) -> Response:
    """A manifest with the scan of a sheet as its canvas, to which links as content states point."""
    name = f"{identifier}.{sheet}{SUFFIX}"
    scan = open_image(name)
    address = f"{base_url()}/api/batches/{identifier}/sheets/{quoted(sheet)}/manifest.json"
    page = PageInput(
        service3=image_uri(name, 3),
        service2=image_uri(name),
        probe=probe_service(name),
        dimensions=scan.dimensions,
        label=sheet,
    )
    document = pages_manifest(ManifestInput(uri=address, label=sheet, pages=(page,)))
    answer = _private(Response(json.dumps(document), content_type=MEDIA_TYPE))
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Allow-Headers"] = "Authorization"
    return answer


@blueprint.get("/<identifier>/pages")
@runs_in(Lane.WORK)
def list_pages(identifier: str) -> Response:
    """The pages of the templates of a batch, with the boxes of what is printed on them."""
    return _private(jsonify(Pages=list(map(_page, _pages(identifier)))))


def _pages(identifier: str) -> Sequence[KnownPage]:
    _, pages = stored_batch(services().batches.results(identifier)).load(services().config.limits)
    return pages


def _page(known: KnownPage) -> Json:
    page = known.page
    return {
        "Template": known.template,
        "Page": known.number,
        "Width": page.width,
        "Height": page.height,
        "Boxes": list(_boxes(page.elements)),
    }


def _boxes(elements: Iterable[Element]) -> Iterator[list[float]]:
    """Left, top, width and height of each bubble, and of elements without bubbles."""
    for element in elements:
        if isinstance(element, Grid):
            yield from _boxes(element.elements)
        elif isinstance(element, ChoiceBox):
            yield from ([one.left, one.top, element.bubble_width, element.bubble_height] for one in element.bubbles)
        elif isinstance(element, PlacedElement):
            yield [element.left, element.top, element.width, element.height]


@blueprint.put("/<identifier>/sheets/<sheet>/placement")
@runs_in(Lane.WORK)
def put_placement(identifier: str, sheet: str) -> Response:
    """Say where the page lies in the scan of a sheet. The sheet is then recognized again."""
    asked = load_placement(json_body(), services().config.limits)
    done = services().batch_images.done(identifier, sheet)
    check_corners(asked.corners)
    if (asked.template, asked.page) not in {(known.template, known.number) for known in _pages(identifier)}:
        raise InvalidRequest.at("$.Page", "the number of a page of a template of the batch")
    placement = Placement(asked.template, asked.page, asked.corners, account_name(), round(time.time(), 3))
    place(services().batches.results(identifier), done.name, placement)
    services().batches.retry(identifier, done.name)
    return _private(Response(status=HTTPStatus.ACCEPTED))


@blueprint.get("/<identifier>/fields")
@runs_in(Lane.WORK)
def list_fields(identifier: str) -> Response:
    """The answers and clips of all sheets that the query selects, a page of sheets at a time.

    `status` is one of STATUSES, `element` the title of an element or clip, and `value` the value that was read.
    """
    status = request.args.get("status")
    if status is not None and status not in STATUSES:
        raise InvalidRequest.at("status", f"one of {', '.join(STATUSES)}")
    element = request.args.get("element")
    wanted = _selection(status, element, request.args.get("value"))
    if status == DOUBTFUL_FIELDS:
        listing = _doubtful_fields
    else:
        listing = _all_fields if element is None else partial(_fields_of_element, element)
    found: dict[str, list[Json]] = {}

    def names(after: str) -> Iterator[str]:
        for name, fields in listing(identifier, after):
            found[name] = [one for one in fields if wanted(one)]
            if found[name]:
                yield name

    return _private(listed("Sheets", names, lambda name: {"Name": name, "Fields": found[name]}))


def _doubtful_fields(identifier: str, after: str) -> Iterator[tuple[str, list[Json]]]:
    """The doubtful fields of each doubtful sheet, from the index."""
    store = services().batches.results(identifier)
    index = SheetIndex(store, services().batches.index_file(identifier))
    while scans := index.sheets(after, "doubtful", SHEETS_AT_ONCE):
        for scan, facts in zip(scans, index.facts(scans), strict=True):
            yield scan.name, facts["Doubtful"]
        after = scans[-1].name


def _all_fields(identifier: str, after: str) -> Iterator[tuple[str, list[Json]]]:
    """The fields of each sheet that passed, from the records."""
    store = services().batches.results(identifier)
    index, ledger = SheetIndex(store, services().batches.index_file(identifier)), Ledger(store)
    while scans := index.sheets(after, "passed", SHEETS_AT_ONCE):
        for scan, record in zip(scans, ledger.records(scans), strict=True):
            yield scan.name, list(map(field_of, parts_of(record_of(record))))
        after = scans[-1].name


def _fields_of_element(element: str, identifier: str, after: str) -> Iterator[tuple[str, list[Json]]]:
    """The fields of one element of each sheet that passed, from the index."""
    index = SheetIndex(services().batches.results(identifier), services().batches.index_file(identifier))
    while scans := index.sheets(after, "passed", SHEETS_AT_ONCE):
        for scan, fields in zip(scans, index.fields(scans, element), strict=True):
            yield scan.name, fields
        after = scans[-1].name


def _selection(status: str | None, element: str | None, value: str | None) -> Callable[[Json], bool]:
    """Whether a part of a record is wanted. Clips are wanted only by their name, because they have no value."""
    statuses = set(DOUBTFUL) if status == DOUBTFUL_FIELDS else {status}

    def wanted(part: Json) -> bool:
        if part["Type"] == "ClipArea" and (element is None or status is not None or value is not None):
            return False
        return (
            (status is None or part["Status"] in statuses)
            and (element is None or title_of(part) == element)
            and (value is None or part["Value"] == value)
        )

    return wanted


def _private(answer: Response) -> Response:
    answer.headers["Cache-Control"] = PRIVATE
    return answer
