"""Results of the elements of one scan, and the options for judging marks."""

from dataclasses import dataclass
from enum import StrEnum

Corners = tuple[tuple[float, float], ...]
"""Points (x, y) in scan pixels: a box's top left, top right, bottom right, bottom left as on the page."""


class ElementStatus(StrEnum):
    """The status of an element's value.

    `uncertain` asks for a person's eye: a mark too faint or too much erased to decide, a place that could not be
    found again in the scan, a bar code that does not read. Its value is the likeliest one.
    """

    MARKED = "marked"
    BLANK = "blank"
    MULTIPLE = "multiple"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class MarkThresholds:
    """The fills, 0 to 1, that part marks from blanks.

    A page may ask for more: where its marks are full, a mark far from them is uncertain, and on clean paper any
    stain that stands out.

    Attributes:
        marked: below this fill no bubble is marked.
        blank: above this fill no bubble is blank; between the two it is uncertain.
    """

    marked: float = 0.1
    blank: float = 0.08


@dataclass(frozen=True, slots=True)
class BubbleResult:
    """One bubble: its value, and how much of its inside is covered by what was not printed there, 0 to 1."""

    value: str
    fill: float
    marked: bool
    corners: Corners = ()


@dataclass(frozen=True, slots=True)
class ElementResult:
    """The result of one ChoiceBox, Grid or Barcode.

    Attributes:
        name, type: of the element; unnamed children of a Grid have the name "".
        status: what is known of the value.
        value: values of the marked bubbles in bubble order, of a Grid's children in their order; a bar code's text.
        confidence: 0 to 1, of the least certain part.
        bubbles: of a ChoiceBox, in template order.
        children: of a Grid, in template order.
        corners: where the element's box lies in the scan.
        message: for people, why it is uncertain; "" where it is not.
        path: the element's JSON path in the template; "" for children.
        label: tells elements of one name apart (`Gender (2)`); "" for children.
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
        """The label, or the name where there is none."""
        return self.label or self.name
