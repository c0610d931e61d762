"""The token routes of all versions of the protocol: `/connect/token`, and `/oauth2/token` of version 1.1."""

import secrets
from typing import Final

from flask import Blueprint, Response, request

from omrclip.errors import LoginFailed
from omrclip.storage.accounts import TOKEN_SECONDS, Issued
from omrclip.web.auth.check import EVERYBODY, is_open
from omrclip.web.auth.login import GRANT_TYPE, by_secret, refused_token, token_answer
from omrclip.web.services import services

REFRESH: Final = "refresh_token"
"""The second grant type. It is also the name of the form field, and of the member of the answer."""

blueprint = Blueprint("cloud_token", __name__)


@blueprint.post("/connect/token")
@blueprint.post("/oauth2/token")
def post_token() -> Response:
    """Issue an access token and a refresh token to a client. The form is urlencoded or multipart.

    A server without users and clients gives a token for any name and secret, because existing clients always ask for
    one.
    """
    grant = request.form.get("grant_type")
    if grant not in (GRANT_TYPE, REFRESH):
        return refused_token("unsupported_grant_type", f"The grant type must be {GRANT_TYPE} or {REFRESH}.", 400)
    accounts = services().accounts
    if accounts is None or is_open(accounts, services().config):
        return token_answer(_for_everybody)
    if grant == GRANT_TYPE:
        return token_answer(lambda: accounts.refreshable(by_secret(accounts)))
    try:
        issued = accounts.refresh(request.form.get(REFRESH, ""))
    except LoginFailed as problem:
        return refused_token("invalid_grant", problem.message, 400)
    return token_answer(lambda: issued)


def _for_everybody() -> Issued:
    token = secrets.token_urlsafe(32)
    return Issued(token, EVERYBODY, TOKEN_SECONDS, token)
