"""`/iiif/2/…` and `/iiif/3/…`: the Image API for stored images, and for pages and clips of stored recognitions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import NotFound as NoSuchPath
from werkzeug.wrappers import Response as BaseResponse

from omrclip.errors import InvalidParameter, LimitExceeded
from omrclip.iiif.capabilities import qualities
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3, Grammar
from omrclip.iiif.info import CONTEXT_3, TILE_SIDE, info2, info3
from omrclip.iiif.request import Format, ImageRequest
from omrclip.omr.report.file_names import stem
from omrclip.serving.sources import OpenImage
from omrclip.storage.images import SUFFIXES
from omrclip.web.auth.viewers import probe_service
from omrclip.web.image_answers import (
    CROSS_ORIGIN,
    plan_answer,
    rendered,
    validators,
)
from omrclip.web.lanes import Lane, MustWait, may_wait, runs_in
from omrclip.web.services import base_url, disposition, image_uri, open_image, services

blueprint = Blueprint("iiif", __name__)

# The link from plain JSON to its context (JSON-LD 1.1, section 6.1; Image API 3.0, section 5.1).
_CONTEXT_RELATION = "http://www.w3.org/ns/json-ld#context"
_FORMS = ("/{region}/{size}/{rotation}/{quality}.{format}", "/info.json")


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between the versions of the Image API."""

    grammar: Grammar
    info: Callable[..., dict[str, object]]
    context: str

    @property
    def number(self) -> int:
        """The first number of the version."""
        return self.grammar.number


VERSIONS = {
    2: Version(GRAMMAR_2, info2, "http://iiif.io/api/image/2/context.json"),
    3: Version(GRAMMAR_3, info3, CONTEXT_3),
}


@blueprint.get("/iiif/2/<path:address>")
@runs_in(Lane.LIGHT_FIRST)
def iiif2(address: str) -> BaseResponse:
    """The Image API 2.0 and 2.1."""
    return _answer(VERSIONS[2], address)


@blueprint.get("/iiif/3/<path:address>")
@runs_in(Lane.LIGHT_FIRST)
def iiif3(address: str) -> BaseResponse:
    """The Image API 3.0."""
    return _answer(VERSIONS[3], address)


@blueprint.after_request
def allow_any_origin(answer: Response) -> Response:
    """Allow viewers on all sites to read images (Image API 3.0, section 5.1)."""
    answer.headers.update(CROSS_ORIGIN)
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        answer.headers["Access-Control-Allow-Headers"] = "Accept, Authorization, If-None-Match, If-Modified-Since"
        answer.headers["Access-Control-Max-Age"] = "86400"
    return answer


def _answer(version: Version, address: str) -> BaseResponse:
    """Answer info.json, an image request or a base URI. Split from the right, because identifiers may have slashes."""
    if address.endswith("/info.json"):
        return _info(version, address.removesuffix("/info.json"))
    parts = address.rsplit("/", 4)
    try:
        if len(parts) == 5:
            return _image(version, *parts)
    except InvalidParameter:
        if not services().images.has(address):  # else it is the base URI of an identifier with slashes
            raise
    if len(parts) == 1 or services().images.has(address):
        open_image(address)
        return Response(status=303, headers={"Location": f"{image_uri(address, version.number)}/info.json"})
    raise NoSuchPath(f"no image {address!r}; expected {{identifier}}{_FORMS[0]} or {{identifier}}{_FORMS[1]}")


def _image(version: Version, identifier: str, region: str, size: str, rotation: str, quality_format: str) -> Response:
    asked = version.grammar.parse(region, size, rotation, quality_format)
    image = open_image(identifier)
    _check_quality(version, image, asked)
    try:
        return _planned(version, identifier, image, asked)
    except LimitExceeded as exceeded:
        if version.number == 2:
            raise
        # Section 4.2 of 3.0 requires 400 for sizes beyond the limits.
        raise InvalidParameter(exceeded.message, **{"parameter": "size", **exceeded.details}) from None


