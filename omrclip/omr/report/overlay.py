"""Draws on a scan what was found and read there, so that people can check it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from omrclip.errors import CorruptImage, ImageError, LimitExceeded, UnsupportedImage
from omrclip.imaging.arrays import Pixels, Points
from omrclip.imaging.drawing import BLACK, WHITE, Canvas, Colour, Pen
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.ops import extents
from omrclip.imaging.source import ImageSource
from omrclip.omr.clips import Clip
from omrclip.omr.recognition import Recognition
from omrclip.omr.registration.find import Registration
from omrclip.omr.report.overlay_legend import with_legend
from omrclip.omr.report.overlay_style import (
    CLIP,
    FAILED,
    PAGE,
    RESIDUAL,
    RESIDUALS_ENLARGED,
    STATUS_COLOURS,
    draw_bubble,
)
from omrclip.omr.results import Corners, ElementResult, ElementStatus

MOST_PIXELS = 16_000_000
"""A larger scan is drawn at 1/2, 1/4, …, which is fine enough for people."""
DRAWING_PIXEL_BYTES = 10
"""Memory for a pixel: a copy to draw on, one with the legend, and the encoder's."""
MOST_RESIDUALS = 200
_NO_PICTURE = {UnsupportedImage.code, CorruptImage.code, ImageError.code, LimitExceeded.code}
_STEPS_AN_EDGE = 32
"""The number of lines with which the outline follows the paper along an edge of the page."""


def can_be_drawn(recognition: Recognition) -> bool:
    """Whether the scan can be drawn. It cannot if it failed because it is not a usable image."""
    return recognition.error is None or recognition.error.code not in _NO_PICTURE


def draw_on(scan: ImageSource, recognition: Recognition) -> Pixels:
    """The overlay of a scan, reduced if it is very large. See `draw`."""
    return draw(scan.read(scan.dimensions.box, drawn_dimensions(scan.dimensions)), recognition)


def drawing_bytes(scan: Dimensions) -> int:
    """The most memory that drawing and encoding an overlay needs in addition to the scan's pixels."""
    return DRAWING_PIXEL_BYTES * drawn_dimensions(scan).pixels


def drawn_dimensions(scan: Dimensions) -> Dimensions:
    """The dimensions at which `draw_on` draws."""
    factor = 1
    while scan.pixels > MOST_PIXELS * factor * factor:
        factor *= 2
    return Dimensions(-(-scan.width // factor), -(-scan.height // factor))


def draw(scan: Pixels, recognition: Recognition, decided: Mapping[str, str] | None = None) -> Pixels:
    """The scan with an overlay of what was found, and a legend below.

    It shows the outline of the page, which follows bent paper, the box of each element, its bubbles by status with bars
    for their fills, the values of grids and barcodes, the outlines and names of clips, and enlarged arrows for the
    deviations of matches. A scan that failed has a frame, and its legend contains the reason.

    Args:
        scan: (height, width, 3) uint8 BGR, at its own size or reduced. It is not changed.
        recognition: the result of the scan.
        decided: the title of an element → the value that a person decided. It is written at the element.

    Returns:
        (height with the legend, width, 3) uint8 BGR. The pixels of the scan keep their places.
    """
    decided = decided or {}
    recognition = replace(recognition, elements=tuple(_as_decided(one, decided) for one in recognition.elements))
    canvas, unit = Canvas(scan), line_unit(extents(scan))
    registration = recognition.registration
    if registration is None:
        _draw_frame(canvas, unit)
    else:
        sheet = _Sheet(canvas, extents(scan).width / registration.scan.width, unit, decided)
        sheet.draw_page(registration)
        for element in recognition.elements:
            sheet.draw_element(element)
        for clip in recognition.clips:
            sheet.draw_clip(clip)
        sheet.draw_residuals(registration)
        sheet.draw_labels(recognition, registration)
    return with_legend(canvas.pixels, recognition, unit)


def _as_decided(element: ElementResult, decided: Mapping[str, str]) -> ElementResult:
    if element.title not in decided:
        return element
    value = decided[element.title]
    return replace(element, value=value, status=ElementStatus.MARKED if value else ElementStatus.BLANK)


def line_unit(scan: Dimensions) -> float:
    """The width of a thin line in pixels, a thousandth of the scan's side. It is the unit of all other sizes."""
    return max(0.5, float(np.sqrt(scan.pixels)) / 1000)


def outline(registration: Registration) -> Points:
    """The outline of the page in the scan, clockwise from its top left, following bent paper: (n, 2) float64 points."""
    width, height = registration.page.width, registration.page.height
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]], np.float64)
    shares = np.linspace(0, 1, _STEPS_AN_EDGE, endpoint=False)[:, np.newaxis]
    return registration.to_scan(np.vstack([start + shares * (end - start) for start, end in pairwise(corners)]))


