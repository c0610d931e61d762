import pytest

from omrclip.errors import NotFound
from omrclip.iiif.grammar import GRAMMAR_3
from omrclip.iiif.presentation import CONTEXT, ManifestInput, Style, page_canvas, pages_manifest
from omrclip.imaging.geometry import Box
from tests.iiif.presentation_making import (
    CLIPS_URI,
    NAME,
    ONE_PAGE,
    PAGES_URI,
    SERVICE,
    SIGNATURE,
    TWO_PAGES,
    body_of,
    clip,
    clips_of,
    page,
    pages_of,
)


def test_a_page_is_painted_by_its_own_service() -> None:
    canvas = pages_of(ONE_PAGE)["items"][0]
    assert canvas["id"] == f"{PAGES_URI}/canvas/p1"
    assert (canvas["width"], canvas["height"]) == (2480, 3508)
    annotation = canvas["items"][0]["items"][0]
    assert annotation["motivation"] == "painting"
    assert annotation["target"] == canvas["id"]
    assert annotation["body"] == {
        "id": f"{SERVICE}/r1.1/full/max/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "width": 2480,
        "height": 3508,
        "service": [{"id": f"{SERVICE}/r1.1", "type": "ImageService3", "profile": "level2"}],
    }


def test_the_older_service_is_listed_second() -> None:
    canvas = pages_of(TWO_PAGES)["items"][1]
    assert canvas["items"][0]["items"][0]["body"]["service"][1] == {
        "@id": "https://forms.example/iiif/2/r1.2",
        "@type": "ImageService2",
        "profile": "http://iiif.io/api/image/2/level2.json",
    }


def test_areas_are_marked_where_they_are() -> None:
    canvas = pages_of(ONE_PAGE)["items"][0]
    (areas,) = canvas["annotations"]
    assert [(a["motivation"], a["body"]["value"], a["target"]) for a in areas["items"]] == [
        ("commenting", "Name", f"{PAGES_URI}/canvas/p1#xywh=120,200,900,140"),
        ("commenting", "Signature", f"{PAGES_URI}/canvas/p1#xywh=120,3000,250,90"),
    ]


def test_ranges_list_pages_and_their_areas() -> None:
    (top,) = pages_of(ONE_PAGE)["structures"]
    (of_page,) = top["items"]
    canvas, name, signature = of_page["items"]
    assert canvas == {"id": f"{PAGES_URI}/canvas/p1", "type": "Canvas"}
    assert name["label"] == {"none": ["Name"]}
    assert signature["items"] == [{"id": f"{PAGES_URI}/canvas/p1#xywh=120,3000,250,90", "type": "Canvas"}]


def test_pages_without_areas_have_neither_ranges_nor_annotations() -> None:
    document = pages_of(ManifestInput(PAGES_URI, "Exam", (page(1),)))
    assert "structures" not in document
    assert "annotations" not in document["items"][0]


def test_answers_stay_plain_text() -> None:
    canvas = pages_of(TWO_PAGES)["items"][0]
    assert canvas["metadata"] == [
        {"label": {"none": ["Q1"]}, "value": {"none": ["B"]}},
        {"label": {"none": ["Q2"]}, "value": {"none": ["<i> "]}},
    ]


@pytest.mark.parametrize("style", Style)
def test_a_clips_canvas_is_the_clip(style: Style) -> None:
    name, signature = clips_of(ONE_PAGE, style)["items"]
    assert name["id"] == f"{CLIPS_URI}/canvas/p1/clip/Name"
    assert name["label"] == {"none": ["Name"]}
    assert (name["width"], name["height"]) == (900, 140)
    assert (signature["width"], signature["height"]) == (250, 90)
    (part_of,) = name["partOf"]
    assert part_of["id"] == f"{PAGES_URI}/canvas/p1"
    assert part_of["partOf"] == [{"id": PAGES_URI, "type": "Manifest"}]


def test_style_service_paints_the_clips_own_image() -> None:
    body = body_of(Style.SERVICE)
    assert body["id"] == f"{SERVICE}/r1.1.120-200/full/max/0/default.jpg"
    assert (body["width"], body["height"]) == (900, 140)
    assert body["service"][0]["id"] == f"{SERVICE}/r1.1.120-200"


def test_style_selector_is_recipe_0299() -> None:
    body = body_of(Style.SELECTOR)
    assert body["type"] == "SpecificResource"
    assert body["source"]["service"][0]["id"] == f"{SERVICE}/r1.1"
    assert body["selector"]["type"] == "ImageApiSelector"
    assert body["selector"]["region"] == "120,200,900,140"


