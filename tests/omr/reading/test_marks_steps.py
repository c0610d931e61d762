"""Each step from the darkness of bubbles to what is measured of them, on grids in which the answer is seen."""

import numpy as np
import numpy.typing as npt
import pytest

from omrclip.omr.reading import marks
from omrclip.omr.registration.bubble_patches import REACH, SIDE, Blank, BubblePatches, between, zones

STEP = 2 * REACH / SIDE
PLACES = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
X, Y = np.meshgrid(PLACES, PLACES)
RADIUS, ANGLE = np.hypot(X, Y), np.degrees(np.arctan2(Y, X)) % 360
INSIDE, AROUND = zones()


def grids(*samples: npt.ArrayLike) -> BubblePatches:
    """(n, SIDE, SIDE) of numbers, which fill the grid, and of grids."""
    return np.array([np.broadcast_to(each, (SIDE, SIDE)) for each in samples], np.float32)


def outline(right: float = 0.0, below: float = 0.0, ink: float = 0.8) -> BubblePatches:
    """A soft outline of radius 1, so many steps of the grid off its place."""
    radius = np.hypot(X - right * STEP, Y - below * STEP)
    return np.asarray(ink * np.exp(-(((radius - 1) / 0.2) ** 2)), np.float32)


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [([3, 1, 2, 5, 4], 1.0, 5), ([3, 1, 2, 5, 4], 0.5, 3), ([3, 1, 2, 5, 4], 0.49, 2), ([3, 1, 2, 5, 4], 0.0, 1)],
)
def test_the_value_that_a_part_does_not_exceed(values: list[float], part: float, expected: float) -> None:
    assert marks._nearly_highest(np.array(values, np.float32), part) == expected
    assert marks._nearly_highest(np.array([values, values[::-1]], np.float32), part).tolist() == [expected] * 2
    assert (marks._lowest(grids(*values), part) == expected).all()


def page(ink: float, inside: float, share: float = 0.1) -> BubblePatches:
    """Bubbles of which so large a share of the samples is ink, all outside, and the inside has one grey."""
    bubbles = grids(*[inside] * 20)
    coarse = np.zeros((SIDE, SIDE), np.bool_)
    coarse[::3, ::3] = True  # the darkness of ink is told by these samples
    for some in (coarse, ~coarse):
        outside = np.flatnonzero((some & ~INSIDE).ravel())
        bubbles.reshape(20, -1)[:, outside[: int(share * some.sum())]] = ink
    return bubbles


@pytest.mark.parametrize(
    ("seen", "paper", "ink"),
    [
        (page(0.8, 0.0), 0.08, 0.4),
        (page(0.4, 0.0), 0.04, 0.2),
        (page(0.1, 0.0), 0.02, 0.1),  # fainter than any ink
        (page(0.8, 0.0, share=0.02), 0.02, 0.1),  # a little of it is dirt
        (page(0.8, 0.1), 0.08, 0.4),
        (page(0.8, 0.2), 0.08, 0.5),  # blurred letters
        (page(0.8, 0.5), 0.08, 0.8),
    ],
)
def test_the_page_tells_how_dark_ink_is(seen: BubblePatches, paper: float, ink: float) -> None:
    scale = marks._Scale.of(seen)
    assert (scale.paper, scale.ink) == (pytest.approx(paper), pytest.approx(ink))


def test_cover_goes_from_paper_to_ink() -> None:
    scale = marks._Scale(0.1, 0.5)
    seen = grids(0.0, 0.1, 0.3, 0.5, 0.9)
    np.testing.assert_allclose(scale.steps(seen)[:, 0, 0], [-0.25, 0, 0.5, 1, 2], atol=1e-6)
    np.testing.assert_allclose(scale.cover(seen)[:, 0, 0], [0, 0, 0.5, 1, 1], atol=1e-6)


@pytest.mark.parametrize(("right", "below"), [(0, 0), (0.5, 0), (0, -0.5), (0.4, 0.6), (-0.7, 0.2)])
def test_an_outline_off_its_place_is_told_in_steps_of_the_grid(right: float, below: float) -> None:
    (found,) = marks._offsets(outline()[None], outline(right, below)[None])
    np.testing.assert_allclose(found, (right, below), atol=0.1)


