import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.errors import InvalidRequest
from omrclip.iiif.request import PixelRegion
from omrclip.iiif.segments import Segment, find_segments
from tests.iiif.segment_making import IMAGE, PHOTO, SERVICE, annotation, api, image, manifest, refused, specific


def test_only_painting_counts() -> None:
    body = image(f"{PHOTO}#xywh=1,2,3,4")
    assert find_segments(annotation(body, motivation="commenting")) == ()
    assert len(find_segments(annotation(body, motivation=["painting", "commenting"]))) == 1
    refused(annotation(body, motivation=None), "$.motivation", "painting")
    refused(annotation(body, motivation=[1]), "$.motivation[0]", "painting")


def test_a_place_on_the_canvas_is_no_part_of_the_image() -> None:
    target = "https://example.org/canvas/p1#xywh=1,2,3,4"
    (segment,) = find_segments(annotation(image(PHOTO), target=target))
    assert segment.whole


@pytest.mark.parametrize(
    "document",
    [
        annotation(image(f"{PHOTO}#xywh=1,2,3,4")),
        annotation(f"{PHOTO}#xywh=1,2,3,4"),
        {"type": "AnnotationPage", "items": [annotation(image(f"{PHOTO}#xywh=1,2,3,4"))]},
        manifest(image(f"{PHOTO}#xywh=1,2,3,4"))["items"][0],
    ],
)
def test_a_document_may_be_less_than_a_manifest(document: dict[str, object]) -> None:
    (segment,) = find_segments(document)
    assert (segment.image, segment.request.region) == (PHOTO, PixelRegion(1, 2, 3, 4))


def prezi2(resource: object, **canvas: object) -> dict[str, Any]:
    painting = {"@type": "oa:Annotation", "motivation": "sc:painting", "resource": resource, "on": "https://x.example"}
    canvases = [{"@type": "sc:Canvas", "images": [painting], **canvas}]
    return {"@type": "sc:Manifest", "sequences": [{"@type": "sc:Sequence", "canvases": canvases}]}


IMAGE2 = {"@id": IMAGE, "@type": "dctypes:Image"}
IMAGE2_SERVICE = {"@context": "http://iiif.io/api/image/2/context.json", "@id": SERVICE}


@pytest.mark.parametrize(
    "resource",
    [
        {"@id": f"{IMAGE}#xywh=1,2,3,4", "@type": "dctypes:Image", "service": IMAGE2_SERVICE},
        {"@id": f"{SERVICE}/1,2,3,4/full/0/default.jpg", "@type": "dctypes:Image", "service": IMAGE2_SERVICE},
        {
            "@type": "oa:SpecificResource",
            "full": {**IMAGE2, "service": {"@id": SERVICE, "profile": "http://iiif.io/api/image/2/level1.json"}},
            "selector": {"@type": "iiif:ImageApiSelector", "region": "1,2,3,4"},
        },
        {
            "@type": "oa:Choice",
            "default": {**IMAGE2, "@id": f"{IMAGE}#xywh=1,2,3,4"},
            "item": [],
        },
    ],
)
def test_presentation_2(resource: object) -> None:
    (segment,) = find_segments(prezi2(resource, label="f. 1r"))
    assert (segment.service, segment.request.region) == (SERVICE, PixelRegion(1, 2, 3, 4))
    assert segment.canvas_label == "f. 1r"


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"en": []}, ""),
        ({"none": ["p. 1"]}, "p. 1"),
        ({"de": ["S. 1"], "en": ["p. 1"]}, "S. 1"),
        ({"a|b": ["p. 1"]}, "p. 1"),
        ("p. 1", "p. 1"),
        ({"@value": "p. 1", "@language": "en"}, "p. 1"),
        ([{"@value": "p. 1", "@language": "en"}, {"@value": "S. 1", "@language": "de"}], "p. 1"),
    ],
)
def test_canvas_labels(label: object, text: str) -> None:
    (segment,) = find_segments(manifest(image(PHOTO), label=label))
    assert segment.canvas_label == text


def changed(path: str, value: object) -> dict[str, Any]:
    """A manifest in which one place is another."""
    document = copy.deepcopy(manifest(specific(api(region="1,2,3,4"))))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = document
    for step in steps:
        place = place[step]
    place[last] = value
    return document


