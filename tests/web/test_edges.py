"""Requests at the edges: names that clash with folders, texts that are nearly right, routes that nearly fit."""

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from omrclip.config import Config
from tests.web.making import asked, clip_area, encoded, file_part, grid, image, multipart, omr, page, template

Refusal = Callable[..., None]
SCAN = encoded(grid())


@pytest.mark.parametrize(
    "name", ["nothing here", "none.omr", "../form", "\x00", "a/" * 4000 + "a", "ä" * 300, "sub/none/", "exam2025"]
)
@pytest.mark.parametrize("form", ["JSON", "multipart"])
def test_a_template_that_is_neither_stored_nor_base64_is_told(
    client: FlaskClient, assert_refused: Refusal, form: str, name: str
) -> None:
    if form == "JSON":
        response = client.post("/api/recognitions", json=asked(Template=name))
    else:
        parts = multipart(("Template", name), ("Images", file_part("scan.png", SCAN)))
        response = client.post("/api/recognitions", **parts)
    assert_refused(response, 400, "invalid_request", ("$.Template", "no stored template has this name"))


def test_a_template_sent_as_text_may_begin_with_a_byte_order_mark(client: FlaskClient) -> None:
    text = (codecs.BOM_UTF8 + omr(template())).decode()
    response = client.post(
        "/api/recognitions", **multipart(("Template", text), ("Images", file_part("scan.png", SCAN)))
    )
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("options", ["{nope", "", "[]", "3", '{"Pages": {}, "Pages": {}}'])
def test_options_of_multipart_that_are_no_json_object_are_named(
    client: FlaskClient, assert_refused: Refusal, options: str
) -> None:
    parts = multipart(("Template", "form"), ("Options", options), ("Images", file_part("scan.png", SCAN)))
    assert_refused(client.post("/api/recognitions", **parts), 400, "invalid_request", "$.Options")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("$", [asked()]),
        ("$", "form"),
        ("$", None),
        ("$.Images[0]", asked(Images=[None])),
        ("$.Images[1]", asked(Images=[image(), 3])),
        ("$.Images[0]", asked(Images=["scan.png"])),
        ("$.Options", asked(Options=[])),
        ("$.Options", asked(Options="png")),
    ],
)
def test_where_an_object_should_be_the_message_says_so(
    client: FlaskClient, assert_refused: Refusal, path: str, body: Any
) -> None:
    response = client.post("/api/recognitions", data=json.dumps(body), content_type="application/json")
    assert_refused(response, 400, "invalid_request", (f"{path}: ", "an object"))
    assert "Invalid input type" not in response.text
    assert "Field may not" not in response.text


def test_far_too_many_images_are_told_as_such(client: FlaskClient, assert_refused: Refusal) -> None:
    images = [("Images", file_part(f"{number}.png", b"x")) for number in range(40)]
    response = client.post("/api/recognitions", **multipart(("Template", "form"), *images))
    assert_refused(response, 413, "limit_exceeded", "max_images")


def test_base64_of_too_much_padding_is_no_base64(client: FlaskClient, assert_refused: Refusal) -> None:
    body = asked(Images=[{"Name": "scan.png", "Data": "QUJD="}])
    assert_refused(client.post("/api/recognitions", json=body), 400, "invalid_request", "$.Images[0].Data")


def test_a_page_of_more_pixels_than_may_be_delivered_is_refused(client: FlaskClient, assert_refused: Refusal) -> None:
    body = asked(Template={"Pages": [page(clip_area("A"), Width=3000, Height=2000)]})
    assert_refused(client.post("/api/recognitions", json=body), 413, "limit_exceeded", "max_output_pixels")


def test_an_aspect_that_differs_by_one_percent_exactly_is_taken(client: FlaskClient) -> None:
    answer = client.post("/api/recognitions", json=asked(Images=[image("s.png", encoded(grid(303, 200)))])).get_json()
    assert answer["Info"]["SuccessfulTasksCount"] == 1


# --- names in the stores ---------------------------------------------------------------------------------------------

LONG = "a/" * 3000 + "a.png"


@pytest.mark.parametrize("name", ["grid.png/b.png", "sub", LONG])
def test_a_name_that_the_folders_have_no_place_for_is_refused(
    client: FlaskClient, assert_refused: Refusal, config: Config, name: str
) -> None:
    (Path(config.images) / "sub").mkdir()
    (Path(config.images) / "sub" / "a.png").write_bytes(SCAN)
    response = client.put(f"/api/images/{name}", data=SCAN)
    assert response.status_code in {400, 409, 422}, response.text
    assert_refused(response, response.status_code, response.get_json()["error"]["code"], name[:20])
    assert_refused(client.get(f"/iiif/2/{quote(name, safe='')}/info.json"), 404, "")
    for method in ("GET", "DELETE"):
        assert_refused(client.open(f"/api/images/{name}", method=method), 404, "not_found")


def test_a_template_cannot_take_the_address_of_another_ones_clip_areas(
    client: FlaskClient, assert_refused: Refusal
) -> None:
    for path in ("form/clip-areas", "form/clip-areas/Name/more", "form/clip-areas.omr"):
        before = client.get("/api/templates").data
        response = client.put(f"/api/templates/{path}", data=omr(template()))
        if response.status_code == 201:
            assert client.get(response.headers["Location"]).data == omr(template()), "what was put can be got"
        else:
            assert response.status_code in {400, 404, 405}
            assert_refused(response, response.status_code, response.get_json()["error"]["code"])
            assert client.get("/api/templates").data == before


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_no_other_site_can_have_a_browser_add_a_clip_area(
    client: FlaskClient, assert_refused: Refusal, content_type: str | None
) -> None:
    before = client.get("/api/templates/form").data
    body = omr(clip_area("Foreign"))
    response = client.post("/api/templates/form/clip-areas", data=body, content_type=content_type)
    assert_refused(response, 415, "unsupported_media_type", "Content-Type")
    assert client.get("/api/templates/form").data == before


@pytest.mark.parametrize("name", ["urn:foo:a@b,1", "ark:/12025/x", "plain"])
def test_an_image_without_extension_is_listed_under_its_one_uri(client: FlaskClient, name: str) -> None:
    uri = client.put(f"/api/images/{name}", data=SCAN).get_json()["Uri"]
    assert {"Name": name, "Uri": uri} in client.get("/api/images").get_json()["Images"]
    assert client.get(f"{uri}/info.json").get_json()["@id"] == uri


def test_the_base_uri_of_an_identifier_with_slashes_leads_to_the_information(client: FlaskClient) -> None:
    for name, base in {"a/b?.png": "a%2Fb%3F.png", "ark:/12025/654xz321": "ark:%2F12025%2F654xz321"}.items():
        assert client.put(f"/api/images/{quote(name)}", data=SCAN).status_code == 201
        response = client.get(f"/iiif/2/{base}")
        assert (response.status_code, response.headers["Location"]) == (
            303,
            f"http://localhost/iiif/2/{base}/info.json",
        )


def test_a_real_answer_fits_its_description(client: FlaskClient) -> None:
    components = client.get("/openapi.json").get_json()["components"]
    schema = {"$ref": "#/components/schemas/RecognitionResponse", "components": components}
    Draft202012Validator(schema).validate(client.post("/api/recognitions", json=asked()).get_json())