def test_offsets_are_told_by_what_is_expected_of_each_or_of_all() -> None:
    seen = np.array([outline(0.5, 0), outline(0, 0.5)])
    of_all = marks._offsets(outline()[None], seen)
    np.testing.assert_allclose(of_all, [(0.5, 0), (0, 0.5)], atol=0.1)
    of_each = marks._offsets(np.array([outline(0.5, 0), outline()]), seen)
    np.testing.assert_allclose(of_each, [(0, 0), (0, 0.5)], atol=0.1)
    assert marks._offsets(grids(0.0), grids(0.5)).tolist() == [[0, 0]]


@pytest.mark.parametrize("ink", [0.8, 0.1])
def test_an_outline_that_is_seen_in_two_corners_alone_is_put_right_too(ink: float) -> None:
    """Its slopes across and down go together."""
    corners = np.asarray(np.where(X * Y > 0, 1, 0.2), np.float32)
    (found,) = marks._offsets((outline(ink=ink) * corners)[None], (outline(0.4, 0.2, ink=ink) * corners)[None])
    np.testing.assert_allclose(found, (0.4, 0.2), atol=0.1)


@pytest.mark.parametrize(
    ("off", "error"),
    [([0.0] * 4, 0.2), ([0.1] * 4, 0.4), ([0.4] * 4, 1.0), ([9.0] * 4, 1.0), ([0, 0, 0, 0.1, 9], 0.4)],
)
def test_print_is_widened_by_what_three_in_four_bubbles_are_off(off: list[float], error: float) -> None:
    assert marks._error(np.array(off)) == pytest.approx(error)


@pytest.mark.parametrize(
    ("by", "row"),
    [
        (0.0, [0, 0, 0, 1, 0, 0, 0]),
        (0.25, [0, 0, 0.25, 1, 0.25, 0, 0]),
        (1.0, [0, 0, 1, 1, 1, 0, 0]),
        (1.5, [0, 0.5, 1, 1, 1, 0.5, 0]),
        (2.0, [0, 1, 1, 1, 1, 1, 0]),
    ],
)
def test_what_is_dark_is_widened_to_each_side(by: float, row: list[float]) -> None:
    dot = np.zeros((2, 7, 7), np.float32)
    dot[0, 3, 3] = 1
    wide = marks._widened(dot, by)
    np.testing.assert_allclose(wide[0], np.minimum.outer(np.array(row), np.array(row)), atol=1e-6)
    assert not wide[1].any(), "bubbles do not run into each other"


def test_what_is_dark_at_the_edge_of_the_grid_is_widened_into_it() -> None:
    corners = np.zeros((1, 5, 5), np.float32)
    corners[0, ::4, ::4] = 1
    assert marks._dilated(corners)[0].astype(int).tolist() == [
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1],
        [0, 0, 0, 0, 0],
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1],
    ]


def test_the_contrast_is_that_of_most_outlines() -> None:
    expected = np.array([outline()] * 5)
    seen = 0.6 * expected
    seen[:2] = 1.0
    assert marks._contrast(expected, seen) == pytest.approx(0.6)
    assert marks._contrast(grids(0.0), grids(0.5)) >= 0


@pytest.mark.parametrize("sigma", marks.BLURS)
def test_the_sharpness_of_the_scan_is_found(sigma: float) -> None:
    letters = np.random.default_rng(2).random((30, SIDE, SIDE)).astype(np.float32)
    blank = Blank(np.maximum(outline() > 0.4, letters > 0.9).astype(np.float32))
    seen = marks._blurred(blank.patches, sigma)
    assert marks._sharpness(blank, seen) == sigma
    np.testing.assert_allclose(marks._on_blank_page(blank, seen * np.float32(0.5)), seen * 0.5, atol=1e-3)


