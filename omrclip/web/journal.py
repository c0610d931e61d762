"""The access log: a line for each request, and the request id in every line that is logged during its work.

A line contains no name of a person or a file. Instead of the path it contains the rule that the path matched.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import flask

from omrclip.web.gate import REQUEST_ID, STARTED
from omrclip.web.lanes import MUST_WAIT
from omrclip.web.metrics import Metrics

Environ: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# The key of requests that are neither logged nor counted.
UNLOGGED: Final = "omrclip.unlogged"
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
NO_ROUTE: Final = "none"

_ROUTE: Final = "omrclip.route"
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_current: ContextVar[str] = ContextVar("request_id", default="-")

logger = logging.getLogger("omrclip.access")


def note_route() -> None:
    """Remember the rule that the request's path matched. Flask calls this before every request."""
    rule = flask.request.url_rule
    if rule is not None:
        flask.request.environ[_ROUTE] = rule.rule


def configure_logging() -> None:
    """Write omrclip's log, including the access log, to standard error, each line with the id of its request."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    handler.addFilter(add_request_id)
    root = logging.getLogger("omrclip")
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def add_request_id(record: logging.LogRecord) -> bool:
    """Set `request_id` of a log record to the id of the request that this thread works on."""
    record.request_id = _current.get()
    return True


class Journal:
    """A WSGI application that logs and counts each request when the last byte of its answer is sent."""

    def __init__(self, app: Application, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on. The answer gets the request id as X-Request-Id."""
        entry = _Entry(environ)
        _current.set(entry.request_id)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            entry.status = int(status.partition(" ")[0])
            return start_response(status, [*headers, ("X-Request-Id", entry.request_id)], exc_info)

        try:
            body = self._app(environ, start)
        except BaseException:
            self._write(entry)
            raise
        return _Body(body, entry, self._write)

    def _write(self, entry: "_Entry") -> None:
        environ = entry.environ
        if environ.get(UNLOGGED) or environ.get(MUST_WAIT):
            return
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in _METHODS else "other"
        route, seconds = environ.get(_ROUTE, NO_ROUTE), time.perf_counter() - environ[STARTED]
        self._metrics.count_request(method, route, entry.status, seconds)
        logger.info("%s %s %d %.4f s %d bytes", method, route, entry.status, seconds, entry.sent)


@dataclass(slots=True)
class _Entry:
    """The record of a request."""

    environ: Environ
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    sent: int = 0

    @property
    def request_id(self) -> str:
        return str(self.environ[REQUEST_ID])


class _Body:
    """The body of an answer. It counts its bytes, and writes the log entry when it is closed (PEP 3333)."""

    def __init__(self, body: Iterable[bytes], entry: _Entry, write: Callable[[_Entry], None]) -> None:
        self._body = body
        self._chunks = iter(body)
        self._entry = entry
        self._write = write

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        _current.set(self._entry.request_id)  # a stream may be created in another thread
        chunk = next(self._chunks)
        self._entry.sent += len(chunk)
        return chunk

    def close(self) -> None:
        """Close the body, and write the entry once."""
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            write, self._write = self._write, _nothing
            write(self._entry)


def _nothing(_entry: _Entry) -> None:
    """Do nothing, because the entry has been written."""
