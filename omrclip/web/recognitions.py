"""`POST /api/recognitions`: a template and scans in, results and clips out, as JSON, zip or a line a scan."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotAcceptable

from omrclip.omr.recognition import Recognition, recognize
from omrclip.omr.result_files import recognition_files
from omrclip.schemas.recognition_response import Answer, dump_answer
from omrclip.web.recognition_request import Job, read_job
from omrclip.web.services import services

blueprint = Blueprint("recognitions", __name__, url_prefix="/api")

JSON = "application/json"
ZIP = "application/zip"
LINES = "application/x-ndjson"
RESULTS_IN_ZIP = "results.json"


@blueprint.post("/recognitions")
def post_recognition() -> Response:
    """Recognise the scans of one request."""
    wanted = request.accept_mimetypes.best_match([JSON, ZIP, LINES]) if request.accept_mimetypes else JSON
    if wanted is None:
        raise NotAcceptable(f"Accept: expected {JSON}, {ZIP} or {LINES}")
    limits = services().config.limits
    job = read_job(request, services().templates, limits)
    recognitions = (recognize(job.pages, scan, job.options, limits) for scan in job.scans)
    if wanted == ZIP:
        return _attachment(_zip(job, recognitions))
    if wanted == LINES:
        return Response(_lines(job, recognitions), mimetype=LINES)
    return jsonify(dump_answer(_answer(job, list(recognitions))))


def _answer(job: Job, recognitions: list[Recognition]) -> Answer:
    return Answer(recognitions, job.options, alone=len(job.scans) == 1, warnings=job.warnings)


def _lines(job: Job, recognitions: Iterator[Recognition]) -> Iterator[str]:
    """A line a scan, each an answer of its own, as soon as it is done."""
    for recognition in recognitions:
        yield json.dumps(dump_answer(_answer(job, [recognition])), ensure_ascii=False) + "\n"


class _Outbox(io.RawIOBase):
    """What a ZipFile writes, until it is sent; it cannot seek, so the archive is written front to back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """All that was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zip(job: Job, recognitions: Iterator[Recognition]) -> Iterator[bytes]:
    """The files of each scan as soon as it is done, and at last what JSON would say beside them."""
    outbox = _Outbox()
    done = []
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:  # the clips are compressed already
        for recognition in recognitions:
            for file in recognition_files(recognition, job.options, alone=len(job.scans) == 1):
                archive.writestr(file.name, file.data)
            done.append(recognition)
            yield outbox.taken()
        archive.writestr(RESULTS_IN_ZIP, json.dumps(dump_answer(_answer(job, done), with_files=False), indent=1))
    yield outbox.taken()


def _attachment(chunks: Iterator[bytes]) -> Response:
    answer = Response(chunks, mimetype=ZIP)
    answer.headers.set("Content-Disposition", "attachment", filename="recognition.zip")
    return answer