@pytest.mark.parametrize(
    ("off", "again"),
    [((0.0, 0.0), False), ((0.25, 0.0), False), ((0.5, 0.0), True), ((0.0, 0.8), True)],
)
def test_a_bubble_off_its_place_is_sampled_where_its_outline_is(off: tuple[float, float], again: bool) -> None:
    seen = np.array([outline(), outline(*off), outline()])
    asked = []

    def sample(some: npt.NDArray[np.intp], moved: npt.NDArray[np.float64]) -> BubblePatches:
        asked.append((some.tolist(), moved / STEP))
        return np.array([outline(*(np.array(off) - each / STEP)) for each in moved])

    expected = outline()[None]
    before = seen.copy()
    left = marks._align(seen, expected, sample)
    assert [some for some, _ in asked] == [[1]] * (2 if again else 0)
    np.testing.assert_array_equal(seen[::2], before[::2])
    if again:
        np.testing.assert_allclose(asked[0][1], [off], atol=0.1)
        np.testing.assert_allclose(asked[1][1], [off], atol=0.1)
        np.testing.assert_allclose(seen[1], outline(), atol=0.1)
        assert left.tolist() == [0, 0, 0]
    else:
        np.testing.assert_array_equal(seen[1], before[1])
        np.testing.assert_allclose(left, [0, np.hypot(*off), 0], atol=0.1)


@pytest.mark.parametrize("same", [True, False], ids=["of all", "of each"])
def test_what_does_not_look_like_an_outline_elsewhere_is_left(same: bool) -> None:
    """Ink beside a bubble that looks like an outline off its place."""
    expected = outline()[None] if same else np.array([outline()] * 3)
    blot = np.asarray(np.maximum(outline(0.5, 0), X > 0.9), np.float32)
    seen = np.array([outline(), blot, outline()])
    asked = []

    def sample(some: npt.NDArray[np.intp], _: npt.NDArray[np.float64]) -> BubblePatches:
        asked.append(some.tolist())
        return grids(*[X > 0.9] * len(some))

    left = marks._align(seen, expected, sample)
    assert asked == [[1], [1]]
    np.testing.assert_array_equal(seen[1], blot)
    assert left[1] > marks.NEAR


def test_what_is_far_off_is_no_outline() -> None:
    far = np.asarray(20 * outline(0.6, 0) - 19 * outline(), np.float32)
    assert np.hypot(*marks._offsets(outline()[None], far[None])[0]) > marks.FAR
    seen = np.array([outline(), far])
    marks._align(seen, outline()[None], lambda some, _: grids(*[0.0] * len(some)))
    np.testing.assert_array_equal(seen[1], far)


def test_bubbles_of_a_value_are_found_in_their_order() -> None:
    assert [own.tolist() for own in marks._groups(["b", "a", "b", "c", "a"])] == [[1, 4], [0, 2], [3]]


@pytest.mark.parametrize(
    ("inked", "learnt", "most"),
    [
        ([0.1] * 100, [0.1], 0.7),  # nothing is marked
        ([0.1] * 90 + [0.9] * 10, [0.1], 0.5),  # half way from print to mark
        ([0.1] * 90 + [0.9] * 10, [0.1, 0.1, 0.5], 0.5),
        ([0.1] * 90 + [0.9] * 10, [], 0.45),
        ([0.6] * 90 + [0.9] * 10, [0.6], 0.7),  # the print is nearly as dark as a mark
        ([0.6] * 90 + [1.0] * 10, [0.6], 0.7),
        ([0.1] * 90 + [0.36] * 10, [0.1], 0.23),
        ([0.1] * 90 + [0.34] * 10, [0.1], 0.7),
        ([0.1] * 99 + [0.9], [0.1], 0.7),  # one in a hundred may be dirt
    ],
)
def test_print_is_less_than_half_way_to_a_mark(inked: list[float], learnt: list[float], most: float) -> None:
    assert marks._most_printed(np.array(inked), learnt) == pytest.approx(most)


