"""`/health`: version and caches of a process; `/metrics`: counts for Prometheus."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from omrclip import __version__
from omrclip.web.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Answer without touching the stores, so that a full disk does not have the process restarted."""
    caches = {name: asdict(counts) for name, counts in services().caches().items()}
    return jsonify(status="ok", version=__version__, caches=caches)


@blueprint.get("/metrics")
def metrics() -> Response:
    """The metrics of all processes of this server together."""
    return Response(services().metrics.text(), content_type=CONTENT_TYPE_LATEST)
