"""The bounds of one request by number and size: refused before the work, naming the limit, in a small answer."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from omrclip.config import Config
from omrclip.errors import MOST_PROBLEMS
from omrclip.limits import Limits
from omrclip.omr import recognition
from omrclip.web.app import create_app
from tests.web.api.test_segments import OURS, canvas, manifest
from tests.web.making import Json, asked, choice_box, clip_area, file_part, image, multipart, omr, page, template

WHOLE = (0, 0, 300, 200)
SMALL_ANSWER = 50_000
"""In bytes: a hundred problems with their paths."""


def client_with(config: Config, **limits: int) -> FlaskClient:
    return create_app(replace(config, limits=replace(config.limits, **limits))).test_client()


def assert_exceeded(response: TestResponse, limit: str, maximum: int) -> None:
    assert response.status_code == 413, response.text
    error = response.get_json()["error"]
    assert (error["code"], error["details"]["limit"], error["details"]["maximum"]) == ("limit_exceeded", limit, maximum)


def elements(count: int, **element: Any) -> bytes:
    return omr(template(*[element] * count))


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/templates/new"), ("POST", "/api/validation"), ("POST", "/api/recognitions")],
)
def test_elements_and_bubbles_are_counted_before_they_are_looked_at(config: Config, method: str, path: str) -> None:
    box = choice_box()
    count = 1 + 1 + len(box["Bubbles"])  # the page, the box and its bubbles
    document: Json = template(box)
    body = asked(Template=document) if path.endswith("recognitions") else document
    fits, exceeds = client_with(config, max_elements=count), client_with(config, max_elements=count - 1)
    assert fits.open(path, method=method, json=body).status_code in {200, 201}
    assert_exceeded(exceeds.open(path, method=method, json=body), "max_elements", count - 1)


def test_elements_within_grids_are_counted(config: Config) -> None:
    inner: Json = {"Type": "Grid", "Elements": [{"Type": "Grid", "Elements": [{}, {}]}]}
    response = client_with(config, max_elements=4).post("/api/validation", json={"Pages": [{"Elements": [inner]}]})
    assert_exceeded(response, "max_elements", 4)


NESTED = b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"
WIDE = b'{"Pages": [' + b"0," * 3000 + b"0]}"


@pytest.mark.parametrize("document", [NESTED, WIDE, WIDE.decode().encode("utf-16")])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/templates/new"),
        ("POST", "/api/validation"),
        ("POST", "/api/recognitions"),
        ("POST", "/api/segments"),
        ("POST", "/api/templates/form/clip-areas"),
    ],
)
def test_values_are_counted_before_a_document_is_read(config: Config, method: str, path: str, document: bytes) -> None:
    client = client_with(config, max_json_values=1000)
    response = client.open(path, method=method, data=document, content_type="application/json")
    assert_exceeded(response, "max_json_values", 1000)


def test_values_of_a_template_in_a_part_are_counted(config: Config) -> None:
    client = client_with(config, max_json_values=1000)
    body = multipart(("Template", file_part("form.omr", WIDE)), ("Images", file_part("a.png", b"x")))
    assert_exceeded(client.post("/api/recognitions", **body), "max_json_values", 1000)


def test_corrections_are_counted(config: Config) -> None:
    client = client_with(config, max_json_values=1000)
    uri = client.post("/api/recognitions?keep", json=asked()).get_json()["Uri"]
    many = {"Corrections": [{"Scan": 1, "Name": "Name", "Value": "x"}] * 1000}
    assert_exceeded(client.put(f"{uri}/corrections", json=many), "max_json_values", 1000)


def test_usual_documents_come_nowhere_near_the_limits() -> None:
    sheet = omr({"Pages": [page(*[choice_box(f"Q{number}") for number in range(500)])]})
    assert sheet.count(b",") * 20 < Limits().max_json_values


@pytest.mark.parametrize(
    "element",
    [{"Type": "ChoiceBox"}, {"Type": "ClipArea", "Name": "a", "Left": -5}, {"Type": 5}],
    ids=["missing keys", "wrong place", "wrong type"],
)
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/templates/new"), ("POST", "/api/validation"), ("POST", "/api/recognitions")]
)
def test_many_problems_make_a_small_answer(config: Config, method: str, path: str, element: Json) -> None:
    client = client_with(config, max_elements=10_000)
    document = json.loads(elements(2_000, **element))
    body = asked(Template=document) if path.endswith("recognitions") else document
    response = client.open(path, method=method, json=body)
    assert len(response.data) < SMALL_ANSWER
    if path == "/api/validation":
        problems = response.get_json()["Problems"]
        assert len(problems) == MOST_PROBLEMS + 1
        assert problems[-1]["expected"].startswith("and ")
        assert problems[-1]["expected"].endswith(" more")
    else:
        error = response.get_json()["error"]
        assert (response.status_code, len(error["details"]["fields"])) == (422, MOST_PROBLEMS)
        assert error["details"]["problems"] > MOST_PROBLEMS
        assert f"(and at least {error['details']['problems'] - 3:,} more)" in error["message"]


def test_a_hundred_thousand_wrong_elements_are_refused_at_once(config: Config) -> None:
    limits = replace(Limits(), max_body_bytes=2**28)
    client = create_app(replace(config, limits=limits)).test_client()
    response = client.put("/api/templates/new", data=elements(100_000, Type="ChoiceBox"))
    assert_exceeded(response, "max_elements", Limits().max_elements)
    assert len(response.data) < 1000


def test_many_warnings_make_a_small_answer(client: FlaskClient) -> None:
    document = template(*[{"Type": f"Unknown {number}"} for number in range(2_000)])
    saved = client.put("/api/templates/new", json=document)
    recognized = client.post("/api/recognitions", json=asked(Template=document))
    for response in (saved, recognized, client.post("/api/validation", json=document)):
        assert response.status_code in {200, 201}
        assert len(response.data) < SMALL_ANSWER
        assert "1,900 more" in response.text


def test_many_wrong_images_make_a_small_answer(config: Config) -> None:
    client = client_with(config, max_images=5_000)
    error = client.post("/api/recognitions", json=asked(Images=[{}] * 2_000)).get_json()["error"]
    assert len(error["details"]["fields"]) == MOST_PROBLEMS
    assert error["details"]["problems"] > MOST_PROBLEMS


@pytest.fixture
def nothing_is_recognized(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the request was to be refused before the work")

    monkeypatch.setattr(recognition, "decode", fail)


def areas(count: int) -> Json:
    return template(*[clip_area(f"a{number}", WHOLE) for number in range(count)])


TWO = [image("a.png"), image("b.png")]


@pytest.mark.usefixtures("nothing_is_recognized")
@pytest.mark.parametrize(
    ("limit", "maximum", "changes"),
    [
        ("max_clips", 9, {"Template": areas(5), "Images": TWO}),
        ("max_clip_pixels", 60_000 * 10 - 1, {"Template": areas(5), "Images": TWO}),
        ("max_clip_pixels", 60_000 * 10 - 1, {"Template": areas(5), "Images": TWO, "Options": {"ClipFormat": "png"}}),
        (
            "max_clip_pixels",
            200 * 140 - 1,
            {"Options": {"ClipMargin": 50}, "Template": template(clip_area("a", (100, 60, 100, 40)))},
        ),
    ],
)
def test_clips_are_counted_before_the_work(config: Config, limit: str, maximum: int, changes: Json) -> None:
    response = client_with(config, **{limit: maximum}).post("/api/recognitions", json=asked(**changes))
    assert_exceeded(response, limit, maximum)


@pytest.mark.usefixtures("nothing_is_recognized")
def test_a_thousand_full_pages_are_refused_by_default(config: Config) -> None:
    a4_at_150_dpi = (0, 0, 1240, 1754)
    elements = [clip_area(f"a{number}", a4_at_150_dpi) for number in range(1000)]
    document = {"Pages": [page(*elements, Width=1240, Height=1754)]}
    client = create_app(replace(config, limits=Limits())).test_client()
    response = client.post("/api/recognitions", json=asked(Template=document, Options={"ClipFormat": "png"}))
    assert_exceeded(response, "max_clip_pixels", Limits().max_clip_pixels)


def test_as_many_clips_as_are_allowed_are_cut(config: Config) -> None:
    client = client_with(config, max_clips=10, max_clip_pixels=60_000 * 10)
    assert client.post("/api/recognitions", json=asked(Template=areas(5), Images=TWO)).status_code == 200


def test_clips_in_the_scans_own_scale_count_its_pixels(config: Config) -> None:
    half = {"Pages": [page(clip_area("a", (0, 0, 150, 100)), Width=150, Height=100)]}
    body = asked(Template=half, Options={"ClipScale": "native"})
    assert_exceeded(
        client_with(config, max_clip_pixels=59_999).post("/api/recognitions", json=body), "max_clip_pixels", 59_999
    )
    assert client_with(config, max_clip_pixels=60_000).post("/api/recognitions", json=body).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_scans_fail_from_where_the_clips_take_too_many_bytes(config: Config, accept: str) -> None:
    three = [image(f"{name}.png") for name in "abc"]
    alone = client_with(config).post("/api/recognitions", json=asked()).get_json()
    size = sum(file["Size"] for file in alone["ResponseFiles"] if file["Name"] != "RecognitionResults.dat")
    client = client_with(config, max_clip_bytes=2 * size - 1)
    response = client.post("/api/recognitions", json=asked(Images=three), headers={"Accept": accept})
    lines = response.text.splitlines() if accept.endswith("ndjson") else [response.text]
    told = [one for line in lines for one in json.loads(line)["Recognitions"]]
    assert [one["Error"] and one["Error"]["details"]["limit"] for one in told] == [
        None,
        "max_clip_bytes",
        "max_clip_bytes",
    ]


SEGMENTS = manifest(*[canvas(f"{OURS}/full/max/0/default.jpg", "12,18,90,40") for _ in range(3)])


@pytest.mark.parametrize(
    ("limit", "maximum"), [("max_clips", 2), ("max_clip_pixels", 3 * 3600 - 1), ("max_clip_bytes", 9)]
)
def test_segments_are_bounded_too(config: Config, limit: str, maximum: int) -> None:
    response = client_with(config, **{limit: maximum}).post("/api/segments", json={"Manifest": SEGMENTS})
    assert_exceeded(response, limit, maximum)


def test_images_given_along_with_a_manifest_are_counted(config: Config) -> None:
    response = client_with(config, max_images=1).post("/api/segments", json={"Manifest": SEGMENTS, "Images": TWO})
    assert_exceeded(response, "max_images", 1)
