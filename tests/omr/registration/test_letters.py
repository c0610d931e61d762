"""Letters in bubbles are told in fonts other than those that they are compared with."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from omrclip.omr.registration.letters import likeness_of_letters
from tests.omr.sheet import Points, Tones

PITCH, RADIUS, ROWS = 40, 14.0, 6


def printed(letters: str, size: int = 17) -> Tones:
    """Rows of bubbles without outlines: (height, width) uint8, one column of bubbles a letter."""
    image = Image.new("L", (PITCH * len(letters), PITCH * ROWS), 250)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for row in range(ROWS):
        for column, letter in enumerate(letters):
            draw.text((PITCH * (column + 0.5), PITCH * (row + 0.5)), letter, 90, font, anchor="mm")
    return np.asarray(image)


def likeness(tones: Tones, values: str, *, turned: bool = False) -> float:
    """Of columns of values, with the page as it is or turned by half."""
    extents = np.array(tones.shape[::-1], dtype=np.float64)
    centres = np.array([(PITCH * (c + 0.5), PITCH * (r + 0.5)) for r in range(ROWS) for c in range(len(values))])

    def to_grey(points: Points) -> Points:
        return extents - points if turned else points

    return likeness_of_letters(tones, list(values) * ROWS, centres, np.array([RADIUS, RADIUS]), to_grey)


@pytest.mark.parametrize("values", ["ABCD", "0123456789"])
@pytest.mark.parametrize("size", [14, 20])
def test_values_are_told_from_the_same_turned(values: str, size: int) -> None:
    tones = printed(values, size)
    assert likeness(tones, values) > 0.75
    assert likeness(tones, values) > likeness(tones, values, turned=True) + 0.2


@pytest.mark.parametrize(("values", "letters"), [("ABCD", "1234"), ("ABCD", "DCBA"), ("0123", "ABCD")])
def test_other_letters_are_like_the_values_in_no_way(values: str, letters: str) -> None:
    tones = printed(letters)
    one, other = likeness(tones, values), likeness(tones, values, turned=True)
    assert max(one, other) < 0.75 or abs(one - other) < 0.2


@pytest.mark.parametrize("values", [("Yes", "No", "Maybe"), ("A", "B"), ("A", "B", "")])
def test_long_values_and_few_tell_nothing(values: tuple[str, ...]) -> None:
    tones = printed("ABC"[: len(values)])
    centres = np.array([(PITCH * (c + 0.5), PITCH * (r + 0.5)) for r in range(ROWS) for c in range(len(values))])
    radii = np.array([RADIUS, RADIUS])
    assert likeness_of_letters(tones, list(values) * ROWS, centres, radii, lambda points: points) == 0


def test_empty_bubbles_and_marked_ones() -> None:
    empty = np.full((PITCH * ROWS, PITCH * 4), 250, np.uint8)
    assert likeness(empty, "ABCD") == 0
    marked = printed("ABCD").copy()
    for column in range(4):  # half of the bubbles of each value
        marked[: PITCH * ROWS // 2, PITCH * column + 8 : PITCH * column + 32] = 30
    assert likeness(marked, "ABCD") > 0.75
