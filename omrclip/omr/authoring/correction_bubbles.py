"""Find the printed bubbles of a blank page: outlines of the template's size near the template's places.

    outlines   all connected pieces of print whose outer contour is a full, convex shape of about the size
    pairing    each outline is paired with one bubble, nearest first; the most common size is that of the bubbles
    pattern    the median look of the bubbles found: it finds bubbles that touch other print, rejects letters of the
               same size, and gives the size of the bubbles to a tenth of a pixel

Arrays of places have a row for each bubble: centre x, centre y, width, height, float64, in pixels of the image.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.correction_pattern import Floats, Pattern, drawn_patterns

Places = Floats

_MOST_OFFSET = 0.6
"""Distance of a printed bubble from the template's place, as a part of the bubble's side."""
_LEAST_SIZE, _MOST_SIZE = 0.65, 1.4
"""Sides of a printed bubble, as multiples of the template's: smaller shapes are letters, larger ones are frames."""
_SAME_SIZE = 0.13
"""Part by which the sides of printed bubbles of one size differ."""
_LEAST_FILLED, _LEAST_CONVEX = 0.7, 0.92
"""Part of its box and of its convex hull that an outline fills. An ellipse fills 0.785 of its box, a square all of it;
letters have dents."""
_LEAST_CONTRAST = 14
"""Grey levels by which print is darker than the paper around it."""
_BUBBLES_PER_BLUR, _LEAST_BLUR_PX = 60, 0.5
"""Standard deviation of the blur against noise: the side of a bubble divided by this, and the least in pixels."""
_LIKE_OUTLINE, _LIKE_ALONE, _LIKE_DRAWN = 0.5, 0.75, 0.55
"""Correlation with the common look of the bubbles: of a bubble found as an outline, of one that was not, and of one
found by a drawn outline."""
_NEAR_EXPECTED = 0.3
"""Distance of a bubble from the place that its neighbours give, as a part of its side."""
_LEAST_FOR_PATTERN = 3
"""Bubbles found from which their common look is measured."""
_NEIGHBOURS = 5
"""Bubbles found nearby whose offset gives the place of one that was not found."""
_LEAST_FOUND, _OFFSETS_WITHIN = 0.5, 0.15
"""Part of the bubbles that are found; with fewer, their offsets must agree within this part of a bubble's side."""
_MOST_TRIED = 30
"""Bubbles on which drawn outlines are tried."""
_DISTANCE_PENALTY = 0.2
"""Correlation by which a place at the distance _MOST_OFFSET counts less than one at the centre."""


@dataclass(frozen=True, slots=True, eq=False)
class Printed:
    """The printed bubbles of one size.

    Attributes:
        centres: (n, 2) float64 (x, y), NaN where no printed bubble was found.
        size: (width, height) of the outer edges of the print, common to all bubbles.
    """

    centres: Floats
    size: tuple[float, float]

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """(n,) bool, which bubbles were found."""
        return ~np.isnan(self.centres[:, 0])


def find_printed(tones: Pixels, expected: Places) -> Printed:
    """Find the printed bubble of each expected one; all expected bubbles have the same size.

    Args:
        tones: (height, width) uint8, the blank page.
        expected: (n, 4), see the module.
    """
    width, height = expected[0, 2:]
    smooth = np.asarray(
        cv2.GaussianBlur(tones, (0, 0), max(_LEAST_BLUR_PX, min(width, height) / _BUBBLES_PER_BLUR)), dtype=np.uint8
    )
    centres, size = _by_outlines(_outlines(smooth, width, height), expected)
    if np.isfinite(centres[:, 0]).sum() < min(_LEAST_FOR_PATTERN, len(expected)):
        centres, size = _by_outlines(_drawn_outlines(smooth, expected), expected)
    if np.isfinite(centres[:, 0]).sum() >= _LEAST_FOR_PATTERN:
        centres = _by_pattern(smooth, expected, centres, size)
    found = centres[np.isfinite(centres[:, 0])]
    if not _is_plausible(centres, expected):
        centres = np.full_like(centres, np.nan)
        return Printed(centres, (float(width), float(height)))
    return Printed(centres, Pattern.of(tones, found, size).extents(size))


def _is_plausible(centres: Floats, expected: Places) -> bool:
    """Return whether most bubbles were found, or those found have equal offsets. Those of round letters are random."""
    is_found = np.isfinite(centres[:, 0])
    if is_found.mean() >= _LEAST_FOUND:
        return True
    if not is_found.any():
        return False
    moved = (centres[is_found] - expected[is_found, :2]) / expected[is_found, 2:]
    return bool((np.median(np.abs(moved - np.median(moved, axis=0)), axis=0) <= _OFFSETS_WITHIN).all())


