"""A named pipe, device or link in a circle in a folder of the service holds up no request."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from tests.web.conftest import Refusal
from tests.web.making import asked, encoded, grid, omr, template

ODD: dict[str, Callable[[Path], None]] = {
    "named pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("kind", ODD)
def test_an_image_that_is_no_file_is_not_found(
    client: FlaskClient, config: Config, assert_refused: Refusal, kind: str
) -> None:
    ODD[kind](Path(config.images) / "odd.png")
    for address in ("/api/images/odd.png", "/iiif/2/odd.png/info.json", "/iiif/3/odd.png/full/max/0/default.jpg"):
        assert_refused(client.get(address), 404, "not_found", "odd.png")
    assert [entry["Name"] for entry in client.get("/api/images").get_json()["Images"]] == ["grid.png"]
    assert client.put("/api/images/odd.png", data=encoded(grid())).status_code in {400, 404}
    assert client.delete("/api/images/odd.png").status_code == 404


@pytest.mark.parametrize("kind", ODD)
def test_a_template_that_is_no_file_is_not_found(
    client: FlaskClient, config: Config, assert_refused: Refusal, kind: str
) -> None:
    ODD[kind](Path(config.templates) / "odd.omr")
    assert_refused(client.get("/api/templates/odd"), 404, "not_found", "odd")
    assert [entry["Name"] for entry in client.get("/api/templates").get_json()["Templates"]] == ["form"]
    assert client.put("/api/templates/odd", data=omr(template())).status_code in {400, 404}
    assert client.post("/api/recognitions", json=asked(Template="odd")).status_code == 400


@pytest.mark.parametrize("kind", ODD)
def test_a_page_image_that_is_no_file_is_none(client: FlaskClient, config: Config, kind: str) -> None:
    ODD[kind](Path(config.templates) / "form.png")
    assert client.get("/api/templates/form/pages").get_json()["Pages"][0]["Image"] is None
    assert client.post("/api/recognitions", json=asked(Template="form")).status_code == 200