def test_a_letter_that_is_not_known_may_be_anywhere_in_the_middle() -> None:
    cover = np.array([0.3 * (X > 0)] * 6 + [np.ones_like(X)] * 4, np.float32)
    found = marks._any_letter(cover)
    assert found.shape == cover.shape
    np.testing.assert_allclose(found[:, RADIUS < 0.6], 0.8)
    np.testing.assert_allclose(found[:, (RADIUS > 0.6) & (X > 0)], 0.3)
    assert (found[:, (RADIUS > 0.6) & (X < 0)] == 0).all()


def test_what_nine_bubbles_show_is_not_taken_for_print() -> None:
    found = marks._any_letter(grids(*[1.0] * 9))
    assert found.shape == (9, SIDE, SIDE)
    assert found[:, RADIUS > 0.6].max() == 0


LETTER, MARK = np.asarray(0.6 * (np.abs(X) < 0.2), np.float32), np.ones((SIDE, SIDE), np.float32)
THICKER = np.maximum(LETTER, np.asarray(0.25 * (np.abs(X) < 0.3), np.float32))


def shared(marked: int, count: int = 10, *, shown: float | None = None) -> BubblePatches:
    """The print of so many bubbles with one letter, of which some are marked, among as many empty ones."""
    cover = np.array([MARK] * marked + [LETTER] * (count - marked) + [np.zeros_like(X)] * 30, np.float32)
    blank = None if shown is None else grids(*[shown] * len(cover))
    return marks._shared(cover, ["A"] * count + ["B"] * 30, blank)[:count]


@pytest.mark.parametrize("marked", [0, 3, 6])
def test_what_bubbles_of_a_value_share_is_print(marked: int) -> None:
    np.testing.assert_allclose(shared(marked), grids(*[LETTER] * 10), atol=1e-6)


def test_what_all_bubbles_of_a_value_share_is_a_mark_where_it_is_as_dark_as_one() -> None:
    assert shared(10)[:, (RADIUS > 0.6) & INSIDE].max() == 0
    assert shared(10, shown=0.2)[:, INSIDE].max() == pytest.approx(0.2)


def test_print_is_at_least_what_the_blank_page_shows_and_little_more() -> None:
    np.testing.assert_allclose(shared(0, shown=0.9), grids(*[0.9] * 10))
    np.testing.assert_allclose(shared(0, shown=0.15), grids(*[np.maximum(LETTER, 0.15)] * 10), atol=1e-6)
    thick = np.asarray(0.9 * (np.abs(X) < 0.5), np.float32)
    cover = np.array([thick] * 10 + [np.zeros_like(X)] * 30, np.float32)
    found = marks._shared(cover, ["A"] * 10 + ["B"] * 30, grids(*[0.1] * 40))
    np.testing.assert_allclose(found, grids(*[0.1] * 40), err_msg="a line that all have and the blank page has not")


def test_four_bubbles_of_a_value_are_too_few_to_learn_from() -> None:
    np.testing.assert_allclose(shared(0, 4)[:, RADIUS < 0.6], 0.8)
    np.testing.assert_allclose(shared(0, 5), grids(*[LETTER] * 5), atol=1e-6)


def test_print_varies_by_what_unmarked_bubbles_show() -> None:
    """Two of ten letters are printed a little thicker; a mark is no variation."""
    cover = np.array([LETTER] * 7 + [THICKER] * 2 + [MARK], np.float32)
    own = np.arange(10)
    found = marks._varying(cover, grids(*[LETTER] * 10), [own])
    np.testing.assert_allclose(found, grids(*[LETTER] * 10))
    cover[4:7] = THICKER
    np.testing.assert_allclose(marks._varying(cover, grids(*[LETTER] * 10), [own]), grids(*[THICKER] * 10))
    np.testing.assert_allclose(marks._varying(cover, grids(*[LETTER] * 10), []), grids(*[LETTER] * 10))


def lines(ink: npt.NDArray[np.bool_], dark: float = 0.9) -> tuple[float, float, float]:
    """Rings, shades and crossings of a bubble with such ink."""
    rings, shades, crossings = marks._lines_around(np.array([dark * ink, np.zeros_like(X)], np.float32))
    assert (rings[1], shades[1], crossings[1]) == (0, 0, 0)
    assert (rings.dtype, shades.dtype, crossings.dtype) == (np.float64, np.float64, np.float64)
    return float(rings[0]), float(shades[0]), float(crossings[0])


