"""What answers take of the memory: it is admitted as they grow, and given back as they are sent."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from omrclip.admission import Admission, Holding
from omrclip.web import services
from omrclip.web.app import App
from tests.web.keeping import stored
from tests.web.making import asked, image
from tests.web.test_bounds import SEGMENTS

FOUR = [image(f"{name}.png") for name in "abcd"]
JSON, ZIP, LINES = "application/json", "application/zip", "application/x-ndjson"


@pytest.fixture
def admission(app: App) -> Admission:
    return services.of(app).sources.admission


@pytest.fixture
def most(admission: Admission, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Bound all answers to so many bytes."""
    return lambda size: monkeypatch.setattr(admission, "_max_answers", size)


@pytest.fixture
def highest(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What an answer held after each growth."""
    held: list[int] = []
    grow = Holding.grow

    def noted(self: Holding, count: int) -> None:
        grow(self, count)
        held.append(self.bytes)

    monkeypatch.setattr(Holding, "grow", noted)
    return held


def clip_bytes(answer: dict[str, Any]) -> int:
    return sum(file["Size"] for file in answer["ResponseFiles"] if not file["Name"].endswith("Results.dat"))


def recognitions(response: TestResponse) -> list[dict[str, Any]]:
    with response:
        assert response.status_code == 200
        if response.mimetype == ZIP:
            with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
                return json.loads(archive.read("results.json"))["Recognitions"]
        return [told for line in response.text.splitlines() for told in json.loads(line)["Recognitions"]]


@pytest.fixture
def taken(client: FlaskClient, highest: list[int]) -> tuple[int, int]:
    """What the clips of a scan take, and an answer of one scan in all."""
    with client.post("/api/recognitions", json=asked()) as response:
        clips = clip_bytes(response.get_json())
    whole = max(highest)
    highest.clear()
    return clips, whole


def test_scans_whose_clips_find_no_memory_fail_and_say_how_to_ask(
    client: FlaskClient, most: Callable[[int], None], taken: tuple[int, int], admission: Admission
) -> None:
    most(2 * taken[1] + taken[0] // 2)
    told = recognitions(client.post("/api/recognitions", json=asked(Images=FOUR)))
    assert [one["Error"] and one["Error"]["code"] for one in told] == [None, None, "limit_exceeded", "limit_exceeded"]
    assert told[2]["Error"]["details"]["limit"] == "memory_bytes"
    assert "application/x-ndjson" in told[2]["Error"]["message"]
    assert admission.admitted_bytes == 0


@pytest.mark.parametrize("accept", [LINES, ZIP])
@pytest.mark.parametrize("query", ["", "?keep"])
@pytest.mark.usefixtures("one_processor")
def test_a_streamed_answer_holds_the_clips_of_one_scan(
    client: FlaskClient, taken: tuple[int, int], highest: list[int], admission: Admission, accept: str, query: str
) -> None:
    clips, whole = taken
    response = client.post(f"/api/recognitions{query}", json=asked(Images=FOUR), headers={"Accept": accept})
    assert [one["Error"] for one in recognitions(response)] == [None] * 4
    entries = 4 * (whole - clips) * (3 if query else 1)  # what is told of the scans stays, twice where it is kept
    assert max(highest) <= clips + entries
    response.close()
    assert admission.admitted_bytes == 0


def test_scans_wait_for_other_answers_and_fail_in_the_end(
    client: FlaskClient, most: Callable[[int], None], taken: tuple[int, int], admission: Admission
) -> None:
    most(taken[1])
    admission._wait_seconds = 0
    other = admission.holding()
    other.grow(taken[1])
    (told,) = recognitions(client.post("/api/recognitions", json=asked()))
    assert told["Error"]["code"] == "server_busy"
    other.shrink()
    (told,) = recognitions(client.post("/api/recognitions", json=asked()))
    assert told["Error"] is None


@pytest.mark.parametrize("accept", [JSON, LINES, ZIP])
def test_a_client_that_goes_away_leaves_no_memory_held_and_nothing_kept(
    app: App, client: FlaskClient, admission: Admission, accept: str
) -> None:
    response = client.post(
        "/api/recognitions?keep", json=asked(Images=FOUR), headers={"Accept": accept}, buffered=False
    )
    parts: Iterator[bytes] = response.iter_encoded()
    next(parts)
    assert admission.admitted_bytes > 0
    response.close()
    assert admission.admitted_bytes == 0
    assert bool(stored(services.of(app).config)) == (accept == JSON)  # which was whole, and kept


def test_a_json_answer_gives_memory_back_while_it_is_sent(
    client: FlaskClient, admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omrclip.schemas.answer_parts.ENCODED_AT_ONCE", 3)
    response = client.post("/api/recognitions", json=asked(Images=FOUR), buffered=False)
    parts = [(admission.admitted_bytes, part) for part in response.iter_encoded()]
    held = [bytes_held for bytes_held, _ in parts]
    assert held == sorted(held, reverse=True), held
    clips = clip_bytes(json.loads(b"".join(part for _, part in parts)))
    assert held[0] - held[-1] >= clips > 0, held  # what describes the scans is held to the end
    response.close()


def test_segments_are_admitted_as_they_grow(
    client: FlaskClient, most: Callable[[int], None], highest: list[int], admission: Admission
) -> None:
    with client.post("/api/segments", json={"Manifest": SEGMENTS}) as response:
        files = response.get_json()["ResponseFiles"]
    assert max(highest) == sum(file["Size"] for file in files)
    assert admission.admitted_bytes == 0
    most(max(highest) - 1)
    refused = client.post("/api/segments", json={"Manifest": SEGMENTS})
    assert (refused.status_code, refused.get_json()["error"]["details"]["limit"]) == (413, "memory_bytes")
    assert admission.admitted_bytes == 0
