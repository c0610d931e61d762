"""The common look of the printed bubbles of one size, used to find more of them and to measure their size.

Coordinates are continuous pixels of the image, as in `imaging.ops`; sizes are (2,) float64 (width, height).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels

Floats = npt.NDArray[np.float64]

_MARGIN = 0.12
"""Margin of a pattern around the bubble, as a part of the bubble's side."""
_MIDDLE = 0.66
"""Diameter of the part of the bubble that is ignored, as a part of its side: letters differ from bubble to bubble."""
_MOST_SEEN = 200
"""Bubbles whose median is the pattern."""
_EDGE_WITHIN = 0.08
"""Distance of the outer edge from where it is expected, as a part of the bubble's side."""
_STROKE = 0.06
"""Thickness of a drawn outline, as a part of the bubble's shorter side."""
_DRAWN_BLUR_PX = 1
"""Standard deviation of the blur of a drawn outline, in pixels."""
_SCALES = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)
"""Sizes of drawn outlines, as multiples of the expected size."""
_LEAST_STEP = 1e-6
"""Least difference of grey levels that is divided by."""


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The common look of printed bubbles of one size: (h, w) float32 grey levels, and (h, w) float32 weights."""

    tones: npt.NDArray[np.float32]
    counts: npt.NDArray[np.float32]

    @classmethod
    def of(cls, smooth: Pixels, centres: Floats, size: Floats) -> "Pattern":
        """Return the median of bubbles. Their middles are ignored, because different letters are printed there."""
        across, down = _patch(size)
        seen = [cv2.getRectSubPix(smooth, (across, down), (x - 0.5, y - 0.5)) for x, y in centres[:_MOST_SEEN]]
        return cls(np.median(seen, axis=0).astype(np.float32), _around_middle(size))

    def best(self, smooth: Pixels, centre: Floats, within: float, penalty: float = 0.0) -> tuple[Floats, float]:
        """Return the place around a centre that is most like the pattern, and its correlation, -1 to 1.

        `penalty` is the correlation by which places at the distance `within` count less than the centre.
        """
        reach = int(np.ceil(within))
        down, across = self.tones.shape
        left, top = (int(v) for v in np.floor(centre))
        looked = cv2.getRectSubPix(smooth, (across + 2 * reach, down + 2 * reach), (left, top)).astype(np.float32)
        likeness = cv2.matchTemplate(looked, self.tones, cv2.TM_CCOEFF_NORMED, mask=self.counts)
        likeness = np.where(np.isfinite(likeness), likeness, -1)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        chosen = int((likeness - penalty * np.hypot(rows, columns) / max(within, 1)).argmax())
        row, column = np.unravel_index(chosen, likeness.shape)
        place = np.array([left + 0.5 + column - reach, top + 0.5 + row - reach])
        return place, float(likeness[row, column])

    def extents(self, size: Floats) -> tuple[float, float]:
        """Return width and height between the outer edges, which lie near those of `size`.

        An edge lies where the grey level is half way between outline and paper.
        """
        rows, columns = (extent // 2 for extent in self.tones.shape)
        across = np.median(self.tones[rows - 1 : rows + 2], axis=0)
        down = np.median(self.tones[:, columns - 1 : columns + 2], axis=1)
        width, height = (
            len(profile) - _to_edge(profile, extent) - _to_edge(profile[::-1], extent)
            for profile, extent in ((across, size[0]), (down, size[1]))
        )
        return width, height


def drawn_patterns(size: Floats) -> Iterator[tuple[Pattern, Floats]]:
    """Yield outlines of round and of square bubbles of about this size, with the size of each."""
    for scale in _SCALES:
        for draw in (_ellipse, _rectangle):
            drawn = size * scale
            across, down = _patch(drawn)
            tones = np.full((down, across), 255, np.uint8)
            draw(tones, drawn, max(1, round(_STROKE * float(drawn.min()))))
            smooth = cv2.GaussianBlur(tones, (0, 0), _DRAWN_BLUR_PX).astype(np.float32)
            yield Pattern(smooth, _around_middle(drawn)), drawn


def _ellipse(tones: Pixels, size: Floats, stroke: int) -> None:
    centre = (tones.shape[1] // 2, tones.shape[0] // 2)
    axes = (round((size[0] - stroke) / 2), round((size[1] - stroke) / 2))
    cv2.ellipse(tones, centre, axes, 0, 0, 360, 0, stroke, cv2.LINE_AA)


def _rectangle(tones: Pixels, size: Floats, stroke: int) -> None:
    half = [round((side - stroke) / 2) for side in size]
    across, down = tones.shape[1] // 2, tones.shape[0] // 2
    cv2.rectangle(tones, (across - half[0], down - half[1]), (across + half[0], down + half[1]), 0, stroke)


def _patch(size: Floats) -> tuple[int, int]:
    """Return width and height, both odd, of a bubble with its margin."""
    across, down = (2 * round(float(side) * (0.5 + _MARGIN)) + 1 for side in size)
    return across, down


def _around_middle(size: Floats) -> npt.NDArray[np.float32]:
    """Return (h, w) float32: 0 in the middle of the bubble, 1 elsewhere."""
    across, down = _patch(size)
    rows, columns = np.mgrid[:down, :across]
    off_middle = np.hypot((columns - across // 2) / size[0], (rows - down // 2) / size[1]) >= _MIDDLE / 2
    return np.asarray(off_middle, dtype=np.float32)


def _to_edge(profile: npt.NDArray[np.float32], extent: float) -> float:
    """Return the pixels of a profile through a bubble of about this width that lie before its outer edge."""
    expected, within = (len(profile) - extent) / 2, _EDGE_WITHIN * extent
    first = max(0, int(expected - within))
    darkest = first + int(profile[first : int(expected + within) + 2].argmin())
    half = (float(profile[darkest]) + float(profile[first : darkest + 1].max())) / 2
    at = darkest
    while at > first and profile[at - 1] < half:
        at -= 1
    if at == first:
        return float(expected)
    before, here = float(profile[at - 1]), float(profile[at])
    return at - 0.5 + (before - half) / max(before - here, _LEAST_STEP)
