"""The names of the files of a batch. They depend on the name of one scan, so that scans can be added at any time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from omrclip.iiif.request import Format
from omrclip.jobs.batches.folder import CLIPS, REJECTED
from omrclip.jobs.sources import ScanFile
from omrclip.omr.labels import distinct
from omrclip.omr.report.file_names import file_key, safe_file_name, shown_name, stem
from omrclip.omr.report.result_files import FileNames

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


def distinct_names(names: Sequence[str]) -> list[str]:
    """Number scans whose files would have the same names: the second `a.jpg` becomes `a (2).jpg`."""
    stems = distinct(map(stem, names), "{} ({})", lambda part: file_key(_part(part)))
    return [chosen + name[len(stem(name)) :] for chosen, name in zip(stems, names, strict=True)]


def distinct_scans(scans: Sequence[ScanFile]) -> list[ScanFile]:
    """The scans with distinct names that can be shown, in their order."""
    names = distinct_names([shown_name(scan.name) for scan in scans])
    return [replace(scan, name=name) for scan, name in zip(scans, names, strict=True)]


def _part(name: str) -> str:
    """A part of a file name that every store takes. A name that is cut gets a hash, so that it stays different."""
    safe = safe_file_name(name.strip() or "_")
    safe = f"_{safe[1:]}" if safe.startswith(".") else safe
    data = safe.encode()
    if len(data) <= LONGEST_PART:
        return safe
    return f"{data[:LONGEST_PART].decode(errors='ignore').rstrip()}-{sha256(name.encode()).hexdigest()[:12]}"