def _outlines(smooth: Pixels, width: float, height: float) -> Places:
    """Return all pieces of print of about this size that are full, convex shapes."""
    around = 2 * round(max(width, height)) + 1
    mode, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(smooth, 255, mode, kind, around, _LEAST_CONTRAST)
    contours, nesting = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = (
        [contour for contour, (*_, parent) in zip(contours, nesting[0], strict=True) if parent < 0] if contours else []
    )
    found = [place for contour in outer if (place := _as_bubble(contour, width, height)) is not None]
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _as_bubble(contour: cv2.typing.MatLike, width: float, height: float) -> tuple[float, ...] | None:
    _, _, across, down = cv2.boundingRect(contour)
    if not (_LEAST_SIZE <= across / width <= _MOST_SIZE and _LEAST_SIZE <= down / height <= _MOST_SIZE):
        return None
    # The contour runs through the centres of the outermost pixels, half a pixel inside. The rim is half a pixel times
    # the circumference of an ellipse, about (width + height) · π / 2.
    area = cv2.contourArea(contour) + (across + down) * np.pi / 4
    hull = cv2.contourArea(cv2.convexHull(contour)) + (across + down) * np.pi / 4
    if area < _LEAST_FILLED * across * down or area < _LEAST_CONVEX * hull:
        return None
    moments = cv2.moments(contour)  # in pixel indices, half a pixel less than continuous coordinates
    return moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5, across, down


def _by_outlines(outlines: Places, expected: Places) -> tuple[Floats, Floats]:
    """Return the centres of the bubbles among the outlines, NaN if not found, and their common size."""
    centres = np.full((len(expected), 2), np.nan)
    paired = list(_pairs(outlines, expected).values())
    if not paired:
        return centres, expected[0, 2:]
    outlines = outlines[_alike(outlines[:, 2:], outlines[paired, 2:])]
    pairs = _pairs(outlines, expected)
    for bubble, outline in pairs.items():
        centres[bubble] = outlines[outline, :2]
    return centres, outlines[list(pairs.values()), 2:].mean(axis=0)


def _drawn_outlines(smooth: Pixels, expected: Places) -> Places:
    """Return places that look like a drawn outline, for bubbles that touch each other or have broken outlines."""
    tried = expected[:: -(-len(expected) // _MOST_TRIED)]
    candidates = [
        (float(np.median([_drawn(pattern, smooth, place)[1] for place in tried])), number, pattern, size)
        for number, (pattern, size) in enumerate(drawn_patterns(expected[0, 2:]))
    ]
    _, _, pattern, size = max(candidates, key=lambda candidate: candidate[:2])
    found: list[Floats] = []
    for centre, likeness in sorted((_drawn(pattern, smooth, place) for place in expected), key=lambda it: -it[1]):
        is_new = not any((np.abs(centre - other[:2]) < size / 2).all() for other in found)
        if likeness >= _LIKE_DRAWN and is_new:
            found.append(np.concatenate([centre, size]))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _drawn(pattern: Pattern, smooth: Pixels, place: Floats) -> tuple[Floats, float]:
    return pattern.best(smooth, place[:2], _MOST_OFFSET * float(place[2:].min()), penalty=_DISTANCE_PENALTY)


def _pairs(outlines: Places, expected: Places) -> dict[int, int]:
    """Return the outline of each bubble, each outline used once, the nearest pairs first."""
    if not len(outlines):
        return {}
    off = (outlines[None, :, :2] - expected[:, None, :2]) / expected[:, None, 2:]
    distances = np.where((np.abs(off) <= _MOST_OFFSET).all(axis=2), np.hypot(off[..., 0], off[..., 1]), np.inf)
    bubbles, candidates = np.nonzero(np.isfinite(distances))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for position in np.argsort(distances[bubbles, candidates], kind="stable"):
        bubble, outline = int(bubbles[position]), int(candidates[position])
        if bubble not in pairs and outline not in taken:
            pairs[bubble] = outline
            taken.add(outline)
    return pairs


def _alike(sizes: Floats, seen: Floats) -> npt.NDArray[np.bool_]:
    """Return (n,) bool, which of the sizes (n, 2) are about the most common one of those seen, (m, 2)."""
    apart = np.abs(seen[:, None] / seen[None, :] - 1).max(axis=2)
    common = np.median(seen[apart[(apart <= _SAME_SIZE / 2).sum(axis=1).argmax()] <= _SAME_SIZE / 2], axis=0)
    alike: npt.NDArray[np.bool_] = (np.abs(sizes / common - 1) <= _SAME_SIZE).all(axis=1)
    return alike


def _by_pattern(smooth: Pixels, expected: Places, centres: Floats, size: Floats) -> Floats:
    """Remove centres that look unlike the others, and add places that look like them."""
    pattern = Pattern.of(smooth, centres[~np.isnan(centres[:, 0])], size)
    kept = centres.copy()
    for bubble in np.flatnonzero(~np.isnan(centres[:, 0])):
        if pattern.best(smooth, centres[bubble], 1)[1] < _LIKE_OUTLINE:
            kept[bubble] = np.nan
    found = np.flatnonzero(~np.isnan(kept[:, 0]))
    if len(found) < _LEAST_FOR_PATTERN:
        return kept
    moved = kept[found] - expected[found, :2]
    for bubble in np.flatnonzero(np.isnan(kept[:, 0])):
        near = np.argsort(np.hypot(*(expected[found, :2] - expected[bubble, :2]).T))[:_NEIGHBOURS]
        place, likeness = pattern.best(
            smooth, expected[bubble, :2] + np.median(moved[near], axis=0), _NEAR_EXPECTED * size.min()
        )
        is_taken = bool((np.abs(kept[found] - place) < size / 2).all(axis=1).any())
        if likeness >= _LIKE_ALONE and not is_taken:
            kept[bubble] = place
    return kept
