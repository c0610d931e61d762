"""One IIIF Image API request as frozen values, independent of the version of the grammar.

Region, Size and Rotation are the parameters of sections 4.1 to 4.3 of the Image API 2.1, Quality and Format those of
4.4 and 4.5. Each form of a parameter is a class of its own, so that the planner can tell them apart by `match`.
`enlarging` says whether a size may exceed the region's: 2.x always allows it, 3.0 with a caret before the size.
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
    """`full`: the region as it is."""


@dataclass(frozen=True, slots=True)
class MaxSize:
    """`max` (2.1, 3.0) and `^max` (3.0): the largest size that the limits allow; enlarged only with the caret."""

    enlarging: bool = False


@dataclass(frozen=True, slots=True)
class WidthSize:
    """`w,`: exactly this width, the height by the region's aspect."""

    width: int
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class HeightSize:
    """`,h`: exactly this height, the width by the region's aspect."""

    height: int
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class PercentSize:
    """`pct:n`: both sides at n percent of the region's."""

    percent: Decimal
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class ExactSize:
    """`w,h`: exactly these, even where the aspect changes."""

    width: int
    height: int
    enlarging: bool = True


@dataclass(frozen=True, slots=True)
class BestFitSize:
    """`!w,h`: the largest size of the region's aspect within these, and within the limits."""

    width: int
    height: int
    enlarging: bool = True


Region: TypeAlias = FullRegion | SquareRegion | PixelRegion | PercentRegion
Size: TypeAlias = FullSize | MaxSize | WidthSize | HeightSize | PercentSize | ExactSize | BestFitSize


@dataclass(frozen=True, slots=True)
class Rotation:
    """Degrees clockwise, 0 to 360, applied after mirroring on the vertical axis."""

    degrees: Decimal = Decimal(0)
    mirrored: bool = False


class Quality(StrEnum):
    """The colours of the returned image."""

    COLOR = "color"
    GRAY = "gray"
    BITONAL = "bitonal"
    DEFAULT = "default"


class Format(StrEnum):
    """The file formats that can be delivered, by the extension that asks for them."""

    JPG = "jpg"
    PNG = "png"
    TIF = "tif"
    GIF = "gif"
    JP2 = "jp2"
    WEBP = "webp"
    PDF = "pdf"

    @property
    def encoding(self) -> ImageFormat:
        """The codec's name of the format; a PDF is a page around a JPEG."""
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
