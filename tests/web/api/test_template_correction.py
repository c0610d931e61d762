"""Correction and finalization of stored templates."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.omr.template import Template
from omrclip.schemas.template import dump_template, load_template, template_to_bytes
from tests.omr.drawn_form import Shape, centres, draw, moved
from tests.web.making import encoded

Refusal = Callable[..., None]
FORM = draw(Shape())
ASKED = "/api/templates/drawn/correction"
FINAL = "/api/templates/drawn/finalization"
PNG = {"Content-Type": "image/png"}
IMAGE = encoded(np.dstack([FORM.tones] * 3))


@pytest.fixture(autouse=True)
def off() -> Template:
    """The form's template with all bubbles 6 pixels off."""
    return moved(FORM.template, lambda: (6, -6))


@pytest.fixture(autouse=True)
def stored(config: Config, off: Template) -> Path:
    """It lies in the store as `drawn`."""
    file = Path(config.templates, "drawn.omr")
    file.write_bytes(template_to_bytes(off))
    return file


def test_the_corrected_template_is_answered_and_not_stored(client: FlaskClient, stored: Path) -> None:
    before = stored.read_bytes()
    answer = client.post(ASKED, data=IMAGE, headers=PNG)
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["Name"], told["Stored"], told["Messages"]) == ("drawn", False, [])
    assert np.abs(centres(load_template(told["Template"])) - FORM.centres).max() < 0.5
    assert stored.read_bytes() == before
    assert answer.headers["ETag"] == client.get("/api/templates/drawn").headers["ETag"]


def test_with_the_entity_tag_it_replaces_the_stored_one(client: FlaskClient, stored: Path) -> None:
    etag = client.get("/api/templates/drawn").headers["ETag"]
    answer = client.post(ASKED, data=IMAGE, headers={**PNG, "If-Match": etag})
    told = answer.get_json()
    assert (answer.status_code, told["Stored"]) == (200, True)
    assert json.loads(stored.read_bytes()) == told["Template"] == dump_template(load_template(stored.read_bytes()))
    assert answer.headers["ETag"] == client.get("/api/templates/drawn").headers["ETag"] != etag


def test_with_another_entity_tag_nothing_is_done(client: FlaskClient, assert_refused: Refusal, stored: Path) -> None:
    before = stored.read_bytes()
    answer = client.post(ASKED, data=IMAGE, headers={**PNG, "If-Match": '"other"'})
    assert_refused(answer, 412, "precondition_failed")
    assert stored.read_bytes() == before


def test_the_image_beside_the_template_serves_without_a_body(client: FlaskClient, stored: Path) -> None:
    stored.with_suffix(".png").write_bytes(IMAGE)
    told = client.post(ASKED).get_json()
    assert np.abs(centres(load_template(told["Template"])) - FORM.centres).max() < 0.5


def test_bubbles_that_are_not_found_are_told(client: FlaskClient) -> None:
    white = encoded(np.full((*FORM.tones.shape, 3), 255, np.uint8))
    told = client.post(ASKED, data=white, headers=PNG).get_json()
    assert told["Messages"][-1] == "Question6: no printed bubble was found for A, B, C, D, E."
    bubbles = told["Template"]["Pages"][0]["Elements"][-1]["Bubbles"]
    assert [bubble["IsValid"] for bubble in bubbles] == [False] * 5


def test_finalization_tells_what_is_read_on_the_blank_page(client: FlaskClient, stored: Path) -> None:
    stored.write_bytes(template_to_bytes(FORM.template))
    answer = client.post(FINAL, data=IMAGE, headers=PNG)
    told = answer.get_json()
    assert (answer.status_code, told["Name"], told["Blank"]) == (200, "drawn", False)
    # the drawn form has a bar code in its template alone
    assert told["Messages"] == ["Code: No barcode of the type 'qr' was found in the box."]
    lines = told["Results"].splitlines()
    assert [line for line in lines if line.startswith("Question")] == [f"Question{n}:" for n in range(3, 7)]


SMALL = encoded(np.full((50, 200, 3), 255, np.uint8))


@pytest.mark.parametrize("path", [ASKED, FINAL])
@pytest.mark.parametrize(
    ("query", "data", "headers", "status", "code"),
    [
        ("", b"", {}, 400, "invalid_request"),
        ("", b"no image", PNG, 415, "unsupported_image"),
        ("", IMAGE[:2000], PNG, 422, "corrupt_image"),
        ("", IMAGE, {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        ("", SMALL, PNG, 400, "invalid_request"),
        ("?page=2", IMAGE, PNG, 400, "invalid_request"),
        ("?page=x", IMAGE, PNG, 400, "invalid_request"),
    ],
)
def test_what_is_no_page_image_is_refused(
    client: FlaskClient,
    assert_refused: Refusal,
    path: str,
    query: str,
    data: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    assert_refused(client.post(path + query, data=data, headers=headers), status, code)


@pytest.mark.parametrize("path", [ASKED, FINAL])
def test_an_unknown_template_is_not_found(client: FlaskClient, assert_refused: Refusal, path: str) -> None:
    assert_refused(client.post(path.replace("drawn", "none"), data=IMAGE, headers=PNG), 404, "not_found")