def test_style_fragment_is_the_draft_segment_of_an_image() -> None:
    body = body_of(Style.FRAGMENT)
    assert body["id"] == f"{SERVICE}/r1.1/full/max/0/default.jpg#xywh=120,200,900,140"
    assert body["type"] == "Image"


def test_clips_of_several_pages_say_of_which() -> None:
    document = clips_of(TWO_PAGES)
    labels = [canvas["label"]["none"][0] for canvas in document["items"]]
    assert labels == ["Name (scan 1)", "Signature (scan 1)", "Name (scan 2)"]
    (top,) = document["structures"]
    assert [len(of_page["items"]) for of_page in top["items"]] == [2, 1]


@pytest.mark.parametrize(
    ("box", "uri", "extents"),
    [
        (NAME, "120,200,900,140/300,47/0/default.jpg", (300, 47)),
        (SIGNATURE, "120,3000,250,90/max/0/default.jpg", (250, 90)),
        (Box(0, 0, 1, 3000), "0,0,1,3000/1,300/0/default.jpg", (1, 300)),
        (Box(0, 0, 300, 300), "0,0,300,300/max/0/default.jpg", (300, 300)),
    ],
)
def test_thumbnails_are_plain_region_uris(box: Box, uri: str, extents: tuple[int, int]) -> None:
    (canvas,) = clips_of(ManifestInput("", "Exam", (page(1, clip("Name", box)),)))["items"]
    (thumbnail,) = canvas["thumbnail"]
    assert thumbnail["id"] == f"{SERVICE}/r1.1/{uri}"
    assert (thumbnail["width"], thumbnail["height"]) == extents
    assert "service" not in thumbnail
    GRAMMAR_3.parse(*uri.split("/"))


@pytest.mark.parametrize(
    ("labels", "segments"),
    [
        (["Name", "Name", "Name"], ["Name", "Name;2", "Name;3"]),
        (["Name;2", "Name", "Name"], ["Name%3B2", "Name", "Name;2"]),
        (["", ""], [";1", ";2"]),
        ([".", ".."], [".;1", "..;1"]),
        (["Имя / name?#%2F"], ["%D0%98%D0%BC%D1%8F%20%2F%20name%3F%23%252F"]),
    ],
)
def test_any_label_becomes_one_segment(labels: list[str], segments: list[str]) -> None:
    document = clips_of(ManifestInput("", "Exam", (page(1, *map(clip, labels)),)))
    assert [canvas["id"].removeprefix(f"{CLIPS_URI}/canvas/p1/clip/") for canvas in document["items"]] == segments


def test_a_canvas_can_be_served_by_itself() -> None:
    document = page_canvas(TWO_PAGES, 2)
    assert document["@context"] == CONTEXT
    assert document["partOf"] == [{"id": PAGES_URI, "type": "Manifest"}]
    embedded = pages_of(TWO_PAGES)["items"][1]
    assert {key: document[key] for key in embedded} == embedded


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_there_is_no_other_canvas(number: int) -> None:
    with pytest.raises(NotFound):
        page_canvas(TWO_PAGES, number)


def test_a_manifest_shows_something() -> None:
    with pytest.raises(NotFound):
        pages_manifest(ManifestInput(PAGES_URI, "Exam", ()))
    with pytest.raises(NotFound):
        clips_of(ManifestInput(PAGES_URI, "Exam", (page(1), page(2))))


def test_an_area_beyond_its_page_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="beyond the page"):
        page(1, clip("Name", Box(2400, 0, 81, 10)))


def test_a_manifest_tells_what_it_shows_who_made_it_and_where_the_data_are() -> None:
    """Sections 3.1 and 3.3.1: `seeAlso` has a label, and a profile that tells the form of the data."""
    told = pages_of(TWO_PAGES)
    assert told["summary"] == {"none": ["2 pages of recognized forms."]}
    (provider,) = told["provider"]
    assert (provider["id"], provider["type"]) == ("https://forms.example/", "Agent")
    assert provider["label"] == {"none": ["omrclip"]}
    assert provider["homepage"][0]["type"] == "Text"
    assert told["seeAlso"] == [
        {
            "id": "https://forms.example/api/recognitions/r1",
            "type": "Dataset",
            "label": {"none": ["Recognition"]},
            "format": "application/json",
            "profile": "https://forms.example/openapi.json",
        }
    ]
