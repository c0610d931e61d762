"""Processes that recognize scans for the threads of this process.

Threads share Python's lock, so two of them recognize only 1.3 times as many scans as one. Processes need a second to
start, and memory of their own. So they are started for requests with many scans, and end after a while without work.
Until they are ready, threads do the work.
"""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from omrclip.config import processors
from omrclip.errors import LimitExceeded, WorkerLost
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan
from omrclip.omr.registration.find import KnownPage
from omrclip.work import Work

WORTH_SCANS = 8
"""Scans of a request for which processes are started. Starting one takes as long as recognizing ten."""
MOST_PAGES = 4
"""Pages that the scans may show. A process holds 4 prepared pages of 12 MB; more would be prepared for each scan."""
MEMORY_BYTES = 384 << 20
"""Memory of a process, of which an eighth is for prepared pages. What it needs for a scan is admitted by the thread."""
IDLE_SECONDS = 60.0
"""How long a process without work is kept for the next request."""
LOOK_SECONDS = 0.05
"""How often it is looked whether the work has ended."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What all scans of a request have in common. It is sent once to each process."""

    pages: Sequence[KnownPage] = field(repr=False)
    options: RecognitionOptions
    limits: Limits


class Recognizers:
    """The processes, which are started when they are worth it. For any number of threads."""

    def __init__(self, most: int) -> None:
        """Start no process yet. `most` is the maximum number of processes."""
        self._most = most
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._count = 0
        self._sweeping = False

    def prepare(self, common: Common, scans: int) -> None:
        """Start processes if they are worth it for so many scans."""
        if scans < WORTH_SCANS or len(common.pages) > MOST_PAGES:
            return
        with self._lock:
            for _ in range(self._most - self._count):
                try:
                    self._idle.append(_Process())
                except OSError as error:  # such as too many processes: threads do the work
                    logger.warning("cannot start a process that recognizes scans: %s", error.strerror)
                    break
                self._count += 1
            self._sweep_later()

    def recognize(self, common: Common, scan: Scan, most_clip_bytes: int, work: Work) -> Recognition | None:
        """Recognize a scan in a process.

        Args:
            common: the same object for all scans of a request.
            scan: the scan.
            most_clip_bytes: how large its clips may be together.
            work: the time that it may take. At its end, the process is ended too.

        Returns:
            None if no process is ready, or if the clips are larger.

        Raises:
            WorkerLost: the process was killed.
            DeadlineExceeded, Abandoned: the work ended before.
        """
        process = self._taken(common)
        if process is None:
            return None
        try:
            return process.recognize(common, scan, most_clip_bytes, work)
        except (EOFError, OSError):
            # In this process, the scan might end the service.
            raise WorkerLost("The process that recognized this scan was killed. Send it again, alone.") from None
        finally:
            self._give_back(process)

    def close(self) -> None:
        """End the processes without work."""
        self._end_idle(0.0)

    def _taken(self, common: Common) -> "_Process | None":
        """A process that is ready, best one that has the pages already; None if there is none."""
        if len(common.pages) > MOST_PAGES:
            return None
        with self._lock:
            ready = [process for process in self._idle if process.is_ready()]
            if not ready:
                return None
            taken = max(ready, key=lambda process: process.common is common)
            self._idle.remove(taken)
            return taken

    def _give_back(self, process: "_Process") -> None:
        with self._lock:
            if process.has_ended:
                self._count -= 1
            else:
                process.idle_since = time.monotonic()
                self._idle.append(process)

    def _sweep_later(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            timer = threading.Timer(IDLE_SECONDS, self._sweep)
            timer.daemon = True
            timer.start()

    def _sweep(self) -> None:
        self._end_idle(IDLE_SECONDS)
        with self._lock:
            self._sweeping = False
            if self._count:
                self._sweep_later()

    def _end_idle(self, seconds: float) -> None:
        """End the processes that have had no work for so long."""
        with self._lock:
            ended = [process for process in self._idle if process.idle_since + seconds <= time.monotonic()]
            self._idle = [process for process in self._idle if process not in ended]
            self._count -= len(ended)
        for process in ended:
            process.end()


class _Process:
    """A process that recognizes one scan at a time. It ends when this process does."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(  # noqa: S603 (this interpreter)
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
            self._connection = Connection(ours.detach())
        self._has_started = False
        self.common: Common | None = None
        self.idle_since = time.monotonic()

    def is_ready(self) -> bool:
        """Whether it has started."""
        if not self._has_started:
            with suppress(EOFError, OSError):
                if self._connection.poll():
                    self._connection.recv()
                    self._has_started = True
        return self._has_started

    @property
    def has_ended(self) -> bool:
        """Whether it has been ended."""
        return self._connection.closed

    def recognize(self, common: Common, scan: Scan, most_clip_bytes: int, work: Work) -> Recognition | None:
        """See `Recognizers.recognize`. Raises EOFError and OSError if the process has ended."""
        try:
            self._connection.send((None if common is self.common else common, scan, most_clip_bytes))
            self.common = common
            while not self._connection.poll(LOOK_SECONDS):
                work.check()
            found: Recognition | None = self._connection.recv()
        except BaseException:
            self.end()
            raise
        return found

    def end(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self.end()


def _serve(connection: Connection) -> None:
    """Recognize scans until the other side is gone."""
    from omrclip.imaging.setting_up import set_up_process
    from omrclip.omr.recognition import recognize
    from omrclip.omr.registration.reference import limit_references

    set_up_process()
    limit_references(MEMORY_BYTES)
    connection.send(None)
    common: Common | None = None
    with suppress(EOFError, OSError):
        while True:
            changed, scan, most_clip_bytes = connection.recv()
            common = changed or common
            assert common is not None  # noqa: S101 (for mypy)
            total = 0

            def count_clip(size: int, most: int = most_clip_bytes) -> None:
                nonlocal total
                total += size
                if total > most:
                    raise LimitExceeded("The clips are too large.", limit="clip_bytes", maximum=most)

            found = recognize(common.pages, scan, common.options, common.limits, count_clip=count_clip)
            connection.send(found if total <= most_clip_bytes else None)
            del found, scan


recognizers = Recognizers(processors())
"""Those of this process."""

if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
