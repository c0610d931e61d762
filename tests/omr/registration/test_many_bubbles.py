"""A page of 10,000 bubbles is registered and read, in a bounded memory."""

import tracemalloc

import cv2
import numpy as np
import pytest

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Bubble, ChoiceBox, Grid, Page
from tests.omr.sheet import Tones, fill, png

WIDTH, HEIGHT, SIZE = 2480, 3508, 13
ACROSS, DOWN, VALUES = 20, 100, "ABCDE"
COUNT = ACROSS * DOWN * len(VALUES)
MEBIBYTE = 1 << 20


def boxes() -> tuple[ChoiceBox, ...]:
    return tuple(
        _box(100 + 114 * column, 100 + 33 * row, f"Q{row}.{column}") for row in range(DOWN) for column in range(ACROSS)
    )


def _box(left: float, top: float, name: str) -> ChoiceBox:
    bubbles = tuple(Bubble(value=value, left=left + 17 * n, top=top) for n, value in enumerate(VALUES))
    return ChoiceBox(
        name=name,
        left=left - 2,
        top=top - 2,
        width=17 * len(VALUES) + 2,
        height=SIZE + 4,
        bubble_width=SIZE,
        bubble_height=SIZE,
        bubbles=bubbles,
        orientation="Horizontal",
    )


def blank(elements: tuple[ChoiceBox, ...]) -> Tones:
    """The outlines, and print around them that differs from place to place."""
    tones = np.full((HEIGHT, WIDTH), 255, np.uint8)
    words = np.random.default_rng(1).integers(65, 91, (len(elements), 3))
    for box, word in zip(elements, words.tolist(), strict=True):
        for bubble in box.bubbles:
            centre = round((bubble.left + SIZE / 2 - 0.5) * 16), round((bubble.top + SIZE / 2 - 0.5) * 16)
            cv2.circle(tones, centre, (SIZE - 1) * 8, 90, 1, cv2.LINE_AA, 4)
        text, at = "".join(map(chr, word)), (int(box.left + 84), int(box.top + SIZE + 1))
        cv2.putText(tones, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 2, cv2.LINE_AA)
    return tones


@pytest.mark.parametrize("in_a_grid", [False, True])
def test_ten_thousand_bubbles_are_read(in_a_grid: bool) -> None:
    elements = boxes()
    tones = blank(elements)
    shown: tuple[ChoiceBox | Grid, ...] = elements
    if in_a_grid:
        place = {"left": 90, "top": 90, "width": WIDTH - 180, "height": HEIGHT - 180}
        shown = (Grid(name="All", **place, orientation="Vertical", elements=elements),)
    page = Page(width=WIDTH, height=HEIGHT, elements=shown)
    filled = tones.copy()
    answers = {box.name: box.bubbles[number % 5] for number, box in enumerate(elements) if number % 3 == 0}
    for bubble in answers.values():
        fill(filled, bubble.left + SIZE / 2, bubble.top + SIZE / 2, radius=5)
    found = recognize([KnownPage(page, 1, png(tones))], Scan("a.png", png(filled)), RecognitionOptions(), Limits())
    assert found.error is None
    read = found.elements[0].children if in_a_grid else found.elements
    assert sum(len(element.bubbles) for element in read) == COUNT
    certain = [(e, b) for e, b in zip(read, elements, strict=True) if e.status is not ElementStatus.UNCERTAIN]
    assert len(certain) > 0.98 * len(elements)
    for element, box in certain:
        assert element.value == (answers[box.name].value if box.name in answers else "")


def test_preparing_a_page_takes_no_table_of_all_distances() -> None:
    page = Page(width=WIDTH, height=HEIGHT, elements=boxes())
    tracemalloc.start()
    reference_for(page, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * MEBIBYTE, "the table of 10,000 points has 800"


def test_bubbles_that_lie_on_each_other_take_no_more_memory() -> None:
    bubbles = (Bubble(value="A", left=0, top=0),) * 2000
    box = ChoiceBox(
        name="Q", left=0, top=0, width=600, height=800, bubble_width=600, bubble_height=800, bubbles=bubbles
    )
    tracemalloc.start()
    reference_for(Page(width=600, height=800, elements=(box,)), None)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 400 * MEBIBYTE
