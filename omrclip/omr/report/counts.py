"""How often each value of each element was read, with memory that depends on the templates only."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from omrclip.omr.report.sheet import DOUBTFUL, Sheet, marked_values
from omrclip.omr.results import ElementResult, ElementStatus


@dataclass(slots=True)
class ElementCounts:
    """The counts of the elements with one title.

    Attributes:
        title: of the elements.
        sheets: on how many sheets.
        marks: the value of a bubble → how many certain answers have it. Answers with several marks count for each.
        statuses: how many answers have each status. A corrected answer is `marked`, or `blank` if it is empty.
        others: how many certain answers are not the value of a bubble, such as those of grids and bar codes.
        corrected: how many answers were corrected.
    """

    title: str
    sheets: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[ElementStatus] = field(default_factory=Counter)
    others: int = 0
    corrected: int = 0

    @property
    def doubtful(self) -> int:
        """How many answers a person should check."""
        return sum(self.statuses[status] for status in DOUBTFUL)

    def add(self, element: ElementResult, corrected: str | None) -> None:
        """Count one answer."""
        self.sheets += 1
        for bubble in element.bubbles:
            self.marks.setdefault(bubble.value, 0)
        if corrected is None:
            status, values = element.status, marked_values(element)
            values = values if element.value == "".join(values) else [element.value]
        else:
            status, values = (ElementStatus.MARKED if corrected else ElementStatus.BLANK), [corrected]
            self.corrected += 1
        self.statuses[status] += 1
        if status is not ElementStatus.MARKED:
            return
        if values and all(value in self.marks for value in values):
            for value in values:
                self.marks[value] += 1
        else:
            self.others += 1


class Counts:
    """The counts of all elements of many sheets."""

    def __init__(self) -> None:
        self._elements: dict[str, ElementCounts] = {}

    def add(self, sheet: Sheet) -> None:
        """Count the answers of one sheet."""
        for element in sheet.recognition.elements:
            found = self._elements.get(element.title)
            if found is None:
                found = self._elements[element.title] = ElementCounts(element.title)
            found.add(element, sheet.correction(element.title))

    def __iter__(self) -> Iterator[ElementCounts]:
        """The counts in the order in which the elements were first seen."""
        return iter(self._elements.values())