def _check_quality(version: Version, image: OpenImage, asked: ImageRequest) -> None:
    """Raise InvalidParameter for a quality that info.json does not offer.

    3.0 has all lists of qualities complete (section 4.4). The level 2 of 2.x promises `color` for every image.
    """
    offered = qualities(image.source.is_grey)
    if version.number == 3 and asked.quality not in offered:
        raise InvalidParameter(
            f"quality: the image is grey and has no {asked.quality}; expected one of {', '.join(sorted(offered))}",
            parameter="quality",
        )


def _planned(version: Version, identifier: str, image: OpenImage, asked: ImageRequest) -> Response:
    config, base = services().config, base_url()
    answer = plan_answer(version.grammar, asked, identifier, image, base, config)
    headers = dict(answer.headers)
    headers["Content-Disposition"] = _disposition(image.name or identifier, answer.canonical, answer.plan.format)
    media_type = answer.plan.format.media_type
    return _conditional(
        image,
        answer.etag,
        lambda: rendered(answer, services().sources.admission if may_wait() else None),
        media_type,
        headers,
    )


def _info(version: Version, identifier: str) -> Response:
    image = open_image(identifier)
    config = services().config
    document = version.info(
        image_uri(identifier, version.number),
        image.dimensions,
        config.limits,
        tile_side=image.tile_side or TILE_SIDE,
        rights=config.rights,
        density=image.source.density,
        is_grey=image.source.is_grey,
        probe=probe_service(identifier),
    )
    body = json.dumps(document).encode()
    media_type = _info_media_type(version)
    etag = sha256(body + media_type.encode()).hexdigest()[:32]
    headers = {"Vary": "Accept", **validators(image, etag, config)}
    if media_type == "application/json":
        headers["Link"] = f'<{version.context}>;rel="{_CONTEXT_RELATION}";type="application/ld+json"'
    return _conditional(image, etag, lambda: body, media_type, headers)


def _info_media_type(version: Version) -> str:
    """JSON-LD if it is requested. Without an Accept header, 3.0 (section 5.1) answers JSON-LD and 2.1 JSON."""
    linked, plain = _accepted("application/ld+json"), _accepted("application/json")
    if linked > plain or (linked == plain and version.number == 3):
        return f'application/ld+json;profile="{version.context}"'
    return "application/json"


def _accepted(media_type: str) -> float:
    """The client's preference for a type (RFC 9110, section 12.5.1). Parameters such as a profile are ignored."""
    wanted: dict[str, float] = {}
    for value, quality in request.accept_mimetypes:
        name = value.partition(";")[0].strip().lower()
        wanted[name] = max(quality, wanted.get(name, 0))
    if not wanted:
        return 1
    return next((wanted[name] for name in (media_type, "application/*", "*/*") if name in wanted), 0)


def _conditional(
    image: OpenImage, etag: str, make: Callable[[], bytes], media_type: str, headers: dict[str, str]
) -> Response:
    """Answer 304 if the client's copy is current (RFC 9110, section 13). Otherwise render the body."""
    if _client_has_it(image, etag):
        return Response(status=304, headers=headers)
    if not may_wait() and services().derivatives.is_being_made(etag, image.owner):
        raise MustWait
    body = services().derivatives.get_or_make(etag, make, image.owner, on_disk=not image.expires)
    return Response(body, content_type=media_type, headers=headers)


def _client_has_it(image: OpenImage, etag: str) -> bool:
    """RFC 9110, section 13.2.2: entity tags take precedence over times."""
    tags, since = request.if_none_match, request.if_modified_since
    if "If-None-Match" in request.headers:
        return tags.contains_weak(etag)
    return since is not None and datetime.fromtimestamp(int(image.modified), UTC) <= since


def _disposition(name: str, canonical: str, image_format: Format) -> str:
    """A Content-Disposition whose file name contains the image and the region (RFC 6266)."""
    region = canonical.split("/")[0]
    name = name.rpartition("/")[2]
    if name.lower().endswith(SUFFIXES):
        name = stem(name)
    name += ("" if region == "full" else f"_{region}") + f".{image_format}"
    return disposition("attachment" if "download" in request.args else "inline", name)
