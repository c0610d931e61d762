"""Answers that are known already, given before Flask is asked.

Routing, parsing and planning a request that was answered a moment ago cost many times what the answer does. So what was
answered to a GET under `/iiif/` is remembered by everything that it depended on, and given again as long as the
image's file is in the state that it was in.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from cachetools import LRUCache

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]
Key: TypeAlias = tuple[str | None, ...]

MOST_ANSWERS = 20_000
LONGEST_KEY = 1000
ENVIRON_KEY = "omrclip.front.key"
# Beside path and query: what the URIs in an answer are made from, and what info.json is negotiated by.
_HEADERS = (
    "HTTP_HOST",
    "wsgi.url_scheme",
    "SCRIPT_NAME",
    "HTTP_ACCEPT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
)


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One answer: its entity tag, its headers, its body as long as a cache has it, and whether it still holds."""

    etag: str
    headers: tuple[tuple[str, str], ...]
    body: Callable[[], bytes | None]
    holds: Callable[[], bool]


class KnownAnswers:
    """Answers by the requests that they were given to; the least recently used go first."""

    def __init__(self) -> None:
        self._answers: LRUCache[Key, KnownAnswer] = LRUCache(MOST_ANSWERS)
        self._lock = threading.Lock()

    def remember(self, key: Key, answer: KnownAnswer) -> None:
        """Keep what a request was answered, unless its key is longer than any viewer makes it."""
        if sum(len(part or "") for part in key) > LONGEST_KEY:
            return
        with self._lock:
            self._answers[key] = answer

    def find(self, key: Key) -> KnownAnswer | None:
        """What the request was answered, provided that it still holds."""
        with self._lock:
            answer = self._answers.get(key)
        if answer is not None and not answer.holds():
            with self._lock:
                self._answers.pop(key, None)
            return None
        return answer


def key_of(environ: Environ) -> Key:
    """Everything of a request that its answer may depend on, but for its conditions."""
    return (environ.get("PATH_INFO"), environ.get("QUERY_STRING"), *map(environ.get, _HEADERS))


class Front:
    """The WSGI application before Flask's."""

    def __init__(self, flask: Application, answers: KnownAnswers) -> None:
        self._flask = flask
        self._answers = answers

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer what is known; hand on everything else, HEAD and If-Modified-Since among it."""
        if (
            environ["REQUEST_METHOD"] != "GET"
            or not environ["PATH_INFO"].startswith("/iiif/")
            or "HTTP_IF_MODIFIED_SINCE" in environ
            or "HTTP_RANGE" in environ
        ):
            return self._flask(environ, start_response)
        # Kept for the view, since what reads X-Forwarded headers on the way there changes what they stand for.
        key = environ[ENVIRON_KEY] = key_of(environ)
        answer = self._answers.find(key)
        if answer is None:
            return self._flask(environ, start_response)
        condition = environ.get("HTTP_IF_NONE_MATCH")
        if condition == f'"{answer.etag}"':
            start_response("304 NOT MODIFIED", [h for h in answer.headers if h[0] != "Content-Type"])
            return []
        body = answer.body() if condition is None else None
        if body is None:
            return self._flask(environ, start_response)
        start_response("200 OK", [*answer.headers, ("Content-Length", str(len(body)))])
        return [body]
