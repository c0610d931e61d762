"""Closed outlines on a page that may be bubbles: circles, ovals, squares, dashed ones, and pairs of brackets."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WINDOW_MM, WorkingPage, percentile

LEAST_HEIGHT_MM, MOST_HEIGHT_MM = 1.7, 9.0
"""Shorter sides of a bubble. Smaller ones cannot be filled by hand; larger ones are frames."""
LEAST_WIDTH_MM, MOST_WIDTH_MM = 2.1, 14.0
"""Longer sides of a bubble. Small letters of running text are smaller."""
LEAST_FILLED = 0.7
"""Part of its rotated box that the hull of an outline covers: an ellipse has 0.785, a triangle 0.5."""
LEAST_CONVEX = 0.9
"""Part of its hull that an outline encloses; letters and joined shapes have less."""
RECTANGLE_FILLED = 0.92
"""Part of its rotated box from which a shape has corners: a square has 1, an ellipse 0.785."""
LIGHTER_INSIDE = 0.45
"""Part of the contrast between outline and paper by which the inside of a bubble is lighter than its outline. A
filled mark has nothing of it, an empty bubble all, one with a printed letter most."""
PAPER_PERCENTILE, LINE_PERCENTILE, INSIDE_PERCENTILE = 95, 50, 75
"""Percentile of the grey levels around a shape that is the paper, of those on its outline that is the line, and of
those inside it that is its light part: a printed letter covers less than three quarters of a bubble."""
SPARSE_PX = 4
"""Distance of the pixels from which the paper around a shape is measured: some 600 of 10,000 tell it as well."""
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
WORD_HOLE = 0.3
"""Height of the hole in a letter of a word such as "60", whose gaps were closed, in heights of the word, at least."""
WORD_HOLE_MARGIN = 0.25
"""Distance of that hole from the upper or lower side of the word, in its heights, at most. The hole of a letter that is
printed in a dashed bubble lies further inside."""
WORD_HOLE_ASIDE = 0.12
"""Distance of that hole from the middle of the word, in its widths, at least. A bubble is open in its middle."""
CELL_EXTENT = 1.4
"""Extent of a component, in extents of a rectangle in it, from which the rectangle is one of several in it: a cell."""
WHOLE_SIDE = 0.75
"""Part of the side of a box that a hole in it has, from which the hole reaches from one end of the box to the other."""
MOST_RULED = 0.6
"""Part of a side of a box that a long line is, from which it is a cell of a table whose lines have gaps."""
PLACES_PX = 50
"""Side of the squares by which shapes are looked up, 5 mm: about one bubble is in each."""
MOST_CONTOURS = 60_000
"""Contours on one page; more are noise, and would take long to examine."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A closed outline, in pixels of the working page.

    Attributes:
        x, y: the centre, continuous.
        width, height: of the outer side of the outline.
        filled: the part of its rotated box that it covers.
        kind: "outline", "joined" (a hole in a larger component, such as that of a P or of a bubble that touches a
            line), "cell" (a rectangle that shares its border with others), "filled" (dark inside, as a corner mark or
            a printed example, or letters that touch), "dashed", "brackets", or "word" (letters beside each other whose
            gaps were closed).
    """

    x: float
    y: float
    width: float
    height: float
    filled: float
    kind: str = "outline"

    @property
    def left(self) -> float:
        """The left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """The upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The lower side."""
        return self.y + self.height / 2

    @property
    def size(self) -> float:
        """The geometric mean of width and height."""
        return float((self.width * self.height) ** 0.5)


_Pixels = tuple[int, int, int, int]
"""Left, top, width and height in whole pixels."""
Boxes = npt.NDArray[np.float64]
"""(n, 4) float64: left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """The shapes of a page that may be bubbles, those that are filled, and the boxes of all connected dark pixels."""

    shapes: tuple[Shape, ...]
    filled: tuple[Shape, ...]
    components: Boxes


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The closed outlines of a page: those that are light inside, and those that are filled.

    `components` are the boxes of all connected dark pixels, `holes` those of what they enclose.
    """

    empty: list[Shape]
    filled: list[Shape]
    components: Boxes
    holes: Boxes


