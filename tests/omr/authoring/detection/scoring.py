"""Render blank forms as scans and photos, and compare what is detected with what was drawn."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.detection.page import Detection
from omrclip.omr.template import ChoiceBox, Element, Grid

Matrix = npt.NDArray[np.float64]
Place = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image of a page, and the map from the pixels of its flat rendering to those of the image."""

    pixels: Pixels
    matrix: Matrix


def render(pdf: bytes, dpi: float, page: int = 0) -> Pixels:
    """A page of a PDF, the first one if none is named, (height, width, 3) BGR."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        drawn = document[page].render(scale=dpi / 72).to_numpy()
        return np.array(drawn[:, :, :3], np.uint8)
    finally:
        document.close()


def skewed(page: Pixels, rng: np.random.Generator) -> Picture:
    """A page that lay a little turned and shifted on a scanner, with its noise."""
    height, width = page.shape[:2]
    angle = rng.uniform(0.4, 2.0) * rng.choice((-1, 1))
    turned = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), (0, 0, 1)])
    turned[:2, 2] += rng.uniform(-0.005, 0.005, 2) * height
    warped = cv2.warpPerspective(page, turned, (width, height), flags=cv2.INTER_AREA, borderValue=(250, 250, 250))
    noisy = warped.astype(np.float32) * 0.97 + rng.normal(0, 3, warped.shape)
    return Picture(_jpeg(np.clip(noisy, 0, 255).astype(np.uint8), 88), turned)


def photographed(page: Pixels, rng: np.random.Generator) -> Picture:
    """A photo from nearly above of a flat page on a darker desk, with uneven light."""
    height, width = page.shape[:2]
    out_width, out_height = round(width * 1.12), round(height * 1.1)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    margin = np.array([(out_width - width) / 2, (out_height - height) / 2])
    moved = corners + margin + rng.uniform(-0.022, 0.022, (4, 2)) * width
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    desk = tuple(float(tone) for tone in rng.uniform(60, 120, 3))
    warped = cv2.warpPerspective(page, matrix, (out_width, out_height), flags=cv2.INTER_AREA, borderValue=desk)
    y, x = np.mgrid[0 : 1 : out_height * 1j, 0 : 1 : out_width * 1j]
    slope = rng.uniform(-0.25, 0.25, 2)
    light = 0.85 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5)
    lit = cv2.GaussianBlur(warped, (0, 0), 0.6).astype(np.float32) * light[:, :, None].astype(np.float32)
    noisy = lit + rng.normal(0, 4, warped.shape)
    return Picture(_jpeg(np.clip(noisy, 0, 255).astype(np.uint8), 82), matrix)


def _jpeg(pixels: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of bubbles, and the distances of the found centres in pixels at 300 dpi.

    Attributes:
        drawn: how many there are.
        found: how many of them were found.
        false: found where there are none.
        right: in a choice box with exactly the bubbles of the drawn one.
        errors: distances of the centres of those that were found.
        wrong: bubbles in wrong boxes by the kind of their question.
    """

    drawn: int
    found: int
    false: int
    right: int
    errors: tuple[float, ...]
    wrong: Counter[str]


def choice_boxes(elements: Sequence[Element]) -> Iterator[ChoiceBox]:
    """All choice boxes, also those of grids."""
    for element in elements:
        if isinstance(element, Grid):
            yield from choice_boxes(element.elements)
        elif isinstance(element, ChoiceBox):
            yield element


def places_of(box: ChoiceBox) -> list[Place]:
    """The places of the bubbles of a box."""
    return [(bubble.left, bubble.top, box.bubble_width, box.bubble_height) for bubble in box.bubbles]


def score(
    detection: Detection, picture: Matrix, boxes: Sequence[Sequence[Place]], kinds: Sequence[str], dpi: float
) -> Score:
    """Compare a detection with the places of bubbles in the flat rendering from which the picture was made."""
    to_page = detection.page.matrix @ picture
    scale = float(np.sqrt(abs(np.linalg.det(to_page[:2, :2] / to_page[2, 2]))))
    found = [
        (left + width / 2, top + height / 2, index)
        for index, box in enumerate(choice_boxes([proposal.element for proposal in detection.proposals]))
        for left, top, width, height in places_of(box)
    ]
    places = np.array([(x, y) for x, y, _ in found], np.float64).reshape(-1, 2)
    members = Counter(index for _, _, index in found)
    hits = right = 0
    errors: list[float] = []
    wrong: Counter[str] = Counter()
    for box, kind in zip(boxes, kinds, strict=True):
        owners = []
        for left, top, width, height in box:
            point = to_page @ (left + width / 2, top + height / 2, 1.0)
            distances = np.hypot(*(places - point[:2] / point[2]).T) if len(places) else np.array([np.inf])
            nearest = int(np.argmin(distances))
            if distances[nearest] < 0.35 * height * scale:
                hits += 1
                owners.append(found[nearest][2])
                errors.append(float(distances[nearest] / scale * 300 / dpi))
        if len(set(owners)) == 1 and members[owners[0]] == len(owners) == len(box):
            right += len(box)
        else:
            wrong[kind] += len(box)
    drawn = sum(len(box) for box in boxes)
    return Score(drawn, hits, len(found) - hits, right, tuple(errors), wrong)
