"""Detect the elements of a blank page: the steps in their order, and the proposals that come out."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.authoring.detection.bubbles import MOST_CANDIDATES, Chosen, choose_bubbles
from omrclip.omr.authoring.detection.codes import Code, find_codes
from omrclip.omr.authoring.detection.examples import example_groups
from omrclip.omr.authoring.detection.gaps import find_shapes
from omrclip.omr.authoring.detection.grid_boxes import boxes_of_grids, letter_boxes
from omrclip.omr.authoring.detection.grouping import Group, group_bubbles
from omrclip.omr.authoring.detection.left_out import LeftOut, Why
from omrclip.omr.authoring.detection.marks import corner_marks
from omrclip.omr.authoring.detection.mixed_rows import smallest_size, with_mixed_rows
from omrclip.omr.authoring.detection.shapes import Outlines, Shape, Shapes, find_outlines
from omrclip.omr.authoring.detection.size_classes import of_one_size
from omrclip.omr.authoring.detection.straighten import (
    LEAST_SKEW_DEGREES,
    Straightened,
    clear_skew_of,
    cut_paper,
    skew_of,
    skew_of_lines,
    turn,
)
from omrclip.omr.authoring.detection.surroundings import Surroundings, surroundings
from omrclip.omr.authoring.detection.tones import with_tones
from omrclip.omr.authoring.detection.working_page import WorkingPage, working_page
from omrclip.omr.authoring.detection.write_ins import find_write_ins
from omrclip.omr.template import Barcode, Bubble, ChoiceBox, ClipArea, Element, Grid, Place, ReferencePoint, around

CERTAIN, WRITE_IN, DECIDED_BY_SPACING, ALONE = 0.95, 0.7, 0.6, 0.5
"""Confidence of an element whose bubbles were grouped by print or by clear spaces; of a place to write in, which may be
an empty frame; of an element whose rows and columns only their distances tell; and of a bubble that belongs to no
other."""
BRIDGED = 0.15
"""What is taken from the confidence for dashed outlines and brackets, of which chance makes more."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An element that was found, with a confidence from 0 to 1."""

    element: Element
    confidence: float


