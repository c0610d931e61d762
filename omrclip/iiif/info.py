"""Creates the image information document, info.json, from the declared capabilities and the limits."""

import math

from omrclip.iiif import authorization
from omrclip.iiif.capabilities import (
    EXTRA_FEATURES_2,
    EXTRA_FEATURES_3,
    FORMATS,
    LEVEL_2_FORMATS,
    LEVEL_3,
    PREFERRED_FORMATS,
    PROFILE_2,
    qualities,
)
from omrclip.iiif.physical import physical_dimensions, physical_service
from omrclip.iiif.plan import declared_limits
from omrclip.iiif.request import Quality
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits

PROTOCOL = "http://iiif.io/api/image"
CONTEXT_3 = "http://iiif.io/api/image/3/context.json"
TILE_SIDE = 512


def info2(
    base_uri: str,
    source: Dimensions,
    limits: Limits,
    *,
    tile_side: int = TILE_SIDE,
    rights: str | None = None,
    density: Density | None = None,
    is_grey: bool = False,  # noqa: ARG001  (both versions are called alike)
    probe: authorization.Json | None = None,
) -> dict[str, object]:
    """The document of the Image API 2.1, section 5.

    Args:
        base_uri: the image's URI without a trailing slash.
        source: the dimensions of the image.
        limits: the limits of delivered images.
        tile_side: the width and height of the offered tiles in pixels.
        rights: a URI of the image's license.
        density: the image's density, if it is known.
        is_grey: whether the image is grayscale. It has no effect in this version, because level 2 requires `color` for
            every image.
        probe: the probe service of the image, if only people who are logged in can see it.
    """
    services = [one for one in (physical_dimensions(density), probe and _in_version_2(probe)) if one]
    return {
        "@context": "http://iiif.io/api/image/2/context.json",
        "@id": base_uri,
        "@type": "iiif:Image",
        "protocol": PROTOCOL,
        "width": source.width,
        "height": source.height,
        **_levels(source, tile_side, limits),
        "profile": [
            PROFILE_2,
            {
                "formats": _extra_formats(),
                "supports": list(EXTRA_FEATURES_2),
                **_maxima(source, limits),
            },
        ],
        **({"license": rights} if rights else {}),
        **({"service": services if len(services) > 1 else services[0]} if services else {}),
    }


def info3(
    base_uri: str,
    source: Dimensions,
    limits: Limits,
    *,
    tile_side: int = TILE_SIDE,
    rights: str | None = None,
    density: Density | None = None,
    is_grey: bool = False,
    probe: authorization.Json | None = None,
) -> dict[str, object]:
    """The document of the Image API 3.0, section 5; for the arguments see `info2`."""
    services = [one for one in (physical_service(base_uri, density), probe) if one]
    return {
        "@context": [authorization.CONTEXT, CONTEXT_3] if probe else CONTEXT_3,
        "id": base_uri,
        "type": "ImageService3",
        "protocol": PROTOCOL,
        "profile": LEVEL_3,
        "width": source.width,
        "height": source.height,
        **_maxima(source, limits),
        "maxArea": declared_limits(limits, source).max_output_pixels,
        **_levels(source, tile_side, limits),
        "preferredFormats": [str(image_format) for image_format in PREFERRED_FORMATS],
        "extraFormats": _extra_formats(),
        "extraQualities": [str(quality) for quality in qualities(is_grey) if quality is not Quality.DEFAULT],
        "extraFeatures": list(EXTRA_FEATURES_3),
        **({"rights": rights} if rights else {}),
        **({"service": services} if services else {}),
    }


def _in_version_2(probe: authorization.Json) -> authorization.Json:
    """The probe service for version 2, in which each service has its own context."""
    return {"@context": authorization.CONTEXT, **probe}


def _levels(source: Dimensions, tile_side: int, limits: Limits) -> dict[str, object]:
    """`sizes` from the smallest, and `tiles` for the same factors, within the limits (3.0, section 5.2)."""
    tile_side = min(tile_side, limits.max_output_side or tile_side, math.isqrt(limits.max_output_pixels))
    factors = scale_factors(source, tile_side)
    sizes = [level(source, factor) for factor in reversed(factors)]
    sizes = [size for size in sizes if limits.exceeded_by(size.width, size.height) is None]
    return {
        "sizes": [{"width": size.width, "height": size.height} for size in sizes],
        "tiles": [{"width": tile_side, "height": tile_side, "scaleFactors": list(factors)}],
    }


def _extra_formats() -> list[str]:
    return sorted(str(image_format) for image_format in FORMATS if image_format not in LEVEL_2_FORMATS)


def _maxima(source: Dimensions, limits: Limits) -> dict[str, int]:
    """The limits that were set, and the default limit if it applies to this image."""
    side = limits.max_output_side
    maxima = {"maxWidth": side, "maxHeight": side} if side else {}
    if limits.declares_area or source.pixels > limits.max_output_pixels:
        maxima["maxArea"] = limits.max_output_pixels
    return maxima


def scale_factors(source: Dimensions, tile_side: int = TILE_SIDE) -> tuple[int, ...]:
    """The factors 1, 2, 4 and so on, up to the first one at which the whole image fits into a tile.

    `sizes` and `tiles` correspond one to one (Image API 2.1, section 5.2, and 3.0, section 5.4). Viewers divide the
    full dimensions by the factor, and round up, to get the dimensions of a level.
    """
    factors = [1]
    while max(level(source, factors[-1]).width, level(source, factors[-1]).height) > tile_side:
        factors.append(2 * factors[-1])
    return tuple(factors)


def level(source: Dimensions, factor: int) -> Dimensions:
    """The Dimensions of the whole image, or of a tile's region, at a scale factor."""
    return Dimensions(-(-source.width // factor), -(-source.height // factor))
