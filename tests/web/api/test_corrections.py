"""What people put right is kept beside what was read, goes with it, and is overwritten by nobody unseen."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.blobs import BlobStore
from omrclip.storage.schedule import Schedule
from omrclip.web.app import create_app
from tests.web.keeping import Posted

Refusal = Callable[..., None]
TYPED = {"Corrections": [{"Scan": 1, "Name": "Name", "Value": "Ännchen"}, {"Scan": 1, "Name": "Q1", "Value": ""}]}


@pytest.fixture
def uri(kept: Posted) -> str:
    return f"{kept()['Uri']}/corrections"


def tag(client: FlaskClient, uri: str) -> dict[str, str]:
    return {"If-Match": client.get(uri).headers["ETag"]}


def told(answer: Any) -> Any:
    """A document of corrections without the accounts and times, which `test_who_corrected_what_is_recorded` checks."""
    document = answer.get_json()
    for correction in document["Corrections"]:
        assert correction.pop("By") is None
        assert time.time() - 3600 < correction.pop("At") <= time.time() + 1
    return document


def test_corrections_are_kept_and_leave_the_answer_as_it_was(client: FlaskClient, uri: str) -> None:
    answer = client.get(uri.removesuffix("/corrections")).get_json()
    assert client.get(uri).get_json() == {"Corrections": []}
    put = client.put(uri, json=TYPED, headers=tag(client, uri))
    assert (put.status_code, told(put)) == (200, TYPED)
    assert told(client.get(uri)) == TYPED
    assert client.get(uri).headers["ETag"] == put.headers["ETag"]
    assert client.get(uri.removesuffix("/corrections")).get_json() == answer


def test_the_second_of_two_is_told(client: FlaskClient, uri: str, assert_refused: Refusal) -> None:
    seen = tag(client, uri)
    assert client.put(uri, json=TYPED, headers=seen).status_code == 200
    assert_refused(client.put(uri, json={"Corrections": []}, headers=seen), 412, "precondition_failed")
    assert_refused(client.put(uri, json={"Corrections": []}), 428, "precondition_required")
    assert told(client.get(uri)) == TYPED


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
        ({"Corrections": [{"Scan": 1, "Name": "Q1", "Value": None}]}, "$.Corrections[0].Value"),
        ({"Corrections": [{"Scan": 1, "Name": "Q1", "Value": "A", "At": "now"}]}, "$.Corrections[0].At"),
    ],
)
def test_what_is_wrong_is_named(client: FlaskClient, uri: str, assert_refused: Refusal, body: Any, path: str) -> None:
    assert_refused(client.put(uri, json=body, headers={"If-Match": "*"}), 400, "invalid_request", path)


def entry(value: str | None, name: str = "Q1") -> dict[str, Any]:
    return {"Scan": 1, "Name": name, "Value": value}


def test_nothing_that_was_corrected_is_lost_when_it_is_changed_or_undone(client: FlaskClient, uri: str) -> None:
    for wanted in (
        [entry("A")],
        [entry("B"), entry("Ada", "Name")],
        [entry("B"), entry("Ada", "Name")],  # nothing changes
        [entry("Ada", "Name")],
        [],
        [entry("A")],
    ):
        assert told(client.put(uri, json={"Corrections": wanted}, headers=tag(client, uri)))["Corrections"] == wanted
    assert told(client.get(f"{uri}/history"))["Corrections"] == [
        entry("A"),
        entry("B"),
        entry("Ada", "Name"),
        entry(None),
        entry(None, "Name"),
        entry("A"),
    ]


def test_corrections_of_an_older_version_are_read_and_go_into_the_history(
    config: Config, client: FlaskClient, uri: str
) -> None:
    path = Path(config.results, uri.split("/")[-2], "corrections.json")
    path.write_text(json.dumps({"Corrections": [entry("A"), {**entry("B"), "Path": "$.x"}]}))
    before = client.get(uri).get_json()["Corrections"]
    assert [(one["Value"], one["By"], one["At"]) for one in before] == [("A", None, None), ("B", None, None)]
    assert client.put(uri, json={"Corrections": before[:1]}, headers=tag(client, uri)).status_code == 200
    history = client.get(f"{uri}/history").get_json()["Corrections"]
    assert [one["Value"] for one in history] == ["A", "B", None]


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"Corrections": [{}]}', '{"Corrections": [1]}'])
def test_damaged_corrections_are_told(
    config: Config, client: FlaskClient, uri: str, assert_refused: Refusal, data: str
) -> None:
    Path(config.results, uri.split("/")[-2], "corrections.json").write_text(data)
    for path in (uri, f"{uri}/history", uri.replace("corrections", "results.csv")):
        assert_refused(client.get(path), 410, "damaged_record")


def counted(config: Config) -> int:
    return Schedule(BlobStore(config.results)).used()


def stored_bytes(config: Config) -> int:
    return sum(path.stat().st_size for path in Path(config.results).glob("[0-9a-f]*/**/*") if path.is_file())


def test_corrections_count_in_the_quota(config: Config, client: FlaskClient, uri: str) -> None:
    for value in ("long" * 1000, "x", ""):
        document = {"Corrections": [{"Scan": 1, "Name": "Q1", "Value": value}]}
        assert client.put(uri, json=document, headers=tag(client, uri)).status_code == 200
        assert counted(config) == stored_bytes(config)


def test_corrections_that_exceed_the_quota_are_refused_and_those_before_stay(
    config: Config, client: FlaskClient, uri: str, assert_refused: Refusal
) -> None:
    client.put(uri, json=TYPED, headers=tag(client, uri))
    used = counted(config)
    tight = create_app(replace(config, kept_bytes=used + 1000)).test_client()
    many = {"Corrections": [{"Scan": 1, "Name": "Q1", "Value": "x" * 2000}]}
    assert_refused(tight.put(uri, json=many, headers=tag(client, uri)), 507, "storage_full", "kept_bytes")
    assert (told(client.get(uri)), counted(config)) == (TYPED, used)
    fewer = {"Corrections": TYPED["Corrections"][:1]}
    over = create_app(replace(config, kept_bytes=2**20)).test_client()
    assert over.put(uri, json=fewer, headers=tag(client, uri)).status_code == 200, "fewer take no room"


def test_corrections_that_find_no_room_on_the_disk_are_not_counted(
    config: Config, client: FlaskClient, uri: str, assert_refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = counted(config)

    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("omrclip.storage.blobs.replace_file", full)
        answer = client.put(uri, json=TYPED, headers=tag(client, uri))
    assert_refused(answer, 507, "storage_full")
    assert counted(config) == used
