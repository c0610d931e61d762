"""The WSGI application before Flask's: it answers image requests of which everything is known that Flask finds out."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from omrclip.errors import OmrclipError
from omrclip.imaging.pyramid import TiledImage
from omrclip.storage import OpenImage, open_stored
from omrclip.storage.images import SUFFIXES
from omrclip.web.answers import ENVIRON_KEY, FORWARDED, Environ, Key, KnownAnswer, key_of
from omrclip.web.image_answers import GRAMMARS, full_headers, plan_answer, rendered
from omrclip.web.services import Services

StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]
# An answer with its body; without, where the client has it already.
Found: TypeAlias = tuple[KnownAnswer, bytes | None]

_GRAMMARS = {f"/iiif/{number}/": grammar for number, grammar in GRAMMARS.items()}
_PREFIX = len("/iiif/2/")


class Front:
    """Gives again what was answered before, and renders what is asked of images that are decoded, or read by tiles.

    Everything else is handed on: what is wrong with a request, and who has to wait, Flask's views tell.
    """

    def __init__(self, flask: Application, services: Services) -> None:
        self._flask = flask
        self._services = services

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a plain GET under `/iiif/`; HEAD, If-Modified-Since and Range are among what is handed on."""
        if (
            environ["REQUEST_METHOD"] != "GET"
            or not environ["PATH_INFO"].startswith("/iiif/")
            or "HTTP_IF_MODIFIED_SINCE" in environ
            or "HTTP_RANGE" in environ
        ):
            return self._flask(environ, start_response)
        # Kept for the view, since what reads X-Forwarded headers on the way there changes what they stand for.
        key = environ[ENVIRON_KEY] = key_of(environ)
        condition = environ.get("HTTP_IF_NONE_MATCH")
        found = self._known(key, condition) or self._rendered(key, environ, condition)
        if found is None:
            return self._flask(environ, start_response)
        answer, body = found
        if body is None:
            start_response("304 NOT MODIFIED", [h for h in answer.headers if h[0] != "Content-Type"])
            return []
        start_response("200 OK", [*answer.headers, ("Content-Length", str(len(body)))])
        return [body]

    def _known(self, key: Key, condition: str | None) -> Found | None:
        """What was answered to the same request, as long as it holds and its bytes are in memory."""
        answer = self._services.answers.find(key)
        if answer is None or condition is not None:
            return _unchanged(answer, condition)
        body = self._services.derivatives.get(answer.etag)
        return None if body is None else (answer, body)

    def _rendered(self, key: Key, environ: Environ, condition: str | None) -> Found | None:
        """The answer to another request of a stored image, where it can be given without waiting for room.

        Most clips are looked at once. So what is soon made is kept only when it is asked for again: to lay it by among
        thousands of others takes a sixth of the time that it takes to make it.
        """
        path, query, *_ = key
        identifier, *parameters = (path or "")[_PREFIX:].rsplit("/", 4)
        grammar = _GRAMMARS.get((path or "")[:_PREFIX])
        if grammar is None or query or len(parameters) != 4:
            return None
        config = self._services.config
        try:
            asked = grammar.parse(*parameters)
            image, base = self._open(key, environ, identifier)
            if image is None or image.unchanged is None or base is None:
                return None
            planned = plan_answer(grammar, asked, identifier, image, base, config)
            headers = full_headers(planned.headers, planned.plan.format.media_type)
            answer = KnownAnswer(planned.etag, headers, image.unchanged)
            if condition is not None:
                return _unchanged(answer, condition)
            if planned.is_soon_made and not self._services.answers.came_before(key):
                return answer, rendered(planned, config.memory_bytes)
            body = self._services.derivatives.get_or_make(planned.etag, lambda: rendered(planned, config.memory_bytes))
        except (OmrclipError, HTTPException):
            return None
        self._services.answers.remember(key, image, answer)
        return answer, body

    def _open(self, key: Key, environ: Environ, identifier: str) -> tuple[OpenImage | None, str | None]:
        """The image and the client's base URL, as far as nothing but the store and the Host header has to be asked.

        Identifiers of pages and clips end in no image's suffix, and what proxies say Flask reads.
        """
        answers = self._services.answers
        image, base = answers.find_image(identifier), answers.find_base(key)
        if image and base:
            return image, base
        is_usual = identifier.isascii() and identifier.lower().endswith(SUFFIXES)
        if not is_usual or any(key[-FORWARDED:]):
            return image, base
        base = base or self._services.config.public_url or Request(environ).root_url.rstrip("/")
        image = image or open_stored(self._services.images, identifier, self._services.sources)
        answers.remember_image(key, base, identifier, image)
        return (image if isinstance(image.source, TiledImage) else None), base  # else it waits until it is decoded


def _unchanged(answer: KnownAnswer | None, condition: str | None) -> Found | None:
    """The answer without a body, where the client says that it has just this one."""
    return (answer, None) if answer is not None and condition == f'"{answer.etag}"' else None
