import cv2
import numpy as np
import pytest

from omrclip.omr.registration.blobs import find_blobs
from tests.omr.sheet import Tones


def paper(*, side: int = 400, tone: int = 240) -> Tones:
    return np.full((side, side), tone, np.uint8)


def found_at(tones: Tones, x: float, y: float) -> bool:
    blobs = find_blobs(tones)
    return bool(len(blobs) and (np.hypot(*(blobs.centres - (x, y)).T) < 1.5).any())


DRAWN = {
    "an outline": lambda t: cv2.circle(t, (200, 200), 10, 0, 2),
    "a faint outline": lambda t: cv2.circle(t, (200, 200), 10, 190, 2),
    "a filled disc": lambda t: cv2.circle(t, (200, 200), 10, 30, -1),
    "an ellipse": lambda t: cv2.ellipse(t, (200, 200), (16, 8), 0, 0, 360, 0, 2),
    "a turned ellipse": lambda t: cv2.ellipse(t, (200, 200), (16, 8), 30, 0, 360, 0, 2),
    "a box": lambda t: cv2.rectangle(t, (190, 192), (209, 207), 0, 2),
    "an outline with a letter": lambda t: cv2.putText(
        cv2.circle(t, (200, 200), 14, 0, 2), "A", (194, 206), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 90, 1
    ),
    "a crossed outline": lambda t: cv2.line(cv2.circle(t, (200, 200), 10, 0, 2), (195, 195), (205, 205), 0, 2),
}
NO_BUBBLES = {
    "nothing": lambda t: t,
    "a dot": lambda t: cv2.circle(t, (200, 200), 2, 0, -1),
    "a long box": lambda t: cv2.rectangle(t, (120, 192), (280, 207), 0, 2),
    "a large ring": lambda t: cv2.circle(t, (200, 200), 90, 0, 2),
    "a line": lambda t: cv2.line(t, (150, 200), (250, 210), 0, 2),
    "a letter": lambda t: cv2.putText(t, "X", (190, 210), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2),
    "a soft shadow": lambda t: cv2.GaussianBlur(cv2.circle(t, (200, 200), 60, 150, -1), (0, 0), 40),
}


@pytest.mark.parametrize("name", DRAWN)
def test_what_may_be_a_bubble_is_found(name: str) -> None:
    assert found_at(DRAWN[name](paper()), 200.5, 200.5)


@pytest.mark.parametrize("name", NO_BUBBLES)
def test_what_is_none_is_not(name: str) -> None:
    assert not len(find_blobs(np.asarray(NO_BUBBLES[name](paper()), np.uint8)))


def test_an_outline_and_what_is_in_it_are_one() -> None:
    tones = paper()
    for x in (100, 200, 300):
        cv2.circle(tones, (x, 200), 14, 0, 2)
        cv2.circle(tones, (x, 200), 6, 0, 1)
    blobs = find_blobs(tones)
    assert sorted(blobs.centres.round().tolist()) == [[100, 200], [200, 200], [300, 200]] or len(blobs) == 3
    assert np.allclose(blobs.sizes, 30 * np.sqrt(np.pi) / 2, rtol=0.1), "the outer edge's"


def test_bubbles_are_found_in_the_dark_and_under_a_shadow() -> None:
    tones = paper()
    for x in range(40, 400, 40):
        for y in range(40, 400, 40):
            cv2.circle(tones, (x, y), 10, 60, 2)
    light = np.linspace(1, 0.35, 400)
    assert len(find_blobs((tones * light[None]).astype(np.uint8))) == 81


def test_only_some() -> None:
    tones = paper()
    cv2.circle(tones, (100, 100), 10, 0, 2)
    cv2.circle(tones, (300, 100), 20, 0, 2)
    blobs = find_blobs(tones)
    assert len(blobs.only(blobs.sizes > 25)) == 1


def test_noise_without_end_is_given_up() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2000, 2000), np.uint8)
    assert len(find_blobs(noise)) == 0


@pytest.mark.parametrize("length", [6, 12, 40])
@pytest.mark.parametrize("down", [1, -1])
def test_a_slanting_line_of_one_pixel_is_none(length: int, down: int) -> None:
    tones = paper()
    for step in range(length):
        tones[200 + down * step, 200 + step] = 0
    assert not len(find_blobs(tones))
