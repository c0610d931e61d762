"""Pages of which the template tells too little to confirm a map by it, or too little of some clips."""

from dataclasses import replace

import numpy as np
import pytest

from omrclip.config import Limits
from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.omr.clips import cut_clip, unconfirmed
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import ScanLevels, register
from omrclip.omr.template import ClipArea, ReferencePoint
from tests.omr.registration.finding import turned
from tests.omr.sheet import HEIGHT, PAGE, WIDTH, View, coloured, form, printed, question

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


def bowed(height: float) -> View:
    """Paper whose middle lies lower than its sides."""
    return View(
        np.array([[1, 0, 30], [0, 1, 30], [0, 0, 1]], np.float64),
        Dimensions(660, 900),
        lambda points: np.column_stack([np.zeros(len(points)), height * np.sin(np.pi * points[:, 0] / PAGE.width)]),
    )


@pytest.mark.parametrize(("height", "told"), [(0, set()), (30, {"far"})], ids=["flat", "bent"])
def test_clips_that_nothing_near_confirms_are_told_where_the_paper_bends(height: float, told: set[str]) -> None:
    """Without the page's image; the clip among the bubbles is certain."""
    rows = [question(f"Q{n}", 60, 60 + 30 * n, "ABCDEFGHIJKLMNO"[: 15 - n * 5 % 7]) for n in range(16)]
    areas = (
        ClipArea(name="near", left=100, top=200, width=200, height=60),
        ClipArea(name="far", left=60, top=640, width=480, height=120),
    )
    sheet = replace(printed(rows, PAGE, seed=None), elements=(*rows, *areas))
    pixels = coloured(bowed(height).of(sheet.blank, ground=110))
    options = RecognitionOptions()
    found = register(sheet.known(image=False), ScanLevels(pixels))
    registered = RegisteredPage(DecodedImage(pixels), found.registration)
    clips = [cut_clip(area, registered, options, Limits()) for area in areas]
    assert {clip.element for clip in clips if unconfirmed(clip, found)} == told
