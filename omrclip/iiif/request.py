"""A request of the IIIF Image API as frozen values, independent of the version.

Region, Size and Rotation are the parameters of sections 4.1 to 4.3 of the Image API 2.1, Quality and Format those of
sections 4.4 and 4.5. Each form of a parameter is a class, so that the planner can use `match`. `enlarging` tells
whether a size may exceed the region's: always in 2.x, and with a caret before the size in 3.0.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from omrclip.imaging.probe import ImageFormat


@dataclass(frozen=True, slots=True)
class FullRegion:
    """`full`: the whole image."""


@dataclass(frozen=True, slots=True)
class SquareRegion:
    """`square` (2.1): the largest centred square."""


@dataclass(frozen=True, slots=True)
class PixelRegion:
    """`x,y,w,h` in pixels of the full image; may reach beyond it."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PercentRegion:
    """`pct:x,y,w,h` in percent of the full image's width and height."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal


@dataclass(frozen=True, slots=True)
class FullSize:
    """`full`: the size of the region."""


@dataclass(frozen=True, slots=True)
class MaxSize:
    """`max` (2.1, 3.0) and `^max` (3.0): the largest size within the limits. Only `^max` enlarges."""

    enlarging: bool = False


@dataclass(frozen=True, slots=True)
class WidthSize:
    """`w,`: exactly this width. The height follows from the region's aspect ratio."""

    width: int
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class HeightSize:
    """`,h`: exactly this height. The width follows from the region's aspect ratio."""

    height: int
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class PercentSize:
    """`pct:n`: width and height at n percent of the region's."""

    percent: Decimal
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class ExactSize:
    """`w,h`: exactly this width and height, even if the aspect ratio changes."""

    width: int
    height: int
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class BestFitSize:
    """`!w,h`: the largest size with the region's aspect ratio within this width and height, and within the limits."""

    width: int
    height: int
    enlarging: bool = True


Region: TypeAlias = FullRegion | SquareRegion | PixelRegion | PercentRegion
Size: TypeAlias = FullSize | MaxSize | WidthSize | HeightSize | PercentSize | ExactSize | BestFitSize


@dataclass(frozen=True, slots=True)
class Rotation:
    """Degrees clockwise, 0 to 360, after mirroring left to right."""

    degrees: Decimal = Decimal(0)
    mirrored: bool = False


class Quality(StrEnum):
    """The colors of the returned image."""

    COLOR = "color"
    GRAY = "gray"
    BITONAL = "bitonal"
    DEFAULT = "default"


class Format(StrEnum):
    """The file formats that can be delivered, by the extension in the request."""

    JPG = "jpg"
    PNG = "png"
    TIF = "tif"
    GIF = "gif"
    JP2 = "jp2"
    WEBP = "webp"
    PDF = "pdf"

    @property
    def encoding(self) -> ImageFormat:
        """The format for the codec. A PDF contains a JPEG."""
        return _ENCODINGS[self]

    @property
    def media_type(self) -> str:
        """The MIME type of section 4.5."""
        return "application/pdf" if self is Format.PDF else self.encoding.media_type


_ENCODINGS = {
    Format.JPG: ImageFormat.JPEG,
    Format.PNG: ImageFormat.PNG,
    Format.TIF: ImageFormat.TIFF,
    Format.GIF: ImageFormat.GIF,
    Format.JP2: ImageFormat.JP2,
    Format.WEBP: ImageFormat.WEBP,
    Format.PDF: ImageFormat.JPEG,
}


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """All five parameters of one request."""

    region: Region = FullRegion()
    size: Size = FullSize()
    rotation: Rotation = Rotation()
    quality: Quality = Quality.DEFAULT
    format: Format = Format.JPG
