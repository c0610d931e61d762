"""The grammars of the Image API 2 (2.0 and 2.1, which are treated alike) and 3.0: strings → ImageRequest.

Source: https://iiif.io/api/image/2.1/ and https://iiif.io/api/image/3.0/, sections 4.1 to 4.5. Numbers consist of ASCII
digits. Decimals have a leading zero below 1, and any number of digits (3.0, section 4; ten in 2.1). The versions differ
in their sizes: only 2.x has `full`, and in 3.0 only a size with a caret may enlarge the region.

Viewers request thousands of regions, but few sizes and rotations. So everything except regions is cached.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from omrclip.errors import InvalidParameter
from omrclip.iiif.capabilities import FORMATS, QUALITIES
from omrclip.iiif.request import (
    BestFitSize,
    ExactSize,
    Format,
    FullRegion,
    FullSize,
    HeightSize,
    ImageRequest,
    MaxSize,
    PercentRegion,
    PercentSize,
    PixelRegion,
    Quality,
    Region,
    Rotation,
    Size,
    SquareRegion,
    WidthSize,
)

# Nine digits suffice for the largest image of any format, and keep the arithmetic exact.
INTEGER = "([0-9]{1,9})"
REAL = r"([0-9]{1,9}(?:\.[0-9]+)?)"

_PIXEL_REGION = re.compile(",".join([INTEGER] * 4))
_PERCENT_REGION = re.compile("pct:" + ",".join([REAL] * 4))
_PERCENT_SIZE = re.compile(f"pct:{REAL}")
_WIDTH_HEIGHT_SIZE = re.compile(f"(!?){INTEGER}?,{INTEGER}?")
_ELEVEN_DECIMALS = re.compile(r"\.[0-9]{11}")
_ROTATION = re.compile(f"(!?){REAL}")
_PRECISE = Decimal("1e-10")
_QUALITY_FORMAT = re.compile(r"([a-z]+)\.([a-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The notation of requests in one version of the Image API.

    Attributes:
        number: 2 or 3.
        has_full_size: whether `full` is a size.
        has_caret: whether `^` before a size allows to enlarge the region.
        has_ten_decimals: whether numbers may have at most ten decimals.
        sizes: the forms of a size, for messages.
    """

    number: int
    has_full_size: bool
    has_caret: bool
    has_ten_decimals: bool
    sizes: str

    def parse(self, region: str, size: str, rotation: str, quality_format: str) -> ImageRequest:
        """Parse the four path segments after the identifier, which must be percent-decoded once.

        Raises:
            InvalidParameter: a parameter is wrong. The error lists the forms that it can have.
        """
        if self.has_ten_decimals:
            for parameter, text in (("region", region), ("size", size), ("rotation", rotation)):
                if _ELEVEN_DECIMALS.search(text):
                    raise refused(parameter, text, "numbers with at most ten decimals")  # 2.1, section 4
        quality, image_format = parse_quality_format(quality_format)
        return ImageRequest(
            parse_region(region), self.parse_size(size), parse_rotation(rotation), quality, image_format
        )

    def parse_size(self, text: str) -> Size:
        """Section 4.2."""
        return _parse_size(self, text)


GRAMMAR_2 = Grammar(
    2, has_full_size=True, has_caret=False, has_ten_decimals=True, sizes="full, max, w,  ,h  pct:n, w,h or !w,h"
)
GRAMMAR_3 = Grammar(
    3,
    has_full_size=False,
    has_caret=True,
    has_ten_decimals=False,
    sizes="max, w,  ,h  pct:n, w,h or !w,h, with ^ before it to enlarge",
)


@lru_cache
def _parse_size(grammar: Grammar, text: str) -> Size:
    has_caret = grammar.has_caret and text.startswith("^")
    form = text[1:] if has_caret else text
    enlarging = has_caret or not grammar.has_caret
    if form == "full" and grammar.has_full_size:
        return FullSize()
    if form == "max":
        return MaxSize(enlarging=has_caret)
    if found := _PERCENT_SIZE.fullmatch(form):
        return PercentSize(Decimal(found[1]), enlarging=enlarging)
    if found := _WIDTH_HEIGHT_SIZE.fullmatch(form):
        match found.groups():
            case ("!", str(width), str(height)):
                return BestFitSize(int(width), int(height), enlarging=enlarging)
            case ("", str(width), str(height)):
                return ExactSize(int(width), int(height), enlarging=enlarging)
            case ("", str(width), None):
                return WidthSize(int(width), enlarging=enlarging)
            case ("", None, str(height)):
                return HeightSize(int(height), enlarging=enlarging)
    raise refused("size", text, grammar.sizes)


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
