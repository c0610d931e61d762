"""`POST /api/recognitions`: a template and scans in, results and clips out, as JSON, zip or a line a scan."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotAcceptable

from omrclip.errors import ImageError
from omrclip.imaging.probe import probe
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.result_files import clip_name, recognition_files
from omrclip.schemas.recognition_answer import Answer, KeptUris
from omrclip.schemas.recognition_response import dump_answer, dump_kept
from omrclip.web.recognition_request import Job, read_job
from omrclip.web.services import base_url, services

blueprint = Blueprint("recognitions", __name__, url_prefix="/api")

JSON = "application/json"
ZIP = "application/zip"
LINES = "application/x-ndjson"
RESULTS_IN_ZIP = "results.json"
BYTES_TO_REGISTER = 16 * 1024 * 1024


@blueprint.post("/recognitions")
def post_recognition() -> Response:
    """Recognise the scans of one request; with the option `Keep`, or `?keep`, the service keeps what comes out."""
    wanted = request.accept_mimetypes.best_match([JSON, ZIP, LINES]) if request.accept_mimetypes else JSON
    if wanted is None:
        raise NotAcceptable(f"Accept: expected {JSON}, {ZIP} or {LINES}")
    run = Run(read_job(request, services().templates, services().config), _uris_to_keep)
    if wanted == ZIP:
        answer = _attachment(_zip(run))
    elif wanted == LINES:
        answer = Response(_lines(run), mimetype=LINES)
    else:
        recognitions = list(run.recognitions())
        answer = jsonify(dump_answer(run.answer(recognitions)))
    if run.kept:
        answer.headers["Location"] = run.kept.recognition()
    return answer


def _uris_to_keep() -> KeptUris:
    return KeptUris(base_url(), services().kept.new_identifier())


class Run:
    """One request being carried out: its recognitions one by one, and their keeping when all are done."""

    def __init__(self, job: Job, uris: Callable[[], KeptUris]) -> None:
        self.job = job
        self.kept = uris() if job.options.keep else None
        # The views that stream are run when the request's context is gone.
        self._services = services()

    def recognitions(self) -> Iterator[Recognition]:
        """Recognise scan by scan; after the last, what is to be kept is kept before the iteration ends."""
        job, done = self.job, []
        for scan in job.scans:
            with self._services.sources.admission.admitted(_bytes_needed(scan), patient=True):
                done.append(recognize(job.pages, scan, job.options, self._services.config.limits))
            yield done[-1]
        if self.kept:
            self._keep(self.kept, done)

    def answer(self, recognitions: Sequence[Recognition], first: int = 1) -> Answer:
        """The answer for these, the first of which has this number in the request."""
        job = self.job
        return Answer(recognitions, job.options, self.alone, job.warnings, first, self.kept)

    @property
    def alone(self) -> bool:
        """Whether there is one scan only."""
        return len(self.job.scans) == 1

    def _keep(self, kept: KeptUris, recognitions: Sequence[Recognition]) -> None:
        answer, options = self.answer(recognitions), self.job.options
        self._services.kept.keep(
            kept.identifier,
            options.keep_seconds,
            self.job.scans,
            recognitions,
            [named.file for named in answer.response_files],
            [[clip_name(r.scan, clip.element, options.clip_format) for clip in r.clips] for r in recognitions],
            dump_kept(answer),
        )


def _bytes_needed(scan: Scan) -> int:
    """What a recognition takes at most, measured: its pixels with a grey copy, and what finding the page takes."""
    try:
        return 5 * probe(scan.data).stored.pixels + BYTES_TO_REGISTER
    except ImageError:  # told when it is recognised
        return 0


def _lines(run: Run) -> Iterator[str]:
    """A line a scan, each an answer of its own, as soon as it is done."""
    for number, recognition in enumerate(run.recognitions(), start=1):
        yield json.dumps(dump_answer(run.answer([recognition], number)), ensure_ascii=False) + "\n"


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


def _zip(run: Run) -> Iterator[bytes]:
    """The files of each scan as soon as it is done, and at last what JSON would say beside them."""
    outbox = _Outbox()
    done = []
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:  # the clips are compressed already
        for recognition in run.recognitions():
            for file in recognition_files(recognition, run.job.options, alone=run.alone):
                archive.writestr(file.name, file.data)
            done.append(recognition)
            yield outbox.taken()
        archive.writestr(RESULTS_IN_ZIP, json.dumps(dump_answer(run.answer(done), with_files=False), indent=1))
    yield outbox.taken()


def _attachment(chunks: Iterator[bytes]) -> Response:
    answer = Response(chunks, mimetype=ZIP)
    answer.headers.set("Content-Disposition", "attachment", filename="recognition.zip")
    return answer
