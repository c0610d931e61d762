"""Recognition of image files into a folder of clips and results, with a table and a JSON file of all scans."""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from omrclip.admission import Admission
from omrclip.config import DEFAULT_MEMORY_BYTES
from omrclip.errors import FolderInUse, NameConflict
from omrclip.imaging.codec import cost, encode
from omrclip.imaging.probe import ImageFormat, probe
from omrclip.imaging.source import EncodedImage
from omrclip.jobs.local import in_order
from omrclip.jobs.sources import ScanFile, read_admitted
from omrclip.jobs.summary import JSON_NAME, open_summary
from omrclip.jobs.tables import REPORT_NAME, TABLE_NAME, WORKBOOK_NAME, TableOptions
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import (
    Recognition,
    Scan,
    check_options,
    check_pages,
    failed,
    known_pages,
    recognize_admitted,
)
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import limit_references, references_bytes
from omrclip.omr.report.overlay import can_be_drawn, draw_on, drawing_bytes
from omrclip.omr.report.result_files import (
    FileNames,
    ResponseFile,
    file_names,
    overlay_name,
    overlay_names,
    plan_file_names,
    recognition_files,
)
from omrclip.omr.template import Template
from omrclip.schemas.template import template_warnings

LOCK_NAME = ".omrclip-lock"
WORKERS_FOR_MEMORY = 2
"""Number of workers that share the memory of one server process: as many as decode at a time in a server process."""


@dataclass(frozen=True, slots=True)
class FolderJob:
    """Scans to recognize with one template.

    Attributes:
        scans: see `sources.scans_in`. Names of clips begin with the names of scans, which must differ.
        template_image: a file with the images of the blank pages, or None.
        out: the folder to write into. It is created if it is missing.
        clips_only: whether to omit results files, table and JSON.
        memory_bytes: memory limit for all scans that are recognized at a time. A scan that needs more fails.
        overlays: folder for overlays, or None.
        workers: number of scans to recognize at a time.
        tables: how the tables are written.
        overwrite: whether to replace files of an earlier run. If False, a folder with such files is refused.
    """

    template: Template
    scans: Sequence[ScanFile]
    template_image: bytes | None
    options: RecognitionOptions
    out: Path
    clips_only: bool
    workers: int
    limits: Limits
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    overlays: Path | None = None
    tables: TableOptions = field(default_factory=TableOptions)
    overwrite: bool = False


def run(job: FolderJob) -> Generator[Recognition, None, None]:
    """Recognize the files. The results of each are written before it is yielded, and its clips then contain no bytes.

    All checks are made at the call. The work is done while the results are iterated. The folders are locked from the
    call to the end of the iteration.

    Raises:
        InvalidRequest, NameConflict, ImageError, LimitExceeded: before any work.
        FolderInUse: another run writes into a folder, or it has results, and `overwrite` is not set.
        OSError: a folder cannot be written.
    """
    names = [scan.name for scan in job.scans]
    check_options(len(job.template.pages), names, job.options)
    files = plan_file_names(job.template, names, job.options, overlay_names(names) if job.overlays else ())
    pages = known_pages(job.template, job.template_image, job.limits)
    check_pages(pages, job.limits)
    _check_nothing_overwritten(job, names, files)
    with ExitStack() as stack:
        for folder in {os.path.realpath(folder): folder for folder in (job.out, job.overlays) if folder}.values():
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(folder))
        if not job.overwrite:
            # An existing table would not list the new clips, so it is refused also if only clips are written.
            check_new((job.out / TABLE_NAME, job.out / JSON_NAME, *(path for path, _ in _written(job, names, files))))
        admission = admission_for(job.workers, job.memory_bytes)
        return _outcomes(job, pages, files, admission, stack.pop_all())


def admission_for(workers: int, memory_bytes: int) -> Admission:
    """The memory for scans that `workers` threads recognize at a time, without the part for prepared pages."""
    limit_references(memory_bytes)
    return Admission(workers, memory_bytes - references_bytes(memory_bytes), wait_seconds=0, max_waiting=0)


