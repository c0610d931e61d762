"""Outlines with gaps, as dashed circles and squares have them, and everything else that is shaped like a bubble."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.brackets import find_brackets
from omrclip.omr.authoring.detection.shapes import (
    CELL_EXTENT,
    LEAST_CONVEX,
    LEAST_FILLED,
    MOST_CONTOURS,
    Known,
    Outlines,
    PixelBox,
    Places,
    Shape,
    Shapes,
    box_of,
    boxes_in,
    has_size_of_bubble,
    is_around,
    is_in_place,
    is_word,
    may_have_size,
    outermost,
    overlap,
    shape_of,
    stroke_at,
)
from omrclip.omr.authoring.detection.working_page import Labels, WorkingPage, pieces_of

BRIDGED_PX = (5, 7)
"""Sides of the squares with which gaps between the dashes of an outline are closed, the smaller first: gaps of 0.4 and
0.6 mm. A wider one joins an outline and the letter in it."""
WIDENED_PX = 9
"""Diameter of the disc with which dashes are widened after letters are taken away, so that gaps of 0.8 mm close."""
DASH_EDGE_PX = 5
"""Side of the square around each pixel of a dash in which fainter pixels are its blurred edge: 2 pixels at each side.
Without them, dots of low resolutions are as small as their contrast is faint."""
WAVE_PX = 2.0
"""Depth of the waves that discs around dots make of the side of a hole: dots of 0.3 mm at a distance of 1.1 mm."""
LEAST_DASHES = 4
"""Pieces of a dashed outline at least."""
DASH_PX, DASH_INK = 10, 0.42
"""Shorter side of a dash at most, about 1 mm, and the part of its box that is ink in a larger piece of an outline at
most: letters are larger and have more."""
LETTER_SIZE = 0.65
"""Size of a letter in a bubble, in sizes of the bubble, at most; two sides of one outline differ less."""
MOST_RULED = 0.6
"""Part of a side of a box that a long line is, from which it is a cell of a table whose lines have gaps."""


def find_shapes(page: WorkingPage, outlines: Outlines) -> Shapes:
    """Find everything on a page that is shaped like a bubble, each place once: its outlines, and those with gaps."""
    places = Places(outlines.empty)
    known = Known(shape for shape in outlines.empty if shape.kind != "cell")
    bridged = [shape for side in BRIDGED_PX for shape in outermost(list(_dashed(page, side, known)))]
    bridged += outermost(list(_dashed_apart(page, known)))
    dashed = [shape for shape in bridged if shape.kind == "dashed"]
    closed = [(shape, is_word(shape, boxes_in(shape, outlines.holes).tolist())) for shape in dashed]
    dashed = [shape for shape, is_a_word in closed if not is_a_word]
    replaced, added = set(), []
    for shape in [*dashed, *find_brackets(page)]:
        near = [other for other in places.near(shape) if other.kind != "cell" and other not in replaced]
        inside = [other for other in near if is_around(shape, other)]
        has_only_letter = len(inside) <= 1 and all(other.size < LETTER_SIZE * shape.size for other in inside)
        if has_only_letter and not any(is_around(other, shape) for other in near):
            replaced.update(inside)
            places.add(shape)
            added.append(shape)
    # A word whose letters are shapes themselves is listed by its letters.
    words = [replace(shape, kind="word") for shape, is_a_word in closed if is_a_word]
    cells = [shape for shape in bridged if shape.kind == "cell"]
    added += [one for one in outermost([*words, *cells]) if not any(overlap(one, other) for other in places.near(one))]
    found = [shape for shape in [*outlines.empty, *added] if shape not in replaced]
    filled = tuple(outlines.filled)
    return Shapes(_without_full_cells(found), filled, outlines.components, outlines.large, outlines.holes)


def _without_full_cells(shapes: list[Shape]) -> tuple[Shape, ...]:
    """Leave out the cells of a table that have a bubble in them, or are the inside of one."""
    bubbles = Places(shape for shape in shapes if shape.kind != "cell")
    return tuple(shape for shape in shapes if shape.kind != "cell" or not is_in_place(shape, bubbles.near(shape)))


def _dashes(dark: Grey) -> tuple[Labels, Grey]:
    """The numbers of connected dark pixels, and 1 where these are not too large and full for pieces of an outline."""
    labels, stats = pieces_of(dark)
    width, height, area = (stats[:, key] for key in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    is_letter = (np.minimum(width, height) > DASH_PX) & (area > DASH_INK * width * height)
    is_letter[0] = True
    return labels, (~is_letter).astype(np.uint8)[labels]


def _dashed_apart(page: WorkingPage, known: Known) -> Iterator[Shape]:
    """The insides of rectangles and circles whose dashes are further apart, when letters are taken away."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WIDENED_PX, WIDENED_PX))
    numbers, dashes = _dashes(page.blurred)
    edges = cv2.bitwise_and(cv2.dilate(dashes, np.ones((DASH_EDGE_PX, DASH_EDGE_PX), np.uint8)), page.faint)
    wide = np.asarray(cv2.dilate(cv2.bitwise_or(dashes, edges), disc), np.uint8)
    contours, tree = cv2.findContours(wide, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return
    added = WIDENED_PX // 2
    holes = [contours[index] for index in np.flatnonzero(tree[0][:, 3] >= 0).tolist()]
    boxes = [box_of(contour) for contour in holes]
    for index in np.flatnonzero(~known.are_at(boxes, LETTER_SIZE)).tolist():
        contour, (left, top, width, height) = holes[index], boxes[index]
        # The contour of a hole runs over the dark pixels around it, which were widened to both sides.
        more = 2 * stroke_at(wide, boxes[index]) - 2 - 2 * added
        if not has_size_of_bubble(width + more, height + more):
            continue
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        (_, _), (across, down), _ = cv2.minAreaRect(hull)
        even = cv2.contourArea(contour) + WAVE_PX / 2 * cv2.arcLength(hull, closed=True)
        if area <= LEAST_FILLED * across * down or even < LEAST_CONVEX * area:
            continue
        inner = (left - added, top - added, width + 2 * added, height + 2 * added)
        around = (
            slice(max(0, inner[1] - added), inner[1] + inner[3] + added),
            slice(max(0, inner[0] - added), inner[0] + inner[2] + added),
        )
        if len(np.unique(numbers[around][dashes[around] > 0])) < LEAST_DASHES:
            continue
        kind = "cell" if _is_ruled(page, inner) else "dashed"
        yield Shape(left + width / 2, top + height / 2, width + more, height + more, area / (across * down), kind)


def _dashed(page: WorkingPage, side: int, known: Known) -> Iterator[Shape]:
    """Rectangles and circles whose outline has gaps, closed with a square of this side in pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    closed = np.asarray(cv2.morphologyEx(page.blurred, cv2.MORPH_CLOSE, kernel), np.uint8)
    contours, tree = cv2.findContours(closed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return
    family: list[list[int]] = tree[0][:, 2:].tolist()
    boxes = {index: box_of(contour) for index, contour in enumerate(contours) if may_have_size(contour)}
    sized = {index: box for index, box in boxes.items() if has_size_of_bubble(*box[2:])}
    insides = Counter(family[index][1] for index in sized)
    joined = []
    for index, box in sized.items():
        child, parent = family[index]
        if parent < 0:
            may_be_closed = child >= 0 and insides[index] <= 1
        else:
            # The outlines of neighbours may be joined; their insides are not.
            may_be_closed = insides[parent] > 1 or boxes[parent][2] > CELL_EXTENT * box[2]
        if may_be_closed:
            joined.append(index)
    is_known = known.are_at([sized[index] for index in joined], LETTER_SIZE)
    for index in itertools.compress(joined, ~is_known):
        box, is_hole = sized[index], family[index][1] >= 0
        shape = shape_of(page, contours[index], box, is_hole=is_hole, dark=closed)
        if shape is not None and shape.kind != "filled":
            # The dashes of its sides differ, and would move the centre of its area.
            left, top, width, height = box
            kind = "cell" if _is_ruled(page, box) else "dashed"
            yield replace(shape, x=left + width / 2, y=top + height / 2, kind=kind)


def _is_ruled(page: WorkingPage, box: PixelBox) -> bool:
    """Whether the line of a table is most of a side of a box: its inside is a cell, or what a bubble leaves of one."""
    left, top, width, height = box
    around = page.lines[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1] > 0
    inside = around[3:-3, 3:-3]
    columns = (around[:, :3].any(axis=1), around[:, -3:].any(axis=1))
    rows = (around[:3].any(axis=0), around[-3:].any(axis=0))
    return inside.size > 0 and max(float(side.mean()) for side in (*columns, *rows)) > MOST_RULED