CIRCLE = (RADIUS > 1.26) & (RADIUS < 1.42)
DIRECTION = np.rint(ANGLE / 15) % 24


@pytest.mark.parametrize(
    ("ink", "dark", "around", "crossings"),
    [
        (CIRCLE, 0.9, 1, 0),
        (CIRCLE, 0.41, 1, 0),
        (CIRCLE, 0.39, 0, 0),  # too pale for a ring
        (CIRCLE & ~np.isin(DIRECTION, [3, 9, 15, 21]), 0.9, 0.45, 0),  # circles around neighbours
        (CIRCLE & ~np.isin(DIRECTION, [3, 9]), 0.9, 0.92, 0),
        (CIRCLE & (Y > 0), 0.9, 0.5, 0),
        (CIRCLE & (X > 0), 0.9, 0.5, 0),
        ((RADIUS > 1.1) & (RADIUS < 1.26), 0.9, 1, 0),
        ((RADIUS > 1.42) & (RADIUS < 1.58), 0.9, 1, 0),
        (RADIUS < 1.1, 0.9, 0, 0),
        (RADIUS > 1.58, 0.9, 0, 0),
        (np.abs(Y) < 0.1, 0.9, None, 0.9),  # a line across, down, and on one side alone
        (np.abs(X) < 0.1, 0.7, None, 0.7),
        (np.abs(X - Y) < 0.15, 0.3, 0, 0.3),
        (np.abs(Y + 0.6 * (X - 1.1 * np.sign(X))) < 0.1, 0.9, None, 0.9),  # from one direction to the next
        (np.abs(Y - 0.6 * (X - 1.1 * np.sign(X))) < 0.1, 0.9, None, 0.9),
        ((np.abs(Y) < 0.1) & (X > 0), 0.9, None, 0),
        ((np.abs(Y) < 0.1) & (RADIUS < 1.4), 0.9, None, 0),
        (((np.abs(Y) < 0.1) & (X > 0)) | ((np.abs(X) < 0.1) & (Y > 0)), 0.9, None, 0),
        (RADIUS > 1, 0.9, 1, 0.9),
    ],
)
def test_lines_around_a_bubble(ink: npt.NDArray[np.bool_], dark: float, around: float | None, crossings: float) -> None:
    rings, shades, crossed = lines(ink, dark)
    assert around is None or rings + shades == pytest.approx(around, abs=0.09)
    assert around is not None or 0 < rings + shades < 0.4
    assert crossed == pytest.approx(crossings, abs=1e-6)


@pytest.mark.parametrize(
    ("ink", "rings", "shades"),
    [
        (CIRCLE, 1, 0),
        ((RADIUS > 1.1) & (RADIUS < 1.3), 1, 0),  # close to the outline: paper on its outer side
        (RADIUS > 1.4, 1, 0),  # far from it: paper on its inner side
        (RADIUS > 1.26, 1, 0),
        ((RADIUS > 1.1) & ((RADIUS < 1.26) | (RADIUS > 1.42)), 1, 0),  # two lines, with paper between
        (CIRCLE & (X > 0), 0.5, 0),
        (X > 0, 0, 0.5),  # the edge of a shadow
        ((X > 0) & (RADIUS > 1.15), 0, 0.5),  # the same, where the outline and a letter are printed
        (X + Y > 0, 0, 0.5),
        (X > -2, 0, 1),
        ((X > 0) | CIRCLE, 0.5, 0.5),  # a circle, half of it in a shadow
    ],
)
def test_a_shadow_is_no_line(ink: npt.NDArray[np.bool_], rings: float, shades: float) -> None:
    assert lines(ink)[:2] == (pytest.approx(rings, abs=0.09), pytest.approx(shades, abs=0.09))


def test_the_edge_of_a_shadow_may_be_blurred() -> None:
    soft = np.asarray(np.clip(0.5 + X, 0, 1), np.float32)
    rings, shades, _ = lines(soft, 1.0)  # type: ignore[arg-type]
    assert rings < 0.1
    assert 0.4 < shades < 0.6


