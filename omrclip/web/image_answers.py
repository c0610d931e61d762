"""The answer to an image request: planned, tagged and rendered, without Flask."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256

from omrclip import __version__
from omrclip.config import Config, Limits
from omrclip.errors import LimitExceeded
from omrclip.iiif import grammar2, grammar3
from omrclip.iiif.canonical import canonical2, canonical3, rendering_key
from omrclip.iiif.capabilities import PROFILE_2, PROFILE_3
from omrclip.iiif.plan import Plan, plan
from omrclip.iiif.render import render
from omrclip.iiif.request import Format, ImageRequest, Quality
from omrclip.imaging.admission import Admission
from omrclip.imaging.pyramid import TiledImage
from omrclip.storage import OpenImage
from omrclip.storage.sources import decoding_bytes
from omrclip.web.lanes import MustWait
from omrclip.web.services import PRIVATE, image_uri_under

CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Last-Modified, Retry-After, X-Request-Id",
}
# What a pixel takes from the source to the file, measured on images of 120 megapixels.
BYTES_A_PIXEL = {
    Format.JPG: 7,
    Format.PNG: 5,
    Format.WEBP: 7,
    Format.TIF: 12,
    Format.GIF: 17,
    Format.JP2: 42,
    Format.PDF: 8,
}
SMALL_RENDERING_BYTES = 16 * 1024 * 1024
MOST_OF_MEMORY = 0.8


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a version of the Image API writes requests."""

    number: int
    parse: Callable[[str, str, str, str], ImageRequest]
    canonical: Callable[[Plan, Limits], str]
    profile: str


GRAMMARS = {
    2: Grammar(2, grammar2.parse, canonical2, PROFILE_2),
    3: Grammar(3, grammar3.parse, canonical3, PROFILE_3),
}


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """The answer to an image request, as it is known before a pixel is touched."""

    image: OpenImage
    plan: Plan
    canonical: str
    etag: str
    headers: dict[str, str]


def plan_answer(
    grammar: Grammar, asked: ImageRequest, identifier: str, image: OpenImage, base: str, config: Config
) -> ImageAnswer:
    """Work out a request; `base` is the URL under which the client reaches the service.

    Raises:
        InvalidParameter, LimitExceeded: see `iiif.plan.plan`.
    """
    planned = plan(asked, image.dimensions, config.limits)
    canonical = grammar.canonical(planned, config.limits)
    # Another version may render otherwise, and a shared cache folder outlives versions.
    etag = sha256(f"{__version__}/{image.etag}/{rendering_key(planned)}".encode()).hexdigest()[:32]
    uri = image_uri_under(base, identifier, grammar.number)
    links = f'<{uri}/{canonical}>;rel="canonical", <{grammar.profile}>;rel="profile"'
    return ImageAnswer(image, planned, canonical, etag, {"Link": links, **validators(image, etag, config)})


def validators(image: OpenImage, etag: str, config: Config) -> dict[str, str]:
    """The headers by which clients and caches keep an answer, and ask whether it still holds."""
    return {
        "ETag": f'"{etag}"',
        "Last-Modified": _http_date(int(image.modified)),
        "Cache-Control": config.cache_control if image.owner is None else PRIVATE,
    }


@lru_cache(maxsize=1024)
def _http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def rendered(answer: ImageAnswer, memory_bytes: int, admission: Admission | None) -> bytes:
    """The bytes; what takes much memory waits for room, and what comes from caches does not wait behind it.

    Raises:
        ServerBusy: there was no room in time.
        MustWait: it would have to wait for room, and no `admission` is given to do so.
        LimitExceeded: it would take more than one request may have of `memory_bytes`.
        ImageError: the source's bytes cannot be decoded.
    """
    image, planned = answer.image, answer.plan
    if isinstance(image.source, TiledImage) and _is_plain_jpeg(planned):
        stored = image.source.stored_jpeg(planned.box, planned.scaled)
        if stored is not None:
            return stored
    decoding = decoding_bytes(image.source, planned.box, planned.scaled)
    rendering = BYTES_A_PIXEL[planned.format] * max(planned.scaled.pixels, planned.output.pixels)
    if decoding == 0 and rendering <= SMALL_RENDERING_BYTES:
        return render(planned, image.source)
    most = int(memory_bytes * MOST_OF_MEMORY)
    if rendering > most:
        raise LimitExceeded(
            f"size: {planned.output} pixels as {planned.format} take more memory than one request may have",
            parameter="size",
            limit="memory_bytes",
            maximum=most,
        )
    if admission is None:
        raise MustWait
    with admission.admitted(decoding + rendering):
        return render(planned, image.source)


def _is_plain_jpeg(planned: Plan) -> bool:
    turned = planned.rotation.mirrored or planned.rotation.degrees % 360
    return planned.format is Format.JPG and not turned and planned.quality in (Quality.DEFAULT, Quality.COLOR)
