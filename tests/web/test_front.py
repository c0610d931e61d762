"""What is answered before Flask, and what must not be."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.imaging.pyramid_writing import write_pyramid
from omrclip.web import answers, image_answers, services
from omrclip.web.app import create_app
from tests.web.making import asked, encoded, grid


def remembered(client: FlaskClient) -> int:
    return len(services.of(client.application).answers._answers)


def test_a_request_of_any_length_is_answered_but_only_usual_ones_are_remembered(client: FlaskClient) -> None:
    for number in range(20):
        assert client.get(f"/iiif/3/grid.png/info.json?{number}{'x' * answers.LONGEST_KEY}").status_code == 200
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
    monkeypatch.setattr("omrclip.web.image_answers.__version__", "99.0")
    assert create_app(config).test_client().get(address).headers["ETag"] != before


FIRST = "0,0,40,30/full/0/default.png"
OTHERS = ["12,18,90,40/full/0/default.png", "full/50,/!90/gray.jpg", FIRST]


def reaching_flask(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of all requests that Flask is asked from now on."""
    asked_of_flask: list[str] = []
    application = client.application.wsgi_app
    flask = application._flask

    def counted(environ: dict[str, str], start_response: object) -> object:
        asked_of_flask.append(environ["PATH_INFO"])
        return flask(environ, start_response)

    monkeypatch.setattr(application, "_flask", counted)
    return asked_of_flask


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("headers", [{}, {"Host": "here:81", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/a"}])
def test_other_parts_of_an_open_image_are_answered_as_flask_answers_them(
    client: FlaskClient, config: Config, monkeypatch: pytest.MonkeyPatch, version: int, headers: dict[str, str]
) -> None:
    prefix = f"/iiif/{version}/grid.png"
    forms = [form if version == 2 else form.replace("/full/", "/max/") for form in OTHERS]
    expected = [create_app(config).test_client().get(f"{prefix}/{form}", headers=headers) for form in forms]
    client.get(f"{prefix}/full/max/0/default.png", headers=headers)
    client.get(f"{prefix}/full/50,/0/default.png", headers=headers)
    asked_of_flask = reaching_flask(client, monkeypatch)
    for form, whole in zip(forms, expected, strict=True):
        told = {"If-None-Match": whole.headers["ETag"]}
        unchanged = client.get(f"{prefix}/{form}", headers={**headers, **told})
        answer = client.get(f"{prefix}/{form}", headers=headers)
        assert (answer.status_code, answer.data) == (200, whole.data)
        assert sorted(answer.headers.items()) == sorted(whole.headers.items())
        assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", whole.headers["ETag"])
        assert unchanged.headers["Link"] == whole.headers["Link"]
    assert asked_of_flask == []


@pytest.mark.parametrize("headers", [{}, {"Host": "here:81"}])
def test_a_pyramid_that_was_never_asked_for_is_answered_as_flask_answers_it(
    client: FlaskClient, config: Config, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    with Path(config.images, "grid.tif").open("wb") as file:
        write_pyramid(grid(), file)
    address = "/iiif/2/grid.tif/10,20,90,40/full/0/default.jpg"
    without = create_app(config)
    monkeypatch.setattr(without, "wsgi_app", without.wsgi_app._flask)
    expected = without.test_client().get(address, headers=headers)
    monkeypatch.setattr(client.application.wsgi_app, "_flask", None)
    answer = client.get(address, headers=headers)
    assert (answer.status_code, answer.data) == (200, expected.data)
    assert sorted(answer.headers.items()) == sorted(expected.headers.items())


def test_an_address_that_no_client_can_have_is_refused_as_ever(client: FlaskClient) -> None:
    answer = client.get(f"/iiif/2/grid.png/{FIRST}", headers={"Host": "no host/"})
    assert answer.status_code == client.get("/health", headers={"Host": "no host/"}).status_code


HANDED_ON = [
    (f"{FIRST}?download", {}, 200),
    (FIRST.replace("default", "colour"), {}, 400),
    ("999,0,9,9/full/0/default.png", {}, 400),
    ("full/9000,/0/default.png", {}, 413),
    (FIRST, {"If-None-Match": '"other", "others"'}, 200),
    (FIRST, {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200),
    (FIRST, {"X-Forwarded-Host": "elsewhere"}, 200),
    ("info.json", {}, 200),
]


@pytest.mark.parametrize(("rest", "headers", "status"), HANDED_ON)
def test_what_flask_has_to_find_out_or_to_refuse_is_asked_of_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, rest: str, headers: dict[str, str], status: int
) -> None:
    client.get("/iiif/2/grid.png/full/full/0/default.png")
    asked_of_flask = reaching_flask(client, monkeypatch)
    assert client.get(f"/iiif/2/grid.png/{rest}", headers=headers).status_code == status
    assert len(asked_of_flask) == 1


def test_a_file_that_changed_is_opened_anew(client: FlaskClient, config: Config) -> None:
    client.get(f"/iiif/2/grid.png/{OTHERS[0]}")
    before = client.get(f"/iiif/2/grid.png/{FIRST}")
    Path(config.images, "grid.png").write_bytes(encoded(grid(salt=1)))
    after = client.get(f"/iiif/2/grid.png/{FIRST.replace('0,0,', '0,1,')}")
    assert (after.status_code, after.headers["ETag"] != before.headers["ETag"]) == (200, True)
    Path(config.images, "grid.png").unlink()
    assert client.get(f"/iiif/2/grid.png/{FIRST.replace('0,0,', '0,2,')}").status_code == 404


def test_what_is_not_decoded_yet_is_left_to_who_can_wait(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get(f"/iiif/2/grid.png/{FIRST}", headers={"If-None-Match": "*"})
    asked_of_flask = reaching_flask(client, monkeypatch)
    assert [client.get(f"/iiif/2/grid.png/{form}").status_code for form in (FIRST, OTHERS[0])] == [200, 200]
    assert asked_of_flask == [f"/iiif/2/grid.png/{FIRST}"]


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ("12,18,90,40/full/0/default.jpg", [0, 1, 1]),
        ("0,0,100,100/50,/0/gray.jpg", [0, 1, 1]),
        ("12,18,90,40/full/0/default.png", [1, 1, 1]),
        ("12,18,90,40/full/90/default.jpg", [1, 1, 1]),
        ("0,0,101,100/full/0/default.jpg", [1, 1, 1]),
        ("0,0,101,100/50,/0/default.jpg", [1, 1, 1]),
        ("0,0,10,10/101,100/0/default.jpg", [1, 1, 1]),
    ],
)
def test_what_is_soon_made_is_kept_when_it_is_asked_for_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, form: str, kept: list[int]
) -> None:
    monkeypatch.setattr(image_answers, "SOON_MADE_PIXELS", 10_099)
    client.get("/iiif/2/grid.png/full/full/0/default.png")
    client.get("/iiif/2/grid.png/full/150,/0/default.png")
    derivatives = services.of(client.application).derivatives
    before = derivatives.counts().entries
    entries, found = [], []
    for _ in kept:
        answer = client.get(f"/iiif/2/grid.png/{form}")
        entries.append(derivatives.counts().entries - before)
        found.append((answer.status_code, answer.data, sorted(answer.headers.items())))
    assert entries == kept
    assert found[0][0] == 200
    assert found[1:] == found[:1] * 2


def test_a_clip_that_was_not_kept_is_known_to_be_unchanged_without_its_pixels(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/iiif/3/grid.png/12,18,90,40/max/0/default.jpg"
    client.get("/iiif/3/grid.png/full/max/0/default.png")
    tag = client.get(address).headers["ETag"]
    monkeypatch.setattr(image_answers, "render", None)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_images_are_not_held_open_by_being_remembered(config: Config) -> None:
    client = create_app(replace(config, memory_bytes=2**20)).test_client()
    assert client.get(f"/iiif/2/grid.png/{FIRST}").status_code == 200
    known = services.of(client.application)
    known.sources.opened.forget(lambda _: True)
    assert known.answers.find_image("grid.png") is None
