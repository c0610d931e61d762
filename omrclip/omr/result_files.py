"""The files that a recognition gives: their names, known before any work, and their bytes."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from omrclip.errors import InvalidRequest, NameConflict
from omrclip.iiif.request import Format
from omrclip.omr.file_names import is_plain, safe_file_name
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, stem
from omrclip.omr.template import Template

RESULTS_NAME = "RecognitionResults.dat"
# What the file systems in use take, in bytes of UTF-8.
LONGEST_FILE_NAME = 255


@dataclass(frozen=True, slots=True)
class ResponseFile:
    """One file of a response. `media_type` is the real format of `data`, whatever the extension of the name."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


def results_name(scan: str, *, alone: bool) -> str:
    """The name of a scan's results file; a scan that came alone lends it no name."""
    return RESULTS_NAME if alone else safe_file_name(stem(scan) + RESULTS_NAME)


def clip_name(scan: str, element: str, clip_format: Format | None) -> str:
    """`<scan's name without extension><element's name>`, with `.png` as clients expect it, or the format asked for.

    The name is made safe by `safe_file_name`.
    """
    return safe_file_name(f"{stem(scan)}{element}.{clip_format or 'png'}")


def saved_name(name: str, media_type: str) -> str:
    """The name under which a person saves a response file: one of JPEG bytes ends in `.jpg`, whatever the API says."""
    return f"{name[:-4]}.jpg" if media_type == Format.JPG.media_type and name.endswith(".png") else name


def file_names(template: Template, scans: Sequence[str], options: RecognitionOptions) -> Iterator[tuple[str, str]]:
    """Every (file name, purpose) of a request; results first, as in the response."""
    for scan in scans:
        yield results_name(scan, alone=len(scans) == 1), f"the results of {scan!r}"
    for scan in scans:
        areas = template.pages[options.pages[scan] - 1].clip_areas if scan in options.pages else template.clip_areas
        for area in areas:
            yield clip_name(scan, area.name or "", options.clip_format), f"{area.name!r} of {scan!r}"


def overlay_name(scan: str) -> str:
    """The name of a scan's overlay, made safe by `safe_file_name`."""
    return safe_file_name(f"{scan}.overlay.jpg")


def overlay_names(scans: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every (file name, purpose) of the overlays."""
    for scan in scans:
        yield overlay_name(scan), f"the overlay of {scan!r}"


def check_file_names(
    template: Template, scans: Sequence[str], options: RecognitionOptions, more: Iterable[tuple[str, str]] = ()
) -> None:
    """Refuse a request whose files, and more (name, purpose), would overwrite each other, before any work.

    Names that differ only in letter case, or in how an accent is composed, are one name on many file systems.

    Raises:
        InvalidRequest: a file name would be too long.
        NameConflict: two files would get one name, or two scans have one.
    """
    _check_distinct((scan, f"the image {scan!r}") for scan in scans)
    names = [*file_names(template, scans, options), *more]
    for name, purpose in names:
        if len(name.encode()) > LONGEST_FILE_NAME:
            raise InvalidRequest(f"The file name for {purpose} would be longer than {LONGEST_FILE_NAME} bytes.")
    _check_distinct(names)


def check_scan_name(name: str, path: str) -> None:
    """Raise InvalidRequest where a scan's name is empty or a path; `path` says where it was given."""
    if not name.strip() or name in {".", ".."} or any(c in "/\\" for c in name):
        expected = "a file name without path separators"
        raise InvalidRequest(f"{path}: expected {expected}", fields=[{"path": path, "expected": expected}])


def recognition_files(recognition: Recognition, options: RecognitionOptions, *, alone: bool) -> list[ResponseFile]:
    """The results file of one scan, then its clips; nothing for a scan that failed."""
    if not recognition.passed:
        return []
    results = ResponseFile(
        results_name(recognition.scan, alone=alone), "text/plain; charset=utf-8", results_text(recognition).encode()
    )
    clips = (
        ResponseFile(clip_name(recognition.scan, clip.element, options.clip_format), clip.format.media_type, clip.data)
        for clip in recognition.clips
    )
    return [results, *clips]


def results_text(recognition: Recognition) -> str:
    """`Name:Value` lines in template order, each ended by LF; the value of a blank element is empty.

    A bar code may hold anything: what would end its line is a space.
    """
    return "".join(f"{element.name}:{_in_a_line(element.value)}\n" for element in recognition.elements)


def _in_a_line(text: str) -> str:
    return "".join(character if is_plain(character) else " " for character in text)


def _check_distinct(names: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for name, purpose in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise NameConflict(f"{seen[key]} and {purpose} would both be named {name!r}.", name=name)
        seen[key] = purpose
