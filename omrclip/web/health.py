"""`/health`: whether the process answers, and which version it is."""

from flask import Blueprint, Response, jsonify

from omrclip import __version__

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Answer without touching the stores, so that a full disk does not have the process restarted."""
    return jsonify(status="ok", version=__version__)
