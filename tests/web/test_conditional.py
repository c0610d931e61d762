"""Conditional requests: who has the answer already is told so, without a pixel being touched."""

import re
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from omrclip.config import Config
from omrclip.web.app import create_app
from tests.web.making import encoded, grid, jpeg, omr, template

IMAGES = ["/iiif/2/grid.png/full/50,/0/default.jpg", "/iiif/3/grid.png/0,0,50,50/max/90/gray.png"]
INFORMATION = ["/iiif/2/grid.png/info.json", "/iiif/3/grid.png/info.json"]
ALL = [*IMAGES, *INFORMATION]


def lasting_headers(answer: TestResponse) -> list[tuple[str, str]]:
    """All headers but for the request's own id."""
    return sorted(header for header in answer.headers.items() if header[0] != "X-Request-Id")


def tag_of(config: Config, path: str) -> str:
    """The entity tag, from an application of its own, so that the one under test has not rendered anything."""
    response = create_app(config).test_client().get(path)
    assert response.status_code == 200
    return response.headers["ETag"]


@pytest.mark.parametrize("path", ALL)
def test_entity_tags_are_strong_and_the_same_in_every_process(config: Config, path: str) -> None:
    tags = {tag_of(config, path) for _ in range(2)}
    (tag,) = tags
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)


CONDITIONS = ["{tag}", "W/{tag}", '"other", {tag}', "{tag}, W/{tag}", "*"]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_tag_is_known_before_anything_is_rendered(
    client: FlaskClient, config: Config, path: str, condition: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = tag_of(config, path)

    def fail(*_: object, **__: object) -> bytes:
        raise AssertionError("nothing was to be decoded or rendered")

    monkeypatch.setattr("omrclip.web.image_answers.render", fail)
    monkeypatch.setattr("omrclip.serving.cached.decode", fail)
    response = client.open(path, method=method, headers={"If-None-Match": condition.format(tag=tag)})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == config.cache_control
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ALL)
def test_a_tag_that_is_known_is_answered_alike_before_and_after_the_first_full_answer(
    client: FlaskClient, config: Config, path: str
) -> None:
    tag = tag_of(config, path)
    first = client.get(path, headers={"If-None-Match": tag})
    full = client.get(path)
    again = client.get(path)
    last = client.get(path, headers={"If-None-Match": tag})
    assert [answer.status_code for answer in (first, full, again, last)] == [304, 200, 200, 304]
    assert again.data == full.data
    assert lasting_headers(again) == lasting_headers(full)
    kept = {"ETag", "Cache-Control", "Link", "Vary", "Access-Control-Allow-Origin"}
    told = [{name: answer.headers.get(name) for name in kept} for answer in (first, full, last)]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("condition", ['"0123"', 'W/"0123"', "nonsense", ""])
def test_another_tag_is_answered_in_full(client: FlaskClient, path: str, condition: str) -> None:
    whole = client.get(path)
    response = client.get(path, headers={"If-None-Match": condition})
    assert (response.status_code, response.data) == (200, whole.data)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("condition", "status"), [("*", 200), ("{tag}", 200), ('"other"', 412)])
def test_a_template_is_given_if_it_is_the_one_that_the_client_expects(
    client: FlaskClient, method: str, condition: str, status: int
) -> None:
    created = client.put("/api/templates/new", data=omr(template()))
    condition = condition.format(tag=created.headers["ETag"])
    assert client.open("/api/templates/new", method=method, headers={"If-Match": condition}).status_code == status


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize(("hours", "status"), [(-1, 200), (0, 304), (1, 304)])
def test_who_has_it_since_it_was_stored_need_not_have_it_again(
    client: FlaskClient, path: str, hours: int, status: int
) -> None:
    stored = client.get(path).headers["Last-Modified"]
    since = format_datetime(parsedate_to_datetime(stored) + timedelta(hours=hours), usegmt=True)
    assert client.get(path, headers={"If-Modified-Since": since}).status_code == status


