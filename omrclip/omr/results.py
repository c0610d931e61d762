"""Results of the elements of one scan, and the options for judging marks.

Their numbers are rounded: corners to hundredths of a pixel, fills and confidences to thousandths.
"""

from dataclasses import dataclass
from enum import StrEnum

Corners = tuple[tuple[float, float], ...]
"""Points (x, y) in pixels of the scan: top left, top right, bottom right, bottom left of a box on the page."""


class ElementStatus(StrEnum):
    """The status of an element's value.

    `uncertain` values should be checked by a person: a mark is too faint, or too much of it is erased, or the place of
    the element was not found in the scan, or a barcode cannot be read. The value is then the most likely one.
    """

    MARKED = "marked"
    BLANK = "blank"
    MULTIPLE = "multiple"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class MarkThresholds:
    """The fills, 0 to 1, that separate marks from blanks.

    A page may be judged more strictly: if its marks are full, a much fainter mark is uncertain, and on clean paper any
    visible stain is.

    Attributes:
        marked: below this fill no bubble is marked.
        blank: above this fill no bubble is blank. Between the two it is uncertain.
    """

    marked: float = 0.1
    blank: float = 0.08


@dataclass(frozen=True, slots=True)
class BubbleResult:
    """A bubble: its value, and the part of its inside that is covered by anything but print, 0 to 1."""

    value: str
    fill: float
    marked: bool
    corners: Corners = ()


@dataclass(frozen=True, slots=True)
class ElementResult:
    """The result of a ChoiceBox, Grid or Barcode.

    Attributes:
        name, type: of the element. Unnamed children of a Grid have an empty name.
        status: the status of the value.
        value: the values of the marked bubbles in bubble order, of a Grid's children in their order, or the text of a
            barcode.
        confidence: 0 to 1, of the least certain part.
        bubbles: of a ChoiceBox, in template order.
        children: of a Grid, in template order.
        corners: the corners of the element's box in the scan.
        message: for people, the reason why it is uncertain, or an empty string.
        path: the element's JSON path in the template; empty for children.
        label: distinguishes elements with the same name (`Gender (2)`); empty for children.
        score: the sum of a ScoreGroup, and of its questions and answers; None for others.
    """

    name: str
    type: str
    status: ElementStatus
    value: str = ""
    confidence: float = 0.0
    bubbles: tuple[BubbleResult, ...] = ()
    children: tuple["ElementResult", ...] = ()
    corners: Corners = ()
    message: str = ""
    path: str = ""
    label: str = ""
    score: float | None = None

    @property
    def title(self) -> str:
        """The label, or the name if there is no label."""
        return self.label or self.name
