"""Logging in and out: by the form in a browser, and by programs."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.accounts import Accounts, Kind
from omrclip.web.app import App, create_app
from tests.web.auth.conftest import ACCOUNTS, PASSWORD, As

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def form(client: FlaskClient, name: str = "ann", password: str = PASSWORD, target: str = "/") -> Any:
    return client.post("/login", data={"name": name, "password": password, "next": target})


def test_without_accounts_everything_is_open(config: Config) -> None:
    client = create_app(config).test_client()
    assert client.get("/api/templates").status_code == 200
    assert client.get("/api/session").get_json() == {
        "Name": None,
        "Kind": None,
        "Workspace": "",
        "Scopes": ["admin", "author", "read", "recognize"],
    }


def test_the_first_account_closes_a_running_server(config: Config) -> None:
    client = create_app(config).test_client()
    assert client.get("/api/templates").status_code == 200
    Accounts(str(config.accounts)).add(ACCOUNTS[0], PASSWORD)
    assert client.get("/api/templates").status_code == 401


@pytest.mark.parametrize("remote", [{"allow_remote": True}, {"host": "0.0.0.0"}])
def test_a_server_for_other_machines_is_never_open(config: Config, remote: dict[str, Any]) -> None:
    client = create_app(replace(config, **remote)).test_client()
    assert client.get("/api/templates").status_code == 401


def test_removing_the_last_account_does_not_open_a_server_for_other_machines(
    config: Config, accounts: Accounts
) -> None:
    client = create_app(replace(config, allow_remote=True)).test_client()
    for account in ACCOUNTS:
        accounts.remove(account.kind, account.name)
    assert client.get("/api/templates").status_code == 401


def test_a_browser_is_led_to_the_form_and_back(client: FlaskClient) -> None:
    sent = client.get("/?template=ex%C3%A4m", headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/login?next=/%3Ftemplate%3Dex%25C3%25A4m")
    page = client.get(sent.headers["Location"], headers=HTML)
    assert page.status_code == 200
    found = re.search('name="next" value="([^"]*)"', page.text)
    assert found
    answer = form(client, target=found[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://localhost/?template=ex%C3%A4m")
    assert client.get("/?template=ex%C3%A4m", headers=HTML, buffered=True).status_code == 200


def test_programs_and_scripts_get_an_error(client: FlaskClient) -> None:
    answer = client.get("/api/templates", headers={"Accept": "*/*"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="omrclip"'
    assert answer.get_json()["error"]["code"] == "login_required"


def test_the_cookie_is_for_this_server_alone(client: FlaskClient, app: App, config: Config) -> None:
    cookie = form(client).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    del app
    secure = create_app(replace(config, public_url="https://forms.example/omr")).test_client()
    assert "Secure" in form(secure).headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/ui/x?a=1&b=2#c", "/ui/x?a=1&b=2#c"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nSet-Cookie: x=1", "/"),
        ("", "/"),
        ("x", "/"),
    ],
)
def test_a_log_in_leads_to_this_server_only(client: FlaskClient, target: str, location: str) -> None:
    answer = form(client, target=target)
    assert answer.headers["Location"] == f"http://localhost{location}"


@pytest.mark.parametrize(
    ("language", "title", "told"),
    [
        ("en", "Log in", "The name or the password is wrong."),
        ("de-AT,de;q=0.9", "Anmelden", "Der Name oder das Passwort ist falsch."),
        ("fr", "Connexion", "Le nom ou le mot de passe est incorrect."),
        ("es", "Iniciar sesión", "El nombre o la contraseña no son correctos."),
        ("it", "Log in", "The name or the password is wrong."),
    ],
)
def test_the_form_speaks_the_language_of_the_browser(client: FlaskClient, language: str, title: str, told: str) -> None:
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    assert f"<title>{title} – omrclip</title>" in client.get("/login").text
    answer = form(client, password="wrong")
    assert answer.status_code == 401
    assert told in answer.text
    assert 'value="ann"' in answer.text


def test_what_is_typed_is_no_markup(client: FlaskClient) -> None:
    answer = form(client, name='"><script>', password="wrong", target='/"><script>')
    assert "<script>" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy


def test_the_style_of_the_form_needs_no_log_in(client: FlaskClient) -> None:
    found = re.search('href="([^"]*css)"', client.get("/login").text)
    assert found
    with client.get(found[1], buffered=True) as answer:
        assert answer.mimetype == "text/css"


def test_too_many_attempts(client: FlaskClient) -> None:
    answers = [form(client, password="wrong") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert re.search("Try again in [12] seconds", answers[-1].text)


def test_log_out_ends_the_session(client: FlaskClient) -> None:
    form(client)
    kept = client.get_cookie("omrclip")
    assert kept
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://localhost/login")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get_cookie("omrclip") is None
    client.set_cookie("omrclip", kept.value)
    assert client.get("/api/templates").status_code == 401


def test_a_page_of_another_site_cannot_log_out(client: FlaskClient) -> None:
    form(client)
    answer = client.post("/logout", headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert client.get("/api/templates").status_code == 200


BASIC = base64.b64encode(f"red:{PASSWORD.replace(' ', '%20')}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, {"client_id": "red", "client_secret": PASSWORD}),
        ({"Authorization": f"Basic {BASIC}"}, {}),
        ({"Authorization": f"basic {BASIC}"}, {"scope": "read recognize"}),
    ],
)
def test_a_client_gets_an_access_token(client: FlaskClient, headers: dict[str, str], body: dict[str, str]) -> None:
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials", **body}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.get_json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert told["scope"] == body.get("scope", "admin author read recognize")
    got = client.get("/api/session", headers={"Authorization": f"bearer {told['access_token']}"}).get_json()
    assert (got["Name"], got["Kind"], got["Workspace"]) == ("red", "client", "red")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({}, 400, "unsupported_grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"client_id": "red", "client_secret": "x", "grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"client_id": "ann", "client_secret": PASSWORD, "grant_type": "client_credentials"}, 401, "invalid_client"),
        (
            {
                "client_id": "red",
                "client_secret": PASSWORD,
                "grant_type": "client_credentials",
                "scope": "everything",
            },
            400,
            "invalid_scope",
        ),
    ],
)
def test_a_token_that_is_refused(client: FlaskClient, body: dict[str, str], status: int, error: str) -> None:
    answer = client.post("/oauth/token", data=body)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


def test_an_api_key_is_a_bearer_token(client: FlaskClient, accounts: Accounts) -> None:
    key = accounts.new_key("red").token
    assert client.get("/api/templates", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    accounts.remove(Kind.CLIENT, "red")
    assert client.get("/api/templates", headers={"Authorization": f"Bearer {key}"}).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Basic x", "Basic !!!", "Token x", "Bearer " + "x" * 5000]
)
def test_other_credentials_are_refused(client: FlaskClient, header: str) -> None:
    assert client.get("/api/templates", headers={"Authorization": header}).status_code == 401


def test_a_damaged_file_of_accounts_lets_nobody_in(config: Config, app: App, accounts: Accounts) -> None:
    accounts.close()
    client = app.test_client()
    with Path(str(config.accounts)).open("r+b") as file:
        file.write(b"damaged!" * 4000)
    fresh = create_app(config).test_client()
    for one in (fresh, client):
        assert one.get("/api/templates").status_code in {401, 503}


def test_answers_are_kept_by_this_browser_only_and_asked_for_again(acting: As) -> None:
    for path in ("/api/templates", "/iiif/3/grid.png/info.json", "/iiif/3/grid.png/full/max/0/default.jpg"):
        headers = acting(ACCOUNTS[0]).get(path).headers
        assert headers["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie"} <= set(headers["Vary"].split(", ")), path
