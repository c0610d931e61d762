"""The grammar of the Image API 2.0 and 2.1, which are treated alike: strings → ImageRequest.

Source: https://iiif.io/api/image/2.1/, sections 4.1 to 4.5.
"""

import re
from decimal import Decimal
from functools import lru_cache

from omrclip.iiif.request import (
    BestFitSize,
    ExactSize,
    FullSize,
    HeightSize,
    ImageRequest,
    MaxSize,
    PercentSize,
    Size,
    WidthSize,
)
from omrclip.iiif.tokens import INTEGER, REAL, parse_quality_format, parse_region, parse_rotation, refused, request_of

__all__ = ["parse", "parse_quality_format", "parse_region", "parse_rotation", "parse_size"]

_WIDTH_HEIGHT_SIZE = re.compile(f"(!?){INTEGER}?,{INTEGER}?")
_TOO_PRECISE = re.compile(r"\.[0-9]{11}")
_PERCENT_SIZE = re.compile(f"pct:{REAL}")


def parse(region: str, size: str, rotation: str, quality_format: str) -> ImageRequest:
    """Parse the four path segments after the identifier, which must be percent-decoded once.

    Raises:
        InvalidParameter: a parameter is wrong. The error lists the forms that it can have.
    """
    for parameter, text in (("region", region), ("size", size), ("rotation", rotation)):
        if _TOO_PRECISE.search(text):
            raise refused(parameter, text, "numbers with at most ten decimals")  # section 4
    return request_of(region, parse_size(size), rotation, quality_format)


@lru_cache
def parse_size(text: str) -> Size:
    """Section 4.2."""
    if text == "full":
        return FullSize()
    if text == "max":
        return MaxSize()
    if found := _PERCENT_SIZE.fullmatch(text):
        return PercentSize(Decimal(found[1]))
    if found := _WIDTH_HEIGHT_SIZE.fullmatch(text):
        match found.groups():
            case ("!", str(width), str(height)):
                return BestFitSize(int(width), int(height))
            case ("", str(width), str(height)):
                return ExactSize(int(width), int(height))
            case ("", str(width), None):
                return WidthSize(int(width))
            case ("", None, str(height)):
                return HeightSize(int(height))
    raise refused("size", text, "full, max, w,  ,h  pct:n, w,h or !w,h")
