"""Bubbles of one size are printed alike: what differs from the others is print, and what continues them is a bubble.

The outline of a bubble is compared, not what is printed in it. The usual outline of a size is the median of all.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.pairs import pairs_within
from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Places, Shape, are_mostly

MARGIN = 0.12
"""Width around a bubble that is compared with its outline, in sides of the bubble: print that touches it is there."""
INSIDE = 0.62
"""Part of the sides of a bubble within which its letter is, and its outline is not."""
LEAST_ALIKE = 0.6
"""Correlation of an outline with the usual one, from which it is one of them. Of 9,155 bubbles at 100 dpi, 3 were below
0.7; letters and pictures of the same size were at 0.5 and below."""
LEAST_CONTINUED = 0.75
"""The same where no closed outline was found, and only a row or only a column goes on: chance finds more of these
places. Where a row and a column cross, LEAST_ALIKE is enough, also without what is printed around."""
LEAST_MIRRORED = 0.85
"""The same without what is printed around: at low resolutions, the bubbles that touch a box were at 0.88 and above."""
WITHIN = 0.8
"""Part of the sides of a round bubble within which its outline is not, even if it is blurred."""
OF_LINE = 0.2
"""Part of the pixels around a letter that are darkest, and are the outline, and that are lightest, and are paper."""
MUCH_DARKER = 0.5
"""How much darker it is between letter and outline than in usual bubbles, in contrasts of the outline, from which it is
a disc with a white number: its edge is that of an outline, but a letter in a bubble leaves paper around it."""
LEAST_USUAL = 4
"""Bubbles of a size from which their median is taken for their usual outline."""
MOST_USUAL = 100
"""The same at most: some of more are taken, from all parts of the page."""
ALIGNED_WITHIN = 0.12
"""Difference of the centres of bubbles in one row or column, in heights of the bubble."""
FARTHEST = 4.0
"""Distance of neighbours in a row or column, in sides of the bubble, from which the next place is not looked for."""
SAME_STEP = 0.04
"""Relative difference of the distances of neighbours that are the same."""
LEAST_STEPS = 3
"""How often the usual distance of neighbours occurs at least."""
SAME_SIDES = 0.14
"""Relative difference of the sides of a filled shape and of bubbles that have one size."""
ROUNDED_PX = 3.0
"""Pixels of the working page by which one side of a bubble may be longer than usual because it was drawn on whole
pixels: one pixel at 100 dpi is 2.5."""
SHIFT_PX = 3
"""Pixels of the working page by which a bubble may stand beside the place that its neighbours predict: 0.3 mm."""
MOST_PLACES = 3000
"""Next places on a page that are looked at, at most: it takes 0.1 ms for each."""

Patches = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """The usual outline of bubbles of one size: its grey levels, where they are compared, and how light it is within.

    `within` is what is just within a round outline, `line` the darkest part of the ring, and `paper` its lightest.
    """

    width: float
    height: float
    outline: Patches
    ring: npt.NDArray[np.bool_]
    within: npt.NDArray[np.bool_]
    line: npt.NDArray[np.bool_]
    paper: npt.NDArray[np.bool_]
    lightness: float = 0.0


def without_unlike(grey: Grey, shapes: Sequence[Shape]) -> list[Shape]:
    """The shapes of one size without those whose outlines differ from most, unless several differ in one way.

    What is printed around them does not count: bubbles in a narrow table have its lines there, and others have none.
    """
    if len(shapes) < LEAST_USUAL:
        return list(shapes)
    usual = _usual(grey, shapes, _bare_margin(shapes))
    unlike = [shape for shape in shapes if not _is_usual(grey, shape, usual)]
    if len(unlike) >= LEAST_USUAL:
        parts = [unlike] if len(unlike) < len(shapes) else _by_form(shapes)
        again = {shape for part in parts if len(part) >= LEAST_USUAL for shape in without_unlike(grey, part)}
        unlike = [shape for shape in unlike if shape not in again]
    left_out = set(unlike)
    return [shape for shape in shapes if shape not in left_out]


def _is_usual(grey: Grey, shape: Shape, usual: _Usual) -> bool:
    """Whether a shape has the usual outline, also if it was drawn a pixel larger or smaller than most.

    No letter is a square: one that is printed a little larger or smaller than the others has their outline, too.
    """
    if _alike(_patch(grey, usual.ring, shape.x, shape.y), usual) >= LEAST_ALIKE:
        return True
    across, down = shape.width - usual.width, shape.height - usual.height
    most = np.inf if shape.filled >= RECTANGLE_FILLED else ROUNDED_PX
    if not 0 < max(abs(across), abs(down)) <= most:
        return False
    as_large = (round(usual.ring.shape[1] + across), round(usual.ring.shape[0] + down))
    patch = cv2.getRectSubPix(grey, as_large, (shape.x - 0.5, shape.y - 0.5)).astype(np.float32)
    resized = np.asarray(cv2.resize(patch, usual.ring.shape[::-1]), np.float32)
    return _alike(resized, usual) >= LEAST_ALIKE


def _by_form(shapes: Sequence[Shape]) -> list[list[Shape]]:
    """Part shapes where their filled parts differ most: about as many squares as circles have no usual outline."""
    in_order = sorted(shapes, key=lambda shape: shape.filled)
    steps = [after.filled - before.filled for before, after in itertools.pairwise(in_order)]
    first = 1 + int(np.argmax(steps))
    return [in_order[:first], in_order[first:]]


def continued(grey: Grey, shapes: Sequence[Shape], filled: Sequence[Shape]) -> list[Shape]:
    """Bubbles that no open outline showed: at the next place of a row or column is the outline of its bubbles.

    Args:
        grey: the working page.
        shapes: the bubbles of one size.
        filled: shapes that are dark inside, some by the letters that are printed in them, and those whose outlines
            differ, some by print that touches them and moves their middle.
    """
    if len(shapes) < LEAST_USUAL:
        return []
    usual = _usual(grey, shapes)
    places = Places(shapes)
    steps = (_usual_step(shapes, usual, 0), _usual_step(shapes, usual, 1))
    # Boxes to write in may touch the first row of a digit grid, and a line the bubbles in it.
    bare = _usual(grey, shapes, _bare_margin(shapes))
    added = _lettered(grey, bare, places, filled)
    queue, looked = [*shapes, *added], 0
    while queue and looked < MOST_PLACES:
        shape = queue.pop()
        spots = [(x, y, usual, LEAST_CONTINUED) for x, y in _next_places(shape, steps)]
        spots += [(x, y, bare, LEAST_MIRRORED) for x, y in _mirrored(shape, places)]
        for x, y, outline, least in spots:
            spot = Shape(x, y, usual.width, usual.height, shape.filled, shape.kind)
            if any(_overlap(spot, other) for other in places.near(spot)):
                continue
            looked += 1
            is_sure = _is_crossing(spot, steps, places) if outline is usual else _is_in_row_and_column(spot, places)
            looks = [(usual, LEAST_ALIKE), (bare, LEAST_ALIKE)] if is_sure else [(outline, least)]
            found = next((one for each in looks if (one := _at(grey, each[0], spot, each[1])) is not None), None)
            if found is not None and not any(_overlap(found, other) for other in places.near(found)):
                places.add(found)
                added.append(found)
                queue.append(found)
    return added


def _bare_margin(shapes: Sequence[Shape]) -> float:
    """The least margin that shows the shape of bubbles: what is around is all that shows those without an outline."""
    return MARGIN if are_mostly(shapes, "tone", "disc") else 0


def _lettered(grey: Grey, usual: _Usual, places: Places, filled: Sequence[Shape]) -> list[Shape]:
    """The shapes with the outline of the bubbles that letters in them or print beside them hid; added to the places."""
    added = []
    for shape in filled:
        if max(abs(shape.width / usual.width - 1), abs(shape.height / usual.height - 1)) > SAME_SIDES:
            continue
        found = _at(grey, usual, shape, LEAST_CONTINUED)
        if found is not None and not any(_overlap(found, other) for other in places.near(found)):
            places.add(found)
            added.append(found)
    return added


def _usual(grey: Grey, shapes: Sequence[Shape], margin: float = MARGIN) -> _Usual:
    shapes = shapes[:: -(-len(shapes) // MOST_USUAL)]
    width = float(np.median([shape.width for shape in shapes]))
    height = float(np.median([shape.height for shape in shapes]))
    across, down = (round(side * (1 + 2 * margin)) for side in (width, height))
    y, x = np.mgrid[:down, :across]
    aside = np.abs(x + 0.5 - across / 2) / (width / 2)
    above = np.abs(y + 0.5 - down / 2) / (height / 2)
    ring = np.maximum(aside, above) > INSIDE
    within = ring & (np.hypot(aside, above) < WITHIN)
    patches = [_patch(grey, ring, shape.x, shape.y) for shape in shapes]
    levelled = np.stack([_levelled(patch, ring) for patch in patches])
    outline = _levelled(np.asarray(np.median(levelled, axis=0), np.float32), ring)
    low, high = np.quantile(outline[ring], (OF_LINE, 1 - OF_LINE))
    usual = _Usual(width, height, outline, ring, within, ring & (outline <= low), ring & (outline >= high))
    lightness = [_lightness(patch, usual) for patch in patches]
    return replace(usual, lightness=float(np.median(lightness)))


def _patch(grey: Grey, ring: npt.NDArray[np.bool_], x: float, y: float) -> Patches:
    """The grey levels around a place, shaped as a ring."""
    down, across = ring.shape
    return cv2.getRectSubPix(grey, (across, down), (x - 0.5, y - 0.5)).astype(np.float32)


def _levelled(patch: Patches, ring: npt.NDArray[np.bool_]) -> Patches:
    """Grey levels of an outline with a mean of 0 and a length of 1; zeros elsewhere, and if there is nothing."""
    inside = np.where(ring, patch - patch[ring].mean(), 0)
    return np.asarray(inside / max(1, float(np.linalg.norm(inside))), np.float32)


def _alike(patch: Patches, usual: _Usual) -> float:
    """The correlation of an outline with the usual one, -1 to 1."""
    return float((_levelled(patch, usual.ring) * usual.outline).sum())


def _lightness(patch: Patches, usual: _Usual) -> float:
    """How light a patch is between its letter and its outline: 0 as the outline, 1 as the paper around."""
    line, paper = (float(patch[part].mean()) for part in (usual.line, usual.paper))
    return (float(patch[usual.within].mean()) - line) / max(1.0, paper - line)


def _usual_step(shapes: Sequence[Shape], usual: _Usual, axis: int) -> float | None:
    """The most frequent distance of neighbours in rows (axis 0) or columns (axis 1)."""
    places = np.array([(shape.x, shape.y) for shape in shapes])
    places = places[np.argsort(places[:, 1 - axis])]
    reach, side = ALIGNED_WITHIN * usual.height, (usual.width, usual.height)[axis]
    level = places[:, 1 - axis]
    one, other = pairs_within(level, level - reach, level + reach)
    step = places[other, axis] - places[one, axis]
    is_next = (step > side / 2) & (step < FARTHEST * side)
    nearest = np.full(len(places), np.inf)
    np.minimum.at(nearest, one[is_next], step[is_next])
    steps = nearest[np.isfinite(nearest)]
    if len(steps) < LEAST_STEPS:
        return None
    logs = np.sort(np.log(steps))
    first, end = np.searchsorted(logs, logs - SAME_STEP), np.searchsorted(logs, logs + SAME_STEP)
    best = int((end - first).argmax())
    usual_ones = logs[first[best] : end[best]]
    return float(np.exp(np.median(usual_ones))) if len(usual_ones) >= LEAST_STEPS else None


def _next_places(shape: Shape, steps: tuple[float | None, float | None]) -> list[tuple[float, float]]:
    across, down = steps
    beside = [] if across is None else [(shape.x - across, shape.y), (shape.x + across, shape.y)]
    return beside + ([] if down is None else [(shape.x, shape.y - down), (shape.x, shape.y + down)])


def _is_crossing(spot: Shape, steps: tuple[float | None, float | None], places: Places) -> bool:
    """Whether a bubble stands at the next place in the row of a place, and another in its column."""
    across, down = steps
    if across is None or down is None:
        return False

    def is_taken(x: float, y: float) -> bool:
        next_to_it = replace(spot, x=x, y=y)
        return any(abs(other.x - x) <= SHIFT_PX >= abs(other.y - y) for other in places.near(next_to_it))

    in_row = is_taken(spot.x - across, spot.y) or is_taken(spot.x + across, spot.y)
    return in_row and (is_taken(spot.x, spot.y - down) or is_taken(spot.x, spot.y + down))


def _is_in_row_and_column(spot: Shape, places: Places) -> bool:
    """Whether a bubble stands on the level of a place, and another right above or below it, at any distance."""
    near = places.near(spot, FARTHEST * max(spot.width, spot.height))
    in_row = (abs(other.y - spot.y) <= SHIFT_PX and abs(other.x - spot.x) < FARTHEST * spot.width for other in near)
    in_column = (abs(other.x - spot.x) <= SHIFT_PX and abs(other.y - spot.y) < FARTHEST * spot.height for other in near)
    return any(in_row) and any(in_column)


def _mirrored(shape: Shape, places: Places) -> list[tuple[float, float]]:
    """The places on the other side of a bubble from its nearest neighbours in its row and column."""
    reach, farthest = ALIGNED_WITHIN * shape.height, (FARTHEST * shape.width, FARTHEST * shape.height)
    in_row = places.centred_within(shape.x, shape.y, farthest[0], reach)
    in_column = places.centred_within(shape.x, shape.y, reach, farthest[1])
    nearest: dict[tuple[bool, bool], tuple[float, Shape]] = {}
    for is_row, others in ((True, in_row), (False, in_column)):
        for other in others:
            across, down = other.x - shape.x, other.y - shape.y
            distance, aside = (across, down) if is_row else (down, across)
            # What is in the row and in the column is at the place of the bubble, or close to it.
            if abs(aside) >= reach or (not is_row and abs(down) < reach) or other is shape:
                continue
            side = (is_row, distance > 0)
            if abs(distance) < nearest.get(side, (farthest[not is_row], other))[0]:
                nearest[side] = abs(distance), other
    return [(2 * shape.x - other.x, 2 * shape.y - other.y) for _, other in nearest.values()]


def _at(grey: Grey, usual: _Usual, spot: Shape, least: float) -> Shape | None:
    """The bubble at a place, or a few pixels beside it."""
    down, across = usual.ring.shape
    left, top = round(spot.x - across / 2) - SHIFT_PX, round(spot.y - down / 2) - SHIFT_PX
    right, bottom = left + across + 2 * SHIFT_PX, top + down + 2 * SHIFT_PX
    if left < 0 or top < 0 or right > grey.shape[1] or bottom > grey.shape[0]:
        return None
    part = grey[top:bottom, left:right].astype(np.float32)
    if part.min() == part.max():
        return None
    mask = usual.ring.astype(np.float32)
    matched = cv2.matchTemplate(part, usual.outline, cv2.TM_CCOEFF_NORMED, mask=mask)
    scores = np.asarray(np.where(np.isfinite(matched), matched, 0), np.float64)
    best = int(scores.argmax())
    row, column = divmod(best, scores.shape[1])
    if scores[row, column] < least:
        return None
    patch = part[row : row + down, column : column + across]
    if _lightness(patch, usual) < usual.lightness - MUCH_DARKER:
        return None
    x = left + column + across / 2 + _beside(scores[row], column)
    y = top + row + down / 2 + _beside(scores[:, column], row)
    kind = "outline" if spot.kind == "filled" else spot.kind
    return Shape(x, y, usual.width, usual.height, spot.filled, kind)


def _beside(scores: npt.NDArray[np.float64], best: int) -> float:
    """How far beside the best of some scores their maximum is, -0.5 to 0.5: that of the parabola through three."""
    if not 0 < best < len(scores) - 1:
        return 0.0
    before, here, after = (float(score) for score in scores[best - 1 : best + 2])
    bend = before - 2 * here + after
    return (before - after) / (2 * bend) if bend < 0 else 0.0


def _overlap(one: Shape, other: Shape) -> bool:
    """Whether two shapes are at one place."""
    return abs(one.x - other.x) < (one.width + other.width) / 4 * (1 + MARGIN) and abs(one.y - other.y) < (
        one.height + other.height
    ) / 4 * (1 + MARGIN)
