"""IIIF viewers on other sites: services in documents, tokens for allowed origins, and links by the probe service."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.origins import Origin
from omrclip.storage.accounts import Accounts, Scope
from omrclip.web.app import App, create_app
from omrclip.web.auth import links, viewers
from tests.web.auth.conftest import ANN, EVE, PASSWORD, RED, As
from tests.web.making import asked

VIEWER = "https://viewer.example"
AUTH = "http://iiif.io/api/auth/2/context.json"


@pytest.fixture
def config(config: Config) -> Config:
    origin = Origin.parse(VIEWER)
    assert origin
    return replace(config, viewers=(origin,))


@pytest.fixture
def person(client: FlaskClient) -> FlaskClient:
    """The browser of somebody who is logged in."""
    assert client.post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 303
    return client


@pytest.fixture
def identifier(acting: As) -> str:
    return str(acting(ANN).post("/api/recognitions?keep", json=asked()).get_json()["Identifier"])


def message(client: FlaskClient, origin: str = VIEWER, **query: str) -> dict[str, Any]:
    """What the page of the token service sends to the viewer."""
    answer = client.get("/iiif/auth/token", query_string={"origin": origin, "messageId": "m1", **query})
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "text/html", "no-store")
    policy = answer.headers["Content-Security-Policy"]
    assert f"frame-ancestors {origin}" in policy
    script = re.search("<script>(.*)</script>", answer.text)
    assert script
    assert f"'sha256-{b64encode(sha256(script[1].encode()).digest()).decode()}'" in policy
    told = dict(re.findall(r'data-(message|origin)="([^"]*)"', answer.text))
    assert told["origin"] == origin
    found: dict[str, Any] = json.loads(unescape(told["message"]))
    assert found["@context"] == AUTH
    return found


def token_of(client: FlaskClient) -> str:
    told = message(client)
    assert told["type"] == "AuthAccessToken2"
    return str(told["accessToken"])


def probed(app: App, identifier: str, token: str | None) -> dict[str, Any]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}", "Origin": VIEWER}
    answer = app.test_client().get(f"/iiif/auth/probe/{identifier}", headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    found: dict[str, Any] = answer.get_json()
    assert (found["@context"], found["type"]) == (AUTH, "AuthProbeResult2")
    return found


def assert_services(probe: dict[str, Any], identifier: str) -> None:
    base = "http://localhost/iiif/auth"
    assert (probe["type"], probe["id"]) == ("AuthProbeService2", f"{base}/probe/{identifier}")
    (access,) = probe["service"]
    assert (access["type"], access["id"], access["profile"]) == ("AuthAccessService2", f"{base}/access", "active")
    assert access["label"]["en"] == ["Log in to localhost"]
    assert [(one["type"], one["id"]) for one in access["service"]] == [
        ("AuthAccessTokenService2", f"{base}/token"),
        ("AuthLogoutService2", f"{base}/logout"),
    ]


@pytest.mark.parametrize("version", [2, 3])
def test_info_json_names_the_services(person: FlaskClient, version: int) -> None:
    info = person.get(f"/iiif/{version}/grid.png/info.json").get_json()
    probe = info["service"] if version == 2 else info["service"][0]
    assert_services(probe, "grid.png")
    if version == 2:
        assert probe["@context"] == AUTH
        assert info["@context"] == "http://iiif.io/api/image/2/context.json"
    else:
        assert info["@context"] == [AUTH, "http://iiif.io/api/image/3/context.json"]


def test_manifests_name_the_services(person: FlaskClient, identifier: str) -> None:
    own = f"/api/recognitions/{identifier}"
    for path, part in (("manifest.json", "1"), ("clips.json", "1.1"), ("clips.json?style=selector", "1")):
        manifest = person.get(f"{own}/{path}").get_json()
        assert manifest["@context"] == [AUTH, "http://iiif.io/api/presentation/3/context.json"]
        body = manifest["items"][0]["items"][0]["items"][0]["body"]
        (probe,) = body.get("source", body)["service"][0]["service"]
        assert_services(probe, f"{identifier}.{part}")
    canvas = person.get(f"{own}/manifest.json/canvas/p1").get_json()
    assert canvas["@context"][0] == AUTH


def test_without_log_in_there_are_no_services(config: Config) -> None:
    client = create_app(config).test_client()
    identifier = client.post("/api/recognitions?keep", json=asked()).get_json()["Identifier"]
    for path in (f"/iiif/3/{identifier}.1/info.json", "/iiif/2/grid.png/info.json"):
        assert "service" not in client.get(path).get_json()
    for path in ("manifest.json", "clips.json"):
        assert "iiif/auth" not in client.get(f"/api/recognitions/{identifier}/{path}").text
    assert client.get("/iiif/auth/probe/grid.png").get_json()["status"] == 200
    assert message(client)["profile"] == "missingAspect"


def test_under_a_signed_link_there_are_no_services(app: App, acting: As) -> None:
    base = acting(ANN).post("/api/links", json={"Target": "grid.png"}).get_json()["Base"]
    assert "service" not in app.test_client().get(f"{base}/iiif/3/grid.png/info.json").get_json()


def test_a_refused_description_names_the_services_and_nothing_else(app: App, identifier: str) -> None:
    """A viewer that knows only the address can begin here. It does not learn whether there is such an image."""
    client, told = app.test_client(), []
    for path in ("/iiif/3/grid.png/info.json", "/iiif/3/none.png/info.json"):
        answer = client.get(path, headers={"Origin": VIEWER})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, "*")
        body = answer.get_json()
        assert_services(body["service"][0], path.split("/")[3])
        assert body["error"].pop("request_id")
        told.append(json.dumps(body).replace("none.png", "grid.png"))
    assert told[0] == told[1]
    for one in (identifier, "0" * 24):
        answer = client.get(f"/api/recognitions/{one}/manifest.json")
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, "*")
        assert answer.get_json()["service"][0]["type"] == "AuthAccessService2"
    assert "service" not in client.get("/api/templates").get_json()
    assert client.get("/iiif/3/grid.png/full/max/0/default.jpg").mimetype == "text/plain"


def test_the_access_service_leads_to_the_log_in_and_closes_its_tab(client: FlaskClient) -> None:
    path = f"/iiif/auth/access?origin={VIEWER}"
    sent = client.get(path, headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["Location"].partition("?")[0]) == (303, "/login")
    target = f"/iiif/auth/access?origin={VIEWER}"
    back = client.post("/login", data={"name": "ann", "password": PASSWORD, "next": target})
    answer = client.get(back.headers["Location"], headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "window.close();" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_token_gives_a_link_to_the_image(person: FlaskClient, app: App, identifier: str) -> None:
    token = token_of(person)
    for name in ("grid.png", f"{identifier}.1", f"{identifier}.1.1"):
        told = probed(app, name, token)
        assert told["status"] == 302
        (service,) = told["location"]["service"]
        stranger = app.test_client()
        info = stranger.get(f"{service['id']}/info.json").get_json()
        assert (info["id"], info["width"]) == (service["id"], told["location"]["width"])
        pixels = stranger.get(told["location"]["id"])
        assert (pixels.status_code, pixels.mimetype) == (200, "image/jpeg")
        assert stranger.get(f"{service['id'].replace(name, 'other.png')}/info.json").status_code == 401


def test_a_token_reads_descriptions_and_nothing_else(person: FlaskClient, app: App, identifier: str) -> None:
    stranger = app.test_client()
    stranger.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token_of(person)}"
    own = f"/api/recognitions/{identifier}"
    for path in ("/iiif/2/grid.png/info.json", f"{own}/manifest.json", f"{own}/clips.json"):
        assert stranger.get(path).status_code == 200, path
    for path in (
        own,
        f"{own}/results.csv",
        "/api/templates",
        "/iiif/3/grid.png/full/max/0/default.jpg",
        "/api/session",
    ):
        assert stranger.get(path).status_code == 401, path
    assert stranger.post("/api/links", json={"Target": "grid.png"}).status_code == 401
    assert stranger.delete(own).status_code == 401


def test_a_browser_may_send_the_token(client: FlaskClient, identifier: str) -> None:
    for path in ("/iiif/auth/probe/grid.png", f"/api/recognitions/{identifier}/manifest.json"):
        answer = client.options(path, headers={"Origin": VIEWER, "Access-Control-Request-Method": "GET"})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in client.options(f"/api/recognitions/{identifier}").headers


@pytest.mark.parametrize(
    ("origin", "cookie", "query", "profile"),
    [
        ("https://evil.example", True, {}, "invalidOrigin"),
        ("http://viewer.example", True, {}, "invalidOrigin"),
        ("https://viewer.example:8443", True, {}, "invalidOrigin"),
        (VIEWER, False, {}, "missingAspect"),
        (VIEWER, True, {"messageId": ""}, "invalidRequest"),
    ],
)
def test_a_viewer_learns_why_it_gets_no_token(
    person: FlaskClient, origin: str, cookie: bool, query: dict[str, str], profile: str
) -> None:
    if not cookie:
        person.delete_cookie("omrclip")
    told = message(person, origin, **query)
    assert (told["type"], told["profile"]) == ("AuthAccessTokenError2", profile)
    assert "accessToken" not in told
    assert told["note"]["en"]
    assert told["messageId"] == query.get("messageId", "m1")


def test_a_session_that_has_ended_gives_no_token(client: FlaskClient) -> None:
    client.set_cookie("omrclip", "omr_ended")
    assert message(client)["profile"] == "expiredAspect"


def test_a_viewer_of_this_server_needs_no_setting(person: FlaskClient) -> None:
    assert message(person, "http://localhost")["type"] == "AuthAccessToken2"


def test_a_viewer_of_this_server_behind_a_proxy_needs_no_setting(config: Config, accounts: Accounts) -> None:
    client = create_app(replace(config, public_url="https://forms.example/omr")).test_client()
    client.set_cookie("omrclip", accounts.log_in(ANN.kind, ANN.name, PASSWORD, "").token)
    assert message(client, "https://forms.example")["type"] == "AuthAccessToken2"
    assert message(client, "https://forms.example:8443")["profile"] == "invalidOrigin"


@pytest.mark.parametrize("origin", ["", "null", "viewer.example", 'https://a.example/"><script>', "https://*", "*"])
def test_an_origin_that_is_none_is_refused(person: FlaskClient, origin: str) -> None:
    answer = person.get("/iiif/auth/token", query_string={"origin": origin, "messageId": "m1"})
    assert answer.status_code == 400
    assert "<script>" not in answer.text


def test_a_message_is_no_markup(person: FlaskClient) -> None:
    assert message(person, messageId='"></html><script>alert(1)</script>')["messageId"].startswith('"></html>')


def test_a_probe_tells_nothing_of_what_the_account_does_not_see(app: App, acting: As, accounts: Accounts) -> None:
    token = accounts.log_in(RED.kind, RED.name, PASSWORD, "").token
    assert probed(app, "grid.png", token) == {**probed(app, "none.png", token), "status": 404}
    for wrong in (None, "", "omr_wrong", "a.b.c"):
        told = probed(app, "grid.png", wrong)
        assert (told["status"], told) == (401, probed(app, "none.png", wrong))
        assert "location" not in told
    link = acting(ANN).post("/api/links", json={"Target": "grid.png"}).get_json()["Token"]
    assert probed(app, "grid.png", link)["status"] == 401


def test_whoever_sends_the_session_needs_no_link(person: FlaskClient) -> None:
    assert person.get("/iiif/auth/probe/grid.png").get_json()["status"] == 200


def test_a_token_and_its_links_end_with_the_session(person: FlaskClient, app: App) -> None:
    token = token_of(person)
    info = probed(app, "grid.png", token)["location"]["service"][0]["id"] + "/info.json"
    assert app.test_client().get(info).status_code == 200
    page = person.get("/iiif/auth/logout")
    assert 'action="http://localhost/logout"' in page.text
    assert probed(app, "grid.png", token)["status"] == 302, "the page alone ends nothing"
    person.post("/logout")
    assert probed(app, "grid.png", token)["status"] == 401
    assert app.test_client().get(info).status_code == 401


def test_a_token_and_its_links_expire(person: FlaskClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    told = message(person)
    info = probed(app, "grid.png", told["accessToken"])["location"]["service"][0]["id"] + "/info.json"
    later = viewers.time.time() + told["expiresIn"] + 1

    class Later:
        @staticmethod
        def time() -> float:
            return later

    monkeypatch.setattr(links, "time", Later)
    assert probed(app, "grid.png", told["accessToken"])["status"] == 401
    assert app.test_client().get(info).status_code == 401


def test_an_account_that_may_not_read_sees_nothing(client: FlaskClient, app: App, accounts: Accounts) -> None:
    accounts.remove(EVE.kind, EVE.name)
    accounts.add(replace(EVE, scopes=frozenset({Scope.RECOGNIZE})), PASSWORD)
    client.post("/login", data={"name": "eve", "password": PASSWORD})
    assert probed(app, "grid.png", token_of(client))["status"] == 401
    assert client.get("/iiif/auth/probe/grid.png").get_json()["status"] == 401
