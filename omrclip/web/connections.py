"""uvicorn's HTTP connection with limits on the size and time of headers.

Trailers and the framing of chunks are limited too. Trailers are never treated as headers.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

try:
    from uvloop import Loop as _BaseLoop
except ImportError:  # Windows
    from asyncio import SelectorEventLoop as _BaseLoop  # type: ignore[assignment]

logger = logging.getLogger(__name__)

HEADER_SECONDS = 20.0
"""Time limit from the connection, or from the first byte of a further request, to the end of the headers."""
MOST_HEADER_BYTES = 64 * 1024
FRAMING = 16
"""Maximum number of framing bytes for each byte of a body. A chunk of one byte needs five."""
YIELD_SECONDS = 0.003
"""After a process has accepted a connection, it leaves the next one to other processes for this time. An idle process
needs less than 1 ms to wake up. 3 ms let each process accept 300 connections a second."""
RECOVERY_SECONDS = 0.5
"""Pause after a connection could not be accepted."""
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    b"The request headers are larger than 64 KiB.\n"
)


class Loop(_BaseLoop):
    """An event loop that shares incoming connections with the other server processes.

    uvloop and asyncio accept all connections that wait at once. So the first process that wakes up would take all
    connections of a browser, and the other processes would have nothing to do.
    """

    async def create_server(  # type: ignore[override] # with the arguments that uvicorn gives
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *, sock: socket.socket, **_: object
    ) -> "Accepting":
        """Accept the connections of a listening socket."""
        sock.setblocking(False)
        return Accepting(self.create_task(self._accept(sock, protocol_factory)))

    async def _accept(self, listening: socket.socket, protocol_factory: Callable[[], asyncio.BaseProtocol]) -> None:
        while True:
            try:
                connection, _ = await self.sock_accept(listening)
                await self.connect_accepted_socket(protocol_factory, connection)
            except OSError as error:  # the client has gone already, or too many files are open
                logger.warning("A connection could not be accepted: %s", error.strerror)
                await asyncio.sleep(RECOVERY_SECONDS)
            else:
                await asyncio.sleep(YIELD_SECONDS)


class Accepting:
    """Accepts connections until it is closed. uvicorn uses it as an `asyncio.Server`."""

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self._task = task

    def close(self) -> None:
        """Accept no more connections."""
        self._task.cancel()

    async def wait_closed(self) -> None:
        """Wait until no more connections are accepted."""
        await asyncio.wait([self._task])


class Connection(HttpToolsProtocol):
    """One connection. `state["abort"]` in the ASGI scope closes it at once and discards buffered data."""

    _header_bytes = 0
    _header_timer: asyncio.TimerHandle | None = None
    _has_headers = False
    _takes_headers = False
    _body_bytes = 0
    _other_bytes = 0
    _is_boundary = False

    def connection_made(self, transport: Any) -> None:
        """Start the timer for the headers of the first request."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data, and count headers and framing."""
        if self._has_headers and (self.cycle is None or self.cycle.response_complete):
            self._await_headers()  # of the next request on the connection
        body_bytes, self._is_boundary = self._body_bytes, False
        super().data_received(data)
        if not self._has_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()
        elif not self._is_boundary:  # all of it belongs to one message
            self._other_bytes += len(data) - (self._body_bytes - body_bytes)
            if self._other_bytes > MOST_HEADER_BYTES + FRAMING * self._body_bytes:
                self._give_up()

    def on_message_begin(self) -> None:
        """Give the application a function that closes the connection."""
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort
        self._takes_headers = self._is_boundary = True
        self._body_bytes = self._other_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Accept a header. Trailers are ignored, because as headers they would bypass checks and proxies."""
        if self._takes_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request on. If a check raises an exception, the answer is 400."""
        self._stop_waiting()
        self._has_headers = True
        self._takes_headers = False
        self._check_target()
        self._check_encoding()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that another message may follow."""
        self._is_boundary = True
        super().on_message_complete()

    def _check_target(self) -> None:
        """Refuse a request target that names another host than the Host header (RFC 9112, section 3.2.2)."""
        if self.url.startswith(b"/") or self.url == b"*":
            return
        target = httptools.parse_url(self.url)
        host, port = (target.host or b"").lower(), target.port or 80
        named = {b"%s:%d" % (host, port), *([host] if port == 80 else [])}
        if any(name == b"host" and value.lower() not in named for name, value in self.headers):
            raise ValueError("the target names another host")

    def _check_encoding(self) -> None:
        """Refuse transfer codings that are not decoded, because the body would be misread (RFC 9112, section 6.1)."""
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self.headers):
            raise ValueError("a transfer coding other than chunked")

    def _await_headers(self) -> None:
        self._has_headers = False
        self._header_bytes = 0
        self._stop_waiting()
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
