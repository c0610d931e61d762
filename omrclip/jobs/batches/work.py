"""The work of a batch in a worker process: to recognize some scans, and to write their files and the ledger."""

import gc
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256

from omrclip.admission import Admission
from omrclip.errors import InternalError, OmrclipError, StorageUnavailable
from omrclip.imaging.probe import probe
from omrclip.jobs.batches.definition import stored_batch
from omrclip.jobs.batches.folder import CLIP_PARTS
from omrclip.jobs.batches.ledger import Counts, DoneScan, Ledger, counts_of, json_line
from omrclip.jobs.batches.names import FILES, OVERLAY, rejected_name
from omrclip.jobs.batches.placements import Placement, told_of
from omrclip.jobs.batches.resemblances import StoredResemblances
from omrclip.jobs.batches.shards import part_of
from omrclip.jobs.folder import admission_for, overlay_of
from omrclip.jobs.sources import ScanFile, read_admitted
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.page_choice import PageChoice
from omrclip.omr.recognition import Recognition, Scan, failed, recognize_admitted
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.overlay import can_be_drawn
from omrclip.schemas.recognition_response import dump_record
from omrclip.storage.blobs import BlobStore

MOST_THREADS = 64
"""Number of tasks that one process works on at a time. Memory is what bounds them."""
_OBJECTS_BEFORE_COLLECTION = 50_000
"""How many objects more than at the last collection start one within a task."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Scans of a batch to recognize in one process.

    Attributes:
        out: folder or fsspec URL of the batch, which holds its templates and options.
        fingerprint: the batch's. A process reads templates and options again if it changes.
        limits: how large images and clips may be.
        memory_bytes: memory of the process for scans.
        scans: the scans, in order.
        shards: whether to write clips into shards.
        placements: pages that people have placed, by the names of their scans.
    """

    out: str
    fingerprint: str
    limits: Limits
    memory_bytes: int
    scans: tuple[ScanFile, ...]
    shards: bool = False
    placements: Mapping[str, Placement] = field(default_factory=dict)


def recognize_scans(task: Task) -> Counts:
    """Recognize the scans of a task, and write their files and the ledger.

    Raises:
        StorageUnavailable: the folder of the batch cannot be read or written, or the server of the scans not reached.
        NotFound: the folder holds no batch.
    """
    worker = _worker(task.out, task.fingerprint, task.limits, task.memory_bytes)
    try:
        return worker.run(task)
    finally:
        gc.collect()


def record_failure(store: BlobStore, scan: ScanFile, error: OmrclipError) -> Counts:
    """Write that a scan failed, without reading it."""
    writer = _Writer(store, RecognitionOptions())
    writer.add(scan, failed(scan.name, error))
    return writer.finish()


def source_state(scan: ScanFile) -> str:
    """A text that changes if the file of a scan is replaced: its size and the time of its last change."""
    if scan.path is None:
        return scan.state
    try:
        status = os.stat(scan.path)  # noqa: PTH116 (a third of the time that Path takes)
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"


class _Writer:
    """Writes the files of some scans, and then their records and the ledger."""

    def __init__(self, store: BlobStore, options: RecognitionOptions, *, shards: bool = False) -> None:
        self._store = store
        self._part: list[tuple[str, bytes]] | None = [] if shards else None
        self._options = options
        self._files: list[str] = []
        self._scans: list[DoneScan] = []
        self._records: list[bytes] = []

    def add(self, file: ScanFile, recognition: Recognition) -> None:
        """Write the clips of a scan, or why it failed. They stay in memory for shards only."""
        cut = [clip.element for clip in recognition.clips]
        clips = FILES.clips(recognition.scan, cut, self._options.clip_format)
        for name, clip in zip(clips, recognition.clips, strict=True):
            if self._part is None:
                self.put(name, clip.data)
            else:
                self._part.append((name, clip.data))
        if recognition.error is not None:
            self.put(rejected_name(file.name, ".txt"), f"{recognition.error.message}\n".encode())
        self._records.append(json_line(dump_record(recognition, self._options, FILES)))
        self._scans.append(DoneScan(file.name, source_state(file), counts_of(recognition)))

    def put(self, name: str, data: bytes) -> None:
        """Write a file of a scan."""
        self._store.put(name, data)
        self._files.append(name)

    def finish(self) -> Counts:
        """Write the part of the shards, records and ledger."""
        if self._part:
            data = part_of(self._part)
            self.put(f"{CLIP_PARTS}/{sha256(data).hexdigest()[:32]}.tar", data)
        Ledger(self._store).add(self._scans, self._records, self._files)
        return sum((scan.counts for scan in self._scans), Counts())


@dataclass(frozen=True, slots=True)
class _Worker:
    """A batch that is opened in this process."""

    store: BlobStore
    pages: tuple[KnownPage, ...]
    choice: PageChoice
    options: RecognitionOptions
    limits: Limits
    admission: Admission

    def run(self, task: Task) -> Counts:
        writer = _Writer(self.store, self.options, shards=task.shards)
        for file in task.scans:
            self._recognize(file, writer, task.placements.get(file.name))
        return writer.finish()

    def _recognize(self, file: ScanFile, writer: _Writer, placement: Placement | None) -> None:
        try:
            scan = replace(read_admitted(file, self.admission), name=file.name)
        except StorageUnavailable:
            raise  # the next scans cannot be read either, so that the batch has to stop, and to go on later
        except Exception as error:
            writer.add(file, failed(file.name, error))
            return
        fit = self.choice.fit if placement is None else placement.fit()
        recognition = recognize_admitted(self.admission, self.pages, scan, self.options, self.limits, fit=fit)
        if placement is not None:
            recognition = told_of(recognition)
        writer.add(file, recognition)
        if not recognition.passed:
            writer.put(rejected_name(file.name, _extension(scan)), scan.data)
            with suppress(OmrclipError):  # such as not enough memory for a large scan
                if can_be_drawn(recognition):
                    overlay = overlay_of(scan, recognition, self.admission)
                    writer.put(rejected_name(file.name, OVERLAY), overlay.data)


def _extension(scan: Scan) -> str:
    """The extension for the format of a scan's bytes. Its name may have another one."""
    try:
        return f".{probe(scan.data).format.extension}"
    except OmrclipError:
        return ".bin"


@lru_cache(maxsize=2)
def _worker(out: str, fingerprint: str, limits: Limits, memory_bytes: int) -> _Worker:
    from omrclip.imaging.pdf_process import isolate_pdfs
    from omrclip.imaging.setting_up import keep_freed_memory, set_up_process

    set_up_process()
    keep_freed_memory()
    isolate_pdfs()
    store = BlobStore(out)
    batch = stored_batch(store)
    if batch.fingerprint != fingerprint:
        raise InternalError("The batch was changed while it was running.")
    _, pages = batch.load(limits)
    choice = PageChoice(pages, StoredResemblances(store))
    worker = _Worker(store, pages, choice, batch.options, limits, admission_for(MOST_THREADS, memory_bytes))
    _collect_seldom()
    return worker


def _collect_seldom() -> None:
    """Collect garbage after each task, and hardly before. A page leaves some hundred small objects, and no pixels.

    The objects that exist now are excluded: modules and templates live until the process ends. To examine them in each
    collection takes 2 ms of a page, and to examine what is read on a page at every 700 objects takes 0.8 ms.
    """
    gc.unfreeze()  # so that objects of an earlier batch are collected
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
