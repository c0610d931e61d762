"""What is damaged on the disk is told as that, and goes when its time is over; nothing else is touched by it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web import services
from omrclip.web.app import App
from tests.web.conftest import Refusal
from tests.web.keeping import Boot, Clock, Posted, identifier_of, stored

Damage = Callable[[bytes], bytes]


def changed(**changes: Any) -> Damage:
    return lambda data: json.dumps({**json.loads(data), **changes}).encode()


def page_changed(**changes: Any) -> Damage:
    def change(data: bytes) -> bytes:
        record = json.loads(data)
        record["pages"][0] |= changes
        return json.dumps(record).encode()

    return change


ANY: dict[str, Damage] = {
    "empty": lambda _: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "not JSON": lambda _: b"\x00" * 100,
    "not UTF-8": lambda data: data.replace(b'"', b"\xff", 1),
    "a list": lambda _: b"[]",
    "a string": lambda _: b'"x"',
    "an empty object": lambda _: b"{}",
    "deeply nested": lambda _: b"[" * 100_000,
}
RECORD = ANY | {
    "no time": changed(expires="tomorrow"),
    "a time that is none": changed(expires=float("nan")),
    "a time beyond all": changed(created=1e300),
    "pages that are none": changed(pages=[1]),
    "files without types": changed(files=[["a.png", 3]]),
    "a matrix of text": page_changed(page_to_scan="abc"),
    "a matrix of two rows": page_changed(page_to_scan=[[1, 0, 0], [0, 1, 0]]),
    "a bend that is no base64": page_changed(bend={"shape": [1, 1, 2], "data": "%%%"}),
    "a bend of another size": page_changed(bend={"shape": [9, 9, 2], "data": ""}),
    "dimensions of text": page_changed(page=["a", "b"]),
    "clips without a box": page_changed(clips=[["Name", None, "a.png"]]),
}
PATHS = ("", "/manifest.json", "/clips.json", "/files.zip", "/corrections", "/overlay/1", "/files/scanName.png")


@pytest.fixture
def damaged(config: Config, kept: Posted) -> Callable[[str, Damage], str]:
    """Keep a recognition, damage a file of it, and give its URI."""

    def damage(name: str, by: Damage) -> str:
        uri = kept()["Uri"]
        file = Path(config.results, uri.rpartition("/")[2], name)
        file.write_bytes(by(file.read_bytes()))
        return str(uri)

    return damage


@pytest.mark.parametrize("damage", RECORD)
def test_a_damaged_record_is_told(
    client: FlaskClient, damaged: Callable[..., str], kept: Posted, assert_refused: Refusal, damage: str
) -> None:
    whole = kept()["Uri"]
    uri = damaged("kept.json", RECORD[damage])
    for path in PATHS:
        assert_refused(client.get(uri + path), 410, "damaged_record", "backup")
    assert client.get(f"/iiif/3/{identifier_of({'Uri': uri})}.1/info.json").status_code == 410
    assert client.get(whole).status_code == 200


@pytest.mark.parametrize("damage", ANY)
def test_a_damaged_answer_is_told(
    client: FlaskClient, damaged: Callable[..., str], assert_refused: Refusal, damage: str
) -> None:
    uri = damaged("answer.json", ANY[damage])
    if damage != "an empty object":
        assert_refused(client.get(uri), 410, "damaged_record")
    assert_refused(client.get(f"{uri}/overlay/1"), 410, "damaged_record")
    assert client.get(f"{uri}/files.zip").status_code == 200


@pytest.mark.parametrize("damage", RECORD)
def test_a_damaged_recognition_can_be_deleted(
    client: FlaskClient, damaged: Callable[..., str], config: Config, damage: str
) -> None:
    uri = damaged("kept.json", RECORD[damage])
    assert client.delete(uri).status_code == 204
    assert client.get(uri).status_code == 404
    assert stored(config) == []


@pytest.mark.parametrize("damage", RECORD)
def test_a_damaged_recognition_expires(
    app: App, damaged: Callable[..., str], config: Config, clock: Clock, boot: Boot, damage: str
) -> None:
    damaged("kept.json", RECORD[damage])
    store = services.of(app).kept
    clock(config.keep_seconds + 10)
    store.sweep()
    assert stored(config)
    boot.seconds += config.grace_seconds + 10
    store.sweep()
    assert stored(config) == []
