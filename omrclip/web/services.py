"""What the views of one application share: its settings and stores, kept in the app's `extensions`."""

from dataclasses import dataclass
from urllib.parse import quote

from flask import Flask, current_app, request

from omrclip.config import Config
from omrclip.storage import ImageStore, Precondition, TemplateStore

_KEY = "omrclip"


@dataclass(frozen=True, slots=True)
class Services:
    """One application's settings and stores."""

    config: Config
    templates: TemplateStore
    images: ImageStore


def install(app: Flask, config: Config) -> None:
    """Open the stores and keep them with the app."""
    images = ImageStore(config.images, config.limits)
    app.extensions[_KEY] = Services(config, TemplateStore(config.templates), images)


def services() -> Services:
    """Those of the application that answers the current request."""
    found: Services = current_app.extensions[_KEY]
    return found


def base_url() -> str:
    """Scheme and host under which the client reaches the service, without a trailing slash."""
    return services().config.public_url or request.host_url.rstrip("/")


def precondition(*, must_match: bool) -> Precondition:
    """What the request's If-Match and If-None-Match ask of the stored thing (RFC 9110, section 13.1)."""
    match: frozenset[str] | None = None
    if "If-Match" in request.headers:
        match = frozenset({"*"} if request.if_match.star_tag else request.if_match.as_set())
    return Precondition(match=match, absent=request.if_none_match.star_tag, must_match=must_match)


# What may stand unencoded in a path segment (RFC 3986, pchar) but for the @ that the Image API, section 9, encodes.
_PLAIN_IN_SEGMENT = ":!$&'()*+,;=~"


def image_uri(identifier: str) -> str:
    """The base URI of a stored image, the one under which its info.json knows it."""
    return f"{base_url()}/iiif/2/{quote(identifier, safe=_PLAIN_IN_SEGMENT)}"
