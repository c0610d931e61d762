"""`/login/oidc`: the log-in at the provider of OpenID Connect of the settings."""

import hmac
import logging
from dataclasses import astuple
from hashlib import sha256
from typing import Final

from flask import Blueprint, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from omrclip.errors import LoginFailed, NameConflict, NotFound
from omrclip.storage.accounts import Account, Kind
from omrclip.web.auth.login import accounts, failed_page, internal_path, set_session
from omrclip.web.auth.provider import Attempt, Provider
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import base_url, services

COOKIE: Final = "omrclip-oidc"
ATTEMPT_SECONDS: Final = 600
"""How long a log-in at the provider may take."""

_log = logging.getLogger(__name__)

blueprint = Blueprint("oidc", __name__, url_prefix="/login/oidc")


@blueprint.get("")
@runs_in(Lane.WORK)
def get_start() -> Response:
    """Lead the browser to the provider."""
    provider, attempt = _provider(), Attempt.new(internal_path(request.args.get("next")))
    try:
        answer = redirect(provider.address(attempt, _back()), 303)
    except LoginFailed as problem:
        return _failed(problem, attempt.target)
    answer.set_cookie(
        COOKIE,
        str(_serializer().dumps(astuple(attempt))),
        max_age=ATTEMPT_SECONDS,
        path=_cookie_path(),
        secure=base_url().startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/return")
@runs_in(Lane.WORK)
def get_return() -> Response:
    """Check what the provider says, set the cookie of a new session, and lead on to the page that was asked for."""
    provider, target = _provider(), "/"
    try:
        attempt = _attempt()
        target = attempt.target
        if "error" in request.args:
            raise LoginFailed(f"The provider answered: {_told()}.")
        person = provider.person(attempt, request.args.get("code", ""), _back())
        account = Account(Kind.USER, person.name, provider.scopes, "")
        issued = accounts().log_in_by_provider(provider.issuer, person.subject, account)
    except (LoginFailed, NameConflict) as problem:
        answer = _failed(problem, target)
    else:
        answer = redirect(f"{base_url()}{target}", 303)
        set_session(answer, issued)
        answer.headers["Cache-Control"] = "no-store"
    answer.delete_cookie(COOKIE, path=_cookie_path())
    return answer


def _attempt() -> Attempt:
    """The log-in that this browser has begun. Raises LoginFailed if it has not, or if `state` is of another one."""
    try:
        attempt = Attempt(*_serializer().loads(request.cookies.get(COOKIE, ""), max_age=ATTEMPT_SECONDS))
    except (BadSignature, TypeError):
        raise LoginFailed("The log-in took too long, or began in another browser. Log in again.") from None
    if not hmac.compare_digest(attempt.state.encode(), request.args.get("state", "").encode()):
        raise LoginFailed("The answer belongs to another log-in. Log in again.")
    return attempt


def _told() -> str:
    """What the provider gives as the reason, in one short line."""
    told = request.args.get("error_description") or request.args["error"]
    return "".join(letter if letter.isprintable() else " " for letter in told)[:200]


def _failed(problem: LoginFailed | NameConflict, target: str) -> Response:
    _log.warning("a log-in by OpenID Connect failed: %s", problem.message)
    return failed_page(target, problem)


def _provider() -> Provider:
    provider = services().provider
    if provider is None:
        raise NotFound("This server has no log-in by OpenID Connect.")
    return provider


def _back() -> str:
    return f"{base_url()}/login/oidc/return"


def _cookie_path() -> str:
    return f"{request.script_root}/login/oidc"


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        accounts().signing_key(), salt="omrclip.oidc", signer_kwargs={"digest_method": sha256}
    )
