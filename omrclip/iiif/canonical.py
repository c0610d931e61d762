"""The canonical form of a planned request, by the rules of the Image API 2.1, section 4.7.

Two requests with one canonical form give the same bytes, and the canonical form is its own canonical form.
"""

from decimal import Decimal

from omrclip.iiif.plan import Plan, plan_size
from omrclip.iiif.request import Quality, Rotation, WidthSize


def canonical2(planned: Plan) -> str:
    """`{region}/{size}/{rotation}/{quality}.{format}` for the prefix `/iiif/2/`."""
    return "/".join(
        [
            _region(planned),
            _size(planned),
            _rotation(planned.rotation),
            f"{_quality(planned.quality)}.{planned.format}",
        ]
    )


def _region(planned: Plan) -> str:
    box = planned.box
    return "full" if box == planned.source.box else f"{box.left},{box.top},{box.width},{box.height}"


def _size(planned: Plan) -> str:
    region, scaled = planned.box.dimensions, planned.scaled
    if scaled == region:
        return "full"
    tall = 2 * region.height * scaled.width + region.width >= 2 * region.width  # else `w,` would come to no height
    if tall and plan_size(WidthSize(scaled.width), region, scaled.pixels) == scaled:
        return f"{scaled.width},"
    return f"{scaled.width},{scaled.height}"


def _rotation(rotation: Rotation) -> str:
    degrees = rotation.degrees % 360
    number = format(degrees.normalize() if degrees else Decimal(0), "f")
    return ("!" if rotation.mirrored else "") + number


def _quality(quality: Quality) -> str:
    # Every source is delivered in colour unless asked otherwise, so `color` is the default quality.
    return Quality.DEFAULT if quality is Quality.COLOR else quality
