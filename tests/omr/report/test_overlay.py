"""Overlays show where everything lay in the scan, each status in its own way, and why a scan failed."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from omrclip.errors import Failure, RegistrationFailed
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.drawing import Colour
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.omr.recognition import Recognition
from omrclip.omr.report import overlay
from omrclip.omr.report.overlay import draw, draw_on, drawn_dimensions, outline
from omrclip.omr.report.overlay_style import CLIP, FAILED, PAGE, RESIDUAL, STATUS_COLOURS
from omrclip.omr.results import BubbleResult, ElementStatus
from tests.omr.recognized import ELEMENTS, SCAN, bent, choice, recognition

Mask = npt.NDArray[np.bool_]
GREY = 130
# So large that lines have their full colour in the middle; points in tests are those of the scan all the same.
SCALE = 3
HEIGHT, WIDTH = SCALE * SCAN.height, SCALE * SCAN.width
PLAIN = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
FAILURE = Recognition(
    "scan.png",
    error=Failure(RegistrationFailed.code, "No page."),
    messages=("The page was not found: no edges.",),
)


def alone(**changes: object) -> Recognition:
    """A recognition with nothing but what is given."""
    return recognition(**{"elements": (), "clips": (), "registration": replace(bent(), matches=None), **changes})


def drawn_in(pixels: Pixels, colour: Colour) -> Mask:
    """Where the scan's part of an overlay has a colour."""
    close: Mask = np.abs(pixels[:HEIGHT].astype(int) - colour).max(axis=2) <= 12
    return close


def around(place: tuple[float, float], within: float) -> tuple[slice, slice]:
    """The rows and columns of an overlay that are at most so many scan pixels from a point (x, y) of the scan."""
    x, y = place
    columns = slice(max(0, round((x - within) * SCALE)), round((x + within) * SCALE) + 1)
    return slice(max(0, round((y - within) * SCALE)), round((y + within) * SCALE) + 1), columns


def near(mask: Mask, place: tuple[float, float], within: float = 2) -> bool:
    return bool(mask[around(place, within)].any())


def bubble_area(bubble: BubbleResult, margin: float = 3) -> tuple[slice, slice]:
    """The rows and columns of an overlay that a bubble takes."""
    (left, top), _, (right, bottom), _ = bubble.corners
    rows = slice(round((top - margin) * SCALE), round((bottom + margin) * SCALE))
    return rows, slice(round((left - margin) * SCALE), round((right + margin) * SCALE))


def test_the_scan_lies_where_it_lay_and_is_not_changed() -> None:
    scan = PLAIN.copy()
    drawn = draw(scan, alone())
    assert (scan == GREY).all()
    assert drawn.shape[1] == WIDTH
    assert drawn.shape[0] > HEIGHT
    assert (drawn[around((20, 20), 15)] == GREY).all()


def test_the_outline_follows_the_paper() -> None:
    points = outline(bent(by=10))
    assert np.allclose(points[0], [50, 60])
    top = points[(points[:, 1] < 90) & (points[:, 0] < 651)]
    middle = points[np.argmin(np.abs(points - [350, 80]).sum(axis=1))]
    assert np.allclose(middle, [350, 80], atol=1), "bent down by 10 page pixels, which are 20 of the scan"
    assert len(top) > 20
    found = drawn_in(draw(PLAIN, alone()), PAGE)
    for point in ((50, 260), (200, 70), (650, 260), (500, 470)):
        assert near(found, point), point
    assert not near(found, (350, 60))


def test_the_top_is_named_at_the_edge_that_is_the_top_on_the_page() -> None:
    turned = replace(
        bent(by=0), page_to_scan=np.array([[-2, 0, 650], [0, -2, 460], [0, 0, 1]], np.float64), matches=None
    )
    upright = draw(PLAIN, alone(registration=replace(bent(by=0), matches=None)))
    upside_down = draw(PLAIN, alone(registration=turned))
    for drawn, top, bottom in ((upright, 66, 454), (upside_down, 454, 66)):
        assert (drawn[around((350, top), 2)] < 60).all(axis=2).any()
        assert not (drawn[around((350, bottom), 2)] < 60).all(axis=2).any()


