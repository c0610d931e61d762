"""The progress of a batch as Server-Sent Events, through the gateway that `omrclip serve` runs."""

import asyncio
import json

import pytest
from flask.testing import FlaskClient

from omrclip.admission import Admission
from omrclip.config import Config
from omrclip.storage.batches import Batches
from omrclip.web.api import batch_events
from omrclip.web.app import create_app
from omrclip.web.gateway import LIGHT_THREADS, Gateway
from tests.patience import PATIENCE
from tests.web.test_gateway import Client

FAST = 0.01


@pytest.fixture
def batches(config: Config) -> Batches:
    return Batches(config)


@pytest.fixture
def identifier(batches: Batches) -> str:
    found = batches.new_identifier()
    batches.create(found, "June", "form", {}, None)
    return found


@pytest.fixture
def gateway(config: Config, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setattr(batch_events, "SECONDS", FAST)
    return Gateway(create_app(config), config, Admission(2, config.memory_bytes, 0, 0))


def told(body: bytes) -> list[dict[str, object]]:
    """The data of the events."""
    lines = body.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def waiting_client(identifier: str, **headers: str) -> Client:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Client(path=f"/api/batches/{identifier}/events", headers=named)


def body_of(client: Client) -> bytes:
    return b"".join(message.get("body", b"") for message in client.sent)


async def until(condition: object) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(FAST)


def test_a_client_is_told_each_change_until_the_batch_is_done(
    gateway: Gateway, batches: Batches, identifier: str
) -> None:
    client = waiting_client(identifier)

    async def run() -> None:
        asking = asyncio.create_task(client.ask(gateway))
        await until(lambda: b":\n\n" in body_of(client))  # so that proxies do not close the connection
        batches.note_progress(identifier, 3, 1, 1, 3600.0)
        await until(lambda: len(told(body_of(client))) == 2)
        batches.finish(identifier, 0)
        await asking

    asyncio.run(run())
    assert client.sent[0]["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in client.sent[0]["headers"]
    first, second, last = told(body_of(client))
    assert (first["State"], first["Done"]) == ("waiting", 0)
    assert (second["State"], second["Done"], second["Passed"], second["Failed"]) == ("running", 4, 3, 1)
    assert last["State"] == "done"
    assert b"\nid: running-0-3-1-1\n" in body_of(client)
    assert client.sent[-1]["more_body"] is False


def test_waiting_clients_take_no_threads(gateway: Gateway, batches: Batches, identifier: str) -> None:
    clients = [waiting_client(identifier) for _ in range(3 * LIGHT_THREADS)]
    other = Client(path=f"/api/batches/{identifier}")

    async def run() -> None:
        asking = [asyncio.create_task(client.ask(gateway)) for client in clients]
        await until(lambda: all(told(body_of(client)) for client in clients))
        await other.ask(gateway)
        for client in clients[1:]:
            client.goes.set()
        await asyncio.wait(asking[1:])
        batches.finish(identifier, 0)
        await asking[0]

    asyncio.run(run())
    assert other.sent[0]["status"] == 200
    assert told(body_of(clients[0]))[-1]["State"] == "done"


def test_the_number_of_clients_is_bounded(
    gateway: Gateway, batches: Batches, identifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_events, "_clients", batch_events.threading.BoundedSemaphore(1))
    first, second, third = (waiting_client(identifier) for _ in range(3))

    async def run() -> None:
        asking = asyncio.create_task(first.ask(gateway))
        await until(lambda: first.sent)
        await second.ask(gateway)
        first.goes.set()
        await asking
        batches.finish(identifier, 0)
        await third.ask(gateway)

    asyncio.run(run())
    assert second.sent[0]["status"] == 503
    assert dict(second.sent[0]["headers"])[b"retry-after"] == b"30"
    assert third.sent[0]["status"] == 200


def test_a_client_that_comes_back_is_not_told_what_it_knows(
    client: FlaskClient, batches: Batches, identifier: str
) -> None:
    batches.note_progress(identifier, 1, 0, 0, None)
    batches.finish(identifier, 0)
    address = f"/api/batches/{identifier}/events"
    answer = client.get(address, buffered=True)
    mark = "done-0-1-0-0"
    assert f"id: {mark}\n" in answer.text
    assert len(told(answer.data)) == 1
    again = client.get(address, headers={"Last-Event-ID": mark})
    assert (again.status_code, again.data) == (204, b"")
    assert len(told(client.get(address, headers={"Last-Event-ID": "running-0-0-0-0"}, buffered=True).data)) == 1


def test_a_batch_that_is_deleted_ends_the_events(gateway: Gateway, batches: Batches, identifier: str) -> None:
    client = waiting_client(identifier)

    async def run() -> None:
        asking = asyncio.create_task(client.ask(gateway))
        await until(lambda: client.sent)
        batches.delete(identifier)
        await asking

    asyncio.run(run())
    assert b"event: deleted" in body_of(client)


def test_a_connection_ends_after_some_time(gateway: Gateway, identifier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_events, "LONGEST_SECONDS", 0.0)
    client = asyncio.run(waiting_client(identifier).ask(gateway))
    assert [event["State"] for event in told(body_of(client))] == ["waiting"]


def test_a_batch_that_does_not_exist_has_no_events(client: FlaskClient) -> None:
    assert client.get(f"/api/batches/{'0' * 24}/events").status_code == 404
