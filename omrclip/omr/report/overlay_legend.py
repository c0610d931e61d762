"""The legend of an overlay, on white below the scan."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.drawing import BLACK, Canvas, Colour, Pen
from omrclip.imaging.ops import corners, extents
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.overlay_style import CLIP, FAILED, PAGE, RESIDUALS_ENLARGED, draw_bubble
from omrclip.omr.results import BubbleResult, ElementStatus

MOST_MESSAGES = 8
LINE = 1.5
"""The height of a line of text, as a multiple of its size."""
_EXAMPLES = {
    ElementStatus.MARKED: BubbleResult("", 0.9, True),
    ElementStatus.BLANK: BubbleResult("", 0.0, False),
    ElementStatus.MULTIPLE: BubbleResult("", 0.9, True),
    ElementStatus.UNCERTAIN: BubbleResult("", 0.3, True),
}


def with_legend(drawn: Pixels, recognition: Recognition, unit: float) -> Pixels:
    """Add the legend: how the page was found, the number of elements for each status, and messages.

    Args:
        drawn: (height, width, 3) uint8 BGR.
        recognition: the result that is drawn there.
        unit: the width of a thin line in pixels.

    Returns:
        (height with the legend, width, 3) uint8 BGR.
    """
    width, size = extents(drawn).width, max(9, round(16 * unit))
    measuring = Canvas(np.empty((1, 1, 3), np.uint8))
    lines = list(_wrapped(measuring, _lines(recognition), size, width - 2 * size))
    rows = len(lines) + (1 if recognition.passed else 0)
    canvas = Canvas(np.full((round(size * (LINE * rows + 1)), width, 3), 255, np.uint8))
    top = size / 2
    for text, colour in lines:
        canvas.text(text, size, top, size, colour)
        top += size * LINE
    if recognition.passed:
        _draw_statuses(canvas, recognition, size, top, unit)
    return np.vstack([drawn, canvas.pixels])


def _lines(recognition: Recognition) -> Iterator[tuple[str, Colour]]:
    registration = recognition.registration
    if registration is None:
        yield f"{recognition.scan}: not recognized", FAILED
    else:
        found = [recognition.scan, f"page {recognition.page}", f"found by {registration.strategy}"]
        if registration.confidence is not None:
            found.append(f"confidence {registration.confidence:.2f}")
        if registration.residual is not None:
            found.append(f"residual {registration.residual:.2f} px of the page, drawn ×{RESIDUALS_ENLARGED}")
        yield " · ".join(found), BLACK
    for message in recognition.messages[:MOST_MESSAGES]:
        yield message, BLACK
    if len(recognition.messages) > MOST_MESSAGES:
        yield f"and {len(recognition.messages) - MOST_MESSAGES} more messages", BLACK


def _wrapped(
    canvas: Canvas, lines: Iterator[tuple[str, Colour]], size: int, width: int
) -> Iterator[tuple[str, Colour]]:
    """Break lines between words if they are too wide. A single word that is too wide is cut off by the edge."""
    for text, colour in lines:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".lstrip()
            if line and canvas.text_width(longer, size) > width:
                yield line, colour
                longer = word
            line = longer
        yield line, colour


def _draw_statuses(canvas: Canvas, recognition: Recognition, size: int, top: float, unit: float) -> None:
    """Draw the colors and shapes, each with the number of its elements."""
    counts = Counter(element.status for element in recognition.elements)
    left = float(size)
    for status, bubble in _EXAMPLES.items():
        draw_bubble(canvas, corners(left, top + size * 0.1, size * 1.1, size * 1.1), bubble, status, unit)
        left = _draw_word(canvas, f"{counts[status]} {status}", left, top, size)
    for colour, word in ((PAGE, "page"), (CLIP, f"{len(recognition.clips)} clips")):
        middle = top + size * 0.65
        canvas.line([(left, middle), (left + size * 1.1, middle)], Pen(colour, 2 * unit))
        left = _draw_word(canvas, word, left, top, size)


def _draw_word(canvas: Canvas, word: str, left: float, top: float, size: int) -> float:
    """Write after an example that begins at `left`. Return where the next one begins."""
    canvas.text(word, left + size * 1.5, top, size)
    return left + size * 3 + canvas.text_width(word, size)
