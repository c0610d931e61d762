"""Reads and checks a recognition request, JSON or multipart, before the work."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from omrclip.admission import Admission
from omrclip.config import Config
from omrclip.errors import ImageError, LimitExceeded, NotFound, Problem, first_problems
from omrclip.iiif.request import Format
from omrclip.imaging.probe import check_pixels, probe
from omrclip.jobs.sources import ScanFile, scans_of
from omrclip.limits import Limits
from omrclip.omr.clip_bounds import check_clips
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, check_options, check_pages, known_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.result_files import FileNames, check_scan_name, plan_file_names
from omrclip.omr.template import Template, decode_base64
from omrclip.schemas.recognition_options import load_options
from omrclip.schemas.recognition_request import load_request
from omrclip.schemas.template import remembered_template, template_warnings
from omrclip.schemas.wire import invalid_request
from omrclip.storage.templates import TemplateStore


@dataclass(frozen=True, slots=True)
class Job:
    """A request that may be carried out. Pages of documents are scans that are not read yet."""

    pages: Sequence[KnownPage]
    scans: Sequence[ScanFile] = field(repr=False)
    options: RecognitionOptions
    files: FileNames
    warnings: Sequence[Problem]
    clip_pixels: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request has, before its images are opened.

    Attributes:
        name: of the stored template, or "" if the request has the file itself.
        template: the template.
        document: the bytes of its `.omr` file.
        image: the file of the blank page or pages, or None.
        images: the files of the scans.
        options: as they were sent.
    """

    name: str
    template: Template
    document: bytes = field(repr=False)
    image: bytes | None = field(repr=False)
    images: list[Scan] = field(repr=False)
    options: RecognitionOptions


def read_job(request: Request, templates: TemplateStore, config: Config, admission: Admission) -> Job:
    """Read and check a request.

    Raises:
        InvalidRequest, InvalidTemplate, NameConflict, NotFound, ImageError, LimitExceeded: naming the key or part.
        ServerBusy: no memory is free for reading the blank pages.
    """
    limits = config.limits
    sent = read_sent(request, templates, config)
    template, options = sent.template, sent.options
    scans = [scan for file in sent.images for scan in _scans_of(file, config)]
    check_images(len(scans), limits)
    names = [scan.name for scan in scans]
    check_options(len(template.pages), names, options)
    read = [(scan.name, None if scan.in_memory is None else scan.in_memory.data) for scan in scans]
    _check_sizes(read, limits)
    pixels = check_clips(template.pages, read, options, limits)
    files = plan_file_names(template, names, options)
    pages = known_pages(template, sent.image, limits, admission)
    check_pages(pages, limits)
    return Job(pages, scans, options, files, first_problems(template_warnings(template)), pixels)


def read_sent(request: Request, templates: TemplateStore, config: Config) -> Sent:
    """Read a request, with the options that the settings and `?keep` add.

    Raises InvalidRequest, InvalidTemplate, NotFound and LimitExceeded, naming the key or part.
    """
    limits = config.limits
    if request.mimetype == "multipart/form-data":
        sent = _from_multipart(request, templates, limits)
    elif request.is_json:
        sent = _from_json(request, templates, limits)
    else:
        # Other types are refused, because browsers let pages of other sites send them.
        raise UnsupportedMediaType("Content-Type: expected application/json or multipart/form-data")
    check_images(len(sent.images), limits)
    for index, file in enumerate(sent.images):
        check_scan_name(file.name, f"$.Images[{index}].Name")
    options = sent.options
    if config.clip_format and options.clip_format is None:
        options = replace(options, clip_format=Format(config.clip_format))
    return replace(sent, options=_with_keep(options, request, config.max_keep_seconds))


def _scans_of(file: Scan, config: Config) -> list[ScanFile]:
    return scans_of(file, config.limits.max_image_pixels, config.limits.max_images, config.most_body_bytes)


def _with_keep(options: RecognitionOptions, request: Request, most_seconds: int) -> RecognitionOptions:
    """The options, with `?keep` or `?keep=SECONDS` for the option `Keep`."""
    if "keep" in request.args:
        text = request.args["keep"]
        keep: object = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else text in ("", "true")
        asked = load_options({"Keep": keep}) if keep is not False else None
        if asked is None:
            raise invalid_request([Problem("keep", f"no value, or a number of seconds, not {text[:40]!r}")])
        options = replace(options, keep=True, keep_seconds=asked.keep_seconds)
    if options.keep_seconds and options.keep_seconds > most_seconds:
        raise invalid_request([Problem("$.Options.Keep", f"at most {most_seconds} seconds")])
    return options


