import numpy as np
import pytest

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.registration import Candidate
from omrclip.omr.registration.strategies.scale import by_scale, same_shape, scaling
from tests.omr.sheet import PAGE, form


@pytest.mark.parametrize(
    ("other", "percent", "expected"),
    [
        (Dimensions(300, 200), 1, True),
        (Dimensions(303, 200), 1, True),  # exactly 1 %
        (Dimensions(304, 200), 1, False),
        (Dimensions(297, 200), 1, True),
        (Dimensions(296, 200), 1, False),
        (Dimensions(30, 20), 1, True),
        (Dimensions(200, 300), 50, False),
        (Dimensions(315, 200), 5, True),
        (Dimensions(316, 200), 5, False),
    ],
)
def test_shapes_agree_within_some_per_cent(other: Dimensions, percent: int, expected: bool) -> None:
    assert same_shape(Dimensions(300, 200), other, percent) is expected


def test_both_axes_are_scaled_onto_each_other() -> None:
    assert scaling(Dimensions(300, 200), Dimensions(600, 300)).tolist() == np.diag([2, 1.5, 1]).tolist()


@pytest.mark.parametrize(
    ("image", "scan", "expected"),
    [
        (True, Dimensions(1200, 1600), "scale"),
        (True, Dimensions(1240, 1600), "scale"),
        (True, Dimensions(1280, 1600), "scale: the scan's width to height ratio differs from the page's by 6.7%"),
        (False, PAGE, "scale: the template has no image of the blank page to confirm the map"),
    ],
)
def test_by_scale(image: bool, scan: Dimensions, expected: str) -> None:
    known = form().known(image=image)
    levels = ImagePyramid(np.full((scan.height, scan.width, 3), 255, np.uint8))
    found = by_scale(reference_for(known.page, known.image), levels)
    assert (found.strategy if isinstance(found, Candidate) else found.reason) == expected
    if isinstance(found, Candidate):
        assert (found.page_to_scan == scaling(PAGE, scan)).all()