def inks(seen: BubblePatches, expected: BubblePatches) -> list[float]:
    found = marks._inks(seen, expected)
    assert (found.shape, found.dtype) == ((len(seen),), np.float64)
    return [pytest.approx(ink, abs=0.02) for ink in found.tolist()]


def ring(ink: float) -> BubblePatches:
    """A line around the bubble that lies beside its outline, as broad as its zone."""
    return np.asarray(ink * between(0.8, 1.53), np.float32)


@pytest.mark.parametrize("contrast", [1.0, 0.3, 2.0])
def test_ink_around_a_bubble_is_a_multiple_of_what_is_usual(contrast: float) -> None:
    """However dark the scan is: the usual bubble has 1. Each is compared with its own print where that is known."""
    seen = contrast * grids(ring(0.2), ring(0.2), ring(0.2), ring(0.3), ring(0.1))
    assert inks(seen, grids(ring(0.2))) == [1, 1, 1, 1.5, 0.5]
    own = grids(ring(0.2), ring(0.2), ring(0.2), ring(0.3), ring(0.3))
    assert inks(seen, own) == [1, 1, 1, 1, pytest.approx(1 / 3, abs=0.02)]


def test_ink_in_a_bubble_is_not_around_it() -> None:
    seen = grids(
        ring(0.2), ring(0.2), np.maximum(ring(0.2), 1.0 * (RADIUS < 0.8)), np.maximum(ring(0.2), RADIUS > 1.53)
    )
    assert inks(seen, grids(ring(0.2))) == [1, 1, 1, 1]


def test_where_no_outline_is_printed_noise_is_no_ink_around_a_bubble() -> None:
    seen = grids(*[ring(0.001)] * 4, ring(0.006), ring(0.1))
    assert inks(seen, grids(ring(0.001))) == [1, 1, 1, 1, 1.17, 4.3]
    assert inks(seen, grids(0.0)) == [1.03, 1.03, 1.03, 1.03, 1.2, 4.33]


@pytest.mark.parametrize("sigma", marks.BLURS[1:4])
def test_blur_does_not_change_how_much_ink_is_around_a_bubble(sigma: float) -> None:
    seen = grids(outline(), outline(), outline(), np.maximum(outline(), 0.8 * ((RADIUS > 1.15) & (RADIUS < 1.3))))
    sharp, blurred = marks._inks(seen, seen[:1]), marks._inks(marks._blurred(seen, sigma), seen[:1])
    assert sharp[3] > 1.3
    assert blurred[3] == pytest.approx(sharp[3], rel=0.1)


@pytest.mark.parametrize(
    ("strokes", "breadth"),
    [([1.0] * 10, 1.0), ([1.0] * 2 + [0.0] * 8, 0.2), ([1.0, 0.51] + [0.49] * 8, 0.2), ([0.0] * 10, 0.0)],
)
@pytest.mark.parametrize("depth", [2.0, 0.3])
def test_breadth_is_how_much_is_half_as_dark_as_the_darkest_strokes(
    strokes: list[float], breadth: float, depth: float
) -> None:
    """However dark these are."""
    deeper = np.array([strokes, strokes], np.float32) * np.float32(depth)
    clear = np.ones((2, 10), np.bool_)
    depths = deeper.max(axis=1).astype(np.float64)
    found = marks._breadths(deeper, clear, depths)
    assert found.dtype == np.float64
    assert found.tolist() == [breadth, breadth]
    clear[1, 5:] = False
    deeper[1, 5:] = 0
    expected = np.count_nonzero(deeper[1] > 0.5 * depths[1]) / 5
    assert marks._breadths(deeper, clear, depths).tolist() == [breadth, expected]
    assert marks._breadths(0 * deeper, np.zeros_like(clear), depths).tolist() == [0, 0]


