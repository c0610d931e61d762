from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.errors import InvalidRequest
from omrclip.iiif.plan import plan
from omrclip.iiif.request import (
    Format,
    FullRegion,
    FullSize,
    ImageRequest,
    MaxSize,
    PixelRegion,
    Quality,
    Region,
    Rotation,
    SquareRegion,
    WidthSize,
)
from omrclip.iiif.segments import Segment, find_segments, fitted_request, identifier_of
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.limits import Limits
from tests.iiif.segment_making import (
    IMAGE,
    PHOTO,
    SERVICE,
    SERVICE2,
    SERVICE3,
    SOURCE,
    api,
    fragment,
    image,
    manifest,
    pct,
    refused,
    specific,
    the_segment,
)


def test_recipe_0299() -> None:
    body = specific(
        {
            "@context": "http://iiif.io/api/annex/openannotation/context.json",
            "type": "ImageApiSelector",
            "region": "1768,2423,1768,2080",
        }
    )
    region = PixelRegion(1768, 2423, 1768, 2080)
    assert the_segment(body) == Segment(IMAGE, SERVICE, ImageRequest(region), "", "$.items[0].items[0].items[0].body")


def test_recipe_0299_as_its_draft_had_it() -> None:
    body = specific({"type": "iiif:ImageApiSelector", "region": "xywh=0,0,1000,1000"})
    assert the_segment(body).request == ImageRequest(PixelRegion(0, 0, 1000, 1000))


def test_the_draft_segment_of_an_image() -> None:
    segment = the_segment(image(f"{PHOTO}#xywh=100,100,1000,1600", format="image/jpg"))
    assert (segment.image, segment.service) == (PHOTO, None)
    assert segment.request == ImageRequest(PixelRegion(100, 100, 1000, 1600))


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("xywh=1,2,3,4", PixelRegion(1, 2, 3, 4)),
        ("xywh=pixel:1,2,3,4", PixelRegion(1, 2, 3, 4)),
        ("xywh=percent:25,25,50,50", pct("25", "25", "50", "50")),
        ("xywh=percent:0,0.5,33.3,100", pct("0", "0.5", "33.3", "100")),
        ("t=10,20&xywh=1,2,3,4", PixelRegion(1, 2, 3, 4)),
        ("xywh=1,2,3,4&track=a", PixelRegion(1, 2, 3, 4)),
        ("xywh=1,2,3,4&xywh=5,6,7,8", PixelRegion(5, 6, 7, 8)),
        ("xywh=pixel%3A1%2C2,3,4", PixelRegion(1, 2, 3, 4)),
        ("%78ywh=1,2,3,4", PixelRegion(1, 2, 3, 4)),
    ],
)
def test_fragments(text: str, region: Region) -> None:
    assert the_segment(image(f"{PHOTO}#{text}")).request.region == region
    assert the_segment(specific(fragment(text))).request.region == region


@pytest.mark.parametrize(
    "text",
    [
        "", "xywh", "xywh=", "xywh=1,2,3", "xywh=1,2,3,4,5", "xywh=-1,2,3,4", "xywh=1.5,2,3,4", "xywh=1,2,0,4",
        "xywh=1,2,3,0", "xywh=percent:0,0,0,10", "xywh=percent:0,0,10,0.0", "xywh=pct:1,2,3,4", "xywh= 1,2,3,4",
        "XYWH=1,2,3,4", "xywh=1,2,3,٤", "xywh=1,2,3,4000000000", "t=1", "1,2,3,4", "#xywh=1,2,3,4", "xywh=1,2,3,4\n",
        "xywh=1,2,3,4&xywh=", "xywh=1e1,2,3,4", "xywh=NaN,2,3,4",
    ],
)  # fmt: skip
def test_other_fragments_are_refused(text: str) -> None:
    refused(manifest(image(f"{PHOTO}#{text}")), "$.items[0].items[0].items[0].body.id", "xywh=")
    refused(manifest(specific(fragment(text))), "$.items[0].items[0].items[0].body.selector.value", "xywh=")


