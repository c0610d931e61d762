"""The routes for logging in, for access tokens, and for creating signed links."""

import time
from collections.abc import Callable
from urllib.parse import quote, unquote, urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from omrclip.errors import InvalidRequest, LoginFailed, NotFound, OmrclipError, TooManyAttempts
from omrclip.schemas.link import load_link
from omrclip.storage.accounts import Account, Accounts, Issued, Kind
from omrclip.web.auth import links
from omrclip.web.auth.check import COOKIE, basic_credentials, token_of
from omrclip.web.errors import status_of
from omrclip.web.languages import ENGLISH, languages, names
from omrclip.web.services import ACCOUNT, base_url, open_image, services

blueprint = Blueprint("login", __name__, template_folder="page", static_folder="page", static_url_path="/login/page")
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'"
GRANT_TYPE = "client_credentials"


@blueprint.get("/login")
def get_page() -> Response:
    """The page with the form, in the language of the browser."""
    return _page(internal_path(request.args.get("next")))


@blueprint.post("/login")
def post_form() -> BaseResponse:
    """Log a person in: set the cookie of a new session, and redirect to the requested page."""
    name, password, target = (request.form.get(key, "") for key in ("name", "password", "next"))
    try:
        issued = accounts().log_in(Kind.USER, name.strip(), password, _source())
    except (LoginFailed, TooManyAttempts) as problem:
        return _page(internal_path(target), problem, name)
    answer = redirect(f"{base_url()}{internal_path(target)}", 303)
    set_session(answer, issued)
    return answer


@blueprint.post("/logout")
def post_logout() -> BaseResponse:
    """End the session, and have the browser delete its data of this server."""
    if token := token_of(request.environ):
        accounts().log_out(token)
    answer = redirect(f"{base_url()}/login", 303)
    answer.delete_cookie(COOKIE, path=_cookie_path())
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.post("/oauth/token")
def post_token() -> Response:
    """Issue an access token to a client (RFC 6749, section 4.4)."""
    if request.form.get("grant_type") != GRANT_TYPE:
        return refused_token("unsupported_grant_type", f"The grant type must be {GRANT_TYPE}.", 400)
    return token_answer(lambda: by_secret(accounts()))


def by_secret(known: Accounts) -> Issued:
    """Issue an access token for the name and the secret of a client. Raises what `Accounts.log_in` raises."""
    given = basic_credentials(request.headers.get("Authorization", ""))
    name, secret = given or (request.form.get("client_id", ""), request.form.get("client_secret", ""))
    if given is not None:  # RFC 6749, section 2.3.1
        name, secret = unquote(name), unquote(secret)
    return known.log_in(Kind.CLIENT, name, secret, _source(), request.form.get("scope", "").split())


def token_answer(issue: Callable[[], Issued]) -> Response:
    """The answer with the access token that `issue` returns, or with the reason why there is none."""
    try:
        issued = issue()
    except InvalidRequest as problem:
        return refused_token("invalid_scope", problem.message, 400)
    except LoginFailed:
        answer = refused_token("invalid_client", "The client is unknown, or its secret is wrong.", 401)
        answer.headers["WWW-Authenticate"] = 'Basic realm="omrclip"'
        return answer
    told = {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "scope": " ".join(sorted(issued.account.scopes)),
    }
    if issued.refresh_token is not None:
        told["refresh_token"] = issued.refresh_token
    return _unstored(jsonify(told))


@blueprint.get("/api/session")
def get_session() -> Response:
    """The account of the session. Without users and clients the name is null."""
    account = current_account()
    return _unstored(
        jsonify(
            Name=account.name or None,
            Kind=str(account.kind) if account.name else None,
            Workspace=account.workspace,
            Scopes=sorted(account.scopes),
        )
    )


@blueprint.post("/api/links")
def post_link() -> Response:
    """Make a signed link to a stored recognition, a batch or an image."""
    asked = load_link(request.get_data(), services().config.limits)
    account, expires = current_account(), time.time() + min(asked.seconds, services().config.max_keep_seconds)
    if not account.name:
        raise NotFound("This server has no users, so its images need no signed links.")
    _check_target(asked.target)
    token = links.sign(accounts(), links.Link(account.kind, account.name, asked.target, expires))
    answer = jsonify(Token=token, Base=f"{base_url()}{links.PREFIX}{token}", Expires=int(expires))
    answer.status_code = 201
    return _unstored(answer)


def _check_target(target: str) -> None:
    """Raise NotFound if the account cannot see the recognition, batch or image."""
    if not links.IDENTIFIER.fullmatch(target):
        open_image(target)
        return
    try:
        services().kept.read(target)
    except NotFound:
        services().batches.read(target)


def current_account() -> Account:
    """The account that sends the current request."""
    account: Account = request.environ[ACCOUNT]
    return account


def _page(target: str, problem: OmrclipError | None = None, name: str = "", told: str | None = None) -> Response:
    known = languages()
    wished = request.values.get("language", "")
    language = wished if wished in known else request.accept_languages.best_match(known, ENGLISH)
    words = {key.removeprefix("login."): text for key, text in known[language].items() if key.startswith("login.")}
    shown: dict[str, object] = {
        "base": base_url(),
        "words": words,
        "language": language,
        "target": target,
        "name": name,
    }
    shown["languages"] = [(text, urlencode({"language": tag, "next": target})) for tag, text in names()]
    if problem and told is None:
        told = _told(words, problem)
    provider = f"{base_url()}/login/oidc?{urlencode({'next': target})}" if services().provider else None
    text = render_template("login.html", **shown, told=told, provider=provider)
    answer = Response(text, status_of(problem) if problem else 200, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = PAGE_POLICY
    return _unstored(answer)


def _told(words: dict[str, str], problem: OmrclipError) -> str:
    if isinstance(problem, TooManyAttempts):
        return words["wait"].format(seconds=problem.details["retry_after"])
    return words["wrong"]


def failed_page(target: str, problem: OmrclipError) -> Response:
    """The page with the form, which tells why a log-in at the provider of OpenID Connect failed."""
    return _page(target, problem, told=problem.message)


def internal_path(given: str | None) -> str:
    """A path of this server, with its query. Anything else, such as an address elsewhere, becomes the start page."""
    if given and given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable():
        return quote(given, safe="/?&=%:@!$'()*+,;~#")
    return "/"


def set_session(answer: BaseResponse, issued: Issued) -> None:
    """Set the cookie of a new session."""
    answer.set_cookie(
        COOKIE,
        issued.token,
        max_age=int(issued.seconds or 0),
        path=_cookie_path(),
        secure=base_url().startswith("https://"),
        httponly=True,
        samesite="Lax",
    )


def _cookie_path() -> str:
    return request.script_root or "/"


def _source() -> str:
    return request.remote_addr or ""


def refused_token(error: str, description: str, status: int) -> Response:
    """An error in the form of RFC 6749, section 5.2."""
    answer = jsonify(error=error, error_description=description)
    answer.status_code = status
    return _unstored(answer)


def _unstored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def accounts() -> Accounts:
    """The users and clients of this server. Raises NotFound if it has none."""
    found = services().accounts
    if found is None:
        raise NotFound("This server has no users and clients.")
    return found
