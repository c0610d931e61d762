"""Places to write in: empty boxes, and lines with white above them."""

from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import Surroundings
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage

Sides = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the working page."""
LEAST_BOX_MM = (15.0, 5.0)
"""Width and height of a box to write in at least; boxes for one letter are narrower."""
MOST_OF_PAGE = 0.6
"""Part of the page that a box covers at most; larger ones are frames."""
LEAST_RECTANGLE = 0.9
"""Part of its box that the inside of a frame covers; joined cells of a table cover less."""
LEAST_LINE_MM = 18.0
"""Length of a line to write on at least."""
MOST_THICK_MM = 0.8
"""Thickness of a line to write on at most; thicker ones are rules between sections."""
ABOVE_LINE_MM = 6.5
"""Height of the place above a line; handwriting is 4 to 6 mm high."""
MOST_OF_WIDTH = 0.6
"""Part of the width of the page that a line takes at most; longer ones part sections."""
LABEL_MM = 25.0
"""Distance in which something is printed at the left of a line to write on. Many forms let their lines begin below each
other, behind labels of different lengths. Rules between sections begin at the left margin or are longer."""
LABEL_PART = 0.4
"""Part of the height of a box, at its top, in which its label may be printed; what is below it is free to write in."""
BELOW_MM, FREE_BELOW_MM = 5.0, 9.0
"""Distance below a line to write on within which its label is, if it has none at its left; and up to which nothing else
is printed. Below the rule of a section, text goes on."""
INSET_MM = 0.5
"""Width inside the border of a box that belongs to the border."""


def find_write_ins(page: WorkingPage, around: Surroundings, bubbles: Sequence[Shape]) -> list[Sides]:
    """Return the places to write in, from top to bottom: boxes without more than a label, and space above lines.

    Args:
        page: the page.
        around: its print without bubbles and long lines.
        bubbles: all bubbles. A place with a bubble in it is none.
    """
    boxes = [box for box in _boxes(page) if not _has_bubble(box, bubbles) and _is_free(box, around)]
    boxes = [box for box in boxes if not any(_is_inside(box, other) for other in boxes if other is not box)]
    lines = [line for line in _lines(page, around) if not _has_bubble(line, bubbles)]
    lines = [line for line in lines if not any(_meets(line, box) for box in boxes)]
    return _in_reading_order([*boxes, *lines])


def _in_reading_order(places: list[Sides]) -> list[Sides]:
    """From top to bottom, and from left to right where tops differ by less than 1 mm."""
    levels: list[list[Sides]] = []
    for sides in sorted(places, key=lambda sides: sides[1]):
        if levels and sides[1] - levels[-1][0][1] < PX_PER_MM:
            levels[-1].append(sides)
        else:
            levels.append([sides])
    return [sides for level in levels for sides in sorted(level)]


def _boxes(page: WorkingPage) -> list[Sides]:
    """The insides of frames."""
    contours, tree = cv2.findContours(page.lines, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return []
    found = []
    for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
        left, top, width, height = cv2.boundingRect(contour)
        if parent < 0 or width < LEAST_BOX_MM[0] * PX_PER_MM or height < LEAST_BOX_MM[1] * PX_PER_MM:
            continue
        if cv2.contourArea(contour) < LEAST_RECTANGLE * width * height:
            continue
        if width * height <= MOST_OF_PAGE * page.grey.size:
            found.append((float(left), float(top), float(left + width), float(top + height)))
    return found


def _is_free(box: Sides, around: Surroundings) -> bool:
    """Whether a box is empty, or has a label at its top and enough space below it."""
    left, top, right, bottom = box
    below = (left, top + LABEL_PART * (bottom - top), right, bottom)
    is_high = bottom - below[1] >= LEAST_BOX_MM[1] * PX_PER_MM
    return not _has_print(below if is_high else box, around)


def _lines(page: WorkingPage, around: Surroundings) -> list[Sides]:
    """The space above horizontal lines that have a label, meet no vertical line, and have no print above them."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(page.lines)
    found = []
    for left, top, width, height, _ in stats[1:count].tolist():
        is_line = LEAST_LINE_MM * PX_PER_MM <= width <= MOST_OF_WIDTH * page.grey.shape[1]
        if not is_line or height > MOST_THICK_MM * PX_PER_MM:
            continue
        space = (float(left), top - ABOVE_LINE_MM * PX_PER_MM, float(left + width), float(top))
        if space[1] >= 0 and not _has_print(space, around) and _has_label(space, around):
            found.append(space)
    return found


def _has_label(space: Sides, around: Surroundings) -> bool:
    """Whether something is printed at the left of a line to write on, or one line below it."""
    left, top, right, bottom = space
    if around.has_print(left - LABEL_MM * PX_PER_MM, (top + bottom) / 2, left, bottom + PX_PER_MM):
        return True
    label, end = bottom + BELOW_MM * PX_PER_MM, bottom + FREE_BELOW_MM * PX_PER_MM
    return around.has_print(left, bottom, right, label) and not around.has_print(left, label, right, end)


def _has_print(sides: Sides, around: Surroundings) -> bool:
    inset = INSET_MM * PX_PER_MM
    left, top, right, bottom = sides
    return around.has_print(left + inset, top + inset, right - inset, bottom - inset)


def _has_bubble(sides: Sides, bubbles: Sequence[Shape]) -> bool:
    left, top, right, bottom = sides
    return any(left < bubble.x < right and top < bubble.y < bottom for bubble in bubbles)


def _is_inside(one: Sides, other: Sides) -> bool:
    return bool(np.all(np.array(one[:2]) >= other[:2]) and np.all(np.array(one[2:]) <= other[2:]) and one != other)


def _meets(one: Sides, other: Sides) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] + PX_PER_MM and other[1] < one[3]
