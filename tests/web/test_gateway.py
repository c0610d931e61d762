"""The ASGI side: requests as the WSGI application sees them, answers as clients do, and who waits for whom."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import flask
import pytest

from omrclip.admission import Admission
from omrclip.config import Config
from omrclip.errors import Abandoned, DeadlineExceeded
from omrclip.serving.sources import DERIVATIVES_SHARE, FILES_SHARE, PIXELS_SHARE, shared_bytes
from omrclip.web import gateway as gateway_module
from omrclip.web.app import App, create_app
from omrclip.web.bodies import Message
from omrclip.web.gate import Gate
from omrclip.web.gateway import BODIES_SHARE, JSON_COST, Gateway
from omrclip.web.lanes import Lane, lane_of, runs_in, work
from tests.patience import PATIENCE


@dataclass
class Client:
    """One request, and what came back. It goes away when `goes` is set."""

    method: str = "GET"
    path: str = "/"
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    query: bytes = b""
    goes: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Message] = field(default_factory=list)
    _asked: bool = False

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.goes.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def state(self) -> dict[str, Any]:
        return {}

    async def ask(self, gateway: Gateway) -> "Client":
        length = [(b"content-length", str(len(self.body)).encode())] if self.body else []
        scope = {
            "type": "http", "method": self.method, "raw_path": self.path.encode(), "query_string": self.query,
            "scheme": "http", "http_version": "1.1", "headers": [(b"host", b"localhost"), *length, *self.headers],
            "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "state": self.state(),
        }  # fmt: skip
        await asyncio.wait_for(gateway(scope, self.receive, self.send), PATIENCE)
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def data(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def gateway_of(app: App, config: Config, max_bytes: int = 10**9) -> Gateway:
    return Gateway(app, config, Admission(2, max_bytes, 0, 0))


@pytest.fixture
def routes() -> flask.Flask:
    """An application that tells what it is asked."""
    app = App("asked")
    app.gate = Gate(app.wsgi_app, Config(), lambda *_: None)

    @app.route("/echo/<path:name>", methods=["GET", "POST"])
    def echo(name: str) -> dict[str, Any]:
        request = flask.request
        return {
            "name": name, "query": request.query_string.decode(), "body": request.get_data(as_text=True),
            "type": request.content_type, "length": request.content_length,
            "headers": {key: value for key, value in request.headers.items() if key.startswith("X-")},
        }  # fmt: skip

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(iter([b"one", b"two", b"three"]))

    return app


@pytest.fixture
def gateway(routes: flask.Flask, config: Config) -> Gateway:
    return gateway_of(routes, config)


def ask(gateway: Gateway, **request: Any) -> Client:
    async def asked() -> Client:
        return await Client(**request).ask(gateway)

    return asyncio.run(asked())


def test_a_request_arrives_as_it_was_sent(gateway: Gateway) -> None:
    client = ask(
        gateway, method="POST", path="/echo/a%20b/%C3%A4", query=b"x=%20", body=b"text",
        headers=[(b"content-type", b"text/x"), (b"x-one", b"1"), (b"x-one", b"2"), (b"x_two", b"spoofed")],
    )  # fmt: skip
    assert client.status == 200
    assert flask.json.loads(client.data) == {
        "name": "a b/ä", "query": "x=%20", "body": "text", "type": "text/x", "length": 4, "headers": {"X-One": "1,2"},
    }  # fmt: skip


@pytest.mark.parametrize(("path", "status"), [("/echo/%ff", 200), ("/%ff", 404), ("/echo/%2e%2e", 200)])
def test_paths_that_are_not_text_are_answered_too(gateway: Gateway, path: str, status: int) -> None:
    assert ask(gateway, path=path).status == status


def test_an_answer_that_is_made_as_it_is_sent_comes_part_by_part(gateway: Gateway) -> None:
    client = ask(gateway, path="/stream")
    assert [(message["body"], message["more_body"]) for message in client.sent[1:]] == [
        (b"one", True), (b"two", True), (b"three", True), (b"", False),
    ]  # fmt: skip


def test_a_refused_body_is_answered_by_the_application_and_the_connection_closed(config: Config) -> None:
    app = create_app(config)
    length = (b"content-length", b"1000000000000000")
    client = ask(gateway_of(app, config), method="POST", path="/api/recognitions", headers=[length])
    assert client.status == 413
    assert (b"connection", b"close") in client.sent[0]["headers"]
    assert flask.json.loads(client.data)["error"]["details"] == {"limit": "max_body_bytes", "maximum": 1_000_000}


def test_a_client_that_does_not_read_is_given_up(routes: flask.Flask, config: Config, monkeypatch: Any) -> None:
    monkeypatch.setattr(gateway_module, "SEND_SECONDS", 0.01)
    aborted = threading.Event()

    async def stalled() -> None:
        client = Client(path="/stream")

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.sleep(PATIENCE)

        scope = {
            "type": "http", "method": "GET", "raw_path": b"/stream", "query_string": b"", "scheme": "http",
            "http_version": "1.1", "headers": [(b"host", b"localhost")], "state": {"abort": aborted.set},
        }  # fmt: skip
        await asyncio.wait_for(gateway_of(routes, config)(scope, client.receive, send), PATIENCE)

    asyncio.run(stalled())
    assert aborted.is_set()


@dataclass
class Reader(Client):
    """A client that takes each part of an answer when it is told to, and notes whether it was cut off."""

    reads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    is_cut_off: bool = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await self.reads.acquire()
        self.sent.append(message)

    def state(self) -> dict[str, Any]:
        return {"abort": self._abort}

    def _abort(self) -> None:
        self.is_cut_off = True
        self.reads.release()


def test_a_client_that_reads_a_whole_answer_too_slowly_is_given_up(
    routes: flask.Flask, config: Config, monkeypatch: Any
) -> None:
    passed = 0.0

    async def read() -> Reader:
        nonlocal passed
        reader = Reader(path="/stream")
        for _ in range(2):
            reader.reads.release()

        async def send(message: Message) -> None:
            nonlocal passed
            passed += 40  # in time for each part
            await Reader.send(reader, message)

        reader.send = send  # type: ignore[method-assign]
        return await reader.ask(gateway_of(routes, replace(config, body_seconds=100)))  # type: ignore[return-value]

    monkeypatch.setattr(gateway_module, "time", SimpleNamespace(monotonic=lambda: passed))
    reader = asyncio.run(read())
    assert reader.is_cut_off
    assert [message["body"] for message in reader.sent[1:]][:2] == [b"one", b"two"]


def test_the_slowest_reader_makes_way_for_an_answer_that_finds_no_memory(
    routes: flask.Flask, config: Config, monkeypatch: Any
) -> None:
    monkeypatch.setattr(gateway_module, "SLOW_SECONDS", 0.0)
    size = 2 * gateway_module.SENT_AT_ONCE
    routes.add_url_rule("/large", "large", lambda: flask.Response(bytes(size)))

    async def read() -> tuple[Reader, Reader]:
        gateway = gateway_of(routes, config, max_bytes=size)  # for one of them
        slow, quick = Reader(path="/large"), Reader(path="/large")
        quick.reads = asyncio.Semaphore(PATIENCE)
        reading = asyncio.ensure_future(slow.ask(gateway))
        while not slow.sent:
            await asyncio.sleep(0.001)
        await quick.ask(gateway)
        await asyncio.wait_for(reading, PATIENCE)
        return slow, quick

    slow, quick = asyncio.run(read())
    assert (slow.is_cut_off, quick.is_cut_off) == (True, False)
    assert len(quick.data) == size


class Slow:
    """An application with a slow view in the work lane, and a quick one."""

    def __init__(self) -> None:
        self.app = App("slow")
        self.app.gate = Gate(self.app.wsgi_app, Config(), lambda *_: None)
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.outcomes: list[str] = []
        self.app.add_url_rule("/quick", "quick", lambda: "quick")
        self.app.add_url_rule("/slow", "slow", runs_in(Lane.WORK)(lambda: self._slow()))

    def _slow(self) -> str:
        self.begun.release()
        try:
            while not self.may_end.wait(0.01):
                work().check()
        except (Abandoned, DeadlineExceeded) as error:
            self.outcomes.append(error.code)
            raise
        self.outcomes.append("done")
        return "slow"


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.may_end.set()


def test_the_light_lane_answers_while_the_work_lane_is_full(slow: Slow, config: Config) -> None:
    async def all_at_once() -> None:
        gateway = gateway_of(slow.app, replace(config, threads=2))
        busy = [asyncio.ensure_future(Client(path="/slow").ask(gateway)) for _ in range(20)]
        await asyncio.to_thread(slow.begun.acquire)
        assert (await Client(path="/quick").ask(gateway)).data == b"quick"
        assert not any(task.done() for task in busy)
        slow.may_end.set()
        assert [client.data for client in await asyncio.gather(*busy)] == [b"slow"] * 20

    asyncio.run(all_at_once())


def test_work_stops_when_its_client_has_gone_and_does_not_begin_for_one_that_went_before(
    slow: Slow, config: Config
) -> None:
    async def two_go() -> None:
        gateway = gateway_of(slow.app, replace(config, threads=1))
        first, second = Client(path="/slow"), Client(path="/slow")
        asking = [asyncio.ensure_future(first.ask(gateway))]
        await asyncio.to_thread(slow.begun.acquire)
        asking.append(asyncio.ensure_future(second.ask(gateway)))
        await asyncio.sleep(0.05)
        second.goes.set()
        await asking[1]
        first.goes.set()
        await asking[0]
        assert second.sent == []

    slow.app.testing = False
    asyncio.run(two_go())
    assert slow.outcomes == ["client_gone"]


def test_work_stops_at_its_deadline(slow: Slow, config: Config) -> None:
    async def waits() -> None:
        await Client(path="/slow").ask(gateway_of(slow.app, replace(config, request_seconds=1)))

    asyncio.run(waits())
    assert slow.outcomes == ["deadline_exceeded"]


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("GET", "/health", Lane.LIGHT),
        ("GET", "/nowhere", Lane.LIGHT),
        ("PATCH", "/health", Lane.LIGHT),
        ("GET", "/api/templates", Lane.LIGHT),
        ("PUT", "/api/templates/form", Lane.LIGHT),
        ("POST", "/api/recognitions", Lane.WORK),
        ("POST", "/api/segments", Lane.WORK),
        ("POST", "/api/templates/form/correction", Lane.WORK),
        ("POST", "/api/templates/form/finalization", Lane.WORK),
        ("GET", "/api/templates/form/pages/1/clip", Lane.WORK),
        ("GET", "/api/recognitions/x/overlay/1", Lane.WORK),
        ("GET", "/iiif/2/a.png/full/max/0/default.jpg", Lane.LIGHT_FIRST),
        ("GET", "/iiif/3/a.png/info.json", Lane.LIGHT_FIRST),
    ],
)
def test_what_decodes_runs_in_the_work_lane(config: Config, method: str, path: str, lane: Lane) -> None:
    assert lane_of(create_app(config), path, method) is lane


def test_an_image_that_has_to_be_decoded_is_given_by_the_work_lane_and_then_by_the_light_one(
    config: Config,
) -> None:
    app = create_app(config)
    lanes: list[str] = []

    @app.before_request
    def note() -> None:
        lanes.append(threading.current_thread().name.partition("_")[0])

    gateway = gateway_of(app, config)
    first, again = (ask(gateway, path="/iiif/2/grid.png/full/full/0/default.png") for _ in range(2))
    assert (first.status, again.status) == (200, 200)
    assert first.data == again.data
    assert lanes == ["light", "work", "light"]


@pytest.mark.parametrize("memory", [2**29, 2**30, 2**33])
def test_what_is_shared_out_is_no_more_than_the_memory(memory: int) -> None:
    shared = shared_bytes(memory)
    references = memory - shared
    images = (PIXELS_SHARE + FILES_SHARE + DERIVATIVES_SHARE) * shared
    bodies = BODIES_SHARE * memory + JSON_COST * Config(memory_bytes=memory).most_body_bytes
    assert references + images + bodies <= memory
