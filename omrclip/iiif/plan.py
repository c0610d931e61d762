"""From a request to numbers: which box of the source, at which Dimensions, turned how. No pixels are touched.

Rounding: the one rule of `imaging.geometry`, halves up.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

from omrclip.config import Limits
from omrclip.errors import InvalidParameter, LimitExceeded
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
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.ops import rotated_dimensions


@dataclass(frozen=True, slots=True)
class Plan:
    """What the renderer does, in its order: cut `box`, scale to `scaled`, turn, recolour, encode."""

    source: Dimensions
    box: Box
    scaled: Dimensions
    rotation: Rotation
    quality: Quality
    format: Format

    @property
    def output(self) -> Dimensions:
        """The Dimensions of the delivered image, after the rotation."""
        return rotated_dimensions(self.scaled, float(self.rotation.degrees))


def plan(request: ImageRequest, source: Dimensions, limits: Limits) -> Plan:
    """Work out one request on an image of the given Dimensions.

    Raises:
        InvalidParameter: the region is empty or lies outside the image, or a side of the size comes to zero.
        LimitExceeded: the delivered image would have more pixels than allowed.
    """
    box = plan_region(request.region, source)
    scaled = plan_size(request.size, box.dimensions, limits.max_output_pixels)
    planned = Plan(source, box, scaled, request.rotation, request.quality, request.format)
    if max(scaled.pixels, planned.output.pixels) > limits.max_output_pixels:
        raise LimitExceeded(
            f"size: {planned.output} pixels are more than the {limits.max_output_pixels:,} that one image may have",
            parameter="size",
            limit="max_output_pixels",
            maximum=limits.max_output_pixels,
        )
    return planned


def plan_region(region: Region, source: Dimensions) -> Box:
    """The box of the source that a region means, cropped at the image's edge (Image API 2.1, section 4.1)."""
    match region:
        case FullRegion():
            return source.box
        case SquareRegion():
            side = min(source.width, source.height)
            return Box((source.width - side) // 2, (source.height - side) // 2, side, side)
        case PixelRegion(x, y, width, height):
            return _cropped(x, y, width, height, source)
        case PercentRegion(x, y, width, height):
            return _cropped(
                _percent_of(x, source.width),
                _percent_of(y, source.height),
                _percent_of(width, source.width),
                _percent_of(height, source.height),
                source,
            )


def plan_size(size: Size, region: Dimensions, most_pixels: int) -> Dimensions:
    """The Dimensions to which a region is scaled (Image API 2.1, section 4.2)."""
    match size:
        case FullSize():
            return region
        case MaxSize():
            return _at_most(region, most_pixels)
        case WidthSize(width):
            return _sized(width, _proportion(region.height, width, region.width))
        case HeightSize(height):
            return _sized(_proportion(region.width, height, region.height), height)
        case PercentSize(percent):
            return _sized(_percent_of(percent, region.width), _percent_of(percent, region.height))
        case ExactSize(width, height):
            return _sized(width, height)
        case BestFitSize(width, height):
            if width * region.height <= height * region.width:
                return _sized(width, _proportion(region.height, width, region.width))
            return _sized(_proportion(region.width, height, region.height), height)


def _cropped(left: int, top: int, width: int, height: int, source: Dimensions) -> Box:
    if width < 1 or height < 1:
        raise InvalidParameter(f"region: its {width} × {height} pixels are none", parameter="region")
    box = Box(left, top, width, height).clamped(source)
    if box is None:
        raise InvalidParameter(f"region: it lies outside the image of {source} pixels", parameter="region")
    return box


def _sized(width: int, height: int) -> Dimensions:
    if width < 1 or height < 1:
        raise InvalidParameter(f"size: its {width} × {height} pixels are none", parameter="size")
    return Dimensions(width, height)


def _percent_of(percent: Decimal, whole: int) -> int:
    return math.floor(percent * whole / 100 + Decimal("0.5"))


def _proportion(side: int, new_other: int, other: int) -> int:
    """Give side × new_other / other by the one rounding rule, in whole numbers so that no float error moves a pixel."""
    return (2 * side * new_other + other) // (2 * other)


def _at_most(region: Dimensions, most_pixels: int) -> Dimensions:
    """The largest Dimensions of the region's aspect with so many pixels; never less than one on a side."""
    if region.pixels <= most_pixels:
        return region
    width = min(region.width, most_pixels, math.isqrt(most_pixels * region.width // region.height) + 1)
    while width > 1 and width * _height_at(width, region) > most_pixels:
        width -= 1
    return Dimensions(width, min(_height_at(width, region), most_pixels // width))


def _height_at(width: int, region: Dimensions) -> int:
    return max(1, _proportion(region.height, width, region.width))
