"""Whether the letters printed in bubbles are those that the template says: "A", "B", "C" or digits.

Bubbles of one value have the same letter. Their lighter half, which is unmarked, is laid onto each other, so that what
they share is seen. A page that is turned shows other letters, and those upside down.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.omr.registration.image_pyramid import Grey

Points = npt.NDArray[np.float64]
Tones = npt.NDArray[np.float32]
SIDE = 40
"""Pixels of the inside of a bubble, as it is looked at."""
INSIDE = 0.78
"""How much of the radius is looked at: the outline lies beyond."""
HEIGHTS = (12, 14, 17, 20, 23, 26)
"""Of a capital letter, pixels: letters take a quarter to a half of a bubble's height."""
OFF = 5
"""Pixels by which letters may lie off the middle, each way."""
LEAST_BUBBLES, LEAST_VALUES = 3, 3
"""Of one value, to see what they share; and different values, to tell letters by."""
MOST_BUBBLES = 60
"""Of one value that are looked at."""
LEAST_CONTRAST = 0.06
"""Of the paper's brightness, how much darker a letter must be: noise has less once bubbles are laid onto each other."""
FACES = ("sans", "uni")
"""Fonts that OpenCV brings along, a broad and a narrow one; letters of other fonts are like enough to one of them."""
WEIGHT = 500
CAPITAL = 0.7
"""Of the em, the height of a capital letter."""
FINER, BLUR = 4, 1.2
"""How much finer letters are drawn, and by how many pixels they are blurred then: scans show them less sharp."""


def likeness_of_letters(
    grey: Grey, values: Sequence[str], centres: Points, radii: Points, to_grey: Callable[[Points], Points]
) -> float:
    """How well what is printed in bubbles looks like the letters of their values, -1 to 1; 0 where none are seen.

    Args:
        grey: (height, width) uint8, where the bubbles are seen.
        values: of each bubble; only those of one letter or digit are looked at.
        centres: (n, 2) float64 the bubbles' middles, page pixels.
        radii: (2,) float64 half the extents of one.
        to_grey: the map of page points (n, 2) to continuous pixels of `grey`.
    """
    shared = {}
    for value in sorted({value for value in values if len(value) == 1 and value.isascii() and value.isalnum()}):
        of_value = np.flatnonzero([each == value for each in values])
        chosen = of_value[np.linspace(0, len(of_value) - 1, min(MOST_BUBBLES, len(of_value))).astype(np.intp)]
        usual = _shared(grey, centres[chosen], radii, to_grey)
        if usual is not None:
            shared[value] = usual
    if len(shared) < LEAST_VALUES:
        return 0.0
    looks = list(shared.values())
    return max(
        float(np.mean([_found(look, letter) for look, letter in zip(looks, map(draw, shared), strict=True)]))
        for draw in _styles()
    )


def _shared(grey: Grey, centres: Points, radii: Points, to_grey: Callable[[Points], Points]) -> Tones | None:
    """(SIDE, SIDE) the brightness that bubbles share, the paper's 1; None where too few are seen, or no print."""
    middles, right, below = (to_grey(centres + step) for step in (np.zeros(2), (radii[0], 0), (0, radii[1])))
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * INSIDE
    x, y = (grid.ravel()[None, :, None] for grid in np.meshgrid(steps, steps))
    at = middles[:, None] + x * (right - middles)[:, None] + y * (below - middles)[:, None]
    inside = ((at > 0) & (at < np.array(grey.shape[::-1]))).all(axis=(1, 2))
    if inside.sum() < LEAST_BUBBLES:
        return None
    across, down = (np.ascontiguousarray(at[inside, :, axis] - 0.5, dtype=np.float32) for axis in (0, 1))
    seen = cv2.remap(grey, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    paper = np.maximum(np.quantile(seen, 0.9, axis=1), 1)
    lightest = np.argsort(-seen.mean(axis=1))[: max(LEAST_BUBBLES, len(seen) // 2)]
    usual = np.median(seen[lightest] / paper[lightest, None], axis=0).reshape(SIDE, SIDE)
    return None if np.quantile(usual, 0.95) - usual.min() < LEAST_CONTRAST else usual.astype(np.float32)


def _found(look: Tones, letter: Tones) -> float:
    """The best correlation of a letter with what is seen near the middle."""
    return float(np.nan_to_num(cv2.matchTemplate(look, letter, cv2.TM_CCOEFF_NORMED)).max())


def _styles() -> list[Callable[[str], Tones]]:
    """Ways to print letters: all letters of a form are printed in one of them."""
    return [partial(_letter, face=face, height=height) for face in FACES for height in HEIGHTS]


@lru_cache(maxsize=512)
def _letter(value: str, face: str, height: int) -> Tones:
    """A letter, black on white, in the middle of a square that leaves it room to lie off the middle."""
    side, font, em = (SIDE - 2 * OFF) * FINER, cv2.FontFace(face), round(height * FINER / CAPITAL)
    canvas = np.full((3 * side, 3 * side), 255, np.uint8)
    cv2.putText(canvas, value, (side, 2 * side), (0,), font, em, WEIGHT)
    rows, columns = np.nonzero(canvas < 128)
    top, left = ((at.min() + at.max() + 1 - side) // 2 for at in (rows, columns))
    small = cv2.resize(
        canvas[top : top + side, left : left + side], None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA
    )
    return cv2.GaussianBlur(small, (0, 0), BLUR).astype(np.float32)