def test_each_bubble_is_outlined_by_its_status() -> None:
    for element, kinds in (
        (ELEMENTS[0], (ElementStatus.BLANK, ElementStatus.MARKED)),
        (ELEMENTS[1], (ElementStatus.BLANK, ElementStatus.BLANK)),
        (ELEMENTS[2], (ElementStatus.MULTIPLE, ElementStatus.MULTIPLE)),
        (ELEMENTS[3], (ElementStatus.UNCERTAIN, ElementStatus.UNCERTAIN)),
    ):
        drawn = draw(PLAIN, alone(elements=(element,)))
        for bubble, kind in zip(element.bubbles, kinds, strict=True):
            found = {
                status for status in ElementStatus if drawn_in(drawn, STATUS_COLOURS[status])[bubble_area(bubble)].any()
            }
            assert found == {kind}, (element.name, bubble.value)


def test_statuses_differ_in_shape_too() -> None:
    shapes = {
        status: drawn_in(draw(PLAIN, alone(elements=(choice("Q", status, (0.5,), 40),))), STATUS_COLOURS[status])
        for status in (ElementStatus.MARKED, ElementStatus.MULTIPLE, ElementStatus.UNCERTAIN)
    }
    area = bubble_area(choice("Q", ElementStatus.MARKED, (0.5,), 40).bubbles[0])
    covered = {status: mask[area].sum() for status, mask in shapes.items()}
    assert covered[ElementStatus.UNCERTAIN] < covered[ElementStatus.MARKED] < covered[ElementStatus.MULTIPLE]
    middle = bubble_area(choice("Q", ElementStatus.MARKED, (0.5,), 40).bubbles[0], margin=-6)
    assert shapes[ElementStatus.MULTIPLE][middle].any(), "crossed"
    assert not shapes[ElementStatus.MARKED][middle].any()


def test_a_bar_is_as_long_as_the_bubble_is_filled() -> None:
    lengths = []
    for fill in (0.4, 0.8):
        element = choice("Q", ElementStatus.MARKED, (fill,), 40)
        drawn = drawn_in(draw(PLAIN, alone(elements=(element,))), STATUS_COLOURS[ElementStatus.MARKED])
        inside = drawn[bubble_area(element.bubbles[0], margin=-2)]
        lengths.append(inside[-3].mean())
    assert lengths == [pytest.approx(0.4, abs=0.12), pytest.approx(0.8, abs=0.12)]


def test_the_children_of_a_grid_are_drawn() -> None:
    drawn = drawn_in(draw(PLAIN, alone(elements=(ELEMENTS[4],))), STATUS_COLOURS[ElementStatus.MARKED])
    for child in ELEMENTS[4].children:
        marked = next(bubble for bubble in child.bubbles if bubble.marked)
        assert near(drawn, marked.corners[0], 3)


@pytest.mark.parametrize(("number", "signed"), [(0, False), (1, False), (2, True), (3, True)])
def test_what_is_in_doubt_has_a_sign_beside_its_box(number: int, signed: bool) -> None:
    element = ELEMENTS[number]
    right = np.mean(element.corners[1:3], axis=0)
    drawn = draw(PLAIN, alone(elements=(element,)))[around((right[0] + 7, right[1]), 4)]
    assert (drawn < 60).all(axis=2).any() == signed
    assert (np.abs(drawn.astype(int) - STATUS_COLOURS[element.status]).max(axis=2) < 60).any() == signed


def test_the_value_of_a_bar_code_stands_beside_it() -> None:
    drawn = draw(PLAIN, alone(elements=(ELEMENTS[5],)))
    assert (drawn[around((520, 100), 6)] < 60).all(axis=2).any()


def test_clips_are_outlined_and_named() -> None:
    (clip,) = recognition().clips
    drawn = draw(PLAIN, alone(clips=(clip,)))
    found = drawn_in(drawn, CLIP)
    for corner in clip.corners:
        assert near(found, corner, 3)
    left, top = clip.corners[0]
    assert (drawn[around((left + 10, top - 8), 6)] < 60).all(axis=2).any(), "its name above its corner"
    assert (drawn[around((left + 100, top + 60), 30)] == GREY).all(), "what is in it stays to be seen"


