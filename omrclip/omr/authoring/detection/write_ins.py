"""Places to write in: empty boxes, rows of boxes for letters, and lines with white above them."""

from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.omr.authoring.detection.letter_rows import letter_rows
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import EDGE_MM, Surroundings
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage
from omrclip.omr.authoring.detection.writing_lines import Sides, has_bubble, writing_lines

LEAST_BOX_MM = (15.0, 4.5)
"""Width and height of a box to write in at least; boxes for one letter are narrower."""
LEAST_SIDE_MM = 3.5
"""Length of a straight line that is the side of a box at least; the strokes of letters are shorter."""
MOST_OF_PAGE = 0.6
"""Part of the page that a box covers at most; larger ones are frames."""
LEAST_RECTANGLE = 0.9
"""Part of its box that the inside of a frame covers; joined cells of a table cover less."""
LABEL_PART, LEAST_BELOW_MM = 0.4, 5.0
"""Part of the height of a box, at its top, in which its label may be printed, if so much is free below it."""
LABEL_WIDTH, LEAST_BEHIND_MM = 0.4, 40.0
"""Part of the width of a box, at its left, in which its label may be printed, if so much is free behind it. Cells of a
printed table are filled further, or are narrower."""
SAME_SIDE_MM = 1.2
"""Distance of the sides of two boxes from which they are one line."""
INSET_MM = 0.5
"""Width inside the border of a box that belongs to the border."""


def find_write_ins(page: WorkingPage, around: Surroundings, bubbles: Sequence[Shape]) -> list[Sides]:
    """Return the places to write in, from top to bottom: boxes without more than a label, and space above lines.

    Args:
        page: the page.
        around: its print without bubbles and long lines.
        bubbles: all bubbles. A place with a bubble in it is none.
    """
    frames = [frame for frame in rectangles(page) if not has_bubble(frame, bubbles)]
    empty = [frame for frame in frames if _is_free(frame, around)]
    boxes = [box for box in empty if not _is_corner(box, frames, around)]
    boxes += [box for box in frames if box not in empty and _is_free_behind(box, around) and not _beside(box, frames)]
    boxes = [box for box in boxes if not any(_is_inside(box, other) for other in boxes if other is not box)]
    rows = [row for row in letter_rows(frames, around, bubbles) if not any(_is_inside(row, box) for box in boxes)]
    lines = writing_lines(page, around, [*boxes, *rows], bubbles)
    return _in_reading_order([place for place in [*boxes, *rows, *lines] if _is_on_paper(place, page)])


def _in_reading_order(places: list[Sides]) -> list[Sides]:
    """From top to bottom, and from left to right where tops differ by less than 1 mm."""
    levels: list[list[Sides]] = []
    for sides in sorted(places, key=lambda sides: sides[1]):
        if levels and sides[1] - levels[-1][0][1] < PX_PER_MM:
            levels[-1].append(sides)
        else:
            levels.append([sides])
    return [sides for level in levels for sides in sorted(level)]


def rectangles(page: WorkingPage) -> list[Sides]:
    """The insides of rectangles, also of those for one letter."""
    long = round(LEAST_SIDE_MM * PX_PER_MM)
    sides = [cv2.morphologyEx(page.blurred, cv2.MORPH_OPEN, np.ones(size, np.uint8)) for size in ((1, long), (long, 1))]
    contours, tree = cv2.findContours(cv2.bitwise_or(*sides), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return []
    found = []
    for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
        left, top, width, height = cv2.boundingRect(contour)
        is_small = min(width, height) < long or width * height > MOST_OF_PAGE * page.grey.size
        if parent >= 0 and not is_small and cv2.contourArea(contour) >= LEAST_RECTANGLE * width * height:
            found.append((float(left), float(top), float(left + width), float(top + height)))
    return found


def _is_free(box: Sides, around: Surroundings) -> bool:
    """Whether a box is empty, or has a label at its top and enough space below it."""
    left, top, right, bottom = box
    if right - left < LEAST_BOX_MM[0] * PX_PER_MM or bottom - top < LEAST_BOX_MM[1] * PX_PER_MM:
        return False
    below = (left, top + LABEL_PART * (bottom - top), right, bottom)
    is_high = bottom - below[1] >= LEAST_BELOW_MM * PX_PER_MM
    return not _has_print(below if is_high else box, around)


def _is_free_behind(box: Sides, around: Surroundings) -> bool:
    """Whether a box has a label at its left, and enough space behind it."""
    left, top, right, bottom = box
    behind = (left + LABEL_WIDTH * (right - left), top, right, bottom)
    is_large = right - behind[0] >= LEAST_BEHIND_MM * PX_PER_MM and bottom - top >= LEAST_BOX_MM[1] * PX_PER_MM
    return is_large and not _has_print(behind, around)


def _beside(box: Sides, frames: Sequence[Sides]) -> list[Sides]:
    """The rectangles that share a side with a box, as cells of one table do."""
    left, top, right, bottom = box
    near = SAME_SIDE_MM * PX_PER_MM
    return [
        other
        for other in frames
        if (min(abs(other[0] - right), abs(left - other[2])) < near and other[1] < bottom and top < other[3])
        or (min(abs(other[1] - bottom), abs(top - other[3])) < near and other[0] < right and left < other[2])
    ]


def _is_corner(box: Sides, frames: Sequence[Sides], around: Surroundings) -> bool:
    """Whether an empty box is the corner of a table, between the headings of its columns and of its rows."""
    headings = [other for other in _beside(box, frames) if _has_print(other, around)]
    return any(other[0] >= box[2] for other in headings) and any(other[1] >= box[3] for other in headings)


def _is_on_paper(place: Sides, page: WorkingPage) -> bool:
    """Whether a place is not at the edge of the page, where a photo shows the desk."""
    height, width = page.grey.shape
    edge = EDGE_MM * PX_PER_MM
    return place[0] > edge and place[2] < width - edge and place[3] < height - edge


def _has_print(sides: Sides, around: Surroundings) -> bool:
    inset = INSET_MM * PX_PER_MM
    left, top, right, bottom = sides
    return around.has_print(left + inset, top + inset, right - inset, bottom - inset)


def _is_inside(one: Sides, other: Sides) -> bool:
    return bool(np.all(np.array(one[:2]) >= other[:2]) and np.all(np.array(one[2:]) <= other[2:]) and one != other)