def test_zones_lie_between_two_radii() -> None:
    np.testing.assert_array_equal(between(0.5, 1.2), (RADIUS >= 0.5) & (RADIUS < 1.2))
    np.testing.assert_allclose(marks._mean(grids(X), RADIUS < 1)[0], 0, atol=1e-6)
    np.testing.assert_allclose(marks._mean(grids(X > 0, 0.5), RADIUS < 1), [0.5, 0.5])


@pytest.mark.parametrize("least_like", [1.0, 0.6], ids=["clear outlines", "outlines under ink"])
def test_what_is_sampled_again_is_measured_by_how_clear_outlines_are_on_the_page(least_like: float) -> None:
    """An outline that is as clear as those of other bubbles is taken, also where none is perfectly clear."""
    ink = np.asarray(0.8 * (1 - least_like) * (X > 0.3), np.float32)
    expected = outline()[None]
    seen = np.array([np.maximum(outline(), ink), np.maximum(outline(0.6, 0), ink), np.maximum(outline(), ink)])
    left = marks._align(seen, expected, lambda some, _: np.array([np.maximum(outline(), ink)] * len(some)))
    np.testing.assert_allclose(seen[1], seen[0])
    assert left[1] == 0


def test_blur_goes_on_at_the_edge_of_a_patch() -> None:
    """What lies at the edge goes on beyond it. A mirrored patch would show what is inside twice."""
    edge = np.zeros((1, SIDE, SIDE), np.float32)
    edge[0, :, 0] = 1
    blurred = marks._blurred(edge, 2.0)
    kernel = np.exp(-(np.arange(-40, 41) ** 2) / 8.0)
    kernel /= kernel.sum()
    np.testing.assert_allclose(blurred[0, SIDE // 2, 0], kernel[:41].sum(), atol=0.01)
    assert blurred.dtype == np.float32


@pytest.mark.parametrize("ink", [0.8, 0.2, 0.02])
def test_the_contrast_of_faint_print_is_its_own(ink: float) -> None:
    expected = np.array([outline(ink=ink)] * 3)
    assert marks._contrast(expected, 0.5 * expected) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(
    ("thicker", "marked", "others", "learnt"),
    [
        (10, 0, 0, True),
        (5, 0, 0, True),
        (4, 0, 0, False),  # too few to learn from
        (5, 5, 20, True),  # half of the bubbles are unmarked
        (5, 6, 20, False),
        (9, 12, 40, False),
        (20, 12, 20, True),
    ],
)
def test_variation_is_learnt_from_values_of_which_half_are_unmarked(
    thicker: int, marked: int, others: int, learnt: bool
) -> None:
    cover = np.array([THICKER] * thicker + [MARK] * marked + [LETTER] * others, np.float32)
    print_ = grids(*[LETTER] * len(cover))
    found = marks._varying(cover, print_.copy(), [np.arange(thicker + marked)])
    np.testing.assert_allclose(found[0], THICKER if learnt else LETTER)
    np.testing.assert_allclose(found[thicker + marked :], print_[thicker + marked :])


@pytest.mark.parametrize(
    ("print_", "extra", "unmarked"),
    [
        (0.0, 0.05, True),  # a fill of 0.05 is calm
        (0.0, 0.08, False),
        (0.8, 0.18, True),  # where print leaves 0.2 free, this fills 0.036
        (0.5, 0.09, True),
        (0.5, 0.2, False),
    ],
)
def test_what_is_calm_counts_by_what_print_leaves_free(print_: float, extra: float, unmarked: bool) -> None:
    """Six bubbles with something more than their print, among many that have nothing more."""
    more = np.where(INSIDE, extra, 0)
    cover = grids(*[print_ + more] * 6, *[print_] * 20)
    found = marks._varying(cover, grids(*[print_] * 26), [np.arange(6)])
    assert found[0][INSIDE].max() == pytest.approx(print_ + extra if unmarked else print_, abs=1e-6)


def test_ink_at_the_outline_is_no_mark_while_print_is_learnt() -> None:
    cover = grids(*[AROUND & ~INSIDE] * 6, *[0.0] * 20)
    found = marks._varying(cover, grids(*[0.0] * 26), [np.arange(6)])
    assert found[0][AROUND & ~INSIDE].min() == 1
