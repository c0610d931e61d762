"""Bubbles that are printed as a pair of brackets, square or round."""

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import (
    LEAST_HEIGHT_MM,
    MOST_HEIGHT_MM,
    PixelBox,
    Shape,
    has_size_of_bubble,
)
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage, pieces_of

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


def find_brackets(page: WorkingPage) -> list[Shape]:
    """Pairs of an opening and a closing bracket, square or round, on one level. Lines that they touch are cut off."""
    edge = np.ones((LINE_EDGE_PX, 1), np.uint8)
    dark = np.asarray(cv2.bitwise_and(page.dark, cv2.bitwise_not(cv2.dilate(page.horizontal, edge))), np.uint8)
    _, stats = pieces_of(dark)
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


def _bend(dark: Grey, box: PixelBox) -> float:
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


def _pairs(opening: list[PixelBox], closing: list[PixelBox]) -> list[Shape]:
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
