"""The image information document, info.json (Image API 2.1, section 5), built from the declared capabilities."""

from omrclip.config import Limits
from omrclip.iiif.capabilities import (
    COMPLIANCE,
    EXTRA_FEATURES,
    FORMATS,
    LEVEL_2_FORMATS,
    LEVEL_2_QUALITIES,
    QUALITIES,
)
from omrclip.imaging.geometry import Dimensions


def info2(base_uri: str, source: Dimensions, limits: Limits) -> dict[str, object]:
    """The document for the prefix `/iiif/2/`; `base_uri` is the image's URI without a trailing slash."""
    description: dict[str, object] = {
        "formats": sorted(set(FORMATS) - LEVEL_2_FORMATS),
        "supports": list(EXTRA_FEATURES),
        "maxArea": limits.max_output_pixels,
    }
    if extra_qualities := sorted(set(QUALITIES) - LEVEL_2_QUALITIES):
        description["qualities"] = extra_qualities
    return {
        "@context": "http://iiif.io/api/image/2/context.json",
        "@id": base_uri,
        "@type": "iiif:Image",
        "protocol": "http://iiif.io/api/image",
        "width": source.width,
        "height": source.height,
        "profile": [COMPLIANCE, description],
    }
