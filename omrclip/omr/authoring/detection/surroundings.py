"""The print around bubbles: where ink is between them, and how it falls into pieces."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import PAPER_PERCENTILE, Shape
from omrclip.omr.authoring.detection.working_page import (
    LEAST_CONTRAST,
    PX_PER_MM,
    WINDOW_MM,
    WorkingPage,
    mask_of,
    part_of,
    percentile,
    pieces_of,
)

MARGIN_MM = 0.3
"""Width around a bubble that counts as its outline."""
EDGE_MM = 3.0
"""Width along the sides of the page in which nothing is print: printers do not reach it, and photos show the desk."""
LINE_GAP_MM = 0.4
"""White space that parts two lines of print."""
LEANING_MM = 0.9
"""Width of the strip around a long line in which ink is that of the line: a line that leans by half a degree is found
in pieces beside each other."""
LEAST_INK_MM = 0.25
"""Height of ink in a column of pixels from which it is print; specks are smaller."""
SPECK_MM, SPECK_FREE_MM = 1.2, 0.8
"""Sides of a speck at most, and the space around it without larger print at least. The points of an i and of a sentence
are nearer to their letters."""
LEADER_MM, LEADER_DROP_MM, LEAST_LEADER = 6.0, 0.3, 3
"""Distance within which points that lead to a bubble have others beside them, the distance of their levels at most, and
how many they are at least: two specks stand on one level by chance."""
BAR_MM, BAR_FILLED = 0.9, 0.9
"""Thickness of a bar at least, and the part of its sides that it fills: bold letters of titles have holes and arms."""
TONE_MM = 2.0
"""Side of a square of one tone from which it is part of a shaded area: strokes of letters are thinner, and bubbles that
cut such an area are about as large."""
STROKE_MM = 1.1
"""Width of the strokes of print, which are darker than the tone around them, at most."""
DARK_TONE = 0.5
"""Grey level, in levels of the lightest paper around it, below which a shaded area is print itself, as a bar with a
heading."""
WORD_SIZE = (32, 12)
"""Width and height of the picture of a word: enough to tell Yes from No, and not the noise of two scans of one word."""

Word = npt.NDArray[np.float32]
"""(12, 32) float32: a printed word, darker is larger, with zero mean and a length of 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Print without bubbles and long lines: `ink` is (height, width) uint8, 255 for print, in working pixels."""

    ink: Grey

    def pieces(self, left: float, top: float, right: float, bottom: float, white: float) -> list[tuple[float, float]]:
        """The left and right ends of the pieces of print in a rectangle, parted by at least `white` pixels."""
        return _pieces(self._part(left, top, right, bottom), 0, left, white)

    def word(self, left: float, top: float, right: float, bottom: float) -> tuple[float, Word] | None:
        """The width of what is printed in a rectangle, and its picture; None if nothing is."""
        part = self._part(left, top, right, bottom)
        if not _has_ink(part):
            return None
        x, y, width, height = cv2.boundingRect(part)
        picture = cv2.resize(part[y : y + height, x : x + width], WORD_SIZE, interpolation=cv2.INTER_AREA)
        apart = picture.astype(np.float32) - float(picture.mean())
        return float(width), np.asarray(apart / max(1.0, float(np.linalg.norm(apart))), np.float32)

    def has_print(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether something is printed in a rectangle."""
        part = self._part(left, top, right, bottom)
        return _has_ink(part)

    def bottom_of_print_above(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float] | None:
        """The upper and lower side of the lowest line of print in a rectangle."""
        lines = self._lines(left, top, right, bottom)
        return lines[-1] if lines else None

    def top_of_print_below(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float] | None:
        """The upper and lower side of the uppermost line of print in a rectangle."""
        lines = self._lines(left, top, right, bottom)
        return lines[0] if lines else None

    def _lines(self, left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
        return _pieces(self._part(left, top, right, bottom), 1, top, LINE_GAP_MM * PX_PER_MM)

    def _part(self, left: float, top: float, right: float, bottom: float) -> Grey:
        x0, y0, x1, y1 = (max(0, round(side)) for side in (left, top, right, bottom))
        return self.ink[y0:y1, x0:x1]


def _pieces(part: Grey, axis: int, start: float, white: float) -> list[tuple[float, float]]:
    if not _has_ink(part):
        return []
    places = np.flatnonzero(part.any(axis=axis))
    breaks = np.flatnonzero(np.diff(places) > white)
    first = places[np.concatenate([[0], breaks + 1])]
    last = places[np.concatenate([breaks, [len(places) - 1]])]
    offset = max(0, round(start))
    return [(float(a + offset), float(b + 1 + offset)) for a, b in zip(first, last, strict=True)]


def _has_ink(part: Grey) -> bool:
    """Whether more than a speck is printed in a part of the page."""
    return bool(part.size and cv2.countNonZero(part) > (LEAST_INK_MM * PX_PER_MM) ** 2)


def surroundings(page: WorkingPage, bubbles: Iterable[Shape]) -> Surroundings:
    """Take bubbles and long lines from the print of a page."""
    strip = round(LEANING_MM * PX_PER_MM)
    wide = cv2.dilate(page.vertical, np.ones((3, strip), np.uint8))
    high = cv2.dilate(page.horizontal, np.ones((strip, 3), np.uint8))
    ink = cv2.bitwise_and(page.dark, cv2.bitwise_not(cv2.bitwise_or(wide, high)))
    margin = MARGIN_MM * PX_PER_MM
    grey = page.grey.copy()
    for shape in bubbles:
        left, top = max(0, int(shape.left - margin)), max(0, int(shape.top - margin))
        place = slice(top, int(shape.bottom + margin) + 1), slice(left, int(shape.right + margin) + 1)
        ink[place] = grey[place] = 0
    # Noise is as large as the contrast in single pixels, and not in the mean of nine; the lightest of many are paper.
    smooth, filled = (np.asarray(cv2.blur(levels, (3, 3)), np.uint8) for levels in (page.grey, grey))
    ink = cv2.bitwise_and(ink, cv2.bitwise_not(cv2.bitwise_or(_shade(smooth, filled), _tint(smooth))))
    ink = _without_specks(_without_bars(np.asarray(ink, np.uint8)), page)
    edge = int(EDGE_MM * PX_PER_MM)
    for side in (ink[:edge], ink[-edge:], ink[:, :edge], ink[:, -edge:]):
        side[:] = 0
    return Surroundings(np.asarray(ink, np.uint8))


def _without_bars(ink: Grey) -> Grey:
    """Print without filled rectangles that are thicker than strokes of letters, as timing marks are."""
    thick = np.ones((round(BAR_MM * PX_PER_MM),) * 2, np.uint8)
    core = cv2.erode(ink, thick) > 0
    if not core.any():
        return ink
    labels, areas = pieces_of(ink)
    cores = np.unique(labels[core])
    full = areas[:, cv2.CC_STAT_WIDTH] * areas[:, cv2.CC_STAT_HEIGHT]
    is_bar = np.zeros(len(areas), bool)
    is_bar[cores] = areas[cores, cv2.CC_STAT_AREA] > BAR_FILLED * full[cores]
    return np.asarray(cv2.subtract(ink, mask_of(labels, areas, is_bar)), np.uint8)


def _without_specks(ink: Grey, page: WorkingPage) -> Grey:
    """Print without the specks of a copier: small pieces with no print around them, and none beside them."""
    boxes = page.pieces[1][1:]
    boxes = boxes[boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) < SPECK_MM * PX_PER_MM]
    specks = [_Box(*box) for box in boxes[:, : cv2.CC_STAT_AREA].tolist()]
    small = np.zeros_like(ink)
    for speck in specks:
        small[speck.widened(0, 0)] = ink[speck.widened(0, 0)]
    large = cv2.subtract(ink, small)
    free, along, drop = (round(size * PX_PER_MM) for size in (SPECK_FREE_MM, LEADER_MM, LEADER_DROP_MM))
    middles = boxes[:, :2] + boxes[:, 2:4] / 2
    points = middles[boxes[:, cv2.CC_STAT_AREA] > (LEAST_INK_MM * PX_PER_MM) ** 2]
    for speck, middle in zip(specks, middles, strict=True):
        if not cv2.countNonZero(large[speck.widened(free, free)]):
            on_level = (np.abs(points - middle) < (along, drop)).all(axis=1)
            if np.count_nonzero(on_level) < LEAST_LEADER:
                ink[speck.widened(0, 0)] = 0
    return ink


