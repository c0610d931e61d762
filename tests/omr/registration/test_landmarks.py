import cv2
import numpy as np
import pytest

from omrclip.omr.registration.landmarks import SEARCH, find_landmarks
from tests.omr.sheet import Points, Tones

BOX = np.array([[100.0, 100.0, 40.0, 40.0]])
CORNERS = np.array([[100.0, 100], [140, 100], [140, 140], [100, 140]])


def paper(*quads: Points, tone: int = 20) -> Tones:
    """Solid quadrangles, their corners continuous, on light paper."""
    fine = np.full((250 * 8, 250 * 8), 240, np.uint8)
    for quad in quads:
        cv2.fillPoly(fine, [np.rint(quad * 8 - 0.5).astype(np.int32)], tone)
    return np.asarray(cv2.resize(fine, (250, 250), interpolation=cv2.INTER_AREA), np.uint8)


def about(degrees: float = 0, shift: tuple[float, float] = (0, 0), larger: float = 1.0) -> Points:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * larger
    return np.asarray((CORNERS - 120) @ turn + 120 + shift)


@pytest.mark.parametrize(
    "quad",
    [about(), about(shift=(5, -7)), about(shift=(-20.5, 14.25)), about(4), about(-6, (10, 3))],
    ids=["in its place", "off", "far off", "turned", "turned and off"],
)
def test_the_corners_of_a_solid_are_found(quad: Points) -> None:
    found, offsets = find_landmarks(paper(quad), BOX)
    assert found.tolist() == [True]
    assert np.abs(CORNERS + offsets[0] - quad).max() < 1.2


def test_its_middle_and_turn_are_measured_its_area_is_not() -> None:
    found, offsets = find_landmarks(paper(about(3, (4, 4), larger=1.1)), BOX)
    assert found.all()
    assert np.abs(CORNERS + offsets[0] - about(3, (4, 4))).max() < 1.2


def code() -> Tones:
    tones = paper()
    modules = np.random.default_rng(1).random((21, 21)) < 0.5
    for row, column in ((0, 0), (0, 14), (14, 0)):
        modules[row : row + 7, column : column + 7] = True
    pixels = np.where(np.kron(modules, np.ones((4, 4), bool)), 20, 240).astype(np.uint8)
    tones[80:164, 90:174] = pixels
    return tones


def test_a_code_is_one_shape() -> None:
    found, offsets = find_landmarks(code(), np.array([[84.0, 77.0, 84.0, 84.0]]))
    assert found.all()
    assert np.abs(offsets[0] - (6, 3)).max() < 4


@pytest.mark.parametrize(
    ("tones", "box"),
    [
        (paper(), BOX),
        (paper(about(), tone=215), BOX),
        (paper(about(larger=1.5)), BOX),
        (paper(about(larger=0.6)), BOX),
        (paper(about(shift=(SEARCH + 45, 0))), BOX),
        (paper(about(shift=(-24, 0), larger=0.9), about(shift=(24, 0), larger=0.9)), BOX),
        (paper(CORNERS[[0, 1, 3]]), BOX),
        (paper(about()), np.array([[100.0, 100, 6, 6]])),
        (paper(about()), np.array([[400.0, 100, 40, 40]])),
        (paper(about()), np.array([[-200.0, -100, 40, 40]])),
    ],
    ids=[
        "nothing",
        "faint",
        "larger",
        "smaller",
        "far off",
        "two",
        "triangle",
        "tiny box",
        "right of it",
        "left of it",
    ],
)
def test_what_may_be_something_else_is_left_out(tones: Tones, box: Points) -> None:
    found, offsets = find_landmarks(tones, box)
    assert found.tolist() == [False]
    assert (offsets == 0).all()


def test_each_of_several_is_looked_for() -> None:
    boxes = np.vstack([BOX, [[20, 180, 30, 30]]])
    found, _ = find_landmarks(paper(about(shift=(2, 2))), boxes)
    assert found.tolist() == [True, False]
    assert find_landmarks(paper(), np.zeros((0, 4)))[1].shape == (0, 4, 2)
