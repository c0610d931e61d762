"""What people put right is kept beside what was read, goes with it, and is overwritten by nobody unseen."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.keeping import Posted

Refusal = Callable[..., None]
TYPED = {"Corrections": [{"Scan": 1, "Name": "Name", "Value": "Ännchen"}, {"Scan": 1, "Name": "Q1", "Value": ""}]}


@pytest.fixture
def uri(kept: Posted) -> str:
    return f"{kept()['Uri']}/corrections"


def tag(client: FlaskClient, uri: str) -> dict[str, str]:
    return {"If-Match": client.get(uri).headers["ETag"]}


def test_corrections_are_kept_and_leave_the_answer_as_it_was(client: FlaskClient, uri: str) -> None:
    answer = client.get(uri.removesuffix("/corrections")).get_json()
    assert client.get(uri).get_json() == {"Corrections": []}
    put = client.put(uri, json=TYPED, headers=tag(client, uri))
    assert (put.status_code, put.get_json()) == (200, TYPED)
    assert client.get(uri).get_json() == TYPED
    assert client.get(uri).headers["ETag"] == put.headers["ETag"]
    assert client.get(uri.removesuffix("/corrections")).get_json() == answer


def test_the_second_of_two_is_told(client: FlaskClient, uri: str, assert_refused: Refusal) -> None:
    seen = tag(client, uri)
    assert client.put(uri, json=TYPED, headers=seen).status_code == 200
    assert_refused(client.put(uri, json={"Corrections": []}, headers=seen), 412, "precondition_failed")
    assert_refused(client.put(uri, json={"Corrections": []}), 428, "precondition_required")
    assert client.get(uri).get_json() == TYPED


def test_corrections_go_with_their_recognition(client: FlaskClient, uri: str, assert_refused: Refusal) -> None:
    client.put(uri, json=TYPED, headers=tag(client, uri))
    client.delete(uri.removesuffix("/corrections"))
    assert_refused(client.get(uri), 404, "not_found")
    assert_refused(client.put(uri, json=TYPED, headers={"If-Match": "*"}), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.Corrections"),
        ({"Corrections": {}}, "$.Corrections"),
        ({"Corrections": [{"Scan": 0, "Name": "Q1", "Value": "A"}]}, "$.Corrections[0].Scan"),
        ({"Corrections": [{"Scan": 1, "Name": "", "Value": "A"}]}, "$.Corrections[0].Name"),
        ({"Corrections": [{"Scan": 1, "Name": "Q1", "Value": 5}]}, "$.Corrections[0].Value"),
    ],
)
def test_what_is_wrong_is_named(client: FlaskClient, uri: str, assert_refused: Refusal, body: Any, path: str) -> None:
    assert_refused(client.put(uri, json=body, headers={"If-Match": "*"}), 400, "invalid_request", path)
