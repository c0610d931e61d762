"""Keeping recognitions: only where it is asked for, for as long as it is asked for, and nothing is left afterwards."""

import json
import re
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header

from omrclip.config import Config
from omrclip.omr.report.result_files import saved_name
from omrclip.web import services
from omrclip.web.app import App, create_app
from tests.web.conftest import Refusal
from tests.web.keeping import NOW, THREE, Boot, Clock, Posted, identifier_of, identifiers, stored, uris_in
from tests.web.making import Json, asked, bytes_of, encoded, file_part, grid, multipart


@pytest.mark.parametrize("options", [{}, {"Keep": False}, {"Keep": None}])
@pytest.mark.parametrize("accept", ["application/json", "application/zip", "application/x-ndjson"])
def test_nothing_is_kept_by_default(client: FlaskClient, config: Config, options: Json, accept: str) -> None:
    response = client.post("/api/recognitions", json=asked(Options=options), headers={"Accept": accept})
    assert response.status_code == 200
    assert response.data
    assert "Location" not in response.headers
    assert not Path(config.results).exists()
    if accept == "application/json":
        assert uris_in(response.get_json()) == []


@pytest.mark.parametrize(
    ("keep", "query", "seconds"),
    [
        (True, "", 86_400),
        (1, "", 1),
        (3600, "", 3600),
        (31 * 86_400, "", 31 * 86_400),
        (None, "?keep", 86_400),
        (None, "?keep=true", 86_400),
        (None, "?keep=60", 60),
        (True, "?keep=60", 60),
        (False, "?keep=60", 60),
    ],
)
def test_it_is_kept_as_long_as_asked(
    client: FlaskClient,
    kept: Posted,
    clock: Clock,
    assert_refused: Refusal,
    keep: Any,
    query: str,
    seconds: int,
) -> None:
    uri = kept(keep, query)["Uri"]
    told = client.get(uri).get_json()
    assert (told["Created"], told["Expires"]) == (NOW, NOW + seconds)
    clock(seconds - 0.01)
    assert client.get(uri).status_code == 200
    clock(seconds)
    assert_refused(client.get(uri), 404, "not_found", uri.rpartition("/")[2])


@pytest.mark.parametrize("keep", [0, -1, 1.5, "true", "60", [], {}, 31 * 86_400 + 1, 10**12])
def test_a_time_that_is_none_or_too_long_is_refused(
    client: FlaskClient, config: Config, assert_refused: Refusal, keep: Any
) -> None:
    response = client.post("/api/recognitions", json=asked(Options={"Keep": keep}))
    assert_refused(response, 400, "invalid_request", "$.Options.Keep")
    assert not Path(config.results).exists()


@pytest.mark.parametrize("keep", ["0", "-1", "yes", "1.5", "6 0", "٣", "2678401", "9" * 40, "false"])
def test_a_time_in_the_query_is_checked_alike(client: FlaskClient, assert_refused: Refusal, keep: str) -> None:
    response = client.post(f"/api/recognitions?keep={keep}", json=asked())
    assert_refused(response, 400, "invalid_request", "eep")


@pytest.mark.usefixtures("clock")
def test_how_long_is_a_setting(config: Config) -> None:
    client = create_app(replace(config, keep_seconds=10, max_keep_seconds=20)).test_client()
    told = client.get(client.post("/api/recognitions?keep", json=asked()).headers["Location"]).get_json()
    assert told["Expires"] - told["Created"] == 10
    assert client.post("/api/recognitions?keep=21", json=asked()).status_code == 400


def test_parts_may_ask_for_it_too(client: FlaskClient) -> None:
    parts = [("Template", "form"), ("Images", file_part("scan.png", encoded(grid())))]
    for options, query in (([("Options", '{"Keep": 60}')], ""), ([], "?keep")):
        parts[1] = ("Images", file_part("scan.png", encoded(grid())))
        response = client.post(f"/api/recognitions{query}", **multipart(*parts, *options))
        assert client.get(response.headers["Location"]).status_code == 200


def test_the_answer_is_given_again_without_the_files_data(client: FlaskClient, kept: Posted) -> None:
    given = kept(Images=THREE)
    again = client.get(given["Uri"]).get_json()
    assert {key for key in again if key not in given} == {"Created", "Expires"}
    for file in given["ResponseFiles"]:
        del file["Data"]
    assert {key: again[key] for key in given} == given


def test_every_uri_of_the_answer_works(client: FlaskClient, kept: Posted) -> None:
    answer = kept(Images=THREE)
    uris = set(uris_in(answer))
    assert len(uris) == 1 + 2 + 2 + 4, "the whole, two results, two pages, four clips"
    for uri in uris:
        response = client.get(uri, follow_redirects=True)
        assert response.status_code == 200, uri
    broken = answer["Recognitions"][1]
    assert (broken["Uri"], broken["Clips"]) == (None, [])


def test_a_clip_has_one_uri_wherever_it_is_told(kept: Posted) -> None:
    answer = kept(Images=THREE)
    by_file = {file["Name"]: file["Uri"] for file in answer["ResponseFiles"]}
    for described in answer["Recognitions"]:
        for clip in described["Clips"]:
            assert by_file[clip["File"]] == clip["Uri"]
            assert clip["Uri"].startswith(f"{described['Uri']}.")


