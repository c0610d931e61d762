"""Bubbles that are printed as brackets, in fonts and resolutions in which letters touch the brackets."""

from typing import Final

import numpy as np
import pytest

from omrclip.omr.authoring.detection.page import detect
from tests.omr.authoring.detection.pdf_canvas import POINTS_PER_MM, PdfCanvas
from tests.omr.authoring.detection.scoring import photographed, render
from tests.omr.authoring.detection.small_pages import blank_page, sizes

HEIGHT: Final = 8 * 0.72 / POINTS_PER_MM
"""Height of the capitals of 8 points."""


def _card(font: str) -> PdfCanvas:
    """A card with a number of three digits, ten questions, and a list of empty brackets."""
    canvas = blank_page()
    for digit in range(10):
        for column in range(3):
            canvas.text(25 + 7 * column, 30 + 5 * digit, f"[{digit}]", height=HEIGHT, font=font)
    for row in range(10):
        canvas.text(22, 100 + 5 * row, str(row + 1), height=HEIGHT, font=font)
        for column, letter in enumerate("ABCD"):
            canvas.text(30 + 7 * column, 100 + 5 * row, f"[{letter}]", height=HEIGHT, font=font)
    for row, answer in enumerate(("Biology", "Chemistry", "English", "Physics")):
        canvas.text(120, 30 + 6 * row, "[  ]", height=HEIGHT, font=font)
        canvas.text(128, 30 + 6 * row, answer, height=HEIGHT, font=font)
    return canvas


@pytest.mark.parametrize(
    ("font", "dpi", "is_photo"),
    [("Helvetica", 100, False), ("Helvetica", 150, True), ("Helvetica-Bold", 150, False)],
)
def test_letters_may_touch_their_brackets(font: str, dpi: int, is_photo: bool) -> None:
    page = render(_card(font).save(), dpi)
    pixels = photographed(page, np.random.default_rng(1)).pixels if is_photo else page
    detection = detect(pixels)
    assert sorted(sizes(detection)) == [4] * 11 + [10] * 3


@pytest.mark.parametrize("font", ["Helvetica", "Times-Roman"])
def test_references_and_capitals_in_a_text_are_no_brackets(font: str) -> None:
    canvas = blank_page()
    text = "HE HELD IT [1] IN HIS HAND [7] as others [2] do and THEN [see H] he LEFT [9] the HILL"
    words = text.split()
    for row in range(12):
        turned = " ".join(words[5 * row % 19 :] + words[: 5 * row % 19])
        canvas.text(20, 30 + 4 * row, turned, height=HEIGHT, font=font)
    assert not sizes(detect(render(canvas.save(), 100)))
