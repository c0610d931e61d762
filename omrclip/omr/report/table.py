"""The table of many recognitions, for people with a spreadsheet."""

from dataclasses import dataclass

from omrclip.omr.labels import page_labels
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import ClipArea, Template

# What a spreadsheet takes for the beginning of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """The columns of a table with a row for each scan. They depend on the template only.

    First come how it went, which elements a person should look at, and which are blank; then a column
    for the value of each element, and one for the file of each clip. No cell is a formula: an apostrophe stands before
    what would be one.

    Attributes:
        elements: the labels of the choice boxes, grids and bar codes of all pages. Those of two pages may share a
            column, since a scan shows one page.
        areas: the labels of the clip areas of all pages.
        options: those of the recognitions.
        files: the names of the clips' files.
    """

    elements: tuple[str, ...]
    areas: tuple[str, ...]
    options: RecognitionOptions
    files: FileNames

    @classmethod
    def of(cls, template: Template, options: RecognitionOptions, files: FileNames) -> "ResultsTable":
        """The table for scans of a template."""
        elements, areas = dict[str, None](), dict[str, None]()
        for page in template.pages:
            for index, label in page_labels(page).items():
                (areas if isinstance(page.elements[index], ClipArea) else elements)[label] = None
        return cls(tuple(elements), tuple(areas), options, files)

    def headings(self) -> list[str]:
        """The first row."""
        return _plain(
            "Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank", *self.elements, *self.areas
        )

    def row(self, recognition: Recognition) -> list[str]:
        """The row of one scan."""
        scan, cut = recognition.scan, [clip.element for clip in recognition.clips]
        values = {element.title: element.value for element in recognition.elements}
        named = zip(recognition.clips, self.files.clips(scan, cut, self.options.clip_format), strict=True)
        clips = {clip.title: name for clip, name in named}
        return _plain(
            scan,
            "Pass" if recognition.passed else "Fail",
            str(recognition.page or ""),
            " ".join(recognition.messages),
            _with_status(recognition, ElementStatus.UNCERTAIN),
            _with_status(recognition, ElementStatus.MULTIPLE),
            _with_status(recognition, ElementStatus.BLANK),
            *(values.get(label, "") for label in self.elements),
            *(clips.get(label, "") for label in self.areas),
        )


def _with_status(recognition: Recognition, status: ElementStatus) -> str:
    return "; ".join(element.title for element in recognition.elements if element.status is status)


def _plain(*cells: str) -> list[str]:
    return [f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in cells]
