"""The web client under `/`: one page, and the modules, styles and libraries that it loads, all from here.

The page is static: nothing of a request stands in it, and the policy lets it load and speak to nothing but this server.
"""

from pathlib import Path

from flask import Blueprint, Response, send_file

blueprint = Blueprint("ui", __name__, static_folder="ui", static_url_path="/ui")

# Clips and files that were only just chosen are shown from the browser's own memory: blob: and data: images.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE = Path(__file__).parent / "ui" / "index.html"


@blueprint.get("/")
def page() -> Response:
    """The client."""
    return send_file(_PAGE, mimetype="text/html", max_age=0)


@blueprint.after_request
def keep_to_this_server(answer: Response) -> Response:
    """Say what the page may do, and have browsers ask whether what they hold is still what is served."""
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer
