"""How much of each bubble is covered: of bubbles drawn on a view, with and without knowledge of their blank looks."""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
import pytest

from omrclip.omr.reading.marks import Readings, measure
from omrclip.omr.registration.bubble_patches import Blank, darkness
from tests.omr.sheet import Pen, Points, Tones, fill, strokes

RADIUS = 15.0
COLUMNS, ROWS = 5, 8
VALUES = [letter for _ in range(ROWS) for letter in "ABCDE"]
CENTRES = np.array([(60.0 + 50 * column, 60.0 + 45 * row) for row in range(ROWS) for column in range(COLUMNS)])
MARKED, SECOND = 11, 28
WITH_BLANK = pytest.mark.parametrize("known", [True, False], ids=["blank page known", "template alone"])


def drawn(marks: Sequence[tuple[int, Pen]] = (), *, letters: bool = True, dark: Sequence[int] = ()) -> Tones:
    """Bubbles of radius 15, their letters in them; some marked, some printed dark."""
    tones = np.full((460, 330), 245, np.uint8)
    for index, (x, y) in enumerate(CENTRES):
        centre = round(x * 16 - 8), round(y * 16 - 8)
        if index in dark:
            cv2.circle(tones, centre, 15 * 16, 30, -1, cv2.LINE_AA, 4)
        cv2.circle(tones, centre, 14 * 16, 60, 2, cv2.LINE_AA, 4)
        if letters:
            corner = round(x) - 5, round(y) + 5
            cv2.putText(tones, VALUES[index], corner, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 110, 1, cv2.LINE_AA)
    for index, pen in marks:
        pen(tones, *CENTRES[index])
    return tones


def measured(
    tones: Tones,
    known: bool,
    blank: Tones | None = None,
    centres: Points = CENTRES,
    blank_centres: Points | None = None,
) -> Readings:
    """What is measured of a picture; the bubbles lie at other places in it than on the blank page where both differ."""
    radii = np.full_like(centres, RADIUS)
    shown = centres if blank_centres is None else blank_centres
    printed = Blank(darkness(drawn() if blank is None else blank, shown, radii)) if known else None
    return measure(tones, centres, radii, VALUES[: len(centres)], printed)


def filled(tones: Tones, x: float, y: float, tone: int = 40, radius: float = 12) -> None:
    fill(tones, x, y, tone, radius)


def pencil(tones: Tones, x: float, y: float) -> None:
    fill(tones, x, y, tone=165, radius=12)


# Lines are told in units of 10 pixels.
TICK = strokes([(-0.7, 0.1), (-0.2, 0.8), (1.1, -1.1)])
CROSS = strokes([(-1, -1), (1, 1)], [(-1, 1), (1, -1)])
BAR = strokes([(-1.4, 0), (1.4, 0)], thickness=3)
SCRIBBLE = strokes([(-1, -0.7), (1, -0.5), (-1, -0.1), (1, 0.1), (-1, 0.5), (1, 0.8)])


@WITH_BLANK
@pytest.mark.parametrize(
    ("pen", "least", "most"),
    [(filled, 0.85, 1), (pencil, 0.7, 1), (SCRIBBLE, 0.4, 1), (CROSS, 0.15, 0.6), (TICK, 0.15, 0.6), (BAR, 0.15, 0.6)],
    ids=["fill", "pencil", "scribble", "cross", "tick", "bar"],
)
def test_marks_cover_more_than_blanks(pen: Pen, least: float, most: float, known: bool) -> None:
    fills = np.array(measured(drawn([(MARKED, pen), (SECOND, filled)]), known).fills)
    assert least < fills[MARKED] <= most
    assert fills[SECOND] > 0.85
    assert np.delete(fills, [MARKED, SECOND]).max() < 0.06


