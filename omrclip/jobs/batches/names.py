"""The names of the files of a batch. They depend on one scan only, so that scans can be added at any time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from omrclip.errors import NameConflict
from omrclip.iiif.request import Format
from omrclip.jobs.sources import ScanFile
from omrclip.omr.labels import distinct
from omrclip.omr.report.file_names import file_key, safe_file_name, stem
from omrclip.omr.report.result_files import FileNames

CLIPS, REJECTED = "clips", "rejected"
OVERLAY = ".overlay.jpg"
"""The end of the name of an overlay."""
LONGEST_PART = 120
"""Bytes of the name of an element or of a page in a file name. The storage takes 200, and endings are added."""
UNNAMED = "ClipArea"
"""The folder of clips of areas without a name."""


@dataclass(frozen=True, slots=True)
class BatchFiles(FileNames):
    """The names of clips in a batch: `clips/<element>/<page>.<extension>`."""

    def clips(self, scan: str, elements: Iterable[str], clip_format: Format | None) -> list[str]:
        """The names of the clips of all clip areas of a page, in template order."""
        page = page_part(scan)
        parts = distinct((_part(name or UNNAMED) for name in elements), "{}_{}", file_key)
        return [f"{CLIPS}/{part}/{page}.{clip_format or 'jpg'}" for part in parts]


FILES = BatchFiles(alone=False)


def page_part(scan: str) -> str:
    """The name of a scan in the names of its files."""
    return _part(stem(scan))


def rejected_name(scan: str, end: str) -> str:
    """The name of a file about a scan that failed; `end` is `.txt` and so on."""
    return f"{REJECTED}/{page_part(scan)}{end}"


def sheet_key(scan: str) -> str:
    """Equal for scans whose files would have the same names."""
    return file_key(page_part(scan))


def check_distinct(scans: Sequence[ScanFile]) -> None:
    """Raise NameConflict if files of two scans would have one name."""
    seen: dict[str, str] = {}
    for scan in scans:
        key = sheet_key(scan.name)
        if key in seen:
            raise NameConflict(
                f"The results of {seen[key]!r} and {scan.name!r} would have the same file names. Rename one of the "
                "files, or put them into different batches.",
                name=scan.name,
            )
        seen[key] = scan.name


def _part(name: str) -> str:
    """A part of a file name that every store takes. A name that is cut gets a hash, so that it stays different."""
    safe = safe_file_name(name.strip() or "_")
    safe = f"_{safe[1:]}" if safe.startswith(".") else safe
    data = safe.encode()
    if len(data) <= LONGEST_PART:
        return safe
    return f"{data[:LONGEST_PART].decode(errors='ignore').rstrip()}-{sha256(name.encode()).hexdigest()[:12]}"
