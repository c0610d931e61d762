"""POST /api/segments: a manifest in, the parts of images that it paints out."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Refusal
from tests.web.keeping import Posted
from tests.web.making import NAME_BOX, SIGNATURE_BOX, Json, bytes_of, cut, decoded, encoded, grid, image

OURS = "http://localhost/iiif/3/grid.png"
BOXES = {"Name": NAME_BOX, "Signature": SIGNATURE_BOX}


def canvas(uri: str, area: str) -> Json:
    """The cookbook's "Segment of an Image" in its smallest form."""
    body = {"id": f"{uri}#xywh={area}", "type": "Image", "format": "image/png"}
    painting = {
        "id": "http://x/a",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": "http://x/c",
    }
    pages = [{"id": "http://x/p", "type": "AnnotationPage", "items": [painting]}]
    return {"id": "http://x/c", "type": "Canvas", "width": 10, "height": 10, "items": pages}


def manifest(*canvases: Json) -> Json:
    context = "http://iiif.io/api/presentation/3/context.json"
    return {"@context": context, "id": "http://x/m", "type": "Manifest", "items": list(canvases)}


def segments(client: FlaskClient, **body: Any) -> list[tuple[str, str, bytes]]:
    response = client.post("/api/segments", json=body)
    assert response.status_code == 200, response.text
    files = response.get_json()["ResponseFiles"]
    assert [file["Size"] for file in files] == [len(bytes_of(file["Data"])) for file in files]
    return [(file["Name"], file["MediaType"], bytes_of(file["Data"])) for file in files]


def test_a_segment_that_would_be_cropped_to_another_shape_than_its_canvas_is_refused(client: FlaskClient) -> None:
    document = manifest(canvas(f"{OURS}/full/max/0/default.jpg", "280,190,99,99"))
    response = client.post("/api/segments", json={"Manifest": document})
    assert response.status_code == 400
    assert "an image that contains the whole region" in response.get_json()["error"]["message"]


@pytest.mark.parametrize(("area", "box"), [("12,18,90,40", NAME_BOX), ("280,190,99,9", (280, 190, 20, 9))])
def test_a_segment_of_our_image_is_cropped_at_its_edge(
    client: FlaskClient, area: str, box: tuple[int, int, int, int]
) -> None:
    document = manifest(canvas(f"{OURS}/full/max/0/default.jpg", area))
    ((_, media_type, data),) = segments(client, Manifest=document, Format="png")
    assert media_type == "image/png"
    assert np.array_equal(decoded(data), cut(grid(), box))


def test_an_image_given_along_stands_for_the_one_that_is_named(client: FlaskClient) -> None:
    document = manifest(canvas("https://elsewhere.example/scans/far.png", "12,18,90,40"))
    along = [image("far.png", encoded(grid(salt=9)))]
    ((_, _, data),) = segments(client, Manifest=document, Images=along, Format="png")
    assert np.array_equal(decoded(data), cut(grid(salt=9), NAME_BOX))


@pytest.mark.parametrize("document", ["clips.json", "clips.json?style=selector", "clips.json?style=fragment"])
def test_our_own_manifests_give_the_clips_again(client: FlaskClient, kept: Posted, document: str) -> None:
    answer = kept()
    ours = client.get(f"{answer['Uri']}/{document}").get_json(force=True)
    found = segments(client, Manifest=ours, Format="png")
    assert len(found) == len(BOXES)
    for (_, _, data), box in zip(found, BOXES.values(), strict=True):
        assert np.array_equal(decoded(data), cut(grid(), box))


def test_one_segment_comes_as_its_bytes_to_who_accepts_an_image(client: FlaskClient) -> None:
    body = {"Manifest": manifest(canvas(f"{OURS}/full/max/0/default.jpg", "12,18,90,40")), "Format": "png"}
    response = client.post("/api/segments", json=body, headers={"Accept": "image/png"})
    assert (response.status_code, response.mimetype) == (200, "image/png")
    assert np.array_equal(decoded(response.data), cut(grid(), NAME_BOX))


REFUSED = [
    ({}, 400, "$.Manifest"),
    ({"Manifest": []}, 400, "$.Manifest"),
    ({"Manifest": manifest(), "Format": "bmp"}, 400, "$.Format"),
    ({"Manifest": manifest()}, 400, ""),
    ({"Manifest": manifest(canvas("https://elsewhere.example/a.png", "0,0,9,9"))}, 400, "elsewhere.example"),
    ({"Manifest": manifest(canvas(f"{OURS}/full/max/0/default.jpg", "300,0,9,9"))}, 400, "region"),
    ({"Manifest": manifest(canvas("http://localhost/iiif/3/none/full/max/0/default.jpg", "0,0,9,9"))}, 404, "none"),
    ({"Manifest": manifest(canvas("file:///etc/passwd", "0,0,9,9"))}, 400, ""),
    ({"Manifest": manifest(canvas("http://x/a.png", "0,0,9,9")), "Images": [image("a.png", b"hello")]}, 415, ""),
    ({"Manifest": manifest(), "Images": [{"Name": "a"}]}, 400, "$.Images[0].Data"),
    ({"Manifest": manifest(), "Images": {}}, 400, "$.Images"),
]


@pytest.mark.parametrize(("body", "status", "names"), REFUSED)
def test_what_cannot_be_cut_is_refused(
    client: FlaskClient, assert_refused: Refusal, body: Json, status: int, names: str
) -> None:
    response = client.post("/api/segments", json=body)
    assert response.status_code == status, response.text
    assert_refused(response, status, response.get_json()["error"]["code"], names)


def test_no_other_site_can_have_a_browser_ask_for_segments(client: FlaskClient, assert_refused: Refusal) -> None:
    response = client.post("/api/segments", data=b"{}", content_type="text/plain")
    assert_refused(response, 415, "unsupported_media_type", "Content-Type")
