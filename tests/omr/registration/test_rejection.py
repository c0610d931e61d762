"""What is not the page, or might be put a row of bubbles off, is rejected, or put right."""

import cv2
import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import ImagePyramid, register
from tests.omr.registration.finding import FILLED, FORM, KNOWLEDGE, found, misses, moved
from tests.omr.sheet import PAGE, Sheet, Tones, View, coloured, lattice, printed, question, turned


@pytest.mark.parametrize("knowledge", ["everything", "no page image", "page image only"])
@pytest.mark.parametrize("scan", ["white", "black", "noise", "another form", "lines of text"])
def test_what_is_not_the_page_is_rejected_with_reasons(scan: str, knowledge: str) -> None:
    with pytest.raises(
        RegistrationFailed, match=r"^The template page was not found in the scan\. Check that "
    ) as failed:
        found(KNOWLEDGE[knowledge], STRANGERS[scan])
    tried = failed.value.details["tried"]
    assert isinstance(tried, list)
    assert len(tried) >= 6
    assert not any(reason in str(failed.value) for reason in tried)


def _strangers() -> dict[str, Tones]:
    other = printed([question(f"R{n}", 50 + n % 3 * 180, 80 + n // 3 * 45, "ABCD", pitch=30) for n in range(40)], PAGE)
    text = np.full((800, 600), 255, np.uint8)
    for line in range(30, 780, 24):
        cv2.putText(text, "The quick brown fox jumps over it", (20, line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 30, 2)
    return {
        "white": np.full((800, 600), 255, np.uint8),
        "black": np.zeros((800, 600), np.uint8),
        "noise": np.random.default_rng(3).integers(0, 256, (800, 600), np.uint8),
        "another form": other.blank,
        "lines of text": text,
    }


STRANGERS = _strangers()


def test_a_page_that_lies_mirrored_is_rejected() -> None:
    with pytest.raises(RegistrationFailed):
        found(FORM.known(), np.ascontiguousarray(FILLED[:, ::-1]))


def test_a_turned_page_that_must_be_upright_is_rejected_with_advice() -> None:
    upside_down = ImagePyramid(coloured(turned(180).of(FILLED)))
    with pytest.raises(RegistrationFailed, match='set the option Orientation to "any"') as failed:
        register(FORM.known(), upside_down, upright=True)
    assert any("the page would lie turned" in str(reason) for reason in failed.value.details["tried"])  # type: ignore[attr-defined]


def alike(rows: int = 18, first: float = 112) -> Sheet:
    """Rows of bubbles that all look the same, and nothing else, in the middle of the page."""
    return printed(
        [question(f"Q{n}", 178, first + 32 * n, "ABCDEFGH") for n in range(rows)], PAGE, seed=None, letters=False
    )


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("degrees", [3, 90, 155, 180])
def test_what_looks_the_same_upside_down_is_rejected_or_right(image: bool, degrees: float) -> None:
    """The bubbles alone cannot tell which side is up, and nobody may guess; the edges of the paper may tell."""
    sheet, view = alike(), turned(degrees)
    try:
        registration = found(sheet.known(image=image), view.of(sheet.blank))
    except RegistrationFailed:
        return
    assert misses(registration, view, lattice(margin=0.2)).max() < 1.5


def test_a_pattern_that_looks_the_same_upside_down_is_said_to() -> None:
    with pytest.raises(RegistrationFailed, match="fit the scan in more than one way"):
        found(alike().known(image=False), turned(25).of(alike().blank))


@pytest.mark.parametrize("knowledge", ["everything", "bubbles only"])
@pytest.mark.parametrize(
    "view",
    [
        moved(1, 1, 0, -128, Dimensions(600, 672)),  # cut off below the first row
        moved(1, 1, 0, -128),
        moved(1, 1, 0, -160),
        moved(1, 1, -118, 0),
        moved(1, 1, 0, 32),
        moved(1, 1, 32, 0),
        moved(1, 1, 0, -32),
        moved(1, 1, 0, 26),
    ],
    ids=["cut", "first row", "two rows", "first column", "a row down", "a column right", "a row up", "a digit down"],
)
def test_no_page_is_read_a_row_off(knowledge: str, view: View) -> None:
    try:
        registration = found(KNOWLEDGE[knowledge], view.of(FILLED))
    except RegistrationFailed:
        return
    assert misses(registration, view).max() < 3


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("shift", [32, -32, 28])
def test_many_rows_alike_are_not_taken_for_their_neighbours(shift: int, words: bool, image: bool) -> None:
    """One row of many is little of the page: nearly all of it fits a row further."""
    rows = [question(f"Q{n}", 150, 100 + 32 * n, "ABCDEFGH") for n in range(18)]
    sheet = printed(rows, PAGE, seed=3 if words else None, letters=words)
    try:
        registration = found(sheet.known(image=image), np.roll(sheet.blank, shift, axis=0))
    except RegistrationFailed:
        return
    assert misses(registration, moved(1, 1, 0, shift)).max() < 1


@pytest.mark.parametrize("knowledge", ["everything", "bubbles only"])
@pytest.mark.parametrize("scan", [Dimensions(6, 8), Dimensions(30, 40), Dimensions(2, 900)])
def test_tiny_scans_are_rejected(scan: Dimensions, knowledge: str) -> None:
    with pytest.raises(RegistrationFailed):
        found(KNOWLEDGE[knowledge], np.full((scan.height, scan.width), 200, np.uint8))
