"""How much of each bubble is covered by what was not printed there.

All bubbles of a page are measured at once, in these steps:

1. Each bubble is sampled on a small grid, in which its printed outline is the same ellipse. Darkness is measured
   against the paper around, so that shadows and dark photos do not matter (`bubble_patches`).
2. Darkness becomes cover: 0 is paper, 1 is ink, where the page's own ink says how dark ink is (`_cover`). So washed-out
   photos do not matter.
3. The print of each bubble is estimated: what the image of the blank page shows, as sharp and as dark as this scan
   shows it (`_on_blank_page`), and what the bubbles of one value share in this scan (`_shared`), whichever is more.
4. The cover beyond the print was put there by a person. It is measured inside the outline (fills, breadths, depths) and
   around it (rings, shades, crossings, strays). What a line adds to the outline itself shows in the darkness alone
   (inks).
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
"""(n,) float64, a number from 0 to 1 for each bubble."""

LEAST_DARKNESS, FULL_DARKNESS, OVER_GREY = 0.1, 0.5, 2.5
"""Up to the first part of the darkness of the page's ink is paper, from the second on ink: pencil is about half as dark
as print and ballpoint. Ink is also so many times as dark as the usual inside of a bubble: blurred letters fill it with
grey, where sharp ones leave less than a fifth of the darkness of ink."""
FAINTEST_INK, DARKEST = 0.2, 0.97
"""The page's ink is the darkness that this part of all samples does not exceed, and at least the first number."""

BLURS = (0.0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.5)
"""Standard deviations by which the blank page is blurred to look like the scan, in steps of the grid. A bubble's radius
has SIDE / 2 / REACH = 8.75 steps."""
MOST_COMPARED = 24
"""Bubbles by which the sharpness is found."""
MOST_LAID = 64
"""Bubbles that are laid onto each other to see their outline."""
NEAR, FAR = 0.3, 3.0
"""How far an outline may lie off its place, in steps of the grid, without being sampled again; and from where on what
was found is no offset of the outline."""
LIKE_OTHERS = 0.9
"""The part of the usual likeness to the outline that a bubble must have where it is sampled instead."""
LEAST_WIDENING, OF_ERROR, MOST_WIDENING = 0.2, 2.0, 1.0
"""How far print is widened: a fifth of a step of the grid, for what sampling leaves, and twice the error of the map.
More than MOST_WIDENING would leave little of a bubble."""

FEW = 5
"""Bubbles of one value from which on their print is learnt from them: of fewer, most may be marked."""
COMMON, VARYING = 0.3, 0.8
"""The quantile of the bubbles of a value that shows them unmarked, and that of the unmarked ones that shows how much
their print varies."""
CALM, TWICE = 0.05, 2.0
"""The fill up to which a bubble counts as unmarked while print is learnt, or twice the median where that is more."""
MOST_PRINTED, MARKS, DARKER = 0.7, 0.99, 0.25
"""Parts of the inside: letters cover up to MOST_PRINTED of it. The quantile MARKS of all bubbles shows a mark where it
has DARKER more than usual; then a value whose print is nearer to it than to the usual print is marked throughout."""
MORE_THAN_BLANK = 0.1
"""How much more of the inside may be printed than the blank page shows: a thin mark covers more."""
LETTER_REACH, LETTER_INK = 0.6, 0.8
"""Radii up to which a letter that is not known may be printed, and the cover that it may have there."""
LEAST_FREE = 0.05
"""The part of the inside that must be free of print."""
LEAST_WEIGHT = 0.02
HALF = 0.5
"""Cover up to which print leaves a place free."""
DEEPEST, AROUND_MARK = 0.99, 1.4
"""The quantile of the darkness up to AROUND_MARK radii that is a mark's depth: six samples are as dark, as many as the
thinnest stroke has."""

