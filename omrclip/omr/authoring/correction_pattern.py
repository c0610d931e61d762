"""The common look of the printed bubbles of one size, to find more of them and to measure their size.

Coordinates are continuous pixels of the image, as in `imaging.ops`; sizes are (2,) float64 (width, height).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels

Floats = npt.NDArray[np.float64]

# Room around the bubble, and the part of it in which what is printed differs from bubble to bubble.
_ROOM = 0.12
_MIDDLE = 0.66
_MOST_SEEN = 200
# How far the outer edge may lie from where it is expected, as a part of the bubble.
_EDGE_WITHIN = 0.08
# Drawn outlines: how thick, and in which sizes beside the one expected.
_STROKE = 0.06
_SCALES = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What printed bubbles of one size have in common: (h, w) float32 tones, and where they count."""

    tones: npt.NDArray[np.float32]
    counts: npt.NDArray[np.float32]

    @classmethod
    def of(cls, smooth: Pixels, centres: Floats, size: Floats) -> "Pattern":
        """The median of these bubbles. Their middles are ignored, because different letters are printed there."""
        across, down = _patch(size)
        seen = [cv2.getRectSubPix(smooth, (across, down), (x - 0.5, y - 0.5)) for x, y in centres[:_MOST_SEEN]]
        return cls(np.median(seen, axis=0).astype(np.float32), _around_middle(size))

    def best(self, smooth: Pixels, centre: Floats, within: float, far: float = 0.0) -> tuple[Floats, float]:
        """The place around a centre that looks most like the pattern, and its correlation with it, -1 to 1.

        `far` is by how much places at the distance `within` count less than the centre.
        """
        reach = int(np.ceil(within))
        down, across = self.tones.shape
        left, top = (int(v) for v in np.floor(centre))
        looked = cv2.getRectSubPix(smooth, (across + 2 * reach, down + 2 * reach), (left, top)).astype(np.float32)
        likeness = cv2.matchTemplate(looked, self.tones, cv2.TM_CCOEFF_NORMED, mask=self.counts)
        likeness = np.where(np.isfinite(likeness), likeness, -1)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        chosen = int((likeness - far * np.hypot(rows, columns) / max(within, 1)).argmax())
        row, column = np.unravel_index(chosen, likeness.shape)
        place = np.array([left + 0.5 + column - reach, top + 0.5 + row - reach])
        return place, float(likeness[row, column])

    def extents(self, size: Floats) -> tuple[float, float]:
        """Width and height between the outer edges, which are near those of `size`.

        An edge lies where the tone is half way from the outline's to the paper's.
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
    """Outlines of round and of square bubbles of about this size, with the size of each."""
    for scale in _SCALES:
        for draw in (_ellipse, _rectangle):
            extents = size * scale
            across, down = _patch(extents)
            tones = np.full((down, across), 255, np.uint8)
            draw(tones, extents, max(1, round(_STROKE * float(extents.min()))))
            smooth = cv2.GaussianBlur(tones, (0, 0), 1).astype(np.float32)
            yield Pattern(smooth, _around_middle(extents)), extents


def _ellipse(tones: Pixels, extents: Floats, stroke: int) -> None:
    centre = (tones.shape[1] // 2, tones.shape[0] // 2)
    axes = (round((extents[0] - stroke) / 2), round((extents[1] - stroke) / 2))
    cv2.ellipse(tones, centre, axes, 0, 0, 360, 0, stroke, cv2.LINE_AA)


def _rectangle(tones: Pixels, extents: Floats, stroke: int) -> None:
    half = [round((extent - stroke) / 2) for extent in extents]
    across, down = tones.shape[1] // 2, tones.shape[0] // 2
    cv2.rectangle(tones, (across - half[0], down - half[1]), (across + half[0], down + half[1]), 0, stroke)


def _patch(size: Floats) -> tuple[int, int]:
    """Width and height, both odd, of a bubble with room around it."""
    across, down = (2 * round(float(extent) * (0.5 + _ROOM)) + 1 for extent in size)
    return across, down


def _around_middle(size: Floats) -> npt.NDArray[np.float32]:
    """(h, w) float32: 1 but for the middle of the bubble, where it is 0."""
    across, down = _patch(size)
    rows, columns = np.mgrid[:down, :across]
    off_middle = np.hypot((columns - across // 2) / size[0], (rows - down // 2) / size[1]) >= _MIDDLE / 2
    return np.asarray(off_middle, dtype=np.float32)


def _to_edge(profile: npt.NDArray[np.float32], extent: float) -> float:
    """How many pixels of a profile through a bubble of about this extent lie before its outer edge."""
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
    return at - 0.5 + (before - half) / max(before - here, 1e-6)
