"""Attacks on the log-in and on the borders of workspaces that the other tests of this folder do not try."""

import logging
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web.app import App, create_app
from tests.web.auth.conftest import ANN, BLUE, PASSWORD, RED, As
from tests.web.making import encoded, grid

FORM = {"name": "ann", "password": PASSWORD}


@pytest.fixture
def red(acting: As) -> FlaskClient:
    client = acting(RED)
    assert client.put("/api/images/own.png", data=encoded(grid())).status_code == 201
    return client


def test_a_session_that_an_attacker_has_chosen_is_not_used(app: App) -> None:
    client = app.test_client()
    client.set_cookie("omrclip", "omr_chosen")
    answer = client.post("/login", data=FORM)
    assert "omr_chosen" not in answer.headers["Set-Cookie"]
    assert app.test_client().get("/api/session", headers={"Cookie": "omrclip=omr_chosen"}).status_code == 401


@pytest.mark.parametrize("path", ["/api/batches", "/api/links", "/api/recognitions", "/login", "/logout"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_another_site_is_refused_whatever_its_type(app: App, path: str, media_type: str) -> None:
    client = app.test_client()
    client.post("/login", data=FORM)
    answer = client.post(path, data="{}", content_type=media_type, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "foreign_request")


def test_a_huge_password_is_refused_like_any_other(client: FlaskClient) -> None:
    """The limit on bodies applies first where it is lower, as in these tests."""
    for length in (100_000, 1_000_000):
        answer = client.post("/login", data={"name": "ann", "password": "x" * length})
        assert answer.status_code in {401, 413}
    assert client.get("/api/session").status_code == 401


@pytest.mark.parametrize("target", ["/a\r\nX-Evil: y", "/\t/evil.example", "javascript:alert(1)", "/%0d%0aX-Evil:y"])
def test_a_target_writes_no_header(client: FlaskClient, target: str) -> None:
    answer = client.post("/login", data={**FORM, "next": target})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("http://localhost/")
    assert "X-Evil" not in answer.headers


def test_the_cookie_is_secure_only_where_a_trusted_proxy_says_so(config: Config, app: App) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "192.0.2.1"}
    untrusted = app.test_client().post("/login", data=FORM, headers=headers)
    assert "Secure" not in untrusted.headers["Set-Cookie"]
    assert untrusted.headers["Location"] == "http://localhost/"
    behind = create_app(replace(config, trusted_proxies=1)).test_client()
    headers["X-Forwarded-Host"] = "localhost"
    assert "Secure" in behind.post("/login", data=FORM, headers=headers).headers["Set-Cookie"]


def test_forwarded_addresses_do_not_give_new_attempts(app: App) -> None:
    statuses = [
        app.test_client().post(
            "/login", data={"name": "eve", "password": "wrong"}, headers={"X-Forwarded-For": f"198.51.100.{number}"}
        )
        for number in range(7)
    ]
    assert statuses[-1].status_code == 429


def test_the_token_of_a_link_is_in_no_log_and_leaks_to_no_other_site(
    app: App, red: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    link = red.post("/api/links", json={"Target": "own.png"}).get_json()
    with caplog.at_level(logging.DEBUG):
        answer = app.test_client().get(f"/iiif/3/own.png/info.json?token={link['Token']}")
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert link["Token"] not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "/iiif/3/%2e%2e%2fred%2fown.png/info.json",
        "/iiif/3/..%2f.workspaces%2fred%2fown.png/info.json",
        "/iiif/3/%2eworkspaces%2fred%2fown.png/info.json",
        "/iiif/3/%252e%252e%252fred%252fown.png/info.json",
        "/iiif/3//red/own.png/info.json",
        "/iiif/3/./own.png/info.json",
        "/api/images/%2eworkspaces/red/own.png",
        "/api/images/..%5c.workspaces%5cred%5cown.png",
    ],
)
def test_no_path_leads_into_another_workspace(red: FlaskClient, acting: As, path: str) -> None:
    assert red.get("/iiif/3/own.png/info.json").status_code == 200
    for account in (ANN, BLUE):
        assert acting(account).get(path).status_code in {400, 404}


def test_proxies_do_not_share_what_one_account_may_see(red: FlaskClient, acting: As) -> None:
    answer = red.get("/iiif/3/own.png/full/50,/0/default.jpg")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(answer.vary)
    conditional = {"If-None-Match": answer.headers["ETag"]}
    assert acting(BLUE).get("/iiif/3/own.png/full/50,/0/default.jpg", headers=conditional).status_code == 404


@pytest.mark.parametrize("path", ["/iiif/3/{}/info.json", "/api/images/{}", "/iiif/2/{}/full/full/0/default.jpg"])
def test_what_is_not_yours_is_answered_like_what_is_not_there(red: FlaskClient, acting: As, path: str) -> None:
    del red
    blue = acting(BLUE)
    theirs, absent = (blue.get(path.format(name)) for name in ("own.png", "abs.png"))
    assert theirs.status_code == absent.status_code == 404
    same = theirs.text.replace("own.png", "abs.png")
    assert same.partition("request_id")[0] == absent.text.partition("request_id")[0]
    assert set(dict(theirs.headers)) == set(dict(absent.headers))


def test_a_session_is_taken_from_the_header_or_the_cookie_only(app: App, red: FlaskClient) -> None:
    token = red.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    for name in ("access_token", "token"):
        assert app.test_client().get(f"/api/templates?{name}={token}").status_code == 401
