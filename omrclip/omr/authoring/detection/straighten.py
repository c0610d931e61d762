"""Make a scanned or photographed blank page upright: cut the paper out of a photo, and turn a skewed page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Pixels
from omrclip.omr.authoring.detection.pairs import pairs_within
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.working_page import pieces_of

SMALL_SIDE_PX = 800
"""Longer side of the image in which the paper is looked for."""
CLOSED_PX = 26
"""Side of the square, in pixels of this image, with which print is closed: wider than the strokes of headlines."""
LEAST_PAPER, MOST_PAPER = 0.35, 0.985
"""Part of the image that the paper covers. With more, the image is the paper."""
LEAST_CONTRAST = 30
"""Grey levels by which paper is lighter than what lies around it."""
CORNER_PART = 0.02
"""Part of its circumference by which the outline of the paper may differ from four straight sides."""
LEAST_SKEW_DEGREES = 0.08
"""Below this a page is left as it is: over the width of a page it is 1 mm in 700."""
MOST_SKEW_DEGREES = 8.0
"""The most that the rows of bubbles may be turned."""
MOST_STEPS = 6.0
"""Distance of two neighbours in one row, in their widths, or in one column, in their heights, at most."""
LEAST_PAIRS = 4
"""Neighbours from which the skew is measured."""
QUARTILES = (25, 75)
"""Percentiles between which half of the angles of neighbours are. By this distance over the root of their number, their
median is off."""
LEAST_LINE_PX, MOST_THICK_PX = 200, 8
"""Length of a printed line that tells the skew of a page without bubbles, and its thickness at most, in pixels of the
working page: 20 mm, as a line to write on has, and 0.8 mm."""
LEAST_LINES = 2
"""Lines that agree at least: a single one may be a drawing."""


@dataclass(frozen=True, slots=True, eq=False)
class Straightened:
    """An upright page.

    Attributes:
        pixels: (height, width, 3) uint8 BGR, or (height, width) grey like the image that it was made from.
        matrix: (3, 3) float64, from homogeneous pixel coordinates of that image to those of `pixels`.
    """

    pixels: Pixels
    matrix: npt.NDArray[np.float64]


def cut_paper(pixels: Pixels) -> Straightened:
    """Cut the paper out of a photo of it. An image without a lighter quadrilateral is returned unchanged."""
    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    corners = _paper(grey)
    if corners is None:
        return Straightened(pixels, np.eye(3))
    upper, right, lower, left = (float(np.linalg.norm(corners[(index + 1) % 4] - corners[index])) for index in range(4))
    width, height = round(max(upper, lower)), round(max(left, right))
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), target), np.float64)
    return _warped(pixels, matrix, width, height)


def _paper(grey: Grey) -> npt.NDArray[np.float64] | None:
    """The corners of the paper, (4, 2) clockwise from the upper left one; None if the image shows nothing else."""
    scale = SMALL_SIDE_PX / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Closing takes the print away, so that only paper and background are left.
    small = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((CLOSED_PX, CLOSED_PX), np.uint8))
    _, light = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inside, outside = small[light > 0], small[light == 0]
    if not inside.size or not outside.size or float(np.median(inside)) - float(np.median(outside)) < LEAST_CONTRAST:
        return None
    contours, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    paper = cv2.convexHull(max(contours, key=cv2.contourArea))
    if not LEAST_PAPER <= cv2.contourArea(paper) / small.size <= MOST_PAPER:
        return None
    outline = cv2.approxPolyDP(paper, CORNER_PART * cv2.arcLength(paper, closed=True), closed=True)
    if len(outline) != 4:
        return None
    points = np.asarray(outline[:, 0], np.float64) / scale
    around = points - points.mean(axis=0)
    clockwise = points[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    first = int(np.argmin(clockwise.sum(axis=1)))
    return np.asarray(np.roll(clockwise, -first, axis=0), np.float64)


def skew_of(sizes: Sequence[Sequence[Shape]]) -> float:
    """The angle of the rows of bubbles in degrees, clockwise; 0 with too few neighbours to measure it.

    `sizes` are the bubbles by their sizes. Only those of one size are neighbours: the letter beside a large box that is
    taken for a bubble by mistake stands lower than the middle of the box on each row. Where hardly any bubbles stand
    beside each other, as on ballots, those below each other count too.
    """
    angles = _angles_of_rows(sizes)
    if len(angles) < LEAST_PAIRS:
        # Seen from the side, with the left of the page down, columns are rows.
        turned = [[replace(one, x=one.y, y=-one.x, width=one.height) for one in bubbles] for bubbles in sizes]
        angles += _angles_of_rows(turned)
    return float(np.median(angles)) if len(angles) >= LEAST_PAIRS else 0.0


def clear_skew_of(sizes: Sequence[Sequence[Shape]]) -> float:
    """The angle of the rows of shapes, some of them letters, in degrees; 0 if they do not tell it clearly."""
    angles = _angles_of_rows(sizes)
    if len(angles) < LEAST_PAIRS:
        return 0.0
    low, high = np.percentile(angles, QUARTILES)
    return float(np.median(angles)) if high - low < LEAST_SKEW_DEGREES * len(angles) ** 0.5 else 0.0


def skew_of_lines(dark: Grey) -> float:
    """The angle of long thin lines in degrees, clockwise; 0 if there are too few, or if they do not agree.

    Args:
        dark: (height, width) uint8, not zero where the working page is dark.
    """
    labels, stats = pieces_of(dark)
    angles = []
    for number, (left, top, width, height, area) in enumerate(stats[1:].tolist(), 1):
        rise = width * np.tan(np.radians(MOST_SKEW_DEGREES)) + MOST_THICK_PX
        if width < LEAST_LINE_PX or height > rise or area > MOST_THICK_PX * width:
            continue
        y, x = np.nonzero(labels[top : top + height, left : left + width] == number)
        angles.append(float(np.degrees(np.arctan(np.polyfit(x, y, 1)[0]))))
    if len(angles) < LEAST_LINES:
        return 0.0
    low, high = np.percentile(angles, QUARTILES)
    return float(np.median(angles)) if high - low < LEAST_SKEW_DEGREES * len(angles) ** 0.5 else 0.0


def _angles_of_rows(sizes: Sequence[Sequence[Shape]]) -> list[float]:
    """The angles in degrees between the shapes of one size and their neighbours at the right."""
    return [
        angle
        for shapes in sizes
        if shapes
        for angle in _angles(np.array([(shape.x, shape.y) for shape in shapes]), shapes[0].width)
    ]


def _angles(places: npt.NDArray[np.float64], side: float) -> list[float]:
    """The angles in degrees, clockwise, between places and their neighbours at the right, in sides of a bubble."""
    steepest = np.tan(np.radians(MOST_SKEW_DEGREES))
    places = places[np.argsort(places[:, 1], kind="stable")]
    level, reach = places[:, 1], MOST_STEPS * side * steepest
    one, other = pairs_within(level, level - reach, level + reach)
    across, down = (places[other] - places[one]).T
    is_right = (across > side) & (across < MOST_STEPS * side) & (np.abs(down) < across * steepest)
    one, across, down = one[is_right], across[is_right], down[is_right]
    nearest_first = np.lexsort((across + 3 * np.abs(down), one))
    nearest = nearest_first[np.unique(one[nearest_first], return_index=True)[1]]
    return [float(angle) for angle in np.degrees(np.arctan2(down[nearest], across[nearest]))]


def turn(page: Straightened, degrees: float) -> Straightened:
    """Turn a page by an angle, counterclockwise, around its middle. What was outside becomes white."""
    height, width = page.pixels.shape[:2]
    turned = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), (0, 0, 1)])
    result = _warped(page.pixels, turned, width, height)
    return Straightened(result.pixels, turned @ page.matrix)


def _warped(pixels: Pixels, matrix: npt.NDArray[np.float64], width: int, height: int) -> Straightened:
    white = (255, 255, 255)
    warped = cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=white
    )
    return Straightened(np.asarray(warped, np.uint8), np.asarray(matrix, np.float64))
