"""`POST /api/sample-batch`: a batch of the sample form and its scans, to try what can be done with a batch."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response

from omrclip.jobs.batches.definition import Batch, BatchTemplate
from omrclip.jobs.batches.intake import NewBatch, add_document, batch_options, create_batch
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan
from omrclip.schemas.batches import load_batch_change
from omrclip.storage.home import sample_form
from omrclip.web.api.batches import batch_answer
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import json_body, services

FORM: Final = "exam"
NAME: Final = "Sample"
SECONDS: Final = 7 * 24 * 3600
"""How long it is stored. It is for trying, and everybody can make it again."""

blueprint = Blueprint("sample", __name__, url_prefix="/api")


@blueprint.post("/sample-batch")
@runs_in(Lane.WORK)
def post_sample() -> Response:
    """Create it under a name in the language of the person. It is an ordinary batch, and needs no stored template."""
    config, batches = services().config, services().batches
    asked = load_batch_change(json_body(), config.limits)
    form = sample_form(FORM)
    batch = Batch((BatchTemplate(FORM, form.document, form.image),), batch_options(RecognitionOptions()))
    seconds = min(asked.keep_seconds or SECONDS, SECONDS, config.max_keep_seconds)
    new = NewBatch(asked.name or NAME, batch, seconds)
    identifier = create_batch(batches, new, config.limits, services().sources.admission)
    for name, data in form.scans:
        add_document(batches, identifier, Scan(name, data), config.limits)
    answer = batch_answer(batches.read(identifier))
    answer.status_code = HTTPStatus.CREATED
    return answer
