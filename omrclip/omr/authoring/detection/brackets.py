"""Bubbles that are printed as a pair of brackets, square or round."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.pairs import Indexes
from omrclip.omr.authoring.detection.shapes import (
    LEAST_HEIGHT_MM,
    MOST_HEIGHT_MM,
    MOST_WIDTH_MM,
    Boxes,
    Places,
    Shape,
    has_size_of_bubble,
    overlap,
)
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, Stats, WorkingPage, pieces_of

MOST_BRACKET_WIDTH = 0.5
"""Width of a bracket in heights; a letter C is wider."""
LEAST_BEND = 0.1
"""Part of its width by which the ink at the ends of a bracket lies further inside than that at its middle: 0.12 and
more in blurred print of 8 points. Straight strokes have 0.06 at most."""
BRACKET_END = 8
"""An end of a bracket is this part of its height."""
SAME_LEVEL = 0.12
"""Difference of the tops and bottoms of both brackets of a pair, in heights."""
LINE_EDGE_PX = 5
"""Height of the strip around each row of pixels of a line that is cut off with it: the edges of lines are uneven."""
LEAST_APART, MOST_APART = 0.3, 3.5
"""Distance between both brackets of a pair, in heights."""
LEAST_FOOT, MOST_FOOT = 0.07, 0.45
"""How far the foot of a square bracket reaches further inside than its stroke is wide, at least, and the length of the
foot at most, in heights, where a letter touches the bracket. An H has no feet; the foot of an L is longer."""
STROKE_EDGE, STROKE_EDGE_PX, STRAIGHT = 0.08, 1.5, 0.95
"""How uneven the outer edge of the stroke of such a bracket may be, in heights and in pixels, the larger of both, and
the part of its rows that it has at least. The serif of an H reaches further."""
FREE_BELOW = 0.1
"""Width of the paper behind such a foot at least, in heights: a bracket reaches below the letter in it."""

SAME_SIDE = 0.15
"""Distance of the left sides, and of the right sides, of the brackets in one column, in heights: [1] and [D] that stand
below each other differ by as much."""
MOST_STEPS = 3.5
"""Distance of the next pair in a row or column from the print between, in heights or widths of the print, at most."""


Ends = npt.NDArray[np.float64]
"""(n, 4) float64: the outer side of each left or right end, its inner side if no letter touches it, and else the outer
one, its top and its height."""


def find_brackets(page: WorkingPage) -> list[Shape]:
    """Pairs of an opening and a closing bracket, square or round, on one level. Lines that they touch are cut off.

    A letter may touch one or both brackets, which then are ends of one piece.
    """
    edge = np.ones((LINE_EDGE_PX, 1), np.uint8)
    dark = np.asarray(cv2.bitwise_and(page.dark, cv2.bitwise_not(cv2.dilate(page.horizontal, edge))), np.uint8)
    _, stats = pieces_of(dark)
    left, top, width, height, _ = stats.T
    is_tall = (height >= LEAST_HEIGHT_MM * PX_PER_MM) & (height <= MOST_HEIGHT_MM * PX_PER_MM)
    boxes = stats[is_tall & (width >= 2) & (width <= MOST_WIDTH_MM * PX_PER_MM), :4]
    opening, closing = [], []
    straight = zip(*(edge.tolist() for edge in _may_be_straight(dark, boxes)), strict=True)
    for (left, top, width, height), (begins, ends) in zip(boxes.tolist(), straight, strict=True):
        ink = dark[top : top + height, left : left + width] > 0
        if width <= MOST_BRACKET_WIDTH * height:
            bend, wide = _bend(ink), width
            is_opening, is_closing = bend > LEAST_BEND, bend < -LEAST_BEND
        else:
            is_opening, is_closing, wide = begins and _begins(ink), ends and _begins(ink[:, ::-1]), 0
        if is_opening:
            opening.append((left, left + wide, top, height))
        if is_closing:
            closing.append((left + width, left + width - wide, top, height))
    tall = boxes.astype(np.float64)
    first, last = (np.array(ends, np.float64).reshape(-1, 4) for ends in (opening, closing))
    pairs = _pairs(first, last, tall)
    return [*pairs, *_in_lattice(pairs, stats[1:, :4].astype(np.float64), tall)]


def _may_be_straight(dark: Grey, boxes: Stats) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether there is enough ink at the left and at the right edge of each piece for a straight stroke."""
    sums = cv2.integral(dark)
    left, top, width, height = boxes.T
    edge = np.minimum(width, np.maximum(STROKE_EDGE_PX, STROKE_EDGE * height).astype(int) + 1)

    def has_ink(first: Stats, last: Stats) -> npt.NDArray[np.bool_]:
        below, above = top + height, top
        ink = sums[below, last] - sums[above, last] - sums[below, first] + sums[above, first]
        return np.asarray(ink >= dark.max() * STRAIGHT * height, bool)

    return has_ink(left, left + edge), has_ink(left + width - edge, left + width)