def check_images(count: int, limits: Limits) -> None:
    """Raise LimitExceeded where a request has more images than allowed."""
    if count > limits.max_images:
        raise _too_many_images(limits)


def _too_many_images(limits: Limits) -> LimitExceeded:
    return LimitExceeded(
        f"Images: expected at most {limits.max_images}. Send the others in another request.",
        limit="max_images",
        maximum=limits.max_images,
    )


_Template = tuple[str, Template, bytes, bytes | None]
"""The first four attributes of `Sent`."""


def _from_json(request: Request, templates: TemplateStore, limits: Limits) -> Sent:
    asked = load_request(request.get_data(), limits)
    if isinstance(asked.template, dict):
        name, template, document, image = _sent_document(json.dumps(asked.template).encode(), limits)
    else:
        name, template, document, image = _stored_or_encoded(asked.template, templates, limits)
    return Sent(name, template, document, asked.template_image or image, asked.images, asked.options)


def _sent_document(document: bytes, limits: Limits) -> _Template:
    return "", remembered_template(document, limits), document, None


def _stored_or_encoded(text: str, templates: TemplateStore, limits: Limits) -> _Template:
    """A name or base64. It is a name unless it is longer than any name can be."""
    try:
        stored = templates.read(text)
        return stored.name, stored.template, stored.blob.data, templates.page_image(text)
    except NotFound:
        pass
    try:
        data = decode_base64(text) if len(text) >= _SHORTEST_TEMPLATE else b""
    except ValueError:
        data = b""
    if not data:
        expected = (
            "the name of a stored template, or the bytes of an .omr file in base64; no stored template has this name"
        )
        raise invalid_request([Problem("$.Template", expected)])
    return _sent_document(data, limits)


# In base64 characters. A shorter text is a name that looks like base64 by chance.
_SHORTEST_TEMPLATE = 40


def _from_multipart(request: Request, templates: TemplateStore, limits: Limits) -> Sent:
    try:
        parts = dict(_parts(request))
    except RequestEntityTooLarge:  # of its parts; the body's length was looked at before
        raise _too_many_images(limits) from None
    if problems := [Problem(f"$.{key}", "no such part") for key in parts if key not in _PART_NAMES]:
        raise invalid_request(problems)
    name, template, document, stored_image = _multipart_template(parts, templates, limits)
    images = [part for part in parts.get("Images", []) if isinstance(part, FileStorage)]
    if not images or len(images) != len(parts.get("Images", [])):
        raise invalid_request([Problem("$.Images", "a file part for each image, at least one")])
    scans = [Scan(file.filename or "", file.read()) for file in images]
    page_image = _only(parts, "TemplateImage")
    options = _only(parts, "Options")
    return Sent(
        name,
        template,
        document,
        stored_image if page_image is None else _bytes(page_image),
        scans,
        RecognitionOptions() if options is None else load_options(_bytes(options)),
    )


_PART_NAMES = ("Template", "TemplateImage", "Images", "Options")


def _parts(request: Request) -> Iterator[tuple[str, list[FileStorage | str]]]:
    """The parts by their names, whose letter case does not matter."""
    spelled = {name.lower(): name for name in _PART_NAMES}
    grouped: dict[str, list[FileStorage | str]] = {}
    for values in (request.files, request.form):
        for key in values:
            grouped.setdefault(spelled.get(key.lower(), key), []).extend(values.getlist(key))
    yield from grouped.items()


def _only(parts: dict[str, list[FileStorage | str]], key: str) -> FileStorage | str | None:
    given = parts.get(key, [])
    if len(given) > 1:
        raise invalid_request([Problem(f"$.{key}", "only one part with this name")])
    return given[0] if given else None


def _multipart_template(
    parts: dict[str, list[FileStorage | str]], templates: TemplateStore, limits: Limits
) -> _Template:
    part = _only(parts, "Template")
    if part is None:
        raise invalid_request([Problem("$.Template", "an .omr file, or the name of a stored template; it is missing")])
    if isinstance(part, str) and not part.removeprefix("\ufeff").lstrip().startswith("{"):
        return _stored_or_encoded(part, templates, limits)
    return _sent_document(_bytes(part), limits)


def _bytes(part: FileStorage | str) -> bytes:
    return part.encode() if isinstance(part, str) else part.read()


def _check_sizes(scans: Sequence[tuple[str, bytes | None]], limits: Limits) -> None:
    """Refuse the request if an image is too large. Files that are not images, and pages, fail later, one by one."""
    for name, data in scans:
        if data is None:
            continue
        try:
            info = probe(data)
        except ImageError:
            continue
        check_pixels(name, info, limits)
