"""`POST /api/recognitions`: a template and scans in, results and clips out, as JSON, zip or a line a scan."""

import io
import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotAcceptable

from omrclip.errors import DeadlineExceeded, LimitExceeded, StorageUnavailable
from omrclip.omr.clip_bounds import check_bytes
from omrclip.omr.recognition import Recognition, Scan, failed, recognize_admitted
from omrclip.omr.result_files import clip_name, recognition_files
from omrclip.schemas.recognition_answer import Answer, KeptUris
from omrclip.schemas.recognition_response import dump_answer, dump_kept
from omrclip.storage.kept import Keeping
from omrclip.web.lanes import Lane, runs_in, work
from omrclip.web.metrics import PASSED
from omrclip.web.recognition_request import Job, read_job
from omrclip.web.services import base_url, services

blueprint = Blueprint("recognitions", __name__, url_prefix="/api")

JSON = "application/json"
ZIP = "application/zip"
LINES = "application/x-ndjson"
RESULTS_IN_ZIP = "results.json"

logger = logging.getLogger(__name__)


@blueprint.post("/recognitions")
@runs_in(Lane.WORK)
def post_recognition() -> Response:
    """Recognise the scans of one request; with the option `Keep`, or `?keep`, the service keeps what comes out."""
    wanted = request.accept_mimetypes.best_match([JSON, ZIP, LINES]) if request.accept_mimetypes else JSON
    if wanted is None:
        raise NotAcceptable(f"Accept: expected {JSON}, {ZIP} or {LINES}")
    job = read_job(request, services().templates, services().config)
    run = Run(replace(job, options=job.options.as_saved) if wanted == ZIP else job)
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


class Run:
    """One request being carried out: its recognitions one by one, and their keeping when all are done.

    What cannot be kept is known before the work where the scans already find no room: then the request is refused.
    Where the disk fails later, the results are answered all the same: `kept` is None from then on, and `keeping_error`
    says why.

    Raises:
        StorageFull, StorageUnavailable: the scans cannot be kept.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.kept: KeptUris | None = None
        self.keeping_error: StorageUnavailable | None = None
        # The views that stream are run when the request's context is gone.
        self._services = services()
        self._work = work()
        self._keeping: Keeping | None = None
        self._clip_bytes = 0
        if job.options.keep:
            self.kept = KeptUris(base_url(), self._services.kept.new_identifier())
            self._keeping = self._services.kept.begin(self.kept.identifier, job.scans)

    def recognitions(self, *, streamed: bool = False) -> Iterator[Recognition]:
        """Recognise scan by scan; after the last, what is to be kept is kept before the iteration ends.

        When the time of the request is over, DeadlineExceeded is raised. With `streamed`, where the answer has begun
        already, the scans that are left fail instead.
        """
        done = []
        try:
            for scan in self.job.scans:
                try:
                    done.append(self._recognize(scan))
                except DeadlineExceeded as error:
                    if not streamed:
                        raise
                    done.append(failed(scan.name, error))
                failure = done[-1].error
                self._services.metrics.count_page(PASSED if failure is None else failure.code)
                yield done[-1]
        except BaseException:  # GeneratorExit too: the client has gone
            if self._keeping:
                self._keeping.abandon()
            raise
        if self._keeping:
            self._keep(self._keeping, done)

    def _recognize(self, scan: Scan) -> Recognition:
        """Recognise a scan; it fails where the clips of the request take more bytes than they may."""
        limits = self._services.config.limits
        self._work.check()
        try:
            check_bytes(self._clip_bytes, limits)
            admission = self._services.sources.admission
            recognition = recognize_admitted(admission, self.job.pages, scan, self.job.options, limits, self._work)
            self._clip_bytes += sum(len(clip.data) for clip in recognition.clips)
            check_bytes(self._clip_bytes, limits)
        except LimitExceeded as error:
            return failed(scan.name, error)
        return recognition

    def answer(self, recognitions: Sequence[Recognition], first: int = 1) -> Answer:
        """The answer for these, the first of which has this number in the request."""
        job = self.job
        return Answer(recognitions, job.options, self.alone, job.warnings, first, self.kept, self.keeping_error)

    @property
    def alone(self) -> bool:
        """Whether there is one scan only."""
        return len(self.job.scans) == 1

    def _keep(self, keeping: Keeping, recognitions: Sequence[Recognition]) -> None:
        answer, options = self.answer(recognitions), self.job.options
        try:
            keeping.finish(
                options.keep_seconds,
                recognitions,
                [named.file for named in answer.response_files],
                [[clip_name(r.scan, clip.element, options.clip_format) for clip in r.clips] for r in recognitions],
                dump_kept(answer),
            )
        except StorageUnavailable as error:
            logger.warning("a recognition could not be kept: %s", error.message)
            self.kept, self.keeping_error = None, error.with_traceback(None)


def _lines(run: Run) -> Iterator[str]:
    """A line a scan, each an answer of its own, as soon as it is done.

    The lines tell URIs before anything is kept there: where keeping fails, a last line without scans takes them back.
    """
    for number, recognition in enumerate(run.recognitions(streamed=True), start=1):
        yield json.dumps(dump_answer(run.answer([recognition], number)), ensure_ascii=False) + "\n"
    if run.keeping_error:
        yield json.dumps(dump_answer(run.answer([])), ensure_ascii=False) + "\n"


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
        for recognition in run.recognitions(streamed=True):
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
