"""A recognition made by hand: a page bent in the scan, and elements of every status."""

from dataclasses import replace

import numpy as np

from omrclip.iiif.request import Format
from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.omr.clips import Clip
from omrclip.omr.recognition import Recognition
from omrclip.omr.registration.find import Registration
from omrclip.omr.results import BubbleResult, Corners, ElementResult, ElementStatus

PAGE, SCAN = Dimensions(300, 200), Dimensions(700, 500)


def bent(*, by: float = 10.0) -> Registration:
    """The page at twice its size, 50 to the right and 60 down, its middle column bent down by so many page pixels."""
    bend = np.zeros((2, 3, 2), np.float32)
    bend[:, 1, 1] = by
    matches = np.array([[20, 20, 90, 100], [280, 180, 613, 424]], np.float32)
    page_to_scan = np.array([[2, 0, 50], [0, 2, 60], [0, 0, 1]], np.float64)
    return Registration(
        "patches", PAGE, SCAN, page_to_scan, bend=bend, matches=matches, confidence=0.98765, residual=1.25
    )


def corners_of(box: Box, registration: Registration) -> Corners:
    """A box's corners in the scan, rounded as those of results are."""
    mapped = registration.to_scan(ops.corners(box.left, box.top, box.width, box.height))
    return tuple((x, y) for x, y in mapped.round(2).tolist())


def choice(name: str, status: ElementStatus, fills: tuple[float, ...], top: int, *, message: str = "") -> ElementResult:
    """A choice box at the left, its bubbles A, B, … 16 × 12 page pixels large, 40 apart; marked from a fill of 0.35."""
    registration = bent()
    bubbles = tuple(
        BubbleResult(chr(65 + i), fill, fill >= 0.35, corners_of(Box(20 + 40 * i, top + 4, 16, 12), registration))
        for i, fill in enumerate(fills)
    )
    value = "".join(bubble.value for bubble in bubbles if bubble.marked)
    box = corners_of(Box(12, top, 40 * len(fills), 20), registration)
    return ElementResult(name, "ChoiceBox", status, value, 0.9, bubbles=bubbles, corners=box, message=message)


ELEMENTS = (
    choice("Q1", ElementStatus.MARKED, (0.01, 0.9), 20),
    choice("Q2", ElementStatus.BLANK, (0.01, 0.02), 45),
    choice("Q3", ElementStatus.MULTIPLE, (0.8, 0.7), 70),
    choice("Q4", ElementStatus.UNCERTAIN, (0.3, 0.0), 95, message="The mark on A is faint."),
    ElementResult(
        "Grid",
        "Grid",
        ElementStatus.MARKED,
        "BA",
        0.8,
        children=(
            choice("", ElementStatus.MARKED, (0.0, 0.9), 120),
            choice("", ElementStatus.MARKED, (0.9, 0.0), 145),
        ),
        corners=corners_of(Box(12, 120, 80, 45), bent()),
    ),
    ElementResult(
        "Code",
        "Barcode",
        ElementStatus.MARKED,
        "4006381333931",
        1.0,
        corners=((400.0, 80.0), (500.0, 80.0), (500.0, 120.0), (400.0, 120.0)),
    ),
)


def recognition(**changes: object) -> Recognition:
    """It, with attributes changed."""
    box = Box(150, 110, 100, 60)
    clip = Clip("Näme", box, corners_of(box, bent()), Format.JPG, b"jpeg", "It reaches out.")
    whole = Recognition("scan.png", page=1, registration=bent(), elements=ELEMENTS, clips=(clip,))
    return replace(whole, **changes)  # type: ignore[arg-type]
