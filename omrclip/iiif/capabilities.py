"""What the server can do, declared once: the grammar accepts it, info.json advertises it.

Feature names are those of the Image API 2.1, section 5.3 (profile description).
"""

from omrclip.iiif.request import Format, Quality

FORMATS = tuple(Format)
QUALITIES = tuple(Quality)
COMPLIANCE = "http://iiif.io/api/image/2/level2.json"

# Beyond what level 2 promises already (Image API 2.1, compliance document).
LEVEL_2_FORMATS = frozenset({Format.JPG, Format.PNG})
LEVEL_2_QUALITIES = frozenset({Quality.DEFAULT, Quality.COLOR, Quality.GRAY, Quality.BITONAL})
EXTRA_FEATURES = (
    "canonicalLinkHeader",
    "mirroring",
    "profileLinkHeader",
    "regionSquare",
    "rotationArbitrary",
    "sizeAboveFull",
    "sizeByDistortedWh",
)
