"""The files of a recognition: their names, which are known before the work, and their bytes."""

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
# The longest name on common file systems, in bytes of UTF-8.
LONGEST_FILE_NAME = 255
# The part of it for "_9999" and ".webp", and the least part for an element's name, in bytes.
_BEHIND_A_PART, _LEAST_PART = 10, 24


@dataclass(frozen=True, slots=True)
class ResponseFile:
    """One file of a response. `media_type` is the real format of `data`. The name may have another extension."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileNames:
    """The file names of one request. They are unique on every file system.

    The file of a clip is called `<scan's name without extension><element's name>.<extension>`, made safe by
    `safe_file_name`. If elements of one page would have the same name, they get `_2`, `_3`, … in template order. So
    does a file that would have the name of another scan's file. Long names of elements are shortened.

    Attributes:
        alone: whether there is only one scan. Its results file then does not contain its name.
        moved: (scan, element's part of the name) → the name without extension, if another scan has the usual name.
    """

    alone: bool
    moved: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def results(self, scan: str) -> str:
        """The name of a scan's results file."""
        return RESULTS_NAME if self.alone else safe_file_name(stem(scan) + RESULTS_NAME)

    def clips(self, scan: str, elements: Iterable[str], clip_format: Format | None) -> list[str]:
        """The names of the clips of all clip areas of a page, in template order.

        The extension is `png` if no format was requested, because clients expect it.
        """
        parts = _parts(scan, elements)
        return [f"{self.moved.get((scan, part)) or _base(scan, part)}.{clip_format or 'png'}" for part in parts]


def clip_names(recognition: Recognition) -> list[str]:
    """The names of a recognition's clips, in their order, each with the extension of its format.

    They are unique in the recognition. Clips of another scan may have the same names (see `FileNames`).
    """
    if not recognition.clips:
        return []
    areas = [clip.element for clip in recognition.clips]
    return FileNames(alone=True).clips(recognition.scan, areas, recognition.clips[0].format)


def saved_name(name: str, media_type: str) -> str:
    """The name for saving a response file. JPEG files end in `.jpg`, even if they have another extension in the API."""
    return f"{name[:-4]}.jpg" if media_type == Format.JPG.media_type and name.endswith(".png") else name


def file_names(
    names: FileNames, template: Template, scans: Sequence[str], options: RecognitionOptions
) -> Iterator[tuple[str, str]]:
    """Yield (file name, purpose) of all files of a request, results first, as in the response."""
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
    """Yield (file name, purpose) of the overlays."""
    for scan in scans:
        yield overlay_name(scan), f"the overlay of {scan!r}"


def plan_file_names(
    template: Template, scans: Sequence[str], options: RecognitionOptions, reserved: Iterable[tuple[str, str]] = ()
) -> FileNames:
    """Name the files of a request before the work.

    Names that differ only in letter case, or in the composition of an accent, are the same on many file systems.

    Args:
        template: its clip areas are named, even if the page of a scan is not known.
        scans: the names of the scans.
        options: their `pages` contain the page of a scan.
        reserved: names that clips must not have, each with its purpose.

    Raises:
        InvalidRequest: a file name would be too long.
        NameConflict: two scans have the same name, or would have results files with the same name.
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
    """The files of clips that would have the name of another scan's file, or a reserved name, and their new names."""
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
    """The elements' parts of the file names. They are unique, and shortened to whole characters if necessary."""
    room = max(_LEAST_PART, LONGEST_FILE_NAME - _BEHIND_A_PART - len(stem(scan).encode("utf-8", "replace")))
    cut = (name.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") for name in elements)
    return distinct(cut, "{}_{}", file_key)


def _base(scan: str, part: str) -> str:
    """The name of a clip's file without its extension. A dot in the element's name does not begin an extension."""
    return safe_file_name(f"{stem(scan)}{part}.x").removesuffix(".x")


def check_scan_name(name: str, path: str) -> None:
    """Raise InvalidRequest if a scan's name is empty or a path. `path` is the place of the name in the request."""
    if not name.strip() or name in {".", ".."} or any(c in "/\\" for c in name):
        raise InvalidRequest.at(path, "a file name without path separators")


def recognition_files(recognition: Recognition, options: RecognitionOptions, names: FileNames) -> list[ResponseFile]:
    """The results file of a scan and its clips, or nothing for a scan that failed."""
    if not recognition.passed:
        return []
    text = results_text(recognition).encode()
    results = ResponseFile(names.results(recognition.scan), "text/plain; charset=utf-8", text)
    areas = [clip.element for clip in recognition.clips]
    named = zip(names.clips(recognition.scan, areas, options.clip_format), recognition.clips, strict=True)
    return [results, *(ResponseFile(name, clip.format.media_type, clip.data) for name, clip in named)]


def results_text(recognition: Recognition) -> str:
    """`Name:Value` lines in template order, each ended by LF. The value of a blank element is empty.

    Characters in names and barcodes that would end the line become spaces.
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
