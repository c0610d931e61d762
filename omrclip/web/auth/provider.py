"""A provider of OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).

The provider tells who a person is; omrclip decides whether this person may log in. Nothing but the claims of the ID
token is used, and no token of the provider is stored.
"""

import json
import re
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from omrclip.config import Config, is_loopback
from omrclip.errors import ConfigurationError, LoginFailed
from omrclip.storage.accounts import scopes_of

KNOWN_SECONDS: Final = 3600.0
"""How long the description and the keys of the provider are used before they are read again."""
LEEWAY_SECONDS: Final = 120
"""By how much the clocks of the provider and of this machine may differ."""
REPLY_SECONDS: Final = 10
MOST_BYTES: Final = 1_000_000
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a key pair. Others, such as `none` or those with a shared secret, are refused."""
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._@+-]")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that has begun, as the browser's cookie holds it."""

    state: str
    nonce: str
    verifier: str
    target: str

    @classmethod
    def new(cls, target: str) -> "Attempt":
        """One with new random values, which leads to a path of this server."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), target)

    @property
    def challenge(self) -> str:
        """The code challenge of the method S256 (RFC 7636, section 4.2)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the provider names it: `subject` never changes, `name` is for the account."""

    subject: str
    name: str


class Provider:
    """The provider of the settings. Methods raise LoginFailed with the reason."""

    def __init__(self, config: Config) -> None:
        """Check the settings.

        Raises:
            ConfigurationError: a setting is missing or wrong, or joserfc is not installed.
        """
        self.issuer = str(config.oidc_issuer)
        self._client, self._secret = _credentials(config)
        self._claim, _, self._value = str(config.oidc_allowed).partition("=")
        self.scopes = scopes_of(config.oidc_scopes)
        _check_address(self.issuer)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    def address(self, attempt: Attempt, back: str) -> str:
        """Where the browser logs in at the provider. `back` is the address to which the provider leads back."""
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        address = self._endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def person(self, attempt: Attempt, code: str, back: str) -> Person:
        """Exchange the code for an ID token, check it, and return whom it names."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self._client,
            "client_secret": self._secret,
            "code_verifier": attempt.verifier,
        }
        answer = _fetch(self._endpoint("token_endpoint"), urlencode(body, quote_via=quote).encode())
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise LoginFailed("The provider sent no ID token. Check its settings for this client.")
        claims = self._claims(token)
        self._check(claims, attempt.nonce)
        return Person(str(claims["sub"]), _name(claims))

    def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token with a right signature. Unknown keys are read anew once: providers change them."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        for is_last in (False, True):
            try:
                keys = KeySet.import_key_set(self._document("jwks", self._endpoint("jwks_uri")))  # type: ignore[arg-type]
                return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError, KeyError, TypeError):
                if is_last:
                    raise LoginFailed("The signature of the provider's ID token is wrong.") from None
                with self._lock:
                    self._known.pop("jwks", None)
        raise AssertionError

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        """OpenID Connect Core 1.0, section 3.1.3.7."""
        missing = [name for name in ("iss", "sub", "aud", "exp", "iat", "nonce") if not claims.get(name)]
        if missing:
            raise LoginFailed(f"The provider's ID token has no claim {', '.join(missing)}.")
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims["iss"] != self.issuer:
            raise LoginFailed(f"The ID token is from {str(claims['iss'])[:200]!r}, not from {self.issuer!r}.")
        if self._client not in audience or claims.get("azp", self._client) != self._client:
            raise LoginFailed("The ID token is for another client.")
        if not secrets.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise LoginFailed("The ID token is of another log-in. Log in again.")
        self._check_times(claims)
        if not self._is_allowed(claims):
            raise LoginFailed(
                f"This account may not log in here: its claim {self._claim} must have the value {self._value}. An "
                "administrator can change OMRCLIP_OIDC_ALLOWED."
            )

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, times = time.time(), (claims["exp"], claims["iat"])
        if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in times):
            raise LoginFailed("The times in the provider's ID token are no numbers.")
        if claims["iat"] > now + LEEWAY_SECONDS:
            raise LoginFailed(
                f"The ID token is {claims['iat'] - now:.0f} seconds from the future. Set the clocks of the provider "
                "and of this machine."
            )
        if claims["exp"] < now - LEEWAY_SECONDS:
            raise LoginFailed(
                f"The ID token expired {now - claims['exp']:.0f} seconds ago. Log in again. If that does not help, set "
                "the clocks of the provider and of this machine."
            )

    def _is_allowed(self, claims: Mapping[str, Any]) -> bool:
        found = claims.get(self._claim)
        values = found if isinstance(found, list) else [found]
        if self._claim == "email" and self._value.startswith("@"):
            is_verified = claims.get("email_verified") is True
            return is_verified and isinstance(found, str) and found.lower().endswith(self._value.lower())
        return self._value in values

    def _endpoint(self, name: str) -> str:
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._document("description", address)
        if found.get("issuer") != self.issuer:
            raise LoginFailed(
                f"The provider calls itself {str(found.get('issuer'))[:200]!r}. Set OMRCLIP_OIDC_ISSUER to exactly "
                "this if it is the right provider."
            )
        endpoint = found.get(name)
        if not isinstance(endpoint, str):
            raise LoginFailed(f"The description of the provider has no {name}.")
        try:
            _check_address(endpoint)
        except ConfigurationError:
            raise LoginFailed(f"The {name} of the provider has no https:// address.") from None
        return endpoint

    def _document(self, key: str, address: str) -> dict[str, Any]:
        with self._lock:
            known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = _fetch(address)
        with self._lock:
            self._known[key] = (time.monotonic() + KNOWN_SECONDS, found)
        return found


