"""Finalization of a template: recognizes its blank pages and checks that all answers are empty.

Recognition tells marks by what the blank page does not show, so on the blank page itself it hardly finds any. A bubble
that is printed dark would never read as marked: these are looked for here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.config import Limits
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, check_scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import choice_boxes
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import BARCODE_TYPES, Bubble, ChoiceBox

# The part of a bubble's extents that is looked at, how much of that may be printed, and how much darker than the paper
# print is.
_INNER = 0.7
_MOST_PRINTED = 0.5
_PRINT = 0.6


@dataclass(frozen=True, slots=True)
class Finalization:
    """One Recognition for each page with an image, and messages about answers that are not empty."""

    recognitions: tuple[Recognition, ...]
    messages: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Whether every page was recognized and every answer on it is empty."""
        return not self.messages


def finalize(pages: Sequence[KnownPage], options: RecognitionOptions, limits: Limits) -> Finalization:
    """Recognize the image of each page. Warn of answers that are not empty and of pages that failed.

    Bar codes are no answers: what reads is as it should be, what does not read is told.

    Args:
        pages: the template's, their images of the page's shape at any scale (see `recognition.check_pages`).
        options: as for filled pages.
        limits: on the images' pixels.

    Raises:
        ImageError, LimitExceeded: an image cannot be decoded.
    """
    recognitions, messages = [], []
    options = replace(options, blank_is=ElementStatus.BLANK)  # what is read is the blank page, and is meant to be
    for known in pages:
        if known.image is None:
            messages.append(f"Page {known.number} was not checked because it has no image of the blank page.")
            continue
        scan = Scan(f"page {known.number}", known.image)
        tones = ops.grey(decode(known.image, check_scan(scan, limits)))
        recognition = recognize([known], scan, options, limits)
        recognitions.append(recognition)
        if recognition.error is not None:
            messages.append(f"Page {known.number}: {recognition.error.message}")
            continue
        for element in recognition.elements:
            messages += _warnings(element)
        messages += _printed_dark(known, tones)
    return Finalization(tuple(recognitions), tuple(messages))


def _warnings(element: ElementResult) -> Iterator[str]:
    if element.type in BARCODE_TYPES:
        if element.status is not ElementStatus.MARKED:
            yield f"{element.title}: {element.message}"
    elif element.value:
        yield f"{element.title}: the blank page reads as {element.value!r}. Expected an empty answer."
    elif element.status is not ElementStatus.BLANK:
        yield f"{element.title}: {element.message or 'it is uncertain whether this answer is empty on the blank page.'}"


def _printed_dark(known: KnownPage, tones: Pixels) -> Iterator[str]:
    """A warning for each box with bubbles that are more print than paper; tones are (height, width) of the page."""
    scale = np.array([tones.shape[1] / known.page.width, tones.shape[0] / known.page.height])
    for element in known.page.elements:
        boxes = choice_boxes(element)
        dark = [bubble.value for box in boxes for bubble in box.bubbles if _is_dark(tones, box, bubble, scale)]
        if dark:
            bubbles = ", ".join(dark)
            yield f"{element.name}: the bubbles {bubbles} are dark on the blank page, so marks in them cannot be seen."


def _is_dark(tones: Pixels, box: ChoiceBox, bubble: Bubble, scale: npt.NDArray[np.float64]) -> bool:
    """Whether more than half of the bubble's inside is much darker than the lightest that is in and around it."""
    extents = np.array([box.bubble_width, box.bubble_height]) * scale
    x, y = np.array([bubble.left, bubble.top]) * scale + extents / 2 - 0.5
    across, down = (2 * round(float(extent) * 0.6) + 1 for extent in extents)
    seen = cv2.getRectSubPix(tones, (across, down), (float(x), float(y)))
    rows, columns = np.mgrid[:down, :across]
    inside = np.hypot((columns - across // 2) / extents[0], (rows - down // 2) / extents[1]) <= _INNER / 2
    return float((seen[inside] < _PRINT * float(seen.max())).mean()) > _MOST_PRINTED