class Places:
    """Looks up the shapes near a place, by the squares of the page in which their centres are."""

    def __init__(self, shapes: Iterable[Shape] = ()) -> None:
        self._squares: dict[tuple[int, int], list[Shape]] = {}
        self._widest = self._highest = 0.0
        for shape in shapes:
            self.add(shape)

    def add(self, shape: Shape) -> None:
        """Add a shape."""
        self._squares.setdefault((int(shape.x // PLACES_PX), int(shape.y // PLACES_PX)), []).append(shape)
        self._widest, self._highest = max(self._widest, shape.width), max(self._highest, shape.height)

    def near(self, shape: Shape, reach: float = 0) -> list[Shape]:
        """All shapes that are at most `reach` pixels apart from a shape, and some that are a little further away."""
        across, down = (shape.width + self._widest) / 2 + reach, (shape.height + self._highest) / 2 + reach
        rows = range(int((shape.y - down) // PLACES_PX), int((shape.y + down) // PLACES_PX) + 1)
        columns = range(int((shape.x - across) // PLACES_PX), int((shape.x + across) // PLACES_PX) + 1)
        return [other for x in columns for y in rows for other in self._squares.get((x, y), ())]


def find_shapes(page: WorkingPage, outlines: Outlines) -> Shapes:
    """Find everything on a page that is shaped like a bubble, each place once: its outlines, and those with gaps."""
    places = Places(outlines.empty)
    bridged = [shape for side in BRIDGED_PX for shape in _outermost(list(_dashed(page, side, places)))]
    bridged += _outermost(list(_dashed_apart(page, places)))
    closed = [(shape, _is_word(shape, outlines.holes)) for shape in bridged if shape.kind == "dashed"]
    dashed = [shape for shape, is_word in closed if not is_word]
    replaced, added = set(), []
    for shape in [*dashed, *_brackets(page)]:
        near = [other for other in places.near(shape) if other.kind != "cell" and other not in replaced]
        inside = [other for other in near if is_around(shape, other)]
        has_only_letter = len(inside) <= 1 and all(other.size < LETTER_SIZE * shape.size for other in inside)
        if has_only_letter and not any(is_around(other, shape) for other in near):
            replaced.update(inside)
            places.add(shape)
            added.append(shape)
    # A word whose letters are shapes themselves is listed by its letters.
    words = [replace(shape, kind="word") for shape, is_word in closed if is_word]
    cells = [shape for shape in bridged if shape.kind == "cell"]
    added += [one for one in _outermost([*words, *cells]) if not any(overlap(one, other) for other in places.near(one))]
    found = [shape for shape in [*outlines.empty, *added] if shape not in replaced]
    return Shapes(_without_full_cells(found), tuple(outlines.filled), outlines.components)


def _without_full_cells(shapes: list[Shape]) -> tuple[Shape, ...]:
    """Leave out the cells of a table that have a bubble in them, or are the inside of one."""
    bubbles = Places(shape for shape in shapes if shape.kind != "cell")
    return tuple(shape for shape in shapes if shape.kind != "cell" or not _is_in_place(shape, bubbles.near(shape)))


def _is_in_place(shape: Shape, others: Iterable[Shape]) -> bool:
    """Whether a shape is at the place of another, inside it or around it."""
    return any(is_around(shape, other) or is_around(other, shape) for other in others)


def has_size_of_bubble(width: float, height: float) -> bool:
    """Whether a bubble may have this width and height in pixels of the working page."""
    shorter, longer = min(width, height) / PX_PER_MM, max(width, height) / PX_PER_MM
    return LEAST_HEIGHT_MM <= shorter <= MOST_HEIGHT_MM and LEAST_WIDTH_MM <= longer <= MOST_WIDTH_MM


def find_outlines(page: WorkingPage) -> Outlines:
    """Find the closed outlines of a page that have the size of a bubble."""
    contours, tree = cv2.findContours(page.dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return Outlines([], [], np.zeros((0, 4)), np.zeros((0, 4)))
    boxes = [_box(contour) for contour in contours]
    parted = _parted(boxes, [int(parent) for *_, parent in tree[0]])
    found, filled = [], []
    within: dict[int, list[_Pixels]] = defaultdict(list)
    for box, (_, _, _, parent) in zip(boxes, tree[0], strict=True):
        within[int(parent)].append(box)
    for index, (_, _, _, parent) in enumerate(tree[0]):
        is_hole = parent >= 0
        shape = _shape(page, contours[index], boxes[index], is_hole=is_hole, dark=page.dark)
        if shape is None:
            continue
        is_one = not is_hole and index not in parted
        is_letters = is_one and _is_word(shape, np.array(within[index], np.float64).reshape(-1, 4))
        if shape.kind == "filled" or is_letters:
            filled.append(replace(shape, kind="filled"))
            continue
        _, _, wide, high = boxes[parent if is_hole else index]
        if wide > CELL_EXTENT * shape.width or high > CELL_EXTENT * shape.height:
            shape = replace(shape, kind="cell" if shape.filled >= RECTANGLE_FILLED else "joined")
        elif index in parted:
            shape = replace(shape, kind="cell")
        found.append(shape)
    is_inner = tree[0][:, 3] >= 0
    all_boxes = np.array(boxes, np.float64)
    return Outlines(_outermost(found), filled, all_boxes[~is_inner], all_boxes[is_inner])


def _parted(boxes: Sequence[_Pixels], parents: Sequence[int]) -> set[int]:
    """The outer contours that lines part from one side to the other, as a box for two digits; they have two holes."""
    whole: Counter[tuple[int, bool]] = Counter()
    for (_, _, width, height), parent in zip(boxes, parents, strict=True):
        if parent >= 0:
            _, _, wide, high = boxes[parent]
            whole[parent, True] += height > WHOLE_SIDE * high
            whole[parent, False] += width > WHOLE_SIDE * wide
    return {index for (index, _), count in whole.items() if count > 1}


def _is_word(shape: Shape, holes: Boxes) -> bool:
    """Whether a shape has the hole of a letter beside its middle, near its top or bottom, as joined letters."""
    left, top, width, height = holes.T
    is_in = (left >= shape.left) & (left + width <= shape.right) & (top >= shape.top) & (top + height <= shape.bottom)
    margin = np.minimum(top - shape.top, shape.bottom - top - height)
    is_letter = is_in & (height > WORD_HOLE * shape.height) & (margin < WORD_HOLE_MARGIN * shape.height)
    return bool((is_letter & (np.abs(left + width / 2 - shape.x) > WORD_HOLE_ASIDE * shape.width)).any())


def overlap(one: Shape, other: Shape) -> bool:
    """Whether the boxes of two shapes overlap."""
    across = min(one.right, other.right) - max(one.left, other.left)
    return across > 0 and min(one.bottom, other.bottom) > max(one.top, other.top)


def _shape(page: WorkingPage, contour: Any, box: _Pixels, *, is_hole: bool, dark: Grey) -> Shape | None:
    _, _, width, height = box
    if not has_size_of_bubble(width, height):
        return None
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    (_, _), (across, down), _ = cv2.minAreaRect(hull)
    if area <= LEAST_FILLED * across * down or cv2.contourArea(contour) < LEAST_CONVEX * area:
        return None
    kind = "outline" if _is_light_inside(page.grey, contour, box) else "filled"
    moments = cv2.moments(hull)
    # Half a pixel from the centre of a pixel to its corner.
    x, y = moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5
    filled = area / (across * down)
    if is_hole:
        # The contour of a hole runs over the dark pixels around it.
        stroke = _stroke(dark, box)
        return Shape(x, y, width - 2 + 2 * stroke, height - 2 + 2 * stroke, filled, kind)
    return Shape(x, y, width, height, filled, kind)


def _box(contour: Any) -> _Pixels:
    left, top, width, height = cv2.boundingRect(contour)
    return left, top, width, height


def _stroke(dark: Grey, box: _Pixels) -> int:
    """The width of the outline around a hole: the least of those at the middles of its four sides, in pixels."""
    left, top, width, height = box
    x, y = left + width // 2, top + height // 2
    reach = int(PX_PER_MM)
    rays = (
        dark[y, max(0, left - reach) : left + 1][::-1],
        dark[y, left + width - 1 : left + width + reach],
        dark[max(0, top - reach) : top + 1, x][::-1],
        dark[top + height - 1 : top + height + reach, x],
    )
    return min(int(np.argmin(ray)) if (ray == 0).any() else len(ray) for ray in rays)


def _is_light_inside(grey: Grey, contour: Any, box: _Pixels) -> bool:
    left, top, width, height = box
    margin_x, margin_y = width // 4, height // 4
    inside = grey[top + margin_y : top + height - margin_y, left + margin_x : left + width - margin_x]
    # A mark larger than the window of the threshold has a hole in it, half a window from the paper.
    reach = int(WINDOW_MM * PX_PER_MM) // 2 + 4
    around = grey[max(0, top - reach) : top + height + reach, max(0, left - reach) : left + width + reach]
    paper = percentile(around[::SPARSE_PX, ::SPARSE_PX], PAPER_PERCENTILE)
    points = contour[:, 0]
    line = percentile(grey[points[:, 1], points[:, 0]], LINE_PERCENTILE)
    light = percentile(inside, INSIDE_PERCENTILE)
    return light - line > LIGHTER_INSIDE * (paper - line)


def _outermost(shapes: list[Shape]) -> list[Shape]:
    """Keep the larger of the shapes around one centre, but the inner one where the outer is a cell of a table."""
    kept: list[Shape] = []
    places = Places()
    for shape in sorted(shapes, key=lambda shape: (shape.kind == "cell", -shape.size)):
        if not _is_in_place(shape, places.near(shape)):
            kept.append(shape)
            places.add(shape)
    return kept


def is_around(outer: Shape, inner: Shape) -> bool:
    """Whether the centre of a shape lies in another that is as large or larger."""
    return (
        abs(outer.x - inner.x) <= outer.width / 2
        and abs(outer.y - inner.y) <= outer.height / 2
        and outer.size >= inner.size
    )


def _dashes(dark: Grey) -> tuple[npt.NDArray[np.int32], Grey]:
    """The numbers of connected dark pixels, and 1 where these are not too large and full for pieces of an outline."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
    width, height, area = (stats[:, key] for key in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    is_letter = (np.minimum(width, height) > DASH_PX) & (area > DASH_INK * width * height)
    is_letter[0] = True
    return np.asarray(labels, np.int32), (~is_letter).astype(np.uint8)[labels]


def _is_known(box: _Pixels, outlines: Places) -> bool:
    """Whether an outline without gaps has about the place and size of a box, so that it need not be closed."""
    left, top, width, height = box
    shape = Shape(left + width / 2, top + height / 2, width, height, 1.0)
    return any(
        other.kind != "cell" and other.size >= LETTER_SIZE * shape.size and _is_in_place(shape, [other])
        for other in outlines.near(shape)
    )


def _dashed_apart(page: WorkingPage, outlines: Places) -> Iterator[Shape]:
    """The insides of rectangles and circles whose dashes are further apart, when letters are taken away."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WIDENED_PX, WIDENED_PX))
    numbers, dashes = _dashes(page.blurred)
    edges = cv2.bitwise_and(cv2.dilate(dashes, np.ones((DASH_EDGE_PX, DASH_EDGE_PX), np.uint8)), page.faint)
    wide = np.asarray(cv2.dilate(cv2.bitwise_or(dashes, edges), disc), np.uint8)
    contours, tree = cv2.findContours(wide, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return
    added = WIDENED_PX // 2
    for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
        left, top, width, height = box = _box(contour)
        if parent < 0:
            continue
        # The contour of a hole runs over the dark pixels around it, which were widened to both sides.
        more = 2 * _stroke(wide, box) - 2 - 2 * added
        if not has_size_of_bubble(width + more, height + more) or _is_known(box, outlines):
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


def _dashed(page: WorkingPage, side: int, outlines: Places) -> Iterator[Shape]:
    """Rectangles and circles whose outline has gaps, closed with a square of this side in pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    closed = np.asarray(cv2.morphologyEx(page.blurred, cv2.MORPH_CLOSE, kernel), np.uint8)
    contours, tree = cv2.findContours(closed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return
    boxes = [_box(contour) for contour in contours]
    insides = Counter(
        parent for box, (_, _, _, parent) in zip(boxes, tree[0], strict=True) if has_size_of_bubble(*box[2:])
    )
    for index, (_, _, child, parent) in enumerate(tree[0]):
        is_hole = parent >= 0
        if not is_hole and (child < 0 or insides[index] > 1):
            continue
        # The outlines of neighbours may be joined; their insides are not.
        is_joined = insides[parent] > 1 or boxes[parent][2] > CELL_EXTENT * boxes[index][2]
        if is_hole and not is_joined:
            continue
        if not has_size_of_bubble(*boxes[index][2:]) or _is_known(boxes[index], outlines):
            continue
        shape = _shape(page, contours[index], boxes[index], is_hole=is_hole, dark=closed)
        if shape is not None and shape.kind != "filled":
            # The dashes of its sides differ, and would move the centre of its area.
            left, top, width, height = boxes[index]
            kind = "cell" if _is_ruled(page, boxes[index]) else "dashed"
            yield replace(shape, x=left + width / 2, y=top + height / 2, kind=kind)


def _is_ruled(page: WorkingPage, box: _Pixels) -> bool:
    """Whether the line of a table is most of a side of a box: its inside is a cell, or what a bubble leaves of one."""
    left, top, width, height = box
    around = page.lines[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1] > 0
    inside = around[3:-3, 3:-3]
    columns = (around[:, :3].any(axis=1), around[:, -3:].any(axis=1))
    rows = (around[:3].any(axis=0), around[-3:].any(axis=0))
    return inside.size > 0 and max(float(side.mean()) for side in (*columns, *rows)) > MOST_RULED


MOST_BRACKET_WIDTH = 0.5
"""Width of a bracket in heights; a letter C is wider."""
LEAST_BEND = 0.18
"""Part of its width by which the ink at the ends of a bracket lies further inside than that at its middle."""
BRACKET_END = 8
"""An end of a bracket is this part of its height."""
SAME_LEVEL = 0.12
"""Difference of the tops and bottoms of both brackets of a pair, in heights."""
LINE_EDGE_PX = 5
"""Height of the strip around each row of pixels of a line that is cut off with it: the edges of lines are uneven."""
LEAST_APART, MOST_APART = 0.3, 3.5
"""Distance between both brackets of a pair, in heights."""


def _brackets(page: WorkingPage) -> list[Shape]:
    """Pairs of an opening and a closing bracket, square or round, on one level. Lines that they touch are cut off."""
    edge = np.ones((LINE_EDGE_PX, 1), np.uint8)
    dark = np.asarray(cv2.bitwise_and(page.dark, cv2.bitwise_not(cv2.dilate(page.horizontal, edge))), np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    opening, closing = [], []
    for left, top, width, height, _ in stats[1:].tolist():
        box = (left, top, width, height)
        is_tall = LEAST_HEIGHT_MM <= height / PX_PER_MM <= MOST_HEIGHT_MM
        if not is_tall or width > MOST_BRACKET_WIDTH * height or width < 2:
            continue
        bend = _bend(dark, box)
        if bend > LEAST_BEND:
            opening.append(box)
        elif bend < -LEAST_BEND:
            closing.append(box)
    return _pairs(opening, closing)


def _bend(dark: Grey, box: _Pixels) -> float:
    """How much further right the ink of both ends lies than that of the middle, in widths; negative if left.

    It is the mean of both ends, which is the same on a skewed page.
    """
    left, top, width, height = box
    ink = dark[top : top + height, left : left + width] > 0
    end = max(2, height // BRACKET_END)
    places = np.arange(width) / max(1, width - 1)
    means = [
        float((part * places).sum() / max(1, part.sum()))
        for part in (ink[:end], ink[height // 3 : height - height // 3], ink[-end:])
    ]
    upper, lower = means[0] - means[1], means[2] - means[1]
    return (upper + lower) / 2 if upper * lower > 0 else 0.0


def _pairs(opening: list[_Pixels], closing: list[_Pixels]) -> list[Shape]:
    pairs = []
    for left, top, width, height in opening:
        fitting = [
            box
            for box in closing
            if abs(box[1] - top) <= SAME_LEVEL * height
            and abs(box[1] + box[3] - top - height) <= SAME_LEVEL * height
            and LEAST_APART * height <= box[0] - left - width <= MOST_APART * height
        ]
        if not fitting:
            continue
        right = min(fitting)
        between = [box for box in opening if left < box[0] < right[0] and abs(box[1] - top) <= SAME_LEVEL * height]
        if not between and has_size_of_bubble(right[0] + right[2] - left, height):
            wide = right[0] + right[2] - left
            pairs.append(Shape(left + wide / 2, top + height / 2, wide, height, 1.0, "brackets"))
    return pairs
