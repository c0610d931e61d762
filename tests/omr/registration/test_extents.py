"""Templates say that bubbles are larger or smaller than they are printed: the print is measured."""

from dataclasses import replace

import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, recognize
from omrclip.omr.registration.extents import Printed, printed_as
from omrclip.omr.registration.find import FoundPage, ImagePyramid, register
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.template import ChoiceBox
from tests.omr.registration.finding import misses
from tests.omr.sheet import PAGE, Sheet, View, coloured, png, printed, question, turned

BOXES = [question(f"Q{n}", 90 + n % 2 * 200, 110 + n // 2 * 34, "ABCDE"[: 3 + n % 3]) for n in range(30)]
PRINTED = printed(BOXES, PAGE)


def believed(factor: float) -> Sheet:
    """The form whose template has bubbles larger by a factor, about the middle of each."""

    def grown(box: ChoiceBox) -> ChoiceBox:
        size = box.bubble_width * factor
        off = (box.bubble_width - size) / 2
        bubbles = tuple(replace(bubble, left=bubble.left + off, top=bubble.top + off) for bubble in box.bubbles)
        return replace(box, bubble_width=size, bubble_height=size, bubbles=bubbles)

    return Sheet(PRINTED.blank, tuple(grown(box) for box in BOXES))


def registered(sheet: Sheet, view: View, *, image: bool = False) -> FoundPage:
    return register(sheet.known(image=image), ImagePyramid(coloured(view.of(PRINTED.blank))))


@pytest.mark.parametrize("factor", [0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4])
@pytest.mark.parametrize("view", [turned(0), turned(92, scale=1.5)], ids=["as it is", "turned"])
def test_a_page_is_found_by_bubbles_of_other_extents(factor: float, view: View) -> None:
    try:
        found = registered(believed(factor), view)
    except RegistrationFailed:
        assert not 0.8 <= factor <= 1.3
        return
    assert misses(found.registration, view).max() < 2
    assert found.reference.bubbles[0, 2] == pytest.approx(20, rel=0.08)
    assert found.reference.extents == pytest.approx(1 / factor, rel=0.08)
    middle = found.reference.bubbles[:, :2] + found.reference.bubbles[:, 2:] / 2
    assert np.allclose(middle, reference_for(PRINTED.page, None).centres)


def test_extents_that_fit_are_believed() -> None:
    found = registered(PRINTED, turned(3))
    assert found.reference is reference_for(PRINTED.page, None)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.3])
def test_extents_are_measured_on_the_blank_page_where_its_image_is_known(factor: float) -> None:
    view = turned(92, scale=1.5)
    found = registered(believed(factor), view, image=True)
    assert misses(found.registration, view).max() < 2
    assert found.reference.bubbles[0, 2] == pytest.approx(20, rel=0.08)


def test_a_scan_that_shows_nothing_tells_no_extents() -> None:
    white = ImagePyramid(coloured(np.full((800, 600), 255, np.uint8)))
    assert printed_as(white, reference_for(PRINTED.page, None).bubbles, lambda points: points) == Printed()


@pytest.mark.parametrize(("factor", "told"), [(1.0, False), (1.1, False), (1.3, True), (0.8, True)])
def test_a_template_that_needs_correction_is_told(factor: float, told: bool) -> None:
    pages = (believed(factor).known(image=True),)
    scan = Scan("scan.png", png(PRINTED.marked({"Q0": "A"})))
    found = recognize(pages, scan, RecognitionOptions(), Limits())
    assert found.passed
    assert any("correct the template" in message for message in found.messages) is told
