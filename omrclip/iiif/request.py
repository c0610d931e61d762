"""What one IIIF Image API request asks for: frozen values, independent of the version whose grammar they came in.

Region, Size and Rotation are the parameters of sections 4.1 to 4.3 of the Image API 2.1, Quality and Format those of
4.4 and 4.5. Each form of a parameter is a class of its own, so that the planner can tell them apart by `match`.
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
    """`max` (2.1): the largest size of the region that the limits allow, without enlarging it."""


@dataclass(frozen=True, slots=True)
class WidthSize:
    """`w,`: exactly this width, the height by the region's aspect."""

    width: int


@dataclass(frozen=True, slots=True)
class HeightSize:
    """`,h`: exactly this height, the width by the region's aspect."""

    height: int


@dataclass(frozen=True, slots=True)
class PercentSize:
    """`pct:n`: both sides at n percent of the region's."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class ExactSize:
    """`w,h`: exactly these, even where the aspect changes."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class BestFitSize:
    """`!w,h`: the largest size of the region's aspect within these."""

    width: int
    height: int


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

    @property
    def encoding(self) -> ImageFormat:
        """The codec's name of the format."""
        return _ENCODINGS[self]

    @property
    def media_type(self) -> str:
        """The MIME type of section 4.5."""
        return self.encoding.media_type


_ENCODINGS = {
    Format.JPG: ImageFormat.JPEG,
    Format.PNG: ImageFormat.PNG,
    Format.TIF: ImageFormat.TIFF,
    Format.GIF: ImageFormat.GIF,
    Format.JP2: ImageFormat.JP2,
    Format.WEBP: ImageFormat.WEBP,
}


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """All five parameters of one request."""

    region: Region = FullRegion()
    size: Size = FullSize()
    rotation: Rotation = Rotation()
    quality: Quality = Quality.DEFAULT
    format: Format = Format.JPG
