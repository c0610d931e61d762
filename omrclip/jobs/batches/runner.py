"""The process beside the server that runs its batches, one at a time.

It imports what recognizes scans when there is work, so that it takes little memory and time until then.
"""

import logging
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

from omrclip.config import Config
from omrclip.errors import DamagedRecord, Failure, NotFound, OmrclipError, StorageUnavailable
from omrclip.storage.batches import Batches, workspaces_with_batches

if TYPE_CHECKING:
    from omrclip.jobs.batches.engine import Progress

POLL_SECONDS: Final = 1.0
"""How often the process looks for work."""
NOTE_SECONDS: Final = 1.0
"""How often progress is stored."""
SWEEP_SECONDS: Final = 300.0
REST_SECONDS: Final = 60.0
"""How long a batch rests whose failure cannot be stored, because the disk is full."""
NICENESS: Final = 5
"""The priority of batches is lower than that of requests, for which people wait."""

_log = logging.getLogger(__name__)


def run_batch(batches: Batches, identifier: str, config: Config) -> None:
    """Recognize all sheets of a batch that are not done, and write the results. Ends early if the batch is removed.

    Sheets that are added during the run, or that failed and are to be recognized again, are recognized too, and the
    results are then written again.

    Raises:
        OmrclipError: the batch cannot be run.
    """
    from omrclip.imaging.pdf_process import isolate_pdfs
    from omrclip.imaging.setting_up import set_up_process
    from omrclip.jobs.batches.definition import stored_batch
    from omrclip.jobs.batches.engine import BatchJob, BatchRun
    from omrclip.jobs.batches.executors import LocalProcesses
    from omrclip.jobs.batches.placements import note_done, read_placements
    from omrclip.jobs.batches.results import write_results
    from omrclip.jobs.batches.sheet_index import SheetIndex
    from omrclip.jobs.batches.work import recognize_scans
    from omrclip.jobs.sources import scans_in
    from omrclip.jobs.tables import TableOptions
    from omrclip.storage.blobs import BlobStore

    set_up_process()
    isolate_pdfs()
    out = str(batches.results_folder(identifier))
    batch = stored_batch(BlobStore(out))
    while True:
        documents, retries = batches.documents(identifier), batches.retries(identifier)
        folder = batches.source_folder(identifier)
        scans = scans_in((folder / name for name in documents), config.limits.max_image_pixels)
        placements = read_placements(BlobStore(out))
        job = BatchJob(
            out,
            batch,
            scans,
            config.limits,
            config.memory_bytes,
            retry_failed=retries > 0,
            placements=placements,
        )
        with (
            closing(BatchRun(job)) as run,
            closing(LocalProcesses(recognize_scans, config.batch_processes)) as executor,
        ):
            batches.note_retries(identifier, retries)
            note = _Noting(batches, identifier)
            note(run.progress, is_last=True)
            for step in run.work(executor, lambda: False):
                note(step)
                if batches.is_removed(identifier):
                    return
            note(run.progress, is_last=True)
            note_done(run.store, placements)
            write_results(run.store, run.templates, TableOptions(), batch.options.thresholds)
            with suppress(OmrclipError):  # the index is also made when it is needed
                SheetIndex(run.store, batches.index_file(identifier)).prepare()
        if batches.finish(identifier, len(documents)) or batches.is_removed(identifier):
            return


@dataclass(slots=True)
class _Noting:
    """Stores the progress of a run, once a second."""

    batches: Batches
    identifier: str
    began: float = field(default_factory=time.monotonic)
    noted: float = 0.0

    def __call__(self, progress: "Progress", *, is_last: bool = False) -> None:
        now = time.monotonic()
        if is_last or now - self.noted >= NOTE_SECONDS:
            self.noted = now
            counts = progress.counts
            done, seconds = counts.done - progress.before, now - self.began
            an_hour = 3600 * done / seconds if done and seconds else None
            self.batches.note_progress(self.identifier, counts.passed, counts.doubtful, counts.failed, an_hour)


class Runner:
    """Runs the batches of all workspaces."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._open: dict[str, Batches] = {}
        self._held: dict[str, Callable[[], None]] = {}
        self._resting: dict[str, float] = {}
        self._next_sweep = 0.0

    def look(self) -> None:
        """Run all batches that have work, remove deleted ones, and now and then expired ones."""
        is_sweep = time.monotonic() >= self._next_sweep
        if is_sweep:
            self._next_sweep = time.monotonic() + SWEEP_SECONDS
        for workspace in workspaces_with_batches(self._config):
            try:
                self._look_at(workspace, is_sweep=is_sweep)
            except StorageUnavailable as problem:  # the folder may be reachable next time
                _log.warning("cannot look for batches: %s", problem.message)

    def close(self) -> None:
        """Let another process run batches."""
        for release in self._held.values():
            release()
        self._held.clear()

    def _look_at(self, workspace: str, *, is_sweep: bool) -> None:
        config = self._config.in_workspace(workspace)
        batches = self._open.setdefault(workspace, Batches(config))
        if not batches.exists() or not self._holds(workspace, batches):
            return
        if is_sweep:
            batches.sweep()
        for identifier in batches.queued():
            if self._resting.get(identifier, 0.0) <= time.monotonic():
                self._run(batches, identifier, config)

    def _holds(self, workspace: str, batches: Batches) -> bool:
        """Whether this is the one process that runs batches of a workspace. Another server may have one too."""
        if workspace not in self._held:
            release = batches.hold()
            if release is None:
                return False
            self._held[workspace] = release
            batches.recover()
        return True

    def _run(self, batches: Batches, identifier: str, config: Config) -> None:
        try:
            if not batches.is_removed(identifier):
                run_batch(batches, identifier, config)
            if batches.is_removed(identifier):
                batches.remove_if_deleted(identifier)
        except Exception as error:
            failure = Failure.of(error)
            _log.warning("the batch %s failed: %s", identifier[:6], failure.message)
            try:
                batches.fail(identifier, failure)
            except (StorageUnavailable, NotFound, DamagedRecord):
                self._resting[identifier] = time.monotonic() + REST_SECONDS


def run_for_ever(config: Config) -> None:
    """Look for work again and again."""
    runner = Runner(config)
    while True:
        try:
            runner.look()
        except Exception:
            _log.exception("cannot look for batches")
        time.sleep(POLL_SECONDS)


def main() -> None:
    """Run batches until standard input ends. The server writes its settings there, and keeps it open while it lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal. The server decides.
    os.umask(0o077)  # the files are for this account alone
    with suppress(AttributeError, OSError):  # Windows has no such function
        os.nice(NICENESS)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings: Config = pickle.load(sys.stdin.buffer)  # noqa: S301 (the server wrote it)
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), daemon=True).start()
    run_for_ever(settings)


def _end_with(stream: BinaryIO) -> None:
    stream.read()
    os._exit(0)
