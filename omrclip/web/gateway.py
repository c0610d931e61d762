"""The ASGI application that `omrclip serve` runs. It reads request bodies and runs the WSGI application in threads.

Bodies are read in the event loop, so that slow clients do not block threads. A request runs as soon as its body is
complete, in the light lane, or in the work lane if images must be decoded (see `omrclip.web.lanes`). A request that
waits for the work lane does not block a thread either. Its work stops at its deadline, or if the client disconnects.

Adapters such as a2wsgi are not suitable. They send an answer from the thread that creates it, so that a client that
reads slowly blocks the thread.
"""

import asyncio
import io
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import HTTPException

from omrclip.admission import Admission, Holding
from omrclip.config import Config
from omrclip.errors import Abandoned, OmrclipError
from omrclip.web.app import App
from omrclip.web.bodies import ClientGone, Message, Receive, Room, give_back_body, read_body
from omrclip.web.gate import REFUSAL
from omrclip.web.lanes import HOLDING, MUST_WAIT, NO_WAIT, PACE, PACES, WORK, Lane, lane_of
from omrclip.work import Work

Send: TypeAlias = Callable[[Message], Awaitable[None]]
Environ: TypeAlias = dict[str, Any]
Headers: TypeAlias = list[tuple[str, str]]

ABORT = "omrclip.abort"  # key of the WSGI environ: a function that closes the connection

LIGHT_THREADS = 8
"""More than one, because access to remote stores may be slow. Few, because a typical request takes a millisecond."""
MOST_LIGHT_BYTES = 1024 * 1024
"""Requests with a larger body run in the work lane, because parsing it takes long."""
JSON_COST, OTHER_COST = 4.0, 3.1
"""The memory that a request needs until it is answered, as a multiple of the size of its body. Measured: 3.9 for JSON
(the body, its text, the parsed strings, the decoded scans), 3.0 for multipart."""
BODIES_SHARE = 0.02
"""The share of a process's memory for request bodies, in addition to one body of the largest size, which needs a sixth
(`Config.most_body_bytes`). `serving.sources` leaves this much free, except for 10 MB if there are less than 512 MiB."""
SENT_AT_ONCE = 256 * 1024
SEND_SECONDS = 60.0
"""Time limit for a client to read `SENT_AT_ONCE` bytes of an answer (4 KiB a second). The time limit for a whole answer
is `Config.body_seconds`, without the time in which its parts are created."""
SLOW_SECONDS = 1.0
"""If other answers need memory, a client that has delayed its answer for longer than this may be disconnected."""
_BODY = "http.response.body"
MOST_DRAINED_BYTES = 32 * 1024 * 1024
DRAIN_SECONDS = 2.0
"""Limits for reading the rest of a refused body. Some clients read the answer only after they have sent the body."""


class ClientStalled(Exception):
    """The client does not read its answer."""


@dataclass(slots=True)
class _Answer:
    """The answer of the WSGI application: status, headers, the first part of the body, and the remaining parts."""

    status: int
    headers: Headers
    first: bytes
    rest: "_Rest | None"

    def start(self) -> Message:
        """The ASGI message that begins the answer."""
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        return {"type": "http.response.start", "status": self.status, "headers": headers}


class _Reader:
    """A client that is reading an answer. The answer uses memory until it is sent."""

    def __init__(self, send: Send, abort: Callable[[], object], seconds: float, holding: Holding) -> None:
        self._send = send
        self._abort = abort
        self._seconds = seconds
        self._waited = 0.0
        self._waiting_since: float | None = None
        self._is_cut_off = False
        self.holding = holding

    @property
    def waited(self) -> float:
        """The total time that the server has waited for this client, in seconds."""
        return self._waited + (0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since)

    def cut_off(self) -> None:
        """Close the connection."""
        self._is_cut_off = True
        self._abort()

    async def part(self, part: bytes, *, more: bool) -> None:
        """Send a part of a body in small pieces. Raises ClientStalled if the client does not read a piece in time."""
        for start in range(0, max(1, len(part)), SENT_AT_ONCE):
            end = start + SENT_AT_ONCE
            await self._piece(part[start:end], more=more or end < len(part))

    async def _piece(self, piece: bytes, *, more: bool) -> None:
        self._waiting_since = time.monotonic()
        patience = min(SEND_SECONDS, self._seconds - self._waited)
        try:
            message = {"type": _BODY, "body": piece, "more_body": more}
            await asyncio.wait_for(self._send(message), patience)
        except TimeoutError:
            raise ClientStalled from None
        finally:
            self._waited, self._waiting_since = self.waited, None
        if self._is_cut_off:
            raise ClientStalled


