"""The token routes, as the clients of each version of the cloud protocol use them."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.accounts import FREE_ATTEMPTS, Accounts, Kind
from omrclip.web.app import create_app
from tests.web.auth.conftest import PASSWORD, RED

PATHS = ["/connect/token", "/oauth2/token"]
FORM = {"grant_type": "client_credentials", "client_id": "red", "client_secret": PASSWORD}
BOUNDARY = "0fcb10ab3c3c59e0"
# As recorded from the Python SDK 23.1.0: the parts have no Content-Type.
MULTIPART = "".join(
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in FORM.items()
)
MULTIPART += f"--{BOUNDARY}--\r\n"


def token(client: FlaskClient, **form: str) -> Any:
    return client.post("/connect/token", data={**FORM, **form})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "sent",
    [
        {"data": FORM},
        {"data": MULTIPART.encode(), "content_type": f"multipart/form-data; boundary={BOUNDARY}"},
    ],
)
def test_a_client_gets_a_token(client: FlaskClient, path: str, sent: dict[str, Any]) -> None:
    answer = client.post(path, **sent)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.get_json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    for scheme in ("Bearer", "bearer"):
        got = client.get("/api/session", headers={"Authorization": f"{scheme} {told['access_token']}"})
        assert got.get_json()["Name"] == "red"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "ann"}, 401, "invalid_client"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "omr_x"}, 400, "invalid_grant"),
    ],
)
def test_what_is_refused(client: FlaskClient, form: dict[str, str], status: int, error: str) -> None:
    answer = token(client, **form)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.get_json()["error_description"]


def test_a_refresh_token_gives_access_tokens_and_nothing_else(client: FlaskClient) -> None:
    refresh = token(client, scope="read recognize").get_json()["refresh_token"]
    assert client.get("/api/session", headers={"Authorization": f"Bearer {refresh}"}).status_code == 401
    told = client.post("/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": refresh}).get_json()
    assert told["refresh_token"] == refresh
    got = client.get("/api/session", headers={"Authorization": f"Bearer {told['access_token']}"}).get_json()
    assert (got["Name"], got["Scopes"]) == ("red", ["read", "recognize"])


def test_an_access_token_refreshes_nothing(client: FlaskClient) -> None:
    access = token(client).get_json()["access_token"]
    assert token(client, grant_type="refresh_token", refresh_token=access).status_code == 400


def test_right_secrets_are_not_slowed_down_and_wrong_ones_are(client: FlaskClient) -> None:
    assert [token(client).status_code for _ in range(20)] == [200] * 20
    wrong = [token(client, client_secret="wrong").status_code for _ in range(FREE_ATTEMPTS + 1)]
    assert wrong == [401] * FREE_ATTEMPTS + [429]


def test_a_client_that_is_removed_has_no_tokens(client: FlaskClient, accounts: Accounts) -> None:
    told = token(client).get_json()
    accounts.remove(Kind.CLIENT, "red")
    assert token(client, grant_type="refresh_token", refresh_token=told["refresh_token"]).status_code == 400
    assert client.get("/api/session", headers={"Authorization": f"Bearer {told['access_token']}"}).status_code == 401
    accounts.add(RED, PASSWORD)
    assert token(client).get_json()["access_token"] != told["access_token"]


@pytest.mark.parametrize("form", [{}, {"client_id": "SID", "client_secret": "SECRET"}])
@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_an_open_server_gives_everybody_a_token(config: Config, form: dict[str, str], grant: str) -> None:
    client = create_app(config).test_client()
    told = client.post("/connect/token", data={"grant_type": grant, **form}).get_json()
    assert {"access_token", "refresh_token", "expires_in", "token_type"} <= told.keys()
    answer = client.get("/api/session", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert answer.status_code == 200
