"""Manifests of kept recognitions: what they name is there, and shows what they say."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web.app import create_app
from tests.iiif.presentation_making import objects
from tests.web.conftest import Refusal
from tests.web.keeping import THREE, Posted
from tests.web.making import NAME_BOX, SIGNATURE_BOX, Json, asked, cut, decoded, grid, page

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
MEDIA_TYPE = f'application/ld+json;profile="{CONTEXT}"'
STYLES = ["service", "selector", "fragment"]
DOCUMENTS = ["manifest.json", "clips.json"]
DOCUMENTS += [f"{document}?style={style}" for document in DOCUMENTS for style in STYLES]
BOXES = {"Name": NAME_BOX, "Signature": SIGNATURE_BOX}


def opened(client: FlaskClient, uri: str) -> Any:
    response = client.get(uri)
    assert response.status_code == 200, (uri, response.text)
    assert response.content_type == MEDIA_TYPE
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    return response.get_json(force=True)


def bodies(manifest: Json) -> Iterator[tuple[Json, Json]]:
    """Each canvas with the body that is painted on it."""
    for canvas in manifest["items"]:
        (annotation_page,) = canvas["items"]
        (annotation,) = annotation_page["items"]
        assert (annotation["motivation"], annotation["target"]) == ("painting", canvas["id"])
        yield canvas, annotation["body"]


def region_uri(body: Json) -> str:
    """The URI of just what a body paints, by what its style says."""
    if body["type"] == "SpecificResource":
        return body["source"]["id"].replace("/full/max/", f"/{body['selector']['region']}/max/")
    image, _, area = body["id"].partition("#xywh=")
    return image.replace("/full/max/", f"/{area}/max/") if area else image


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_a_manifest_under_its_own_uri(client: FlaskClient, kept: Posted, document: str) -> None:
    recognition = kept(Images=THREE)["Uri"]
    manifest = opened(client, f"{recognition}/{document}")
    assert next(iter(manifest)) == "@context"
    assert (manifest["@context"], manifest["type"]) == (CONTEXT, "Manifest")
    assert manifest["id"] == f"{recognition}/{document}"
    assert manifest["label"]["none"]
    assert len(manifest["items"]) == (2 if document == "manifest.json" else 4)
    assert [one["id"] for one in manifest["seeAlso"]] == [recognition]
    assert client.get(manifest["seeAlso"][0]["profile"]).status_code == 200
    assert manifest["summary"] == {"none": ["2 pages and 4 clips of recognized forms."]}
    with client.get(manifest["provider"][0]["homepage"][0]["id"]) as homepage:
        assert homepage.status_code == 200
    for canvas in manifest["items"]:
        assert canvas["type"] == "Canvas"
        assert canvas["label"]["none"]
        assert "#" not in canvas["id"]
    identifiers = [canvas["id"] for canvas in manifest["items"]]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_image_and_service_that_a_document_names_is_there(
    client: FlaskClient, kept: Posted, document: str
) -> None:
    manifest = opened(client, f"{kept(Images=THREE)['Uri']}/{document}")
    images = {part["id"].partition("#")[0]: part for part in objects(manifest) if part.get("type") == "Image"}
    services = [service for part in objects(manifest) for service in part.get("service", ())]
    assert images
    assert services
    for uri, part in images.items():
        response = client.get(uri)
        assert (response.status_code, response.mimetype) == (200, part["format"])
        assert decoded(response.data).shape == (part["height"], part["width"], 3)
    for service in services:
        uri = service.get("id") or service["@id"]
        info = client.get(f"{uri}/info.json").get_json(force=True)
        assert (info.get("id") or info["@id"], info["profile"]) == (
            uri,
            service["profile"] if "id" in service else [service["profile"], info["profile"][1]],
        )
    assert {service.get("type") or service["@type"] for service in services} == {"ImageService2", "ImageService3"}


def test_a_page_is_painted_whole_and_its_areas_are_marked(client: FlaskClient, kept: Posted) -> None:
    answer = kept(Images=THREE)
    manifest = opened(client, f"{answer['Uri']}/manifest.json")
    pages = [described for described in answer["Recognitions"] if described["Uri"]]
    assert len(pages) == 2
    for (canvas, body), described in zip(bodies(manifest), pages, strict=True):
        assert (canvas["width"], canvas["height"]) == (300, 200)
        assert canvas["label"] == {"none": [described["Name"]]}
        assert body["id"] == f"{described['Uri']}/full/max/0/default.jpg"
        (areas,) = canvas["annotations"]
        told = {area["body"]["value"]: area["target"] for area in areas["items"]}
        assert told == {name: f"{canvas['id']}#xywh={','.join(map(str, box))}" for name, box in BOXES.items()}
        assert all(area["motivation"] != "painting" for area in areas["items"])
    (top,) = manifest["structures"]
    assert top["type"] == "Range"
    assert len(top["items"]) == 2


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if document != "manifest.json"])
def test_a_clip_is_painted_alone_on_a_canvas_of_its_extents(client: FlaskClient, kept: Posted, document: str) -> None:
    answer = kept()
    manifest = opened(client, f"{answer['Uri']}/{document}")
    clips = answer["Recognitions"][0]["Clips"]
    for (canvas, body), clip in zip(bodies(manifest), clips, strict=True):
        box = BOXES[clip["Name"]]
        assert (canvas["width"], canvas["height"]) == box[2:]
        uri = region_uri(body).replace("default.jpg", "default.png")
        assert np.array_equal(decoded(client.get(uri).data), cut(grid(), box))
        style = document.partition("style=")[2] or "service"
        assert (body["type"] == "SpecificResource") is (style == "selector")
        assert ("#xywh=" in body.get("id", "")) is (style == "fragment")
        assert body.get("id", "").startswith(f"{clip['Uri']}/") is (style == "service")
        (part_of,) = canvas["partOf"]
        assert part_of["id"] == f"{answer['Uri']}/manifest.json/canvas/p1"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_canvases_to_which_a_document_refers_are_there(client: FlaskClient, kept: Posted, document: str) -> None:
    recognition = kept(Images=THREE)["Uri"]
    manifest = opened(client, f"{recognition}/{document}")
    pages = opened(client, f"{recognition}/manifest.json")
    for canvas in manifest["items"]:
        uri = canvas["partOf"][0]["id"] if "partOf" in canvas else canvas["id"]
        alone = opened(client, uri)
        assert alone.pop("@context") == CONTEXT
        assert alone.pop("partOf") == [{"id": f"{recognition}/manifest.json", "type": "Manifest"}]
        assert alone in pages["items"]


def test_canvases_are_counted_from_one(client: FlaskClient, kept: Posted, assert_refused: Refusal) -> None:
    recognition = kept(Images=THREE)["Uri"]
    for number, status in (("1", 200), ("2", 200), ("0", 404), ("3", 404), ("x", 404), ("-1", 404), ("1/x", 404)):
        response = client.get(f"{recognition}/manifest.json/canvas/p{number}")
        assert response.status_code == status, number
        if status == 404:
            assert_refused(response, 404, "not_found")


@pytest.mark.parametrize("document", DOCUMENTS[:2])
@pytest.mark.parametrize("style", ["", "Service", "none", "service,selector", "%00"])
def test_an_unknown_style_is_refused(
    client: FlaskClient, kept: Posted, assert_refused: Refusal, document: str, style: str
) -> None:
    response = client.get(f"{kept()['Uri']}/{document}?style={style}")
    assert_refused(response, 400, "invalid_request", ("style", *STYLES))


def test_without_clips_or_pages_there_is_nothing_to_show(
    client: FlaskClient, kept: Posted, assert_refused: Refusal
) -> None:
    bare = kept(Template={"Pages": [page()]})["Uri"]
    assert len(opened(client, f"{bare}/manifest.json")["items"]) == 1
    assert_refused(client.get(f"{bare}/clips.json"), 404, "not_found")
    failed = kept(Images=[THREE[1]])["Uri"]
    for document in DOCUMENTS:
        assert_refused(client.get(f"{failed}/{document}"), 404, "not_found")
    assert client.get(failed).status_code == 200


def test_uris_bear_the_address_of_who_asks(config: Config) -> None:
    client = create_app(replace(config, trusted_proxies=1, allowed_hosts=("forms.example",))).test_client()
    recognition = client.post("/api/recognitions?keep", json=asked()).get_json()["Uri"]
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "forms.example", "X-Forwarded-Prefix": "/omr"}
    for document in DOCUMENTS:
        manifest = client.get(f"{recognition}/{document}", headers=forwarded).get_json(force=True)
        own = [part.get("id") or part["@id"] for part in objects(manifest) if {"id", "@id"} & part.keys()]
        assert own
        assert all(uri.startswith("https://forms.example/omr/") for uri in own)


def test_only_what_viewers_read_is_for_other_sites(client: FlaskClient, kept: Posted) -> None:
    uri = kept()["Uri"]
    for path in ("", "/files/scanName.png", "/files.zip"):
        response = client.get(f"{uri}{path}", buffered=True)
        assert response.status_code == 200
        assert "Access-Control-Allow-Origin" not in response.headers
