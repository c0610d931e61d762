"""Closed outlines on a page that may be bubbles: circles, ovals and squares."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.pairs import pairs_within
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
FRAME_PERCENTILE = 85
"""The same on a frame of half the size of a bubble: a blurred letter covers three quarters of it at times."""
LEAST_DISC_MM = 3.3
"""Shorter side of a disc that may have a white number on it; blurred outlines and letters fill smaller bubbles."""
SPARSE_PX = 4
"""Distance of the pixels from which the paper around a shape is measured: some 600 of 10,000 tell it as well."""
WORD_HOLE = 0.3
"""Height of the hole in a letter of a word such as "60", whose gaps were closed, in heights of the word, at least."""
WORD_HOLE_MARGIN = 0.25
"""Distance of that hole from the upper or lower side of the word, in its heights, at most. The hole of a letter that is
printed in a dashed bubble lies further inside."""
WORD_HOLE_ASIDE = 0.12
"""Distance of that hole from the middle of the word, in its widths, at least. A bubble is open in its middle."""
TOUCHED = 1.12
"""Extent of a square with the print that touches it, in its own extents, from which its inside tells where it is."""
CELL_EXTENT = 1.4
"""Extent of a component, in extents of a rectangle in it, from which the rectangle is one of several in it: a cell."""
WHOLE_SIDE = 0.75
"""Part of the side of a box that a hole in it has, from which the hole reaches from one end of the box to the other."""
LEAST_HOLE = 0.6
"""Part of the sides of an outline that its hole has, from which the hole may show its size better than the outer
contour: what is left of a hole that a letter in it parts has half of them."""
WHOLE_CONVEX = 0.975
"""Part of its hull that such a round hole encloses at least: whole outlines have 0.975 and more, even in photos at 100
dpi, and those into which a letter reaches, and shortens them, have less."""
PLACES_PX = 50
"""Side of the squares by which shapes are looked up, 5 mm: about one bubble is in each."""
LARGEST_MM, ROUND_FILLED = 25.0, 0.96
"""Longer side of a round shape that is listed as larger than a bubble, and the part of its rotated box that it covers,
at most: ovals with straight sides have 0.93, and frames with round corners more."""
LEAST_POINTS = 2 * int(LEAST_WIDTH_MM * PX_PER_MM) - 2
"""Pixels of the contour of a bubble at least: there and back over its longer side."""
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
            a printed example, or letters that touch), "dashed", "brackets", "tone" (white on a tint, without an
            outline), "disc" (tinted, without an outline), or "word" (letters beside each other whose gaps were
            closed).
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


PixelBox = tuple[int, int, int, int]
"""Left, top, width and height in whole pixels."""
Boxes = npt.NDArray[np.float64]
"""(n, 4) float64: left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """The shapes of a page that may be bubbles, those that are filled, and the boxes of all connected dark pixels.

    `large` are the round outlines that are larger than bubbles, and `holes` the boxes of what dark pixels enclose.
    """

    shapes: tuple[Shape, ...]
    filled: tuple[Shape, ...]
    components: Boxes
    large: tuple[Shape, ...] = ()
    holes: Boxes = field(default_factory=lambda: np.zeros((0, 4)))


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The closed outlines of a page: those that are light inside, those that are filled, and those that are too large.

    `components` are the boxes of all connected dark pixels, `holes` those of what they enclose.
    """

    empty: list[Shape]
    filled: list[Shape]
    components: Boxes
    holes: Boxes
    large: tuple[Shape, ...] = ()


class Places:
    """Looks up the shapes near a place, by the squares of the page in which their centres are."""

    def __init__(self, shapes: Iterable[Shape] = ()) -> None:
        self._columns: dict[int, dict[int, list[Shape]]] = {}
        self._widest = self._highest = 0.0
        for shape in shapes:
            self.add(shape)

    def add(self, shape: Shape) -> None:
        """Add a shape."""
        column = self._columns.setdefault(int(shape.x // PLACES_PX), {})
        column.setdefault(int(shape.y // PLACES_PX), []).append(shape)
        self._widest, self._highest = max(self._widest, shape.width), max(self._highest, shape.height)

    def near(self, shape: Shape, reach: float = 0) -> list[Shape]:
        """All shapes that are at most `reach` pixels apart from a shape, and some that are a little further away."""
        across, down = (shape.width + self._widest) / 2 + reach, (shape.height + self._highest) / 2 + reach
        return self.centred_within(shape.x, shape.y, across, down)

    def centred_within(self, x: float, y: float, across: float, down: float) -> list[Shape]:
        """All shapes whose centres are so far beside and above a place at most, and some that are further away."""
        rows = range(int((y - down) // PLACES_PX), int((y + down) // PLACES_PX) + 1)
        columns = range(int((x - across) // PLACES_PX), int((x + across) // PLACES_PX) + 1)
        return [
            other
            for left in columns
            if (column := self._columns.get(left)) is not None
            for top in rows
            if top in column
            for other in column[top]
        ]


def is_in_place(shape: Shape, others: Iterable[Shape]) -> bool:
    """Whether a shape is at the place of another, inside it or around it."""
    return any(is_around(shape, other) or is_around(other, shape) for other in others)


class Known:
    """Shapes that are found, so that others at their places need not be looked at: `is_in_place` for many boxes."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        in_order = sorted(shapes, key=lambda shape: shape.y)
        sides = [(shape.x, shape.y, shape.width, shape.height) for shape in in_order]
        self._x, self._y, self._width, self._height = np.array(sides, np.float64).reshape(-1, 4).T

    def are_at(self, boxes: Sequence[Sequence[float]], least: float) -> npt.NDArray[np.bool_]:
        """Which boxes are at the place of a shape, inside it or around it, that has at least such a part of their size.

        Args:
            boxes: left, top, width and height of each.
            least: the least size of the shape, in sizes of the box.
        """
        left, top, width, height = np.array(boxes, np.float64).reshape(-1, 4).T
        x, y, size = left + width / 2, top + height / 2, np.sqrt(width * height)
        reach = (height + self._height.max(initial=0)) / 2
        box, shape = pairs_within(self._y, y - reach, np.nextafter(y + reach, np.inf))
        wide, high = self._width[shape], self._height[shape]
        size_of_box, size_of_shape = size[box], np.sqrt(wide * high)
        across, down = 2 * np.abs(self._x[shape] - x[box]), 2 * np.abs(self._y[shape] - y[box])
        is_around = (across <= width[box]) & (down <= height[box]) & (size_of_box >= size_of_shape)
        is_inside = (across <= wide) & (down <= high) & (size_of_shape >= size_of_box)
        found = np.zeros(len(boxes), bool)
        found[box[(is_around | is_inside) & (size_of_shape >= least * size_of_box)]] = True
        return found


