from dataclasses import replace

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.strategies import features
from tests.omr.sheet import Sheet, Tones, View, coloured, form, lattice, onto, turned

FORM = form()
BARE = replace(FORM, elements=())
WAYS = {"ORB": features.quickly, "SIFT": features.thoroughly}


def found(way: str, sheet: Sheet, tones: Tones, *, image: bool = True) -> Candidate | Rejected:
    known = sheet.known(image=image)
    return WAYS[way](reference_for(known.page, known.image), ImagePyramid(coloured(tones)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "view",
    [turned(0), turned(100, scale=0.8), onto([(60, 40), (640, 90), (600, 860), (20, 800)], Dimensions(700, 900))],
)
def test_print_is_found_wherever_it_lies(view: View, way: str) -> None:
    rough = found(way, BARE, view.of(FORM.blank, 120))
    assert isinstance(rough, Candidate)
    assert rough.strategy == "features"
    assert np.abs(ops.transform(rough.page_to_scan, lattice()) - view.to_scan(lattice())).max() < 5


def noise() -> Tones:
    return np.random.default_rng(1).integers(0, 256, (400, 300), np.uint8)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("image", "tones", "reason"),
    [
        (False, FORM.blank, "there is no image of the blank page"),
        (True, np.full((800, 600), 255, np.uint8), "the image of the blank page or the scan has no features"),
        (True, noise(), "too few features of the page were found in the scan"),
        (True, np.full((4, 700), 255, np.uint8), "the scan is too narrow"),
    ],
    ids=["no image", "white", "noise", "narrow"],
)
def test_reasons_against(image: bool, tones: Tones, reason: str, way: str) -> None:
    rough = found(way, FORM, tones, image=image)
    assert isinstance(rough, Rejected)
    assert rough.reason.startswith(f"{way} features: ")
    assert reason in rough.reason


@pytest.mark.parametrize("seed", [21, 22])
def test_another_print_does_not_agree_in_its_places(seed: int) -> None:
    rough = found("ORB", BARE, form(seed=seed).blank[::-1, ::-1].copy()[:, :300])
    if isinstance(rough, Candidate):  # whether it is true, others tell
        assert np.isfinite(rough.page_to_scan).all()
    else:
        assert "too few" in rough
