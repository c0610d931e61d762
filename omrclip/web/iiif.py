"""`/iiif/2/…`: the Image API 2.0 and 2.1 over the stored images."""

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.exceptions import NotFound as NoSuchPath
from werkzeug.wrappers import Response as BaseResponse

from omrclip.errors import InvalidParameter
from omrclip.iiif import grammar2
from omrclip.iiif.canonical import canonical2
from omrclip.iiif.capabilities import COMPLIANCE
from omrclip.iiif.info import info2
from omrclip.iiif.plan import plan
from omrclip.iiif.render import render
from omrclip.imaging.source import EncodedImage
from omrclip.web.services import image_uri, services

blueprint = Blueprint("iiif", __name__)


@blueprint.get("/iiif/2/<path:address>")
def iiif2(address: str) -> BaseResponse:
    """Tell info.json, image request and base URI apart, from the right: parameters hold no slash, identifiers may."""
    if address.endswith("/info.json"):
        return _info(address.removesuffix("/info.json"))
    parts = address.rsplit("/", 4)
    try:
        if len(parts) == 5:
            return _image(*parts)
    except InvalidParameter:
        if not services().images.has(address):  # else it is the base URI of an identifier with slashes
            raise
    if services().images.has(address):
        return redirect(f"{image_uri(address)}/info.json", 303)
    raise NoSuchPath(f"no image {address!r}; expected {{identifier}}{_FORMS[0]} or {{identifier}}{_FORMS[1]}")


_FORMS = ("/{region}/{size}/{rotation}/{quality}.{format}", "/info.json")


@blueprint.after_request
def allow_any_origin(answer: Response) -> Response:
    """Viewers run on other sites; images are served to all of them (Image API 2.1, section 5.1)."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _image(identifier: str, region: str, size: str, rotation: str, quality_format: str) -> Response:
    asked = grammar2.parse(region, size, rotation, quality_format)
    blob, info = services().images.read(identifier)
    planned = plan(asked, info.dimensions, services().config.limits)
    answer = Response(render(planned, EncodedImage(blob.data, info)), mimetype=planned.format.media_type)
    answer.headers["Link"] = (
        f'<{image_uri(identifier)}/{canonical2(planned)}>;rel="canonical", <{COMPLIANCE}>;rel="profile"'
    )
    return answer


def _info(identifier: str) -> Response:
    _, info = services().images.read(identifier)
    answer = jsonify(info2(image_uri(identifier), info.dimensions, services().config.limits))
    answer.headers["Vary"] = "Accept"
    if request.accept_mimetypes.quality("application/ld+json") > request.accept_mimetypes.quality("application/json"):
        answer.mimetype = "application/ld+json"
    return answer
