from omrclip.config import Limits
from omrclip.iiif import grammar2
from omrclip.iiif.capabilities import FORMATS, QUALITIES
from omrclip.iiif.info import info2
from omrclip.imaging.geometry import Dimensions

URI = "https://forms.example/iiif/2/scan.jpg"


def test_info_says_what_the_image_is() -> None:
    info = info2(URI, Dimensions(300, 200), Limits(max_output_pixels=123))
    assert info == {
        "@context": "http://iiif.io/api/image/2/context.json",
        "@id": URI,
        "@type": "iiif:Image",
        "protocol": "http://iiif.io/api/image",
        "width": 300,
        "height": 200,
        "profile": [
            "http://iiif.io/api/image/2/level2.json",
            {
                "formats": ["gif", "jp2", "tif", "webp"],
                "supports": [
                    "canonicalLinkHeader",
                    "mirroring",
                    "profileLinkHeader",
                    "regionSquare",
                    "rotationArbitrary",
                    "sizeAboveFull",
                    "sizeByDistortedWh",
                ],
                "maxArea": 123,
            },
        ],
    }


def test_every_advertised_format_and_quality_is_accepted() -> None:
    for quality in QUALITIES:
        for image_format in FORMATS:
            assert grammar2.parse_quality_format(f"{quality}.{image_format}") == (quality, image_format)
