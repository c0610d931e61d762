"""`POST /api/recognitions`: recognizes scans with a template, and answers as JSON, as zip, or with one line per scan.

Scans are recognized on all processors, and answered in order. Clips are removed from memory when they are sent. Zip and
lines hold the clips of the few scans that are being recognized. A JSON answer holds all clips before the first one is
sent, because it can still fail as a whole. The memory of an answer is admitted as it grows (`Run`).
"""

import logging
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable

from omrclip.errors import DeadlineExceeded, LimitExceeded, OmrclipError, ServerBusy, Stopped, StorageUnavailable
from omrclip.jobs.ahead import Ahead, Begun, Settings
from omrclip.jobs.sources import ScanFile, read_admitted
from omrclip.omr.clip_bounds import check_bytes, check_total, clip_pixels
from omrclip.omr.options import ClipScale
from omrclip.omr.recognition import Recognition, Scan, failed, recognize_admitted
from omrclip.omr.report.answer import Answer, KeptUris
from omrclip.omr.report.result_files import ResponseFile, recognition_files
from omrclip.schemas.answer_parts import Part, ToldScan, answer_parts, length, tell_scan, written
from omrclip.storage.kept import Keeping
from omrclip.web.api.later import prefers_later, recognize_later
from omrclip.web.api.recognition_request import Job, read_job, read_sent
from omrclip.web.archives import Outbox
from omrclip.web.lanes import HOLDING, Lane, runs_in, work
from omrclip.web.metrics import PASSED
from omrclip.web.services import base_url, services

blueprint = Blueprint("recognitions", __name__, url_prefix="/api")

JSON = "application/json"
ZIP = "application/zip"
LINES = "application/x-ndjson"
RESULTS_IN_ZIP = "results.json"
JSON_COST = 2
"""The memory that the JSON of a scan needs, as a multiple of its size, because it is joined when it is stored."""

logger = logging.getLogger(__name__)


@blueprint.post("/recognitions")
@runs_in(Lane.WORK)
def post_recognition() -> Response:
    """Recognize the scans of one request. With the option `Keep`, or `?keep`, the service stores the results.

    With `Prefer: respond-async` the scans become a batch, and the answer does not wait for them.
    """
    if prefers_later():
        return recognize_later(read_sent(request, services().templates, services().config))
    wanted = request.accept_mimetypes.best_match([JSON, ZIP, LINES]) if request.accept_mimetypes else JSON
    if wanted is None:
        raise NotAcceptable(f"Accept: expected {JSON}, {ZIP} or {LINES}")
    job = read_job(request, services().templates, services().config, services().sources.admission)
    run = Run(replace(job, options=job.options.as_saved) if wanted == ZIP else job)
    try:
        answer = {JSON: _json, ZIP: _zip, LINES: _lines}[wanted](run)
    except BaseException:
        run.close()
        raise
    answer.call_on_close(run.close)
    answer.headers["X-Scans"] = str(len(job.scans))
    if run.kept:
        answer.headers["Location"] = run.kept.recognition()
    return answer


