"""The grammar of the Image API 2.0 and 2.1 (one surface): strings → ImageRequest.

Source: https://iiif.io/api/image/2.1/, sections 4.1 to 4.5. Numbers are ASCII digits only; real numbers have a
leading zero below 1, and at most 10 decimals (section 4).
"""

import re
from decimal import Decimal

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

# Nine digits exceed every image that any format can hold, and keep the arithmetic exact.
_INTEGER = "([0-9]{1,9})"
_REAL = r"([0-9]{1,9}(?:\.[0-9]{1,10})?)"

_PIXEL_REGION = re.compile(",".join([_INTEGER] * 4))
_PERCENT_REGION = re.compile("pct:" + ",".join([_REAL] * 4))
_WIDTH_HEIGHT_SIZE = re.compile(f"(!?){_INTEGER}?,{_INTEGER}?")
_PERCENT_SIZE = re.compile(f"pct:{_REAL}")
_ROTATION = re.compile(f"(!?){_REAL}")
_QUALITY_FORMAT = re.compile(r"([a-z]+)\.([a-z0-9]+)")


def parse(region: str, size: str, rotation: str, quality_format: str) -> ImageRequest:
    """Read the four path segments after the identifier, already percent-decoded once.

    Raises:
        InvalidParameter: naming the parameter and the forms it can have.
    """
    quality, image_format = parse_quality_format(quality_format)
    return ImageRequest(parse_region(region), parse_size(size), parse_rotation(rotation), quality, image_format)


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
    raise _refused("region", text, "full, square, x,y,w,h or pct:x,y,w,h")


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
    raise _refused("size", text, "full, max, w,  ,h  pct:n, w,h or !w,h")


def parse_rotation(text: str) -> Rotation:
    """Section 4.3."""
    found = _ROTATION.fullmatch(text)
    if not found or Decimal(found[2]) > 360:
        raise _refused("rotation", text, "a number of degrees from 0 to 360, with ! before it to mirror")
    return Rotation(Decimal(found[2]), mirrored=found[1] == "!")


def parse_quality_format(text: str) -> tuple[Quality, Format]:
    """Sections 4.4 and 4.5: the last path segment, `{quality}.{format}`."""
    found = _QUALITY_FORMAT.fullmatch(text)
    if not found:
        raise _refused("quality", text, "a quality, a dot and a format, such as default.jpg")
    if found[1] not in QUALITIES:
        raise _refused("quality", found[1], f"one of {', '.join(QUALITIES)}")
    if found[2] not in FORMATS:
        raise _refused("format", found[2], f"one of {', '.join(FORMATS)}")
    return Quality(found[1]), Format(found[2])


def _refused(parameter: str, text: str, expected: str) -> InvalidParameter:
    shown = text if len(text) <= 60 else text[:57] + "…"
    return InvalidParameter(f"{parameter}: expected {expected}, not {shown!r}", parameter=parameter, expected=expected)