BESIDE = (1.15, 1.4)
"""Radii between which ink counts as stray: outside the outline, short of the neighbours."""
RINGS = (1.1, 1.26, 1.42, 1.58)
"""Radii of the rings in which lines outside of the outline are looked for, from ring to ring."""
DIRECTIONS = 24
"""Into which a ring is divided: 2.7 samples each on the innermost ring."""
MOST_BESIDE = 0.45
"""The share of directions that counts at most where the diagonals are free: less than that of a circle."""
INKED = 0.4
"""Cover from which on a sample of a ring is ink."""
LIGHTER = 0.5
"""The part of the cover of a line that is left on one of its sides at least. A shadow is as dark all the way out."""
AROUND = (0.8, 1.53)
"""Radii between which lie the outline and most of a line that is drawn around it."""
LEAST_OUTLINE = 0.03
"""The mean darkness between these radii, 0 to 1, that counts at least as that of an outline: half of what very faint
print has, 0.058. Where no outline is printed, noise would be many times as dark."""


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What was measured of n bubbles, (n,) each.

    Attributes:
        fills: 0 to 1, how much of the inside is covered, of what print leaves free.
        breadths: 0 to 1, in how much of what print leaves free of the inside it is at least half as dark as the darkest
            strokes are: a thin stroke leaves most of a bubble free, however pale blur makes it.
        depths: how dark the darkest strokes in and around the bubble are, in multiples of what counts as ink on
            the page; 0 where all is print.
        rings: 0 to 1, in what part of all directions there is a line just outside of the outline, which has paper on
            one side at least; at most MOST_BESIDE where the diagonals are free.
        shades: 0 to 1, in what part of all directions it is dark just outside of the outline, and as dark further out.
        crossings: 0 to 1, how dark the darkest line is that leaves the bubble on two opposite sides.
        strays: 0 to 1, how much is covered just outside of the outline.
        inks: how dark it is at the outline and around it, as a multiple of what is usual for the bubble on this page:
            1 where only the outline is, 2 where a line as dark as the outline is drawn around it.
        outlines: -1 to 1, how well what is around the bubble looks like its printed outline.
        unprinted: bool, whether print leaves enough of the inside free to see a mark.
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
        values: of the bubbles; equal ones look alike where nothing is marked.
        blank: what the bubbles look like on the blank page; None where that is not known.
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
    # A place counts by what print leaves free of it: on a letter's strokes a mark is not seen.
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
    """The darkness, 0 to 1, up to which there is paper and from which on there is ink."""

    paper: float
    ink: float

    @classmethod
    def of(cls, seen: BubblePatches) -> "_Scale":
        """Of a page. Where blurred print fills bubbles with grey, only what is clearly darker than that is ink."""
        darkest = max(float(_nearly_highest(seen[:, ::3, ::3].ravel(), DARKEST)), FAINTEST_INK)
        grey = float(np.median(_mean(seen, zones()[0])))
        return cls(LEAST_DARKNESS * darkest, min(max(FULL_DARKNESS * darkest, OVER_GREY * grey), darkest))

    def steps(self, seen: BubblePatches) -> BubblePatches:
        """Darkness such that paper is 0 or less, and ink 1 or more."""
        return np.asarray((seen - self.paper) / (self.ink - self.paper), np.float32)

    def cover(self, seen: BubblePatches) -> BubblePatches:
        """How much ink there is, 0 to 1."""
        return np.clip(self.steps(seen), 0, 1)


def _breadths(deeper: BubblePatches, clear: npt.NDArray[np.bool_], depths: Shares) -> Shares:
    """`breadths` of the bubbles, see Readings. Of the m samples inside of each, `clear` are those without print."""
    dark = (deeper > HALF * depths[:, None]).sum(axis=1)
    return np.asarray(dark / np.maximum(clear.sum(axis=1), 1), np.float64)


def _inks(seen: BubblePatches, expected: BubblePatches) -> npt.NDArray[np.float64]:
    """`inks` of the bubbles, see Readings. Blur changes the sum of the cover, but hardly that of the darkness."""
    around = between(*AROUND)
    found, printed = _mean(seen, around), _mean(expected, around)
    usual = printed * (float(np.median(found)) / max(float(np.median(printed)), 1e-6))
    return np.asarray(1 + (found - usual) / np.maximum(usual, LEAST_OUTLINE), np.float64)


def _mean(patches: BubblePatches, zone: npt.NDArray[np.bool_]) -> Shares:
    return np.asarray(np.einsum("nij,ij->n", patches, zone) / int(zone.sum()), np.float64)


def _nearly_highest(values: npt.NDArray[_Number], part: float) -> npt.NDArray[_Number]:
    """The value along the last axis that `part` of them do not exceed, none between two: far faster than a quantile."""
    place = int(part * (values.shape[-1] - 1))
    found: npt.NDArray[_Number] = np.sort(values, axis=-1)[..., place]
    return found


