"""The gate is the first step of every request. It assigns the request id, corrects the address and checks the headers.

The checks use only the headers, so that the server can run them before it reads the body (`Gate.receive`). The last one
demands a log-in (`web.auth.check`). All requests to `/iiif/`, `/api/` and the pages pass the gate, even if the answer
is cached or an error. `refuse` raises a refusal inside Flask, so that it is answered, logged and counted like every
other error.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_content_length

from omrclip.config import Config, is_loopback
from omrclip.errors import (
    ForeignRequest,
    InvalidRequest,
    LimitExceeded,
    LoginRequired,
    MisdirectedRequest,
    OmrclipError,
)
from omrclip.origins import Origin

Environ: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Check: TypeAlias = Callable[[Environ, Config], OmrclipError | None]

REFUSAL: Final = "omrclip.refusal"
REQUEST_ID: Final = "omrclip.request_id"
STARTED: Final = "omrclip.started"

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# Key of the values that ProxyFix replaced.
_AS_SENT: Final = "werkzeug.proxy_fix.orig"


def check_address(environ: Environ, config: Config) -> OmrclipError | None:
    """Refuse unknown host names. This prevents DNS rebinding: an attacker's DNS can point a name at this machine.

    The Host header is checked even if a proxy forwards another one, because a page that was loaded under such a name
    can send X-Forwarded headers too.
    """
    scheme, prefix = environ["wsgi.url_scheme"], environ.get("SCRIPT_NAME", "")
    if scheme not in ("http", "https"):
        return InvalidRequest.at("X-Forwarded-Proto", "http or https")
    if not _PREFIX.fullmatch(prefix):
        return InvalidRequest.at("X-Forwarded-Prefix", "a path of letters, digits and . _ ~ -")
    for host in {environ.get("HTTP_HOST"), environ.get(_AS_SENT, environ).get("HTTP_HOST")}:
        origin = Origin.of(scheme, host or "")
        if origin is None or not _is_ours(origin.host, config):
            return MisdirectedRequest(
                "omrclip does not answer requests for this host name. An administrator can add it to "
                "OMRCLIP_ALLOWED_HOSTS.",
                fields=[{"path": "Host", "expected": "localhost, or a host name in the settings"}],
            )
    return None


def check_origin(environ: Environ, config: Config) -> OmrclipError | None:
    """Refuse requests that pages of other sites send from a browser, except for reading.

    Reading is allowed because IIIF viewers on other sites request images. Browsers give a page of another site only
    the answers that allow it by CORS headers.
    """
    if environ["REQUEST_METHOD"] in SAFE_METHODS:
        return None
    origin = environ.get("HTTP_ORIGIN")
    own = {Origin.of(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", "")), config.public_origin}
    is_foreign = origin is not None and (Origin.parse(origin) or "foreign") not in own
    if not is_foreign and environ.get("HTTP_SEC_FETCH_SITE", "none") in _OWN_SITES:
        return None
    return ForeignRequest(
        "A page of another site sent this request. If the page is omrclip's own, behind a proxy, "
        "set OMRCLIP_PUBLIC_URL to the address that browsers show."
    )


def check_size(environ: Environ, config: Config) -> OmrclipError | None:
    """Refuse a request whose Content-Length exceeds the maximum size of a body."""
    length, most = get_content_length(environ), config.most_body_bytes
    if length is None or length <= most:
        return None
    return body_too_large(most)


def body_too_large(most: int) -> LimitExceeded:
    """The error of a body that is larger than `most` bytes."""
    return LimitExceeded(
        f"The request body is larger than the {most:,} bytes allowed, or has too many parts.",
        limit="max_body_bytes",
        maximum=most,
    )


CHECKS: tuple[Check, ...] = (check_address, check_origin, check_size)


class Gate:
    """The outermost WSGI application. It checks each request and passes it on with the result of the checks."""

    def __init__(self, app: Application, config: Config, log_in: Check) -> None:
        self._app = app
        self._config = config
        self._log_in = log_in
        hops = config.trusted_proxies
        self._forwarded = ProxyFix(_no_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops, x_prefix=hops)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Check the request, unless the server has already done so, and pass it on."""
        if REQUEST_ID not in environ:
            self.receive(environ)
        return self._app(environ, start_response)

    def receive(self, environ: Environ) -> OmrclipError | None:
        """Set the id of a request and the address from trusted proxies, and check the headers.

        Args:
            environ: the WSGI environ of the request, which is changed. The body is not read.

        Returns:
            The reason why the request is refused, or None. If it is refused, the server need not read the body. It
            passes the request on, and Flask answers with the refusal in `environ`.
        """
        environ[STARTED] = time.perf_counter()
        environ[REQUEST_ID] = self._request_id(environ)
        if self._config.trusted_proxies:
            self._forwarded(environ, _no_answer)
        found = (check(environ, self._config) for check in (*CHECKS, self._log_in))
        refusal = next((error for error in found if error is not None), None)
        if refusal is not None:
            environ[REFUSAL] = refusal
        return refusal

    def _request_id(self, environ: Environ) -> str:
        """The request id from a trusted proxy, or a new one."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        if self._config.trusted_proxies and _REQUEST_ID.fullmatch(given):
            return str(given)
        return secrets.token_hex(8)


def refuse() -> None:
    """Raise the refusal of the current request, if there is one. Flask calls this before every request."""
    refusal: OmrclipError | None = flask.request.environ.get(REFUSAL)
    if isinstance(refusal, LoginRequired) and _is_visit(flask.request):
        flask.abort(flask.redirect(_login_location(flask.request.environ), 303))
    if refusal is not None:
        raise refusal


def _is_visit(request: flask.Request) -> bool:
    """Whether a person opens a page in a browser. Programs and scripts get the error instead of the form."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def _login_location(environ: Environ) -> str:
    """Where a browser finds the form to log in, which leads back to the page that it asked for."""
    query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
    return f"{environ.get('SCRIPT_NAME', '')}/login?next={quote(path + query, safe='/')}"


def _is_ours(host: str, config: Config) -> bool:
    public = config.public_origin
    return is_loopback(host) or host in config.allowed_hosts or (public is not None and host == public.host)


def _no_app(_environ: Environ, _start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An empty application for ProxyFix, which is used only to change `environ`."""
    return ()


def _no_answer(*_: Any) -> Callable[[bytes], object]:
    raise AssertionError("the stand-in answers nothing")
