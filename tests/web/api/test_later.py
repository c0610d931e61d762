"""POST /api/recognitions with Prefer: respond-async: the scans become a batch."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from tests.web.conftest import Refusal
from tests.web.making import (
    base64_of,
    clip_area,
    encoded,
    file_part,
    grid,
    image,
    multipart,
    omr,
    template,
)

LATER = {"Prefer": "wait=10, Respond-Async; foo"}
PNG = encoded(grid())


@pytest.fixture
def runner(config: Config) -> Iterator[Runner]:
    found = Runner(replace(config, workers=1))
    yield found
    found.close()


@pytest.mark.parametrize("given", ["form", template(), base64_of(omr(template()))], ids=["name", "object", "base64"])
def test_the_scans_become_a_batch(client: FlaskClient, runner: Runner, given: Any) -> None:
    body = {"Template": given, "Images": [image("a.png", PNG), image("b.txt", b"?")], "Options": {"ClipFormat": "png"}}
    answer = client.post("/api/recognitions", json=body, headers=LATER)
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    told = answer.get_json()
    assert answer.headers["Location"] == told["Uri"]
    assert told["Name"] == ("form" if given == "form" else "Template")
    assert told["Taken"] == [{"Name": "a.png", "Sheets": 1}]
    assert [(one["Name"], one["Code"]) for one in told["Refused"]] == [("b.txt", "unsupported_image")]
    runner.look()
    assert client.get(told["Uri"]).get_json()["State"] == "done"
    (line,) = client.get(told["Results"]["results.jsonl"]).text.splitlines()
    read = json.loads(line)
    assert [clip["File"] for clip in read["Clips"]] == ["clips/Name/a.png", "clips/Signature/a.png"]


def test_parts_and_the_time_of_storage(client: FlaskClient) -> None:
    def sent() -> dict[str, Any]:
        document = omr(template(clip_area("Name")))
        return multipart(("Template", file_part("f.omr", document)), ("Images", file_part("a.png", PNG)))

    told = client.post("/api/recognitions?keep=60", **sent(), headers=LATER).get_json()
    assert 59 < told["Expires"] - told["Created"] < 61
    assert told["Templates"] == ["Template"]
    assert client.post("/api/recognitions", **sent(), headers={"Prefer": "wait=1"}).status_code == 200


def test_what_is_wrong_leaves_no_batch(client: FlaskClient, assert_refused: Refusal) -> None:
    for body, status, code, names in (
        ({"Template": "other", "Images": [image("a.png", PNG)]}, 400, "invalid_request", "$.Template"),
        ({"Template": "form", "Images": []}, 400, "invalid_request", "$.Images"),
        ({"Template": "form", "Images": [image("a.txt", b"?")]}, 400, "invalid_request", "a.txt: "),
        ({"Template": {"Pages": 1}, "Images": [image("a.png", PNG)]}, 422, "invalid_template", "Pages"),
    ):
        assert_refused(client.post("/api/recognitions", json=body, headers=LATER), status, code, names)
    assert client.get("/api/batches").get_json()["Batches"] == []