@dataclass(slots=True)
class _Rest:
    """The remaining parts of a body. Each call of `next` may run in a different thread."""

    parts: Iterator[bytes]
    close: Callable[[], None]
    at_least: int = 0
    is_over: bool = False

    def next(self) -> bytes:
        """The next part, which has at least `at_least` bytes unless it is the last; b"" after the last one."""
        gathered: list[bytes] = []
        size = 0
        while not self.is_over and (size == 0 or size < self.at_least):
            part = next(self.parts, None)
            self.is_over = part is None
            gathered.append(part or b"")
            size += len(gathered[-1])
        return b"".join(gathered)


class Gateway:
    """An ASGI application in front of the WSGI application of `create_app`. `admission` counts memory of answers."""

    def __init__(self, app: App, config: Config, admission: Admission) -> None:
        self._app = app
        self._config = config
        self._most = config.most_body_bytes
        self._room = Room(int(config.memory_bytes * BODIES_SHARE), int(self._most * JSON_COST))
        self._light = ThreadPoolExecutor(LIGHT_THREADS, thread_name_prefix="light")
        self._work = ThreadPoolExecutor(config.threads, thread_name_prefix="work")
        self._readers: set[_Reader] = set()
        self._admission = admission

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        self._admission.on_shortage = lambda: loop.call_soon_threadsafe(self._cut_off_the_slowest)
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._answer(scope, receive, send)
            except (ClientGone, Abandoned):
                pass
            except ClientStalled:
                _abort(scope)()

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        environ = _environ(scope)
        length, has_body = _stated_length(scope["headers"])
        if self._app.gate.receive(environ) is not None:
            await self._refuse(environ, receive, send)
            return
        if not has_body:
            await self._run(environ, b"", receive, send)
            return
        cost = JSON_COST if "json" in environ.get("CONTENT_TYPE", "") else OTHER_COST
        try:
            within = Work.within(self._config.body_seconds)
            body = await read_body(receive, length, self._room, cost, within, self._most)
        except (OmrclipError, HTTPException) as refusal:
            environ[REFUSAL] = refusal
            await self._refuse(environ, receive, send)
            return
        try:
            await self._run(environ, body, receive, send)
        finally:
            await give_back_body(self._room, body, cost)

    async def _run(self, environ: Environ, body: bytes, receive: Receive, send: Send) -> None:
        environ["CONTENT_LENGTH"] = str(len(body))
        lane = lane_of(self._app, environ["PATH_INFO"], environ["REQUEST_METHOD"])
        if len(body) > MOST_LIGHT_BYTES:
            lane = Lane.WORK
        if lane is not Lane.WORK:
            tried = {**environ, "wsgi.input": io.BytesIO(body), NO_WAIT: lane is Lane.LIGHT_FIRST}
            answer = await _in_thread(self._light, _call, self._app, tried)
            if PACE in tried:
                await self._send_paced(answer, tried[PACE], receive, send)
                return
            if not tried.get(MUST_WAIT):
                await self._send(answer, self._light, send, tried)
                return
        environ["wsgi.input"] = io.BytesIO(body)
        await self._run_work(environ, receive, send)

    async def _run_work(self, environ: Environ, receive: Receive, send: Send) -> None:
        """Run a request in the work lane, until its deadline or until the client disconnects."""
        gone = threading.Event()
        watching = asyncio.ensure_future(_watch(receive, gone))
        environ[WORK] = Work.within(self._config.request_seconds, lambda: not gone.is_set())
        try:
            task = self._work.submit(_call, self._app, environ)
            calling = asyncio.wrap_future(task)
            both: list[asyncio.Future[Any]] = [watching, calling]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if gone.is_set() and task.cancel():  # not begun yet; a running request stops at its next check
                raise ClientGone
            answer = await calling
            await self._send(answer, self._work, send, environ, gone)
        finally:
            watching.cancel()

    async def _send(
        self,
        answer: _Answer,
        threads: ThreadPoolExecutor,
        send: Send,
        environ: Environ,
        gone: threading.Event | None = None,
    ) -> None:
        rest = answer.rest
        try:
            with self._reading(answer, send, environ) as reader:
                await send(answer.start())
                part = answer.first
                while rest is not None and (gone is None or not gone.is_set()):
                    await reader.part(part, more=True)
                    part = await _in_thread(threads, rest.next)
                    if rest.is_over:
                        break
                await reader.part(part, more=False)
        finally:
            if rest is not None:
                await _in_thread(threads, rest.close)

    async def _send_paced(self, answer: _Answer, seconds: float, receive: Receive, send: Send) -> None:
        """Send an answer with a pause before each part, until it ends or the client disconnects.

        A thread is used only while a part is created, so that answers that last for minutes keep no others waiting.
        """
        watching = asyncio.ensure_future(_watch(receive, threading.Event()))
        rest = answer.rest
        try:
            await send(answer.start())
            part = answer.first
            while rest is not None and not rest.is_over:
                await asyncio.wait_for(send({"type": _BODY, "body": part, "more_body": True}), SEND_SECONDS)
                if (await asyncio.wait({watching}, timeout=seconds))[0]:
                    raise ClientGone
                part = await _in_thread(self._light, rest.next)
            await send({"type": _BODY, "body": part, "more_body": False})
        except TimeoutError:
            raise ClientStalled from None
        finally:
            watching.cancel()
            if rest is not None:
                await _in_thread(self._light, rest.close)

    @contextmanager
    def _reading(self, answer: _Answer, send: Send, environ: Environ) -> Iterator[_Reader]:
        """Count the memory of an answer while it is sent, unless the view counts it itself."""
        made = environ.get(HOLDING)
        holding: Holding = made or self._admission.holding()
        if made is None and len(answer.first) > SENT_AT_ONCE and not holding.grow_at_once(len(answer.first)):
            self._cut_off_the_slowest()  # the answer exists already, and sending it frees its memory soonest
        reader = _Reader(send, environ.get(ABORT, lambda: None), self._config.body_seconds, holding)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.remove(reader)
            if made is None:
                holding.shrink()

    def _cut_off_the_slowest(self) -> None:
        """Close the connection of the client that has delayed its answer most, to free memory for others."""
        slow = [one for one in self._readers if one.holding.bytes > SENT_AT_ONCE and one.waited > SLOW_SECONDS]
        if slow:
            max(slow, key=lambda one: one.waited).cut_off()

    async def _refuse(self, environ: Environ, receive: Receive, send: Send) -> None:
        """Answer without reading the body. The application creates the answer, so that its hooks see the request.

        Then the connection is closed. A client that is still sending would not see the answer, so the server reads on
        for up to `DRAIN_SECONDS` before it closes the connection.
        """
        environ["wsgi.input"] = io.BytesIO()
        answer = await _in_thread(self._light, _call, self._app, environ)
        answer.headers.append(("Connection", "close"))
        await send(answer.start())
        await send({"type": _BODY, "body": answer.first, "more_body": True})
        with suppress(TimeoutError):
            await asyncio.wait_for(_drain(receive), DRAIN_SECONDS)
        await send({"type": _BODY, "body": b"", "more_body": False})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _watch(receive: Receive, gone: threading.Event) -> None:
    """Set the event when the client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _drain(receive: Receive) -> None:
    left = MOST_DRAINED_BYTES
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)


def _stated_length(headers: Iterable[tuple[bytes, bytes]]) -> tuple[int | None, bool]:
    """The Content-Length, or None if missing, and whether the request has a body (RFC 9112, section 6.3)."""
    length, has_body = None, False
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
            has_body = has_body or length > 0
        elif name == b"transfer-encoding":
            has_body = True
    return length, has_body


def _abort(scope: MutableMapping[str, Any]) -> Callable[[], object]:
    """The function that closes the connection at once and discards buffered data."""
    found: Callable[[], object] = scope.get("state", {}).get("abort", lambda: None)
    return found


def _environ(scope: MutableMapping[str, Any]) -> Environ:
    """The WSGI environ of an ASGI request (PEP 3333), without its body."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        ABORT: _abort(scope),
        PACES: True,
    }
    for name, value in scope["headers"]:
        # WSGI cannot distinguish "_" from "-" in header names. A client could use "_" to get past a proxy that removes
        # or sets the name with "-".
        if name == b"transfer-encoding" or b"_" in name:
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def _call(app: App, environ: Environ) -> _Answer:
    """Call the WSGI application and create the first part of its answer."""
    started: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], object]:  # noqa: ARG001 (PEP 3333)
        started[:] = [(status, headers)]
        return lambda _: None

    body = app(environ, start_response)
    rest = _Rest(iter(body), getattr(body, "close", lambda: None))
    try:
        first = rest.next()
    except BaseException:
        rest.close()
        raise
    status, headers = started[0]
    stated = next((int(value) for name, value in headers if name.lower() == "content-length"), None)
    if rest.is_over or (stated is not None and len(first) >= stated):
        rest.close()
        return _Answer(_code(status), headers, first, None)
    # A body of known length is sent in large parts. A streamed body is sent part by part, as soon as each is created.
    rest.at_least = SENT_AT_ONCE if stated is not None else 0
    return _Answer(_code(status), headers, first, rest)


def _code(status: str) -> int:
    return int(status.split(" ", 1)[0])