class Run:
    """The execution of one request: it recognizes the scans, and stores the results in their order if required.

    If the scans cannot be stored, the request is refused before the work. If the disk fails later, the results are
    answered nevertheless: `kept` is then None, and `keeping_error` is the reason.

    The memory of clips and of the JSON is admitted as it grows. A scan for which no memory is free fails, but scans
    that are recognized ahead of their turn (`Ahead`) make way for it. `sent` releases the memory of clips that are no
    longer needed, and `close` releases all memory.

    Raises:
        StorageFull, StorageUnavailable: the scans cannot be stored.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.kept: KeptUris | None = None
        self.keeping_error: OmrclipError | None = None
        # Streaming views run after the context of the request has ended.
        self._services = services()
        self._work = work()
        self._keeping: Keeping | None = None
        self._clip_bytes = 0
        self._clip_pixels = job.clip_pixels
        self._told: list[ToldScan] = []
        admission, limits = self._services.sources.admission, self._services.config.limits
        self._held = request.environ[HOLDING] = admission.holding()
        self._ahead = Ahead(job.scans, Settings(admission, job.pages, job.options, limits, self._work))
        if job.options.keep:
            self.kept = KeptUris(base_url(), self._services.kept.new_identifier())
            self._keeping = self._services.kept.begin(self.kept.identifier, [scan.in_memory for scan in job.scans])

    def recognitions(self, *, streamed: bool = False) -> Iterator[tuple[Recognition, ToldScan]]:
        """Recognize scan by scan, and store the results if required. Everything is stored before the iteration ends.

        At the deadline of the request DeadlineExceeded is raised. If `streamed`, the answer has already begun, and the
        remaining scans fail instead.
        """
        for number, scan in enumerate(self.job.scans, start=1):
            try:
                recognition = self._recognize(scan, number)
            except DeadlineExceeded as error:
                if not streamed:
                    raise
                recognition = failed(scan.name, error)
            recognition, told = self._tell(recognition, number)
            failure = recognition.error
            self._services.metrics.count_page(PASSED if failure is None else failure.code)
            self._keep(recognition)
            self._told.append(told.without_data())
            yield recognition, told
            del recognition, told  # the next scan is not recognized beside them
        self._finish_keeping()

    def _recognize(self, file: ScanFile, number: int) -> Recognition:
        """Recognize a scan. It fails if it cannot be read, or if no memory is free for it or for its clips."""
        self._work.check()
        held = self._held.bytes
        begun = self._ahead.take(number - 1) or Begun(self._services.sources.admission.holding())
        self._held.take_over(begun.held)
        recognition, scan = begun.recognition, begun.scan
        try:
            check_bytes(self._clip_bytes, self._services.config.limits)
            if recognition is None:
                scan = scan or self._read(file)
                self._add_page(file, scan, number)
                recognition = self._recognize_now(scan)
            elif scan is not None:
                self._add_page(file, scan, number)
                self._count_clips(recognition.clip_bytes)
        except Stopped:
            raise
        except Exception as error:
            recognition = failed(file.name, error)
        if not recognition.passed:
            self._held.shrink(held)  # its clips are not answered
        elif scan is not None and file.in_memory is None:
            self.sent(len(scan.data))
        return recognition

    def _read(self, file: ScanFile) -> Scan:
        scan = read_admitted(file, self._services.sources.admission, self._work, self._held)
        if file.in_memory is None:
            self._grow(len(scan.data))
        return scan

    def _recognize_now(self, scan: Scan) -> Recognition:
        """Recognize a scan in this thread. If no memory is free, scans that were begun ahead make way."""
        recognized = partial(
            recognize_admitted,
            self._services.sources.admission,
            self.job.pages,
            scan,
            self.job.options,
            self._services.config.limits,
            self._work,
            self._held,
            self._count_clip,
        )
        recognition = recognized()
        if recognition.error is not None and recognition.error.code == ServerBusy.code and self._ahead.close():
            recognition = recognized()
        return recognition

    def _add_page(self, file: ScanFile, scan: Scan, number: int) -> None:
        """Count and store a page of a document, which is in memory only from now on. Raises LimitExceeded."""
        if file.in_memory is not None:
            return
        job, limits = self.job, self._services.config.limits
        if job.options.clip_scale is ClipScale.NATIVE:
            asked = job.options.pages.get(scan.name)
            pages = [known.page for known in job.pages if asked in (None, known.number)]
            self._clip_pixels += clip_pixels(pages, scan.data, job.options)
            check_total(0, self._clip_pixels, limits)
        if self._keeping is not None:
            try:
                self._keeping.add_scan(number, scan)
            except OmrclipError as error:
                self._keeping_failed(error)

    def _count_clip(self, size: int) -> None:
        self._count_clips(size)
        self._grow(size)

    def _count_clips(self, size: int) -> None:
        self._clip_bytes += size
        check_bytes(self._clip_bytes, self._services.config.limits)

    def _grow(self, size: int) -> None:
        """Reserve memory for the answer. If none is free, scans that were begun ahead make way."""
        try:
            self._held.grow(size)
        except ServerBusy:
            if not self._ahead.close():
                raise
            self._held.grow(size)

    def _tell(self, recognition: Recognition, number: int) -> tuple[Recognition, ToldScan]:
        """The JSON of a scan. The scan fails if no memory is free for it."""
        told = tell_scan(self.answer(recognition, first=number))
        try:
            self._grow(JSON_COST * told.json_bytes)
        except (LimitExceeded, ServerBusy) as error:
            self.sent(recognition.clip_bytes)
            recognition = failed(recognition.scan, error)
            told = tell_scan(self.answer(recognition, first=number))
        return recognition, told

    def answer(self, *recognitions: Recognition, first: int = 1) -> Answer:
        """The answer for recognitions. The first one has the number `first` in the request."""
        job = self.job
        return Answer(recognitions, job.options, job.files, job.warnings, first, self.kept, self.keeping_error)

    def parts(self, told: Sequence[ToldScan] | None = None, *, with_files: bool = True) -> Iterator[Part]:
        """The JSON of the answer when all scans are done; without `told`, it lacks the bytes of files."""
        scans = self._told if told is None else told
        if self.keeping_error:
            scans = [scan.without_uris() for scan in scans]
        return answer_parts(self.answer(), scans, with_files=with_files)

    def sent(self, size: int) -> None:
        """Release the memory of clips that are no longer needed, in bytes."""
        self._held.shrink(max(0, self._held.bytes - size))

    def close(self) -> None:
        """Release all memory, and abandon a recognition that is not completely stored."""
        if self._keeping:
            self._keeping.abandon()
            self._keeping = None
        self._told = []
        self._ahead.close()
        self._held.shrink()

    def _keep(self, recognition: Recognition) -> None:
        if self._keeping is None:
            return
        options = self.job.options
        areas = [clip.element for clip in recognition.clips]
        names = self.job.files.clips(recognition.scan, areas, options.clip_format)
        try:
            self._grow(self._keeping.add(recognition, self.files(recognition), names))
        except OmrclipError as error:
            self._keeping.abandon()
            self._keeping_failed(error)

    def files(self, recognition: Recognition) -> list[ResponseFile]:
        """The files of a scan."""
        return recognition_files(recognition, self.job.options, self.job.files)

    def _finish_keeping(self) -> None:
        if self._keeping is None:
            return
        try:
            self._keeping.finish(self.job.options.keep_seconds, b"".join(written(self.parts())))
        except StorageUnavailable as error:
            self._keeping_failed(error)
        self._keeping = None

    def _keeping_failed(self, error: OmrclipError) -> None:
        logger.warning("cannot store a recognition: %s", error.message)
        self._keeping, self.kept, self.keeping_error = None, None, error.with_traceback(None)


def _json(run: Run) -> Response:
    """One JSON answer for all scans. The work is done before the first byte is sent."""
    parts = deque(run.parts([told for _, told in run.recognitions()]))
    size = length(parts)
    answer = Response(written(parts, run.sent), mimetype=JSON)
    answer.content_length = size
    return answer


def _lines(run: Run) -> Response:
    return Response(_each_line(run), mimetype=LINES)


def _each_line(run: Run) -> Iterator[bytes]:
    """One line for each scan, as soon as it is done. Each line is a separate answer.

    The lines contain URIs before the results are stored. If storing fails, a last line without scans says so.
    """
    for recognition, told in run.recognitions(streamed=True):
        yield from written((*answer_parts(replace(run.answer(), keeping_error=None), [told]), b"\n"))
        run.sent(recognition.clip_bytes)
        del recognition, told  # the next scan is not recognized beside them
    if run.keeping_error:
        yield from written((*answer_parts(run.answer(), []), b"\n"))


def _zip(run: Run) -> Response:
    answer = Response(_archive(run), mimetype=ZIP)
    answer.headers.set("Content-Disposition", "attachment", filename="recognition.zip")
    return answer


def _archive(run: Run) -> Iterator[bytes]:
    """A zip with the files of each scan as soon as it is done, and at the end the JSON answer without files."""
    outbox = Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:  # the clips are compressed already
        for recognition, _ in run.recognitions(streamed=True):
            for file in run.files(recognition):
                archive.writestr(file.name, file.data)
                yield from outbox.taken()
                del file
            run.sent(recognition.clip_bytes)
            del recognition, _  # the next scan is not recognized beside them
        with archive.open(RESULTS_IN_ZIP, "w") as results:
            for piece in written(run.parts(with_files=False)):
                results.write(piece)
                yield from outbox.taken()
    yield from outbox.taken()
