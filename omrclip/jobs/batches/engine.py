"""Runs a batch: gives its scans to an executor, bounded in number, and deals with processes that are killed."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from omrclip.errors import FolderInUse, OmrclipError, WorkerLost
from omrclip.jobs.batches.definition import Batch, begin
from omrclip.jobs.batches.executors import Done, Executor, Lost, Outcome
from omrclip.jobs.batches.folder import REJECTED
from omrclip.jobs.batches.ledger import Counts, DoneScan, Ledger
from omrclip.jobs.batches.names import OVERLAY, distinct_scans, page_part
from omrclip.jobs.batches.placements import Placement
from omrclip.jobs.batches.work import Task, record_failure, source_state
from omrclip.jobs.sources import ScanFile
from omrclip.limits import Limits
from omrclip.omr.report.file_names import stem
from omrclip.storage.blobs import BlobStore

LOCK = ".omrclip-lock"
MOST_SCANS_IN_TASK = 16
"""Scans of a task: few enough that little is lost with a process, and many enough that a PDF is not opened often."""
TASKS_FOR_EACH_WORKER = 4
"""Tasks that each worker gets at least, so that all end at about the same time."""
MOST_LOSSES = 3
"""Number of processes that may end while they work on a scan. Then the scan fails. In the first one other scans are
worked on too, so two processes end because of this scan, or for a reason outside."""
LOOK_SECONDS = 0.5
"""How often the engine looks whether it should stop."""


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A batch to run, or to go on with.

    Attributes:
        out: folder or fsspec URL of the results.
        batch: templates and options.
        scans: the scans. Those that the ledger lists are not recognized again.
        limits: how large images and clips may be.
        memory_bytes: memory of each process for scans.
        restart: whether to delete the results of an earlier batch in this folder.
        retry_failed: whether to recognize scans again that failed.
        shards: whether to write clips into shards; see `batches.shards`.
        placements: pages that people have placed, by the names of their scans.
    """

    out: str
    batch: Batch
    scans: Sequence[ScanFile]
    limits: Limits
    memory_bytes: int
    restart: bool = False
    retry_failed: bool = False
    shards: bool = False
    placements: Mapping[str, Placement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is. `before` are the scans of it that were done before it was started now."""

    total: int
    before: int
    counts: Counts


class BatchRun:
    """A batch whose folder is locked. It has to be closed.

    The lock keeps out other runs on this machine. In a bucket there is no lock: two runs of one batch there do the same
    work twice, and write the same files.

    Attributes:
        scans: the scans of the job. Those whose files would have the same names are numbered.
        templates: the templates of the batch.
        store: the folder of the results.
        progress: how far the batch is.
    """

    def __init__(self, job: BatchJob) -> None:
        """Check everything, and store the batch.

        Raises:
            InvalidTemplate, ImageError, LimitExceeded, InvalidRequest: a template or a blank page is wrong.
            FolderInUse: the folder holds another batch or other results, or is locked; or a file has changed.
            DamagedRecord, StorageUnavailable: the folder cannot be read or written.
        """
        self.scans = distinct_scans(job.scans)
        self.templates, _ = job.batch.load(job.limits)
        self.store = BlobStore(job.out)
        self._job = job
        self._release = self.store.hold(LOCK)
        if self._release is None:
            message = "Another run is writing to this folder. Wait until it ends, or choose another folder."
            raise FolderInUse(message)
        try:
            self.store.remove_parts()
            begin(self.store, job.batch, restart=job.restart)
            done = self._done()
        except BaseException:
            self.close()
            raise
        counts = sum((done[scan.name].counts for scan in self.scans if scan.name in done), Counts())
        self.progress = Progress(len(self.scans), counts.done, counts)
        self._pending = deque(scan for scan in self.scans if scan.name not in done)

    def _done(self) -> dict[str, DoneScan]:
        """The scans of the ledger, without those that are to be recognized again."""
        ledger = Ledger(self.store)
        done = ledger.scans()
        again = {scan.name for scan in self.scans if scan.name in done and self._is_wanted_again(scan, done)}
        if again:
            ledger.forget([done[name] for name in again])
            pages = {page_part(name) for name in again}
            for name in self.store.children(REJECTED):
                if stem(name) in pages or name.removesuffix(OVERLAY) in pages:
                    self.store.discard(f"{REJECTED}/{name}")
        return {name: scan for name, scan in done.items() if name not in again}

    def _is_wanted_again(self, scan: ScanFile, done: dict[str, DoneScan]) -> bool:
        """Whether to recognize a scan again: it failed, and its file has changed since, or the user asked for it.

        Raises:
            FolderInUse: it passed, and its file has changed since.
        """
        before = done[scan.name]
        placement = self._job.placements.get(scan.name)
        if placement is not None and not placement.is_done:
            return True
        is_changed = source_state(scan) not in ("", before.source)
        if before.counts.failed:
            return is_changed or self._job.retry_failed
        if is_changed:
            raise FolderInUse(
                f"The file of {scan.name!r} is not the one that was recognized in this batch: its size or its time of "
                "change differs. Give a new file another name, choose another folder for the results, or begin anew "
                "with --restart.",
                name=scan.name,
            )
        return False

    def close(self) -> None:
        """Unlock the folder."""
        if self._release is not None:
            self.store.remove_parts()
            self._release()
            self._release = None

    def tasks(self, scans_in_task: int) -> Iterator[Task]:
        """The work that is left, with the tasks in the order of the scans."""
        while self._pending:
            count = min(scans_in_task, len(self._pending))
            yield self.task([self._pending.popleft() for _ in range(count)])

    def task(self, scans: Sequence[ScanFile]) -> Task:
        """A task for some scans."""
        job = self._job
        placements = {scan.name: job.placements[scan.name] for scan in scans if scan.name in job.placements}
        return Task(job.out, job.batch.fingerprint, job.limits, job.memory_bytes, tuple(scans), job.shards, placements)

    def work(self, executor: Executor[Task, Counts], is_stopped: Callable[[], bool]) -> Iterator[Progress]:
        """Do the work that is left, and yield the progress after each task, and twice a second.

        When `is_stopped` says so, no more tasks are begun, and those under way are finished.

        Raises:
            StorageUnavailable: results cannot be written. The ledger tells what is done.
        """
        size = len(self._pending) // (executor.capacity * TASKS_FOR_EACH_WORKER)
        queue = _Queue(self, self.tasks(min(max(1, size), MOST_SCANS_IN_TASK)))
        while queue.running or not is_stopped():
            while len(queue.running) < executor.capacity and not is_stopped() and (task := queue.next()):
                executor.submit(task)
            if not queue.running:
                return
            for outcome in executor.outcomes(LOOK_SECONDS):
                counts = queue.counts_after(outcome)
                self.progress = Progress(self.progress.total, self.progress.before, self.progress.counts + counts)
            yield self.progress


@dataclass(slots=True)
class _Queue:
    """The tasks of a run: those that are running, those that were not begun yet, and those that were lost.

    A scan that was lost alone too is suspected. Suspects come last, and one at a time with no other task beside them.
    So there is no doubt which scan ended the third process, and the others are done.
    """

    run: BatchRun
    tasks: Iterator[Task]
    running: list[Task] = field(default_factory=list)
    again: deque[Task] = field(default_factory=deque)
    suspects: deque[Task] = field(default_factory=deque)
    losses: Counter[str] = field(default_factory=Counter)

    def next(self) -> Task | None:
        """The next task, which is then running; None if there is none at the moment."""
        task = self.again.popleft() if self.again else next(self.tasks, None)
        if task is None and self.suspects and not self.running:
            task = self.suspects.popleft()
        if task is not None:
            self.running.append(task)
        return task

    def counts_after(self, outcome: Outcome[Task, Counts]) -> Counts:
        """Note the end of a task, and return what it did. Raises the error of a task that raised one."""
        self.running.remove(outcome.item)
        if isinstance(outcome, Done):
            return outcome.result
        if isinstance(outcome, Lost):
            return self._lost(outcome.item, outcome.reason)
        raise outcome.error

    def _lost(self, task: Task, reason: str) -> Counts:
        """Put the scans of a lost task back, one by one; a scan that is lost again and again fails."""
        counts = Counts()
        for scan in task.scans:
            self.losses[scan.name] += 1
            if self.losses[scan.name] < MOST_LOSSES:
                is_suspected = self.losses[scan.name] == MOST_LOSSES - 1
                (self.suspects if is_suspected else self.again).append(self.run.task([scan]))
            else:
                counts += record_failure(self.run.store, scan, _worker_lost(reason))
        return counts


def _worker_lost(reason: str) -> OmrclipError:
    return WorkerLost(
        f"The process that recognized this scan ended {MOST_LOSSES} times before it was done: {reason}. Check the "
        "file, and the memory of the machine.",
        losses=MOST_LOSSES,
    )