PAGE = "items.0.items.0"
BODY = f"{PAGE}.items.0.body"


@pytest.mark.parametrize(
    ("place", "value", "path", "expected"),
    [
        ("type", "Collection", "$.type", "Manifest, Canvas, AnnotationPage or Annotation"),
        ("type", None, "$.type", "a type"),
        ("items", None, "$.items", "a list of canvases"),
        ("items", {}, "$.items", "a list"),
        ("items.0", "x", "$.items[0]", "an object"),
        ("items.0.type", "Range", "$.items[0].type", "Canvas"),
        ("items.0.label", 1, "$.items[0].label", "a text"),
        ("items.0.label", {"en": [1]}, "$.items[0].label.en[0]", "a text"),
        ("items.0.label", {"zh-Hant": [1]}, '$.items[0].label["zh-Hant"][0]', "a text"),
        ("items.0.items", 1, "$.items[0].items", "a list"),
        (f"{PAGE}.items", None, "$.items[0].items[0].items", "in the document itself"),
        (BODY, None, "$.items[0].items[0].items[0].body", "the image"),
        (BODY, 7, "$.items[0].items[0].items[0].body", "URI"),
        (f"{BODY}.type", "Hologram", "$.items[0].items[0].items[0].body.type", "Image, SpecificResource or Choice"),
        (f"{BODY}.type", ["Image"], "$.items[0].items[0].items[0].body.type", "a type"),
        (f"{BODY}.source", None, "$.items[0].items[0].items[0].body.source", "URI"),
        (f"{BODY}.source", f"{PHOTO}#xywh=1,2,3,4", "$.items[0].items[0].items[0].body.source", "without a fragment"),
        (f"{BODY}.source", {"type": "Image"}, "$.items[0].items[0].items[0].body.source.id", "URI"),
        (f"{BODY}.source", {"type": "Choice"}, "$.items[0].items[0].items[0].body.source.type", "Image"),
        (f"{BODY}.source", image(PHOTO, service=[{"type": "ImageService3"}]),
         "$.items[0].items[0].items[0].body.source.service[0].id", "service"),
        (f"{BODY}.selector", {"@type": "oa:SvgSelector"}, '$.items[0].items[0].items[0].body.selector["@type"]',
         "ImageApiSelector"),
    ],
)  # fmt: skip
def test_refusals_name_the_place(place: str, value: object, path: str, expected: str) -> None:
    refused(changed(place, value), path, expected)


names = st.sampled_from(
    [
        "@id", "@type", "@value", "body", "canvases", "default", "full", "id", "images", "item", "items", "label",
        "motivation", "refinedBy", "region", "resource", "resources", "selector", "sequences", "service", "size",
        "source", "type", "value",
    ]
)  # fmt: skip
strings = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["Manifest", "Canvas", "AnnotationPage", "Annotation", "Image", "SpecificResource", "Choice"]),
    st.sampled_from(
        ["ImageApiSelector", "FragmentSelector", "painting", "sc:Manifest", "ImageService3", "xywh=1,2,3,4"]
    ),
    st.sampled_from([IMAGE, f"{IMAGE}#xywh=1,2,3,4", f"{PHOTO}#xywh=9"]),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), strings)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_read_or_refused(document: Any) -> None:
    read_or_refused(document)


@given(
    st.sampled_from([PAGE, BODY, f"{BODY}.source", f"{BODY}.selector", f"{BODY}.source.service", "items.0.label"]),
    json_values,
)
def test_any_json_inside_a_manifest_is_read_or_refused(place: str, value: Any) -> None:
    read_or_refused(changed(place, value))


@given(st.sampled_from(["id", "type", "source", "selector"]), json_values)
def test_any_value_of_a_body_is_read_or_refused(member: str, value: Any) -> None:
    read_or_refused(changed(f"{BODY}.{member}", value))


def read_or_refused(document: Any) -> None:
    try:
        segments = find_segments(document)
    except InvalidRequest:
        return
    assert all(isinstance(segment, Segment) and segment.image for segment in segments)
