"""`/health` with the version and the caches of a process, and `/metrics` with counts for Prometheus."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from omrclip import __version__
from omrclip.web.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Answer without access to the stores, so that a full disk does not make a supervisor restart the process."""
    caches = {name: asdict(counts) for name, counts in services().caches().items()}
    return jsonify(status="ok", version=__version__, caches=caches)


@blueprint.get("/metrics")
def metrics() -> Response:
    """The metrics of all processes of this server."""
    return Response(services().metrics.text(), content_type=CONTENT_TYPE_LATEST)
