"""Recognizes the tasks of version 5.0 of the OMR cloud protocol, in threads of the server."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from omrclip.admission import Admission, Holding
from omrclip.config import Config
from omrclip.errors import CorruptImage, Failure, LimitExceeded, StorageUnavailable
from omrclip.iiif.request import Format
from omrclip.jobs.local import in_order
from omrclip.jobs.sources import read_admitted, scans_of
from omrclip.omr.clip_bounds import check_bytes
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, check_pages, known_pages, recognize_admitted
from omrclip.omr.report.answer_rows import answer_rows, csv_file, json_file, with_threshold, xml_file
from omrclip.omr.template import ClipArea, Page, Template
from omrclip.schemas.cloud.v5 import Status, task_answer
from omrclip.schemas.template import remembered_template
from omrclip.storage.cloud_tasks import MOST_ATTEMPTS, CloudTasks, NewTask, WaitingTask
from omrclip.web.metrics import PASSED, Metrics
from omrclip.work import Work

SWEEP_SECONDS: Final = 300.0
SCAN_NAME: Final = "image"
"""The name of a scan in messages. The protocol gives it none."""
CLIP_COST: Final = 5
"""The memory that a clip needs until the answer is stored or sent, as a multiple of its size: the clip, its base64, and
that in the JSON as text and as bytes, each of which is a third larger than the clip."""
_WRITERS = {"Csv": csv_file, "Json": json_file, "Xml": xml_file}

logger = logging.getLogger(__name__)


class CloudWorker:
    """Works on the tasks of a workspace, as long as there are any and no other process does."""

    def __init__(self, config: Config, admission: Admission, metrics: Metrics) -> None:
        self.tasks = CloudTasks(config)
        self._config = config
        self._admission = admission
        self._metrics = metrics
        self._threads = min(config.threads, config.batch_processes)
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None

    def resume(self) -> None:
        """Go on with the tasks of an earlier process."""
        try:
            if self.tasks.exist():
                self.wake()
        except StorageUnavailable as problem:  # the first request tries again
            logger.warning("cannot look for tasks: %s", problem.message)

    def wake(self) -> None:
        """Have the waiting tasks recognized, unless another thread or process does so already."""
        self._start_sweeping()
        release = self.tasks.hold()
        if release is not None:
            threading.Thread(target=self._work_on, args=(release,), name="cloud", daemon=True).start()

    def _work_on(self, release: Callable[[], None]) -> None:
        """Recognize all waiting tasks, then look again: one may have been added just before the lock was released."""
        held: Callable[[], None] | None = release
        try:
            while held is not None:
                try:
                    for _ in in_order(self._work, self._begun(), self._threads):
                        pass
                finally:
                    held()
                held = self.tasks.hold() if self.tasks.are_waiting() else None
        except StorageUnavailable as problem:  # the next request tries again
            logger.warning("cannot go on with tasks: %s", problem.message)
        except Exception:
            logger.exception("cannot go on with tasks")

    def _begun(self) -> Iterator[WaitingTask]:
        after = 0
        while (task := self.tasks.begin_next(after)) is not None:
            after = task.number
            yield task

    def _work(self, begun: WaitingTask) -> None:
        if begun.attempt > MOST_ATTEMPTS:
            message = f"The server ended {MOST_ATTEMPTS} times while it worked on this task. Send another image."
            self.tasks.finish(begun.number, task_answer(begun.task.identifier, Status.ERROR, messages=[message]))
        else:
            held = self._admission.holding()
            try:
                self.tasks.finish(begun.number, self._answer(begun.task, held))
            finally:
                held.shrink()

    def _answer(self, task: NewTask, held: Holding) -> bytes:
        try:
            template = with_threshold(remembered_template(task.template, self._config.limits), task.threshold)
            recognition = self._recognition(task, template, held)
        except Exception as error:
            failure = Failure.of(error)
            self._metrics.count_page(failure.code)
            return task_answer(task.identifier, Status.ERROR, messages=[failure.message])
        failed = recognition.error
        self._metrics.count_page(PASSED if failed is None else failed.code)
        if failed is not None or recognition.page is None:
            return task_answer(task.identifier, Status.ERROR, messages=recognition.messages)
        page = template.pages[recognition.page - 1]
        results = list(self._results(task, page, recognition))
        if not results:
            message = (
                "The template has no elements with answers. A server with OMRCLIP_CLOUD_CLIPS=1 returns its clips."
            )
            return task_answer(task.identifier, Status.NO_RESULT, [], [message])
        return task_answer(task.identifier, Status.OK, results)

    def _recognition(self, task: NewTask, template: Template, held: Holding) -> Recognition:
        config, admission = self._config, self._admission
        work = Work.within(config.request_seconds)
        if not task.scan:
            raise CorruptImage("The image is empty. Send the bytes of an image file in base64.")
        files = scans_of(Scan(SCAN_NAME, task.scan), config.limits.max_image_pixels, most_bytes=config.most_body_bytes)
        if len(files) != 1:
            raise LimitExceeded(
                f"The file has {len(files):,} pages. Send each page as an image in a task of its own.",
                limit="pages",
                maximum=1,
            )
        pages = known_pages(
            template if config.cloud_clips else _without_clips(template), None, config.limits, admission
        )
        check_pages(pages, config.limits)
        scan = read_admitted(files[0], admission, work)
        options = RecognitionOptions(clip_format=Format.JPG, grid_gap="")
        return recognize_admitted(
            admission, pages, replace(scan, name=SCAN_NAME), options, config.limits, work, held, self._counter(held)
        )

    def _counter(self, held: Holding) -> Callable[[int], None]:
        """A function that refuses clips if those of the task are too large together, or no memory is free for them."""
        total = 0

        def count(size: int) -> None:
            nonlocal total
            total += size
            check_bytes(total, self._config.limits)
            held.grow(CLIP_COST * size)

        return count

    def _results(self, task: NewTask, page: Page, recognition: Recognition) -> Iterator[tuple[str, bytes]]:
        rows = answer_rows(page, recognition)
        if rows or recognition.clips:
            yield task.format, _WRITERS[task.format](rows)
        for clip in recognition.clips:
            yield "Jpg", clip.data

    def _start_sweeping(self) -> None:
        with self._lock:
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="cloud-sweep", daemon=True)
                self._sweeper.start()

    def _sweep(self) -> None:
        while True:
            time.sleep(SWEEP_SECONDS)
            try:
                self.tasks.sweep()
            except StorageUnavailable as problem:
                logger.warning("cannot remove expired tasks: %s", problem.message)


def _without_clips(template: Template) -> Template:
    def rest(page: Page) -> Page:
        return replace(page, elements=tuple(one for one in page.elements if not isinstance(one, ClipArea)))

    return replace(template, pages=tuple(map(rest, template.pages)))
