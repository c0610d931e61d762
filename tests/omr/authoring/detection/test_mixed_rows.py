"""Bubbles of several sizes in one row are one question, and get the size of the smaller ones."""

from collections.abc import Callable

import pytest

from omrclip.omr.template import ChoiceBox
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.scoring import choice_boxes
from tests.omr.authoring.detection.small_pages import DPI, blank_page, detected, sizes

PX_PER_MM = DPI / 25.4


def _scale(widths: tuple[float, ...], *, pitch: float = 0, gap: float = 0, draw: str = "ellipse") -> PdfCanvas:
    """Twelve statements with a scale each, its bubbles at one distance of their centres, or with one gap."""
    canvas = blank_page()
    for row in range(12):
        canvas.text(20, 41 + 12 * row, f"{row + 1}. I like to read")
        x = 80.0
        for number, width in enumerate(widths):
            left = 80 + pitch * number - width / 2 if pitch else x
            paint: Callable[..., None] = getattr(canvas, draw if number else "ellipse")
            paint((left, 40 + 12 * row - width / 2, width, width), line=0.3)
            x = left + width + gap
    return canvas


@pytest.mark.parametrize(
    "canvas",
    [
        pytest.param(_scale((6, 4, 4, 4, 6), pitch=14), id="larger ends"),
        pytest.param(_scale((4, 4, 4, 4, 6), pitch=12), id="larger last"),
        pytest.param(_scale((8, 6, 4, 6, 8), gap=8), id="three sizes with equal gaps"),
        pytest.param(_scale((4, 4, 4, 4, 4), pitch=12, draw="box"), id="circle and squares"),
    ],
)
def test_a_row_of_several_sizes_is_one_question(canvas: PdfCanvas) -> None:
    assert sizes(detected(canvas)) == [5] * 12


def test_a_question_has_the_size_of_its_smaller_bubbles() -> None:
    boxes = list(choice_boxes([one.element for one in detected(_scale((6, 4, 4, 4, 6), pitch=14)).proposals]))
    assert [box.bubble_width / PX_PER_MM for box in boxes] == pytest.approx([4.3] * 12, abs=0.3)
    assert [_centre(box) for box in boxes] == pytest.approx([80] * 12, abs=0.3)


def _centre(box: ChoiceBox) -> float:
    return (box.bubbles[0].left + box.bubble_width / 2) / PX_PER_MM


def test_fields_of_two_sizes_beside_each_other_stay_apart() -> None:
    canvas = blank_page()
    for row in range(10):
        canvas.text(20, 41.5 + 10 * row, f"{row + 1}.")
        for column in range(4):
            canvas.ellipse((32 + 8 * column, 38 + 10 * row, 4, 4), line=0.3)
            canvas.ellipse((90 + 10 * column, 37.2 + 10 * row, 5.6, 5.6), line=0.3)
        canvas.text(78, 41.5 + 10 * row, f"{row + 11}.")
    assert sizes(detected(canvas)) == [4] * 20
