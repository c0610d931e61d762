"""The schema of a request for a signed link."""

from dataclasses import dataclass
from typing import Any

from marshmallow import post_load

from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.schemas.fields import SomeText, WholeNumber
from omrclip.schemas.wire import WireSchema, load_strictly

DAY = 86_400
MOST_SECONDS = 10**9


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A request for a link to `target`, a stored recognition or an image, that is valid for so many seconds."""

    target: str
    seconds: int


class LinkRequestSchema(WireSchema):
    """The body of `POST /api/links`."""

    target = SomeText(required=True)
    seconds = WholeNumber(1, MOST_SECONDS, load_default=DAY)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> LinkRequest:
        """Load to LinkRequest."""
        return LinkRequest(**data)


_LINK = LinkRequestSchema()


def load_link(body: bytes, limits: Limits = DEFAULT_LIMITS) -> LinkRequest:
    """Read a request. Raises InvalidRequest with all wrong keys."""
    loaded: LinkRequest = load_strictly(_LINK, body, "$", limits)
    return loaded