def test_matches_that_are_off_point_to_where_they_were_found() -> None:
    registration = replace(bent(by=0), matches=np.array([[100, 100, 250, 265]], np.float32))
    found = drawn_in(draw(PLAIN, alone(registration=registration)), RESIDUAL)
    assert near(found, (250, 260)), "where the map puts it"
    assert near(found, (250, 305)), "towards where it was found, ten times as far"
    assert not near(found, (250, 330))


def test_of_very_many_matches_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "MOST_RESIDUALS", 2)
    matches = np.array([[20 + 40 * i, 100, 90 + 80 * i, 260] for i in range(6)], np.float32)
    registration = replace(bent(by=0), matches=matches)
    found = drawn_in(draw(PLAIN, alone(registration=registration)), RESIDUAL)
    assert [near(found, (90 + 80 * i, 260)) for i in range(6)] == [True, False, False, True, False, False]


def test_a_reduced_scan_is_drawn_on_in_the_same_places() -> None:
    whole = np.full((2 * HEIGHT, 2 * WIDTH, 3), GREY, np.uint8)
    clips = recognition().clips
    found = np.abs(draw(whole, alone(clips=clips)).astype(int) - CLIP).max(axis=2) <= 12
    assert all(near(found, (2 * x, 2 * y), 4) for x, y in clips[0].corners)
    found = drawn_in(draw(PLAIN, alone(clips=clips)), CLIP)
    assert all(near(found, corner) for corner in clips[0].corners)


def test_very_large_scans_are_reduced() -> None:
    assert drawn_dimensions(Dimensions(4000, 4000)) == Dimensions(4000, 4000)
    assert drawn_dimensions(Dimensions(4001, 4001)) == Dimensions(2001, 2001)
    assert drawn_dimensions(Dimensions(20_000, 10_001)) == Dimensions(5000, 2501)


def test_a_scan_is_read_at_the_size_at_which_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "MOST_PIXELS", HEIGHT * WIDTH // 4)
    drawn = draw_on(DecodedImage(PLAIN), recognition())
    assert drawn.shape[1] == WIDTH // 2


def test_a_failed_scan_has_a_frame_and_its_reason() -> None:
    drawn = draw(PLAIN, FAILURE)
    framed = drawn_in(drawn, FAILED)
    for place in ((1, 250), (698, 250), (350, 1), (350, 498)):
        assert near(framed, place)
    assert (drawn[50 * SCALE : 450 * SCALE, 50 * SCALE : 650 * SCALE] == GREY).all(), "nothing else is drawn"
    assert (drawn[HEIGHT:] < 60).all(axis=2).any(), "the reason stands below"


def test_more_to_say_makes_a_longer_legend() -> None:
    heights = [
        draw(PLAIN, alone(messages=messages)).shape[0]
        for messages in ((), ("short",), ("a long message, " * 20,), ("a message",) * 100)
    ]
    assert heights == sorted(set(heights))
    assert heights[-1] < HEIGHT + 600, "what is too much is counted"


@pytest.mark.parametrize("size", [(1, 1), (40, 30), (3000, 20)])
@pytest.mark.parametrize("made", [recognition(), FAILURE], ids=["passed", "failed"])
def test_scans_of_any_size_can_be_drawn_on(size: tuple[int, int], made: Recognition) -> None:
    drawn = draw(np.full((size[1], size[0], 3), GREY, np.uint8), made)
    assert drawn.shape[1] == size[0]


def test_elements_and_bubbles_of_unknown_place_are_left_out() -> None:
    nowhere = replace(ELEMENTS[0], corners=(), bubbles=tuple(replace(b, corners=()) for b in ELEMENTS[0].bubbles))
    assert np.array_equal(draw(PLAIN, alone(elements=(nowhere,)))[:HEIGHT], draw(PLAIN, alone())[:HEIGHT])
