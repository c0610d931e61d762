"""The table of many recognitions, for people with a spreadsheet."""

from collections.abc import Iterator, Sequence

from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.result_files import clip_name
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Template

# What a spreadsheet takes for the beginning of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def results_table(
    template: Template, recognitions: Sequence[Recognition], options: RecognitionOptions
) -> Iterator[list[str]]:
    """A row a scan below a row of headings.

    First come how it went and which elements a person should look at, since their values are not sure; then a column
    for the value of each element, and one for the file of each clip. No cell is a formula: an apostrophe stands before
    what would be one.
    """
    read = list(dict.fromkeys(element.name for recognition in recognitions for element in recognition.elements))
    areas = [area.name or "" for area in template.clip_areas]
    yield _plain("Image", "Result", "Page", "Messages", "Uncertain", "Multiple", *read, *areas)
    for recognition in recognitions:
        values = {element.name: element.value for element in recognition.elements}
        scan, cut = recognition.scan, [clip.element for clip in recognition.clips]
        clips = {name: clip_name(scan, name, options.clip_format) for name in cut}
        yield _plain(
            scan,
            "Pass" if recognition.passed else "Fail",
            str(recognition.page or ""),
            " ".join(recognition.messages),
            _with_status(recognition, ElementStatus.UNCERTAIN),
            _with_status(recognition, ElementStatus.MULTIPLE),
            *(values.get(name, "") for name in read),
            *(clips.get(name, "") for name in areas),
        )


def _with_status(recognition: Recognition, status: ElementStatus) -> str:
    return "; ".join(element.name for element in recognition.elements if element.status is status)


def _plain(*cells: str) -> list[str]:
    return [f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in cells]
