"""What should be seen: an image at its place in a view, made by OpenCV from the file that was served."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from omrclip.imaging.arrays import Pixels
from tests.viewers.browser import Seen

SEAM_PIXELS: Final = 2
"""So far may what a viewer draws reach beyond its place: it stretches tiles by up to a pixel, to hide the seams."""
SEAM_BLUR: Final = 3.0
"""Sigma in pixels of the blur under which this displacement does not count."""
MOST_DIFFERENCE: Final = 3.5
LEAST_LIKENESS: Final = 0.96
"""Of blurred pictures: the mean difference of values from 0 to 255, and the correlation.

Right ones come to 2.3 and 0.986 at worst, those that lie five pixels aside to 5.0 and 0.86 or worse.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The part of a view in which an image lies, by rows and columns."""

    rows: slice
    columns: slice

    def of(self, view: Pixels) -> Pixels:
        """The pixels there."""
        return view[self.rows, self.columns]

    def within(self, view: Pixels) -> Pixels:
        """The pixels there but for the edges."""
        return self.of(view)[SEAM_PIXELS:-SEAM_PIXELS, SEAM_PIXELS:-SEAM_PIXELS]

    def outside(self, view: Pixels) -> Pixels:
        """(n, channels): the other pixels, but for the edges."""
        others = np.ones(view.shape[:2], bool)
        rows, columns = (slice(max(0, s.start - SEAM_PIXELS), s.stop + SEAM_PIXELS) for s in (self.rows, self.columns))
        others[rows, columns] = False
        return view[others]


def assert_shown(image: Pixels, seen: Seen, screenshot: Pixels) -> None:
    """The image is seen where the viewer says that it is, as far as the view reaches, and nothing is beside it."""
    expected, place = _expected(image, seen)
    _assert_alike(place.of(screenshot), expected)
    opacity = seen.canvas[:, :, 3:]
    assert place.within(opacity).min() == 255
    assert place.outside(opacity).max(initial=0) == 0


def _expected(image: Pixels, seen: Seen) -> tuple[Pixels, Place]:
    """Scale the whole image to the place where it is seen, and cut both at the edges of the view."""
    left, top, width, height = seen.image
    x, y, right, bottom = (round(edge) for edge in (left, top, left + width, top + height))
    shrinks = right - x < image.shape[1]
    scaled = cv2.resize(image, (right - x, bottom - y), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    view_height, view_width = seen.canvas.shape[:2]
    place = Place(slice(max(0, y), min(bottom, view_height)), slice(max(0, x), min(right, view_width)))
    cut = scaled[place.rows.start - y : place.rows.stop - y, place.columns.start - x : place.columns.stop - x]
    return np.asarray(cut, np.uint8), place


def _assert_alike(view: Pixels, expected: Pixels) -> None:
    one, other = (cv2.GaussianBlur(pixels, (0, 0), SEAM_BLUR).astype(np.float64) for pixels in (view, expected))
    difference = np.abs(one - other).mean()
    likeness = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert difference < MOST_DIFFERENCE, (difference, likeness)
    assert likeness > LEAST_LIKENESS, (difference, likeness)
