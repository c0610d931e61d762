"""Recognizes the next scans of a request in other threads and processes, as far as processors and memory are free.

The scans of a request are answered in order. While one of them is recognized, those after it are begun too. They never
wait for memory and never take it from others that wait for it: then they are recognized in their turn, as if nothing
had been begun. So each scan has the same result as if all were recognized one after the other.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace

from omrclip.admission import Admission, Holding
from omrclip.config import processors
from omrclip.errors import ServerBusy, Stopped
from omrclip.jobs.recognizers import Common, recognizers
from omrclip.jobs.sources import ScanFile
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, failed, recognize_at_once
from omrclip.omr.registration.find import KnownPage
from omrclip.work import Work

PROCESSORS = processors()
BEGUN = 2
"""Scans of a request that are begun or wait for their turn, for each processor. With 1, a processor would be idle while
the first of them takes longer than the others."""

_threads = ThreadPoolExecutor(PROCESSORS, thread_name_prefix="scans")


@dataclass(frozen=True, slots=True)
class Settings:
    """What all scans of a request have in common; see `recognize_admitted`."""

    admission: Admission
    pages: Sequence[KnownPage]
    options: RecognitionOptions
    limits: Limits
    work: Work


@dataclass(frozen=True, slots=True)
class Begun:
    """What was done of a scan ahead of its turn.

    Attributes:
        held: the memory of its clips, and of the scan if it is a page of a document.
        recognition: its result; None if no memory was free to recognize it.
        scan: None if it was not read, or could not be.
    """

    held: Holding
    recognition: Recognition | None = None
    scan: Scan | None = None


class Ahead:
    """The scans of one request that are begun before their turn."""

    def __init__(self, scans: Sequence[ScanFile], settings: Settings) -> None:
        self._scans = scans
        self._is_closed, self._is_short = threading.Event(), threading.Event()
        work = settings.work
        is_wanted: Callable[[], bool] = lambda: not self._is_closed.is_set() and work.is_wanted()  # noqa: E731
        self._settings = replace(settings, work=replace(work, is_wanted=is_wanted))
        self._common = Common(settings.pages, settings.options, settings.limits)
        self._begun: dict[int, Future[Begun | None]] = {}
        self._next = 0
        self._window = BEGUN * PROCESSORS if PROCESSORS > 1 and len(scans) > 1 else 0
        if self._window:
            recognizers.prepare(self._common, len(scans))

    def take(self, index: int) -> Begun | None:
        """Return what was done of a scan, and begin the next ones. Its memory is the caller's from now on.

        If there was too little memory for the results of any scan, no more are begun.

        Args:
            index: the scan, from 0. Each one is taken once, in order.

        Returns:
            None if nothing was done.
        """
        end = min(len(self._scans), index + self._window)
        for later in range(max(self._next, index), end):
            self._begun[later] = _threads.submit(copy_context().run, self._recognize, self._scans[later])
        self._next = max(self._next, end)
        begun = self._begun.pop(index, None)
        taken = None if begun is None else begun.result()
        if self._is_short.is_set():
            self.close()
        return taken

    def close(self) -> bool:
        """Drop what was begun, release its memory, and begin no more scans. Return whether anything was dropped."""
        self._is_closed.set()
        self._window = 0
        dropped = [*self._begun.values()]
        self._begun.clear()
        for begun in dropped:
            if not begun.cancel() and (finished := begun.result()) is not None:
                finished.held.shrink()
        return bool(dropped)

    def _recognize(self, file: ScanFile) -> Begun | None:
        """Recognize a scan if memory is free for it at once."""
        held = self._settings.admission.holding()
        begun = None
        try:
            begun = self._recognized(file, held)
        except Stopped:  # its turn finds that out too
            pass
        finally:
            if begun is None:
                held.shrink()
        return begun

    def _recognized(self, file: ScanFile, held: Holding) -> Begun | None:
        settings = self._settings
        settings.work.check()
        try:
            scan = _read(file, settings)
        except (Stopped, ServerBusy):
            return None
        except Exception as error:
            file.release()
            return Begun(held, failed(file.name, error))
        if file.in_memory is None and not held.grow_at_once(len(scan.data)):
            self._is_short.set()
            return None
        before = held.bytes

        def count_clip(size: int) -> None:
            if not held.grow_at_once(size):
                self._is_short.set()
                raise settings.admission.busy()

        def elsewhere(most_clip_bytes: int) -> Recognition | None:
            return recognizers.recognize(self._common, scan, most_clip_bytes, settings.work)

        recognition = recognize_at_once(
            settings.admission,
            settings.pages,
            scan,
            settings.options,
            settings.limits,
            settings.work,
            held,
            count_clip,
            elsewhere,
        )
        if recognition is None or not recognition.passed:
            held.shrink(to=before)
        if recognition is not None and recognition.error is not None and self._is_short.is_set():
            recognition = None  # perhaps for lack of memory
        return Begun(held, recognition, scan)


def _read(file: ScanFile, settings: Settings) -> Scan:
    """Read a scan. Raises ServerBusy, before it is read, if no memory is free for that at once."""
    needed = file.page_bytes()
    if not needed:
        return file.read()
    with settings.admission.admitted(needed, at_once=True, work=settings.work):
        return file.read()
