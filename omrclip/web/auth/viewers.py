"""`/iiif/auth`: the IIIF Authorization Flow API 2.0, by which viewers on other sites show images to people who log in.

A viewer opens `access` in a tab, where the person logs in, and then `token` in a hidden frame, which sends it a token.
`probe` answers this token with a signed link to the image. The viewer can use the link in `<img>` elements, and on
sites from which the browser sends no cookies.

With the token, a viewer can read info.json and manifests, and get links to all images of the account. So the token is
sent only to viewers of this server's own origin and of OMRCLIP_VIEWERS. It ends with the session.
"""

import json
import re
import time
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, render_template, request

from omrclip.errors import InvalidRequest, LoginRequired, NotFound
from omrclip.iiif.authorization import CONTEXT, Json, Service, TokenError, access_token, probe_result, token_error
from omrclip.iiif.capabilities import LEVEL_3
from omrclip.iiif.request import Format
from omrclip.origins import Origin
from omrclip.storage.accounts import Account, Scope, digest
from omrclip.web.auth import links
from omrclip.web.auth.check import COOKIE, EVERYBODY, is_open, token_of
from omrclip.web.auth.login import accounts
from omrclip.web.errors import answer_of, error_body
from omrclip.web.gate import REQUEST_ID
from omrclip.web.image_answers import CROSS_ORIGIN
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import ACCOUNT, SIGNED, base_url, image_uri_under, open_image, quoted, services

TOKEN_SECONDS: Final = 3600
"""How long a viewer's token, and the links that it gets for it, are valid. They end earlier with the session."""

blueprint = Blueprint("viewers", __name__, url_prefix="/iiif/auth", template_folder="page")

_POST: Final = (
    "const { message, origin } = document.documentElement.dataset; parent.postMessage(JSON.parse(message), origin);"
)
_CLOSE: Final = "window.close();"
_INFO: Final = re.compile(r"/iiif/[23]/(.+)/info\.json", re.ASCII | re.DOTALL)


@blueprint.get("/access")
def get_access() -> Response:
    """The access service. Somebody who gets here is logged in already, so the tab closes."""
    return _page(_CLOSE, told=_words()["close"])


@blueprint.get("/token")
def get_token() -> Response:
    """The token service: a page for a hidden frame, which sends the viewer a token or the reason why there is none."""
    origin = Origin.parse(request.args.get("origin", ""))
    if origin is None:
        raise InvalidRequest.at("origin", "the origin of the viewer's page, such as https://viewer.example.org")
    message = json.dumps(_token_message(origin, request.args.get("messageId", "")))
    return _page(_POST, message=message, origin=str(origin))


def _token_message(origin: Origin, message_id: str) -> Json:
    session = request.cookies.get(COOKIE, "")
    account = accounts().account_of(session) if session else None
    if not message_id:
        return token_error(TokenError.INVALID_REQUEST, message_id)
    config = services().config
    if origin not in {Origin.of(request.scheme, request.host), config.public_origin, *config.viewers}:
        return token_error(TokenError.INVALID_ORIGIN, message_id)
    if account is None:
        return token_error(TokenError.EXPIRED_ASPECT if session else TokenError.MISSING_ASPECT, message_id)
    expires = time.time() + TOKEN_SECONDS
    link = links.Link(account.kind, account.name, "", expires, digest(session).hex())
    return access_token(links.sign(accounts(), link), message_id, TOKEN_SECONDS)


@blueprint.get("/probe/<path:identifier>")
@runs_in(Lane.LIGHT_FIRST)
def get_probe(identifier: str) -> Response:
    """The probe service of an image: a signed link to it for a viewer's token; for a log-in that it can be seen."""
    return jsonify(probe_result(*_probe(identifier)))


