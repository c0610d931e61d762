"""Page images beside templates, what an editor shows of them, and validation before anything is saved."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from tests.imaging.pdf_files import PdfPage, pdf
from tests.web.making import HEIGHT, NAME_BOX, WIDTH, clip_area, cut, decoded, encoded, grid, jpeg, omr, page, template

Refusal = Callable[..., None]
IMAGE = "/api/templates/form/image"
PNG = {"Content-Type": "image/png"}


@pytest.fixture
def put(client: FlaskClient) -> None:
    """The blank page beside the template `form`."""
    assert client.put(IMAGE, data=encoded(grid()), headers=PNG).status_code == 201


def first_page(client: FlaskClient, name: str = "form") -> dict[str, object]:
    return client.get(f"/api/templates/{name}/pages").get_json()["Pages"][0]


def test_a_template_is_made_from_its_page_image(client: FlaskClient, config: Config) -> None:
    made = client.post("/api/templates?name=fresh", data=jpeg(grid()), headers={"Content-Type": "image/jpeg"})
    assert (made.status_code, made.get_json()["Name"]) == (201, "fresh")
    stored = json.loads(Path(config.templates, "fresh.omr").read_bytes())
    assert (stored["Pages"][0]["Width"], stored["Pages"][0]["Height"]) == (WIDTH, HEIGHT)
    assert stored["Pages"][0]["ImageName"] == "fresh.jpg"
    assert Path(config.templates, "fresh.jpg").read_bytes() == jpeg(grid())
    assert client.get("/api/templates/fresh").headers["ETag"] == made.headers["ETag"]


PDF = {"Content-Type": "application/pdf"}
TWO_PAGES = pdf(*[PdfPage("0 0 1 rg 0 0 60 40 re f", dimensions=(144, 96))] * 2)


def test_a_template_is_made_from_the_pages_of_a_document(client: FlaskClient) -> None:
    made = client.post("/api/templates?name=fresh", data=TWO_PAGES, headers=PDF)
    assert made.status_code == 201, made.text
    pages = client.get("/api/templates/fresh/pages").get_json()["Pages"]
    assert [(one["Width"], one["Height"]) for one in pages] == [(600, 400)] * 2
    assert [one["ImageFile"] for one in pages] == ["fresh.png", None]
    for one in pages:
        image = decoded(client.get(f"{one['Image']}/full/max/0/default.png").data)
        assert (image[390, 9].tolist(), image[9, 590].tolist()) == ([255, 0, 0], [255, 255, 255])


def test_the_pages_of_a_document_become_the_images_of_the_pages(client: FlaskClient, config: Config) -> None:
    Path(config.templates, "two.omr").write_bytes(omr({"Pages": [page(), page()]}))
    put = client.put("/api/templates/two/image", data=TWO_PAGES, headers=PDF)
    assert (put.status_code, put.get_json()["Name"]) == (201, "two.png")
    pages = client.get("/api/templates/two/pages").get_json()["Pages"]
    assert all(client.get(f"{one['Image']}/full/max/0/default.png").status_code == 200 for one in pages)


@pytest.mark.parametrize(
    ("name", "pages", "told"), [("form", 2, "at most 1 page, not 2"), ("tall", 1, "an image of the page's shape")]
)
def test_a_document_that_does_not_fit_the_template_is_refused(
    client: FlaskClient, assert_refused: Refusal, config: Config, name: str, pages: int, told: str
) -> None:
    Path(config.templates, "tall.omr").write_bytes(omr({"Pages": [page(Width=200, Height=300)]}))
    data = pdf(*[PdfPage("", dimensions=(144, 96))] * pages)
    response = client.put(f"/api/templates/{name}/image", data=data, headers=PDF)
    assert_refused(response, 400, "invalid_request", told)
    assert not Path(config.templates, f"{name}.png").exists()


@pytest.mark.parametrize(
    ("query", "data", "headers", "status", "code"),
    [
        ("?name=form", encoded(grid()), PNG, 412, "precondition_failed"),
        ("", encoded(grid()), PNG, 400, "invalid_request"),
        ("?name=a/b", encoded(grid()), PNG, 400, "invalid_request"),
        ("?name=new", b"text", PNG, 415, "unsupported_image"),
        ("?name=new", encoded(grid()), {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    ],
)
def test_what_no_template_can_be_made_of_is_refused(
    client: FlaskClient, assert_refused: Refusal, query: str, data: bytes, headers: object, status: int, code: str
) -> None:
    assert_refused(client.post(f"/api/templates{query}", data=data, headers=headers), status, code)
    assert client.get("/api/templates/new").status_code == 404


@pytest.mark.usefixtures("put")
def test_a_page_image_is_an_iiif_image_with_the_files_pixels(client: FlaskClient) -> None:
    listed = first_page(client)
    assert (listed["Image"], listed["ImageFile"]) == ("http://localhost/iiif/3/form.omr.1", "form.png")
    assert np.array_equal(decoded(client.get(f"{listed['Image']}/full/max/0/default.png").data), grid())
    assert client.get(IMAGE).data == encoded(grid())


def test_a_page_image_inside_the_template_is_served_alike(client: FlaskClient, config: Config) -> None:
    data = base64.b64encode(encoded(grid())).decode()
    document = template(Pages=[page(), page(ImageData=data)])
    Path(config.templates, "two.omr").write_bytes(omr(document))
    pages = client.get("/api/templates/two/pages").get_json()["Pages"]
    assert [entry["Image"] for entry in pages] == [None, "http://localhost/iiif/3/two.omr.2"]
    assert np.array_equal(decoded(client.get("/iiif/2/two.omr.2/full/max/0/default.png").data), grid())


@pytest.mark.parametrize("identifier", ["form.omr.1", "form.omr.2", "none.omr.1"])
def test_a_page_without_image_is_not_found(client: FlaskClient, assert_refused: Refusal, identifier: str) -> None:
    assert_refused(client.get(f"/iiif/3/{identifier}/info.json"), 404, "not_found")


@pytest.mark.usefixtures("put")
def test_a_replaced_image_is_another_state_and_leaves_no_old_file(client: FlaskClient, config: Config) -> None:
    before, tag = first_page(client)["ImageState"], client.get(IMAGE).headers["ETag"]
    other = jpeg(grid(salt=30))
    headers = {"Content-Type": "image/jpeg"}
    assert client.put(IMAGE, data=other, headers=headers).status_code == 428
    assert client.put(IMAGE, data=other, headers={**headers, "If-Match": '"other"'}).status_code == 412
    assert client.put(IMAGE, data=other, headers={**headers, "If-Match": tag}).status_code == 200
    assert first_page(client)["ImageState"] != before
    assert sorted(path.name for path in Path(config.templates).glob("form.*")) == ["form.jpg", "form.omr"]
    assert client.delete(IMAGE).status_code == 204
    assert first_page(client)["Image"] is None


def test_an_image_of_another_shape_is_refused(client: FlaskClient, assert_refused: Refusal) -> None:
    refused = client.put(IMAGE, data=encoded(grid(WIDTH, HEIGHT // 2)), headers=PNG)
    assert_refused(refused, 400, "invalid_request", "shape")
    assert client.get(IMAGE).status_code == 404


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("quality", [20, 85])
def test_a_preview_is_the_clip_that_the_area_would_give(client: FlaskClient, quality: int) -> None:
    left, top, width, height = NAME_BOX
    query = {"Left": left, "Top": top, "Width": width, "Height": height, "JpegQuality": quality}
    answer = client.get("/api/templates/form/pages/1/clip", query_string=query)
    assert answer.mimetype == "image/jpeg"
    assert answer.data == jpeg(cut(grid(), NAME_BOX), quality)


@pytest.mark.usefixtures("put")
def test_a_preview_is_in_template_pixels_whatever_the_images_scale(client: FlaskClient) -> None:
    twice = cv2.resize(grid(), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    tag = client.get(IMAGE).headers["ETag"]
    client.put(IMAGE, data=encoded(twice), headers={**PNG, "If-Match": tag})
    query = {"Left": 20, "Top": 20, "Width": 60, "Height": 40, "JpegQuality": 100}
    clip = decoded(client.get("/api/templates/form/pages/1/clip", query_string=query).data)
    assert clip.shape == (40, 60, 3)
    assert np.abs(clip.astype(int) - cut(grid(), (20, 20, 60, 40))).mean() < 4


def test_validation_tells_every_problem_and_stores_nothing(client: FlaskClient) -> None:
    areas = [clip_area("A"), clip_area("C", Left=900, Width=0), clip_area("B", JpegQuality=10)]
    told = client.post("/api/validation", json=template(Pages=[page(*areas)])).get_json()
    assert (told["Valid"], told["Warnings"]) == (False, [])
    assert {problem["path"] for problem in told["Problems"]} == {
        "$.Pages[0].Elements[1].Left",
        "$.Pages[0].Elements[1].Width",
    }
    told = client.post("/api/validation", json=template(Pages=[page(*areas[::2])])).get_json()
    assert (told["Valid"], told["Problems"]) == (True, [])
    assert [warning["path"] for warning in told["Warnings"]] == ["$.Pages[0].Elements[1].JpegQuality"]


def test_validation_takes_json_alone(client: FlaskClient, assert_refused: Refusal) -> None:
    assert_refused(client.post("/api/validation", data="{}"), 415, "unsupported_media_type")