def _written(job: FolderJob, names: Sequence[str], files: FileNames) -> Iterator[tuple[Path, str]]:
    """Every file that the run may write, with its purpose for messages."""
    written = list(file_names(files, job.template, names, job.options))
    if not job.clips_only:
        written += [(TABLE_NAME, "the table"), (WORKBOOK_NAME, "the workbook"), (REPORT_NAME, "the report")]
        written.append((JSON_NAME, "the JSON"))
    yield from ((job.out / name, purpose) for name, purpose in written)
    if job.overlays:
        yield from ((job.overlays / name, purpose) for name, purpose in overlay_names(names))


def _check_nothing_overwritten(job: FolderJob, names: Sequence[str], files: FileNames) -> None:
    """Raise NameConflict if a result would overwrite a scan."""
    scans = {os.path.realpath(scan.path) for scan in job.scans if scan.path}
    for path, purpose in _written(job, names, files):
        if os.path.realpath(path) in scans:
            message = f"{purpose} would overwrite the image {path.name!r}. Choose another folder."
            raise NameConflict(message, name=path.name)


def check_new(paths: Iterable[Path]) -> None:
    """Raise FolderInUse if one of the files exists."""
    for path in paths:
        if os.path.lexists(path):
            raise FolderInUse(
                f"The folder already holds results, such as {path.name!r}. Choose another folder, or replace them "
                "with --overwrite.",
                name=path.name,
            )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other runs. The system releases the lock if the process ends. Raises FolderInUse."""
    lock = FileLock(folder / LOCK_NAME, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        message = "Another run is writing to this folder. Wait until it ends, or choose another folder."
        raise FolderInUse(message) from None
    try:
        yield
    finally:
        # The file is deleted before the release. Another run that has already opened it does not wait for the lock.
        with suppress(OSError):
            (folder / LOCK_NAME).unlink()
        lock.release()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The outcome of one file: its recognition, the files to write, and the overlay if one is wanted."""

    recognition: Recognition
    files: Sequence[ResponseFile] = ()
    overlay: ResponseFile | None = None


def _outcomes(
    job: FolderJob,
    pages: Sequence[KnownPage],
    files: FileNames,
    admission: Admission,
    locks: AbstractContextManager[object],
) -> Generator[Recognition, None, None]:
    with ExitStack() as stack:
        stack.enter_context(locks)
        summary = None
        if not job.clips_only:
            warnings = template_warnings(job.template)
            summary = stack.enter_context(open_summary(job.out, job.template, job.options, files, warnings, job.tables))
        for outcome in in_order(
            lambda file: _recognize_file(job, file, pages, files, admission), job.scans, job.workers
        ):
            _write_files(job, outcome)
            recognition = _without_bytes(outcome.recognition)
            if summary:
                summary.add(recognition)
            yield recognition


def _recognize_file(
    job: FolderJob, file: ScanFile, pages: Sequence[KnownPage], files: FileNames, admission: Admission
) -> _Outcome:
    """Recognize one scan. Errors become the `error` of its Recognition and are not raised."""
    try:
        scan = read_admitted(file, admission)
        recognition = recognize_admitted(admission, pages, scan, job.options, job.limits)
        overlay = overlay_of(scan, recognition, admission) if job.overlays and can_be_drawn(recognition) else None
        return _Outcome(recognition, recognition_files(recognition, job.options, files), overlay)
    except Exception as error:
        return _Outcome(failed(file.name, error))


def overlay_of(scan: Scan, recognition: Recognition, admission: Admission) -> ResponseFile:
    """Draw the overlay of a scan as a JPEG file. Raises LimitExceeded if there is not enough memory."""
    image = EncodedImage(scan.data, probe(scan.data))
    with admission.admitted(cost(image.info) + drawing_bytes(image.dimensions), patient=True):
        drawn = encode(draw_on(image, recognition), ImageFormat.JPEG)
    return ResponseFile(overlay_name(scan.name), ImageFormat.JPEG.media_type, drawn)


def _write_files(job: FolderJob, outcome: _Outcome) -> None:
    for file in outcome.files[1:] if job.clips_only else outcome.files:
        (job.out / file.name).write_bytes(file.data)
    if job.overlays and outcome.overlay is not None:
        (job.overlays / outcome.overlay.name).write_bytes(outcome.overlay.data)


def _without_bytes(recognition: Recognition) -> Recognition:
    return replace(recognition, clips=tuple(replace(clip, data=b"") for clip in recognition.clips))
