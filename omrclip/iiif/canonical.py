"""The canonical form of a planned request: Image API 2.1, section 4.7, and 3.0, section 4.8.

Two requests of the same version with the same canonical form return the same bytes. The canonical form of a canonical
form is itself.
"""

from decimal import Decimal
from functools import lru_cache

from omrclip.errors import InvalidParameter
from omrclip.iiif.plan import Plan, declared_limits, largest, plan_size
from omrclip.iiif.request import Format, Quality, Rotation, WidthSize
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits


def canonical2(planned: Plan, limits: Limits) -> str:
    """`{region}/{size}/{rotation}/{quality}.{format}` for the prefix `/iiif/2/`."""
    region, scaled = planned.box.dimensions, planned.scaled
    if scaled == region:
        size = "full"
    elif scaled == _by_width(scaled.width, region, limits):
        size = f"{scaled.width},"
    else:
        size = f"{scaled.width},{scaled.height}"
    return _joined(planned, size)


def canonical3(planned: Plan, limits: Limits) -> str:
    """The same for the prefix `/iiif/3/`."""
    region, scaled = planned.box.dimensions, planned.scaled
    enlarged = scaled.width > region.width or scaled.height > region.height
    if scaled == largest(region, limits, enlarging=False):
        size = "max"
    elif enlarged and scaled == largest(region, declared_limits(limits, planned.source), enlarging=True):
        size = "^max"
    else:
        size = f"{'^' if enlarged else ''}{scaled.width},{scaled.height}"
    return _joined(planned, size)


def rendering_key(planned: Plan) -> str:
    """A key for the pixels and the format, for all versions. Two plans with the same key give the same bytes."""
    box, scaled = planned.box, planned.scaled
    cut = f"{box.left},{box.top},{box.width},{box.height}/{scaled.width},{scaled.height}"
    return f"{cut}/{_manner(planned.rotation, planned.quality, planned.format)}"


def _joined(planned: Plan, size: str) -> str:
    box = planned.box
    region = "full" if box == planned.source.box else f"{box.left},{box.top},{box.width},{box.height}"
    return f"{region}/{size}/{_manner(planned.rotation, planned.quality, planned.format)}"


def _by_width(width: int, region: Dimensions, limits: Limits) -> Dimensions | None:
    try:
        return plan_size(WidthSize(width), region, limits)
    except InvalidParameter:  # the height would be 0
        return None


@lru_cache
def _manner(rotation: Rotation, quality: Quality, image_format: Format) -> str:
    """`{rotation}/{quality}.{format}`."""
    degrees = rotation.degrees % 360
    number = format(degrees.normalize() if degrees else Decimal(0), "f")
    # Images are delivered in color unless another quality is requested, so `color` is the default quality.
    named = Quality.DEFAULT if quality is Quality.COLOR else quality
    return f"{'!' if rotation.mirrored else ''}{number}/{named}.{image_format}"
