"""The page at the size at which shapes are searched, and what is dark on it."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Pixels

WORKING_SIDE_PX = 2800
"""Longer side of the page while shapes are searched: about 9.6 pixels a millimetre of A4, so that an outline of 0.15 mm
is wider than a pixel."""
PAPER_SIDE_MM = 290.0
"""Longer side of the paper that is assumed, between Letter (279) and A4 (297): lengths in mm are true within 4 %."""
PX_PER_MM = WORKING_SIDE_PX / PAPER_SIDE_MM
WINDOW_MM = 5.0
"""Side of the window of the mean brightness with which each pixel is compared. It is as wide as a bubble, so that
shaded rows and shadows move the mean, and an outline does not."""
LEAST_CONTRAST = 12
"""Grey levels, 5 % of 255, by which print is darker than the mean of its window; paper grain and JPEG noise are not."""
GAP_PX, GAP_CONTRAST, GAP_MIDDLE = 11, 25, 0.6
"""Width of a gap between print, 1.1 mm at most, and grey levels by which it is lighter than the print at both sides, at
least: blurred print makes narrow gaps darker than the mean of the window, but not as dark as itself. The part of the
contrast of a gap from which it is its middle: its edges belong to the print."""
LEAST_GAP_MM = 0.5
"""Length of a gap at least: the sides of the smallest bubbles are longer, and steps of a slanting outline are not."""
LEAST_LINE_MM = 7.0
"""Length from which straight dark pixels are a line of a box or table; the sides of the largest bubbles are shorter."""
COLOUR_BLUR_PX, GREY_COLOUR, CLEAR_COLOUR = 1.6, 9, 14
"""Standard deviation of the blur before the darkest channel is compared with the brightness. A place where it is at
most 9 levels darker is grey: the noise of photos is as large. From 14 levels, the place has a colour."""

GREY_LEVELS = np.arange(256)
"""All levels of a byte."""
EIGHT_NEIGHBOURS = 8
"""Pixels that touch at a corner are connected."""

Labels = npt.NDArray[np.int32]
"""(height, width) int32: for each pixel of a mask the number of the piece that it belongs to, 0 for none."""
Stats = npt.NDArray[np.int32]
"""(n, 5) int32: left, top, width, height and area of the pieces of a mask by number; 0 is what is none."""


@dataclass(frozen=True, eq=False)
class WorkingPage:
    """A page reduced or enlarged to WORKING_SIDE_PX.

    Attributes:
        grey: (height, width) uint8. The brightness; where the page has a colour, the mean of brightness and `tint`.
        tint: the least of the channels of each pixel, shaped as `grey`: a pale colour is darker in the channel that it
            lacks than in the mean of all. The grey levels of a page without colours.
        scale: pixels of `grey` per pixel of the page that it was made from.
    """

    grey: Grey
    tint: Grey
    scale: float

    @cached_property
    def dark(self) -> Grey:
        """255 where a pixel is darker than the paper around it, else 0; shaped as `grey`. Narrow gaps are paper."""
        dark = self.blurred.copy()
        dark.ravel()[self._gaps(dark)] = 0
        return dark

    @cached_property
    def blurred(self) -> Grey:
        """The same, but narrow gaps are as dark as blur makes them. So letters that touch are not cut into dashes."""
        return self._darker(LEAST_CONTRAST)

    @property
    def faint(self) -> Grey:
        """The same with pixels of half the contrast, as the edges of print have it, and paper grain."""
        return self._darker(LEAST_CONTRAST // 2)

    def _darker(self, contrast: int) -> Grey:
        window = int(WINDOW_MM * PX_PER_MM) | 1
        mode, binary = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
        return np.asarray(cv2.adaptiveThreshold(self.grey, 255, mode, binary, window, contrast), np.uint8)

    def _gaps(self, dark: Grey) -> npt.NDArray[np.intp]:
        """The places, in the flat page, of the dark pixels that are the middle of a narrow gap between print."""
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP_PX, GAP_PX))
        lighter = cv2.morphologyEx(self.grey, cv2.MORPH_TOPHAT, disc)
        limit = part_of(np.asarray(cv2.dilate(lighter, disc), np.uint8), GAP_MIDDLE, least=GAP_CONTRAST)
        is_gap = cv2.bitwise_and(cv2.compare(lighter, limit, cv2.CMP_GT), dark)
        labels, stats = pieces_of(np.asarray(is_gap, np.uint8))
        length = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
        # NumPy finds the places of a mask of truth values several times faster than those of numbers.
        places = np.flatnonzero(labels > 0)
        return np.asarray(places[length[labels.ravel()[places]] > LEAST_GAP_MM * PX_PER_MM], np.intp)

    @cached_property
    def pieces(self) -> tuple[Labels, Stats]:
        """The connected dark pixels."""
        return pieces_of(self.dark)

    @cached_property
    def lines(self) -> Grey:
        """255 on straight horizontal and vertical lines, else 0; shaped as `grey`."""
        return np.asarray(cv2.bitwise_or(self.horizontal, self.vertical), np.uint8)

    @cached_property
    def horizontal(self) -> Grey:
        """255 on horizontal lines."""
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (int(LEAST_LINE_MM * PX_PER_MM), 1))
        return np.asarray(cv2.morphologyEx(self.dark, cv2.MORPH_OPEN, kernel), np.uint8)

    @cached_property
    def vertical(self) -> Grey:
        """255 on vertical lines."""
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (1, int(LEAST_LINE_MM * PX_PER_MM)))
        return np.asarray(cv2.morphologyEx(self.dark, cv2.MORPH_OPEN, kernel), np.uint8)


def pieces_of(mask: Grey) -> tuple[Labels, Stats]:
    """The connected pixels of a mask, by the way of OpenCV that needs less than half the time of its usual one."""
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, EIGHT_NEIGHBOURS, cv2.CV_32S, cv2.CCL_GRANA
    )
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32)


def mask_of(labels: Labels, stats: Stats, is_kept: npt.NDArray[np.bool_]) -> Grey:
    """255 on the few pieces that are kept, else 0; for many, a look at each pixel takes less time."""
    mask = np.zeros(labels.shape, np.uint8)
    for number in np.flatnonzero(is_kept[1:]) + 1:
        left, top, width, height, _ = stats[number].tolist()
        part = slice(top, top + height), slice(left, left + width)
        mask[part][labels[part] == number] = 255
    return mask


def part_of(levels: Grey, part: float, least: int = 0) -> Grey:
    """A part of each grey level, rounded down: a level is more than it if it is more than the part itself."""
    return np.asarray(cv2.LUT(levels, np.maximum(least, part * GREY_LEVELS).astype(np.uint8)), np.uint8)


def percentile(levels: npt.NDArray[np.uint8], part: float) -> int:
    """The grey level below which `part` % of some lie, one of them: NumPy's percentile takes far longer for few."""
    place = round(part / 100 * (levels.size - 1))
    flat = levels.flatten()
    flat.partition(place)
    return int(flat[place])