def _probe(identifier: str) -> tuple[HTTPStatus, Json | None]:
    known, token = accounts(), token_of(request.environ) or ""
    link = links.read(known, token)
    account = known.account_of(token) if link is None else links.reader_of(known, link)
    if account is None and is_open(known, services().config):
        account = EVERYBODY
    if account is None or Scope.READ not in account.scopes or (link is not None and link.target):
        return HTTPStatus.UNAUTHORIZED, None
    request.environ[ACCOUNT] = account
    try:
        image = open_image(identifier)
    except NotFound:
        return HTTPStatus.NOT_FOUND, None
    if link is None:
        return HTTPStatus.OK, None
    signed = links.sign(known, links.Link(link.kind, link.name, identifier, link.expires, link.session))
    service = image_uri_under(f"{base_url()}{links.PREFIX}{signed}", identifier, 3)
    return HTTPStatus.FOUND, {
        "id": f"{service}/full/max/0/default.jpg",
        "type": "Image",
        "format": Format.JPG.media_type,
        "width": image.dimensions.width,
        "height": image.dimensions.height,
        "service": [{"id": service, "type": "ImageService3", "profile": LEVEL_3}],
    }


@blueprint.get("/logout")
def get_logout() -> Response:
    """The logout service: a page with a button, so that no page of another site can end a session."""
    return _page(None, told=_words()["logout"], button=_words()["button"], base=base_url())


@blueprint.app_errorhandler(LoginRequired)
def name_services(error: LoginRequired) -> Response:
    """Add the services to the answer for a viewer that asks for info.json or a manifest without a log-in.

    The answer does not depend on whether there is such an image.
    """
    if not links.DESCRIPTION.fullmatch(request.path):
        return answer_of(error)
    service, info = _service(), _INFO.fullmatch(request.path)
    told = error_body(error.code, error.message, error.details, request.environ[REQUEST_ID])
    told |= {"@context": CONTEXT, "service": [service.probe(quoted(info[1])) if info else service.access()]}
    answer = answer_of(error)
    answer.data, answer.mimetype = json.dumps(told).encode(), "application/json"
    return answer


def probe_service(identifier: str) -> Json | None:
    """The probe service of an image for the current request; None if everybody who has its URI can see it."""
    account: Account | None = request.environ.get(ACCOUNT)
    if account is None or not account.name or SIGNED in request.environ:
        return None
    return _service().probe(quoted(identifier))


def _service() -> Service:
    base = base_url()
    return Service(f"{base}/iiif/auth", urlsplit(base).netloc)


@blueprint.after_request
def allow_any_origin(answer: Response) -> Response:
    """Allow viewers on all sites to ask the probe service. Nothing here is stored."""
    answer.headers["Cache-Control"] = "no-store"
    if request.endpoint == "viewers.get_probe":
        answer.headers.update(CROSS_ORIGIN)
        answer.headers["Access-Control-Allow-Headers"] = "Authorization"
    return answer


def _page(script: str | None, origin: str = "'none'", **shown: str) -> Response:
    """A page with one script. `origin` is that of the pages that may show it in a frame."""
    text = render_template("viewer.html", language=_language(), script=script, origin=origin, **shown)
    answer = Response(text, mimetype="text/html")
    allowed = "'none'" if script is None else f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {allowed}; style-src 'self'; form-action 'self'; frame-ancestors {origin}"
    )
    return answer


def _words() -> dict[str, str]:
    return _WORDS[_language()]


def _language() -> str:
    return request.accept_languages.best_match(_WORDS, "en")


_WORDS: Final = {
    "en": {
        "close": "You are logged in. You can close this tab.",
        "logout": "Do you want to log out?",
        "button": "Log out",
    },
    "de": {
        "close": "Sie sind angemeldet. Sie können diesen Tab schließen.",
        "logout": "Möchten Sie sich abmelden?",
        "button": "Abmelden",
    },
    "fr": {
        "close": "Vous êtes connecté. Vous pouvez fermer cet onglet.",
        "logout": "Voulez-vous vous déconnecter ?",
        "button": "Se déconnecter",
    },
}
