"""Pages of which the template tells too little to confirm a map by it, or too little of some clips."""

from dataclasses import replace

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.limits import Limits
from omrclip.omr.clips import cut_clip, unconfirmed
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, recognize
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import ImagePyramid, KnownPage, register
from omrclip.omr.template import ChoiceBox, ClipArea, Grid, ReferencePoint
from tests.omr.registration.finding import turned
from tests.omr.sheet import HEIGHT, PAGE, WIDTH, View, coloured, form, onto, png, printed, question

PAGE_CORNERS = ops.corners(0, 0, WIDTH, HEIGHT)


@pytest.mark.parametrize("scale", [1, 2])
def test_bubbles_in_one_line_are_not_asked_where_the_page_ends(scale: float) -> None:
    sheet = printed([question("Q", 100, 100, "ABCDEFGH")], PAGE, seed=None)
    view = turned(0, scale=scale)
    found = register(sheet.known(image=False), ImagePyramid(coloured(view.of(sheet.blank)))).registration
    assert found.confidence is None
    assert np.abs(found.to_scan(PAGE_CORNERS) - PAGE_CORNERS * found.scan.width / WIDTH).max() < 1


def test_a_reference_point_that_tells_up_from_down_is_heeded() -> None:
    """Four of five marks would fit upright, all five do upside down."""
    sheet = form()
    known = sheet.only(ReferencePoint, ClipArea).known(image=False)
    found = register(known, ImagePyramid(coloured(turned(180).of(sheet.blank)))).registration
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
    found = register(sheet.known(image=False), ImagePyramid(pixels))
    registered = RegisteredPage(DecodedImage(pixels), found.registration)
    clips = [cut_clip(area, registered, options, Limits()) for area in areas]
    assert {clip.element for clip in clips if unconfirmed(clip, found)} == told


SHEET = form()
CLIPS_ALONE = SHEET.only(ClipArea)
CLIPS_AND_MARKS = SHEET.only(ReferencePoint, ClipArea)
CLIPS_AND_BUBBLES = SHEET.only(ChoiceBox, Grid, ClipArea)
ASKEW = onto([(30, 20), (620, 60), (570, 820), (60, 860)], Dimensions(660, 900))
UPRIGHT = View(np.array([[1, 0, 12], [0, 1, 9], [0, 0, 1]], np.float64), Dimensions(640, 840))
WHITE = KnownPage(CLIPS_ALONE.page, 1, png(np.full_like(SHEET.blank, 255)))


@pytest.mark.parametrize(
    ("known", "view", "told"),
    [
        (CLIPS_ALONE.known(image=False), turned(0), "With an image of the blank page they are found for sure."),
        (CLIPS_ALONE.known(image=False), turned(0, scale=2), "With an image of the blank page"),
        (WHITE, turned(0), "The image of the blank page shows too little to find them by."),
        (CLIPS_AND_MARKS.known(image=False), UPRIGHT, None),
        (CLIPS_AND_MARKS.known(image=False), turned(180), None),
        (CLIPS_AND_MARKS.known(image=False), ASKEW, "found by its reference points alone, and is seen askew"),
        (CLIPS_AND_BUBBLES.known(image=False), UPRIGHT, None),
        (CLIPS_ALONE.known(), UPRIGHT, None),
    ],
    ids=["same Dimensions", "scaled", "white image", "marks", "marks, turned", "marks, askew", "bubbles", "image"],
)
def test_clips_of_a_page_that_nothing_confirms_are_told_once(known: KnownPage, view: View, told: str | None) -> None:
    found = recognize([known], Scan("scan.png", png(view.of(SHEET.blank))), RecognitionOptions(), Limits())
    assert found.passed, found.messages
    of_page = [message for message in found.messages if message.endswith((UNSURE, "for sure.", "find them by."))]
    assert len(found.clips) > 0
    if told is None:
        assert of_page == []
        assert {clip.message for clip in found.clips} == {""}
        return
    assert len(of_page) == 1
    assert told in of_page[0]
    assert {clip.message for clip in found.clips} == {of_page[0]}
    # The internals are in the answer's details.
    assert found.registration is not None
    assert found.registration.confidence is None


UNSURE = "Look whether they show the right places."


def test_a_page_without_clips_has_nothing_to_be_unsure_of() -> None:
    known = SHEET.only(ReferencePoint).known(image=False)
    found = recognize([known], Scan("scan.png", png(turned(0).of(SHEET.blank))), RecognitionOptions(), Limits())
    assert found.passed
    assert found.messages == ()
