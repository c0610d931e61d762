"""The web client at `/`: one page with its modules, styles and libraries, which all come from this server.

The page is static and contains no data of a request. Its content security policy allows only this server.
"""

import json
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

from flask import Blueprint, Response, request

from omrclip.web.languages import names

blueprint = Blueprint("ui", __name__, static_folder="ui", static_url_path="/ui")

# The client shows clips and newly chosen files from the browser's memory, as blob: and data: images.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE = Path(__file__).parent / "ui" / "index.html"


@blueprint.get("/")
def page() -> Response:
    """The page of the web client."""
    text = _page()
    answer = Response(text, mimetype="text/html")
    answer.set_etag(sha256(text.encode()).hexdigest()[:32])
    answer.make_conditional(request)
    return answer


@cache
def _page() -> str:
    """The file with the languages that there are, from which the page chooses one."""
    known = escape(json.dumps(names(), ensure_ascii=False), quote=True)
    return _PAGE.read_text("utf-8").replace('name="languages" content="[]"', f'name="languages" content="{known}"')


@blueprint.after_request
def keep_to_this_server(answer: Response) -> Response:
    """Set the content security policy, and make browsers check whether their cached copies are current."""
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer
