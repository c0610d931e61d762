"""`POST /api/recognitions` with `Prefer: respond-async`: the scans become a batch, and the answer comes at once."""

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from flask import Response, jsonify, request

from omrclip.errors import InvalidRequest
from omrclip.jobs.batches.definition import Batch, BatchTemplate
from omrclip.jobs.batches.intake import NewBatch, batch_options, create_batch
from omrclip.omr.report.file_names import shown_name
from omrclip.web.api.batches import batch_answer, intake
from omrclip.web.api.recognition_request import Sent
from omrclip.web.services import PRIVATE, services

PREFERENCE: Final = "respond-async"
NAME: Final = "Template"
"""The name of a template that the request has itself, and of its batch."""


def prefers_later() -> bool:
    """Whether the client prefers not to wait (RFC 7240). Other preferences are ignored, such as `wait=10`."""
    preferences = ",".join(request.headers.getlist("Prefer")).split(",")
    return PREFERENCE in (one.partition(";")[0].strip().lower() for one in preferences)


def recognize_later(sent: Sent) -> Response:
    """Create a batch of the scans of a request, and answer 202 with its address.

    Files that cannot be in a batch are listed as Refused. Raises what `create_batch` does, and InvalidRequest if
    there is no other file.
    """
    config, batches = services().config, services().batches
    name, options = sent.name or NAME, sent.options
    batch = Batch((BatchTemplate(name, sent.document, sent.image),), batch_options(replace(options, keep=False)))
    new = NewBatch(name, batch, options.keep_seconds or config.max_keep_seconds)
    identifier = create_batch(batches, new, config.limits, services().sources.admission)
    try:
        found = intake(identifier, sent.images)
        if not found["Taken"]:
            first = found["Refused"][0]
            raise InvalidRequest(
                f"No image can be in a batch. {shown_name(first['Name'])}: {first['Message']}", refused=found["Refused"]
            )
    except BaseException:
        batches.delete(identifier)
        raise
    batch_told = batch_answer(batches.read(identifier)).get_json()
    answer = jsonify({**batch_told, **found})
    answer.status_code = HTTPStatus.ACCEPTED
    answer.headers.update({"Location": batch_told["Uri"], "Preference-Applied": PREFERENCE, "Cache-Control": PRIVATE})
    return answer
