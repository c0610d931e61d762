"""Print close to each other in photos of low resolution, and bubbles in rows as close as letters."""

import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.detection.page import detect
from tests.omr.authoring.detection.blank_forms import blank_form
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes, photographed, render


def _sizes(pixels: Pixels) -> list[int]:
    return [len(box.bubbles) for box in choice_boxes([one.element for one in detect(pixels).proposals])]


def test_squares_whose_gaps_are_blurred_are_no_cells() -> None:
    canvas = PdfCanvas(210, 297)
    for column in range(4):
        for row in range(10):
            canvas.box((40 + 6 * column, 50 + 3.9 * row, 3.9, 3.1), line=0.35)
            canvas.text(41.4 + 6 * column, 52.5 + 3.9 * row, str(row), height=1.8)
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(1))
    assert _sizes(picture.pixels) == [10] * 4


@pytest.mark.parametrize("pitch", [3.35, 3.45, 3.7])
def test_a_row_of_ovals_that_nearly_touch_is_no_word(pitch: float) -> None:
    canvas = PdfCanvas(210, 297)
    canvas.text(20, 62, "How was it?")
    for index in range(6):
        canvas.ellipse((60 + pitch * index, 58, 3, 4))
    page = render(canvas.save(), 150)
    assert _sizes(page) == _sizes(photographed(page, np.random.default_rng(2)).pixels) == [6]


@pytest.mark.parametrize("height", [2.3, 2.52, 2.8, 3.5])
def test_words_of_a_text_are_no_dashed_bubbles(height: float) -> None:
    texts = (
        "Teacher office door noon were me me poor cool quality time",
        "Wait local me order the were wait for me some",
    )
    canvas = PdfCanvas(210, 297)
    for line in range(24):
        canvas.text(20, 40 + 6 * line, texts[line % 2], height=height)
    assert _sizes(render(canvas.save(), 150)) == []


def test_small_ovals_whose_letters_blur_into_them_are_no_words() -> None:
    canvas = PdfCanvas(210, 297)
    for column in range(6):
        for row in range(8):
            x, y = 40 + 4.2 * column, 60 + 4.5 * row
            canvas.ellipse((x, y, 2.4, 3.6), line=0.2)
            canvas.text(x + 0.5, y + 2.8, "ABEHMSRN"[(row + column) % 8], height=2)
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(3))
    assert sum(_sizes(picture.pixels)) == 48


@pytest.mark.parametrize(
    ("across", "down", "size", "radius"),
    [(4.75, 3.15, (4.2, 2), 1), (4.7, 4.7, (3.9, 3.9), 1.6), (4.6, 4.6, (3.8, 3.8), 1.2)],
)
def test_the_spaces_between_outlines_that_nearly_touch_are_no_dashed_bubbles(
    across: float, down: float, size: tuple[float, float], radius: float
) -> None:
    canvas = PdfCanvas(210, 297)
    for column in range(12):
        for row in range(12):
            place = (40 + across * column, 60 + down * row, *size)
            canvas.box(place, radius=radius, line=0.2, stroke=(0.4, 0.4, 0.4))
    picture = photographed(render(canvas.save(), 100), np.random.default_rng(4))
    assert sum(_sizes(picture.pixels)) == 144


def test_the_spaces_between_dashed_bubbles_are_no_bubbles() -> None:
    form = blank_form(7000, "dashed")
    picture = photographed(render(form.pdf, 150), np.random.default_rng([0, 2]))
    assert sum(_sizes(picture.pixels)) == sum(len(box.bubbles) for box in form.boxes)
