"""Filled and distorted sheets of any template, with the answers that are marked on them.

They serve to try a form and everything behind it before the day. Marks, scans and photos are simple: good sheets are
read without a mistake. They do not measure how accurate the recognition is on bad ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.omr.template import (
    Barcode,
    Bubble,
    ChoiceBox,
    ClipArea,
    CompositeGrid,
    Element,
    Grid,
    Page,
    ReferencePoint,
    ReplaceTrigger,
    ScoreAnswer,
    ScoreBubble,
    ScoreGroup,
    ScoreQuestion,
)

LEFT_BLANK, ALSO_MARKED, TRIGGERED = 0.05, 0.4, 0.1
"""How often a question has no mark, a bubble of several that may be marked has one, and a trigger has one, 0 to 1."""
FILL = (0.36, 0.46)
"""The radius of a mark in widths of its bubble: nearly all of it."""
INKS = ((40, 40, 40), (110, 50, 30), (60, 60, 60))
"""Blue, green and red of a pencil, a blue and a black pen."""
OFF_MIDDLE = 0.03
"""Standard deviation of the middle of a mark from that of its bubble, in sizes of the bubble."""
OUTLINE_POINTS = 24
"""Points of the uneven outline of a mark."""
_SUBPIXEL_BITS = 4
"""Binary digits behind the point of the coordinates of an outline."""
_JPEG_QUALITY = 85
"""As scanners and phones have it."""
_LINES_ACROSS, _STROKES_ACROSS = 620, 500
"""Widths of a printed line and of a stroke of handwriting in the width of the page: 0.34 and 0.42 mm on A4."""
_LEAST_LINE = 2
"""Pixels of such a line at least."""
WRITTEN_FROM, WRITTEN_PART, WRITTEN_SHAPE = 0.1, 0.5, 4
"""Where handwriting begins in a box, as a part of its width, the part that it covers at most, and its width in heights
of the box at most."""
WRITTEN_HEIGHTS, WRITTEN_STEP = (0.2, 0.8), 0.12
"""Between which parts of the height of a box handwriting stays, and the standard deviation of a step up or down."""
_STEP = 6
"""Pixels across between two points of handwriting."""
MOST_TURN, SCAN_SHIFT, SCAN_SCALE = 2, 0.015, 2 / 3
"""Degrees by which a scan is turned, the part of the width by which it is shifted, and its resolution in that of the
page."""
LID, TABLE = (250, 250, 250), (70, 80, 85)
"""Blue, green and red of the lid of a scanner, and of a table."""
PHOTO_SCALE, PHOTO_BORDER, PHOTO_OFF = 0.75, 0.07, 0.025
"""The resolution of a photo in that of the page, the width of the table around it as a part of the page, and the part
of the width by which the corners are off, because it is seen from the side."""
PHOTO_BLUR, PHOTO_LIGHT, PHOTO_SLOPE = 0.8, 0.85, 0.12
"""Standard deviation of the blur of a photo in pixels, its light in the middle, and by how much it grows or falls to
the sides."""
SCAN_NOISE, PHOTO_NOISE = 3.0, 4.0
"""Standard deviation of the noise in grey levels."""


@dataclass(frozen=True, slots=True)
class RehearsedSheet:
    """A JPEG file of a filled sheet.

    Attributes:
        values: what is marked, by the names of the elements; "" if nothing is. That of a score group is its sum. Bar
            codes are not in it.
        kind: "scan" or "photo".
    """

    data: bytes = field(repr=False)
    values: dict[str, str]
    kind: str


def drawn_page(page: Page) -> Pixels:
    """A page without an image as it may look: (height, width, 3) BGR, uint8, with its bubbles and reference points."""
    image = np.full((page.dimensions.height, page.dimensions.width, 3), 255, np.uint8)
    line = max(_LEAST_LINE, round(page.width / _LINES_ACROSS))
    for element in page.elements:
        if isinstance(element, ReferencePoint):
            box = element.box
            image[box.top : box.top + box.height, box.left : box.left + box.width] = 0
        elif isinstance(element, ClipArea):
            box = element.box
            cv2.rectangle(image, (box.left, box.top), (box.left + box.width, box.top + box.height), (0, 0, 0), line)
    for box_of, bubble in _bubbles(page.elements):
        size = box_of.bubble_width / 2 - line / 2, box_of.bubble_height / 2 - line / 2
        centre = bubble.left + box_of.bubble_width / 2, bubble.top + box_of.bubble_height / 2
        cv2.ellipse(image, (centre, (2 * size[0], 2 * size[1]), 0), (0, 0, 0), line, cv2.LINE_AA)
    return image


def rehearse(page: Page, blank: Pixels, seed: int) -> RehearsedSheet:
    """Fill in a page and take an image of it. The same seed gives the same sheet.

    Args:
        page: of a template.
        blank: its image (height, width, 3) BGR, uint8, of any size.
        seed: even seeds are scanned, odd ones photographed.
    """
    rng = np.random.default_rng(seed)
    sheet = np.asarray(
        cv2.resize(blank, (page.dimensions.width, page.dimensions.height), interpolation=cv2.INTER_AREA), np.uint8
    )
    values: dict[str, str] = {}
    ink = INKS[int(rng.integers(len(INKS)))]
    for element in page.elements:
        value = _filled(sheet, element, ink, rng)
        if value is not None and element.name and element.name not in values:
            values[element.name] = value
    _trigger(sheet, page.elements, values, ink, rng)
    kind = "photo" if seed % 2 else "scan"
    taken = _photographed(sheet, rng) if kind == "photo" else _scanned(sheet, rng)
    return RehearsedSheet(encode(taken, ImageFormat.JPEG, quality=_JPEG_QUALITY), values, kind)


def _filled(sheet: Pixels, element: Element, ink: Sequence[int], rng: np.random.Generator) -> str | None:
    """Fill in an element. Returns its value, or None if it has none that is certain."""
    if isinstance(element, ReplaceTrigger | Barcode):
        return None
    if isinstance(element, ScoreGroup):
        return _scored(sheet, element, ink, rng)
    if isinstance(element, Grid):
        values = [_marked(sheet, box, ink, rng, is_full=True) for box in element.elements if isinstance(box, ChoiceBox)]
        return "".join(values)
    if isinstance(element, ChoiceBox):
        return _marked(sheet, element, ink, rng, is_full=False)
    if isinstance(element, ClipArea):
        _scribble(sheet, element, ink, rng)
    return None


def _trigger(
    sheet: Pixels, elements: Sequence[Element], values: dict[str, str], ink: Sequence[int], rng: np.random.Generator
) -> None:
    """Mark some triggers, and replace the values of their targets."""
    for element in elements:
        if isinstance(element, ReplaceTrigger) and element.target in values and rng.random() < TRIGGERED:
            _mark(sheet, element, element.bubbles[0], ink, rng)
            values[element.target] = element.value or ""


def _scored(sheet: Pixels, group: ScoreGroup, ink: Sequence[int], rng: np.random.Generator) -> str:
    """Fill in the criteria of a score group. Returns the sum of their scores, or "" if no bubble is marked."""
    questions = (question for question in group.elements if isinstance(question, ScoreQuestion))
    answers = (answer for question in questions for answer in question.elements if isinstance(answer, ScoreAnswer))
    marked = [bubble for answer in answers for bubble in _fill_in(sheet, answer, ink, rng, is_full=False)]
    scores = (bubble.score for bubble in marked if isinstance(bubble, ScoreBubble) and bubble.is_positive)
    return f"{sum(scores):.12g}" if marked else ""


def _marked(sheet: Pixels, box: ChoiceBox, ink: Sequence[int], rng: np.random.Generator, *, is_full: bool) -> str:
    return "".join(bubble.value for bubble in _fill_in(sheet, box, ink, rng, is_full=is_full))


def _fill_in(
    sheet: Pixels, box: ChoiceBox, ink: Sequence[int], rng: np.random.Generator, *, is_full: bool
) -> list[Bubble]:
    """Mark bubbles of a choice box: one, unless more or none may be marked. Returns them."""
    if box.multiselect:
        chosen = [bubble for bubble in box.bubbles if rng.random() < ALSO_MARKED]
    elif is_full or rng.random() >= LEFT_BLANK:
        chosen = [box.bubbles[int(rng.integers(len(box.bubbles)))]]
    else:
        chosen = []
    for bubble in chosen:
        _mark(sheet, box, bubble, ink, rng)
    return chosen


def _mark(sheet: Pixels, box: ChoiceBox, bubble: Bubble, ink: Sequence[int], rng: np.random.Generator) -> None:
    """Fill a bubble as with a pen: an uneven ellipse, a little off its middle."""
    size = np.array([box.bubble_width, box.bubble_height])
    centre = np.array([bubble.left, bubble.top]) + size / 2 + rng.normal(0, OFF_MIDDLE, 2) * size
    turns = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    radii = rng.uniform(*FILL, OUTLINE_POINTS)[:, None] * size
    outline = centre + radii * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    points = np.rint(outline * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(sheet, [points], tuple(ink), cv2.LINE_AA, _SUBPIXEL_BITS)


def _scribble(sheet: Pixels, area: ClipArea, ink: Sequence[int], rng: np.random.Generator) -> None:
    """Write something into a clip area."""
    box = area.box
    end = WRITTEN_FROM + WRITTEN_PART * min(1.0, WRITTEN_SHAPE * box.height / box.width)
    across = np.arange(WRITTEN_FROM, end, _STEP / max(box.width, _STEP))
    steps = rng.normal(0, WRITTEN_STEP, len(across))
    heights = np.clip(0.5 + np.convolve(steps, np.ones(3), "same"), *WRITTEN_HEIGHTS)
    points = np.stack([box.left + across * box.width, box.top + heights * box.height], axis=1)
    width = max(_LEAST_LINE, round(sheet.shape[1] / _STROKES_ACROSS))
    cv2.polylines(sheet, [np.rint(points).astype(np.int32)], isClosed=False, color=tuple(ink), thickness=width)


def _scanned(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    """A flatbed scan at two thirds of the resolution of the page: turned by up to 2°, shifted by up to 1.5 %."""
    height, width = sheet.shape[:2]
    scale = SCAN_SCALE
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-MOST_TURN, MOST_TURN), scale)
    turn[:, 2] += rng.uniform(-SCAN_SHIFT, SCAN_SHIFT, 2) * width + (scale - 1) * np.array([width, height]) / 2
    size = round(width * scale), round(height * scale)
    taken = cv2.warpAffine(sheet, turn, size, flags=cv2.INTER_AREA, borderValue=LID)
    return _noisy(taken, SCAN_NOISE, rng)


def _photographed(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    """A photo of the sheet on a dark table: seen a little from the side, with uneven light."""
    height, width = sheet.shape[:2]
    scale, border = PHOTO_SCALE, PHOTO_BORDER
    size = round(width * scale * (1 + 2 * border)), round(height * scale * (1 + 2 * border))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = corners * scale + border * scale * np.array([width, height])
    seen += rng.uniform(-PHOTO_OFF, PHOTO_OFF, (4, 2)) * width * scale
    view = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    taken = cv2.warpPerspective(sheet, view, size, flags=cv2.INTER_AREA, borderValue=TABLE)
    taken = cv2.GaussianBlur(taken, (0, 0), PHOTO_BLUR)
    across, down = rng.uniform(-PHOTO_SLOPE, PHOTO_SLOPE, 2)
    x, y = np.linspace(-1, 1, size[0], dtype=np.float32), np.linspace(-1, 1, size[1], dtype=np.float32)
    light = PHOTO_LIGHT + np.float32(across) * x[None, :] + np.float32(down) * y[:, None]
    return _noisy(np.clip(taken * light[:, :, None], 0, 255).astype(np.uint8), PHOTO_NOISE, rng)


def _noisy(image: npt.NDArray[Any], amount: float, rng: np.random.Generator) -> Pixels:
    noise = rng.normal(0, amount, image.shape[:2]).astype(np.float32)
    noisy: Pixels = np.clip(image.astype(np.float32) + noise[:, :, None], 0, 255).astype(np.uint8)
    return noisy


def _bubbles(elements: Sequence[Element]) -> Iterator[tuple[ChoiceBox, Bubble]]:
    for element in elements:
        if isinstance(element, ChoiceBox):
            yield from ((element, bubble) for bubble in element.bubbles)
        elif isinstance(element, Grid | CompositeGrid):
            yield from _bubbles(element.elements)
