"""Creates the WSGI application."""

import io
from typing import IO, Any

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from omrclip.config import Config
from omrclip.web import docs, health, iiif, services, ui
from omrclip.web.api import (
    batch_corrections,
    batch_events,
    batch_pdf,
    batch_sheets,
    batches,
    corrections,
    detection,
    images,
    kept,
    overlay,
    receipts,
    recognitions,
    sample,
    segments,
    tables,
    template_correction,
    template_pages,
    templates,
)
from omrclip.web.auth import login, oidc, viewers
from omrclip.web.auth.check import login_check
from omrclip.web.auth.rules import check_rules
from omrclip.web.cloud import files as cloud_files
from omrclip.web.cloud import tasks as cloud_tasks
from omrclip.web.cloud import token as cloud_token
from omrclip.web.cloud import v5 as cloud_v5
from omrclip.web.errors import register_error_handlers
from omrclip.web.gate import Gate, refuse
from omrclip.web.journal import Journal, note_route
from omrclip.web.lanes import work


class Request(flask.Request):
    """A request that holds uploaded files in memory. They are personal data, and the size of the body is limited."""

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        # werkzeug compares "*" with entity tags, but it matches everything that exists (RFC 9110, section 13.1.1).
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and environ.get("HTTP_IF_MATCH", "").strip() == "*":
            del environ["HTTP_IF_MATCH"]
        super().__init__(environ, *args, **kwargs)

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 (the signature is werkzeug's)
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return io.BytesIO()

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body. A body without Content-Length that reaches the limit is refused; werkzeug would cut it off."""
        data = super().get_data(*args, **kwargs)
        most = self.max_content_length
        if self.content_length is None and most is not None and len(data) >= most:
            raise RequestEntityTooLarge
        return data


class App(flask.Flask):
    """Flask with our Request and Gate. A server calls `gate.receive` before it reads a body."""

    request_class = Request
    gate: Gate


def stop_what_is_late() -> None:
    """End a request before its work begins if its deadline is over or its client has disconnected."""
    work().check()


# The default policy of answers: pages of other sites must not show them in a frame.
_POLICY = "frame-ancestors 'none'"


def secure(answer: flask.Response) -> flask.Response:
    """Set the headers of all answers, including errors and 304."""
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def keep_private(answer: flask.Response) -> flask.Response:
    """Have browsers revalidate cached answers if these depend on the account."""
    account = flask.request.environ.get(services.ACCOUNT)
    if account is not None and account.name:
        if "no-store" not in answer.headers.get("Cache-Control", ""):
            answer.headers["Cache-Control"] = services.PRIVATE
        answer.vary.update(("Authorization", "Cookie"))
    return answer


def create_app(config: Config | None = None) -> App:
    """Create the WSGI application. It reads no environment variables; use `Config.from_env`."""
    config = config or Config()
    app = App("omrclip.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = config.most_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = config.most_body_bytes
    app.config["MAX_FORM_PARTS"] = config.limits.max_images + 10
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    # An identifier may contain two consecutive slashes, as every URL does.
    app.url_map.merge_slashes = False
    app.before_request(note_route)
    app.before_request(refuse)
    app.before_request(stop_what_is_late)
    app.after_request(secure)
    app.after_request(keep_private)
    services.install(app, config)
    register_error_handlers(app)
    for module in (
        ui,
        health,
        recognitions,
        kept,
        overlay,
        corrections,
        tables,
        batch_events,
        batch_sheets,
        batches,
        batch_corrections,
        batch_pdf,
        sample,
        receipts,
        segments,
        templates,
        template_pages,
        detection,
        template_correction,
        images,
        iiif,
        docs,
        login,
        oidc,
        viewers,
        cloud_token,
        cloud_v5,
        cloud_files,
        cloud_tasks,
    ):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(docs.page)
    app.register_blueprint(batches.everywhere)
    check_rules(app)
    log_in = login_check(app, services.of(app).accounts)
    app.gate = Gate(Journal(app.wsgi_app, services.of(app).metrics), config, log_in)
    app.wsgi_app = app.gate  # type: ignore[method-assign]
    return app
