"""The files that a recognition gives: their names, known before any work, and their bytes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from omrclip.errors import InvalidRequest, NameConflict
from omrclip.iiif.request import Format
from omrclip.omr.labels import distinct
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.file_names import file_key, is_plain, safe_file_name, stem
from omrclip.omr.template import Template

RESULTS_NAME = "RecognitionResults.dat"
# What the file systems in use take, in bytes of UTF-8.
LONGEST_FILE_NAME = 255
# What an element's name leaves of that for "_9999" and ".webp", and what it has at least, in bytes.
_BEHIND_A_PART, _LEAST_PART = 10, 24


@dataclass(frozen=True, slots=True)
class ResponseFile:
    """One file of a response. `media_type` is the real format of `data`, whatever the extension of the name."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileNames:
    """The names of the files of one request, of which no two are the same on any file system.

    A clip's file is called `<scan's name without extension><element's name>.<extension>`, made safe by
    `safe_file_name`. Elements of one page whose files would have one name get `_2`, `_3`, … in template order. So does
    a file that would have the name of another scan's. An element's name that is too long is shortened.

    Attributes:
        alone: whether there is only one scan; its results file then does not bear its name.
        moved: (scan, element's part of the name) → the name without its extension, where another scan has its name.
    """

    alone: bool
    moved: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def results(self, scan: str) -> str:
        """The name of a scan's results file."""
        return RESULTS_NAME if self.alone else safe_file_name(stem(scan) + RESULTS_NAME)

    def clips(self, scan: str, elements: Iterable[str], clip_format: Format | None) -> list[str]:
        """The names of the clips of all clip areas of a page, in template order.

        The extension is `png` where no format was asked for, as clients expect it.
        """
        parts = _parts(scan, elements)
        return [f"{self.moved.get((scan, part)) or _base(scan, part)}.{clip_format or 'png'}" for part in parts]


def clip_names(recognition: Recognition) -> list[str]:
    """The names of a recognition's clips, in their order, each with the extension of its format.

    No two are the same; clips of another scan may have them (see `FileNames`).
    """
    if not recognition.clips:
        return []
    areas = [clip.element for clip in recognition.clips]
    return FileNames(alone=True).clips(recognition.scan, areas, recognition.clips[0].format)


def saved_name(name: str, media_type: str) -> str:
    """The name under which a person saves a response file: one of JPEG bytes ends in `.jpg`, whatever the API says."""
    return f"{name[:-4]}.jpg" if media_type == Format.JPG.media_type and name.endswith(".png") else name


def file_names(
    names: FileNames, template: Template, scans: Sequence[str], options: RecognitionOptions
) -> Iterator[tuple[str, str]]:
    """Every (file name, purpose) of a request; results first, as in the response."""
    for scan in scans:
        yield names.results(scan), f"the results of {scan!r}"
    for scan in scans:
        for areas in _areas_of(template, scan, options):
            for name, area in zip(names.clips(scan, areas, options.clip_format), areas, strict=True):
                yield name, f"{area!r} of {scan!r}"


def overlay_name(scan: str) -> str:
    """The name of a scan's overlay, made safe by `safe_file_name`."""
    return safe_file_name(f"{scan}.overlay.jpg")


