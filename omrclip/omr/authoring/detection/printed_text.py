"""The words that are printed on a page, read from its pixels, for the names of its elements."""

from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.imaging.ocr import MEMORY_BYTES, ReadText, TextReader
from omrclip.omr.authoring.detection.naming import Word, bubble_places
from omrclip.omr.authoring.detection.page import Detection
from omrclip.omr.template import ChoiceBox, ClipArea, Grid

OUTLINE_PART = 0.1
"""Part of its height by which the outline of a bubble reaches beyond its place."""
WHITE = 255
"""Grey level of paper."""
READING_BYTES = MEMORY_BYTES + 48_000_000
"""The most memory that reading a page takes: that of Tesseract, and the page at READ_SIDE_PX with its PNG file and the
copies of both, 12 MB at most each."""


def printed_words(detection: Detection, reader: TextReader | None) -> ReadText:
    """The words on an upright page, without its bubbles, which look like the letter O.

    Nothing is read without a reader, or if the page has no element to name.
    """
    named = (ChoiceBox, Grid, ClipArea)
    if reader is None or not any(isinstance(proposal.element, named) for proposal in detection.proposals):
        return ReadText()
    pixels = detection.page.pixels
    grey = pixels.copy() if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    for field in detection.fields:
        for left, top, width, height in bubble_places(field):
            more = OUTLINE_PART * height
            upper, lower = (
                (round(left - more), round(top - more)),
                (round(left + width + more), round(top + height + more)),
            )
            cv2.rectangle(grey, upper, lower, WHITE, cv2.FILLED)
    return reader.read(grey)


def in_pixels(words: Sequence[tuple[str, float, float, float, float]], detection: Detection) -> list[Word]:
    """Words on an upright page, from parts of its width and height to pixels."""
    height, width = detection.page.pixels.shape[:2]
    return [
        Word(text, left * width, top * height, right * width, bottom * height)
        for text, left, top, right, bottom in words
    ]