@dataclass(frozen=True, slots=True)
class Unused:
    """A shape that looks like a bubble and is in no element: its place on the page, and why it was left out."""

    place: Place
    why: Why


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What was found on a page.

    Attributes:
        page: the upright page, to which all coordinates belong.
        proposals: bar codes, corner marks, and fields in reading order.
        left_out: what looks like a bubble, and is in no proposal.
    """

    page: Straightened
    proposals: tuple[Proposal, ...]
    left_out: tuple[Unused, ...]

    @property
    def fields(self) -> tuple[ChoiceBox | Grid, ...]:
        """The choice boxes and grids among the proposals."""
        elements = (proposal.element for proposal in self.proposals)
        return tuple(element for element in elements if isinstance(element, ChoiceBox | Grid))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A page that may be upright, and its outlines at the working size."""

    page: Straightened
    working: WorkingPage
    outlines: Outlines


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What was found on a page at its working size."""

    working: WorkingPage
    shapes: Shapes
    codes: list[Code]
    chosen: Chosen


def detect(pixels: Pixels) -> Detection:
    """Detect the elements of a blank page, which is made upright if it is not.

    Args:
        pixels: (height, width, 3) uint8 BGR or (height, width) grey. A photo may show what lies around the paper.
    """
    paper = cut_paper(pixels)
    view = _view(paper)
    skew = _skew_of_outlines(view)
    if abs(skew) >= LEAST_SKEW_DEGREES:
        view = _view(turn(paper, skew))
    found = _find(view)
    sizes = [one.bubbles for one in found.chosen.classes]
    rest = skew_of(sizes) if sizes else skew_of_lines(view.working.dark)
    if abs(rest) >= LEAST_SKEW_DEGREES:
        # There was too little print to see it in, or print that is turned itself.
        view = _view(turn(paper, skew + rest))
        found = _find(view)
    return _detection(view.page, found)


def detect_in_place(pixels: Pixels, page: Dimensions) -> Detection:
    """Detect the elements of a page as `detect` does, in pixels of the page: it is not turned.

    Args:
        pixels: an image of the whole page, in any resolution.
        page: the dimensions of the page in the template.
    """
    size = (page.width, page.height)
    scaled = pixels if (pixels.shape[1], pixels.shape[0]) == size else cv2.resize(pixels, size)
    straight = Straightened(np.asarray(scaled, np.uint8), np.eye(3))
    return _detection(straight, _find(_view(straight)))


def _detection(page: Straightened, found: _Found) -> Detection:
    bubbles = [bubble for one in found.chosen.classes for bubble in one.bubbles]
    print_around = surroundings(found.working, bubbles)
    groups, others = _groups(found, print_around)
    scale = found.working.scale
    areas = _clip_areas(found, print_around, [bubble for group in groups for bubble in group.bubbles])
    written = [Proposal(area, WRITE_IN) for area in areas]
    proposals = (*_marks(found), *_codes(found), *written, *_fields(groups, scale))
    unused = [Unused(_place(one.shape, scale), one.why) for one in (*found.chosen.left_out, *others)]
    # A box for one letter is left out as a bubble, and proposed with the other boxes of its row.
    left_out = [one for one in unused if one.why != Why.CELL or not any(_is_in(one.place, area) for area in areas)]
    return Detection(page, proposals, tuple(left_out))


def _is_in(place: Place, area: ClipArea) -> bool:
    """Whether the centre of a place is in an area."""
    left, top, width, height = area.place
    return left < place[0] + place[2] / 2 < left + width and top < place[1] + place[3] / 2 < top + height


def _view(page: Straightened) -> _View:
    working = working_page(page.pixels)
    return _View(page, working, find_outlines(working))


def _skew_of_outlines(view: _View) -> float:
    """The angle of the print of a page in degrees, clockwise: letters of one size stand in rows as bubbles do."""
    outlines = view.outlines.empty
    if len(outlines) > MOST_CANDIDATES:
        return 0.0
    return clear_skew_of([[outlines[index] for index in size] for size in of_one_size(outlines)])


def _find(view: _View) -> _Found:
    working = view.working
    shapes = with_tones(working, find_shapes(working, view.outlines))
    codes = find_codes(working, shapes.components)
    return _Found(working, shapes, codes, choose_bubbles(working, shapes, [code.sides for code in codes]))


def _groups(found: _Found, print_around: Surroundings) -> tuple[list[Group], list[LeftOut]]:
    """The groups of bubbles in reading order, and the bubbles of those that are no fields."""
    classes = with_mixed_rows(found.chosen.classes, print_around)
    stacks = [stack for one in classes for stack in group_bubbles(found.working, one, print_around)]
    groups = [group for stack in _in_reading_order(stacks) for group in stack]
    examples = example_groups(found.working, groups, found.shapes.filled)
    boxes = (boxes_of_grids(groups) | letter_boxes(found.working, groups, print_around)) - examples
    left_out = [LeftOut(bubble, Why.EXAMPLE) for index in sorted(examples) for bubble in groups[index].bubbles]
    left_out += [LeftOut(bubble, Why.CELL) for index in sorted(boxes) for bubble in groups[index].bubbles]
    return [group for index, group in enumerate(groups) if index not in examples | boxes], left_out


def _in_reading_order(stacks: Sequence[list[Group]]) -> list[list[Group]]:
    """Sort stacks from top to bottom, and those that begin on one level from left to right."""
    levels: list[list[list[Group]]] = []
    for stack in sorted(stacks, key=lambda stack: stack[0].bubbles[0].y):
        first = stack[0].bubbles[0]
        if levels and first.y - levels[-1][0][0].bubbles[0].y < first.height:
            levels[-1].append(stack)
        else:
            levels.append([stack])
    return [stack for level in levels for stack in sorted(level, key=lambda stack: stack[0].bubbles[0].x)]


def _marks(found: _Found) -> list[Proposal]:
    height, width = found.working.grey.shape
    free = [mark for mark in found.shapes.filled if not _is_in_code(mark, found.codes)]
    proposals = []
    for number, mark in enumerate(corner_marks(free, width, height), 1):
        left, top, wide, high = _rounded(_place(mark, found.working.scale))
        element = ReferencePoint(
            name=f"Corner{number}", left=left, top=top, width=wide, height=high, reference_type="Corner"
        )
        proposals.append(Proposal(element, CERTAIN))
    return proposals


def _is_in_code(mark: Shape, codes: Sequence[Code]) -> bool:
    return any(
        left <= mark.x <= right and top <= mark.y <= bottom
        for left, top, right, bottom in (code.sides for code in codes)
    )


def _codes(found: _Found) -> list[Proposal]:
    proposals = []
    for number, code in enumerate(found.codes, 1):
        left, top, right, bottom = (side / found.working.scale for side in code.sides)
        left, top, width, height = _rounded((left, top, right - left, bottom - top))
        element = Barcode(
            name=f"Code{number}",
            left=left,
            top=top,
            width=width,
            height=height,
            barcode_type=code.barcode_type,
            qr_version=1 if code.barcode_type == "qr" else None,
        )
        proposals.append(Proposal(element, CERTAIN))
    return proposals


def _clip_areas(found: _Found, print_around: Surroundings, bubbles: Sequence[Shape]) -> list[ClipArea]:
    areas = []
    free = [sides for sides in find_write_ins(found.working, print_around, bubbles) if not _meets_code(sides, found)]
    for number, sides in enumerate(free, 1):
        left, top, right, bottom = (side / found.working.scale for side in sides)
        left, top, width, height = _rounded((left, top, right - left, bottom - top))
        areas.append(ClipArea(name=f"Write{number}", left=left, top=top, width=width, height=height))
    return areas


def _meets_code(sides: tuple[float, float, float, float], found: _Found) -> bool:
    left, top, right, bottom = sides
    return any(
        left < code.sides[2] and code.sides[0] < right and top < code.sides[3] and code.sides[1] < bottom
        for code in found.codes
    )


def _place(shape: Shape, scale: float) -> Place:
    return shape.left / scale, shape.top / scale, shape.width / scale, shape.height / scale


def _rounded(place: Place) -> Place:
    left, top, width, height = (round(side, 1) for side in place)
    return left, top, width, height


def _fields(groups: Sequence[Group], scale: float) -> list[Proposal]:
    """The questions and grids, named by their numbers."""
    questions = grids = 0
    proposals = []
    for group in groups:
        questions, grids = questions + (not group.is_grid), grids + group.is_grid
        proposals.append(_proposed(group, f"Grid{grids}" if group.is_grid else str(questions), scale))
    return proposals


def _proposed(group: Group, name: str, scale: float) -> Proposal:
    confidence = _confidence(group)
    if not group.is_grid:
        return Proposal(_choice_box(group.rows[0], group, name, scale), confidence)
    boxes = tuple(_choice_box(row, group, None, scale) for row in group.rows)
    # The boxes of a grid stand beside each other if their bubbles stand below each other.
    across = "Horizontal" if group.direction == "Vertical" else "Vertical"
    left, top, width, height = _rounded(around(box.place for box in boxes))
    grid = Grid(name=name, left=left, top=top, width=width, height=height, elements=boxes, orientation=across)
    return Proposal(grid, confidence)


def _confidence(group: Group) -> float:
    confidence = ALONE if len(group.bubbles) == 1 else CERTAIN if group.is_certain else DECIDED_BY_SPACING
    is_bridged = any(bubble.kind in ("dashed", "brackets") for bubble in group.bubbles)
    return round(confidence - BRIDGED * is_bridged, 2)


def _choice_box(row: Sequence[Shape], group: Group, name: str | None, scale: float) -> ChoiceBox:
    width, height = (side / scale for side in smallest_size(group.bubbles))
    values = digits(len(row)) if group.is_grid else letters(len(row))
    bubbles = tuple(
        Bubble(
            value=value,
            left=round(bubble.x / scale - width / 2, 1),
            top=round(bubble.y / scale - height / 2, 1),
        )
        for value, bubble in zip(values, row, strict=True)
    )
    place = _rounded(around((bubble.left, bubble.top, width, height) for bubble in bubbles))
    return ChoiceBox(
        name=name,
        left=place[0],
        top=place[1],
        width=place[2],
        height=place[3],
        bubble_width=round(width, 1),
        bubble_height=round(height, 1),
        bubbles=bubbles,
        orientation=group.direction,
    )


def letters(count: int) -> list[str]:
    """The values of the bubbles of a question: A, B, C …, or numbers from 1 if there are more than letters."""
    return list(LETTERS[:count]) if count <= len(LETTERS) else [str(number) for number in range(1, count + 1)]


def digits(count: int) -> list[str]:
    """The values of the bubbles of a digit, from 0."""
    return [str(number) for number in range(count)]
