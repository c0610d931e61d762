"""Finalization of a template: recognize its blank pages and check that all answers are empty.

Recognition compares marks with the blank page, so it finds hardly any on the blank page itself. A bubble that is
printed dark could never be read as marked. Finalization searches for such bubbles too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, check_scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import choice_boxes
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import BARCODE_TYPES, Bubble, ChoiceBox
from omrclip.wording import ABOUT, Wording, joined

_INNER = 0.7
"""Diameter of the inside of a bubble, as a part of its side: the outline lies beyond."""
_HALF_SEEN = 0.6
"""Half side of the part of the image around a bubble, in sides of the bubble; its lightest pixel is taken for paper."""
_MOST_PRINTED = 0.5
"""Part of the inside that may be printed for a mark to be seen in it."""
_PRINT = 0.6
"""Brightness of print, as a part of the paper's, below which it is dark."""

NOT_CHECKED = Wording("not_checked", "Page {n} was not checked because it has no image of the blank page.")
OF_PAGE = Wording("of_page", "Page {n}:")
READS_AS = Wording("reads_as", "the blank page reads as '{value}'. Expected an empty answer.")
PERHAPS_EMPTY = Wording("perhaps_empty", "it is uncertain whether this answer is empty on the blank page.")()
DARK_BUBBLES = Wording(
    "dark_bubbles", "the bubbles {bubbles} are dark on the blank page, so marks in them cannot be seen."
)


@dataclass(frozen=True, slots=True)
class Finalization:
    """A Recognition for each page with an image, and messages about answers that are not empty."""

    recognitions: tuple[Recognition, ...]
    messages: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Whether every page was recognized and every answer on it is empty."""
        return not self.messages


def finalize(pages: Sequence[KnownPage], options: RecognitionOptions, limits: Limits) -> Finalization:
    """Recognize the image of each page. Warn of answers that are not empty and of pages that failed.

    Bar codes are printed, so they must read: a message names those that do not.

    Args:
        pages: the pages of the template; their images have the shape of the page at any scale (see
            `recognition.check_pages`).
        options: the options for filled pages.
        limits: the limits on the pixels of the images.

    Raises:
        ImageError, LimitExceeded: an image cannot be decoded.
    """
    recognitions: list[Recognition] = []
    messages: list[str] = []
    options = replace(options, blank_is=ElementStatus.BLANK)  # these scans are meant to show the blank page
    for known in pages:
        if known.image is None:
            messages.append(NOT_CHECKED(n=known.number))
            continue
        scan = Scan(f"page {known.number}", known.image)
        tones = ops.grey(decode(known.image, check_scan(scan, limits)))
        recognition = recognize([known], scan, options, limits)
        recognitions.append(recognition)
        if recognition.error is not None:
            messages.append(joined(OF_PAGE(n=known.number), recognition.error.message))
            continue
        for element in recognition.elements:
            messages += _warnings(element)
        messages += _printed_dark(known, tones)
    return Finalization(tuple(recognitions), tuple(messages))


def _warnings(element: ElementResult) -> Iterator[str]:
    if element.type in BARCODE_TYPES:
        if element.status is not ElementStatus.MARKED:
            yield joined(ABOUT(name=element.title), element.message)
    elif element.value:
        yield joined(ABOUT(name=element.title), READS_AS(value=element.value))
    elif element.status is not ElementStatus.BLANK:
        yield joined(ABOUT(name=element.title), element.message or PERHAPS_EMPTY)


def _printed_dark(known: KnownPage, tones: Pixels) -> Iterator[str]:
    """Yield a warning for each element with bubbles that are mostly print; tones are (height, width) of the page."""
    scale = np.array([tones.shape[1] / known.page.width, tones.shape[0] / known.page.height])
    for element in known.page.elements:
        boxes = choice_boxes(element)
        dark = [bubble.value for box in boxes for bubble in box.bubbles if _is_dark(tones, box, bubble, scale)]
        if dark:
            yield joined(ABOUT(name=element.name or ""), DARK_BUBBLES(bubbles=", ".join(dark)))


def _is_dark(tones: Pixels, box: ChoiceBox, bubble: Bubble, scale: npt.NDArray[np.float64]) -> bool:
    """Return whether most of the inside of a bubble is much darker than the lightest pixel in and around it."""
    size = np.array([box.bubble_width, box.bubble_height]) * scale
    x, y = np.array([bubble.left, bubble.top]) * scale + size / 2 - 0.5
    across, down = (2 * round(float(side) * _HALF_SEEN) + 1 for side in size)
    seen = cv2.getRectSubPix(tones, (across, down), (float(x), float(y)))
    rows, columns = np.mgrid[:down, :across]
    inside = np.hypot((columns - across // 2) / size[0], (rows - down // 2) / size[1]) <= _INNER / 2
    return float((seen[inside] < _PRINT * float(seen.max())).mean()) > _MOST_PRINTED
