"""Finds the printed bubbles of a blank page: outlines of the template's size near the template's places.

    outlines   every connected piece of print whose outer contour is a full, convex shape of about the size
    pairing    nearest first, each outline to one bubble; the size that most of them share is the bubbles' own
    pattern    what the found ones have in common: by it those are found that touch something, lettering of the right
               size is told from bubbles, and their extents are measured, to a tenth of a pixel

Arrays of places have a row a bubble: centre x, centre y, width, height, float64, in pixels of the image.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.correction_pattern import Floats, Pattern, drawn_patterns

Places = Floats

# As parts of a bubble's extents: how far off a printed bubble may lie, and how far its extents may differ from what the
# template says, and from those of the others.
FURTHEST = 0.6
_SIZE_RANGE = (0.65, 1.4)
_SAME_SIZE = 0.13
# An ellipse fills 0.785 of its box, a square all of it; neither has a dent.
_LEAST_FILLED, _LEAST_CONVEX = 0.7, 0.92
# Print is darker than the paper around it by this, of 255.
_CONTRAST = 14
# Least correlation with what the others have in common: of a bubble found as an outline, of one that was not, and of
# one with a drawn outline.
_LIKE_OUTLINE, _LIKE_ALONE, _LIKE_DRAWN = 0.5, 0.75, 0.55
# How far a bubble may lie off the place that those around it tell, as a part of its extents.
_NEAR = 0.3
_FEWEST_ALIKE = 3
_NEIGHBOURS = 5
# Where less than this part of the bubbles is found, they lie off alike, within this part of their extents.
_MOST, _ALIKE_OFF = 0.5, 0.15
# Bubbles on which drawn outlines are tried, and what half a bubble off costs in likeness.
_TRIED_ON = 30
_FAR = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Printed:
    """The printed bubbles of one size.

    Attributes:
        centres: (n, 2) float64 (x, y), NaN where no printed bubble was found.
        size: (width, height) of the print's outer edges, which all share.
    """

    centres: Floats
    size: tuple[float, float]

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """(n,) bool: which were found."""
        return ~np.isnan(self.centres[:, 0])


def find_printed(tones: Pixels, expected: Places) -> Printed:
    """Find the printed bubble of each expected one; all expected ones have the same extents.

    Args:
        tones: (height, width) uint8, the blank page.
        expected: (n, 4), see above.
    """
    width, height = expected[0, 2:]
    smooth = np.asarray(cv2.GaussianBlur(tones, (0, 0), max(0.5, min(width, height) / 60)), dtype=np.uint8)
    centres, size = _by_outlines(_outlines(smooth, width, height), expected)
    if np.isfinite(centres[:, 0]).sum() < min(_FEWEST_ALIKE, len(expected)):
        centres, size = _by_outlines(_drawn_outlines(smooth, expected), expected)
    if np.isfinite(centres[:, 0]).sum() >= _FEWEST_ALIKE:
        centres = _by_pattern(smooth, expected, centres, size)
    found = centres[np.isfinite(centres[:, 0])]
    if not _is_plausible(centres, expected):
        centres = np.full_like(centres, np.nan)
        return Printed(centres, (float(width), float(height)))
    return Printed(centres, Pattern.of(tones, found, size).extents(size))


def _is_plausible(centres: Floats, expected: Places) -> bool:
    """Whether most bubbles were found, or all found ones are shifted alike. Round letters are shifted at random."""
    is_found = np.isfinite(centres[:, 0])
    if is_found.mean() >= _MOST:
        return True
    if not is_found.any():
        return False
    moved = (centres[is_found] - expected[is_found, :2]) / expected[is_found, 2:]
    return bool((np.median(np.abs(moved - np.median(moved, axis=0)), axis=0) <= _ALIKE_OFF).all())


def _outlines(smooth: Pixels, width: float, height: float) -> Places:
    """All pieces of print of about this size that are full, convex shapes."""
    around = 2 * round(max(width, height)) + 1
    mode, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(smooth, 255, mode, kind, around, _CONTRAST)
    contours, nesting = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = (
        [contour for contour, (*_, parent) in zip(contours, nesting[0], strict=True) if parent < 0] if contours else []
    )
    found = [place for contour in outer if (place := _as_bubble(contour, width, height)) is not None]
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _as_bubble(contour: cv2.typing.MatLike, width: float, height: float) -> tuple[float, ...] | None:
    _, _, across, down = cv2.boundingRect(contour)
    least, most = _SIZE_RANGE
    if not (least <= across / width <= most and least <= down / height <= most):
        return None
    # The contour runs through the centres of the outermost pixels: half a pixel short on each side.
    area = cv2.contourArea(contour) + (across + down) * np.pi / 4
    hull = cv2.contourArea(cv2.convexHull(contour)) + (across + down) * np.pi / 4
    if area < _LEAST_FILLED * across * down or area < _LEAST_CONVEX * hull:
        return None
    moments = cv2.moments(contour)  # of pixel centres, half a pixel before the pixels' middle
    return moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5, across, down


def _by_outlines(outlines: Places, expected: Places) -> tuple[Floats, Floats]:
    """The centres of the bubbles among the outlines, NaN for none, and their common size."""
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
    """Bubbles that touch each other or are broken: places that look like the drawn outline that most of them have."""
    tried = expected[:: -(-len(expected) // _TRIED_ON)]
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
    return pattern.best(smooth, place[:2], FURTHEST * float(place[2:].min()), far=_FAR)


def _pairs(outlines: Places, expected: Places) -> dict[int, int]:
    """Bubble → outline, each but once: the nearest pairs of all first."""
    if not len(outlines):
        return {}
    off = (outlines[None, :, :2] - expected[:, None, :2]) / expected[:, None, 2:]
    distances = np.where((np.abs(off) <= FURTHEST).all(axis=2), np.hypot(off[..., 0], off[..., 1]), np.inf)
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
    """(n,) bool: which of the sizes, (n, 2), are the size that most of those seen, (m, 2), have about."""
    apart = np.abs(seen[:, None] / seen[None, :] - 1).max(axis=2)
    common = np.median(seen[apart[(apart <= _SAME_SIZE / 2).sum(axis=1).argmax()] <= _SAME_SIZE / 2], axis=0)
    alike: npt.NDArray[np.bool_] = (np.abs(sizes / common - 1) <= _SAME_SIZE).all(axis=1)
    return alike


def _by_pattern(smooth: Pixels, expected: Places, centres: Floats, size: Floats) -> Floats:
    """The centres without those that look unlike the others, and with those that only look like them."""
    pattern = Pattern.of(smooth, centres[~np.isnan(centres[:, 0])], size)
    kept = centres.copy()
    for bubble in np.flatnonzero(~np.isnan(centres[:, 0])):
        if pattern.best(smooth, centres[bubble], 1)[1] < _LIKE_OUTLINE:
            kept[bubble] = np.nan
    found = np.flatnonzero(~np.isnan(kept[:, 0]))
    if len(found) < _FEWEST_ALIKE:
        return kept
    moved = kept[found] - expected[found, :2]
    for bubble in np.flatnonzero(np.isnan(kept[:, 0])):
        near = np.argsort(np.hypot(*(expected[found, :2] - expected[bubble, :2]).T))[:_NEIGHBOURS]
        place, likeness = pattern.best(
            smooth, expected[bubble, :2] + np.median(moved[near], axis=0), _NEAR * size.min()
        )
        is_taken = bool((np.abs(kept[found] - place) < size / 2).all(axis=1).any())
        if likeness >= _LIKE_ALONE and not is_taken:
            kept[bubble] = place
    return kept
