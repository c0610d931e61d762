"""Bubbles without an outline: white ones on a tint, and tinted discs on paper. Their edges are where two tones meet.

An outline is darker than both of its sides, as the mean of a window shows. A tone is as dark as all of its area; only
the paper near it shows that it is one.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import (
    LEAST_CONVEX,
    LEAST_FILLED,
    MOST_CONTOURS,
    RECTANGLE_FILLED,
    Known,
    Places,
    Shape,
    Shapes,
    box_of,
    has_size_of_bubble,
    is_in_place,
    may_have_size,
)
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage, part_of, percentile

NOISE_PX = 1.6
"""Standard deviation of the blur before tones are compared: the noise of photos is as large as the step to a tint."""
STROKE_MM = 1.1
"""Width of print that is taken away, of the tint between two white bubbles at least, and of the paper between two
discs: strokes of letters are thinner, and so are the lines between the cells of a table."""
PAPER_MM = 14.0
"""Side of the square around each pixel of which the lightest one is paper: wider than a bubble and the tint around."""
LEVELS = (0.97, 0.93, 0.85, 0.7)
"""Parts of the brightness of paper between it and a tint: half-way to tints of 94, 86, 70 and 40 %."""
FROM_MIDDLE = 0.35
"""Distance of such a level from the middle of the two tones that it parts, in their step, at most. A level near one of
them shows the blur around something darker."""
LEAST_STEP = 0.035
"""Difference of two tones, in brightnesses of the paper, at least: paler tints are hardly seen, and shadows have it."""
DARKEST = 0.45
"""Tone of a tint and of a disc with a dark letter, in brightnesses of the paper, at least. In darker bars stand white
letters, and darker discs are marks or have white numbers."""
EDGE_PX = 3.5
"""Distance from the edge at which both tones are measured: blurred edges are narrower."""
MOST_OF_EDGE = 12
"""Percentile of the tone outside of the edge that still differs from the tone inside: print may touch a bubble."""
UNEVEN = 0.5
"""Difference of the tones inside of the edge, in steps, at most. Blurred letters close to each other leave uneven
ones."""
MOST_OF_TINT = 65
"""Percentile of the tone around a white bubble that is still that of the tint where print is taken away: only between
neighbours in a row it may be as narrow as print."""
OF_PRINT = 0.3
"""Part of the step by which the edge of a disc is lighter where print is taken away, at most: letters are print."""
KNOWN_SIZE = 0.8
"""Size of a found outline, in sizes of the shape between tones around it, from which both are one bubble; letters are
smaller."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """A shape between tones, and how far its level is from the middle of both, in grey levels."""

    shape: Shape
    off: float


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """A page in grey, its tint, this without print, its paper around each pixel, and the part that parts two tones."""

    grey: Grey
    page: Grey
    without_print: Grey
    paper: Grey
    level: float


def with_tones(page: WorkingPage, found: Shapes) -> Shapes:
    """Add the shapes that have no outline, but another tone than what is around them."""
    # Pieces of a blurred tone may be closed to an outline with gaps, which is smaller.
    whole = Known(one for one in found.shapes if one.kind in ("outline", "joined", "brackets"))
    added = _between_tones(page, whole)
    taken = Places(added)
    kept = [one for one in found.shapes if not is_in_place(one, taken.near(one))]
    return replace(found, shapes=(*kept, *added))


def _between_tones(page: WorkingPage, whole: Known) -> list[Shape]:
    """All shapes of the size of a bubble with an edge between paper and a tint, each place once.

    Args:
        page: the page.
        whole: the outlines that are already found. A shape at the place of one is left out.
    """
    smooth = np.asarray(cv2.GaussianBlur(page.tint, (0, 0), NOISE_PX), np.uint8)
    side = round(STROKE_MM * PX_PER_MM) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    without_print = np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, disc), np.uint8)
    without_lines = np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_OPEN, disc), np.uint8)
    paper = np.asarray(cv2.dilate(without_print, np.ones((round(PAPER_MM * PX_PER_MM),) * 2, np.uint8)), np.uint8)
    edges = []
    for level in LEVELS:
        limit = part_of(paper, level)
        for tones, is_white in ((smooth, True), (without_print, True), (without_lines, False)):
            tinted = np.asarray(cv2.compare(tones, limit, cv2.CMP_LT), np.uint8)
            layers = _Layers(page.grey, smooth, without_print, paper, level)
            edges += list(_edges(tinted, layers, whole, is_white=is_white))
    kept = Places()
    chosen = []
    for edge in sorted(edges, key=lambda edge: edge.off):
        if not is_in_place(edge.shape, kept.near(edge.shape)):
            kept.add(edge.shape)
            chosen.append(edge.shape)
    return chosen


def _edges(tinted: Grey, layers: _Layers, whole: Known, *, is_white: bool) -> Iterator[_Edge]:
    """The white holes in what is tinted, or the tinted pieces on paper."""
    contours, tree = cv2.findContours(tinted, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None or len(contours) > MOST_CONTOURS:
        return
    sides = np.flatnonzero((tree[0][:, 3] >= 0) == is_white).tolist()
    boxes = {index: box_of(contours[index]) for index in sides if may_have_size(contours[index])}
    # The contour of a hole runs over the pixels around it.
    edge = 1 if is_white else 0
    places = {
        index: (left + edge, top + edge, width - 2 * edge, height - 2 * edge)
        for index, (left, top, width, height) in boxes.items()
        if has_size_of_bubble(width, height)
    }
    # Most have an outline, which is found already, and are not looked at further.
    is_known = whole.are_at(list(places.values()), KNOWN_SIZE)
    for index in itertools.compress(places, ~is_known):
        contour = contours[index]
        filled = _filled(contour, is_white=is_white)
        if filled is None:
            continue
        left, top, width, height = places[index]
        kind = "tone" if is_white else "disc"
        shape = Shape(left + width / 2, top + height / 2, width, height, filled, kind)
        light = int(layers.paper[round(shape.y), round(shape.x)])
        if not _has_tint(layers.without_print, contour, shape, light, is_white=is_white):
            continue
        middle = _middle_of_tones(layers, contour, shape, light, is_white=is_white)
        if middle is not None:
            yield _Edge(shape, abs(layers.level * light - middle))


def _middle_of_tones(layers: _Layers, contour: Any, shape: Shape, light: int, *, is_white: bool) -> float | None:
    """The middle of the tones at both sides of an edge, which is near its level; None if it is no edge of a tint."""
    inside = _tones(layers.without_print, contour, shape, -EDGE_PX)
    # The tint between two bubbles may be as narrow as print.
    outside = _tones(layers.page if is_white else layers.without_print, contour, shape, EDGE_PX)
    within = float(np.median(inside))
    # The tone outside that is nearest to the tone inside.
    nearest = percentile(outside, 100 - MOST_OF_EDGE if is_white else MOST_OF_EDGE)
    step = within - nearest if is_white else nearest - within
    uneven = percentile(inside, 100 - MOST_OF_EDGE) - percentile(inside, MOST_OF_EDGE)
    if step < LEAST_STEP * light or uneven > UNEVEN * step:
        return None
    if is_white:
        is_print = within - _wide_tint(layers.without_print, contour, shape) < step / 2
    else:
        is_print = within - float(np.median(_tones(layers.page, contour, shape, -EDGE_PX))) > OF_PRINT * step
    if is_print or _darker(layers.grey, contour, shape, is_white=is_white) < DARKEST:
        return None
    around = float(np.median(outside))
    middle = (within + around) / 2
    return middle if abs(layers.level * light - middle) < FROM_MIDDLE * abs(within - around) else None


def _filled(contour: Any, *, is_white: bool) -> float | None:
    """The part of its rotated box that the hull of a contour covers; None if it has not the form of a bubble."""
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    (_, _), (across, down), _ = cv2.minAreaRect(hull)
    filled = area / max(1.0, across * down)
    if filled <= LEAST_FILLED or cv2.contourArea(contour) < LEAST_CONVEX * area:
        return None
    if not is_white and filled >= RECTANGLE_FILLED:
        # Tinted rectangles are cells of a table, or bars.
        return None
    return filled


def _has_tint(tones: Grey, contour: Any, shape: Shape, light: int, *, is_white: bool) -> bool:
    """Whether the side of an edge that should have a tint is darker than paper. Beside most print it is not."""
    if is_white:
        return _wide_tint(tones, contour, shape) <= (1 - LEAST_STEP / 2) * light
    return float(np.median(_tones(tones, contour, shape, -EDGE_PX))) <= (1 - LEAST_STEP / 2) * light


def _wide_tint(tones: Grey, contour: Any, shape: Shape) -> int:
    """The tone without print around most of an edge: an outline is print, and what is inside of it no tone."""
    return percentile(_tones(tones, contour, shape, EDGE_PX), MOST_OF_TINT)


def _darker(grey: Grey, contour: Any, shape: Shape, *, is_white: bool) -> float:
    """How bright the darker side of an edge is, in brightnesses of the other one. A strong colour is bright in grey."""
    inside, outside = (float(np.median(_tones(grey, contour, shape, way * EDGE_PX))) for way in (-1, 1))
    return outside / max(1.0, inside) if is_white else inside / max(1.0, outside)


def _tones(tones: Grey, contour: Any, shape: Shape, beside: float) -> Grey:
    """The tones along a contour, some pixels outside of it or, if `beside` is negative, inside."""
    middle = np.array((shape.x, shape.y))
    points = contour[:, 0] + 0.5 - middle
    length = np.hypot(*points.T)[:, None]
    moved = points * (1 + beside / np.maximum(length, 1)) + middle
    x, y = np.clip(moved, 0, (tones.shape[1] - 1, tones.shape[0] - 1)).astype(int).T
    return np.asarray(tones[y, x], np.uint8)
