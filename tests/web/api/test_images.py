"""Storing images, and what comes back of them by URI."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from tests.web.making import NAME_BOX, cut, decoded, encoded, grid, jpeg, lying_png, with_orientation

Refusal = Callable[..., None]
SCAN = encoded(grid(salt=20))


def test_an_image_that_was_put_is_an_iiif_image(client: FlaskClient, config: Config) -> None:
    created = client.put("/api/images/forms/ä 1.png", data=SCAN)
    assert created.status_code == 201
    uri = "http://localhost/iiif/2/forms%2F%C3%A4%201.png"
    assert created.get_json() == {
        "Name": "forms/ä 1.png",
        "Uri": uri,
        "Width": 300,
        "Height": 200,
        "MediaType": "image/png",
        "Size": len(SCAN),
    }
    assert (Path(config.images) / "forms" / "ä 1.png").read_bytes() == SCAN
    info = client.get(f"{uri}/info.json").get_json()
    assert (info["@id"], info["width"], info["height"]) == (uri, 300, 200)
    clip = client.get(f"{uri}/12,18,90,40/full/0/default.png")
    assert np.array_equal(decoded(clip.data), cut(grid(salt=20), NAME_BOX))
    got = client.get(created.headers["Location"])
    assert (got.data, got.mimetype, got.headers["ETag"]) == (SCAN, "image/png", created.headers["ETag"])


def test_the_extents_are_those_of_the_upright_image(client: FlaskClient) -> None:
    sideways = with_orientation(grid().transpose(1, 0, 2)[::-1], 6)
    told = client.put("/api/images/photo.jpg", data=sideways).get_json()
    assert (told["Width"], told["Height"]) == (300, 200)
    info = client.get("/iiif/2/photo.jpg/info.json").get_json()
    assert (info["width"], info["height"]) == (300, 200)
    clip = decoded(client.get("/iiif/2/photo.jpg/12,18,90,40/full/0/default.png").data)
    assert np.array_equal(clip, cut(decoded(sideways), NAME_BOX))


def test_the_media_type_is_told_by_the_bytes(client: FlaskClient) -> None:
    assert client.put("/api/images/lies.png", data=jpeg(grid())).get_json()["MediaType"] == "image/jpeg"
    assert client.get("/api/images/lies.png").mimetype == "image/jpeg"


def test_the_list_holds_images_only(client: FlaskClient, config: Config) -> None:
    for name in ("notes.txt", "truth.json", ".hidden.png"):
        (Path(config.images) / name).write_bytes(b"x")
    client.put("/api/images/b.jpg", data=jpeg(grid()))
    listed = client.get("/api/images").get_json()
    uris = [(name, f"http://localhost/iiif/2/{name}") for name in ("b.jpg", "grid.png")]
    assert listed == {"Images": [{"Name": name, "Uri": uri} for name, uri in uris], "Next": None}


def test_an_empty_store_has_no_images(client: FlaskClient, config: Config) -> None:
    (Path(config.images) / "grid.png").unlink()
    Path(config.images).rmdir()
    assert client.get("/api/images").get_json() == {"Images": [], "Next": None}
    assert client.put("/api/images/a.png", data=SCAN).status_code == 201
    assert client.put("/api/images/grid.png", data=encoded(grid())).status_code == 201


def test_the_second_of_two_editors_is_told(client: FlaskClient, assert_refused: Refusal) -> None:
    seen = client.put("/api/images/a.png", data=SCAN).headers["ETag"]
    newer = client.put("/api/images/a.png", data=jpeg(grid()), headers={"If-Match": seen})
    assert newer.status_code == 200
    response = client.put("/api/images/a.png", data=SCAN, headers={"If-Match": seen})
    assert_refused(response, 412, "precondition_failed", "a.png")
    assert client.get("/api/images/a.png").data == jpeg(grid())
    assert_refused(client.delete("/api/images/a.png", headers={"If-Match": seen}), 412, "precondition_failed", "a.png")
    assert client.delete("/api/images/a.png", headers={"If-Match": newer.headers["ETag"]}).status_code == 204
    assert_refused(client.get("/api/images/a.png"), 404, "not_found", "a.png")
    assert_refused(client.get("/iiif/2/a.png/info.json"), 404, "", "a.png")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"hello", 415, "unsupported_image"),
        (SCAN[:20], 422, "corrupt_image"),
        (lying_png(9999, 9999), 413, "limit_exceeded"),
    ],
)
def test_what_cannot_be_served_is_not_stored(
    client: FlaskClient, assert_refused: Refusal, config: Config, data: bytes, status: int, code: str
) -> None:
    assert_refused(client.put("/api/images/new.png", data=data), status, code)
    stored = {path.name for path in Path(config.images).iterdir()}
    assert stored <= {"grid.png", ".lock"}


def test_what_was_damaged_in_the_store_is_refused_not_half_shown(
    client: FlaskClient, assert_refused: Refusal, config: Config
) -> None:
    (Path(config.images) / "cut.jpg").write_bytes(jpeg(grid(), 95)[:-900])
    assert client.get("/iiif/2/cut.jpg/info.json").status_code == 200
    assert_refused(client.get("/iiif/2/cut.jpg/full/full/0/default.png"), 422, "", "cut off")
    (Path(config.images) / "truth.json").write_bytes(b"{}")
    assert_refused(client.get("/iiif/2/truth.json/info.json"), 415, "", "not an image")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no symbolic links")
def test_a_link_that_leads_out_of_the_store_is_not_followed(
    client: FlaskClient, assert_refused: Refusal, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(SCAN)
    (Path(config.images) / "link.png").symlink_to(tmp_path / "secret.png")
    (Path(config.images) / "out").symlink_to(tmp_path)
    for identifier in ("link.png", quote("out/secret.png", safe="")):
        assert_refused(client.get(f"/iiif/2/{identifier}/info.json"), 404, "")
    assert_refused(client.put("/api/images/out/new.png", data=SCAN), 404, "not_found", "out/new.png")
    assert not (tmp_path / "new.png").exists()


def test_a_stored_image_may_be_named_like_a_kept_one(client: FlaskClient) -> None:
    name = f"{'a' * 24}.1"
    assert client.put(f"/api/images/{name}", data=encoded(grid())).status_code == 201
    assert client.get(f"/iiif/3/{name}/info.json").status_code == 200
    assert client.get(f"/iiif/3/{'b' * 24}.1/info.json").status_code == 404
