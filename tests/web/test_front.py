"""What is answered before Flask, and what must not be."""

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web import front, services
from omrclip.web.app import create_app
from tests.web.making import asked, encoded, grid


def remembered(client: FlaskClient) -> int:
    return len(services.of(client.application).answers._answers)


def test_a_request_of_any_length_is_answered_but_only_usual_ones_are_remembered(client: FlaskClient) -> None:
    for number in range(20):
        assert client.get(f"/iiif/3/grid.png/info.json?{number}{'x' * front.LONGEST_KEY}").status_code == 200
    assert remembered(client) == 0
    assert client.get("/iiif/3/grid.png/info.json").status_code == 200
    assert remembered(client) == 1


def test_what_is_kept_for_a_time_is_private_and_never_remembered(client: FlaskClient) -> None:
    answer = client.post("/api/recognitions?keep", json=asked()).get_json()
    page, clip = answer["Recognitions"][0]["Uri"], answer["Recognitions"][0]["Clips"][0]["Uri"]
    addresses = [f"{page}/info.json", f"{clip}/full/max/0/default.jpg", answer["Uri"], f"{answer['Uri']}/files.zip"]
    for address in [*addresses, f"{answer['Uri']}/manifest.json"]:
        assert client.get(address).headers["Cache-Control"] == "private, no-cache"
    assert remembered(client) == 0


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ('application/ld+json;profile="a", application/ld+json;profile="b";q=0.1, application/json;q=0.5', "ld+json"),
        ("application/ld+json;q=0.1, application/json;q=0.5", "json"),
        ("application/*", "ld+json"),
        ("text/html", "ld+json"),
    ],
)
def test_a_type_named_twice_counts_as_it_is_wanted_most(client: FlaskClient, accept: str, expected: str) -> None:
    response = client.get("/iiif/3/grid.png/info.json", headers={"Accept": accept})
    assert response.mimetype == f"application/{expected}"


def test_a_stored_image_may_be_named_like_a_kept_one(client: FlaskClient) -> None:
    name = f"{'a' * 24}.1"
    assert client.put(f"/api/images/{name}", data=encoded(grid())).status_code == 201
    assert client.get(f"/iiif/3/{name}/info.json").status_code == 200
    assert client.get(f"/iiif/3/{'b' * 24}.1/info.json").status_code == 404


def test_another_version_gives_other_entity_tags(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "/iiif/3/grid.png/full/50,/0/default.jpg"
    before = create_app(config).test_client().get(address).headers["ETag"]
    monkeypatch.setattr("omrclip.web.iiif.__version__", "99.0")
    assert create_app(config).test_client().get(address).headers["ETag"] != before
