"""The features of the image server, declared once for the grammars and for info.json.

Feature names are those of the Image API 2.1, section 5.3, and 3.0, section 5.7. Some have another name in 2.0.
"""

from omrclip.iiif.request import Format, Quality

FORMATS = tuple(Format)
QUALITIES = tuple(Quality)
"""The qualities that the grammars accept. `qualities` returns those of an image."""
LEVEL_2_FORMATS = frozenset({Format.JPG, Format.PNG})


def qualities(is_grey: bool) -> tuple[Quality, ...]:
    """The qualities of an image. A grayscale image has no `color` (3.0, sections 4.4 and 5.7)."""
    return tuple(quality for quality in QUALITIES if not (is_grey and quality is Quality.COLOR))


PROFILE_2 = "http://iiif.io/api/image/2/level2.json"
PROFILE_3 = "http://iiif.io/api/image/3/level2.json"
LEVEL_3 = "level2"

# Features in addition to those of level 2 (compliance documents of 2.0, 2.1 and 3.0).
EXTRA_FEATURES_2 = (
    "canonicalLinkHeader",
    "mirroring",
    "profileLinkHeader",
    "regionSquare",
    "rotationArbitrary",
    "sizeAboveFull",
)
EXTRA_FEATURES_3 = (
    "canonicalLinkHeader",
    "mirroring",
    "profileLinkHeader",
    "rotationArbitrary",
    "sizeUpscaling",
)
# Clients should prefer this format, because scans are stored in it.
PREFERRED_FORMATS = (Format.JPG, Format.PNG)
