"""Blank forms drawn for tests, whose printed bubbles lie at known places."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Barcode, Bubble, ChoiceBox, Grid, Page, Template

Tones = npt.NDArray[np.uint8]

FINER = 4
WIDTH, HEIGHT = 900, 700
VALUES = "ABCDE"


@dataclass(frozen=True)
class Shape:
    """How a bubble is printed: extents and stroke of the outline, distance to the next, tone, with a letter or not."""

    width: float = 40
    height: float = 40
    stroke: float = 2.5
    pitch: float = 60
    tone: int = 0
    is_round: bool = True
    letters: bool = True


@dataclass(frozen=True)
class Form:
    """A drawn page, (height, width) uint8, the template that tells it exactly, and the bubbles' centres (n, 2)."""

    tones: Tones
    template: Template
    centres: npt.NDArray[np.float64]


def draw(shape: Shape) -> Form:
    """Six rows of five bubbles with a label and a text beside them, the first two of them a grid."""
    fine = np.full((HEIGHT * FINER, WIDTH * FINER), 255, np.uint8)
    boxes, centres = [], []
    for row in range(6):
        top = 60.25 + row * 100
        _write(fine, f"{row + 1}. OQ08", 40, top + shape.height * 0.8)
        _write(fine, "or DOB", 300 + 5 * shape.pitch + 30, top + shape.height * 0.8)
        bubbles = []
        for column, value in enumerate(VALUES):
            left = 300.5 + column * shape.pitch
            _bubble(fine, shape, left, top, value)
            bubbles.append(Bubble(value=value, left=left, top=top))
            centres.append((left + shape.width / 2, top + shape.height / 2))
        boxes.append(
            ChoiceBox(
                name=f"Question{row + 1}" if row > 1 else None,
                left=30,
                top=top - 10,
                width=700,
                height=shape.height + 20,
                bubble_width=shape.width,
                bubble_height=shape.height,
                bubbles=tuple(bubbles),
            )
        )
    grid = Grid(name="ID", left=20, top=40, width=720, height=200, orientation="Vertical", elements=tuple(boxes[:2]))
    code = Barcode(name="Code", left=10, top=10, width=50, height=40, barcode_type="qr")
    page = Page(width=WIDTH, height=HEIGHT, elements=(grid, code, *boxes[2:]))
    tones = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return Form(np.asarray(tones, dtype=np.uint8), Template(name="Form", pages=(page,)), np.array(centres))


def _bubble(fine: Tones, shape: Shape, left: float, top: float, value: str) -> None:
    x, y, stroke = left + shape.width / 2, top + shape.height / 2, shape.stroke
    half = ((shape.width - stroke) / 2, (shape.height - stroke) / 2)
    thickness = round(stroke * FINER)
    if shape.is_round:
        centre, axes = _fine(x, y), _fine(*half)
        cv2.ellipse(fine, centre, axes, 0, 0, 360, shape.tone, thickness)
    else:
        cv2.rectangle(fine, _fine(x - half[0], y - half[1]), _fine(x + half[0], y + half[1]), shape.tone, thickness)
    if shape.letters:
        cv2.putText(fine, value, _fine(x - 6, y + 6), cv2.FONT_HERSHEY_SIMPLEX, 0.55 * FINER, 90, 2 * FINER)


def _write(fine: Tones, text: str, left: float, base: float) -> None:
    cv2.putText(fine, text, _fine(left, base), cv2.FONT_HERSHEY_SIMPLEX, FINER * 1.1, 0, 3 * FINER)


def _fine(x: float, y: float) -> tuple[int, int]:
    return round(x * FINER), round(y * FINER)


def known(form: Form, tones: Tones | None = None, template: Template | None = None) -> list[KnownPage]:
    """The form's page with this image in the place of its own."""
    shown = np.dstack([form.tones if tones is None else tones] * 3)
    page = (template or form.template).pages[0]
    return [KnownPage(page, 1, cv2.imencode(".png", shown)[1].tobytes())]


def with_boxes(template: Template, change: Callable[[ChoiceBox], ChoiceBox]) -> Template:
    """The template with each choice box changed, also those in its grid."""
    page = template.pages[0]
    elements = [
        replace(element, elements=tuple(change(child) for child in element.elements if isinstance(child, ChoiceBox)))
        if isinstance(element, Grid)
        else change(element)
        if isinstance(element, ChoiceBox)
        else element
        for element in page.elements
    ]
    return replace(template, pages=(replace(page, elements=tuple(elements)),))


def moved(template: Template, off: Callable[[], tuple[float, float]], wider: float = 1.0) -> Template:
    """The template with every bubble off its place by what `off` gives, in pixels, and its extents off by a factor."""

    def change(box: ChoiceBox) -> ChoiceBox:
        width, height = box.bubble_width * wider, box.bubble_height * wider
        bubbles = []
        for bubble in box.bubbles:
            across, down = off()
            left = bubble.left + across + (box.bubble_width - width) / 2
            top = bubble.top + down + (box.bubble_height - height) / 2
            bubbles.append(replace(bubble, left=left, top=top))
        return replace(box, bubbles=tuple(bubbles), bubble_width=width, bubble_height=height)

    return with_boxes(template, change)


def choice_boxes(template: Template) -> list[ChoiceBox]:
    """All of the page, in template order."""
    found: list[ChoiceBox] = []
    with_boxes(template, lambda box: found.append(box) or box)  # type: ignore[func-returns-value]
    return found


def centres(template: Template) -> npt.NDArray[np.float64]:
    """(n, 2) float64: where the template has its bubbles."""
    return np.array(
        [
            (bubble.left + box.bubble_width / 2, bubble.top + box.bubble_height / 2)
            for box in choice_boxes(template)
            for bubble in box.bubbles
        ]
    )
