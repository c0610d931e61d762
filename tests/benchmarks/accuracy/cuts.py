"""Templates that know only a part of their form, or whose bubbles have wrong extents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from omrclip.omr.template import Barcode, ChoiceBox, Element, Grid, ReferencePoint, Template
from tests.sheets.strengths import Cut

PARTS = {
    "first half": (0, 1 / 2),
    "middle half": (1 / 4, 3 / 4),
    "last half": (1 / 2, 1),
    "first third": (0, 1 / 3),
    "middle third": (1 / 3, 2 / 3),
    "last third": (2 / 3, 1),
}


@dataclass(frozen=True, slots=True)
class Cutting:
    """What is left of a template: the elements of a `part` ("" for all of it, "column 2"), and reference points and
    codes if `points` says so. What is neither, and has no bubbles, is left where `bare` is False only. Bubbles are
    `extent` times as large.
    """

    part: str = ""
    extent: float = 1.0
    bare: bool = False
    points: bool = True

    @property
    def is_whole(self) -> bool:
        return self == Cutting()

    def __str__(self) -> str:
        said = (self.part, "" if self.points else "no points", "" if self.extent == 1.0 else f"× {self.extent}")
        return " ".join(filter(None, said))


def drawn(cut: Cut, template: Template, seed: int) -> Cutting:
    """What of a cut is left to chance, drawn."""
    rng = np.random.default_rng([seed, 71])
    part, points = str(rng.choice(cut.parts)), bool(rng.random() < 0.5)
    if part == "column":
        part = f"column {1 + int(rng.integers(len(columns_of(template))))}"
    is_part = bool(part)
    if not is_part and not cut.bare:
        return Cutting(extent=cut.extent)
    has_points = any(isinstance(element, ReferencePoint | Barcode) for element in template.pages[0].elements)
    return Cutting(part, cut.extent, True, has_points and (points if cut.points is None else cut.points))


def readable(template: Template) -> list[ChoiceBox | Grid]:
    """What has bubbles on the first page, in template order."""
    return [element for element in template.pages[0].elements if isinstance(element, ChoiceBox | Grid)]


def columns_of(template: Template) -> list[list[ChoiceBox | Grid]]:
    """The elements that overlap each other from left to right, as the columns of an answer sheet do."""
    columns: list[list[ChoiceBox | Grid]] = []
    right = float("-inf")
    for element in sorted(readable(template), key=lambda e: e.left):
        if element.left >= right:
            columns.append([])
        right = max(right, element.left + element.width)
        columns[-1].append(element)
    return columns


def cut_down(template: Template, cutting: Cutting) -> Template:
    """The template as the cutting leaves it."""
    (page, *_) = template.pages
    chosen = {id(element) for element in _chosen(template, cutting.part)}

    def stays(element: Element) -> bool:
        if isinstance(element, ChoiceBox | Grid):
            return id(element) in chosen
        return cutting.points if isinstance(element, ReferencePoint | Barcode) else not cutting.bare

    elements = tuple(_grown(element, cutting.extent) for element in page.elements if stays(element))
    return replace(template, pages=(replace(page, elements=elements, image_data=None),))


def _chosen(template: Template, part: str) -> Sequence[ChoiceBox | Grid]:
    elements = readable(template)
    if part.startswith("column"):
        return columns_of(template)[int(part.split()[1]) - 1]
    first, last = (round(len(elements) * share) for share in PARTS.get(part, (0, 1)))
    return elements[first : max(last, first + 1)]


def _grown(element: Element, factor: float) -> Element:
    """Bubbles larger by a factor, each about its middle; what has none stays as it is."""
    if isinstance(element, Grid):
        return replace(element, elements=tuple(_grown(child, factor) for child in element.elements))
    if not isinstance(element, ChoiceBox):
        return element
    width, height = element.bubble_width * factor, element.bubble_height * factor
    left, top = (element.bubble_width - width) / 2, (element.bubble_height - height) / 2
    bubbles = tuple(replace(b, left=b.left + left, top=b.top + top) for b in element.bubbles)
    return replace(element, bubbles=bubbles, bubble_width=width, bubble_height=height)
