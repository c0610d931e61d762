"""The overlay of a kept recognition: drawn on its scan, private, and gone with it."""

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.omr.report.overlay_style import CLIP, FAILED
from omrclip.web.app import create_app
from tests.web.conftest import Refusal
from tests.web.keeping import THREE, Posted, identifier_of
from tests.web.making import WIDTH, Json, asked, choice_box, clip_area, decoded, encoded, grid, image, template


def overlays(answer: Json) -> list[str | None]:
    return [urlsplit(told["Overlay"]).path if told["Overlay"] else None for told in answer["Recognitions"]]


@pytest.fixture
def address(kept: Posted) -> str:
    (only,) = overlays(kept(Template=template(choice_box(), clip_area("Näme"))))
    assert only is not None
    return only


def has(data: bytes, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(decoded(data).astype(int) - colour).max(axis=2) <= 60).any())


def test_a_scan_is_shown_with_what_was_read(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response.mimetype) == (200, "image/jpeg")
    drawn = decoded(response.data)
    assert drawn.shape[1] == WIDTH
    assert drawn.shape[0] > 200, "the legend stands below"
    assert has(response.data, CLIP)


def test_every_scan_that_is_an_image_has_one(client: FlaskClient, kept: Posted) -> None:
    unlike = image("wide.png", encoded(grid(600, 100)))
    passed, broken, larger, failed = overlays(kept(Images=[*THREE, unlike]))
    assert broken is None
    for uri in (passed, larger, failed):
        assert uri is not None
        assert client.get(uri).status_code == 200
    assert has(client.get(str(failed)).data, FAILED)
    assert decoded(client.get(str(larger)).data).shape[1] == 600


def test_nothing_is_told_of_what_is_not_kept(client: FlaskClient) -> None:
    assert overlays(client.post("/api/recognitions", json=asked()).get_json()) == [None]


def test_it_is_private_and_asked_for_again_in_vain(client: FlaskClient, address: str) -> None:
    first = client.get(address)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert client.get(address, headers={"If-None-Match": '"other"'}).data == first.data
    assert client.head(address).headers["ETag"] == first.headers["ETag"]


def test_it_is_the_same_after_a_restart(config: Config, client: FlaskClient, address: str) -> None:
    assert create_app(config).test_client().get(address).data == client.get(address).data


@pytest.mark.parametrize("number", ["0", "2", "99", "x", "-1", "1.scan"])
def test_there_is_none_of_other_scans(client: FlaskClient, kept: Posted, assert_refused: Refusal, number: str) -> None:
    identifier = identifier_of(kept())
    assert_refused(client.get(f"/api/recognitions/{identifier}/overlay/{number}"), 404, "not_found")


def test_a_scan_that_is_no_image_is_refused_as_one(client: FlaskClient, kept: Posted, assert_refused: Refusal) -> None:
    identifier = identifier_of(kept(Images=THREE))
    assert_refused(client.get(f"/api/recognitions/{identifier}/overlay/2"), 415, "unsupported_image")


def test_it_is_gone_with_the_recognition(
    client: FlaskClient, config: Config, address: str, assert_refused: Refusal
) -> None:
    assert client.get(address).status_code == 200
    assert client.delete(address.partition("/overlay")[0]).status_code == 204
    assert_refused(client.get(address), 404, "not_found")
    assert not list(Path(config.results).rglob("scans/*"))
