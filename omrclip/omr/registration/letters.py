"""Comparing the letters printed in bubbles with the values of the template: "A", "B", "C" or digits.

Bubbles of one value have the same letter. The median of their lighter half, which is unmarked, shows this letter. A
turned page shows other letters, upside down.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Points

Tones = npt.NDArray[np.float32]
SIDE = 40
"""Pixels of each side of the resampled inside of a bubble."""
INSIDE = 0.78
"""Part of the radius that is resampled: the outline lies beyond."""
HEIGHTS = (12, 14, 17, 20, 23, 26)
"""Pixels of the height of a capital letter: letters take a quarter to a half of a bubble's height."""
MOST_OFFSET_PX = 5
"""Pixels by which letters may lie off the centre, each way."""
LEAST_BUBBLES, LEAST_VALUES = 3, 3
"""Bubbles of one value from which its letter is seen, and values with a letter from which letters are compared."""
MOST_BUBBLES = 60
"""Bubbles of one value that are resampled."""
LEAST_CONTRAST = 0.06
"""Part of the paper's brightness by which a letter is darker: noise has less in the median of several bubbles."""
PAPER_QUANTILE, PRINT_QUANTILE = 0.9, 0.95
"""Quantiles of the brightness: of one bubble, to be taken for paper; of the median bubble, to measure the contrast."""
FACES = ("sans", "uni")
"""Fonts of OpenCV, a broad and a narrow one; letters of other fonts resemble one of them."""
WEIGHT = 500
"""Weight of the fonts as in CSS, where 400 is regular and 700 bold."""
BLACK_BELOW = 128
"""Grey level that separates ink from paper in a drawn letter."""
CAPITAL = 0.7
"""Height of a capital letter as a part of the em."""
FINER, BLUR = 4, 1.2
"""Factor by which letters are drawn larger, and pixels by which they are blurred afterwards, as scans blur them."""


def likeness_of_letters(
    grey: Grey, values: Sequence[str], centres: Points, radii: Points, to_grey: Callable[[Points], Points]
) -> float:
    """Return the correlation, -1 to 1, of the print in bubbles with the letters of their values; 0 without print.

    Args:
        grey: (height, width) uint8, an image of the bubbles.
        values: the value of each bubble; only those of one letter or digit are compared.
        centres: (n, 2) float64 the centres of the bubbles, page pixels.
        radii: (2,) float64 half the width and height of a bubble.
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
    """Return (SIDE, SIDE) the median brightness of bubbles, paper 1; None where too few are seen, or no print."""
    middles, right, below = (to_grey(centres + step) for step in (np.zeros(2), (radii[0], 0), (0, radii[1])))
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * INSIDE
    x, y = (grid.ravel()[None, :, None] for grid in np.meshgrid(steps, steps))
    at = middles[:, None] + x * (right - middles)[:, None] + y * (below - middles)[:, None]
    inside = ((at > 0) & (at < np.array(grey.shape[::-1]))).all(axis=(1, 2))
    if inside.sum() < LEAST_BUBBLES:
        return None
    across, down = (np.ascontiguousarray(at[inside, :, axis] - 0.5, dtype=np.float32) for axis in (0, 1))
    seen = cv2.remap(grey, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    paper = np.maximum(np.quantile(seen, PAPER_QUANTILE, axis=1), 1)
    lightest = np.argsort(-seen.mean(axis=1))[: max(LEAST_BUBBLES, len(seen) // 2)]
    usual = np.median(seen[lightest] / paper[lightest, None], axis=0).reshape(SIDE, SIDE)
    return None if np.quantile(usual, PRINT_QUANTILE) - usual.min() < LEAST_CONTRAST else usual.astype(np.float32)


def _found(look: Tones, letter: Tones) -> float:
    """Return the best correlation of a letter with the look of the bubbles near the centre."""
    return float(np.nan_to_num(cv2.matchTemplate(look, letter, cv2.TM_CCOEFF_NORMED)).max())


def _styles() -> list[Callable[[str], Tones]]:
    """Return functions that draw a letter, one a style: all letters of a form are printed in one style."""
    return [partial(_letter, face=face, height=height) for face in FACES for height in HEIGHTS]


@lru_cache(maxsize=512)
def _letter(value: str, face: str, height: int) -> Tones:
    """Return a letter, black on white, centred in a square that is smaller than SIDE by the possible offsets."""
    side, font, em = (SIDE - 2 * MOST_OFFSET_PX) * FINER, cv2.FontFace(face), round(height * FINER / CAPITAL)
    canvas = np.full((3 * side, 3 * side), 255, np.uint8)
    cv2.putText(canvas, value, (side, 2 * side), (0,), font, em, WEIGHT)
    rows, columns = np.nonzero(canvas < BLACK_BELOW)
    top, left = ((at.min() + at.max() + 1 - side) // 2 for at in (rows, columns))
    small = cv2.resize(
        canvas[top : top + side, left : left + side], None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA
    )
    return cv2.GaussianBlur(small, (0, 0), BLUR).astype(np.float32)
