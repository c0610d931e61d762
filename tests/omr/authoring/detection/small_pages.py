"""Small pages drawn for one rule, and what is detected on them."""

from typing import Final

from omrclip.omr.authoring.detection.page import Detection, detect
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, render

DPI: Final = 150


def blank_page() -> PdfCanvas:
    """An empty A4 page."""
    return PdfCanvas(210, 297)


def detected(canvas: PdfCanvas) -> Detection:
    """What is detected on a page as a flat scan at 150 dpi."""
    return detect(render(canvas.save(), DPI))


def sizes(detection: Detection) -> list[int]:
    """How many bubbles each choice has."""
    return [len(box.bubbles) for box in choice_boxes([one.element for one in detection.proposals])]
