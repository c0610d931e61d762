"""Bubbles of one size are alike, and go on where their row or column would."""

from dataclasses import replace

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.alike import continued, without_unlike
from omrclip.omr.authoring.detection.shapes import Shape

SIDE, STEP = 40, 60


def _page(rows: int, columns: int) -> tuple[Grey, list[Shape]]:
    """A page with circles in rows and columns."""
    grey = np.full((100 + rows * STEP, 100 + columns * STEP), 250, np.uint8)
    shapes = []
    for row in range(rows):
        for column in range(columns):
            x, y = 80 + column * STEP, 80 + row * STEP
            cv2.circle(grey, (x, y), SIDE // 2 - 1, 40, 2, cv2.LINE_AA)
            shapes.append(Shape(x + 0.5, y + 0.5, SIDE, SIDE, 0.785))
    return grey, shapes


def test_a_digit_of_the_size_of_bubbles_is_unlike_them() -> None:
    grey, shapes = _page(3, 4)
    cv2.rectangle(grey, (50, 50), (110, 110), 250, -1)
    cv2.putText(grey, "8", (64, 98), cv2.FONT_HERSHEY_SIMPLEX, 1.7, 40, 5, cv2.LINE_AA)
    assert without_unlike(grey, shapes) == shapes[1:]


def test_a_letter_in_a_bubble_does_not_make_it_unlike() -> None:
    grey, shapes = _page(3, 4)
    for letter, shape in zip("ABCDEFGHIJKL", shapes, strict=True):
        cv2.putText(grey, letter, (round(shape.x) - 7, round(shape.y) + 8), 0, 0.7, 40, 2, cv2.LINE_AA)
    assert without_unlike(grey, shapes) == shapes


def test_bubbles_that_were_not_found_are_at_the_next_places_of_rows_and_columns() -> None:
    grey, shapes = _page(4, 5)
    missing = [shapes[3], shapes[4], shapes[9], shapes[12]]
    added = continued(grey, [shape for shape in shapes if shape not in missing], [])
    places = [sorted((one.y, one.x) for one in some) for some in (added, missing)]
    assert np.allclose(*places, atol=0.2)


def test_nothing_goes_on_where_other_print_or_nothing_is() -> None:
    grey, shapes = _page(4, 5)
    for row in range(4):
        x, y = 80 + 4 * STEP, 80 + row * STEP
        cv2.rectangle(grey, (x - 24, y - 24), (x + 24, y + 24), 250, -1)
        if row:
            cv2.putText(grey, "G8N"[row - 1], (x - 16, y + 18), 0, 1.7, 40, 3, cv2.LINE_AA)
    assert continued(grey, [shape for index, shape in enumerate(shapes) if index % 5 < 4], []) == []


def test_bubbles_between_the_lines_of_a_table_are_like_those_without() -> None:
    grey, shapes = _page(8, 5)
    for row in range(2):
        cv2.line(grey, (0, 57 + row * STEP), (grey.shape[1], 57 + row * STEP), 0, 2)
        cv2.line(grey, (0, 104 + row * STEP), (grey.shape[1], 104 + row * STEP), 0, 2)
    assert without_unlike(grey, shapes) == shapes


def test_half_an_outline_is_a_bubble_where_a_row_and_a_column_cross_only() -> None:
    grey, shapes = _page(3, 4)
    for index in (0, 6):
        x, y = round(shapes[index].x), round(shapes[index].y)
        grey[y - 30 : y + 30, x - 30 : x] = 250
    added = continued(grey, [shape for index, shape in enumerate(shapes) if index not in (0, 6)], [])
    assert len(added) == 2
    alone, row = _page(1, 6)
    alone[50:110, : round(row[0].x)] = 250
    assert continued(alone, row[1:], []) == []


def test_bubbles_dark_by_their_letters_are_found_and_filled_marks_are_not() -> None:
    grey, shapes = _page(4, 5)
    missing, filled = shapes[7], Shape(365.5, 110.5, SIDE, SIDE, 0.785, "filled")
    cv2.circle(grey, (365, 110), 19, 40, -1)
    others = [shape for shape in shapes if shape is not missing]
    added = continued(grey, others, [replace(missing, kind="filled"), filled])
    assert [one.kind for one in added] == ["outline"]
    assert np.allclose([(one.x, one.y) for one in added], [(missing.x, missing.y)], atol=0.2)


def test_bubbles_that_touch_a_box_are_found_at_the_distance_of_their_neighbours() -> None:
    grey, shapes = _page(8, 5)
    top = round(shapes[0].top)
    cv2.line(grey, (0, top - 2), (grey.shape[1], top - 2), 40, 4)
    added = continued(grey, shapes[5:], [])
    assert np.allclose(sorted(one.x for one in added), [shape.x for shape in shapes[:5]], atol=0.2)


def test_as_many_squares_as_circles_of_one_size_are_alike_among_each_other() -> None:
    grey = np.full((100, 700), 255, np.uint8)
    shapes = []
    for index in range(12):
        x = 40 + 50 * index
        if index % 2:
            cv2.circle(grey, (x, 50), 17, 0, 2)
        else:
            cv2.rectangle(grey, (x - 17, 33), (x + 17, 67), 0, 2)
        shapes.append(Shape(x + 0.5, 50.5, 36, 36, 0.82 if index % 2 else 0.94))
    assert without_unlike(grey, shapes) == shapes


def test_a_bubble_that_was_drawn_a_pixel_larger_is_not_unlike() -> None:
    grey, shapes = _page(3, 4)
    cv2.rectangle(grey, (50, 50), (110, 110), 250, -1)
    cv2.circle(grey, (80, 80), SIDE // 2 + 1, 40, 2, cv2.LINE_AA)
    shapes[0] = replace(shapes[0], width=SIDE + 2.0, height=SIDE + 2.0)
    assert without_unlike(grey, shapes) == shapes


def test_an_outline_whose_middle_is_moved_by_print_that_touches_it_is_found() -> None:
    grey, shapes = _page(3, 4)
    touched = shapes[5]
    cv2.fillConvexPoly(grey, np.array([(130, 112), (150, 112), (140, 122)]), 40, cv2.LINE_AA)
    moved = replace(touched, y=touched.y - 2, height=touched.height + 4)
    (found,) = continued(grey, [shape for shape in shapes if shape != touched], [moved])
    assert np.allclose((found.x, found.y), (touched.x, touched.y), atol=0.5)


def test_half_an_outline_is_a_bubble_in_a_row_and_a_column_of_other_distances() -> None:
    """Most bubbles have a step of 60 px, and four rows one of 70 px."""
    grey, shapes = _page(8, 5)
    grey = np.vstack([grey, np.full((360, grey.shape[1]), 250, np.uint8)])
    for index in range(12):
        x, y = 80 + 60 * (index % 3), 600 + 70 * (index // 3)
        cv2.circle(grey, (x, y), SIDE // 2 - 1, 40, 2, cv2.LINE_AA)
        shapes.append(Shape(x + 0.5, y + 0.5, SIDE, SIDE, 0.785))
    hidden = shapes[-6]
    assert (hidden.x, hidden.y) == (80.5, 740.5)
    grey[740 - 24 : 740 + 24, 80 - 24 : 80 - 5] = 250
    (found,) = continued(grey, [shape for shape in shapes if shape != hidden], [])
    assert np.allclose((found.x, found.y), (hidden.x, hidden.y), atol=1)