def working_page(pixels: Pixels) -> WorkingPage:
    """Resize a page, grey or BGR, to the size at which shapes are searched."""
    height, width = pixels.shape[:2]
    scale = WORKING_SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC

    def resized(levels: npt.NDArray[np.uint8]) -> Grey:
        return np.asarray(cv2.resize(levels, size, interpolation=how), np.uint8)

    if pixels.ndim == 2:
        grey = resized(pixels)
        return WorkingPage(grey, grey, scale)
    blue, green, red = cv2.split(pixels)
    if np.array_equal(blue, green) and np.array_equal(green, red):
        grey = resized(np.asarray(blue, np.uint8))
        return WorkingPage(grey, grey, scale)
    least = np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)
    brightness, darkest = resized(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)), resized(least)
    return WorkingPage(_with_colours(brightness, darkest), darkest, scale)


def _with_colours(brightness: Grey, darkest: Grey) -> Grey:
    """The brightness of a page; where it has a colour, the mean of brightness and the darkest channel.

    The orange and red print of forms that are read by machines is pale in brightness and dark in blue. On grey paper,
    the darkest channel shows the noise of a photo more than the brightness does.
    """
    bright, dark = (cv2.GaussianBlur(levels, (0, 0), COLOUR_BLUR_PX) for levels in (brightness, darkest))
    ramp = np.clip((GREY_LEVELS - GREY_COLOUR) / (CLEAR_COLOUR - GREY_COLOUR), 0, 1)
    share = cv2.LUT(cv2.subtract(bright, dark), np.asarray(255 * ramp, np.uint8))
    deeper = cv2.multiply(cv2.subtract(brightness, darkest), share, scale=1 / 2 / 255)
    return np.asarray(cv2.subtract(brightness, deeper), np.uint8)
