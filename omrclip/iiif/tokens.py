"""Shared parts of the grammars of all Image API versions: regions, rotations, qualities and formats.

Source: https://iiif.io/api/image/2.1/ and https://iiif.io/api/image/3.0/, sections 4.1 and 4.3 to 4.5. Numbers consist
of ASCII digits. Decimals have a leading zero below 1, and any number of digits (3.0, section 4; ten in 2.1).

Viewers request thousands of regions, but few sizes and rotations. So everything except regions is cached.
"""

import re
from decimal import Decimal
from functools import lru_cache

from omrclip.errors import InvalidParameter
from omrclip.iiif.capabilities import FORMATS, QUALITIES
from omrclip.iiif.request import (
    Format,
    FullRegion,
    ImageRequest,
    PercentRegion,
    PixelRegion,
    Quality,
    Region,
    Rotation,
    Size,
    SquareRegion,
)

# Nine digits suffice for the largest image of any format, and keep the arithmetic exact.
INTEGER = "([0-9]{1,9})"
REAL = r"([0-9]{1,9}(?:\.[0-9]+)?)"

_PIXEL_REGION = re.compile(",".join([INTEGER] * 4))
_PERCENT_REGION = re.compile("pct:" + ",".join([REAL] * 4))
_ROTATION = re.compile(f"(!?){REAL}")
_PRECISE = Decimal("1e-10")
_QUALITY_FORMAT = re.compile(r"([a-z]+)\.([a-z0-9]+)")


def request_of(region: str, size: Size, rotation: str, quality_format: str) -> ImageRequest:
    """The request. A function parses the size in the grammar of a version. Raises InvalidParameter."""
    quality, image_format = parse_quality_format(quality_format)
    return ImageRequest(parse_region(region), size, parse_rotation(rotation), quality, image_format)


def parse_region(text: str) -> Region:
    """Section 4.1."""
    if text == "full":
        return FullRegion()
    if text == "square":
        return SquareRegion()
    if found := _PIXEL_REGION.fullmatch(text):
        return PixelRegion(*map(int, found.groups()))
    if found := _PERCENT_REGION.fullmatch(text):
        return PercentRegion(*map(Decimal, found.groups()))
    raise refused("region", text, "full, square, x,y,w,h or pct:x,y,w,h")


@lru_cache
def parse_rotation(text: str) -> Rotation:
    """Section 4.3."""
    found = _ROTATION.fullmatch(text)
    if not found or Decimal(found[2]) > 360:
        raise refused("rotation", text, "a number of degrees from 0 to 360, with ! before it to mirror")
    degrees = Decimal(found[2])
    # More than ten decimals have no effect, and would make canonical forms as long as requests.
    degrees = degrees if degrees == degrees.quantize(_PRECISE) else degrees.quantize(_PRECISE)
    return Rotation(degrees, mirrored=found[1] == "!")


@lru_cache
def parse_quality_format(text: str) -> tuple[Quality, Format]:
    """The last path segment, `{quality}.{format}` (sections 4.4 and 4.5)."""
    found = _QUALITY_FORMAT.fullmatch(text)
    if not found:
        raise refused("quality", text, "a quality, a dot and a format, such as default.jpg")
    if found[1] not in QUALITIES:
        raise refused("quality", found[1], f"one of {', '.join(QUALITIES)}")
    if found[2] not in FORMATS:
        raise refused("format", found[2], f"one of {', '.join(FORMATS)}")
    return Quality(found[1]), Format(found[2])


def refused(parameter: str, text: str, expected: str) -> InvalidParameter:
    """The error for a parameter that has none of its possible forms."""
    shown = text if len(text) <= 60 else text[:57] + "…"
    return InvalidParameter(f"{parameter}: expected {expected}, not {shown!r}", parameter=parameter, expected=expected)