@WITH_BLANK
@pytest.mark.parametrize("light", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("shade", [1.0, 0.4])
def test_dark_photos_and_shadows_do_not_matter(shade: float, light: float, known: bool) -> None:
    falling = np.linspace(light, light * shade, 330)[None]
    fills = np.array(measured((drawn([(MARKED, filled)]) * falling).astype(np.uint8), known).fills)
    assert fills[MARKED] > 0.8
    assert np.delete(fills, MARKED).max() < 0.08


@WITH_BLANK
def test_a_washed_out_photo_does_not_matter(known: bool) -> None:
    pale = 255 - ((255 - drawn([(MARKED, filled)]).astype(float)) * 0.45).astype(np.uint8)
    fills = np.array(measured(pale, known).fills)
    assert fills[MARKED] > 0.8
    assert np.delete(fills, MARKED).max() < 0.1


@WITH_BLANK
def test_nothing_is_marked_on_a_blank_page(known: bool) -> None:
    readings = measured(drawn(), known)
    assert max(readings.fills) < 0.03
    assert min(readings.outlines) > 0.6
    assert all(readings.unprinted)


@WITH_BLANK
def test_bubbles_without_letters(known: bool) -> None:
    fills = np.array(measured(drawn([(MARKED, CROSS)], letters=False), known, drawn(letters=False)).fills)
    assert fills[MARKED] > 0.2
    assert np.delete(fills, MARKED).max() < 0.02


def test_where_all_have_marked_the_same_letter_it_is_no_print() -> None:
    """What the bubbles of a value have in common is how they are printed, but for marks that most have in common."""
    every_c = [index for index, value in enumerate(VALUES) if value == "C"]
    for count in (len(every_c), len(every_c) - 1):
        for pen in (filled, SCRIBBLE):
            fills = np.array(measured(drawn([(index, pen) for index in every_c[:count]]), known=False).fills)
            assert fills[every_c[:count]].min() > 0.2
            assert np.delete(fills, every_c[:count]).max() < 0.06


def test_the_only_common_value_is_no_print_where_most_have_marked_it() -> None:
    """All other values are rare. What is not marked shows how bubbles are printed."""
    values = ["A"] * 8 + [f"value {n}" for n in range(32)]
    for radius in (9, 12):
        tones = drawn([(index, partial(filled, radius=radius)) for index in range(7)], letters=False)
        fills = np.array(measure(tones, CENTRES, np.full_like(CENTRES, RADIUS), values, None).fills)
        assert fills[:7].min() > 0.2
        assert fills[7:].max() < 0.06


def out_of_focus(tones: Tones) -> Tones:
    """So far out of focus that letters and outlines run into each other."""
    return np.asarray(cv2.GaussianBlur(tones, (0, 0), 2.5), np.uint8)


@pytest.mark.parametrize("every", [None, "A", "C"])
def test_print_that_runs_together_leaves_room_for_marks(every: str | None) -> None:
    """Also where all have marked the same letter: that is darker than the print of the others."""
    marked = [MARKED, SECOND] if every is None else [n for n, value in enumerate(VALUES) if value == every]
    fills = np.array(measured(out_of_focus(drawn([(index, filled) for index in marked])), known=False).fills)
    assert fills[marked].min() > 0.6
    assert np.delete(fills, marked).max() < 0.12


def test_values_that_are_rare_are_judged_by_all_bubbles() -> None:
    tones = drawn([(MARKED, filled)])
    readings = measure(tones, CENTRES, np.full_like(CENTRES, RADIUS), [f"value {n}" for n in range(40)], None)
    fills = np.array(readings.fills)
    assert fills[MARKED] > 0.8
    assert np.delete(fills, MARKED).max() < 0.3


@WITH_BLANK
def test_marks_that_spill_over_count_where_they_are_in_the_first_place(known: bool) -> None:
    def sweeping(tones: Tones, x: float, y: float) -> None:
        filled(tones, x, y, radius=16)
        strokes([(0, 0), (4.6, 0.2)], thickness=2)(tones, x, y)

    fills = np.array(measured(drawn([(MARKED, sweeping)]), known).fills)
    assert fills[MARKED] > 0.8
    assert fills[MARKED + 1] < 0.5 * fills[MARKED]


@WITH_BLANK
def test_what_was_rubbed_out_covers_little(known: bool) -> None:
    def smudge(tones: Tones, x: float, y: float) -> None:
        fill(tones, x, y, tone=222, radius=12)

    fills = np.array(measured(drawn([(MARKED, filled), (MARKED + 2, smudge)]), known).fills)
    assert fills[MARKED + 2] < 0.3 * fills[MARKED]


def test_a_bubble_that_is_printed_dark_leaves_no_room_for_a_mark() -> None:
    blank = drawn(dark=[MARKED])
    readings = measured(drawn([(SECOND, filled)], dark=[MARKED]), True, blank)
    assert not readings.unprinted[MARKED]
    assert sum(readings.unprinted) == len(CENTRES) - 1
    assert readings.fills[SECOND] > 0.8


@WITH_BLANK
def test_outlines_tell_whether_bubbles_are_where_they_are_looked_for(known: bool) -> None:
    there = measured(drawn([(MARKED, filled)]), True).outlines
    assert min(there) > 0.5
    elsewhere = measured(np.roll(drawn([(MARKED, filled)]), (22, 25), axis=(0, 1)), True).outlines
    assert np.median(elsewhere) < 0.3
    nothing = measured(np.full((460, 330), 250, np.uint8), known)
    assert np.median(nothing.outlines) < 0.3


@WITH_BLANK
def test_a_map_that_is_a_pixel_off_makes_no_marks(known: bool) -> None:
    shifted = np.roll(drawn([(MARKED, filled)]), (1, -1), axis=(0, 1))
    fills = np.array(measured(shifted, known).fills)
    assert fills[MARKED] > 0.75
    assert np.delete(fills, MARKED).max() < 0.1


@WITH_BLANK
@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_a_blurred_scan_makes_no_marks(sigma: float, known: bool) -> None:
    blurred = np.asarray(cv2.GaussianBlur(drawn([(MARKED, filled)]), (0, 0), sigma), np.uint8)
    fills = np.array(measured(blurred, known).fills)
    assert fills[MARKED] > 0.6
    assert np.delete(fills, MARKED).max() < 0.2


def test_a_page_without_bubbles() -> None:
    readings = measured(drawn(), False, centres=CENTRES[:0])
    assert {len(getattr(readings, name)) for name in Readings.__slots__} == {0}


def test_a_single_bubble() -> None:
    for known in (True, False):
        readings = measured(drawn([(0, filled)]), known, centres=CENTRES[:1])
        assert len(readings.fills) == 1
    assert measured(drawn([(0, filled)]), True, centres=CENTRES[:1]).fills[0] > 0.8


def readings_of(marks: Sequence[tuple[int, Pen]], known: bool = True) -> Readings:
    return measured(drawn(marks), known)


def paler(tones: Tones, part: float) -> Tones:
    """A picture with so much of its contrast."""
    return np.clip(250 - (250 - tones.astype(np.float64)) * part, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("contrast", [1.2, 0.7, 0.4])
@pytest.mark.parametrize("marks", [[], [(MARKED, filled)]], ids=["nothing marked", "one mark"])
def test_print_counts_as_dark_as_the_scan_shows_it(marks: list[tuple[int, Pen]], contrast: float) -> None:
    """Also where there is hardly a mark: then the darkest ink of the page is that of the print."""
    readings = measured(paler(drawn(marks), contrast), True)
    assert np.delete(readings.fills, MARKED).max() < 0.02
    assert bool(readings.fills[MARKED] > 0.8) is bool(marks)


def with_letter(letter: str) -> Tones:
    """A page on which the letter of the values C is another one."""
    tones = drawn(letters=False)
    for index, (x, y) in enumerate(CENTRES):
        shown = letter if VALUES[index] == "C" else VALUES[index]
        corner = round(x) - 8, round(y) + 8
        cv2.putText(tones, shown, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.75, 60, 3, cv2.LINE_AA)
    return tones


@pytest.mark.parametrize("letter", ["M", "O", "Q", "G", "W", "@"])
@pytest.mark.parametrize("known", [True, False])
def test_letters_with_much_ink_are_no_marks(letter: str, known: bool) -> None:
    readings = measured(with_letter(letter), known, with_letter(letter))
    assert readings.fills.max() < 0.03


@pytest.mark.parametrize(("value", "count"), [("C", 8), ("A", 8)])
def test_what_the_bubbles_of_a_value_share_is_print_though_the_blank_page_has_it_not(value: str, count: int) -> None:
    """A thin line on all of them: the form was printed again, a little otherwise."""
    line = strokes([(-1.2, 0.3), (1.2, 0.3)], tone=90, thickness=1)
    lined = [index for index, own in enumerate(VALUES) if own == value][:count]
    readings = measured(drawn([(index, line) for index in lined] + [(SECOND, filled)]), True)
    assert np.delete(readings.fills, SECOND).max() < 0.02
    few = measured(drawn([(index, line) for index in lined[:2]]), True)
    assert few.fills[lined[:2]].min() > 0.03


@pytest.mark.parametrize(
    "pen", [filled, pencil, SCRIBBLE, CROSS, TICK], ids=["fill", "pencil", "scribble", "cross", "tick"]
)
def test_a_value_that_all_have_marked_is_marked_where_the_blank_page_is_known(pen: Pen) -> None:
    every_c = [index for index, value in enumerate(VALUES) if value == "C"]
    readings = measured(drawn([(index, pen) for index in every_c]), True)
    assert readings.fills[every_c].min() > 0.1
    assert np.delete(readings.fills, every_c).max() < 0.01


@WITH_BLANK
@pytest.mark.parametrize("shift", [(2, 0), (0, -2), (-1.4, 1.4), (3, 0)])
def test_a_bubble_that_lies_off_its_place_is_sampled_there(shift: tuple[float, float], known: bool) -> None:
    """The map is bent a little wrong at the page's corner."""
    centres = CENTRES.copy()
    centres[MARKED] += shift
    readings = measured(drawn(), known, centres=centres, blank_centres=CENTRES)
    assert readings.fills[MARKED] < 0.03
    assert readings.outlines[MARKED] > 0.6


def test_a_bubble_without_an_outline_near_is_sampled_where_it_is_looked_for() -> None:
    centres = CENTRES.copy()
    centres[MARKED] += (9, 0)
    readings = measured(drawn(), True, centres=centres, blank_centres=CENTRES)
    assert readings.outlines[MARKED] < 0.3


@pytest.mark.parametrize(
    ("off", "least"),
    [((0.0, 0.0), 0.75), ((0.4, 0.4), 0.6), ((0.9, -0.9), 0.5)],
)
def test_print_is_widened_as_much_as_the_map_errs(off: tuple[float, float], least: float) -> None:
    """All bubbles lie off by less than what has them sampled again, each in another direction."""
    turns = np.random.default_rng(1).uniform(0, 2 * np.pi, len(CENTRES))
    away = np.column_stack([np.cos(turns), np.sin(turns)]) * np.hypot(*off) * 0.4
    readings = measured(drawn([(MARKED, pencil)]), True, centres=CENTRES + away, blank_centres=CENTRES)
    assert readings.fills[MARKED] > least
    assert np.delete(readings.fills, MARKED).max() < 0.02


CIRCLE = strokes([(1.9 * np.cos(a), 1.9 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40)])
HALF_CIRCLE = strokes([(1.9 * np.cos(a), 1.9 * np.sin(a)) for a in np.linspace(0, np.pi, 20)])
STRUCK = strokes([(-2.4, 0), (2.4, 0)])
LEAVING = strokes([(0, 0), (2.4, 0)])


def crossed_out(tones: Tones, x: float, y: float) -> None:
    filled(tones, x, y)
    strokes([(-2, -2), (2, 2)], [(-2, 2), (2, -2)])(tones, x, y)


@WITH_BLANK
@pytest.mark.parametrize(
    ("pen", "fills", "rings", "crossings"),
    [
        (filled, (0.9, 1), (0, 0.1), (0, 0.1)),
        (CIRCLE, (0, 0.03), (0.9, 1), (0, 1)),
        (HALF_CIRCLE, (0, 0.03), (0.4, 0.6), (0, 1)),
        (STRUCK, (0.1, 0.4), (0.05, 0.3), (0.8, 1)),
        (LEAVING, (0.03, 0.3), (0.03, 0.2), (0, 0.1)),
        (crossed_out, (0.9, 1), (0.15, 0.5), (0.8, 1)),
        (CROSS, (0.15, 0.6), (0, 0.4), (0, 0.3)),
        (TICK, (0.1, 0.6), (0, 0.3), (0, 0.3)),
    ],
    ids=["fill", "circle", "half a circle", "line", "line to one side", "crossed out", "cross", "tick"],
)
def test_what_is_drawn_around_a_bubble(
    pen: Pen, fills: tuple[float, float], rings: tuple[float, float], crossings: tuple[float, float], known: bool
) -> None:
    readings = measured(drawn([(MARKED, pen), (SECOND, filled)]), known)
    for name, (least, most) in {"fills": fills, "rings": rings, "crossings": crossings}.items():
        assert least <= getattr(readings, name)[MARKED] <= most, name
    others = np.delete(np.arange(len(CENTRES)), [MARKED, SECOND])
    assert readings.fills[others].max() < 0.05
    assert readings.rings[others].max() <= 0.25
    assert readings.crossings[others].max() < 0.1


@pytest.mark.parametrize(
    ("tone", "least", "most"), [(40, 0.95, 1.05), (120, 0.5, 0.75), (165, 0.25, 0.5), (215, 0.02, 0.15), (245, 0, 0.03)]
)
def test_depth_is_how_dark_a_mark_is(tone: int, least: float, most: float) -> None:
    def shaded(tones: Tones, x: float, y: float) -> None:
        fill(tones, x, y, tone, radius=12)

    depths = readings_of([(MARKED, shaded), (SECOND, filled)]).depths
    assert least <= depths[MARKED] / depths[SECOND] <= most


@pytest.mark.parametrize("pen", [TICK, CROSS, SCRIBBLE], ids=["tick", "cross", "scribble"])
def test_thin_strokes_are_as_deep_as_a_fill(pen: Pen) -> None:
    depths = readings_of([(MARKED, pen), (SECOND, filled)]).depths
    assert depths[MARKED] > 0.8 * depths[SECOND]


@WITH_BLANK
def test_strays_are_beside_the_outline(known: bool) -> None:
    beside = strokes([(-1.9, -1), (-1.9, 1)], thickness=3)
    strays = measured(drawn([(MARKED, beside), (SECOND, filled)]), known).strays
    assert strays[MARKED] > 0.12
    assert np.delete(strays, MARKED).max() < 0.01


def circle(radius: float, tone: int = 40) -> Pen:
    """A line around a bubble, so many radii of it from its middle."""
    reach = radius * RADIUS / 10
    return strokes([(reach * np.cos(a), reach * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40)], tone=tone)


@WITH_BLANK
@pytest.mark.parametrize("blur", [0.0, 1.5])
@pytest.mark.parametrize(
    ("radius", "tone"), [(1.0, 40), (1.1, 40), (1.25, 40), (1.4, 40), (1.1, 130), (1.25, 130), (1.4, 130)]
)
def test_a_circle_is_ink_around_a_bubble_also_where_it_runs_on_the_outline(
    radius: float, tone: int, blur: float, known: bool
) -> None:
    tones = drawn([(MARKED, circle(radius, tone)), (SECOND, filled)])
    inks = measured(np.asarray(cv2.GaussianBlur(tones, (0, 0), blur), np.uint8) if blur else tones, known).inks
    assert inks[MARKED] > 1.42
    assert np.delete(inks, [MARKED, SECOND]).max() < 1.25


@WITH_BLANK
def test_fills_are_broad_and_strokes_are_thin(known: bool) -> None:
    def blurred(pen: Pen) -> float:
        tones = np.asarray(cv2.GaussianBlur(drawn([(MARKED, pen), (SECOND, filled)]), (0, 0), 1.5), np.uint8)
        return float(measured(tones, known).breadths[MARKED])

    assert min(blurred(filled), blurred(pencil)) > 0.6
    assert max(blurred(TICK), blurred(BAR)) < 0.45


@pytest.mark.parametrize("sigma", [3.0, 4.0])
def test_blurred_print_fills_a_bubble_with_grey_which_is_no_ink(sigma: float) -> None:
    def soft(tones: Tones) -> Tones:
        return np.asarray(cv2.GaussianBlur(tones, (0, 0), sigma), np.uint8)

    readings = measured(soft(drawn([(MARKED, filled)])), True)
    assert readings.unprinted.all()
    assert readings.fills[MARKED] > 0.5
    assert np.delete(readings.fills, MARKED).max() < 0.05


def test_letters_of_rare_values_are_no_marks() -> None:
    values = [f"value {n}" for n in range(40)]
    blank = measure(drawn(), CENTRES, np.full_like(CENTRES, RADIUS), values, None)
    assert blank.fills.max() < 0.03
    crossed = measure(drawn([(MARKED, CROSS)]), CENTRES, np.full_like(CENTRES, RADIUS), values, None)
    assert crossed.fills[MARKED] > 0.15


@WITH_BLANK
def test_a_shadow_beside_a_bubble_is_a_shade_and_no_ring(known: bool) -> None:
    def shadow(tones: Tones, x: float, y: float) -> None:
        part = tones[round(y) - 24 : round(y) + 24, round(x) : round(x) + 24]
        np.minimum(part, 90, out=part)

    readings = measured(drawn([(MARKED, shadow), (SECOND, filled)]), known)
    assert 0.3 < readings.shades[MARKED] < 0.6
    assert readings.rings[MARKED] < 0.2
    assert np.delete(readings.shades, MARKED).max() < 0.1


def half_printed(tone: int) -> Tones:
    """Bubbles whose left half is printed grey, so dark that a mark is still seen on it."""
    tones = drawn(letters=False)
    for x, y in CENTRES.round().astype(int):
        part = tones[y - 8 : y + 9, x - 8 : x]
        np.minimum(part, tone, out=part)
    return tones


def test_a_mark_counts_less_where_print_is_dark() -> None:
    """Half of the ink is seen on the printed half, and it counts half."""

    def half(tones: Tones, x: float, y: float, left: bool) -> None:
        middle, line = round(x), round(y)
        columns = slice(middle - 8, middle) if left else slice(middle, middle + 9)
        tones[line - 8 : line + 9, columns] = 40

    blank = half_printed(185)
    tones = blank.copy()
    for index, left in ((MARKED, True), (SECOND, False)):
        half(tones, *CENTRES[index], left=left)
    filled(tones, *CENTRES[0])
    fills = measured(tones, True, blank).fills
    assert fills[SECOND] > 0.4
    assert 0.1 * fills[SECOND] < fills[MARKED] < 0.3 * fills[SECOND]
