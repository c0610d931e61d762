"""The features of the image server, declared once for the grammars and for info.json.

Feature names are those of the Image API 2.1, section 5.3, and 3.0, section 5.7, and for 2.0 what it named otherwise.
"""

from omrclip.iiif.request import Format, Quality

FORMATS = tuple(Format)
QUALITIES = tuple(Quality)
"""What the grammars accept; of which images has what, see `qualities`."""
LEVEL_2_FORMATS = frozenset({Format.JPG, Format.PNG})


def qualities(is_grey: bool) -> tuple[Quality, ...]:
    """The qualities of an image: one that has no colour but grey has no `color` (3.0, sections 4.4 and 5.7)."""
    return tuple(quality for quality in QUALITIES if not (is_grey and quality is Quality.COLOR))


PROFILE_2 = "http://iiif.io/api/image/2/level2.json"
PROFILE_3 = "http://iiif.io/api/image/3/level2.json"
LEVEL_3 = "level2"

# Beyond what level 2 promises already (compliance documents of 2.0, 2.1 and 3.0).
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
# What a client does best to ask for: it is what scans are stored as.
PREFERRED_FORMATS = (Format.JPG, Format.PNG)
