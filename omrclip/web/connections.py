"""uvicorn's HTTP connection, with bounds on headers: a client that sends them slowly, or without end, is cut off."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 20.0
"""From the connection, or the first byte of a further request, to the end of the headers."""
MOST_HEADER_BYTES = 64 * 1024
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    b"The request headers are larger than 64 KiB.\n"
)


class Connection(HttpToolsProtocol):
    """One connection. `state` in the ASGI scope has `abort`, which ends it without sending what is still buffered."""

    _header_bytes = 0
    _header_timer: asyncio.TimerHandle | None = None
    _has_headers = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data; while headers are not complete, count it."""
        if self._has_headers and (self.cycle is None or self.cycle.response_complete):
            self._await_headers()  # of the next request on the connection
        super().data_received(data)
        if not self._has_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Give the application a way to end the connection."""
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        self._stop_waiting()
        self._has_headers = True
        super().on_headers_complete()

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
