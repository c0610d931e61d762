"""Measure the ink in and around each bubble that is not print.

All bubbles of a page are measured at once, in these steps:

1. A bubble patch is sampled for each bubble, in which its printed outline is the same ellipse. Darkness is relative to
   the paper around, so that shadows and dark photos do not matter (`bubble_patches`).
2. Darkness is converted to cover, 0 for paper and 1 for ink. The page's own ink determines how dark ink is (`_Scale`),
   so that washed-out photos do not matter.
3. The print of each bubble is estimated. It is the greater one of the image of the blank page, as sharp and as dark as
   this scan (`_on_blank_page`), and of what the bubbles of one value have in common in this scan (`_shared`).
4. Cover beyond the print was added by a person. It is measured inside the outline (fills, breadths, depths) and around
   it (rings, shades, crossings, strays). A line on the outline itself only shows in the darkness (inks).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey, Points
from omrclip.omr.registration.bubble_patches import (
    REACH,
    SIDE,
    Blank,
    BubblePatches,
    between,
    darkness,
    likeness,
    paper_around,
    sectors,
    zones,
)
from omrclip.omr.registration.keeping import kept_with_owner

Indices = npt.NDArray[np.intp]
_Number = TypeVar("_Number", np.float32, np.float64)
Shares = npt.NDArray[np.float64]
"""(n,) float64, 0 to 1, one number for each bubble."""

LEAST_DARKNESS, FULL_DARKNESS, OVER_GREY = 0.1, 0.5, 2.5
"""Parts of the darkness of the page's ink up to which a pixel is paper and from which it is ink: pencil is about half
as dark as print and ballpoint. Ink is also darker than the usual inside of a bubble by the last factor: blurred letters
fill it with grey, while sharp ones make it less than a fifth as dark as ink."""
FAINTEST_INK, DARKEST = 0.2, 0.97
"""Least darkness of the page's ink, and the quantile of the darkness of all pixels that is the page's ink."""

BLURS = (0.0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.5)
"""Standard deviations by which the blank page is blurred to look like the scan, in pixels of a patch. The radius of a
bubble has SIDE / 2 / REACH = 8.75 pixels."""
MOST_COMPARED = 24
"""Bubbles that determine the sharpness."""
MOST_LAID = 64
"""Bubbles whose median shows the usual outline."""
NEAR, FAR = 0.3, 3.0
"""Pixels of a patch by which an outline may lie off its place without being sampled again, and from which an offset is
not that of an outline."""
LIKE_OTHERS = 0.9
"""Likeness to the outline that a bubble must have at its new place, as a part of the median of the page."""
LEAST_WIDENING, OF_ERROR, MOST_WIDENING = 0.2, 2.0, 1.0
"""Pixels of a patch by which print is widened: LEAST_WIDENING for errors of sampling, plus OF_ERROR times the error of
the map. More than MOST_WIDENING would leave little of a bubble."""

FEW = 5
"""Bubbles of one value from which their print is learnt from them. Of fewer bubbles, most may be marked."""
COMMON, VARYING = 0.3, 0.8
"""The quantile of the bubbles of a value that is their print, and the quantile of the unmarked ones that is their print
with its variation."""
CALM, TWICE = 0.05, 2.0
"""While print is learnt, a bubble counts as unmarked up to a fill of CALM, or of TWICE times the median if that is
more."""
MOST_PRINTED, MARKS, DARKER = 0.7, 0.99, 0.25
"""Parts of the inside: letters cover up to MOST_PRINTED of it. The quantile MARKS of all bubbles is that of a mark if
it exceeds the usual print by DARKER. Then a value whose print is nearer to it than to the usual print is marked in all
bubbles."""
LEAST_INKED = 0.1
"""The quantile of all bubbles that is the usual print at most if it is learnt for one value only: this value may be
marked in most of its bubbles, and no other shows it."""
MORE_THAN_BLANK = 0.1
"""Part of the inside that may be printed in addition to what the blank page shows. A thin mark covers more."""
LETTER_REACH, LETTER_INK = 0.6, 0.8
"""Radii up to which an unknown letter may be printed, and the cover that it may have there."""
LEAST_FREE = 0.05
"""Part of the inside that must be free of print for a mark to be seen."""
LEAST_WEIGHT = 0.02
HALF = 0.5
"""Cover of print up to which a pixel is free. Also half of a depth, of all bubbles, and of the diagonals."""
DEEPEST, AROUND_MARK = 0.99, 1.4
"""The quantile of the darkness up to AROUND_MARK radii that is a mark's depth: six pixels are as dark, as many as the
thinnest stroke has."""

BESIDE = (1.15, 1.4)
"""Radii between which ink counts as stray: outside the outline, and not as far as the neighbours."""
RINGS = (1.1, 1.26, 1.42, 1.58)
"""Radii that limit the rings in which lines outside of the outline are searched for."""
DIRECTIONS = 24
"""Directions into which a ring is divided, with 2.7 pixels each on the innermost ring."""
MOST_BESIDE = 0.45
"""The largest share of directions that counts if the diagonals are free. It is less than that of a circle."""
INKED = 0.4
"""Cover from which a pixel of a ring is ink."""
LIGHTER = 0.5
"""Cover beside a line, as a part of that of the line, up to which the line has paper on that side. A shadow is as dark
on both sides."""
AROUND = (0.8, 1.53)
"""Radii that enclose the outline and most of a line drawn around it."""
LEAST_OUTLINE = 0.03
"""Least mean darkness between these radii, 0 to 1, that is assumed for an outline: half of that of very faint print,
0.058. If no outline is printed, noise would otherwise be many times as dark."""


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """The measures of n bubbles, each (n,).

    Attributes:
        fills: 0 to 1, the covered part of the inside, without print.
        breadths: 0 to 1, the part of the inside, without print, that is more than half as dark as the darkest strokes.
            A thin stroke leaves most of a bubble free, even if blur makes it pale.
        depths: the darkness of the darkest strokes in and around the bubble, as a multiple of that of ink on the page;
            0 if all is print.
        rings: 0 to 1, the part of all directions with a line just outside of the outline that has paper on at least one
            side; at most MOST_BESIDE if the diagonals are free.
        shades: 0 to 1, the part of all directions in which it is dark just outside of the outline and further out.
        crossings: 0 to 1, the cover of the darkest line that leaves the bubble on two opposite sides.
        strays: 0 to 1, the covered part of the zone just outside of the outline.
        inks: the darkness at the outline and around it, as a multiple of what is usual for the bubble on this page: 1
            for the outline alone, 2 if a line as dark as the outline is drawn around it.
        outlines: -1 to 1, the correlation of the bubble with its printed outline.
        unprinted: bool, whether print leaves enough of the inside free for a mark to be seen.
    """

    fills: Shares
    breadths: Shares
    depths: Shares
    rings: Shares
    shades: Shares
    crossings: Shares
    strays: Shares
    inks: npt.NDArray[np.float64]
    outlines: Shares
    unprinted: npt.NDArray[np.bool_]


def measure(rectified: Grey, centres: Points, radii: Points, values: Sequence[str], blank: Blank | None) -> Readings:
    """Measure all bubbles of a page at once.

    Args:
        rectified: (height, width) uint8, the rectified scan.
        centres: (n, 2) float64 x and y of the bubbles in the rectified scan, continuous pixels.
        radii: (n, 2) float64 half their widths and heights.
        values: the values of the bubbles. Bubbles of equal values look alike if nothing is marked.
        blank: the bubbles of the blank page; None if there is no image of it.
    """
    if not len(centres):
        none = np.zeros(0)
        return Readings(none, none, none, none, none, none, none, none, none, np.zeros(0, np.bool_))
    paper = paper_around(rectified, radii)
    seen = darkness(rectified, centres, radii, paper)
    expected = _usual(seen) if blank is None else _on_blank_page(blank, seen)
    off = _align(
        seen, expected, lambda some, by: darkness(rectified, centres[some] + by * radii[some], radii[some], paper)
    )
    scale = _Scale.of(seen)
    cover = scale.cover(seen)
    shown = None if blank is None else _widened(scale.cover(expected), _error(off))
    print_ = _shared(cover, values, shown)
    added = np.maximum(cover - print_, 0)
    inside, beside = zones()[0], between(*BESIDE)
    # A pixel counts by the part that print leaves free. On the strokes of a letter, a mark is not seen.
    weights = np.clip(1 - print_, LEAST_WEIGHT, 1)
    free = _mean((1 - print_) * weights, inside)
    clear = print_ < HALF
    deeper = np.maximum(scale.steps(seen) - print_, 0) * clear
    depths = _nearly_highest(deeper[:, between(0, AROUND_MARK)], DEEPEST).astype(np.float64)
    rings, shades, crossings = _lines_around(added)
    return Readings(
        fills=np.clip(_mean(added * weights, inside) / np.maximum(free, LEAST_FREE), 0, 1),
        breadths=_breadths(deeper[:, inside], clear[:, inside], depths),
        depths=depths,
        rings=rings,
        shades=shades,
        crossings=crossings,
        strays=_mean(added * weights, beside),
        inks=_inks(seen, expected),
        outlines=likeness(cover, print_ if shown is None else shown),
        unprinted=free >= LEAST_FREE,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """The darkness, 0 to 1, up to which a pixel is paper and from which it is ink."""

    paper: float
    ink: float

    @classmethod
    def of(cls, seen: BubblePatches) -> "_Scale":
        """Return the scale of a page. If blurred print fills bubbles with grey, ink must be clearly darker."""
        darkest = max(float(_nearly_highest(seen[:, ::3, ::3].ravel(), DARKEST)), FAINTEST_INK)
        grey = float(np.median(_mean(seen, zones()[0])))
        return cls(LEAST_DARKNESS * darkest, min(max(FULL_DARKNESS * darkest, OVER_GREY * grey), darkest))

    def steps(self, seen: BubblePatches) -> BubblePatches:
        """Return the darkness, scaled so that paper is 0 or less and ink 1 or more."""
        return np.asarray((seen - self.paper) / (self.ink - self.paper), np.float32)

    def cover(self, seen: BubblePatches) -> BubblePatches:
        """Return the cover, 0 to 1."""
        return np.clip(self.steps(seen), 0, 1)


def _breadths(deeper: BubblePatches, clear: npt.NDArray[np.bool_], depths: Shares) -> Shares:
    """Return the `breadths` of the bubbles, see Readings.

    Args:
        deeper: (n, m) the darkness beyond the print of the m pixels inside of each bubble.
        clear: (n, m) whether a pixel is free of print.
        depths: (n,) the depths of the bubbles.
    """
    dark = (deeper > HALF * depths[:, None]).sum(axis=1)
    return np.asarray(dark / np.maximum(clear.sum(axis=1), 1), np.float64)


def _inks(seen: BubblePatches, expected: BubblePatches) -> npt.NDArray[np.float64]:
    """Return the `inks` of the bubbles, see Readings. Blur hardly changes the sum of the darkness."""
    around = between(*AROUND)
    found, printed = _mean(seen, around), _mean(expected, around)
    usual = printed * (float(np.median(found)) / max(float(np.median(printed)), 1e-6))
    return np.asarray(1 + (found - usual) / np.maximum(usual, LEAST_OUTLINE), np.float64)


def _mean(patches: BubblePatches, zone: npt.NDArray[np.bool_]) -> Shares:
    return np.asarray(np.einsum("nij,ij->n", patches, zone) / int(zone.sum()), np.float64)


def _nearly_highest(values: npt.NDArray[_Number], part: float) -> npt.NDArray[_Number]:
    """Return the value along the last axis that `part` of the values do not exceed, much faster than a quantile."""
    place = int(part * (values.shape[-1] - 1))
    found: npt.NDArray[_Number] = np.sort(values, axis=-1)[..., place]
    return found


def _usual(seen: BubblePatches) -> BubblePatches:
    """Return (1, SIDE, SIDE) the median of the bubbles of a page. It shows the outline, because the letters differ."""
    return _lowest(seen[:: -(-len(seen) // MOST_LAID)], 0.5)[None]


def _on_blank_page(blank: Blank, seen: BubblePatches) -> BubblePatches:
    """Return the bubbles of the blank page, as sharp and as dark as in the scan."""
    expected = _at_sharpness(blank, _sharpness(blank, seen))
    return expected * np.float32(_contrast(expected, seen))


def _sharpness(blank: Blank, seen: BubblePatches) -> float:
    """Return the one of BLURS with which the blank bubbles look most like those of the scan."""
    step = _step(blank)
    found = [np.median(likeness(seen[::step], blurred)) for blurred in _at_each_sharpness(blank)]
    return BLURS[int(np.argmax(found))]


@kept_with_owner
def _at_each_sharpness(blank: Blank) -> list[BubblePatches]:
    """Return some of the blank bubbles for each of BLURS."""
    some = blank.patches[:: _step(blank)]
    return [_blurred(some, sigma) for sigma in BLURS]


@kept_with_owner
def _at_sharpness(blank: Blank, sigma: float) -> BubblePatches:
    """Return all blank bubbles, blurred."""
    return _blurred(blank.patches, sigma)


def _step(blank: Blank) -> int:
    return -(-len(blank.patches) // MOST_COMPARED)


def _blurred(patches: BubblePatches, sigma: float) -> BubblePatches:
    if sigma == 0:
        return patches
    grids = [cv2.GaussianBlur(grid, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for grid in patches]
    return np.array(grids, dtype=np.float32)


def _contrast(expected: BubblePatches, seen: BubblePatches) -> float:
    """Return the darkness of outlines in the scan as a multiple of that on the blank page. A median ignores marks."""
    around = zones()[1]
    one, other = expected[:, around], seen[:, around]
    return float(np.median((one * other).sum(axis=1) / np.maximum((one * one).sum(axis=1), 1e-6)))


def _offsets(expected: BubblePatches, seen: BubblePatches) -> Points:
    """Return (n, 2) how far the outlines lie to the right of and below their expected places, in pixels of a patch.

    This is one step of the method of Lucas and Kanade (1981): the offset that best explains the differences.
    """
    # The outline does not reach the edge of a patch, so each of its pixels has neighbours on all sides.
    around = np.flatnonzero(zones()[1])
    printed = expected.reshape(len(expected), -1)
    across, down = ((printed[:, around + step] - printed[:, around - step]) / 2 for step in (1, SIDE))
    differing = printed[:, around] - seen.reshape(len(seen), -1)[:, around]
    xx, xy, yy = (np.einsum("ni,ni->n", *both) for both in ((across, across), (across, down), (down, down)))
    x, y = ((slope * differing).sum(axis=1) for slope in (across, down))
    scale = np.maximum(xx * yy - xy * xy, 1e-6)
    return np.column_stack([(yy * x - xy * y) / scale, (xx * y - xy * x) / scale]).astype(np.float64)


def _align(seen: BubblePatches, expected: BubblePatches, sample: Callable[[Indices, Points], BubblePatches]) -> Shares:
    """Sample bubbles again whose outlines lie off their places.

    The new patch is used only if its outline is as clear as those of other bubbles. Otherwise there was ink around the
    bubble.

    Args:
        seen: (n, SIDE, SIDE) the darkness, changed in place.
        expected: (n, SIDE, SIDE) the expected darkness of each bubble, or (1, SIDE, SIDE) that of all.
        sample: samples some bubbles, by their indices, at offsets (m, 2) in radii.

    Returns:
        (n,) how far the outlines lie off the sampled places, in pixels of a patch.
    """
    offsets = _offsets(expected, seen)
    off: Shares = np.hypot(offsets[:, 0], offsets[:, 1])
    some = np.flatnonzero((off > NEAR) & (off < FAR))
    if not len(some):
        return off
    own = expected if len(expected) == 1 else expected[some]
    step, shifts = 2 * REACH / SIDE, offsets[some]
    moved = sample(some, shifts * step)
    moved = sample(some, (shifts + _offsets(own, moved)) * step)
    found = likeness(moved, own) >= LIKE_OTHERS * np.median(likeness(seen, expected))
    seen[some[found]] = moved[found]
    off[some[found]] = 0.0
    return off


def _error(off: Shares) -> float:
    """Return by how much print is widened, in pixels of a patch. Three in four bubbles are off by less than that."""
    return min(LEAST_WIDENING + OF_ERROR * float(np.quantile(off, 0.75)), MOST_WIDENING)


def _widened(patches: BubblePatches, by: float) -> BubblePatches:
    """Return patches in which dark regions are wider by some pixels to each side. A fraction widens in proportion."""
    whole = int(by)
    for _ in range(whole):
        patches = _dilated(patches)
    part = np.float32(by - whole)
    return (1 - part) * patches + part * _dilated(patches) if part else patches


def _dilated(patches: BubblePatches) -> BubblePatches:
    """Return the highest value of each pixel and its eight neighbours."""
    for axis in (1, 2):
        wide = patches.copy()
        for to, of in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            at, beside = ((slice(None), part) if axis == 1 else (slice(None), slice(None), part) for part in (to, of))
            np.maximum(wide[at], patches[beside], out=wide[at])
        patches = wide
    return patches


def _shared(cover: BubblePatches, values: Sequence[str], shown: BubblePatches | None) -> BubblePatches:
    """Return the print of each bubble: what the bubbles of its value have in common in this scan, and at least `shown`.

    Args:
        cover: (n, SIDE, SIDE) the cover of the bubbles.
        values: the values of the bubbles.
        shown: the cover on the blank page; None if it is not known. Then any letter is assumed for values that are too
            rare to learn their print.
    """
    inside = zones()[0]
    learnt = [(own, _lowest(cover[own], COMMON)) for own in _groups(values) if len(own) >= FEW]
    most = _most_printed(_mean(cover, inside), [float(common[inside].mean()) for _, common in learnt])
    print_ = _any_letter(cover) if shown is None else shown.copy()
    of_blank = None if shown is None else _mean(shown, inside)
    trusted = []
    for own, common in learnt:
        allowed = most if of_blank is None else min(most, float(of_blank[own].mean()) + MORE_THAN_BLANK)
        if common[inside].mean() < allowed:
            print_[own] = common if shown is None else np.maximum(shown[own], common)
            trusted.append(own)
    return _varying(cover, print_, trusted) if shown is None else print_


def _varying(cover: BubblePatches, print_: BubblePatches, groups: Sequence[Indices]) -> BubblePatches:
    """Return the print of bubbles with its variation, which the unmarked bubbles of a value show.

    The print of a value stays the same if less than half of its bubbles are unmarked.
    """
    fills = _mean(np.maximum(cover - print_, 0) * (1 - print_), zones()[0])
    # Most of a page's bubbles are unmarked.
    unmarked = fills <= max(CALM, TWICE * float(np.median(fills)))
    for own in groups:
        calm = own[unmarked[own]]
        if len(calm) >= max(FEW, len(own) / 2):
            print_[own] = np.maximum(print_[own], _lowest(cover[calm], VARYING))
    return print_


def _groups(values: Sequence[str]) -> list[Indices]:
    """Return the indices of the bubbles of each value."""
    _, labels = np.unique(np.array(values), return_inverse=True)
    by_label = np.argsort(labels, kind="stable")
    return np.split(by_label, np.flatnonzero(np.diff(labels[by_label])) + 1)


def _lowest(patches: BubblePatches, part: float) -> BubblePatches:
    """Return (SIDE, SIDE) the value of each pixel that `part` of the bubbles do not exceed."""
    place = int(part * (len(patches) - 1))
    found: BubblePatches = np.sort(patches, axis=0)[place]
    return found


def _most_printed(inked: Shares, learnt: Sequence[float]) -> float:
    """Return the part of the inside that print may cover: at most the middle between usual print and a mark, if any."""
    usual = float(np.median(learnt)) if learnt else 0.0
    if len(learnt) == 1:
        usual = min(usual, float(_nearly_highest(inked, LEAST_INKED)))
    mark = float(_nearly_highest(inked, MARKS))
    return min(MOST_PRINTED, (usual + mark) / 2) if mark > usual + DARKER else MOST_PRINTED


def _any_letter(cover: BubblePatches) -> BubblePatches:
    """Return the print of bubbles with unknown letters: what most bubbles have in common, and space for any letter."""
    common = _lowest(cover, HALF) if len(cover) >= 2 * FEW else np.zeros_like(cover[0])
    letter = np.where(between(0, LETTER_REACH), np.float32(LETTER_INK), np.float32(0))
    return np.repeat(np.maximum(common, letter)[None], len(cover), axis=0)


def _lines_around(added: BubblePatches) -> tuple[Shares, Shares, Shares]:
    """Return the `rings`, `shades` and `crossings` of the bubbles, see Readings."""
    around, by_ring = added.reshape(len(added), -1)[:, sectors(RINGS, DIRECTIONS)], (-1, len(RINGS) - 1, DIRECTIONS)
    darkest, lightest = around.max(axis=1).reshape(by_ring), around.min(axis=1).reshape(by_ring)
    dark = darkest.max(axis=1)
    # The outline covers parts of the innermost ring, so that nothing is added there.
    side = np.minimum(darkest[:, 0], lightest[:, 1:].min(axis=1))
    inked = (dark > INKED) & (side < LIGHTER * dark)
    shades = ((dark > INKED) & ~inked).mean(axis=1)
    share = inked.mean(axis=1)
    # Circles around neighbours may cover all directions along rows and columns, but not the diagonals.
    on_diagonals = inked[:, DIRECTIONS // 8 :: DIRECTIONS // 4].mean(axis=1) >= HALF
    rings = np.where(on_diagonals, share, np.minimum(share, MOST_BESIDE))
    # A line that leads away from the bubble is in each ring, there or in the next direction.
    beside = np.maximum(np.maximum(darkest, np.roll(darkest, 1, axis=2)), np.roll(darkest, -1, axis=2))
    leading = beside.min(axis=1)
    half = DIRECTIONS // 2
    crossings = np.minimum(leading[:, :half], leading[:, half:]).max(axis=1)
    return rings.astype(np.float64), shades.astype(np.float64), crossings.astype(np.float64)