def test_identifiers_cannot_be_guessed_and_hold_no_slash(kept: Posted) -> None:
    identifiers = {identifier_of(kept()) for _ in range(5)}
    assert len(identifiers) == 5
    assert all(re.fullmatch("[0-9a-f]{24}", identifier) for identifier in identifiers)
    for uri in uris_in(kept()):
        assert re.fullmatch(r"http://localhost/(api/recognitions/[0-9a-f]{24}(/files/[^/]+)?|iiif/3/[0-9a-f.]+)", uri)


@pytest.mark.parametrize("accept", ["application/json", "application/zip", "application/x-ndjson"])
def test_every_form_of_the_answer_tells_where_it_is_kept(client: FlaskClient, accept: str) -> None:
    response = client.post("/api/recognitions?keep", json=asked(Images=THREE), headers={"Accept": accept})
    data, location = response.data, response.headers["Location"]
    if accept == "application/zip":
        with zipfile.ZipFile(BytesIO(data)) as archive:
            told = [json.loads(archive.read("results.json"))]
    else:
        told = [json.loads(line) for line in data.splitlines()]
    assert {answer["Uri"] for answer in told} == {location}
    described = [recognition for answer in told for recognition in answer["Recognitions"]]
    assert described == client.get(location).get_json()["Recognitions"]
    for uri in uris_in(told):
        assert client.get(uri, follow_redirects=True).status_code == 200, uri


def test_the_files_are_those_of_the_answer(client: FlaskClient, kept: Posted) -> None:
    answer = kept(Images=THREE)
    expected = {file["Name"]: (file["MediaType"], bytes_of(file["Data"])) for file in answer["ResponseFiles"]}
    for name, (media_type, data) in expected.items():
        response = client.get(f"{answer['Uri']}/files/{name}")
        assert (response.status_code, response.content_type, response.data) == (200, media_type, data)
        tag = response.headers["ETag"]
        assert client.get(f"{answer['Uri']}/files/{name}", headers={"If-None-Match": tag}).status_code == 304
        assert "Content-Disposition" not in response.headers
        disposition = client.get(f"{answer['Uri']}/files/{name}?download").headers["Content-Disposition"]
        assert disposition.startswith("attach")
        assert saved_name(name, media_type) in parse_options_header(disposition)[1]["filename"]
    response = client.get(f"{answer['Uri']}/files.zip")
    assert (response.status_code, response.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        saved = {saved_name(name, media_type): data for name, (media_type, data) in expected.items()}
        names = [name for name in archive.namelist() if name not in ("results.csv", "results.xlsx")]
        assert {name: archive.read(name) for name in names} == saved
        assert not any(name.endswith(".png") for name in saved)


def test_files_of_the_store_are_not_files_of_the_answer(client: FlaskClient, kept: Posted, config: Config) -> None:
    uri = kept()["Uri"]
    for name in ("kept.json", "answer.json", "..%2Fkept.json", "..%2Fscans%2F1", "%2e%2e/kept.json", "none", ""):
        assert client.get(f"{uri}/files/{name}").status_code == 404, name
    assert any(name.endswith("kept.json") for name in stored(config))


def test_delete_removes_everything(client: FlaskClient, kept: Posted, config: Config, assert_refused: Refusal) -> None:
    answer, other = kept(Images=THREE), kept()
    uris = uris_in(answer)
    for uri in uris:
        client.get(uri, follow_redirects=True)
    assert client.delete(answer["Uri"]).status_code == 204
    identifier = identifier_of(answer)
    assert identifiers(config) == {identifier_of(other)}
    for uri in uris:
        assert_refused(client.get(uri), 404, "not_found")
        assert client.get(f"{uri}/info.json").status_code == 404
    assert_refused(client.delete(answer["Uri"]), 404, "not_found", identifier)
    for uri in uris_in(other):
        assert client.get(uri, follow_redirects=True).status_code == 200


def test_what_has_expired_is_swept_away_and_nothing_else(
    app: App, client: FlaskClient, kept: Posted, config: Config, clock: Clock, boot: Boot
) -> None:
    short, long = kept(10, Images=THREE), kept(1000)
    assert len(stored(config)) > 10
    store = services.of(app).kept
    store.sweep()
    assert client.get(short["Uri"]).status_code == 200
    clock(11)
    assert {client.get(uri).status_code for uri in uris_in(short)} == {404}
    store.sweep()
    boot.seconds += config.grace_seconds
    store.sweep()
    assert identifiers(config) == {identifier_of(long)}
    for uri in uris_in(long):
        assert client.get(uri, follow_redirects=True).status_code == 200


def test_another_process_finds_it_and_a_deletion_is_seen_by_all(config: Config, kept: Posted) -> None:
    other = create_app(config).test_client()
    answer = kept()
    clip = answer["Recognitions"][0]["Clips"][0]["Uri"]
    assert other.get(f"{clip}/full/max/0/default.png").status_code == 200
    assert other.delete(answer["Uri"]).status_code == 204
    for uri in (answer["Uri"], f"{clip}/full/max/0/default.png"):
        assert create_app(config).test_client().get(uri).status_code == 404
        assert other.get(uri).status_code == 404


def test_files_are_sent_in_parts(client: FlaskClient, kept: Posted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omrclip.web.api.kept.READ_AT_ONCE", 100)
    answer = kept()
    clip = answer["ResponseFiles"][1]
    for path in (f"files/{clip['Name']}", "files.zip"):
        with client.get(f"{answer['Uri']}/{path}", buffered=False) as response:
            parts = list(response.iter_encoded())
        assert len(parts) > clip["Size"] // 100
        assert max(map(len, parts)) < 1000, "the directory of a zip is the longest"
