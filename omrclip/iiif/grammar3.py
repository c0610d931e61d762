"""The grammar of the Image API 3.0: strings → ImageRequest.

Source: https://iiif.io/api/image/3.0/, sections 4.1 to 4.5. Unlike in 2.1, `full` is not a size, and only a size with a
caret may enlarge the region.
"""

import re
from decimal import Decimal
from functools import lru_cache

from omrclip.iiif.request import (
    BestFitSize,
    ExactSize,
    HeightSize,
    ImageRequest,
    MaxSize,
    PercentSize,
    Size,
    WidthSize,
)
from omrclip.iiif.tokens import INTEGER, REAL, parse_quality_format, parse_region, parse_rotation, refused, request_of

__all__ = ["parse", "parse_quality_format", "parse_region", "parse_rotation", "parse_size"]

_WIDTH_HEIGHT_SIZE = re.compile(rf"(\^?)(!?){INTEGER}?,{INTEGER}?")
_PERCENT_SIZE = re.compile(rf"(\^?)pct:{REAL}")


def parse(region: str, size: str, rotation: str, quality_format: str) -> ImageRequest:
    """Parse the four path segments after the identifier, which must be percent-decoded once.

    Raises:
        InvalidParameter: a parameter is wrong. The error lists the forms that it can have.
    """
    return request_of(region, parse_size(size), rotation, quality_format)


@lru_cache
def parse_size(text: str) -> Size:
    """Section 4.2."""
    if text in ("max", "^max"):
        return MaxSize(enlarging=text == "^max")
    if found := _PERCENT_SIZE.fullmatch(text):
        return PercentSize(Decimal(found[2]), enlarging=found[1] == "^")
    if found := _WIDTH_HEIGHT_SIZE.fullmatch(text):
        caret, *form = found.groups()
        match form:
            case ("!", str(width), str(height)):
                return BestFitSize(int(width), int(height), enlarging=caret == "^")
            case ("", str(width), str(height)):
                return ExactSize(int(width), int(height), enlarging=caret == "^")
            case ("", str(width), None):
                return WidthSize(int(width), enlarging=caret == "^")
            case ("", None, str(height)):
                return HeightSize(int(height), enlarging=caret == "^")
    raise refused("size", text, "max, w,  ,h  pct:n, w,h or !w,h, with ^ before it to enlarge")
