"""How much of each bubble is covered: of bubbles drawn on a view, with and without knowledge of their blank looks."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from omrclip.omr.marks import Readings, measure
from omrclip.omr.registration.samples import Blank, darkness
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


def measured(tones: Tones, known: bool, blank: Tones | None = None, centres: Points = CENTRES) -> Readings:
    radii = np.full_like(centres, RADIUS)
    printed = Blank(darkness(drawn() if blank is None else blank, centres, radii)) if known else None
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
