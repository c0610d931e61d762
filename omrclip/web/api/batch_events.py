"""`/api/batches/{id}/events`: the progress of a batch as Server-Sent Events (HTML Standard, section 9.2)."""

import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, request

from omrclip.errors import NotFound, ServerBusy
from omrclip.schemas.batches import dump_failure
from omrclip.storage.batches import Batches, State, StoredBatch
from omrclip.web.lanes import PACE, PACES
from omrclip.web.services import services

SECONDS: Final = 1.0
"""How often the state is read. The runner stores it once a second."""
MOST_CLIENTS: Final = 64
"""Connections of a server process for events. Each takes about 1 ms of processor time a second."""
LONGEST_SECONDS: Final = 600.0
"""The longest duration of a connection. The client then opens another one. So abandoned connections do not pile up."""
RETRY_AFTER: Final = 30
_COMMENT: Final = b":\n\n"
"""A comment, sent if nothing has changed, because proxies close silent connections."""

blueprint = Blueprint("batch_events", __name__, url_prefix="/api/batches")
_clients = threading.BoundedSemaphore(MOST_CLIENTS)


@blueprint.get("/<identifier>/events")
def get_events(identifier: str) -> Response:
    """Send the progress of a batch until it is done or has failed.

    The identifier of an event changes with the progress. A client that knows the last state of a batch that has ended
    gets 204, after which browsers do not connect again.
    """
    batches = services().batches
    batch = batches.read(identifier)
    known = request.headers.get("Last-Event-ID", "")
    if _has_ended(batch) and known == _mark(batch):
        return Response(status=HTTPStatus.NO_CONTENT)
    if not _clients.acquire(blocking=False):
        raise ServerBusy("Too many clients wait for events. Ask for the batch instead.", retry_after=RETRY_AFTER)
    request.environ[PACE] = SECONDS
    seconds = (
        LONGEST_SECONDS if request.environ.get(PACES) else 0.0
    )  # another server would need a thread for each client
    answer = Response(_events(batches, batch, known, seconds), mimetype="text/event-stream")
    answer.call_on_close(_clients.release)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # for nginx
    return answer


def _events(batches: Batches, batch: StoredBatch, known: str, seconds: float) -> Iterator[bytes]:
    """An event for each change, and comments between them. The gateway pauses between the parts."""
    until = time.monotonic() + seconds
    while True:
        is_new = _mark(batch) != known
        known = _mark(batch)
        yield _event(batch) if is_new else _COMMENT
        if _has_ended(batch) or time.monotonic() >= until:
            return
        try:
            batch = batches.read(batch.identifier)
        except NotFound:
            yield b"event: deleted\ndata: {}\n\n"
            return


def _has_ended(batch: StoredBatch) -> bool:
    return batch.state in (State.DONE, State.FAILED)


def _mark(batch: StoredBatch) -> str:
    """A text that changes with the contents of the event."""
    return f"{batch.state}-{batch.total}-{batch.passed}-{batch.doubtful}-{batch.failed}"


def _event(batch: StoredBatch) -> bytes:
    done = batch.passed + batch.failed
    left = None
    if batch.state is State.RUNNING and batch.an_hour:
        left = round(3600 * (batch.total - done) / batch.an_hour)
    told: dict[str, Any] = {
        "State": batch.state,
        "Message": batch.message,
        "Error": dump_failure(batch.failure),
        "Total": batch.total,
        "Done": done,
        "Passed": batch.passed,
        "Doubtful": batch.doubtful,
        "Failed": batch.failed,
        "SecondsLeft": left,
    }
    return f"event: progress\nid: {_mark(batch)}\ndata: {json.dumps(told)}\n\n".encode()
