import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper.displacement_grid import offsets_at
from omrclip.omr.registration.reference import bubble_boxes, reference_for
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.strategies.bubbles import by_bubbles
from tests.omr.registration.finding import FILLED, FORM, VIEWS, scan_of
from tests.omr.sheet import PAGE, Points, Sheet, Tones, View, coloured, printed, question, turned

CENTRES = bubble_boxes(FORM.page)[:, :2] + 10


def found(tones: Tones, sheet: Sheet = FORM) -> Candidate | Rejected:
    """The best map, or why there is none."""
    known = sheet.known(image=False)
    maps = by_bubbles(reference_for(known.page, known.image), ImagePyramid(coloured(tones)))
    return maps if isinstance(maps, Rejected) else maps[0]


def off(rough: Candidate, view: View) -> Points:
    bend = np.zeros((2, 2, 2)) if rough.bend is None else offsets_at(rough.bend, CENTRES, PAGE)
    return np.asarray(np.linalg.norm(ops.transform(rough.page_to_scan, CENTRES + bend) - view.to_scan(CENTRES), axis=1))


@pytest.mark.parametrize("view", VIEWS)
def test_bubbles_tell_where_the_page_lies(view: str) -> None:
    rough = found(scan_of(view))
    assert isinstance(rough, Candidate)
    assert rough.strategy == "bubbles"
    assert off(rough, VIEWS[view]).max() < 3


def test_large_scans_are_looked_through_scaled_down() -> None:
    view = turned(4, scale=2.6)
    rough = found(view.of(FILLED))
    assert isinstance(rough, Candidate)
    assert off(rough, view).max() < 6


def test_bubbles_too_small_at_the_first_scale_are_found_at_the_second() -> None:
    """A page of an 18th of the picture."""
    view = View(np.array([[0.5, 0, 900], [0, 0.5, 700], [0, 0, 1]]), Dimensions(1500, 2000))
    rough = found(view.of(FORM.blank))
    if isinstance(rough, Candidate):
        assert off(rough, view).max() < 3
    else:
        assert rough.reason.startswith("bubbles: the template's pattern was not found")


def test_bent_paper() -> None:
    def bow(points: Points) -> Points:
        return np.column_stack([np.zeros(len(points)), 8 * np.sin(np.pi * points[:, 0] / PAGE.width)])

    view = View(np.array([[1, 0, 20], [0, 1, 20], [0, 0, 1]], np.float64), Dimensions(640, 840), bow)
    rough = found(view.of(FILLED))
    assert isinstance(rough, Candidate)
    assert off(rough, view).max() < 3


FEW = printed([question("Q", 100, 100, "ABCDEFG")], PAGE)
OTHER = printed([question(f"R{n}", 50 + n % 3 * 180, 80 + n // 3 * 45, "ABCD", pitch=30) for n in range(40)], PAGE)


@pytest.mark.parametrize(
    ("sheet", "tones", "reason"),
    [
        (FEW, FEW.blank, "bubbles: the template has 7 bubbles. At least 8 are needed"),
        (FORM, np.full((800, 600), 255, np.uint8), "the template's pattern was not found among 0 shapes"),
        (FORM, OTHER.blank, "bubbles: "),
        (FORM, FORM.blank[:300].copy(), "bubbles: "),
    ],
    ids=["few", "white", "another form", "a part of the page"],
)
def test_reasons_against(sheet: Sheet, tones: Tones, reason: str) -> None:
    rough = found(tones, sheet)
    assert isinstance(rough, Rejected)
    assert reason in rough.reason


def test_noise_is_given_up_soon() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1200, 1000), np.uint8)
    assert isinstance(found(noise), Rejected)
