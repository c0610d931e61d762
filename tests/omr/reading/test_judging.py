"""What a page's own marks and blanks are like, what each bubble is by them, and what a choice box says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from omrclip.omr.reading.judging import (
    ALL_CROSSED_OUT,
    ALL_MARKED,
    ANOTHER,
    ANOTHER_FAINTER,
    AROUND,
    DOUBTFUL,
    INK_BESIDE,
    ONE_FAINTER,
    Bubbles,
    Habits,
    Judgement,
    Kind,
    habits_of,
    is_legible,
    judge,
    kinds_of,
    with_threshold,
)
from omrclip.omr.reading.marks import Readings
from omrclip.omr.results import ElementStatus, MarkThresholds

MARKED, BLANK, MULTIPLE, UNCERTAIN = (
    ElementStatus.MARKED,
    ElementStatus.BLANK,
    ElementStatus.MULTIPLE,
    ElementStatus.UNCERTAIN,
)
WIDTH = 5
"""Bubbles of each box of the pages that are made up here."""


def readings(fills: Sequence[float], **others: Mapping[int, float] | float) -> Readings:
    """What was measured of bubbles that lie where they were looked for, their marks dark and short of the outlines.

    `others` are other measures: of all bubbles, or number → value of some.
    """
    count = len(fills)
    usual = {
        "breadths": 1.0,
        "depths": 2.0,
        "rings": 0.0,
        "shades": 0.0,
        "crossings": 0.0,
        "strays": 0.0,
        "inks": 1.0,
        "outlines": 0.9,
    }
    arrays = {name: np.full(count, value) for name, value in usual.items()}
    for name, values in others.items():
        for index, value in values.items() if isinstance(values, Mapping) else enumerate([values] * count):
            arrays[name][index] = value
    return Readings(np.array(fills, np.float64), unprinted=np.ones(count, np.bool_), **arrays)


def page(marks: Sequence[float], blanks: float | Sequence[float] = 0.0) -> list[float]:
    """The fills of boxes of WIDTH bubbles: of the first of each, and over and over those of the others."""
    rest = [blanks] if isinstance(blanks, float) else list(blanks)
    others = iter(rest * (WIDTH * len(marks)))
    return [fill for mark in marks for fill in (mark, *(next(others) for _ in range(WIDTH - 1)))]


def boxes(count: int, width: int = WIDTH) -> list[range]:
    return [range(start, start + width) for start in range(0, count, width)]


def habits(
    fills: Sequence[float], thresholds: MarkThresholds | None = None, **others: Mapping[int, float] | float
) -> Habits:
    return habits_of(readings(fills, **others), boxes(len(fills)), thresholds or MarkThresholds())


def kinds(measured: Readings, of: Habits) -> list[Kind]:
    """What the bubbles of one box are."""
    return kinds_of(measured, [range(len(measured.fills))], of)


@pytest.mark.parametrize(
    ("fills", "marked", "blank"),
    [
        (page([0.9] * 20), 0.27, 0.03),
        (page([0.2] * 20), 0.1, 0.03),
        (page([0.9] * 15 + [0.2] * 5), 0.1, 0.03),
        (page([0.9] * 20, [0.02, 0.02, 0.0, 0.0]), 0.27, 0.05),
        (page([0.9] * 20, 0.1), 0.27, 0.08),
        (page([0.9] * 20, 0.14), 0.35, 0.08),
        (page([0.9] * 4 + [0.0] * 16), 0.2, 0.03),
        (page([0.0] * 20), 0.2, 0.03),
        (page([0.02] * 20, 0.02), 0.2, 0.05),
    ],
    ids=[
        "full marks", "ticks", "ticks among full marks", "paper with dirt", "dirty paper", "out of focus",
        "too few marks to tell", "nothing marked", "nothing marked, noisy",
    ],
)  # fmt: skip
def test_a_page_shows_what_marks_and_blanks_are_like(fills: list[float], marked: float, blank: float) -> None:
    found = habits(fills)
    assert (found.marked, found.blank) == pytest.approx((marked, blank))


@pytest.mark.parametrize(
    ("thresholds", "marked", "blank"),
    [
        (MarkThresholds(0.5, 0.01), 0.5, 0.01),
        (MarkThresholds(0.02, 0.01), 0.27, 0.01),
        (MarkThresholds(0.02, 0.02), 0.27, 0.02),
        (MarkThresholds(1.0, 1.0), 1.0, 0.03),
    ],
)
def test_a_page_asks_for_more_than_the_thresholds_and_never_for_less(
    thresholds: MarkThresholds, marked: float, blank: float
) -> None:
    found = habits(page([0.9] * 20), thresholds)
    assert (found.marked, found.blank) == pytest.approx((marked, blank))


@pytest.mark.parametrize("depth", [2.0, 0.5, 0.2])
def test_pale_marks_ask_for_no_less(depth: float) -> None:
    """Haze and noise on a page with few marks would pass for pale marks."""
    assert habits(page([0.09] * 20), depths=depth).marked == pytest.approx(0.1)


@pytest.mark.parametrize(("circled", "filled", "circles"), [(4, 0, False), (5, 0, True), (8, 8, True), (8, 9, False)])
def test_circles_are_a_habit_where_they_are_as_many_as_full_marks(circled: int, filled: int, circles: bool) -> None:
    fills = page([0.0] * 10 + [0.5] * filled + [0.3] * 4)
    assert habits(fills, rings={5 * number: 0.46 for number in range(circled)}).circles is circles


def test_fainter_and_usual_marks() -> None:
    fills = page([0.3] * 3 + [0.6] * 4 + [0.9] * 13)
    found = habits(fills, depths={0: 0.7, 5: 0.7, 10: 0.8})
    assert (found.faint, found.usual, found.depth) == pytest.approx((0.3, 0.9, 0.98), abs=0.3)
    assert found.faint < found.usual
    assert 0.7 <= found.depth < 2


@pytest.mark.parametrize("count", [4, 5])
def test_five_marks_show_what_is_usual(count: int) -> None:
    found = habits(page([0.5] * count + [0.0] * 15))
    assert (found.depth > 0, found.faint) == ((True, 0.5) if count == 5 else (False, 1.0))


def test_circled_bubbles_show_how_dark_marks_are() -> None:
    circles = dict.fromkeys(range(0, 100, WIDTH), 1.0)
    found = habits(page([0.0] * 20), rings=circles, depths=dict.fromkeys(circles, 1.5))
    assert (found.depth, found.marked) == (1.5, 0.2)


def test_what_is_crossed_out_is_no_usual_mark() -> None:
    fills = page([0.9] * 4 + [1.0] * 16)
    found = habits(fills, crossings=dict.fromkeys(range(20, 100, WIDTH), 1.0))
    assert (found.faint, found.marked) == (1.0, 0.2)


def test_boxes_of_two_and_none() -> None:
    """Of boxes of two bubbles the paler half of the page is blank; a box without bubbles says nothing."""
    fills = [0.9, 0.04] * 20
    found = habits_of(readings(fills), [*boxes(40, 2), range(40, 40)], MarkThresholds())
    assert (found.marked, found.blank) == pytest.approx((0.27, 0.08))
    assert habits_of(readings([]), [], MarkThresholds()) == Habits(0.2, 0.03)


@pytest.mark.parametrize(
    ("marks", "crossed", "beside", "lines"),
    [
        (0.4, 0, 0, False),
        (0.4, 1, 0, True),
        (0.4, 20, 0, True),
        (0.4, 20, 5, True),
        (0.4, 4, 4, False),
        (0.9, 20, 0, False),
    ],
    ids=[
        "no lines", "one mark in twenty", "all marks", "and some run into neighbours", "a streak down the page",
        "what is filled in is no line",
    ],
)  # fmt: skip
def test_lines_are_marks_where_the_person_draws_them(marks: float, crossed: int, beside: int, lines: bool) -> None:
    fills = page([marks] * 20)
    crossings = dict.fromkeys(range(0, WIDTH * crossed, WIDTH), 1.0)
    for index in range(1, WIDTH * beside, WIDTH):
        fills[index], crossings[index] = 0.15, 1.0
    assert habits(fills, crossings=crossings).lines is lines


def test_two_lines_in_a_box_are_two_marks() -> None:
    fills = page([0.4] * 20, [0.4, 0.0, 0.0, 0.0])
    assert habits(fills, crossings={index: 1.0 for index in range(100) if index % WIDTH < 2}).lines


@pytest.mark.parametrize(
    ("fills", "legible"),
    [([0.5] * 60 + [0.0] * 40, True), ([0.5] * 61 + [0.0] * 39, False), ([0.5] * 19, True), ([0.5] * 20, False)],
)
def test_a_page_on_which_most_is_marked_is_not_legible(fills: list[float], legible: bool) -> None:
    assert is_legible(readings(fills), Habits(0.5, 0.1)) is legible


HABITS = Habits(marked=0.2, blank=0.05, faint=0.8, usual=0.9, depth=2.0)


@pytest.mark.parametrize(
    ("measured", "kind"),
    [
        ({"fills": 0.05}, Kind.BLANK),
        ({"fills": 0.051}, Kind.FAINT),
        ({"fills": 0.199}, Kind.FAINT),
        ({"fills": 0.2}, Kind.MARKED),
        ({"fills": 1.0}, Kind.MARKED),
        ({"fills": 0.9, "depths": 1.37}, Kind.PALE),
        ({"fills": 0.9, "depths": 1.39}, Kind.MARKED),
        ({"fills": 0.9, "depths": 1.37, "breadths": 0.5}, Kind.PALE),
        ({"fills": 0.9, "depths": 1.37, "breadths": 0.49}, Kind.MARKED),
        ({"fills": 0.9, "depths": 1.05, "breadths": 0.49}, Kind.MARKED),
        ({"fills": 0.9, "depths": 1.03, "breadths": 0.49}, Kind.PALE),
        ({"fills": 0.1, "depths": 0.5}, Kind.PALE),
        ({"fills": 0.01, "depths": 0.0}, Kind.BLANK),
        ({"fills": 0.0, "rings": 0.46, "inks": 1.42}, Kind.CIRCLED),
        ({"fills": 0.19, "rings": 0.46, "inks": 1.42}, Kind.CIRCLED),
        ({"fills": 0.0, "rings": 0.46, "inks": 1.41}, Kind.TOUCHED),  # between circles around neighbours
        ({"fills": 0.0, "rings": 0.45, "inks": 3.0}, Kind.AROUND),
        ({"fills": 0.0, "rings": 0.0, "inks": 1.42}, Kind.AROUND),
        ({"fills": 0.0, "rings": 0.0, "inks": 1.41}, Kind.BLANK),
        ({"fills": 0.3, "rings": 0.0, "inks": 3.0}, Kind.MARKED),
        ({"fills": 0.1, "rings": 0.0, "inks": 3.0}, Kind.FAINT),
        ({"fills": 0.0, "rings": 0.45}, Kind.TOUCHED),
        ({"fills": 0.0, "rings": 0.2}, Kind.TOUCHED),
        ({"fills": 0.0, "rings": 0.19}, Kind.BLANK),
        ({"fills": 0.2, "rings": 0.46}, Kind.SHADED),
        ({"fills": 0.2, "shades": 0.46}, Kind.SHADED),
        ({"fills": 0.2, "rings": 0.23, "shades": 0.23}, Kind.SHADED),
        ({"fills": 0.2, "shades": 0.45}, Kind.MARKED),
        ({"fills": 0.5, "shades": 1.0}, Kind.MARKED),
        ({"fills": 0.19, "shades": 0.5, "inks": 1.77}, Kind.FAINT),  # at the edge of a shadow
        ({"fills": 0.0, "shades": 0.5, "inks": 1.77}, Kind.AROUND),
        ({"fills": 0.0, "rings": 0.1, "shades": 0.1}, Kind.TOUCHED),
        ({"fills": 0.5, "rings": 0.46}, Kind.MARKED),
        ({"fills": 0.3, "rings": 0.45}, Kind.MARKED),
        ({"fills": 0.8, "crossings": 0.5}, Kind.CROSSED_OUT),
        ({"fills": 0.8, "crossings": 0.49}, Kind.MARKED),
        ({"fills": 0.79, "crossings": 0.5}, Kind.LINE),
        ({"fills": 0.1, "crossings": 0.5}, Kind.LINE),
        ({"fills": 0.05, "crossings": 1.0}, Kind.BLANK),
        ({"fills": 0.49, "outlines": 0.29}, Kind.FAINT),
        ({"fills": 0.49, "outlines": 0.3}, Kind.MARKED),
        ({"fills": 0.5, "outlines": -0.5}, Kind.MARKED),
    ],
)
def test_what_a_bubble_is(measured: dict[str, float], kind: Kind) -> None:
    others = {name: value for name, value in measured.items() if name != "fills"}
    assert kinds(readings([measured["fills"]], **others), HABITS) == [kind]


@pytest.mark.parametrize(
    ("measured", "kind"),
    [
        ({"fills": 0.0, "inks": 1.6}, Kind.CIRCLED),
        ({"fills": 0.49, "inks": 1.6}, Kind.CIRCLED),
        ({"fills": 0.5, "inks": 1.6}, Kind.MARKED),
        ({"fills": 0.0, "inks": 1.59}, Kind.AROUND),
        ({"fills": 0.3, "inks": 1.59}, Kind.MARKED),
        ({"fills": 0.3, "inks": 1.42, "rings": 0.46}, Kind.CIRCLED),
        ({"fills": 0.3, "inks": 1.41, "rings": 0.46}, Kind.SHADED),
        ({"fills": 0.0, "inks": 1.6, "shades": 0.19}, Kind.CIRCLED),
        ({"fills": 0.0, "inks": 1.6, "shades": 0.2}, Kind.AROUND),
        ({"fills": 0.3, "inks": 3.0, "shades": 0.46}, Kind.SHADED),
        ({"fills": 0.9, "inks": 1.6, "crossings": 1.0}, Kind.CROSSED_OUT),
    ],
)
def test_what_a_bubble_is_where_circles_are_usual(measured: dict[str, float], kind: Kind) -> None:
    """A circle that runs over the outline, or through the bubble, is a circle too."""
    others = {name: value for name, value in measured.items() if name != "fills"}
    assert kinds(readings([measured["fills"]], **others), replace(HABITS, circles=True)) == [kind]


@pytest.mark.parametrize(
    ("inks", "letters"),
    [
        ((1.0, 1.6, 1.0, 1.0, 1.0), "_O___"),
        ((1.2, 1.71, 1.2, 1.2), "_O__"),
        ((1.2, 1.7, 1.2, 1.2), "____"),  # bubbles of another kind than most of the page's
        ((0.8, 1.41, 0.8, 0.8), "____"),  # thinner ones
        ((1.6, 1.6, 1.6, 1.6), "____"),  # a shadow
        ((1.6, 1.6, 1.0, 1.0), "OO__"),
        ((1.6, 1.0), "O_"),
        ((1.6, 1.2), "__"),
        ((1.6, 1.6), "__"),
        ((1.6,), "O"),
    ],
)
def test_a_circled_bubble_has_more_ink_around_it_than_others_of_its_box(inks: tuple[float, ...], letters: str) -> None:
    """Each box by itself: the others on the page are blank."""
    page_of = readings([0.0] * 3 + [0.0] * len(inks) + [0.0] * 3, inks=dict(enumerate(inks, start=3)))
    ends = 3, 3 + len(inks), 6 + len(inks)
    boxes_of = [range(start, end) for start, end in zip((0, *ends), ends, strict=False)]
    found = kinds_of(page_of, boxes_of, replace(HABITS, circles=True))
    assert found == [LETTERS[letter] for letter in f"___{letters}___"]


def test_lines_are_marks_on_a_page_of_lines() -> None:
    drawn = Habits(0.2, 0.05, lines=True)
    assert kinds(readings([0.3, 0.1, 0.9], crossings=1.0), drawn) == [Kind.MARKED, Kind.FAINT, Kind.CROSSED_OUT]


def test_nothing_is_pale_where_no_usual_mark_is_known() -> None:
    assert kinds(readings([0.3], depths=0.0), Habits(0.2, 0.05)) == [Kind.MARKED]


LETTERS = {
    "_": Kind.BLANK, "M": Kind.MARKED, "O": Kind.CIRCLED, "f": Kind.FAINT, "p": Kind.PALE, "l": Kind.LINE,
    "s": Kind.SHADED, "X": Kind.CROSSED_OUT, "a": Kind.AROUND, "t": Kind.TOUCHED,
}  # fmt: skip
FILLS = {"_": 0.0, "M": 0.9, "O": 0.01, "f": 0.1, "p": 0.3, "l": 0.4, "s": 0.4, "X": 1.0, "a": 0.0, "t": 0.0}


def said(
    letters: str,
    fills: Sequence[float] | None = None,
    *,
    several: bool = False,
    of: Habits = HABITS,
    stray: float = 0.0,
) -> tuple[Judgement, str]:
    """What is judged of bubbles A, B, …, and which of them are marked. `letters` has one for each, see LETTERS."""
    own = list(fills) if fills else [FILLS[letter] for letter in letters]
    rings = [0.9 if letter == "O" else 0.0 for letter in letters]
    kinds_of_box = [LETTERS[letter] for letter in letters]
    judged = judge(Bubbles(kinds_of_box, own, rings, [stray] * len(letters)), of, several=several)
    return judged, "".join("ABCDEF"[index] for index, marked in enumerate(judged.marked) if marked)


@pytest.mark.parametrize(
    ("letters", "fills", "status", "marked", "message"),
    [
        ("___", None, BLANK, "", ""),
        ("_M_", None, MARKED, "B", ""),
        ("O__", None, MARKED, "A", ""),
        ("M", None, MARKED, "A", ""),
        # What is no mark beside one: pale, crossed out, small.
        ("Mp_", None, MARKED, "A", ""),
        ("MX_", None, MARKED, "A", ""),
        ("OX_", None, MARKED, "A", ""),
        ("Mt_", None, MARKED, "A", ""),
        ("Ma_", None, MARKED, "A", ""),
        ("Mf_", (0.9, 0.2, 0.0), MARKED, "A", ""),
        # What may be one.
        ("Mf_", (0.9, 0.21, 0.0), UNCERTAIN, "A", ANOTHER),
        ("Mp_", (0.9, 0.46, 0.0), UNCERTAIN, "A", ANOTHER),
        ("Ml_", None, UNCERTAIN, "A", ANOTHER),
        ("Ms_", None, UNCERTAIN, "A", ANOTHER),
        ("Of_", None, UNCERTAIN, "A", ANOTHER),
        ("Oa_", None, UNCERTAIN, "A", ANOTHER),
        # Nothing else is marked.
        ("_f_", None, UNCERTAIN, "B", DOUBTFUL[Kind.FAINT]),
        ("_p_", None, UNCERTAIN, "B", DOUBTFUL[Kind.PALE]),
        ("_l_", None, UNCERTAIN, "B", DOUBTFUL[Kind.LINE]),
        ("_s_", None, UNCERTAIN, "B", DOUBTFUL[Kind.SHADED]),
        ("_X_", None, UNCERTAIN, "", ALL_CROSSED_OUT),
        ("fX_", (0.1, 0.05, 0.0), UNCERTAIN, "A", DOUBTFUL[Kind.FAINT]),
        ("_t_", None, UNCERTAIN, "", INK_BESIDE),
        ("ta_", None, UNCERTAIN, "B", AROUND),
        ("fa_", None, UNCERTAIN, "A", DOUBTFUL[Kind.FAINT]),
        # More than one.
        ("MM_", (0.8, 0.7, 0.0), MULTIPLE, "AB", "Look at the scan: 2 answers are marked where one is asked for."),
        ("MMM", (0.8, 0.7, 0.6), MULTIPLE, "ABC", "Look at the scan: 3 answers are marked where one is asked for."),
        ("OO_", None, MULTIPLE, "AB", "Look at the scan: 2 answers are marked where one is asked for."),
        ("MM_", (0.8, 0.2, 0.0), UNCERTAIN, "A", ANOTHER_FAINTER),
        ("MM_", (0.8, 0.21, 0.0), MULTIPLE, "AB", "Look at the scan: 2 answers are marked where one is asked for."),
        ("MO_", None, UNCERTAIN, "A", ANOTHER_FAINTER),
        ("MMM", (0.8, 0.8, 0.49), UNCERTAIN, "", ALL_MARKED),
        ("MM", (0.8, 0.49), MULTIPLE, "AB", "Look at the scan: 2 answers are marked where one is asked for."),
        ("MMf", (0.8, 0.7, 0.3), UNCERTAIN, "AB", ANOTHER),
    ],
)
def test_what_a_box_says(
    letters: str, fills: tuple[float, ...] | None, status: ElementStatus, marked: str, message: str
) -> None:
    judged, values = said(letters, fills)
    assert (judged.status, values, judged.message) == (status, marked, message)
    assert 0 <= judged.confidence <= (0.5 if status is UNCERTAIN else 1)


@pytest.mark.parametrize(
    ("letters", "fills", "status", "marked", "message"),
    [
        ("MM_", (0.8, 0.7, 0.0), MARKED, "AB", ""),
        ("MM_", (0.8, 0.4, 0.0), MARKED, "AB", ""),
        ("MM_", (0.8, 0.39, 0.0), UNCERTAIN, "AB", ONE_FAINTER),
        ("MMM", (0.8, 0.8, 0.8), MARKED, "ABC", ""),
        ("MO_", None, MARKED, "AB", ""),
        ("OOO", None, MARKED, "ABC", ""),
        ("OOa", None, UNCERTAIN, "AB", ANOTHER),
        ("MMa", None, MARKED, "AB", ""),
        ("MMX", None, MARKED, "AB", ""),
        ("MMf", (0.8, 0.8, 0.3), UNCERTAIN, "AB", ANOTHER),
        ("___", None, BLANK, "", ""),
    ],
)
def test_what_a_box_says_in_which_several_may_be_marked(
    letters: str, fills: tuple[float, ...] | None, status: ElementStatus, marked: str, message: str
) -> None:
    judged, values = said(letters, fills, several=True)
    assert (judged.status, values, judged.message) == (status, marked, message)


def test_where_circles_are_usual_what_is_around_another_bubble_may_be_one() -> None:
    assert said("Ma_", of=replace(HABITS, circles=True))[0].message == ANOTHER


def test_where_a_person_marks_unevenly_a_fainter_mark_is_one() -> None:
    uneven = Habits(0.1, 0.03, faint=0.4, usual=0.9)
    assert said("MM_", (0.9, 0.2, 0.0), several=True, of=uneven)[0].status is MARKED
    assert said("Mf_", (0.9, 0.11, 0.0), of=uneven)[0].status is UNCERTAIN
    assert said("Mf_", (0.9, 0.09, 0.0), of=uneven)[0].status is MARKED


@pytest.mark.parametrize(("stray", "status"), [(0.12, BLANK), (0.13, UNCERTAIN)])
def test_ink_beside_the_bubbles_of_a_box_without_a_mark(stray: float, status: ElementStatus) -> None:
    judged, values = said("___", stray=stray)
    assert (judged.status, values) == (status, "")
    assert said("_M_", stray=stray)[0].status is MARKED


@pytest.mark.parametrize(
    ("letters", "fills", "confidence"),
    [
        ("__", (0.0, 0.0), 1),
        ("M_", (1.0, 0.0), 1),
        ("M_", (0.3, 0.0), 1),
        ("_f", (0.0, 0.125), 0),
        ("__", (0.0, 0.0625), 0.5),
        ("M_", (0.2125, 0.0), 0.5),
        ("MX", (1.0, 1.0), 0.6),
        ("Mp", (1.0, 0.2), 0.6),
        ("O_", (0.0, 0.0), 0.875),
    ],
)
def test_confidence_is_the_distance_from_the_middle_between_blank_and_marked(
    letters: str, fills: tuple[float, ...], confidence: float
) -> None:
    assert said(letters, fills)[0].confidence == pytest.approx(confidence)


@pytest.mark.parametrize(("ring", "confidence"), [(1.0, 1.0), (0.8, 0.75), (0.46, 0.5), (0.0, 0.5)])
def test_a_circle_is_as_sure_as_it_is_whole(ring: float, confidence: float) -> None:
    judged = judge(Bubbles([Kind.CIRCLED, Kind.BLANK], [0.0, 0.0], [ring, 0.0], [0.0, 0.0]), HABITS, several=False)
    assert (judged.status, judged.confidence) == (MARKED, pytest.approx(confidence))


@pytest.mark.parametrize(
    ("threshold", "marked", "expected"),
    [
        (None, 0.1, "BLANK FAINT FAINT FAINT MARKED MARKED"),
        (0, 0.1, "BLANK FAINT FAINT FAINT MARKED MARKED"),
        (3, 0.1, "BLANK FAINT MARKED MARKED MARKED MARKED"),
        (3, 0.02, "BLANK MARKED MARKED MARKED MARKED MARKED"),
        (3, 0.2, "BLANK FAINT FAINT MARKED MARKED MARKED"),
        (15, 0.1, "BLANK FAINT FAINT MARKED MARKED MARKED"),
        (27, 0.1, "BLANK FAINT FAINT FAINT MARKED MARKED"),
        (50, 0.1, "BLANK FAINT FAINT FAINT FAINT MARKED"),
        (100, 0.1, "BLANK FAINT FAINT FAINT FAINT FAINT"),
    ],
)
def test_a_threshold_of_a_box(threshold: float | None, marked: float, expected: str) -> None:
    fills = [0.02, 0.07, 0.1, 0.2, 0.3, 0.9]
    usual = Habits(0.27, 0.03, faint=0.9, usual=0.9)
    thresholds = MarkThresholds(marked, 0.01)
    plain = Bubbles(kinds(readings(fills), usual), fills, [0.0] * 6, [0.0] * 6)
    found = with_threshold(plain, usual, threshold, thresholds)
    assert [kind.name for kind in found.kinds] == expected.split()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.FAINT, Kind.MARKED)])
@pytest.mark.parametrize("threshold", [1, 100])
def test_a_threshold_decides_only_how_full_a_mark_is(kind: Kind, threshold: float) -> None:
    bubbles = Bubbles([kind], [0.5], [0.0], [0.0])
    assert with_threshold(bubbles, Habits(0.27, 0.03), threshold, MarkThresholds()) == bubbles
