"""Plans, tags and renders the answer to an image request, without Flask."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256

from omrclip import __version__
from omrclip.admission import Admission
from omrclip.config import Config
from omrclip.iiif.canonical import canonical2, canonical3, rendering_key
from omrclip.iiif.capabilities import PROFILE_2, PROFILE_3
from omrclip.iiif.grammar import Grammar
from omrclip.iiif.plan import Plan, plan
from omrclip.iiif.render import delivered_density, render
from omrclip.iiif.request import Format, ImageRequest, Quality
from omrclip.imaging.formats.jpeg import with_density
from omrclip.imaging.source import ImageSource
from omrclip.serving.sources import OpenImage
from omrclip.web.lanes import MustWait
from omrclip.web.services import PRIVATE, image_uri_under

CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Last-Modified, Retry-After, X-Request-Id",
}
# The memory for a delivered pixel in addition to the source's, measured with 6 megapixels: to encode it, and before
# that to scale it, turn it by right angles or mirror it, turn it otherwise (which adds alpha), or make it grey.
ENCODING_BYTES = {
    Format.JPG: 1.5,
    Format.PNG: 5,
    Format.WEBP: 10,
    Format.TIF: 14,
    Format.GIF: 38,
    Format.JP2: 24,
    Format.PDF: 3,
}
SCALING_BYTES, TURNING_BYTES, SLANTING_BYTES, GREY_BYTES = 6.5, 5, 16, 2.5
SMALL_RENDERING_BYTES = 16 * 1024 * 1024


_CANONICAL = {2: canonical2, 3: canonical3}
_PROFILES = {2: PROFILE_2, 3: PROFILE_3}


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """The answer to an image request before pixels are read."""

    image: OpenImage
    plan: Plan
    canonical: str
    etag: str
    headers: dict[str, str]


def plan_answer(
    grammar: Grammar, asked: ImageRequest, identifier: str, image: OpenImage, base: str, config: Config
) -> ImageAnswer:
    """Plan a request. `base` is the URL under which the client reaches the service.

    Raises:
        InvalidParameter, LimitExceeded: see `iiif.plan.plan`.
    """
    planned = plan(asked, image.dimensions, config.limits)
    canonical = _CANONICAL[grammar.number](planned, config.limits)
    # Another version may render differently, and a shared cache folder is used by several versions.
    rendering = f"{__version__}/{image.etag}/{rendering_key(planned)}"
    if density := delivered_density(planned, image.source):
        rendering += f"/{density}"
    etag = sha256(rendering.encode()).hexdigest()[:32]
    uri = image_uri_under(base, identifier, grammar.number)
    links = f'<{uri}/{canonical}>;rel="canonical", <{_PROFILES[grammar.number]}>;rel="profile"'
    return ImageAnswer(image, planned, canonical, etag, {"Link": links, **validators(image, etag, config)})


def validators(image: OpenImage, etag: str, config: Config) -> dict[str, str]:
    """The headers with which clients and caches store an answer and check whether it is current."""
    return {
        "ETag": f'"{etag}"',
        "Last-Modified": _http_date(int(image.modified)),
        "Cache-Control": PRIVATE if image.expires else config.cache_control,
    }


@lru_cache(maxsize=1024)
def _http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def rendered(answer: ImageAnswer, admission: Admission | None) -> bytes:
    """Render the image. Work that needs much memory waits until it is free. Cached images do not wait.

    Raises:
        ServerBusy: no memory became free in time.
        MustWait: the work would have to wait for memory, and `admission` is None.
        LimitExceeded: the work needs more memory than there is.
        ImageError: the source cannot be decoded.
    """
    image, planned = answer.image, answer.plan
    if _is_plain_jpeg(planned):
        stored = image.source.stored_jpeg(planned.box, planned.scaled)
        if stored is not None:
            density = delivered_density(planned, image.source)
            return with_density(stored, density) if density else stored
    return render_admitted(planned, image.source, admission)


def render_admitted(planned: Plan, source: ImageSource, admission: Admission | None) -> bytes:
    """Render a planned image when memory for it is free. Raises as `rendered` does."""
    decoding = source.cost(planned.box, planned.scaled)
    rendering = rendering_bytes(planned)
    if decoding == 0 and rendering <= SMALL_RENDERING_BYTES:
        return render(planned, source)
    if admission is None:
        raise MustWait
    with admission.admitted(decoding + rendering):
        return render(planned, source)


def rendering_bytes(planned: Plan) -> int:
    """The most memory that rendering needs in addition to the pixels of the source."""
    pixels, needed = planned.output.pixels, 0.0
    slanting = planned.rotation.degrees % 90 != 0
    if planned.scaled != planned.box.dimensions:
        needed += SCALING_BYTES * planned.scaled.pixels
    if slanting:
        needed += SLANTING_BYTES * pixels
    elif planned.rotation.mirrored or planned.rotation.degrees % 360:
        needed += TURNING_BYTES * pixels
    if planned.quality not in (Quality.DEFAULT, Quality.COLOR):
        needed += GREY_BYTES * pixels
    return int(needed + ENCODING_BYTES[planned.format] * pixels * (1.6 if slanting else 1))


def _is_plain_jpeg(planned: Plan) -> bool:
    turned = planned.rotation.mirrored or planned.rotation.degrees % 360
    return planned.format is Format.JPG and not turned and planned.quality in (Quality.DEFAULT, Quality.COLOR)
