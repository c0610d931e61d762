"""Finds the account of a request and checks its permissions. It runs in the gate, before the body is read."""

import base64
import binascii
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from flask import Flask

from omrclip.config import Config
from omrclip.errors import LoginRequired, NotAllowed, OmrclipError
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.auth import links
from omrclip.web.auth.rules import rule_of
from omrclip.web.services import ACCOUNT, LINKED

COOKIE: Final = "omrclip"
EVERYBODY: Final = Account(Kind.USER, "", frozenset(Scope), "")
"""The account of every request to a server without users and clients."""
_BEARER: Final = "bearer "


def login_check(app: Flask, accounts: Accounts | None) -> Callable[[dict[str, Any], Config], OmrclipError | None]:
    """The check of the gate that requires a log-in. Without users and clients every request passes.

    That applies only to a server that other machines cannot reach. A remote server must not become open when its last
    user is removed.
    """

    def check(environ: dict[str, Any], config: Config) -> OmrclipError | None:
        try:
            return _refusal(app, accounts, environ, config)
        except OmrclipError as problem:  # the file of accounts cannot be read: nobody passes
            return problem

    return check


def is_open(accounts: Accounts | None, config: Config) -> bool:
    """Whether everybody may use the server: only this machine reaches it, and there are no users and clients."""
    return accounts is None or not (config.needs_accounts or accounts.any())


def _refusal(app: Flask, accounts: Accounts | None, environ: dict[str, Any], config: Config) -> OmrclipError | None:
    if accounts is None or not (accounts.exist() or config.needs_accounts):
        environ[ACCOUNT] = EVERYBODY
        return None
    link = links.taken_from(environ)
    account = _account(accounts, environ, link)
    if account is None and is_open(accounts, config):
        account = EVERYBODY
    needed = rule_of(app, environ["PATH_INFO"], environ["REQUEST_METHOD"])
    if needed is None or environ["REQUEST_METHOD"] == "OPTIONS":  # a browser asks without credentials what it may send
        return None
    if account is None:
        return LoginRequired("Log in, or send an access token or an API key in the header Authorization.")
    if needed not in account.scopes:
        return NotAllowed(f"This needs the scope {needed}, which {account.name!r} does not have.", scope=str(needed))
    environ[ACCOUNT] = account
    return None


def _account(accounts: Accounts, environ: dict[str, Any], link: str | None) -> Account | None:
    """The account of a link or a token. A link takes precedence, because the browser may have an older session too."""
    if link is not None and (linked := links.account_of(accounts, link, environ["PATH_INFO"])):
        environ[LINKED] = True
        return linked
    token = token_of(environ)
    if not token:
        return None
    return accounts.account_of(token) or links.account_of(accounts, token, environ["PATH_INFO"])


def token_of(environ: dict[str, Any]) -> str | None:
    """The token of a request: from the header Authorization (RFC 6750, section 2.1), else from the session's cookie."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    if header[: len(_BEARER)].lower() == _BEARER:
        return str(header[len(_BEARER) :].strip())
    try:
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None


def basic_credentials(header: str) -> tuple[str, str] | None:
    """The name and the secret of a header Authorization of the scheme Basic (RFC 7617), or None."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, secret) if colon else None
