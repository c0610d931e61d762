"""One recognized scan for tables and reports: the recognition, the names of its clips' files, and corrections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.results import ElementResult, ElementStatus

DOUBTFUL = (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE)
"""The statuses that ask for a person's check."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was entered in place of a value, or typed for a clip. `by` is the name of the account, "" if not known."""

    value: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One scan for tables and reports.

    Attributes:
        recognition: what was read. The bytes of its clips are not needed.
        clip_files: the names of its clips' files, in the order of its clips.
        corrections: the title of an element or clip → its correction.
        clip_links: the URIs of its clips' files, if these do not lie in the folder of the table.
        booklet: the name of the booklet that the row of a table shows; "" for a page in no booklet.
        pages: the numbers of the pages in this row, if it is that of a booklet.
        problems: what is wrong with the booklet, in sentences.
    """

    recognition: Recognition
    clip_files: Sequence[str] = ()
    corrections: Mapping[str, Corrected] = field(default_factory=dict)
    clip_links: Sequence[str] = ()
    booklet: str = ""
    pages: str = ""
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, recognition: Recognition, files: FileNames, options: RecognitionOptions) -> "Sheet":
        """The sheet of a recognition whose clips are named by `files`."""
        cut = [clip.element for clip in recognition.clips]
        return cls(recognition, files.clips(recognition.scan, cut, options.clip_format))

    @property
    def reason(self) -> str:
        """Why the scan failed; "" if it passed."""
        return self.recognition.error.message if self.recognition.error else ""

    def correction(self, title: str) -> str | None:
        """The value that a person entered for an element or clip; None if there is none."""
        corrected = self.corrections.get(title)
        return corrected.value if corrected else None


def marked_values(element: ElementResult) -> list[str]:
    """The values of the marked bubbles of a choice box."""
    return [bubble.value for bubble in element.bubbles if bubble.marked]
