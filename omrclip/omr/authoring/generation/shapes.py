"""What is drawn on a page, in pixels at 300 dpi from its top left corner. Colours are red, green and blue, 0 to 255."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.template import Element as TemplateElement

Colour: TypeAlias = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)
DPI = 300
"""Pixels of a layout per inch: the unit of all lengths in a source."""
POINTS_PER_INCH = 72
"""PostScript and PDF points."""
LINE_SPACING = 1.25
"""The distance of two lines of text, in sizes of the font."""
LINE = 4
"""Pixels of a line: 0.34 mm. Thinner borders of bubbles are lost in scans at 150 dpi."""


@dataclass(frozen=True, slots=True)
class Font:
    """How text is drawn. `size` is in pixels."""

    size: float = 50
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strikeout: bool = False
    colour: Colour = BLACK

    @property
    def line(self) -> float:
        """The distance of two lines."""
        return LINE_SPACING * self.size


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with an outline, a filling, or both. `radius` rounds its corners."""

    left: float
    top: float
    width: float
    height: float
    line: float = LINE
    colour: Colour = BLACK
    fill: Colour | None = None
    radius: float = 0


@dataclass(frozen=True, slots=True)
class Oval:
    """An outline of an ellipse or a circle."""

    left: float
    top: float
    width: float
    height: float
    line: float = LINE
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line."""

    x0: float
    y0: float
    x1: float
    y1: float
    line: float = LINE
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text, in the order in which it is read; `left` is its left end on the page.

    `is_from_right` is the direction of the paragraph to which the line belongs.
    """

    left: float
    baseline: float
    text: str
    font: Font
    is_from_right: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, by its name."""

    left: float
    top: float
    width: float
    height: float
    name: str


@dataclass(frozen=True, slots=True)
class Modules:
    """The black parts of a bar code: (left, top, width, height) of each."""

    parts: tuple[tuple[float, float, float, float], ...]


Shape: TypeAlias = Rect | Oval | Stroke | Words | Picture | Modules


@dataclass(frozen=True, slots=True)
class PageLayout:
    """A page in numbers: what is drawn, in this order, and the elements of the template."""

    dimensions: Dimensions
    shapes: Sequence[Shape] = field(default_factory=tuple)
    elements: Sequence[TemplateElement] = field(default_factory=tuple)
