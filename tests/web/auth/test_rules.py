"""Who may do what, tried on every route: no request passes without an account, a scope, and the right workspace."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.app import App, create_app
from omrclip.web.auth.rules import PUBLIC, RULES, check_rules, rule_of
from tests.web.auth.conftest import PASSWORD, As

EXAMPLES = {"name": "form", "element": "Name", "number": "1", "identifier": "0" * 24, "address": "grid.png/info.json"}


def requests(app: App) -> Iterator[tuple[str, str, str]]:
    """A request for each route and method: endpoint, method and path."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda place: EXAMPLES.get(place[1], "x"), rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield str(rule.endpoint), method, path


def test_every_route_refuses_a_request_without_an_account(app: App) -> None:
    client = app.test_client()
    for endpoint, method, path in requests(app):
        if RULES.get(endpoint, Scope.READ) is not PUBLIC:
            answer = client.open(path, method=method, buffered=True)
            assert answer.status_code == 401, (method, path)
            assert "form" not in answer.text, (method, path)


def test_what_is_public(app: App) -> None:
    public = {(method, path) for endpoint, method, path in requests(app) if RULES.get(endpoint, 1) is PUBLIC}
    assert public == {
        ("GET", "/health"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("POST", "/logout"),
        ("POST", "/oauth/token"),
        ("POST", "/connect/token"),
        ("POST", "/oauth2/token"),
        ("GET", "/login/oidc"),
        ("GET", "/login/oidc/return"),
        ("GET", "/login/page/x"),
        ("GET", "/iiif/auth/token"),
        ("GET", f"/iiif/auth/probe/{EXAMPLES['identifier']}"),
        ("GET", "/iiif/auth/logout"),
    }


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/x", "/iiif/3/", "/iiif/4/x", "/login/", "/health/x", "/%2e%2e/api/templates"]
)
def test_a_path_without_a_route_tells_nothing(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.parametrize("scope", list(Scope))
def test_every_route_refuses_an_account_without_its_scope(app: App, accounts: Accounts, scope: Scope) -> None:
    account = Account(Kind.USER, "other", frozenset(Scope) - {scope}, "")
    accounts.add(account, PASSWORD)
    client = app.test_client()
    token = accounts.log_in(Kind.USER, "other", PASSWORD, "").token
    refused = 0
    for endpoint, method, path in requests(app):
        if RULES.get(endpoint, Scope.READ) is scope:
            answer = client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, buffered=True)
            assert answer.status_code == 403, (method, path)
            assert str(scope) in answer.text
            refused += 1
    assert refused > 0


def test_a_route_that_changes_something_needs_a_rule(config: Config) -> None:
    app = create_app(config)
    app.add_url_rule("/api/new", "new", lambda: "", methods=["GET"])
    check_rules(app)
    app.add_url_rule("/api/newer", "newer", lambda: "", methods=["PATCH"])
    with pytest.raises(AssertionError, match="no rule for newer"):
        check_rules(app)


def test_a_route_without_a_rule_can_be_read_with_the_scope_only(app: App) -> None:
    assert rule_of(app, "/api/templates", "GET") is Scope.READ
    assert rule_of(app, "/nowhere", "GET") is Scope.READ
    assert rule_of(app, "/api/templates", "PATCH") is Scope.READ


def test_a_browser_may_ask_what_it_may_send(client: FlaskClient) -> None:
    answer = client.options("/iiif/3/grid.png/info.json")
    assert answer.status_code == 200
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.data == b""


def test_eve_may_read_but_change_nothing(app: App, acting: As) -> None:
    from tests.web.auth.conftest import EVE

    client = acting(EVE)
    assert client.get("/api/templates/form").status_code == 200
    for _, method, path in requests(app):
        if method != "GET" and path.startswith("/api/") and path not in {"/api/links", "/api/validation"}:
            assert client.open(path, method=method, buffered=True).status_code == 403, (method, path)
