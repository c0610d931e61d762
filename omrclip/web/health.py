"""`/health`: whether the process answers, which version it is, and what its caches do."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from omrclip import __version__
from omrclip.web.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Answer without touching the stores, so that a full disk does not have the process restarted."""
    caches = {
        "pixels": services().sources.pixels.counts(),
        "files": services().sources.opened.counts(),
        "derivatives": services().derivatives.counts(),
    }
    return jsonify(status="ok", version=__version__, caches={name: asdict(counts) for name, counts in caches.items()})
