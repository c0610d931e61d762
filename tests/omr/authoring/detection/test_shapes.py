"""Shapes at the places of others: for many boxes at once, the same as for each."""

import numpy as np
import pytest

from omrclip.omr.authoring.detection.shapes import Known, Shape, is_in_place

LEAST = 0.8


def centred(x: float, y: float, width: float, height: float) -> Shape:
    return Shape(x, y, width, height, 1.0)


@pytest.mark.parametrize(
    ("other", "is_known"),
    [
        (centred(50, 50, 30, 30), True),
        (centred(64, 50, 30, 30), True),
        (centred(66, 50, 30, 30), False),
        (centred(50, 90, 30, 200), True),
        (centred(50, 50, 20, 20), False),
        (centred(50, 50, 25, 25), True),
    ],
    ids=["at its place", "within its half", "beside it", "high around it", "a letter in it", "its inside"],
)
def test_a_box_at_the_place_of_a_shape_is_known(other: Shape, is_known: bool) -> None:
    assert Known([other, centred(500, 500, 30, 30)]).are_at([(35, 35, 30, 30)], LEAST).tolist() == [is_known]


def test_many_boxes_are_told_as_each_is() -> None:
    rng = np.random.default_rng(1)
    shapes = [centred(x, y, 10 + w, 10 + h) for x, y, w, h in rng.integers(0, 80, (60, 4)).tolist()]
    boxes = [(x, y, 10 + w, 10 + h) for x, y, w, h in rng.integers(0, 80, (60, 4)).tolist()]
    places = [centred(left + width / 2, top + height / 2, width, height) for left, top, width, height in boxes]
    each = [is_in_place(place, [one for one in shapes if one.size >= LEAST * place.size]) for place in places]
    assert Known(shapes).are_at(boxes, LEAST).tolist() == each
    assert 0 < sum(each) < len(each)


def test_without_shapes_or_boxes_nothing_is_known() -> None:
    assert Known([]).are_at([(0, 0, 9, 9)], LEAST).tolist() == [False]
    assert Known([centred(5, 5, 9, 9)]).are_at([], LEAST).tolist() == []