@pytest.mark.parametrize("path", ALL)
def test_a_tag_counts_more_than_a_time(client: FlaskClient, path: str) -> None:
    told = client.get(path).headers
    later = {"If-Modified-Since": told["Last-Modified"], "If-None-Match": '"other"'}
    assert client.get(path, headers=later).status_code == 200
    earlier = {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT", "If-None-Match": told["ETag"]}
    assert client.get(path, headers=earlier).status_code == 304


@pytest.mark.parametrize("condition", ["Mon, 01 Foo 2001", "yesterday", ""])
def test_a_time_that_is_none_is_passed_over(client: FlaskClient, condition: str) -> None:
    assert client.get(IMAGES[0], headers={"If-Modified-Since": condition}).status_code == 200


def test_the_time_is_that_of_the_file(client: FlaskClient, config: Config) -> None:
    modified = (Path(config.images) / "grid.png").stat().st_mtime
    for path in ALL:
        assert int(parsedate_to_datetime(client.get(path).headers["Last-Modified"]).timestamp()) == int(modified)


def test_a_replaced_file_has_other_tags_at_once(client: FlaskClient) -> None:
    before = {path: client.get(path) for path in IMAGES}
    stored = client.get("/api/images/grid.png").headers["ETag"]
    new = client.put("/api/images/grid.png", data=encoded(grid(salt=40)), headers={"If-Match": stored})
    assert new.status_code == 200
    for path, old in before.items():
        response = client.get(path, headers={"If-None-Match": old.headers["ETag"]})
        assert response.status_code == 200
        assert response.headers["ETag"] != old.headers["ETag"]
        assert response.data != old.data


def test_the_information_changes_with_the_extents_of_a_replaced_file(client: FlaskClient, config: Config) -> None:
    tags = {path: client.get(path).headers["ETag"] for path in INFORMATION}
    (Path(config.images) / "grid.png").write_bytes(jpeg(grid(150, 100)))
    for path, tag in tags.items():
        response = client.get(path, headers={"If-None-Match": tag})
        assert (response.status_code, response.get_json(force=True)["width"]) == (200, 150)


def test_a_removed_file_is_gone_at_once(client: FlaskClient) -> None:
    tags = {path: client.get(path).headers["ETag"] for path in ALL}
    assert client.delete("/api/images/grid.png").status_code == 204
    for path, tag in tags.items():
        assert client.get(path).status_code == 404
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 404


def test_the_same_bytes_stored_again_keep_their_tags(client: FlaskClient) -> None:
    tags = {path: client.get(path).headers["ETag"] for path in IMAGES}
    again = client.put("/api/images/copy.png", data=encoded(grid()))
    assert again.status_code == 201
    for path, tag in tags.items():
        assert client.get(path.replace("grid.png", "copy.png")).headers["ETag"] == tag


EQUIVALENT = [
    ("full/150,/0/default.png", "0,0,300,200/pct:50/360/color.png", "full/!150,999/0.0/default.png"),
    ("square/full/!90/gray.jpg", "50,0,200,200/200,/!90.0/gray.jpg", "50,0,200,200/,200/!90/gray.jpg"),
    ("280,190,20,10/full/0/default.png", "280,190,500,500/max/0/default.png", "280,190,20,10/20,10/0/color.png"),
]


@pytest.mark.parametrize("forms", EQUIVALENT)
def test_all_forms_of_one_request_have_one_tag(client: FlaskClient, forms: tuple[str, ...]) -> None:
    answers = [client.get(f"/iiif/2/grid.png/{form}") for form in forms]
    answers.append(client.get(f"/iiif/3/grid.png/{forms[0].replace('/full/', '/max/')}"))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert len({answer.data for answer in answers}) == 1


def test_different_requests_have_different_tags(client: FlaskClient) -> None:
    forms = ["full/max/0/default.png", "full/max/0/default.jpg", "full/max/0/gray.png", "full/max/180/default.png"]
    forms += ["full/299,/0/default.png", "0,0,299,200/max/0/default.png", "full/max/!0/default.png"]
    tags = {client.get(f"/iiif/3/grid.png/{form}").headers["ETag"] for form in forms}
    assert len(tags) == len(forms)


@pytest.mark.parametrize("path", ALL)
def test_head_tells_what_get_would(client: FlaskClient, path: str) -> None:
    for _ in range(2):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.data) == (200, b"")
        assert lasting_headers(head) == lasting_headers(get)
        assert int(head.headers["Content-Length"]) == len(get.data)


@pytest.mark.parametrize("policy", ["no-cache", "public, max-age=31536000, immutable"])
def test_how_long_answers_are_kept_by_clients_is_a_setting(config: Config, policy: str) -> None:
    client = create_app(replace(config, cache_control=policy)).test_client()
    for path in ALL:
        assert client.get(path).headers["Cache-Control"] == policy
    assert "Cache-Control" not in client.get("/iiif/3/none/info.json").headers


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("header", ["If-Match", "If-Unmodified-Since", "If-Range", "Range"])
def test_who_has_nothing_is_never_told_that_it_is_unchanged(client: FlaskClient, path: str, header: str) -> None:
    condition = {"Range": "bytes=0-9", "If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}.get(header, '"other"')
    for _ in range(2):
        response = client.get(path, headers={header: condition})
        assert response.status_code in {200, 412}
        assert response.data


def test_another_version_gives_other_entity_tags(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "/iiif/3/grid.png/full/50,/0/default.jpg"
    before = create_app(config).test_client().get(address).headers["ETag"]
    monkeypatch.setattr("omrclip.web.image_answers.__version__", "99.0")
    assert create_app(config).test_client().get(address).headers["ETag"] != before