@pytest.mark.parametrize(
    ("parameters", "request_"),
    [
        ({}, ImageRequest()),
        ({"region": "full"}, ImageRequest()),
        ({"region": "square"}, ImageRequest(SquareRegion())),
        ({"region": "pct:0,0,10,10"}, ImageRequest(pct("0", "0", "10", "10"))),
        ({"rotation": "!90"}, ImageRequest(rotation=Rotation(Decimal(90), mirrored=True))),
        ({"size": "max"}, ImageRequest(size=MaxSize())),
        ({"size": "full"}, ImageRequest(size=FullSize())),
        ({"size": "200,"}, ImageRequest(size=WidthSize(200, enlarging=False))),
        ({"quality": "gray", "format": "png"}, ImageRequest(quality=Quality.GRAY, format=Format.PNG)),
        ({"region": None, "size": None}, ImageRequest()),
    ],
)
def test_image_api_selectors(parameters: dict[str, object], request_: ImageRequest) -> None:
    assert the_segment(specific(api(**parameters))).request == request_


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("region", "1,2,3", "x,y,w,h"),
        ("region", "xywh=1,2,3", "xywh="),
        ("region", [1, 2, 3, 4], "a string"),
        ("region", "", "a string"),
        ("size", "largest", "max"),
        ("size", 100, "a string"),
        ("rotation", 90, "a string"),
        ("rotation", "361", "degrees"),
        ("quality", "colour", "color"),
        ("quality", "gray.png/x", "quality"),
        ("format", ".jpg", "format"),
        ("format", "exe", "jpg"),
        ("refinedBy", {"type": "SvgSelector"}, "refined"),
    ],
)
def test_wrong_parameters_are_refused_by_their_path(member: str, value: object, expected: str) -> None:
    path = f"$.items[0].items[0].items[0].body.selector.{member}"
    refused(manifest(specific(api(**{member: value}))), path, expected)


@pytest.mark.parametrize(
    ("source", "service"),
    [
        ({**SOURCE, "service": SERVICE3}, SERVICE),
        ({**SOURCE, "service": [SERVICE2]}, SERVICE),
        ({**SOURCE, "service": SERVICE2}, SERVICE),
        ({**SOURCE, "service": [{**SERVICE3, "id": f"{SERVICE}/"}]}, SERVICE),
        ({**SOURCE, "service": [{"type": "AuthProbeService2", "id": "https://x.example"}, SERVICE3]}, SERVICE),
        ({**SOURCE, "service": "https://x.example"}, SERVICE),
        ({**SOURCE, "service": None}, SERVICE),
        ({"id": PHOTO, "type": "Image", "service": [SERVICE3]}, SERVICE),
        ({"id": PHOTO, "type": "Image"}, None),
        (IMAGE, SERVICE),
        (SERVICE, SERVICE),
    ],
)
def test_where_the_service_is_found(source: object, service: str | None) -> None:
    segment = the_segment(specific(api(region="1,2,3,4"), source))
    assert segment.service == service
    assert segment.request == ImageRequest(PixelRegion(1, 2, 3, 4))


def test_a_plain_uri_with_a_fragment_selector_is_an_image() -> None:
    segment = the_segment(specific(fragment("xywh=1,2,3,4"), PHOTO))
    assert (segment.image, segment.service) == (PHOTO, None)


@pytest.mark.parametrize(
    ("uri", "request_"),
    [
        (IMAGE, ImageRequest(size=MaxSize())),
        (f"{SERVICE}/full/full/0/default.jpg", ImageRequest()),
        (f"{SERVICE}/17,40,17,20/max/0/default.jpg", ImageRequest(PixelRegion(17, 40, 17, 20), MaxSize())),
        (f"{SERVICE}/pct%3A0%2C0%2C50%2C50/max/0/default.png",
         ImageRequest(pct("0", "0", "50", "50"), MaxSize(), format=Format.PNG)),
        (f"{SERVICE}/full/%5Emax/0/default.jpg", ImageRequest(size=MaxSize(enlarging=True))),
        (f"{IMAGE}#xywh=1,2,3,4", ImageRequest(PixelRegion(1, 2, 3, 4), MaxSize())),
        (f"{SERVICE}/full/full/0/gray.png#xywh=1,2,3,4",
         ImageRequest(PixelRegion(1, 2, 3, 4), quality=Quality.GRAY, format=Format.PNG)),
    ],
)  # fmt: skip
def test_an_image_uri_that_is_a_request_is_read(uri: str, request_: ImageRequest) -> None:
    segment = the_segment(image(uri))
    assert (segment.image, segment.service) == (uri.partition("#")[0], SERVICE)
    assert segment.request == request_
    assert segment.whole == (request_.region == FullRegion())


