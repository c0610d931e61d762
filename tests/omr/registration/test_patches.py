import cv2
import numpy as np
import pytest

from omrclip.omr.registration.patches import Found, Patches, find, take
from tests.omr.sheet import Tones, form

IMAGE = form().blank
CENTRES = np.array([[100, 124], [164, 184], [150, 270], [394, 320], [100, 450]])


def shifted(x: float, y: float) -> Tones:
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
    return np.asarray(cv2.warpAffine(IMAGE, matrix, IMAGE.shape[::-1], borderValue=255), np.uint8)


def test_patches_are_the_very_pixels_around_their_centres() -> None:
    patches = take(IMAGE, CENTRES, 7)
    assert (len(patches), patches.half) == (5, 7)
    assert (patches.pixels[1] == IMAGE[177:192, 157:172]).all()
    chosen = patches.only(np.array([False, True, False, False, True]))
    assert chosen.centres.tolist() == [[164, 184], [100, 450]]
    assert (chosen.pixels[0] == patches.pixels[1]).all()


def test_beyond_the_edges_the_edge_pixels_go_on() -> None:
    image = np.arange(100, dtype=np.uint8).reshape(10, 10)
    corner = take(image, np.array([[0, 9]]), 2).pixels[0]
    assert (corner == np.pad(image, 2, mode="edge")[9:14, 0:5]).all()


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (5, 5), (0.5, 0.25), (-2.3, 1.6)])
def test_patches_are_found_where_they_went(shift: tuple[float, float]) -> None:
    found = find(take(IMAGE, CENTRES, 12), shifted(*shift), 8)
    assert (found.scores > 0.85).all()
    assert np.abs(found.offsets - shift).max() < 0.25


def test_they_are_looked_for_where_they_are_expected() -> None:
    patches = take(IMAGE, CENTRES, 12)
    expected = np.full((5, 2), (28.4, -11.7))
    assert np.abs(find(patches, shifted(30, -10), 4, expected).offsets - (30, -10)).max() < 0.1
    far = find(patches, shifted(30, -10), 4)
    assert (far.scores < 0.9).all()


def test_what_is_not_found_scores_nothing_and_stays_where_it_was_expected() -> None:
    patches = take(IMAGE, np.array([[100, 124], [3, 3], [596, 797]]), 12)
    white = np.full_like(IMAGE, 255)
    expected = np.array([[1.5, 2.5], [0, 0], [0, 0]])
    for image in (white, IMAGE[:20, :20]):
        found = find(patches, image, 4, expected)
        assert found.scores.tolist() == [0, 0, 0]
        assert (found.offsets == expected).all()


def test_the_slope_of_something_beyond_the_reach_is_no_find() -> None:
    x, y = np.meshgrid(np.arange(100.0), np.arange(100.0))
    hill = (255 * np.exp(-((x - 70) ** 2 + (y - 50) ** 2) / 800)).astype(np.uint8)
    patch = take(hill, np.array([[70, 50]]), 5)
    assert find(Patches(np.array([[50, 50]]), patch.pixels), hill, 6).scores.tolist() == [0]


def test_nothing_to_find() -> None:
    found = find(take(IMAGE, np.zeros((0, 2), np.intp), 5), IMAGE, 4)
    assert isinstance(found, Found)
    assert found.offsets.shape == (0, 2)
