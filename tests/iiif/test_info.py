from typing import Any

import pytest

from omrclip.iiif.capabilities import FORMATS, QUALITIES
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3
from omrclip.iiif.info import info2, info3
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits

URI = "https://forms.example/iiif/2/scan.jpg"
IMAGE = Dimensions(300, 200)
FEATURES = [
    "canonicalLinkHeader",
    "mirroring",
    "profileLinkHeader",
    "rotationArbitrary",
]


def test_version_2_says_what_the_image_is() -> None:
    assert info2(URI, IMAGE, Limits(max_output_pixels=123)) == {
        "@context": "http://iiif.io/api/image/2/context.json",
        "@id": URI,
        "@type": "iiif:Image",
        "protocol": "http://iiif.io/api/image",
        "width": 300,
        "height": 200,
        "sizes": [{"width": 10, "height": 7}],
        "tiles": [{"width": 11, "height": 11, "scaleFactors": [1, 2, 4, 8, 16, 32]}],
        "profile": [
            "http://iiif.io/api/image/2/level2.json",
            {
                "formats": ["gif", "jp2", "pdf", "tif", "webp"],
                "supports": sorted(
                    [
                        *FEATURES,
                        "regionSquare",
                        "sizeAboveFull",
                    ]
                ),
                "maxArea": 123,
            },
        ],
    }


def test_version_3_says_what_the_image_is() -> None:
    assert info3(URI, IMAGE, Limits(max_output_pixels=50_000), rights="http://rights.example/1/") == {
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": URI,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": 300,
        "height": 200,
        "maxArea": 50_000,
        "sizes": [{"width": 150, "height": 100}],
        "tiles": [{"width": 223, "height": 223, "scaleFactors": [1, 2]}],
        "preferredFormats": ["jpg", "png"],
        "extraFormats": ["gif", "jp2", "pdf", "tif", "webp"],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFeatures": [*FEATURES, "sizeUpscaling"],
        "rights": "http://rights.example/1/",
    }


def test_a_longest_side_is_told_as_width_and_height() -> None:
    limits = Limits(max_output_side=250)
    told: dict[str, Any] = info3(URI, IMAGE, limits)
    assert (told["maxWidth"], told["maxHeight"]) == (250, 250)
    profile: Any = info2(URI, IMAGE, limits)["profile"]
    assert (profile[1]["maxWidth"], profile[1]["maxHeight"]) == (250, 250)


@pytest.mark.parametrize(
    ("limits", "source", "told"),
    [
        (Limits(), IMAGE, None),
        (Limits(), Dimensions(12_000, 10_001), Limits().max_output_pixels),
        (Limits(max_output_pixels=10**6), IMAGE, 10**6),
    ],
)
def test_an_area_is_told_where_one_was_set_or_bounds_the_image(
    limits: Limits, source: Dimensions, told: int | None
) -> None:
    # 3.0 offers sizeUpscaling, whose bound is always told (section 5.7); it is the image's own unless set.
    assert info3(URI, source, limits)["maxArea"] == (told or source.pixels)
    profile: Any = info2(URI, source, limits)["profile"]
    assert profile[1].get("maxArea") == told


def test_rights_are_a_license_in_version_2_and_left_out_where_none_are_set() -> None:
    assert info2(URI, IMAGE, Limits(), rights="http://rights.example/1/")["license"] == "http://rights.example/1/"
    assert "license" not in info2(URI, IMAGE, Limits())
    assert "rights" not in info3(URI, IMAGE, Limits())


@pytest.mark.parametrize("tile", [128, 256, 512])
def test_tiles_have_the_side_of_the_source(tile: int) -> None:
    (told,) = info3(URI, Dimensions(1001, 667), Limits(), tile_side=tile)["tiles"]  # type: ignore[misc]
    factors = {128: [1, 2, 4, 8], 256: [1, 2, 4], 512: [1, 2]}[tile]
    assert told == {"width": tile, "height": tile, "scaleFactors": factors}


def test_every_advertised_format_and_quality_is_accepted() -> None:
    for quality in QUALITIES:
        for image_format in FORMATS:
            for grammar in (GRAMMAR_2, GRAMMAR_3):
                asked = grammar.parse("full", "max", "0", f"{quality}.{image_format}")
                assert (asked.quality, asked.format) == (quality, image_format)


@pytest.mark.parametrize(
    ("density", "scale"), [((300.0, 300.0), 0.084667), ((299.9994, 299.9994), 0.084667), ((100.0, 100.5), 0.25337)]
)
def test_a_density_is_told_as_the_size_of_a_pixel(density: Density, scale: float) -> None:
    expected = {
        "@context": "http://iiif.io/api/annex/services/physdim/1/context.json",
        "profile": "http://iiif.io/api/annex/services/physdim",
        "physicalScale": scale,
        "physicalUnits": "mm",
    }
    assert info2(URI, IMAGE, Limits(), density=density)["service"] == expected
    named = {"@id": f"{URI}#physical-dimensions", "@type": "Service"}
    assert info3(URI, IMAGE, Limits(), density=density)["service"] == [{**named, **expected}]


@pytest.mark.parametrize("density", [None, (204.0, 98.0)])
def test_no_size_is_told_where_there_is_no_single_density(density: Density | None) -> None:
    assert "service" not in info2(URI, IMAGE, Limits(), density=density)
    assert "service" not in info3(URI, IMAGE, Limits(), density=density)


def test_a_grey_image_offers_no_colour() -> None:
    assert info3(URI, IMAGE, Limits(), is_grey=True)["extraQualities"] == ["gray", "bitonal"]
    assert info2(URI, IMAGE, Limits(), is_grey=True) == info2(URI, IMAGE, Limits())
