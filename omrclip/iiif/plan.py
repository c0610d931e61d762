"""Plans a request: the box of the source, the Dimensions of the result, and the rotation. No pixels are touched.

Numbers are rounded as in `imaging.geometry`, halves up.
"""

import math
from dataclasses import dataclass, replace
from decimal import Decimal

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
from omrclip.limits import Limits


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of the renderer, in order: cut `box`, scale to `scaled`, rotate, change colors, encode."""

    source: Dimensions
    box: Box
    scaled: Dimensions
    rotation: Rotation
    quality: Quality
    format: Format

    @property
    def output(self) -> Dimensions:
        """The Dimensions of the delivered image, after the rotation."""
        degrees = self.rotation.degrees
        return rotated_dimensions(self.scaled, float(degrees)) if degrees else self.scaled


def plan(request: ImageRequest, source: Dimensions, limits: Limits) -> Plan:
    """Plan a request for an image of the given Dimensions.

    Raises:
        InvalidParameter: the region is empty or outside the image, the width or height of the result would be 0, or the
            size is larger than the region and may not be.
        LimitExceeded: the delivered image would be larger than allowed.
    """
    box = plan_region(request.region, source)
    bounds = declared_limits(limits, source) if isinstance(request.size, MaxSize) else limits
    scaled = plan_size(request.size, box.dimensions, bounds)
    planned = Plan(source, box, scaled, request.rotation, request.quality, request.format)
    for delivered in (scaled, planned.output):
        if exceeded := limits.exceeded_by(delivered.width, delivered.height):
            limit, maximum = exceeded
            raise LimitExceeded(
                f"size: the image would have {delivered} pixels, more than {limit} allows ({maximum:,})",
                parameter="size",
                limit=limit,
                maximum=maximum,
            )
    return planned


def plan_region(region: Region, source: Dimensions) -> Box:
    """The box of a region in the source, cropped at the edge of the image (Image API 2.1, section 4.1)."""
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


def plan_size(size: Size, region: Dimensions, limits: Limits) -> Dimensions:
    """The Dimensions to which a region is scaled (Image API 2.1 and 3.0, section 4.2)."""
    match size:
        case FullSize():
            return region
        case MaxSize(enlarging):
            return largest(region, limits, enlarging=enlarging)
        case BestFitSize():
            return _best_fit(size, region, limits)
        case WidthSize(width):
            # The Image API refuses a height that is rounded to 0 (section 4.2). But viewers for 2.x request tiles
            # at the lower edge of an image by their width alone, also tiles that are less than a pixel high.
            is_strict = not size.enlarging and _proportion(region.height, width, region.width) == 0
            scaled = _sized(width, 0 if is_strict else _height_by_width(width, region))
        case HeightSize(height):
            scaled = _sized(_proportion(region.width, height, region.height), height)
        case PercentSize(percent):
            scaled = _sized(_percent_of(percent, region.width), _percent_of(percent, region.height))
        case ExactSize(width, height):
            scaled = _sized(width, height)
    is_above_full = isinstance(size, PercentSize) and size.percent > 100  # even if rounding hides it
    if not size.enlarging and (is_above_full or scaled.width > region.width or scaled.height > region.height):
        asked = "that percentage is" if is_above_full else f"{scaled} pixels are"
        raise InvalidParameter(
            f"size: {asked} more than the region's {region}. Put ^ before a size that enlarges the region",
            parameter="size",
        )
    return scaled


def declared_limits(limits: Limits, source: Dimensions) -> Limits:
    """The limits that info.json declares for an image, up to which `^max` enlarges (3.0, sections 4.2, 5.3 and 5.7).

    The default limit of pixels protects the server and is not a useful size. Unless a limit was set, the area of the
    image is declared. Larger sizes are delivered up to the limit if they are requested explicitly.
    """
    if limits.declares_area or limits.max_output_side is not None:
        return limits
    return replace(limits, max_output_pixels=min(limits.max_output_pixels, source.pixels))


def largest(region: Dimensions, limits: Limits, *, enlarging: bool) -> Dimensions:
    """The largest Dimensions with the region's aspect ratio within the limits, at least 1 × 1."""
    if not enlarging and limits.exceeded_by(region.width, region.height) is None:
        return region
    side = limits.max_output_side or limits.max_output_pixels
    by_area = math.isqrt(limits.max_output_pixels * region.width // region.height) + 1
    width = min(side, by_area, limits.max_output_pixels, side * region.width // region.height + 1)
    width = max(1, width if enlarging else min(width, region.width))
    while width > 1 and limits.exceeded_by(width, max(1, _proportion(region.height, width, region.width))):
        width -= 1
    height = max(1, _proportion(region.height, width, region.width))
    return Dimensions(width, min(height, side, limits.max_output_pixels // width))


def _best_fit(size: BestFitSize, region: Dimensions, limits: Limits) -> Dimensions:
    """`!w,h`: within w and h, within the limits, and within the region unless it may be enlarged."""
    bound = largest(region, limits, enlarging=size.enlarging)
    larger = size.width > region.width and size.height > region.height
    if larger and not size.enlarging and limits.refuse_large_best_fit:
        raise InvalidParameter(
            f"size: {size.width} × {size.height} is more than the region's {region}", parameter="size"
        )
    width, height = min(size.width, bound.width), min(size.height, bound.height)
    if width * region.height <= height * region.width:
        return _sized(width, min(height, _height_by_width(width, region)))
    return _sized(min(width, _proportion(region.width, height, region.height)), height)


def _height_by_width(width: int, region: Dimensions) -> int:
    """The height for a width: that of the level with this width, else by the region's aspect ratio.

    So every level in info.json has its declared dimensions if it is requested as `w,`.
    """
    if width < 1:
        return 0
    factor = 1
    while -(-region.width // factor) > width:
        factor *= 2
    if factor > 1 and -(-region.width // factor) == width:
        return -(-region.height // factor)
    return _proportion(region.height, width, region.width)


def _cropped(left: int, top: int, width: int, height: int, source: Dimensions) -> Box:
    if width < 1 or height < 1:
        raise InvalidParameter(
            f"region: it has {width} × {height} pixels; expected a width and a height above 0", parameter="region"
        )
    box = Box(left, top, width, height).clamped(source)
    if box is None:
        raise InvalidParameter(f"region: it is outside the image, which has {source} pixels", parameter="region")
    return box


def _sized(width: int, height: int) -> Dimensions:
    if width < 1 or height < 1:
        raise InvalidParameter(
            f"size: it gives {width} × {height} pixels; expected a width and a height above 0", parameter="size"
        )
    return Dimensions(width, height)


def _percent_of(percent: Decimal, whole: int) -> int:
    return math.floor(percent * whole / 100 + Decimal("0.5"))


def _proportion(side: int, new_other: int, other: int) -> int:
    """Return side × new_other / other, rounded as in `imaging.geometry`, with integers, so that it is exact."""
    return (2 * side * new_other + other) // (2 * other)