class _Box(NamedTuple):
    """Left and upper side, width and height in pixels."""

    left: int
    top: int
    width: int
    height: int

    def widened(self, across: int, down: int) -> tuple[slice, slice]:
        """The rows and columns of the box and some pixels at its sides."""
        rows = slice(max(0, self.top - down), self.top + self.height + down)
        return rows, slice(max(0, self.left - across), self.left + self.width + across)


def _shade(smooth: Grey, filled: Grey) -> Grey:
    """255 where a page has the light tone of a shaded area, whose edges are neither text nor lines.

    Args:
        smooth: the page.
        filled: the page with black bubbles, so that they do not cut the area in strips as thin as letters.
    """
    square = np.ones((round(TONE_MM * PX_PER_MM),) * 2, np.uint8)
    tone = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, square)
    paper = np.asarray(cv2.dilate(smooth, np.ones((int(WINDOW_MM * PX_PER_MM) | 1,) * 2, np.uint8)), np.uint8)
    _, is_thin = cv2.threshold(cv2.subtract(tone, smooth), LEAST_CONTRAST - 1, 255, cv2.THRESH_BINARY)
    is_light = cv2.compare(tone, part_of(paper, DARK_TONE), cv2.CMP_GT)
    return np.asarray(cv2.bitwise_and(is_light, cv2.bitwise_not(is_thin)), np.uint8)