def _name(claims: Mapping[str, Any]) -> str:
    """The name for an account: a verified e-mail address, else the user name at the provider, else the subject."""
    is_verified = claims.get("email_verified") is True
    given = (claims.get("email") if is_verified else None) or claims.get("preferred_username") or claims["sub"]
    return _NOT_IN_A_NAME.sub("-", str(given)).lstrip("._@+-")[:64] or "user"


def _credentials(config: Config) -> tuple[str, str]:
    missing = [
        f"OMRCLIP_{name.upper()}"
        for name in ("oidc_client_id", "oidc_secret_file", "oidc_allowed")
        if getattr(config, name) is None
    ]
    if missing or config.accounts is None:
        raise ConfigurationError(f"OMRCLIP_OIDC_ISSUER also needs {', '.join(missing) or 'OMRCLIP_ACCOUNTS'}.")
    try:
        import joserfc  # noqa: F401
    except ImportError:
        raise ConfigurationError("Log-in by OpenID Connect needs joserfc: pip install 'omrclip[oidc]'") from None
    try:
        with open(str(config.oidc_secret_file), encoding="utf-8") as file:  # noqa: PTH123
            secret = file.read().strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("The file of OMRCLIP_OIDC_SECRET_FILE cannot be read.") from None
    return str(config.oidc_client_id), secret


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ConfigurationError(f"The address {address!r} of the provider must begin with https://.")


class _NoRedirects(HTTPRedirectHandler):
    """A provider's address is exact, and a redirect could lead into the network of this machine."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


def _fetch(address: str, body: bytes | None = None) -> dict[str, Any]:
    """A JSON object that the provider answers."""
    request = Request(address, data=body, headers={"Accept": "application/json"})  # noqa: S310 (checked before)
    try:
        with _OPENER.open(request, timeout=REPLY_SECONDS) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except HTTPError as error:
        raise LoginFailed(f"The provider refused a request of this server with the status {error.code}.") from None
    except (OSError, HTTPException):
        raise LoginFailed("The provider cannot be reached from this server. Try again later.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LoginFailed("The provider answered something else than JSON.")
    return found