def are_mostly(shapes: Sequence[Shape], *kinds: str) -> bool:
    """Whether most shapes are of some kinds."""
    return 2 * sum(shape.kind in kinds for shape in shapes) > len(shapes)


def has_size_of_bubble(width: float, height: float) -> bool:
    """Whether a bubble may have this width and height in pixels of the working page."""
    shorter, longer = min(width, height) / PX_PER_MM, max(width, height) / PX_PER_MM
    return LEAST_HEIGHT_MM <= shorter <= MOST_HEIGHT_MM and LEAST_WIDTH_MM <= longer <= MOST_WIDTH_MM


def _is_larger(width: float, height: float) -> bool:
    """Whether a shape of this width and height in pixels of the working page is a little larger than bubbles are."""
    shorter, longer = min(width, height) / PX_PER_MM, max(width, height) / PX_PER_MM
    is_larger = shorter > MOST_HEIGHT_MM or longer > MOST_WIDTH_MM
    return is_larger and shorter >= LEAST_HEIGHT_MM and longer <= LARGEST_MM


def find_outlines(page: WorkingPage) -> Outlines:
    """Find the closed outlines of a page that have the size of a bubble."""
    contours, tree = cv2.findContours(page.dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return Outlines([], [], np.zeros((0, 4)), np.zeros((0, 4)))
    boxes = [box_of(contour) for contour in contours]
    parents: list[int] = tree[0][:, 3].tolist()
    parted = _parted(boxes, parents)
    found, filled = [], []
    places, touched = [], set()
    within: dict[int, list[int]] = defaultdict(list)
    for index, parent in enumerate(parents):
        within[parent].append(index)
    for index, parent in enumerate(parents):
        is_hole = parent >= 0
        shape = shape_of(page, contours[index], boxes[index], is_hole=is_hole, dark=page.dark)
        holes = [] if is_hole else within[index]
        if shape is None or any(
            _shows_size(contours[index], boxes[index], contours[hole], boxes[hole], page.dark) for hole in holes
        ):
            continue
        # Print may part a round outline, and stays a letter in it: joined letters are less convex.
        is_parted, has_word = index in parted, is_word(shape, [boxes[hole] for hole in holes])
        is_whole = (
            (is_parted or has_word) and shape.filled < RECTANGLE_FILLED and _form(contours[index])[1] > WHOLE_CONVEX
        )
        is_letters = has_word and not is_parted and not is_whole
        if shape.kind == "filled" or is_letters:
            filled.append(replace(shape, kind="filled"))
            continue
        _, _, wide, high = boxes[parent if is_hole else index]
        if wide > CELL_EXTENT * shape.width or high > CELL_EXTENT * shape.height:
            shape = replace(shape, kind="cell" if shape.filled >= RECTANGLE_FILLED else "joined")
        elif is_parted and not is_whole:
            shape = replace(shape, kind="cell")
        elif is_hole and shape.filled >= RECTANGLE_FILLED and max(wide / shape.width, high / shape.height) > TOUCHED:
            touched.add(parent)
        found.append(shape)
        places.append(index)
    is_inner = tree[0][:, 3] >= 0
    all_boxes = np.array(boxes, np.float64)
    found = [shape for shape, index in zip(found, places, strict=True) if index not in touched]
    outer = [index for index, box in enumerate(boxes) if not is_inner[index] and _is_larger(*box[2:])]
    large = [shape for index in outer if (shape := _large(page.grey, contours[index], boxes[index])) is not None]
    return Outlines(outermost(found), filled, all_boxes[~is_inner], all_boxes[is_inner], tuple(large))


def _large(grey: Grey, contour: Any, box: PixelBox) -> Shape | None:
    """The round shape with this outer contour that is empty and larger than a bubble; None if it is no such shape."""
    left, top, width, height = box
    filled, convex = _form(contour)
    if not LEAST_FILLED < filled < ROUND_FILLED or convex < LEAST_CONVEX or not _is_light_inside(grey, contour, box):
        return None
    return Shape(left + width / 2, top + height / 2, width, height, filled)


def _shows_size(outer: Any, around: PixelBox, hole: Any, box: PixelBox, dark: Grey) -> bool:
    """Whether a round hole shows the size of an outline better than its outer contour, which print touches.

    Then this is further away from the hole at one side than at another by more than a stroke, and less convex.
    """
    left, top, width, height = box
    x, y, wide, high = around
    if not has_size_of_bubble(width, height) or min(width / wide, height / high) < LEAST_HOLE:
        return False
    strokes = (left - x, top - y, x + wide - left - width, y + high - top - height)
    if max(strokes) - min(strokes) <= stroke_at(dark, box):
        return False
    filled, convex = _form(hole)
    return filled < RECTANGLE_FILLED and convex > max(WHOLE_CONVEX, _form(outer)[1])


def _form(contour: Any) -> tuple[float, float]:
    """The part of its rotated box that the hull of a contour covers, and the part of this hull that it encloses."""
    hull = cv2.convexHull(contour)
    area = max(1.0, cv2.contourArea(hull))
    (_, _), (across, down), _ = cv2.minAreaRect(hull)
    return area / max(1.0, across * down), cv2.contourArea(contour) / area


def _parted(boxes: Sequence[PixelBox], parents: Sequence[int]) -> set[int]:
    """The outer contours that lines part from one side to the other, as a box for two digits; they have two holes."""
    whole: Counter[tuple[int, bool]] = Counter()
    for (_, _, width, height), parent in zip(boxes, parents, strict=True):
        if parent >= 0:
            _, _, wide, high = boxes[parent]
            whole[parent, True] += height > WHOLE_SIDE * high
            whole[parent, False] += width > WHOLE_SIDE * wide
    return {index for (index, _), count in whole.items() if count > 1}


def is_word(shape: Shape, holes: Iterable[Sequence[float]]) -> bool:
    """Whether a shape has the hole of a letter beside its middle, near its top or bottom, as joined letters.

    Args:
        shape: the shape.
        holes: left, top, width and height of holes, some of them in the shape.
    """
    return any(_is_hole_of_letter(shape, *hole) for hole in holes)


def _is_hole_of_letter(shape: Shape, left: float, top: float, width: float, height: float) -> bool:
    if left < shape.left or left + width > shape.right or top < shape.top or top + height > shape.bottom:
        return False
    margin = min(top - shape.top, shape.bottom - top - height)
    is_letter = height > WORD_HOLE * shape.height and margin < WORD_HOLE_MARGIN * shape.height
    return is_letter and abs(left + width / 2 - shape.x) > WORD_HOLE_ASIDE * shape.width


def boxes_in(shape: Shape, boxes: Boxes) -> Boxes:
    """The boxes that begin in a shape."""
    left, top = boxes[:, 0], boxes[:, 1]
    is_in = (left >= shape.left) & (left <= shape.right) & (top >= shape.top) & (top <= shape.bottom)
    return np.asarray(boxes[is_in], np.float64)


def overlap(one: Shape, other: Shape) -> bool:
    """Whether the boxes of two shapes overlap."""
    across = min(one.right, other.right) - max(one.left, other.left)
    return across > 0 and min(one.bottom, other.bottom) > max(one.top, other.top)


def shape_of(page: WorkingPage, contour: Any, box: PixelBox, *, is_hole: bool, dark: Grey) -> Shape | None:
    """The shape with this outer contour, or around this hole; None if it has not the size and form of a bubble."""
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
        stroke = stroke_at(dark, box)
        return Shape(x, y, width - 2 + 2 * stroke, height - 2 + 2 * stroke, filled, kind)
    return Shape(x, y, width, height, filled, kind)


def may_have_size(contour: Any) -> bool:
    """Whether the outline of a bubble may have so few points: most contours are letters, and need no box."""
    return len(contour) >= LEAST_POINTS


def box_of(contour: Any) -> PixelBox:
    """The smallest upright rectangle around a contour."""
    left, top, width, height = cv2.boundingRect(contour)
    return left, top, width, height


def stroke_at(dark: Grey, box: PixelBox) -> int:
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
    ends = [(ray, int(ray.argmin())) for ray in rays]
    return min(len(ray) if ray[end] else end for ray, end in ends)


def _is_light_inside(grey: Grey, contour: Any, box: PixelBox) -> bool:
    left, top, width, height = box
    margin_x, margin_y = width // 4, height // 4
    inside = grey[top + margin_y : top + height - margin_y, left + margin_x : left + width - margin_x]
    light = percentile(inside, INSIDE_PERCENTILE)
    if min(width, height) > LEAST_DISC_MM * PX_PER_MM:
        # The paper begins just inside of an outline; around a white number on a disc it does not.
        frame = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
        light = min(light, percentile(frame, FRAME_PERCENTILE))
    # A mark larger than the window of the threshold has a hole in it, half a window from the paper.
    reach = int(WINDOW_MM * PX_PER_MM) // 2 + 4
    around = grey[max(0, top - reach) : top + height + reach, max(0, left - reach) : left + width + reach]
    paper = percentile(around[::SPARSE_PX, ::SPARSE_PX], PAPER_PERCENTILE)
    points = contour[:, 0]
    line = percentile(grey[points[:, 1], points[:, 0]], LINE_PERCENTILE)
    return light - line > LIGHTER_INSIDE * (paper - line)


def outermost(shapes: list[Shape]) -> list[Shape]:
    """Keep the larger of the shapes around one centre, but the inner one where the outer is a cell of a table."""
    kept: list[Shape] = []
    places = Places()
    for shape in sorted(shapes, key=lambda shape: (shape.kind == "cell", -shape.size)):
        if not is_in_place(shape, places.near(shape)):
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
