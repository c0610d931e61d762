"""The OpenAPI description at `/openapi.json`, and as a page at `/docs/` that loads nothing from other servers."""

from functools import cache

from flask import Blueprint, Response, jsonify
from flask_swagger_ui import get_swaggerui_blueprint

blueprint = Blueprint("docs", __name__)
# Without this validatorUrl the page would send the description to a validator on the internet.
page: Blueprint = get_swaggerui_blueprint(
    "/docs", "/openapi.json", config={"app_name": "omrclip API", "validatorUrl": None}
)


@cache
def _description() -> dict[str, object]:
    from omrclip.web.openapi.document import openapi  # apispec and all schemas: few servers are asked for it

    return openapi()


@blueprint.get("/openapi.json")
def describe() -> Response:
    """The OpenAPI description."""
    return jsonify(_description())
