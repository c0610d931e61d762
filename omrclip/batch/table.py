"""The table of many recognitions, for people with a spreadsheet."""

from dataclasses import dataclass

from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.result_files import clip_name
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Barcode, ChoiceBox, Grid, Template

# What a spreadsheet takes for the beginning of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """The columns of a table with a row for each scan. They depend on the template only.

    First come how it went, which elements a person should look at, and which are blank; then a column
    for the value of each element, and one for the file of each clip. No cell is a formula: an apostrophe stands before
    what would be one.

    Attributes:
        elements: the names of the choice boxes, grids and bar codes of all pages.
        areas: the names of the clip areas of all pages.
        options: those of the recognitions.
    """

    elements: tuple[str, ...]
    areas: tuple[str, ...]
    options: RecognitionOptions

    @classmethod
    def of(cls, template: Template, options: RecognitionOptions) -> "ResultsTable":
        """The table for scans of a template."""
        read = (e for page in template.pages for e in page.elements if isinstance(e, ChoiceBox | Grid | Barcode))
        names = dict.fromkeys(element.name or "" for element in read)
        return cls(tuple(names), tuple(area.name or "" for area in template.clip_areas), options)

    def headings(self) -> list[str]:
        """The first row."""
        return _plain(
            "Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank", *self.elements, *self.areas
        )

    def row(self, recognition: Recognition) -> list[str]:
        """The row of one scan."""
        values = {element.name: element.value for element in recognition.elements}
        scan, cut = recognition.scan, [clip.element for clip in recognition.clips]
        clips = {name: clip_name(scan, name, self.options.clip_format) for name in cut}
        return _plain(
            scan,
            "Pass" if recognition.passed else "Fail",
            str(recognition.page or ""),
            " ".join(recognition.messages),
            _with_status(recognition, ElementStatus.UNCERTAIN),
            _with_status(recognition, ElementStatus.MULTIPLE),
            _with_status(recognition, ElementStatus.BLANK),
            *(values.get(name, "") for name in self.elements),
            *(clips.get(name, "") for name in self.areas),
        )


def _with_status(recognition: Recognition, status: ElementStatus) -> str:
    return "; ".join(element.name for element in recognition.elements if element.status is status)


def _plain(*cells: str) -> list[str]:
    return [f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in cells]