def overlay_names(scans: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every (file name, purpose) of the overlays."""
    for scan in scans:
        yield overlay_name(scan), f"the overlay of {scan!r}"


def plan_file_names(
    template: Template, scans: Sequence[str], options: RecognitionOptions, reserved: Iterable[tuple[str, str]] = ()
) -> FileNames:
    """Name the files of a request before any work.

    Names that differ only in letter case, or in how an accent is composed, are one name on many file systems.

    Args:
        template: its clip areas are named; which page a scan shows need not be known.
        scans: the names of the scans.
        options: their `pages` tell the page of a scan.
        reserved: names that no clip may have, each with what it is for.

    Raises:
        InvalidRequest: a file name would be too long.
        NameConflict: two scans have one name, or would give results files of one name.
    """
    names = FileNames(alone=len(scans) == 1)
    reserved = list(reserved)
    _check_distinct((scan, f"the image {scan!r}") for scan in scans)
    _check_distinct([*((names.results(scan), f"the results of {scan!r}") for scan in scans), *reserved])
    names = replace(names, moved=_moved(template, scans, options, [name for name, _ in reserved]))
    for name, purpose in (*file_names(names, template, scans, options), *reserved):
        if len(name.encode()) > LONGEST_FILE_NAME:
            raise InvalidRequest(f"The file name for {purpose} would be longer than {LONGEST_FILE_NAME} bytes.")
    return names


def _moved(
    template: Template, scans: Sequence[str], options: RecognitionOptions, reserved: Sequence[str]
) -> dict[tuple[str, str], str]:
    """The clips' files that would have the name of another scan's, or a reserved one, with the name that they get."""
    taken = {file_key(stem(name)) for name in reserved}
    moved = {}
    for scan in scans:
        parts = dict.fromkeys(part for areas in _areas_of(template, scan, options) for part in _parts(scan, areas))
        for part in parts:
            chosen, number = _base(scan, part), 2
            while file_key(chosen) in taken:
                chosen, number = f"{_base(scan, part)}_{number}", number + 1
            taken.add(file_key(chosen))
            if number > 2:
                moved[scan, part] = chosen
    return moved


def _areas_of(template: Template, scan: str, options: RecognitionOptions) -> Iterator[list[str]]:
    """The names of the clip areas of each page that a scan may show."""
    pages = [template.pages[options.pages[scan] - 1]] if scan in options.pages else template.pages
    for page in pages:
        yield [area.name or "" for area in page.clip_areas]


def _parts(scan: str, elements: Iterable[str]) -> list[str]:
    """What the elements add to the scan's name, no two the same; shortened to whole characters where it is too long."""
    room = max(_LEAST_PART, LONGEST_FILE_NAME - _BEHIND_A_PART - len(stem(scan).encode("utf-8", "replace")))
    cut = (name.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") for name in elements)
    return distinct(cut, "{}_{}", file_key)


def _base(scan: str, part: str) -> str:
    """The name of a clip's file without its extension; what stands at its end is not the end of the name."""
    return safe_file_name(f"{stem(scan)}{part}.x").removesuffix(".x")


def check_scan_name(name: str, path: str) -> None:
    """Raise InvalidRequest where a scan's name is empty or a path; `path` says where it was given."""
    if not name.strip() or name in {".", ".."} or any(c in "/\\" for c in name):
        raise InvalidRequest.at(path, "a file name without path separators")


def recognition_files(recognition: Recognition, options: RecognitionOptions, names: FileNames) -> list[ResponseFile]:
    """The results file of one scan, then its clips; nothing for a scan that failed."""
    if not recognition.passed:
        return []
    text = results_text(recognition).encode()
    results = ResponseFile(names.results(recognition.scan), "text/plain; charset=utf-8", text)
    areas = [clip.element for clip in recognition.clips]
    named = zip(names.clips(recognition.scan, areas, options.clip_format), recognition.clips, strict=True)
    return [results, *(ResponseFile(name, clip.format.media_type, clip.data) for name, clip in named)]


def results_text(recognition: Recognition) -> str:
    """`Name:Value` lines in template order, each ended by LF; the value of a blank element is empty.

    A name or a bar code may hold anything: what would end the line is a space.
    """
    return "".join(f"{_in_a_line(element.name)}:{_in_a_line(element.value)}\n" for element in recognition.elements)


def _in_a_line(text: str) -> str:
    return "".join(character if is_plain(character) else " " for character in text)


def _check_distinct(names: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for name, purpose in names:
        key = file_key(name)
        if key in seen:
            raise NameConflict(f"{seen[key]} and {purpose} would both be named {name!r}.", name=name)
        seen[key] = purpose
