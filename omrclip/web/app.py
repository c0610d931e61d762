"""Putting the application together."""

import io
from typing import IO, Any

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from omrclip.config import Config
from omrclip.web import docs, health, iiif, images, recognitions, services, templates
from omrclip.web.errors import register_error_handlers


class Request(flask.Request):
    """A request whose uploaded files stay in memory: they are personal data, and the body's size is bounded."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 (the signature is werkzeug's)
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return io.BytesIO()

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body; refused where it has no stated length and reaches the limit, at which werkzeug would cut it off."""
        data = super().get_data(*args, **kwargs)
        most = self.max_content_length
        if self.content_length is None and most is not None and len(data) >= most:
            raise RequestEntityTooLarge
        return data


class App(flask.Flask):
    """Flask with our Request."""

    request_class = Request


def create_app(config: Config | None = None) -> App:
    """Make the WSGI application; it reads no environment, `Config.from_env` does."""
    config = config or Config()
    app = App("omrclip.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = config.limits.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = config.limits.max_body_bytes
    app.config["MAX_FORM_PARTS"] = config.limits.max_images + 10
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    # An identifier may hold two slashes in a row, as every URL does.
    app.url_map.merge_slashes = False
    services.install(app, config)
    register_error_handlers(app)
    for module in (health, recognitions, templates, images, iiif, docs):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(docs.page)
    return app


def from_env() -> Any:
    """Make the application that `omrclip serve` runs in each of its processes."""
    import os

    return create_app(Config.from_env(os.environ))
