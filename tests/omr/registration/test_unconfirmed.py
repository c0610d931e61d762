"""Pages of which the template tells too little to confirm a map by it."""

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.omr.registration import ScanLevels, register
from omrclip.omr.template import ClipArea, ReferencePoint
from tests.omr.registration.finding import turned
from tests.omr.sheet import HEIGHT, PAGE, WIDTH, coloured, form, printed, question

PAGE_CORNERS = ops.corners(0, 0, WIDTH, HEIGHT)


@pytest.mark.parametrize("scale", [1, 2])
def test_bubbles_in_one_line_are_not_asked_where_the_page_ends(scale: float) -> None:
    sheet = printed([question("Q", 100, 100, "ABCDEFGH")], PAGE, seed=None)
    view = turned(0, scale=scale)
    found = register(sheet.known(image=False), ScanLevels(coloured(view.of(sheet.blank)))).registration
    assert found.confidence is None
    assert np.abs(found.to_scan(PAGE_CORNERS) - PAGE_CORNERS * found.scan.width / WIDTH).max() < 1


def test_a_reference_point_that_tells_up_from_down_is_heeded() -> None:
    """Four of five marks would fit upright, all five do upside down."""
    sheet = form()
    known = sheet.only(ReferencePoint, ClipArea).known(image=False)
    found = register(known, ScanLevels(coloured(turned(180).of(sheet.blank)))).registration
    assert found.strategy == "reference points"
    assert np.abs(found.to_scan(PAGE_CORNERS) - (PAGE.width, PAGE.height) + PAGE_CORNERS).max() < 1