def _draw_frame(canvas: Canvas, unit: float) -> None:
    size, inset = canvas.dimensions, 3 * unit
    right, bottom = size.width - inset, size.height - inset
    canvas.line([(inset, inset), (right, inset), (right, bottom), (inset, bottom)], Pen(FAILED, 6 * unit), closed=True)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A canvas, the number of its pixels for each pixel of the scan, the width of a thin line, and decided values."""

    canvas: Canvas
    to_pixels: float
    unit: float
    decided: Mapping[str, str] = field(default_factory=dict)

    def draw_page(self, registration: Registration) -> None:
        self.canvas.line(outline(registration) * self.to_pixels, Pen(PAGE, 3 * self.unit), closed=True)

    def draw_element(self, element: ElementResult) -> None:
        pens = {
            ElementStatus.MULTIPLE: Pen(STATUS_COLOURS[ElementStatus.MULTIPLE], 2 * self.unit),
            ElementStatus.UNCERTAIN: Pen(STATUS_COLOURS[ElementStatus.UNCERTAIN], 2 * self.unit, dashed=True),
        }
        if element.corners:
            pen = pens.get(element.status, Pen(STATUS_COLOURS[element.status], self.unit))
            self.canvas.line(self._pixels(element.corners), pen, closed=True)
        for bubble in element.bubbles:
            if bubble.corners:
                draw_bubble(self.canvas, self._pixels(bubble.corners), bubble, element.status, self.unit)
        for child in element.children:
            self.draw_element(child)

    def draw_clip(self, clip: Clip) -> None:
        self.canvas.line(self._pixels(clip.corners), Pen(CLIP, 2 * self.unit), closed=True)

    def draw_residuals(self, registration: Registration) -> None:
        """Arrows from the expected to the found place of each match. If there are very many, an even choice of them."""
        if registration.matches is None or not len(registration.matches):
            return
        matches = registration.matches[:: -(-len(registration.matches) // MOST_RESIDUALS)].astype(np.float64)
        put, found = registration.to_scan(matches[:, :2]), matches[:, 2:]
        ends = put + RESIDUALS_ENLARGED * (found - put)
        for start, end in zip(put * self.to_pixels, ends * self.to_pixels, strict=True):
            self.canvas.arrow(_point(start), _point(end), Pen(RESIDUAL, self.unit))

    def draw_labels(self, recognition: Recognition, registration: Registration) -> None:
        """Draw the labels last, above all lines."""
        self._label_top(registration)
        for clip in recognition.clips:
            self._label_clip(clip)
        for element in recognition.elements:
            if element.corners:
                self._label_element(element)

    def _label_top(self, registration: Registration) -> None:
        """Label the top edge of the page. From afar, a page that is upside down looks like any other."""
        middle = registration.page.width / 2
        edge, below = registration.to_scan(np.array([[middle, 0.0], [middle, 1.0]])) * self.to_pixels
        self._label("top", edge, _direction(edge, below))

    def _label_clip(self, clip: Clip) -> None:
        """The name above the upper left corner of the clip, so that the writing in the clip stays visible."""
        corners = self._pixels(clip.corners)
        self._label(clip.title, corners[0], _direction(corners[0], corners[1]), _direction(corners[3], corners[0]))

    def _label_element(self, element: ElementResult) -> None:
        """Write at the right side of an element what its bubbles do not show: a value, or a sign of doubt."""
        corners = self._pixels(element.corners)
        edge, outwards = (corners[1] + corners[2]) / 2, _direction(corners[0], corners[1])
        sign = {ElementStatus.UNCERTAIN: "?", ElementStatus.MULTIPLE: "!"}.get(element.status, "")
        shows_bubbles = element.bubbles and element.title not in self.decided
        text = sign if shows_bubbles else f"{element.value}{sign}" or "–"
        if text:
            self._label(text, edge, outwards, ground=STATUS_COLOURS[element.status] if sign else WHITE)

    def _label(self, text: str, place: Points, *towards: Points, ground: Colour = WHITE) -> None:
        """Write on the side of a place to which these unit vectors point."""
        size = text_size(self.unit)
        half = np.divide(self.canvas.label_extents(text, size), 2) + self.unit
        away = sum((way * (np.abs(way) @ half) for way in towards), np.zeros(2))
        self.canvas.label(text, _point(place + away), size, BLACK, ground)

    def _pixels(self, corners: Corners) -> Points:
        return np.asarray(corners, np.float64).reshape(-1, 2) * self.to_pixels


def text_size(unit: float) -> int:
    """The size of text in pixels: small, but legible on small scans too."""
    return max(9, round(14 * unit))


def _direction(start: Points, end: Points) -> Points:
    """The unit vector from one point to another, or zero if they are the same."""
    way = end - start
    return way / max(float(np.linalg.norm(way)), 1e-9)


def _point(point: Points) -> tuple[float, float]:
    return float(point[0]), float(point[1])
