import cv2
import numpy as np
import pytest

from omrclip.omr.registration.bubble_patches import SIDE, BubblePatches, darkness, likeness, zones
from tests.omr.sheet import Tones

CENTRES = np.array([[60.5, 60.5], [160.5, 60.5], [260.5, 60.5]])
RADII = np.full((3, 2), 14.0)


def drawn(inside: int | None = None, *, paper: int = 250, ring: int = 20, shift: int = 0) -> Tones:
    """Three rings, the second of them filled."""
    tones = np.full((120, 320), paper, np.uint8)
    for x in (60, 160, 260):
        cv2.circle(tones, (x + shift, 60), 13, ring, 2, cv2.LINE_AA)
    if inside is not None:
        cv2.circle(tones, (160 + shift, 60), 12, inside, -1)
    return tones


def sampled(tones: Tones) -> BubblePatches:
    return darkness(tones, CENTRES, RADII)


def test_grids_show_how_much_darker_than_paper_each_place_is() -> None:
    samples = sampled(drawn(0))
    assert samples.shape == (3, SIDE, SIDE)
    assert samples.dtype == np.float32
    inside, around = zones()
    means = samples[:, inside].mean(axis=1)
    assert means == pytest.approx([0, 1, 0], abs=0.06)
    assert samples[:, around].max() > 0.8
    middle = SIDE // 2
    assert samples[0, middle, middle] < 0.03
    assert samples[1, middle, middle] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("light", [0.25, 0.5, 0.8])
def test_darkness_is_told_against_the_paper(light: float) -> None:
    bright = sampled(drawn(100))
    dim = sampled((drawn(100) * light).astype(np.uint8))
    assert np.abs(bright - dim).max() < 0.05


def test_shadows_do_not_matter() -> None:
    shade = np.linspace(1, 0.4, 320)
    samples = sampled((drawn(0) * shade[None]).astype(np.uint8))
    assert samples[:, zones()[0]].mean(axis=1) == pytest.approx([0, 1, 0], abs=0.12)


def test_bubbles_that_are_wider_than_high_have_grids_of_the_same_kind() -> None:
    tones = np.full((120, 120), 255, np.uint8)
    cv2.ellipse(tones, (60, 60), (27, 13), 0, 0, 360, 0, 2, cv2.LINE_AA)
    wide = darkness(tones, np.array([[60.5, 60.5]]), np.array([[28.0, 14.0]]))
    assert likeness(wide, sampled(drawn())[:1])[0] > 0.8


def test_outlines_are_alike_whatever_is_marked_inside() -> None:
    blank = sampled(drawn())
    assert (likeness(sampled(drawn(0)), blank) > 0.9).all()
    assert (likeness(sampled(drawn(0, paper=160)), blank) > 0.9).all()
    assert (likeness(sampled(drawn(shift=9)), blank) < 0.3).all()
    assert likeness(sampled(np.full((120, 320), 255, np.uint8)), blank).tolist() == [0, 0, 0]


def test_outside_of_the_picture_its_edge_goes_on() -> None:
    samples = darkness(drawn(), np.array([[-50.0, 60.0], [400.0, 500.0]]), np.full((2, 2), 14.0))
    assert samples.max() < 0.05


def test_zones_are_apart() -> None:
    inside, around = zones()
    assert not (inside & around).any()
    assert inside[SIDE // 2, SIDE // 2]
    assert not inside[0].any()
    assert not around[0, 0]
