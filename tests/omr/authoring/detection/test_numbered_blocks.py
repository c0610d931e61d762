"""Blocks of numbered squares are bubbles although their borders touch; tables and boxes for letters are not."""

import numpy as np
import pytest

from omrclip.omr.authoring.detection.numbered_blocks import numbered_blocks
from omrclip.omr.authoring.detection.shapes import Boxes, Shape
from tests.omr.authoring.detection.pdf_canvas import PdfCanvas
from tests.omr.authoring.detection.small_pages import blank_page, detected, sizes


def _block(
    canvas: PdfCanvas, *, side: float, gap: float, count: int = 49, across: int = 7, numbered: bool = True
) -> None:
    for number in range(count):
        x, y = 30 + number % across * (side + gap), 40 + number // across * (side + gap)
        canvas.box((x, y, side, side), line=0.25)
        if numbered:
            text = str(number + 1)
            canvas.text(x + side / 2 - 0.7 * len(text), y + side / 2 + 0.9, text, height=1.8)


@pytest.mark.parametrize("gap", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("side", [4.2, 6.0])
def test_a_block_of_numbered_squares_is_one_question(side: float, gap: float) -> None:
    canvas = blank_page()
    _block(canvas, side=side, gap=gap)
    assert sizes(detected(canvas)) == [49]


@pytest.mark.parametrize(("count", "across", "numbered"), [(49, 7, False), (14, 7, True), (20, 20, True)])
def test_other_cells_are_no_block(count: int, across: int, numbered: bool) -> None:
    canvas = blank_page()
    _block(canvas, side=5, gap=0, count=count, across=across, numbered=numbered)
    assert sizes(detected(canvas)) == []


def test_squares_that_share_a_border_are_as_large_as_their_distance() -> None:
    cells = [Shape(100 + 40 * x, 100 + 40 * y, 43, 43, 1.0, "cell") for x in range(7) for y in range(7)]
    numbers: Boxes = _numbers(cells)
    assert {(one.width, one.height) for one in numbered_blocks(cells, numbers).values()} == {(40, 40)}


def _numbers(cells: list[Shape]) -> Boxes:
    return np.array([(cell.x - 6, cell.y - 9, 12, 18) for cell in cells], np.float64)