def _tint(smooth: Grey) -> Grey:
    """255 where a page has a light tone that no thin print makes, as narrow strips of a tint between white bubbles."""
    side = round(STROKE_MM * PX_PER_MM) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    tone = np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, disc), np.uint8)
    paper = np.asarray(cv2.dilate(tone, np.ones((int(WINDOW_MM * PX_PER_MM) | 1,) * 2, np.uint8)), np.uint8)
    _, is_print = cv2.threshold(cv2.subtract(tone, smooth), LEAST_CONTRAST - 1, 255, cv2.THRESH_BINARY)
    is_light = cv2.compare(tone, part_of(paper, DARK_TONE), cv2.CMP_GT)
    return np.asarray(cv2.bitwise_and(is_light, cv2.bitwise_not(is_print)), np.uint8)


Glyph = npt.NDArray[np.float32]
"""(16, 16) float32: what is printed inside a bubble, darker is larger, with zero mean and a length of 1, or zeros."""
GLYPH_SIDE = 16
"""Pixels of both sides of a glyph."""
INNER = 0.62
"""Part of the width and height of the oval in a bubble within which its letter is, and its outline is not."""
_FROM_MIDDLE = np.abs(np.arange(GLYPH_SIDE) - (GLYPH_SIDE - 1) / 2) / (GLYPH_SIDE / 2)
ROUND_INSIDE = 0.36
"""Distance from the middle, in sides of a bubble, within which its outline is not, also where it is round: in the
corners of the part of a bubble that is looked at."""
OVAL = np.hypot(_FROM_MIDDLE[:, None], _FROM_MIDDLE[None]) < 1
"""(16, 16) bool: the part of a glyph that is in this oval. Its corners may show an outline, which all bubbles share."""
LEAST_OUTLINE_CONTRAST = 20.0
"""Grey levels that are taken for the contrast of an outline, at least: faint ones are noise."""
LIGHTEST_PERCENTILE = 98
"""Percentile of the grey levels of a bubble that is the lightest paper, without outliers."""
LINE_PERCENTILE = 3
"""Percentile of the grey levels of a bubble that is its outline, without outliers."""
LEAST_GLYPH = 0.06
"""Standard deviation of the inside of a bubble, in contrasts of its outline, from which something is printed in it."""


def glyph(page: WorkingPage, shape: Shape) -> Glyph:
    """What is printed inside a bubble; zeros if nothing is."""
    half_x, half_y = shape.width * INNER / 2, shape.height * INNER / 2
    y0, y1, x0, x1 = (round(side) for side in (shape.y - half_y, shape.y + half_y, shape.x - half_x, shape.x + half_x))
    inside = page.grey[max(0, y0) : y1, max(0, x0) : x1]
    if inside.size == 0:
        return np.zeros((GLYPH_SIDE, GLYPH_SIDE), np.float32)
    whole = page.grey[max(0, round(shape.top)) : round(shape.bottom), max(0, round(shape.left)) : round(shape.right)]
    contrast = max(LEAST_OUTLINE_CONTRAST, percentile(whole, LIGHTEST_PERCENTILE) - int(whole.min()))
    small = cv2.resize(inside, (GLYPH_SIDE, GLYPH_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = np.where(OVAL, small[OVAL].mean() - small, 0)
    if small[OVAL].std() < LEAST_GLYPH * contrast:
        return np.zeros_like(small)
    return np.asarray(small / np.linalg.norm(small), np.float32)


def print_ratio(page: WorkingPage, shape: Shape) -> float:
    """The width of what is printed inside a bubble, in its heights; 0 if nothing is."""
    half_x, half_y = shape.width * INNER / 2, shape.height * INNER / 2
    y0, y1, x0, x1 = (round(side) for side in (shape.y - half_y, shape.y + half_y, shape.x - half_x, shape.x + half_x))
    dark = page.dark[max(0, y0) : y1, max(0, x0) : x1]
    y, x = np.ogrid[max(0, y0) : y1, max(0, x0) : x1]
    dark = dark * (np.hypot((x + 0.5 - shape.x) / shape.width, (y + 0.5 - shape.y) / shape.height) < ROUND_INSIDE)
    columns, rows = np.flatnonzero(dark.any(axis=0)), np.flatnonzero(dark.any(axis=1))
    return float(np.ptp(columns) + 1) / float(np.ptp(rows) + 1) if columns.size else 0.0


def darkness(page: WorkingPage, shape: Shape) -> float:
    """How much of the inside of a bubble is as dark as its outline, 0 to 1."""
    half_x, half_y = shape.width * INNER / 2, shape.height * INNER / 2
    y0, y1, x0, x1 = (round(side) for side in (shape.y - half_y, shape.y + half_y, shape.x - half_x, shape.x + half_x))
    inside = page.grey[max(0, y0) : y1, max(0, x0) : x1]
    around = page.grey[max(0, round(shape.top)) : round(shape.bottom), max(0, round(shape.left)) : round(shape.right)]
    paper, line = (percentile(around, each) for each in (PAPER_PERCENTILE, LINE_PERCENTILE))
    if not inside.size or paper - line < 1:
        return 0.0
    return float(paper - np.clip(inside, line, paper).mean()) / (paper - line)
