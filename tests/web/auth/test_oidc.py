"""Log-in by OpenID Connect, against a small provider on loopback that checks what it is asked."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from omrclip.config import Config
from omrclip.errors import ConfigurationError
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.app import App, create_app
from omrclip.web.auth import provider as provider_module
from tests.web.auth.school import SECRET, School, serving


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "1"})


@pytest.fixture
def school(key: RSAKey) -> Iterator[School]:
    with serving(School(key=key)) as school:
        yield school


@pytest.fixture
def config(config: Config, school: School, tmp_path: Path) -> Config:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    return replace(
        config,
        accounts=str(tmp_path / "accounts.sqlite"),
        oidc_issuer=school.issuer,
        oidc_client_id="omrclip",
        oidc_secret_file=str(tmp_path / "secret"),
        oidc_allowed="groups=teachers",
    )


@pytest.fixture
def app(config: Config) -> App:
    return create_app(config)


Led = Callable[[], str]


def start(client: FlaskClient, target: str = "/") -> str:
    led = client.get("/login/oidc", query_string={"next": target})
    assert led.status_code == 303, led.text
    return str(led.headers["Location"])


def log_in(client: FlaskClient, school: School, target: str = "/") -> Any:
    return client.get(f"/login/oidc/return?{school.grant(start(client, target))}")


def test_a_person_logs_in_and_out(client: FlaskClient, school: School) -> None:
    assert client.get("/api/templates").status_code == 401, "the server is closed before the first user"
    assert "/login/oidc?next=%2F%3Fa%3Db" in client.get("/login?next=/%3Fa%3Db").text
    answer = log_in(client, school, "/?a=b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://localhost/?a=b")
    assert answer.headers["Cache-Control"] == "no-store"
    cookies = answer.headers.getlist("Set-Cookie")
    assert any("omrclip=omr_" in one and "HttpOnly" in one and "SameSite=Lax" in one for one in cookies)
    assert client.get("/api/session").get_json() == {
        "Name": "ann@school.example",
        "Kind": "user",
        "Workspace": "",
        "Scopes": ["author", "read", "recognize"],
    }
    client.post("/logout")
    assert client.get("/api/templates").status_code == 401


def test_a_person_has_one_account_for_all_time(client: FlaskClient, school: School, config: Config) -> None:
    log_in(client, school)
    accounts = Accounts(str(config.accounts))
    accounts.set_workspace(Kind.USER, "ann@school.example", "ward")
    school.changes = {"email": "ann.new@school.example"}
    log_in(client, school)
    assert client.get("/api/session").get_json()["Workspace"] == "ward"
    assert [account.name for account in accounts.all(Kind.USER)] == ["ann@school.example"]
    accounts.remove(Kind.USER, "ann@school.example")
    assert client.get("/api/session").status_code == 401
    log_in(client, school)
    assert [account.name for account in accounts.all(Kind.USER)] == ["ann.new@school.example"]


def test_nobody_takes_over_an_account_of_the_same_name(client: FlaskClient, school: School, config: Config) -> None:
    accounts = Accounts(str(config.accounts))
    accounts.add(Account(Kind.USER, "ann@school.example", frozenset(Scope), ""), "correct horse")
    answer = log_in(client, school)
    assert answer.status_code == 422
    assert "already a user named" in answer.text
    assert client.get("/api/session").status_code == 401


NOW = int(time.time())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "https://evil.example"),
        ({"aud": "another"}, "for another client"),
        ({"aud": ["omrclip", "other"], "azp": "other"}, "for another client"),
        ({"nonce": "another"}, "of another log-in"),
        ({"nonce": None}, "no claim nonce"),
        ({"sub": None}, "no claim sub"),
        ({"exp": None, "iat": None}, "no claim exp, iat"),
        ({"exp": NOW - 1000}, "expired"),
        ({"iat": NOW + 5000}, "from the future"),
        ({"exp": "tomorrow"}, "are no numbers"),
        ({"groups": ["pupils"]}, "its claim groups must have the value teachers"),
        ({"groups": None}, "its claim groups must have the value teachers"),
    ],
)
def test_a_token_that_is_not_right_is_refused_with_the_reason(
    client: FlaskClient, school: School, changes: dict[str, Any], reason: str
) -> None:
    school.changes = changes
    answer = log_in(client, school)
    assert answer.status_code == 401
    assert reason in answer.text
    assert client.get("/api/session").status_code == 401


@pytest.mark.parametrize("seconds", [-60, 60])
def test_clocks_may_differ_a_little(client: FlaskClient, school: School, seconds: int) -> None:
    now = int(time.time()) + seconds
    school.changes = {"iat": now, "exp": now + 30}
    assert log_in(client, school).status_code == 303


@pytest.mark.parametrize(
    ("email", "is_verified", "status"),
    [
        ("ann@school.example", True, 303),
        ("ANN@School.Example", True, 303),
        ("ann@school.example", False, 401),
        ("ann@school.example", "true", 401),
        ("ann@school.example.evil.example", True, 401),
        ("ann@evilschool.example", True, 401),
        (["ann@school.example"], True, 401),
    ],
)
def test_a_domain_needs_a_verified_address(
    config: Config, school: School, email: Any, is_verified: object, status: int
) -> None:
    client = create_app(replace(config, oidc_allowed="email=@school.example")).test_client()
    school.changes = {"email": email, "email_verified": is_verified}
    assert log_in(client, school).status_code == status


def unsigned(_: School, claims: dict[str, Any]) -> str:
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
    return ".".join([*(part.rstrip(b"=").decode() for part in encoded), ""])


def with_the_public_key(school: School, claims: dict[str, Any]) -> str:
    key = OctKey.import_key(json.dumps(school.key.as_dict(private=False)).encode())
    return str(jwt.encode({"alg": "HS256", "kid": "1"}, claims, key))


def with_another_key(_: School, claims: dict[str, Any]) -> str:
    return str(jwt.encode({"alg": "RS256", "kid": "1"}, claims, RSAKey.generate_key(2048, {"kid": "1"})))


@pytest.mark.parametrize("forged", [unsigned, with_the_public_key, with_another_key, lambda *_: "a.b.c", lambda *_: ""])
def test_a_forged_token_is_refused(
    client: FlaskClient, school: School, monkeypatch: pytest.MonkeyPatch, forged: Callable[..., str]
) -> None:
    monkeypatch.setattr(School, "signed", forged)
    answer = log_in(client, school)
    assert (answer.status_code, "The signature of the provider&#39;s ID token is wrong." in answer.text) == (401, True)
    assert client.get("/api/session").status_code == 401


def test_new_keys_of_the_provider_are_read(client: FlaskClient, school: School) -> None:
    assert log_in(client, school).status_code == 303
    school.key = RSAKey.generate_key(2048, {"kid": "1"})
    assert log_in(client, school).status_code == 303


def test_the_answer_must_belong_to_the_log_in_of_this_browser(app: App, school: School) -> None:
    """Else somebody could log another person in to their own account, or use a code that they have seen."""
    mine, other = app.test_client(), app.test_client()
    query = school.grant(start(mine))
    assert other.get(f"/login/oidc/return?{query}").status_code == 401, "without a cookie"
    start(other)
    assert other.get(f"/login/oidc/return?{query}").status_code == 401, "with the cookie of another log-in"
    own = school.grant(start(other)).partition("&")[2]
    stolen = query.partition("&")[0]
    assert other.get(f"/login/oidc/return?{stolen}&{own}").status_code == 401, "PKCE binds the code to its browser"
    again = school.grant(start(mine))
    assert mine.get(f"/login/oidc/return?{again}").status_code == 303
    assert mine.get(f"/login/oidc/return?{again}").status_code == 401, "once"


def test_a_log_in_is_forgotten_after_a_time(
    client: FlaskClient, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = school.grant(start(client))
    monkeypatch.setattr("omrclip.web.auth.oidc.ATTEMPT_SECONDS", -1)
    answer = client.get(f"/login/oidc/return?{query}")
    assert (answer.status_code, "took too long" in answer.text) == (401, True)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nX: y"])
def test_a_log_in_leads_to_this_server_only(client: FlaskClient, school: School, target: str) -> None:
    assert log_in(client, school, target).headers["Location"] == "http://localhost/"


def test_what_the_provider_answers_is_told_and_escaped(client: FlaskClient) -> None:
    state = parse_qs(urlsplit(start(client)).query)["state"][0]
    query = {"state": state, "error": "access_denied", "error_description": "<script>No\r\nway"}
    answer = client.get("/login/oidc/return", query_string=query)
    assert answer.status_code == 401
    assert "The provider answered: &lt;script&gt;No  way." in answer.text


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({"issuer": "https://other.example"}, "calls itself"),
        ({"authorization_endpoint": None}, "has no authorization_endpoint"),
        ({"authorization_endpoint": "http://evil.example/"}, "has no https:// address"),
    ],
)
def test_a_wrong_description_is_told(
    client: FlaskClient, school: School, described: dict[str, Any], reason: str
) -> None:
    school.described = described
    answer = client.get("/login/oidc")
    assert (answer.status_code, reason in answer.text) == (401, True)


@pytest.mark.parametrize(("status", "reason"), [(500, "status 500"), (302, "status 302")])
def test_a_provider_that_fails_or_redirects_is_told(
    client: FlaskClient, school: School, status: int, reason: str
) -> None:
    school.status = status
    assert reason in client.get("/login/oidc").text


def test_a_provider_that_cannot_be_reached_is_told(config: Config) -> None:
    client = create_app(replace(config, oidc_issuer="http://127.0.0.1:9")).test_client()
    answer = client.get("/login/oidc")
    assert (answer.status_code, "cannot be reached" in answer.text) == (401, True)


def test_a_wrong_secret_is_told(config: Config, school: School) -> None:
    Path(str(config.oidc_secret_file)).write_text("wrong")
    answer = log_in(create_app(config).test_client(), school)
    assert (answer.status_code, "status 400" in answer.text) == (401, True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"oidc_client_id": None, "oidc_allowed": None}, "OMRCLIP_OIDC_CLIENT_ID, OMRCLIP_OIDC_ALLOWED"),
        ({"oidc_secret_file": "/nowhere/secret"}, "OMRCLIP_OIDC_SECRET_FILE"),
        ({"oidc_issuer": "http://login.example"}, "must begin with https://"),
        ({"accounts": None}, "OMRCLIP_ACCOUNTS"),
    ],
)
def test_wrong_settings_are_told_at_the_start(config: Config, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        create_app(replace(config, **changes))


def test_without_the_setting_there_is_no_such_log_in(config: Config) -> None:
    client = create_app(replace(config, oidc_issuer=None)).test_client()
    assert client.get("/login/oidc").status_code == 404
    assert client.get("/login/oidc/return").status_code == 404
    assert "/login/oidc" not in client.get("/login").text


def test_the_provider_is_asked_once_for_its_description(
    client: FlaskClient, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    fetch = provider_module._fetch
    monkeypatch.setattr(
        provider_module, "_fetch", lambda address, body=None: asked.append(address) or fetch(address, body)
    )
    for _ in range(2):
        assert log_in(client, school).status_code == 303
    assert sorted(address.rpartition("/")[2] for address in asked) == ["keys", "openid-configuration", "token", "token"]