@pytest.mark.parametrize("request_", ["full/500,/0", "0,0,500,500/max/0", "full/max/90", "full/^max/0", "full/max/!0"])
def test_a_fragment_of_a_changed_image_is_refused(request_: str) -> None:
    uri = f"{SERVICE}/{request_}/default.jpg"
    refused(manifest(image(f"{uri}#xywh=1,2,3,4")), "$.items[0].items[0].items[0].body.id", "full size")
    refused(
        manifest(specific(fragment("xywh=1,2,3,4"), uri)), "$.items[0].items[0].items[0].body.selector", "full size"
    )


@pytest.mark.parametrize("uri", [PHOTO, "photo.jpg", "a/b/c/d/e.jpg", f"{IMAGE}?v=1", "/full/max/0/default.jpg"])
def test_other_images_are_whole_and_without_service(uri: str) -> None:
    assert the_segment(image(uri)) == Segment(uri, None, ImageRequest(), "", "$.items[0].items[0].items[0].body")


def test_several_selectors_say_the_same() -> None:
    one, other = fragment("xywh=1,2,3,4"), api(region="1,2,3,4")
    assert the_segment(specific([one, other])).request.region == PixelRegion(1, 2, 3, 4)
    path = "$.items[0].items[0].items[0].body.selector"
    refused(manifest(specific([one, api(region="1,2,3,5")])), f"{path}[1]", "same part")
    refused(manifest(specific([one, {"type": "SvgSelector"}])), f"{path}[1].type", "FragmentSelector")
    refused(manifest(specific([])), path, "ImageApiSelector")
    refused(manifest(specific("xywh=1,2,3,4")), path, "an object")


def test_several_bodies_and_choices_are_all_read() -> None:
    first, second, third = (image(f"{PHOTO}#xywh=0,0,1,{n}") for n in (1, 2, 3))
    bodies = [first, {"type": "Choice", "items": [second, third]}]
    segments = find_segments(manifest(bodies))
    assert [s.request.region for s in segments] == [PixelRegion(0, 0, 1, n) for n in (1, 2, 3)]
    assert segments[2].path == "$.items[0].items[0].items[0].body[1].items[1]"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Video", "id": "https://x.example/v.mp4#t=1"},
        {"type": "TextualBody", "value": "a text"},
        specific(fragment("t=1"), {"type": "Video", "id": "https://x.example/v.mp4"}),
    ],
)
def test_what_is_no_image_is_left_out(body: object) -> None:
    assert find_segments(manifest(body)) == ()


def test_the_planner_crops_at_the_images_edge() -> None:
    segment = the_segment(image(f"{PHOTO}#xywh=90,80,100,100"))
    assert plan(segment.request, Dimensions(100, 100), Limits()).box == Box(90, 80, 10, 20)


BASE = "https://forms.example/omr"


