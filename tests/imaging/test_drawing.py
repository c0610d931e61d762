"""Lines lie where they are said to lie, on any background, and any text can be written."""

import numpy as np
import numpy.typing as npt
import pytest

from omrclip.imaging.drawing import BLACK, WHITE, Canvas, Pen

RED = (0, 0, 255)
Mask = npt.NDArray[np.bool_]


def canvas(width: int = 60, height: int = 40, grey: int = 90) -> Canvas:
    return Canvas(np.full((height, width, 3), grey, np.uint8))


def red(drawn: Canvas) -> Mask:
    """Where it is red or nearly: lines have soft edges."""
    found: Mask = np.abs(drawn.pixels.astype(int) - RED).max(axis=2) <= 40
    return found


def extent(mask: Mask) -> tuple[int, int, int, int]:
    """The first and last column, and the first and last row, in which there is anything."""
    rows, columns = np.nonzero(mask)
    return int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())


def test_what_is_drawn_on_stays_as_it_was() -> None:
    pixels = np.full((40, 60, 3), 90, np.uint8)
    Canvas(pixels).line([(0, 0), (60, 40)], Pen(RED, 3))
    assert (pixels == 90).all()


def test_a_line_covers_the_pixels_between_its_points() -> None:
    drawn = canvas()
    drawn.line([(10.5, 20.5), (40.5, 20.5)], Pen(RED, 1))
    assert red(drawn)[20, 11:40].all()
    assert (drawn.pixels[18, 12:39] == 255).all(), "a rim of white sets it off"
    assert (drawn.pixels[[10, 30]] == 90).all()


def test_a_closed_line_comes_back() -> None:
    square = [(10.5, 5.5), (50.5, 5.5), (50.5, 30.5), (10.5, 30.5)]
    for closed, expected in ((True, True), (False, False)):
        drawn = canvas()
        drawn.line(square, Pen(RED, 1), closed=closed)
        assert red(drawn)[15, 10] == expected


def test_a_dashed_line_has_gaps_and_its_ends() -> None:
    drawn = canvas()
    drawn.line([(5.5, 20.5), (55.5, 20.5)], Pen(RED, 1, dashed=True))
    row = red(drawn)[20, 5:56]
    assert 0.3 < row.mean() < 0.7
    assert row[1]


def test_a_filled_shape_is_full() -> None:
    drawn = canvas()
    drawn.fill([(10, 10), (30, 10), (30, 25), (10, 25)], RED)
    assert red(drawn)[11:24, 11:29].all()
    assert (drawn.pixels[:9] == 90).all()
    assert (drawn.pixels[:, 32:] == 90).all()


def test_an_arrow_begins_with_a_dot() -> None:
    drawn = canvas()
    drawn.arrow((10.5, 20.5), (50.5, 20.5), Pen(RED, 2))
    found = red(drawn)
    assert found[:, 10].sum() > found[:, 40].sum() >= 1


@pytest.mark.parametrize("far", [-1e12, 1e12, float("nan"), float("inf")])
def test_shapes_may_lie_anywhere(far: float) -> None:
    drawn = canvas()
    for dashed in (False, True):
        drawn.line([(far, 5), (30, far), (10, 10)], Pen(RED, 2, dashed=dashed), closed=True)
    drawn.arrow((far, far), (3, 3), Pen(RED, 2))
    drawn.label("far", (far if np.isfinite(far) else 1e6, -1e9), 12, BLACK)
    assert drawn.pixels.shape == (40, 60, 3)


TEXTS = ["Name", "Prüfung", "Ждите", "漢字", "한국", "עברית", "← × ≥", "\ud800", "a\nb\x00", " ", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_be_written(text: str) -> None:
    drawn = canvas(200, 40, 255)
    drawn.text(text, 10, 5, 20)
    written = (drawn.pixels < 128).any(axis=2)
    assert written.any() == bool(text.strip())
    if written.any():
        left, right, top, bottom = extent(written)
        assert left >= 8
        assert right <= 12 + drawn.text_width(text, 20)
        assert (top >= 3, bottom <= 5 + 26) == (True, True)


def test_a_larger_text_is_wider() -> None:
    assert canvas().text_width("Name", 40) == pytest.approx(2 * canvas().text_width("Name", 20), abs=3)


def test_a_label_stands_on_its_ground_about_its_place() -> None:
    drawn = canvas(200, 60)
    drawn.label("Name", (100, 30), 20, BLACK, WHITE)
    width, height = drawn.label_extents("Name", 20)
    left, right, top, bottom = extent((drawn.pixels != 90).any(axis=2))
    assert (left + right + 1) / 2 == pytest.approx(100, abs=1)
    assert (top + bottom + 1) / 2 == pytest.approx(30, abs=1)
    assert (right - left, bottom - top) == (pytest.approx(width, abs=2), pytest.approx(height, abs=2))
    assert (drawn.pixels < 40).any()


def test_a_label_at_the_edge_is_moved_onto_the_canvas() -> None:
    drawn = canvas(200, 60)
    drawn.label("Name", (199, 59), 20, BLACK)
    left, right, top, bottom = extent((drawn.pixels != 90).any(axis=2))
    assert (right, bottom) == (199, 59)
    width, height = drawn.label_extents("Name", 20)
    assert (right - left, bottom - top) == (pytest.approx(width, abs=2), pytest.approx(height, abs=2))


def test_a_label_wider_than_the_canvas_is_cut_off() -> None:
    drawn = canvas(30, 20)
    drawn.label("Name of something", (15, 10), 20, BLACK)
    assert drawn.pixels.shape == (20, 30, 3)
