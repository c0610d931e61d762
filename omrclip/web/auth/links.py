"""Signed links. Anyone who has one can read one recognition, batch or image until it expires, without a log-in.

The signature is in the query (`?token=…`), or at the beginning of the path (`/signed/…/iiif/3/…`). The second form
is for viewers: they append the region and size of each tile to the image's URI, and drop a query.

A link without a target is the access token of an IIIF viewer (`web.auth.viewers`). It is in the header Authorization.
"""

import re
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs

from itsdangerous import BadSignature, URLSafeSerializer

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.services import SIGNED

PREFIX: Final = "/signed/"
_SIGNED = re.compile(r"/signed/([A-Za-z0-9._-]{1,1000})(/.*)", re.ASCII | re.DOTALL)
IDENTIFIER = re.compile(r"[0-9a-f]{24}")
_IMAGE_API = ("/iiif/2/", "/iiif/3/")
DESCRIPTION = re.compile(
    r"/iiif/[23]/.+/info\.json|/api/recognitions/[0-9a-f]{24}/(manifest|clips)\.json(/.*)?", re.ASCII | re.DOTALL
)
"""The paths of documents that describe images for viewers."""


@dataclass(frozen=True, slots=True)
class Link:
    """The contents of a signed link.

    Attributes:
        kind, name: the account that made the link. The link ends with the account.
        target: the identifier of a stored recognition, with its files and images; of a batch, with its results; or of
            an image. Empty in the access token of a viewer.
        expires: in seconds since 1970.
        session: the digest of the session with which the link ends, in hexadecimal digits; empty if there is none.
    """

    kind: Kind
    name: str
    target: str
    expires: float
    session: str = ""


def sign(accounts: Accounts, link: Link) -> str:
    """The token of a link."""
    signed: str | bytes = _serializer(accounts).dumps(
        [link.kind, link.name, link.target, int(link.expires), link.session]
    )
    return str(signed)


def account_of(accounts: Accounts, token: str, path: str) -> Account | None:
    """The read-only account that a link gives for a path, or None if the link is not valid there."""
    link = read(accounts, token)
    return None if link is None or not _concerns(path, link.target) else reader_of(accounts, link)


def read(accounts: Accounts, token: str) -> Link | None:
    """The link of a token, or None if its signature is wrong, or it has ended."""
    try:
        kind, name, target, expires, session = _serializer(accounts).loads(token)
    except (BadSignature, ValueError):  # links of an earlier version have fewer parts
        return None
    if expires < time.time() or (session and not accounts.is_valid(bytes.fromhex(session))):
        return None
    return Link(Kind(kind), name, target, expires, session)


def reader_of(accounts: Accounts, link: Link) -> Account | None:
    """The account that made a link, with the scope READ alone; None if it is gone, or may no longer read."""
    account = accounts.account(link.kind, link.name)
    if account is None or Scope.READ not in account.scopes:
        return None
    return Account(account.kind, account.name, frozenset({Scope.READ}), account.workspace)


def taken_from(environ: dict[str, Any]) -> str | None:
    """Remove the token of a signed link from the path or the query, and return it."""
    found = _SIGNED.fullmatch(environ["PATH_INFO"])
    if found:
        environ[SIGNED] = f"{PREFIX}{found[1]}"
        environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{environ[SIGNED]}"
        environ["PATH_INFO"] = found[2]
        return found[1]
    query = environ.get("QUERY_STRING", "")
    if "token=" not in query:
        return None
    return next(iter(parse_qs(query).get("token", ())), None)


def _concerns(path: str, target: str) -> bool:
    if not target:
        return DESCRIPTION.fullmatch(path) is not None
    is_random = IDENTIFIER.fullmatch(target)
    own = [f"/api/recognitions/{target}", f"/api/batches/{target}"] if is_random else []
    own += [f"{api}{target}" for api in _IMAGE_API]
    ends = ("/", ".") if is_random else ("/",)
    return any(path == start or path.startswith(tuple(start + end for end in ends)) for start in own)


def _serializer(accounts: Accounts) -> URLSafeSerializer:
    return URLSafeSerializer(accounts.signing_key(), salt="omrclip.link", signer_kwargs={"digest_method": sha256})
