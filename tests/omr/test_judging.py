"""What the fills of a choice box mean."""

import pytest

from omrclip.omr.reading import judge, suited
from omrclip.omr.results import ElementStatus, MarkThresholds

MARKED, BLANK, MULTIPLE, UNCERTAIN = (
    ElementStatus.MARKED,
    ElementStatus.BLANK,
    ElementStatus.MULTIPLE,
    ElementStatus.UNCERTAIN,
)
LIMITS = MarkThresholds(marked=0.2, blank=0.1)


@pytest.mark.parametrize(
    ("fills", "several", "status", "marked"),
    [
        ((0.0, 0.0, 0.0), False, BLANK, ""),
        ((0.0, 0.1, 0.05), False, BLANK, ""),
        ((0.0, 0.8, 0.0), False, MARKED, "B"),
        ((0.0, 0.2, 0.0), False, MARKED, "B"),
        ((0.0, 0.199, 0.0), False, UNCERTAIN, "B"),
        ((0.11, 0.15, 0.0), False, UNCERTAIN, "B"),
        ((0.8, 0.15, 0.0), False, MARKED, "A"),
        ((0.25, 0.15, 0.0), False, UNCERTAIN, "A"),
        ((0.8, 0.7, 0.0), False, MULTIPLE, "AB"),
        ((0.8, 0.7, 0.6), False, MULTIPLE, "ABC"),
        ((0.4, 0.3, 0.35), False, UNCERTAIN, ""),
        ((0.9, 0.21, 0.0), False, UNCERTAIN, "A"),
        ((0.8, 0.7, 0.0), True, MARKED, "AB"),
        ((0.8, 0.41, 0.0), True, MARKED, "AB"),
        ((0.8, 0.39, 0.0), True, UNCERTAIN, "AB"),
        ((0.8, 0.41, 0.0), False, MULTIPLE, "AB"),
        ((0.8, 0.8, 0.39), False, UNCERTAIN, ""),
        ((0.8, 0.15, 0.0), True, MARKED, "A"),
        ((0.25, 0.15, 0.0), True, UNCERTAIN, "A"),
        ((1.0,), False, MARKED, "A"),
    ],
)
def test_judge(fills: tuple[float, ...], several: bool, status: ElementStatus, marked: str) -> None:
    judged = judge(fills, LIMITS, several=several)
    assert judged.status is status
    assert "".join("ABC"[n] for n, is_marked in enumerate(judged.marked) if is_marked) == marked
    assert 0 <= judged.confidence <= 1
    assert bool(judged.message) == (status in (MULTIPLE, UNCERTAIN))


@pytest.mark.parametrize(
    ("fills", "confidence"),
    [((0.0, 0.0), 1), ((0.0, 1.0), 1), ((0.0, 0.3), 1), ((0.15, 0.0), 0), ((0.075, 0.0), 0.5), ((0.225, 0.0), 0.5)],
)
def test_confidence_is_the_distance_from_the_middle_of_the_thresholds(
    fills: tuple[float, ...], confidence: float
) -> None:
    assert judge(fills, LIMITS, several=False).confidence == pytest.approx(confidence)


def test_where_marks_are_thin_less_may_be_one() -> None:
    """A cross whose strokes run along the printed letter's, beside another."""
    fills = (0.11, 0.46, 0.0)
    assert judge(fills, LIMITS, several=False).status is MARKED
    assert judge(fills, LIMITS, several=False, usual=0.5).status is MARKED
    assert judge(fills, LIMITS, several=False, usual=0.49).status is UNCERTAIN


def test_equal_thresholds_leave_nothing_between() -> None:
    for fill_ in (0.0, 0.29, 0.3, 0.31, 1.0):
        status = judge((fill_,), MarkThresholds(0.3, 0.3), several=False).status
        assert status is (MARKED if fill_ >= 0.3 else BLANK)


@pytest.mark.parametrize(
    ("fills", "marked", "blank"),
    [
        ([0.9] * 9 + [0.0] * 36, 0.27, 0.03),
        ([0.3] * 9 + [0.0] * 36, 0.2, 0.03),
        ([0.3] * 9 + [0.01] * 32 + [0.02] * 4, 0.2, 0.06),
        ([0.3] * 9 + [0.01] * 32 + [0.06] * 4, 0.2, 0.12),
        ([0.9] * 9 + [0.14] * 31, 0.35, 0.12),
        ([0.9] * 4 + [0.0] * 19, 0.2, 0.12),
    ],
    ids=["full marks", "ticks", "paper with some dirt", "dirty paper", "out of focus", "too few to tell"],
)
def test_thresholds_suit_a_page(fills: list[float], marked: float, blank: float) -> None:
    """On clean paper what hardly stands out may be a tick along the strokes of the printed letter."""
    found = suited(MarkThresholds(), fills)
    assert (found.marked, found.blank) == pytest.approx((marked, blank))
