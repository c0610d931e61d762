"""The page at its working size: what is faster than one step of OpenCV finds the same."""

import cv2
import numpy as np
import pytest

from omrclip.omr.authoring.detection.working_page import mask_of, pieces_of, working_page


def test_pieces_that_are_kept_are_whole_and_alone() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:12, 2:12] = 255
    mask[4:10, 4:10] = 0
    mask[6, 6] = 255
    labels, stats = pieces_of(mask)
    kept = mask_of(labels, stats, stats[:, cv2.CC_STAT_WIDTH] == 10)
    mask[6, 6] = 0
    assert np.array_equal(kept, mask)


@pytest.mark.parametrize("levels", [(200, 200, 200), (200, 200, 190), (60, 200, 200)])
def test_a_grey_page_is_that_of_its_channels(levels: tuple[int, int, int]) -> None:
    page = working_page(np.full((140, 100, 3), levels, np.uint8))
    brightness = int(cv2.cvtColor(np.full((1, 1, 3), levels, np.uint8), cv2.COLOR_BGR2GRAY)[0, 0])
    is_grey = brightness - min(levels) <= 9
    assert page.tint[0, 0] == min(levels)
    assert page.grey[0, 0] == (brightness if is_grey else (brightness + min(levels)) // 2)