def _begins(ink: npt.NDArray[np.bool_]) -> bool:
    """Whether a piece begins with a square bracket that the print at its right touches.

    Its left edge is straight from the top to the bottom, and ends in a foot, with paper behind it.
    """
    height = len(ink)
    first = ink.argmax(axis=1)
    if (first <= max(STROKE_EDGE_PX, STROKE_EDGE * height)).mean() < STRAIGHT:
        return False
    end = max(2, height // BRACKET_END)
    below = np.asarray(ink[-end:].any(axis=0), bool)
    foot = int(_ends(below[None])[0])
    if foot > MOST_FOOT * height or below[foot : foot + max(2, round(FREE_BELOW * height))].any():
        return False
    return bool(foot - _ends(ink[end:-end]).min() >= LEAST_FOOT * height)


def _ends(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Where the first ink of each row of pixels ends."""
    is_free = ~ink & np.logical_or.accumulate(ink, axis=1)
    return np.asarray(np.where(is_free.any(axis=1), is_free.argmax(axis=1), ink.shape[1]), np.intp)


def _bend(ink: npt.NDArray[np.bool_]) -> float:
    """How much further right the ink of both ends lies than that of the middle, in widths; negative if left.

    It is the mean of both ends, which is the same on a skewed page.
    """
    height, width = ink.shape
    end = max(2, height // BRACKET_END)
    places = np.arange(width) / max(1, width - 1)
    means = [
        float((part * places).sum() / max(1, part.sum()))
        for part in (ink[:end], ink[height // 3 : height - height // 3], ink[-end:])
    ]
    upper, lower = means[0] - means[1], means[2] - means[1]
    return (upper + lower) / 2 if upper * lower > 0 else 0.0


def _in_lattice(pairs: Sequence[Shape], pieces: Boxes, tall: Boxes) -> list[Shape]:
    """The places in a column of pairs whose print is as wide and as high as these, whatever its pieces are.

    There are pairs in their row too, or above and below them.

    Args:
        pairs: the pairs.
        pieces: the boxes of all connected dark pixels.
        tall: those that are as high as bubbles.
    """
    if not pairs:
        return []
    heights = np.unique([pair.height for pair in pairs])
    tall = tall[(np.abs(tall[:, 3:] - heights) <= SAME_LEVEL * heights).any(axis=1)]
    sides = np.array([(pair.left, pair.top, pair.right, pair.bottom) for pair in pairs])
    places = Places(pairs)
    added: list[Shape] = []
    for (_, top, _, height), column in zip(tall.tolist(), _columns(tall, sides), strict=True):
        for other in sorted((pairs[index] for index in column), key=lambda pair: abs(pair.y - top)):
            found = _print_at(replace(other, y=top + height / 2, height=height), pieces)
            if found is not None and not any(overlap(found, taken) for taken in places.near(found)):
                places.add(found)
                added.append(found)
                break
    return added


def _columns(tall: Boxes, pairs: Boxes) -> Iterator[Indexes]:
    """The pairs above and below each piece that begin or end where it does; none where no lattice goes on.

    Args:
        tall: the boxes of the pieces.
        pairs: the left, upper, right and lower sides of the pairs.
    """
    height = pairs[:, 3] - pairs[:, 1]
    for left, top, wide, high in tall:
        begins, ends = left - pairs[:, 0], pairs[:, 2] - left - wide
        upper, lower = top - pairs[:, 1], top + high - pairs[:, 3]
        is_near = (
            np.maximum(np.abs(upper), np.abs(begins)) <= MOST_STEPS * np.maximum(wide, high) + pairs[:, 2] - pairs[:, 0]
        )
        is_high = is_near & (np.abs(upper - lower) <= SAME_LEVEL * height)
        is_level = is_high & (np.maximum(np.abs(upper), np.abs(lower)) <= SAME_LEVEL * height)
        is_within = is_high & (np.minimum(begins, ends) >= -SAME_SIDE * height)
        is_within &= np.minimum(np.abs(begins), np.abs(ends)) <= SAME_SIDE * height
        is_taken = (is_level & is_within).any()
        is_between = (is_within & (upper > 0)).any() and (is_within & (upper < 0)).any()
        yield np.flatnonzero(is_within & ((is_level.any() or is_between) and not is_taken))


def _print_at(spot: Shape, pieces: Boxes) -> Shape | None:
    """The print at a place, if it is as wide and as high as the brackets that belong there."""
    middle = pieces[:, :2] + pieces[:, 2:] / 2
    is_in = (np.abs(middle - (spot.x, spot.y)) <= (spot.width / 2, spot.height / 2)).all(axis=1)
    if not is_in.any():
        return None
    left, top = pieces[is_in, :2].min(axis=0)
    right, bottom = (pieces[is_in, :2] + pieces[is_in, 2:]).max(axis=0)
    sides = np.abs((left - spot.left, right - spot.right)) <= SAME_SIDE * spot.height
    if not sides.all() or max(abs(top - spot.top), abs(bottom - spot.bottom)) > SAME_LEVEL * spot.height:
        return None
    return Shape((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 1.0, "brackets")


def _pairs(opening: Ends, closing: Ends, pieces: Boxes) -> list[Shape]:
    """The pairs of ends on one level between which there is no other bracket; letters in brackets are lower."""
    pairs = []
    right, bottom = (pieces[:, side] + pieces[:, side + 2] for side in (0, 1))
    for outer, inner, top, height in opening:
        level = SAME_LEVEL * height
        apart = closing[:, 1] - inner
        is_fitting = (apart >= LEAST_APART * height) & (apart <= MOST_APART * height)
        is_fitting &= np.abs(closing[:, 2] - top) <= level
        is_fitting &= np.abs(closing[:, 2] + closing[:, 3] - top - height) <= level
        if not is_fitting.any():
            continue
        last = float(closing[is_fitting, 0].min())
        is_bracket = (np.abs(pieces[:, 1] - top) <= level) & (np.abs(bottom - top - height) <= level)
        is_between = (is_bracket & (pieces[:, 0] > outer) & (right < last)).any()
        if not is_between and has_size_of_bubble(last - outer, height):
            x, y = float(outer + last) / 2, float(top + height / 2)
            pairs.append(Shape(x, y, float(last - outer), float(height), 1.0, "brackets"))
    return pairs
