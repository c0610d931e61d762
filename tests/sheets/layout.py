"""The parts of a paper form, described once in millimetres from the page's upper left corner.

The printed page, the `.omr` template and the pen marks are all made from the same description, at any resolution.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MM_PER_INCH = 25.4
LABEL_GREY = 165

Orientation = Literal["Horizontal", "Vertical"]
BarcodeKind = Literal["qr", "ean13", "aruco"]
Writing = Literal["name", "signature", "date", "initials", "comment"]


def scale_of(dpi: float) -> float:
    """Pixels per millimetre."""
    return dpi / MM_PER_INCH


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the paper, in mm."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    def grown(self, margin: float) -> "Area":
        """The same rectangle with `margin` mm more on each side (less, when negative)."""
        return Area(self.left - margin, self.top - margin, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True, slots=True)
class Text:
    """A line of printed text. `size` is the em in mm, `weight` 100 to 900, `grey` 0 (black) to 255."""

    x: float
    baseline: float
    text: str
    size: float = 3.6
    weight: int = 400
    align: Literal["left", "center", "right"] = "left"
    grey: int = 30
    face: Literal["sans", "italic", "uni"] = "sans"


@dataclass(frozen=True, slots=True)
class Rule:
    """A printed straight line, `width` mm thick."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float = 0.25
    grey: int = 60


@dataclass(frozen=True, slots=True)
class Frame:
    """A printed rectangle: outlined `line` mm thick (0: no outline), filled where `fill` is a grey."""

    area: Area
    line: float = 0.3
    grey: int = 60
    fill: int | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """A printed circle around (x, y), with an optional letter. Both for bubbles and for pictures of bubbles."""

    x: float
    y: float
    diameter: float
    label: str = ""
    line: float = 0.3
    fill: int | None = None
    label_grey: int = LABEL_GREY


Print = Text | Rule | Frame | Ring


@dataclass(frozen=True, slots=True)
class Bubble:
    """One choice: `value` as it is read, `label` as it is printed inside, centre in mm."""

    value: str
    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceBox:
    """Bubbles of one `diameter` (mm) that answer one question. `name` is empty for the column of a grid. `label_grey`
    is the grey in which the bubbles' labels are printed.
    """

    name: str
    bubbles: tuple[Bubble, ...]
    diameter: float
    orientation: Orientation = "Horizontal"
    multiselect: bool = False
    label_grey: int = LABEL_GREY

    @property
    def area(self) -> Area:
        """The bubbles' bounds with a little air, as templates have them."""
        xs, ys, radius = [b.x for b in self.bubbles], [b.y for b in self.bubbles], self.diameter / 2
        left, top = min(xs) - radius, min(ys) - radius
        return Area(left, top, max(xs) + radius - left, max(ys) + radius - top).grown(0.25)


@dataclass(frozen=True, slots=True)
class Grid:
    """Choice boxes side by side, or (Vertical) one below the other, whose values are read as one string. `cells` are
    the squares to write the digits in.
    """

    name: str
    columns: tuple[ChoiceBox, ...]
    cells: tuple[Area, ...] = ()
    orientation: Orientation = "Horizontal"

    @property
    def area(self) -> Area:
        first, last = self.columns[0].area, self.columns[-1].area
        return Area(first.left, first.top, last.right - first.left, last.bottom - first.top).grown(0.25)


@dataclass(frozen=True, slots=True)
class Barcode:
    """A code of `content`. `area` includes its quiet zone."""

    name: str
    area: Area
    content: str
    kind: BarcodeKind = "qr"


@dataclass(frozen=True, slots=True)
class ReferencePoint:
    """A solid square by which the page is found."""

    name: str
    area: Area


@dataclass(frozen=True, slots=True)
class ClipArea:
    """A place to be cut out: `area` is what is cut, `room` is where a person writes `writing`, in `lines` lines."""

    name: str
    area: Area
    room: Area
    writing: Writing
    lines: int = 1
    quality: int = 85


Element = ChoiceBox | Grid | Barcode | ReferencePoint | ClipArea


@dataclass(frozen=True, slots=True)
class Form:
    """One page: extents in mm, what is only printed, and the elements that a template names."""

    name: str
    width: float
    height: float
    prints: tuple[Print, ...]
    elements: tuple[Element, ...]

    def choice_boxes(self) -> Iterator[ChoiceBox]:
        """Every choice box in template order, the columns of grids among them."""
        for element in self.elements:
            if isinstance(element, ChoiceBox):
                yield element
            elif isinstance(element, Grid):
                yield from element.columns

    def clip_areas(self) -> Iterator[ClipArea]:
        return (element for element in self.elements if isinstance(element, ClipArea))

    def reference_points(self) -> Iterator[ReferencePoint]:
        return (element for element in self.elements if isinstance(element, ReferencePoint))