def _usual(seen: BubblePatches) -> BubblePatches:
    """(1, SIDE, SIDE) the bubbles of a page laid onto each other: their outlines, since the letters differ."""
    return _lowest(seen[:: -(-len(seen) // MOST_LAID)], 0.5)[None]


def _on_blank_page(blank: Blank, seen: BubblePatches) -> BubblePatches:
    """The bubbles of the blank page, as sharp and as dark as the scan shows them."""
    expected = _at_sharpness(blank, _sharpness(blank, seen))
    return expected * np.float32(_contrast(expected, seen))


def _sharpness(blank: Blank, seen: BubblePatches) -> float:
    """The one of BLURS by which the blank bubbles look most like the scan's."""
    step = _step(blank)
    found = [np.median(likeness(seen[::step], blurred)) for blurred in _at_each_sharpness(blank)]
    return BLURS[int(np.argmax(found))]


@kept_with_owner
def _at_each_sharpness(blank: Blank) -> list[BubblePatches]:
    """Some of the blank bubbles, for each of BLURS."""
    some = blank.patches[:: _step(blank)]
    return [_blurred(some, sigma) for sigma in BLURS]


@kept_with_owner
def _at_sharpness(blank: Blank, sigma: float) -> BubblePatches:
    """All blank bubbles, blurred."""
    return _blurred(blank.patches, sigma)


def _step(blank: Blank) -> int:
    return -(-len(blank.patches) // MOST_COMPARED)


def _blurred(patches: BubblePatches, sigma: float) -> BubblePatches:
    if sigma == 0:
        return patches
    grids = [cv2.GaussianBlur(grid, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for grid in patches]
    return np.array(grids, dtype=np.float32)


def _contrast(expected: BubblePatches, seen: BubblePatches) -> float:
    """How dark outlines are in the scan, as a multiple of the blank page's: the median, so that marks do not matter."""
    around = zones()[1]
    one, other = expected[:, around], seen[:, around]
    return float(np.median((one * other).sum(axis=1) / np.maximum((one * one).sum(axis=1), 1e-6)))


def _offsets(expected: BubblePatches, seen: BubblePatches) -> Points:
    """(n, 2) how far the outlines lie to the right of and below where they are expected, in steps of the grid.

    One step of the method of Lucas and Kanade (1981): the offset that best explains what differs around the outline.
    """
    around = zones()[1]
    down, across = (np.gradient(expected, axis=axis)[:, around] for axis in (1, 2))
    differing = expected[:, around] - seen[:, around]
    xx, xy, yy = ((one * other).sum(axis=1) for one, other in ((across, across), (across, down), (down, down)))
    x, y = ((slope * differing).sum(axis=1) for slope in (across, down))
    scale = np.maximum(xx * yy - xy * xy, 1e-6)
    return np.column_stack([(yy * x - xy * y) / scale, (xx * y - xy * x) / scale]).astype(np.float64)


def _align(seen: BubblePatches, expected: BubblePatches, sample: Callable[[Indices, Points], BubblePatches]) -> Shares:
    """Sample bubbles again whose outlines lie off their places, in place.

    Only where their outlines then look as clear as those of other bubbles: ink around a bubble is no outline.

    Args:
        seen: (n, SIDE, SIDE) darkness, changed.
        expected: what is expected of each bubble, or of all.
        sample: samples some bubbles moved by so much (m, 2), in radii.

    Returns:
        (n,) how far the outlines lie off the places that were sampled, in steps of the grid.
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
    """By how much print is widened for what three in four bubbles lie off their places, in steps of the grid."""
    return min(LEAST_WIDENING + OF_ERROR * float(np.quantile(off, 0.75)), MOST_WIDENING)


def _widened(patches: BubblePatches, by: float) -> BubblePatches:
    """What is dark, wider by some steps of the grid to each side; a part of a step widens by this part."""
    whole = int(by)
    for _ in range(whole):
        patches = _dilated(patches)
    part = np.float32(by - whole)
    return (1 - part) * patches + part * _dilated(patches) if part else patches


def _dilated(patches: BubblePatches) -> BubblePatches:
    """The highest value of each place and its eight neighbours."""
    for axis in (1, 2):
        wide = patches.copy()
        for to, of in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            at, beside = ((slice(None), part) if axis == 1 else (slice(None), slice(None), part) for part in (to, of))
            np.maximum(wide[at], patches[beside], out=wide[at])
        patches = wide
    return patches


def _shared(cover: BubblePatches, values: Sequence[str], shown: BubblePatches | None) -> BubblePatches:
    """The print of each bubble: what the bubbles of its value share in this scan, and at least what is `shown`.

    Args:
        cover: (n, SIDE, SIDE) of the bubbles.
        values: of the bubbles.
        shown: the cover that the blank page shows; None where that is not known. Then a value that is too rare to learn
            its letter may have any.
    """
    inside = zones()[0]
    learnt = [(own, _lowest(cover[own], COMMON)) for own in _groups(values) if len(own) >= FEW]
    most = _most_printed(_mean(cover, inside), [float(common[inside].mean()) for _, common in learnt])
    print_ = _any_letter(cover) if shown is None else shown.copy()
    trusted = []
    for own, common in learnt:
        allowed = most if shown is None else min(most, float(shown[own][:, inside].mean()) + MORE_THAN_BLANK)
        if common[inside].mean() < allowed:
            print_[own] = common if shown is None else np.maximum(shown[own], common)
            trusted.append(own)
    return _varying(cover, print_, trusted) if shown is None else print_


def _varying(cover: BubblePatches, print_: BubblePatches, groups: Sequence[Indices]) -> BubblePatches:
    """The print of bubbles, and what those of one value show beyond it where nothing is marked: print varies a little.

    Values of which less than half of the bubbles are unmarked stay as they are.
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
    """The numbers of the bubbles of each value."""
    _, labels = np.unique(np.array(values), return_inverse=True)
    by_label = np.argsort(labels, kind="stable")
    return np.split(by_label, np.flatnonzero(np.diff(labels[by_label])) + 1)


def _lowest(patches: BubblePatches, part: float) -> BubblePatches:
    """(SIDE, SIDE) the value of each place that `part` of the bubbles do not exceed."""
    place = int(part * (len(patches) - 1))
    found: BubblePatches = np.sort(patches, axis=0)[place]
    return found


def _most_printed(inked: Shares, learnt: Sequence[float]) -> float:
    """How much ink inside of a bubble can be print: less than half way from the usual print to a mark, where one is."""
    usual = float(np.median(learnt)) if learnt else 0.0
    mark = float(_nearly_highest(inked, MARKS))
    return min(MOST_PRINTED, (usual + mark) / 2) if mark > usual + DARKER else MOST_PRINTED


def _any_letter(cover: BubblePatches) -> BubblePatches:
    """The print of bubbles whose letters are not known: what most bubbles show, if there are some, and any letter."""
    common = _lowest(cover, HALF) if len(cover) >= 2 * FEW else np.zeros_like(cover[0])
    letter = np.where(between(0, LETTER_REACH), np.float32(LETTER_INK), np.float32(0))
    return np.repeat(np.maximum(common, letter)[None], len(cover), axis=0)


def _lines_around(added: BubblePatches) -> tuple[Shares, Shares, Shares]:
    """`rings`, `shades` and `crossings` of the bubbles, see Readings."""
    places, starts = sectors(RINGS, DIRECTIONS)
    around, by_ring = added[:, *places], (len(added), len(RINGS) - 1, DIRECTIONS)
    darkest = np.maximum.reduceat(around, starts, axis=1).reshape(by_ring)
    lightest = np.minimum.reduceat(around, starts, axis=1).reshape(by_ring)
    dark = darkest.max(axis=1)
    # The innermost ring has places that the outline covers, where nothing is added.
    side = np.minimum(darkest[:, 0], lightest[:, 1:].min(axis=1))
    inked = (dark > INKED) & (side < LIGHTER * dark)
    shades = ((dark > INKED) & ~inked).mean(axis=1)
    share = inked.mean(axis=1)
    # Circles around neighbours may cover all directions along rows and columns, but none on the diagonals.
    on_diagonals = inked[:, DIRECTIONS // 8 :: DIRECTIONS // 4].mean(axis=1) >= HALF
    rings = np.where(on_diagonals, share, np.minimum(share, MOST_BESIDE))
    # A line that leads away from the bubble is in each ring, there or in the next direction.
    beside = np.maximum(np.maximum(darkest, np.roll(darkest, 1, axis=2)), np.roll(darkest, -1, axis=2))
    leading = beside.min(axis=1)
    half = DIRECTIONS // 2
    crossings = np.minimum(leading[:, :half], leading[:, half:]).max(axis=1)
    return rings.astype(np.float64), shades.astype(np.float64), crossings.astype(np.float64)
