"""The functions behind `import omrclip`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from omrclip.admission import Admission
from omrclip.config import DEFAULT_MEMORY_BYTES
from omrclip.errors import InvalidRequest
from omrclip.iiif.grammar import GRAMMAR_2
from omrclip.iiif.plan import plan
from omrclip.iiif.render import render as render_plan
from omrclip.imaging.probe import check_pixels, probe
from omrclip.imaging.source import EncodedImage, ImageSource
from omrclip.jobs.folder import WORKERS_FOR_MEMORY, admission_for
from omrclip.jobs.local import in_order
from omrclip.jobs.sources import ScanFile, read_admitted, scans_in, scans_of
from omrclip.limits import DEFAULT_LIMITS, Limits
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
from omrclip.omr.template import Template
from omrclip.schemas.recognition_options import load_options
from omrclip.schemas.template import load_template as load_document
from omrclip.storage.templates import IMAGE_SUFFIXES

Source: TypeAlias = str | os.PathLike[str] | bytes
"""A file: its path, or its bytes."""


def load_template(template: Source | Mapping[str, object], *, limits: Limits = DEFAULT_LIMITS) -> Template:
    """Load an `.omr` template from a path, from the bytes of a file, or from parsed JSON.

    Raises:
        InvalidTemplate: with all problems of the document at once.
        LimitExceeded: it has too many values or elements.
        OSError: the file cannot be read.
    """
    return load_document(template if isinstance(template, Mapping) else _bytes(template), limits)


def open_image(image: Source, *, limits: Limits = DEFAULT_LIMITS) -> EncodedImage:
    """Open an image file for `render`. Its header is read now; it is decoded at each rendering.

    Raises:
        UnsupportedImage, CorruptImage: the bytes are not an image that can be read.
        LimitExceeded: the image has more pixels than `limits.max_image_pixels`.
        OSError: the file cannot be read.
    """
    data = _bytes(image)
    info = probe(data)
    check_pixels("The image" if isinstance(image, bytes) else Path(image).name, info, limits)
    return EncodedImage(data, info)


def render(image: ImageSource, request: str, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Render a region of an image as the IIIF Image API 2.1 describes, and return the bytes of the image file.

    Args:
        image: from `open_image`, or any other ImageSource.
        request: `{region}/{size}/{rotation}/{quality}.{format}`, such as `125,15,200,200/full/0/default.jpg`.
        limits: how large the result may be.

    Raises:
        InvalidParameter: one part of the request is wrong; `details["parameter"]` names it.
        InvalidRequest: the request does not have four parts.
        LimitExceeded: the result would have too many pixels.
        CorruptImage: the image cannot be decoded.
    """
    parts = request.split("/")
    if len(parts) != 4:
        raise InvalidRequest(
            f"REQUEST: expected {{region}}/{{size}}/{{rotation}}/{{quality}}.{{format}}, not {request!r}"
        )
    return render_plan(plan(GRAMMAR_2.parse(*parts), image.dimensions, limits), image)


def recognize(
    template: Template | str | os.PathLike[str],
    scans: Iterable[str | os.PathLike[str] | Scan],
    *,
    blank_page: Source | None = None,
    options: Mapping[str, object] | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    memory_bytes: int | None = None,
) -> Iterator[Recognition]:
    """Recognize scans with a template, and yield a Recognition for each, in the order of the scans.

    A scan that cannot be read or registered raises no exception: its Recognition has an `error`.

    Args:
        template: from `load_template`, or the path of an `.omr` file.
        scans: paths of image files, PDF files and TIFF files; URLs of these that fsspec knows, such as
            `s3://bucket/scans/*.pdf`; or `Scan(name, data)` for files in memory. Each page of a PDF or TIFF is a scan;
            those of `stack.pdf` are named `stack-p0001.pdf` and so on.
        blank_page: the image of the template's blank first page, or a PDF or TIFF file of all blank pages. Without it,
            a template given as a path uses the image or PDF file beside it that has the same name, and every template
            the images that it embeds.
        options: as the option `Options` of the HTTP API, such as `{"ClipFormat": "png"}`.
        workers: how many scans are recognized at a time; one for each processor if not set.
        limits: how large images and clips may be.
        memory_bytes: the memory for all scans that are recognized at a time; 1 GiB for each two workers if not set.
            A scan that needs more fails with `limit_exceeded`.

    Raises:
        InvalidTemplate, InvalidRequest, ImageError, LimitExceeded, OSError: at the call, if the template, an option or
            the blank page is wrong.
        StorageUnavailable: at the call, if a URL cannot be listed.
    """
    if not isinstance(template, Template):
        blank_page = blank_page or blank_page_beside(Path(template))
        template = load_template(template, limits=limits)
    files = list(_files(scans, limits))
    settings = load_options(dict(options or {}))
    check_options(len(template.pages), [file.name for file in files], settings)
    pages = known_pages(template, None if blank_page is None else _bytes(blank_page), limits)
    check_pages(pages, limits)
    workers = workers or os.cpu_count() or 1
    admission = admission_for(workers, memory_bytes or DEFAULT_MEMORY_BYTES * -(-workers // WORKERS_FOR_MEMORY))
    return in_order(lambda file: _recognize_one(file, pages, settings, limits, admission), files, workers)


def blank_page_beside(template: Path) -> Path | None:
    """The image or PDF file with the same name in the folder of a template, or None."""
    beside = (template.with_suffix(suffix) for suffix in (*IMAGE_SUFFIXES, ".pdf"))
    return next((path for path in beside if path.is_file()), None)


def _recognize_one(
    file: ScanFile,
    pages: tuple[KnownPage, ...],
    options: RecognitionOptions,
    limits: Limits,
    admission: Admission,
) -> Recognition:
    try:
        scan = read_admitted(file, admission)
    except Exception as error:
        return failed(file.name, error)
    return recognize_admitted(admission, pages, scan, options, limits)


def _files(scans: Iterable[str | os.PathLike[str] | Scan], limits: Limits) -> Iterator[ScanFile]:
    for scan in scans:
        if isinstance(scan, Scan):
            yield from scans_of(scan, limits.max_image_pixels)
        else:
            yield from scans_in([os.fspath(scan)], limits.max_image_pixels)


def _bytes(source: Source) -> bytes:
    return source if isinstance(source, bytes) else Path(source).read_bytes()
