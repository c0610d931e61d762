"""Recognition of image files into a folder: clips, results, and a table and a JSON of everything."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from omrclip.batch.local import in_order
from omrclip.batch.summary import open_summary
from omrclip.config import Limits
from omrclip.errors import ImageError, NameConflict
from omrclip.imaging.codec import encode
from omrclip.imaging.probe import ImageFormat, probe
from omrclip.imaging.source import EncodedImage
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.overlay import can_be_drawn, draw_on
from omrclip.omr.recognition import Recognition, Scan, check_options, check_pages, failed, known_pages, recognize
from omrclip.omr.result_files import (
    ResponseFile,
    check_file_names,
    file_names,
    overlay_name,
    overlay_names,
    recognition_files,
)
from omrclip.omr.template import Template
from omrclip.schemas.template import template_warnings


@dataclass(frozen=True, slots=True)
class FolderJob:
    """Image files to recognise with one template.

    Attributes:
        images: the files; their names, which the clips' names begin with, must differ.
        template_image: the encoded blank page, where there is one.
        out: the folder to write into; it is made where it is missing.
        clips_only: whether results files, table and JSON are left out.
        overlays: a folder for pictures of what was read where; None for none.
        workers: how many scans are recognised at a time.
    """

    template: Template
    images: Sequence[Path]
    template_image: bytes | None
    options: RecognitionOptions
    out: Path
    clips_only: bool
    workers: int
    limits: Limits
    overlays: Path | None = None


def run(job: FolderJob) -> Iterator[Recognition]:
    """Recognise the files, writing what comes out of each before it is yielded; its clips then hold no bytes any more.

    All checks are made at the call, the work as the outcomes are taken.

    Raises:
        InvalidRequest, NameConflict, ImageError, LimitExceeded: before any work.
        OSError: the folder cannot be written.
    """
    names = [path.name for path in job.images]
    check_options(len(job.template.pages), names, job.options)
    check_file_names(job.template, names, job.options, overlay_names(names) if job.overlays else ())
    pages = known_pages(job.template, job.template_image)
    check_pages(pages, job.limits)
    _check_nothing_overwritten(job, names)
    for folder in filter(None, (job.out, job.overlays)):
        folder.mkdir(parents=True, exist_ok=True)
    return _outcomes(job, partial(recognize, pages, options=job.options, limits=job.limits))


def _check_nothing_overwritten(job: FolderJob, names: Sequence[str]) -> None:
    """Raise NameConflict where a result would be written over a scan."""
    scans = {path.resolve() for path in job.images}
    written = [(job.out, *named) for named in file_names(job.template, names, job.options)]
    if job.overlays:
        written += [(job.overlays, *named) for named in overlay_names(names)]
    for folder, name, purpose in written:
        if (folder / name).resolve() in scans:
            raise NameConflict(f"{purpose} would be written over the image {name!r}; choose another folder.", name=name)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came out of one file, and what is to be written of it: the files, and the overlay where one is wanted."""

    recognition: Recognition
    files: Sequence[ResponseFile] = ()
    overlay: ResponseFile | None = None


def _outcomes(job: FolderJob, recognize_scan: "partial[Recognition]") -> Iterator[Recognition]:
    with ExitStack() as stack:
        summary = None
        if not job.clips_only:
            warnings = template_warnings(job.template)
            summary = stack.enter_context(open_summary(job.out, job.template, job.options, warnings))
        for outcome in in_order(lambda path: _recognize_file(job, path, recognize_scan), job.images, job.workers):
            _write_files(job, outcome)
            recognition = _without_bytes(outcome.recognition)
            if summary:
                summary.add(recognition)
            yield recognition


def _recognize_file(job: FolderJob, path: Path, recognize_scan: "partial[Recognition]") -> _Outcome:
    """Recognise one file; whatever goes wrong with it is told in the Recognition, not raised."""
    try:
        scan = Scan(path.name, path.read_bytes())
    except OSError as error:
        return _Outcome(failed(path.name, ImageError(f"The file cannot be read: {error.strerror}.")))
    try:
        recognition = recognize_scan(scan=scan)
        overlay = _overlay(scan, recognition) if job.overlays and can_be_drawn(recognition) else None
        return _Outcome(recognition, recognition_files(recognition, job.options, alone=len(job.images) == 1), overlay)
    except Exception as error:
        return _Outcome(failed(path.name, error))


def _overlay(scan: Scan, recognition: Recognition) -> ResponseFile:
    drawn = draw_on(EncodedImage(scan.data, probe(scan.data)), recognition)
    return ResponseFile(overlay_name(scan.name), ImageFormat.JPEG.media_type, encode(drawn, ImageFormat.JPEG))


def _write_files(job: FolderJob, outcome: _Outcome) -> None:
    for file in outcome.files[1:] if job.clips_only else outcome.files:
        (job.out / file.name).write_bytes(file.data)
    if job.overlays and outcome.overlay is not None:
        (job.overlays / outcome.overlay.name).write_bytes(outcome.overlay.data)


def _without_bytes(recognition: Recognition) -> Recognition:
    return replace(recognition, clips=tuple(replace(clip, data=b"") for clip in recognition.clips))
