"""Metrics in the text format of Prometheus.

All processes of a server add up their counts in the files of a folder that the server creates (`shared_metrics`), so
any process can answer. Counts start at zero when the server starts, not when a process starts.
"""

import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

logger = logging.getLogger(__name__)

PASSED: Final = "pass"
REFRESH_SECONDS: Final = 1.0
"""Maximum age of the gauges of another process."""
_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "omrclip-metrics-"
_LOCK: Final = "in-use"
_LIVE_GAUGES: Final = re.compile(r"gauge_live\w+_([0-9]+)\.db", re.ASCII)
# In seconds. A cached tile takes 1 ms, a decode 0.1 s, a request of 200 photos some minutes.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

State = Callable[[], tuple[Mapping[str, int], int]]


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Let the processes that start within the block count together. Without a writable folder each counts alone."""
    try:
        _remove_left_over()
        folder, lock = _new_folder()
    except OSError as error:
        logger.warning("No temporary folder (%s): /metrics shows the counts of one process only.", error.strerror)
        yield
        return
    with folder as name, lock:
        os.environ[_FOLDER] = name
        try:
            yield
        finally:
            del os.environ[_FOLDER]


def _new_folder() -> tuple[tempfile.TemporaryDirectory[str], FileLock]:
    """Create a folder with a lock that ends with this process, so that others know whether the folder is in use."""
    while True:
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        lock = FileLock(Path(folder.name, _LOCK))
        with suppress(Timeout):  # another server has removed it as left over
            lock.acquire(blocking=False)
            return folder, lock
        folder.cleanup()


def _remove_left_over() -> None:
    """Remove the folders of servers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = Path(folder, _LOCK)
        # Folders of other accounts stay, and so do the targets of links.
        with suppress(OSError, Timeout):
            if not folder.is_symlink() and lock.is_file() and folder.stat().st_uid == os.getuid():
                with FileLock(lock, blocking=False):
                    shutil.rmtree(folder)


class Metrics:
    """The metrics of one application.

    Args:
        state: returns the bytes in each cache, and the bytes that are admitted for decodes.
    """

    def __init__(self, state: State) -> None:
        self._registry = registry = CollectorRegistry()
        self._state = state
        self._requests = Counter(
            "omrclip_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "omrclip_request_seconds",
            "Time from the headers of a request to the last byte of its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._pages = Counter(
            "omrclip_pages", f"Scans recognized: {PASSED}, or the code of the error.", ["result"], registry=registry
        )
        self._cached = Gauge(
            "omrclip_cache_bytes", "Bytes in a cache.", ["cache"], registry=registry, multiprocess_mode="livesum"
        )
        self._admitted = Gauge(
            "omrclip_admitted_bytes",
            "Memory reserved for running decodes.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request. `route` is a rule, not a path."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_page(self, result: str) -> None:
        """Count a scan by its result: PASSED or the code of its error."""
        self._pages.labels(result).inc()

    def text(self) -> bytes:
        """The metrics of all processes that count together, in the text format."""
        self._refresh()
        folder = os.environ.get(_FOLDER)
        if folder is None:
            return generate_latest(self._registry)
        _forget_ended(Path(folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def keep_fresh(self) -> None:
        """Start a thread that refreshes the gauges, for requests that other processes answer."""
        if _FOLDER in os.environ:
            threading.Thread(target=self._keep_fresh, name="metrics", daemon=True).start()

    def _keep_fresh(self) -> None:
        while not threading.Event().wait(REFRESH_SECONDS):
            self._refresh()

    def _refresh(self) -> None:
        caches, admitted = self._state()
        for cache, size in caches.items():
            self._cached.labels(cache).set(size)
        self._admitted.set(admitted)


def _forget_ended(folder: Path) -> None:
    """Remove the gauges of processes that have ended, because their memory is free."""
    for file in folder.glob("gauge_live*.db"):
        found = _LIVE_GAUGES.fullmatch(file.name)
        if found and not _is_running(int(found[1])):
            with suppress(FileNotFoundError):  # another process has removed it
                mark_process_dead(int(found[1]), path=str(folder))  # type: ignore[no-untyped-call]


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is running, under another account
        pass
    return True