@pytest.mark.parametrize(
    ("uri", "identifier"),
    [
        (f"{BASE}/iiif/3/scan", "scan"),
        (f"{BASE}/iiif/2/scan/", "scan"),
        (f"{BASE}/iiif/3/scan/full/max/0/default.jpg", "scan"),
        (f"{BASE}/iiif/3/scan/info.json?v=1", "scan"),
        (f"{BASE}/iiif/3/scan#xywh=1,2,3,4", "scan"),
        (f"{BASE}/iiif/3/a%2Fb%20c/info.json", "a/b c"),
        (f"{BASE}/iiif/3/%252F", "%2F"),
        (f"{BASE}/iiif/3/r1.2", "r1.2"),
        (f"{BASE}/iiif/3/%FF", None),
        (f"{BASE}/iiif/3/", None),
        (f"{BASE}/iiif/3", None),
        (f"{BASE}/iiif/1/scan", None),
        (f"{BASE}/iiif/33/scan", None),
        (f"{BASE}2/iiif/3/scan", None),
        ("https://formsxexample/omr/iiif/3/scan", None),
        ("https://other.example/omr/iiif/3/scan", None),
        (f"https://other.example/{BASE}/iiif/3/scan", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("base", [BASE, f"{BASE}/"])
def test_identifiers_of_ours(uri: str, base: str, identifier: str | None) -> None:
    assert identifier_of(uri, base) == identifier


@given(st.text(), st.text())
def test_any_uri_has_an_identifier_or_none(uri: str, rest: str) -> None:
    assert identifier_of(uri, BASE) is None
    found = identifier_of(f"{BASE}/iiif/3/{rest}", BASE)
    assert found is None or isinstance(found, str)


SAID = {"width": 2000, "height": 3000}
REGION = "200,300,1000,600"


@pytest.mark.parametrize(
    "body",
    [
        image(f"{PHOTO}#xywh={REGION}", **SAID),
        image(f"{IMAGE}#xywh={REGION}", **SAID),
        specific(fragment(f"xywh={REGION}"), image(PHOTO, **SAID)),
        specific(api(region=REGION), {**SOURCE, **SAID}),
    ],
    ids=["fragment", "fragment of a service", "fragment selector", "API selector"],
)
def test_a_region_is_scaled_to_the_copy_that_is_at_hand(body: object) -> None:
    segment = the_segment(body)
    assert segment.dimensions == Dimensions(2000, 3000)
    for image_, region in {
        Dimensions(2000, 3000): PixelRegion(200, 300, 1000, 600),
        Dimensions(1000, 1500): PixelRegion(100, 150, 500, 300),
        Dimensions(4000, 6000): PixelRegion(400, 600, 2000, 1200),
        Dimensions(667, 1000): PixelRegion(67, 100, 333, 200),
    }.items():
        assert fitted_request(segment, image_).region == region
    for other in (Dimensions(3000, 2000), Dimensions(2000, 2900), Dimensions(1990, 3000)):
        with pytest.raises(InvalidRequest, match="2000 × 3000 pixels, as the document says") as refused_:
            fitted_request(segment, other)
        assert refused_.value.details["fields"][0]["path"] == segment.path  # type: ignore[index]


def test_the_extents_of_a_part_are_not_those_of_the_image() -> None:
    segment = the_segment(image(f"{SERVICE}/{REGION}/max/0/default.jpg", width=1000, height=600))
    assert segment.dimensions is None
    assert fitted_request(segment, Dimensions(2000, 3000)).region == PixelRegion(200, 300, 1000, 600)


@pytest.mark.parametrize("said", [{}, {"width": 0, "height": 5}, {"width": "10", "height": 5}, {"width": True}])
def test_extents_that_are_none_say_nothing(said: dict[str, object]) -> None:
    assert the_segment(image(f"{PHOTO}#xywh={REGION}", **said)).dimensions is None


def test_a_region_that_fits_its_canvas_is_not_cropped_to_another_shape() -> None:
    """The canvas of `manifest` has 1000 × 1600 pixels."""
    segment = the_segment(image(f"{PHOTO}#xywh=100,100,500,800"))
    assert fitted_request(segment, Dimensions(600, 900)).region == PixelRegion(100, 100, 500, 800)
    with pytest.raises(InvalidRequest, match="contains the whole region, not one with 600 × 450 pixels"):
        fitted_request(segment, Dimensions(600, 450))
    of_another_shape = the_segment(image(f"{PHOTO}#xywh=100,100,500,100"))
    assert fitted_request(of_another_shape, Dimensions(300, 450)).region == PixelRegion(100, 100, 500, 100)


@pytest.mark.parametrize("source", [SOURCE, IMAGE])
def test_a_source_without_a_selector_is_the_whole_image(source: object) -> None:
    """Recipe 0040: the resource may have a style or a rotation for a viewer, and is the image."""
    segment = the_segment({"type": "SpecificResource", "source": source})
    assert segment.whole
    assert (segment.image, segment.service) == (IMAGE, SERVICE)
