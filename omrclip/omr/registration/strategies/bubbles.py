"""Registration by the printed bubbles as a point pattern.

The strategy needs the template alone, no image of the blank page.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.blobs import Blobs, blobs_of
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.keeping import kept_with_owner
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.strategies.point_patterns import Nearest, Pattern, PatternMap, match, pairs_of

SEARCHED_SIDES = (1200, 2000)
"""Pixels of the longer side of the scan in which bubbles are searched for. Small bubbles blur at the first;
noise breaks outlines at the second."""
LEAST_BUBBLES = 8
"""Bubbles: with fewer, the pattern is too small to tell the page from other print."""
LEAST_SCORE = 0.6
"""Part of the bubbles, 0 to 1, that must fall onto shapes for a map to be a candidate."""
SCORE_ENDING_SEARCH = 0.9
"""Part of the bubbles, 0 to 1: from this score on, other sizes of shapes are not tried."""
MOST_BELOW_BEST_SCORE = 0.15
"""Part of the bubbles by which the score of a map may lie below that of the best map of the same size."""
MOST_SIZES = 3
"""Common sizes of shapes that are tried."""
LEAST_BLOB_SIZE_PX = 9.0
"""Pixels of the reduced scan: shapes that are commonly smaller are noise and letters, not bubbles."""
SMALLEST_BLOB, LARGEST_BLOB = 0.68, 1.45
"""Sizes of shapes that are taken for bubbles, as multiples of the common size."""
MOST_OTHER_BLOBS, BLOBS_PER_BUBBLE = 600, 3
"""Shapes beyond which matching takes too long: a number, plus so many for each bubble of the template."""
GRID_STIFFNESS = 0.02
"""Weight of bending against residuals for the displacement grid of a match."""
PAIRED_WITHIN = 0.3
"""Distance in bubble sizes within which a shape is paired with a bubble while the displacement grid is fitted."""
LOOSE_RESIDUAL, TIGHT_RESIDUAL = 0.4, 0.1
"""Residuals in bubble sizes at which a pair loses three quarters of its weight, in the first and the last round."""
GRID_ROUNDS = 4
"""Rounds of fitting a displacement grid and pairing again."""
LEAST_INSIDE = 0.75
"""Part of the bubbles, 0 to 1, that must lie in the picture."""
MOST_EMPTY_ELEMENTS = 0.02
"""Part of the elements in the picture that may be without any paired bubble; one element always may."""
PRINTED_PART = 0.92
"""Size of a printed bubble, the root of its area, as a part of the root of its box's area: discs 0.89, squares 1."""
FINE_SEARCH_PX = 6
"""Pixels of the fine reference by which a place of the candidate may still be off."""
SIZE_STEP = 0.05
"""Step, as a natural logarithm, between the sizes at which shapes are counted."""
SIZE_HALF_WIDTH = 0.18
"""Natural logarithm of the ratio within which shapes count as of one size."""
SIZES_APART = 0.3
"""Natural logarithm of the ratio by which two common sizes differ at least."""
LEAST_OF_ONE_SIZE = 0.3
"""Shapes of one size, as a part of the template's bubbles, for the size to be tried."""


def by_bubbles(reference: Reference, pyramid: ImagePyramid) -> list[Candidate] | Rejected:
    """Match the template's bubbles to bubble-like shapes of one size in the scan; the best candidates come first."""
    if len(reference.bubbles) < LEAST_BUBBLES:
        return Rejected(
            f"bubbles: the template has {len(reference.bubbles)} bubbles. At least {LEAST_BUBBLES} are needed"
        )
    coarse, fine = SEARCHED_SIDES
    found = _by_bubbles(reference, pyramid, coarse)
    if isinstance(found, Rejected) and max(pyramid.dimensions.width, pyramid.dimensions.height) > coarse:
        return _by_bubbles(reference, pyramid, fine)
    return found


def _by_bubbles(reference: Reference, pyramid: ImagePyramid, side: int) -> list[Candidate] | Rejected:
    blobs, reduction = blobs_of(pyramid, side)
    bubbles = _pattern(reference).points
    maps: list[BentMatch] = []
    for blob_size in _common_sizes(blobs, len(bubbles)):
        similar = blobs.only((blobs.sizes > SMALLEST_BLOB * blob_size) & (blobs.sizes < LARGEST_BLOB * blob_size))
        if blob_size < LEAST_BLOB_SIZE_PX or len(similar) > MOST_OTHER_BLOBS + BLOBS_PER_BUBBLE * len(bubbles):
            continue
        maps += _matched(reference, pyramid, similar, blob_size, reduction)
        if maps and max(matched.score for matched in maps) > SCORE_ENDING_SEARCH:
            break
    maps.sort(key=lambda matched: -matched.score)
    if not maps or maps[0].score < LEAST_SCORE:
        best = f" (the best match covers {maps[0].score:.0%} of its bubbles)" if maps else ""
        return Rejected(f"bubbles: the template's pattern was not found among {len(blobs)} shapes{best}")
    refusals = [_refusal(reference, pyramid, matched, reduction) for matched in maps]
    accepted = [
        matched
        for matched, refusal in zip(maps, refusals, strict=True)
        if refusal is None and matched.score >= LEAST_SCORE
    ]
    if not accepted:
        return next(refusal for refusal in refusals if refusal is not None)
    to_scan = np.diag([reduction, reduction, 1])
    return [Candidate("bubbles", to_scan @ matched.matrix, matched.bend, FINE_SEARCH_PX) for matched in accepted]


@dataclass(frozen=True, slots=True, eq=False)
class BentMatch:
    """A match of the two point patterns on bent paper.

    Attributes:
        matrix, bend: the map.
        score: 0 to 1, the part of the bubbles that fell onto blobs.
        paired: (m,) int the indices of these bubbles.
    """

    matrix: ops.Matrix
    bend: displacement_grid.DisplacementGrid
    score: float
    paired: npt.NDArray[np.intp]


def _matched(
    reference: Reference, pyramid: ImagePyramid, blobs: Blobs, blob_size: float, reduction: float
) -> list[BentMatch]:
    """Match the bubbles to shapes of one size."""
    pattern = _pattern(reference)

    def bent(found: PatternMap) -> BentMatch:
        return _bent(pattern.points, found, blobs, blob_size, reference.page)

    def is_accepted(found: PatternMap) -> bool:
        return _refusal(reference, pyramid, bent(found), reduction) is None

    maps = match(pattern, blobs.centres, blob_size, is_accepted)
    return [bent(found) for found in maps if found.score > maps[0].score - MOST_BELOW_BEST_SCORE]


def _refusal(reference: Reference, pyramid: ImagePyramid, matched: BentMatch, reduction: float) -> Rejected | None:
    """Return why a match is rejected although most of its bubbles fit; None where it is accepted.

    A match that is some rows off leaves whole elements without printed bubbles, or lies partly outside the picture.
    """
    common = reference.common
    bubbles, boxes = reference.centres[common], reference.boxes[common]
    offsets = displacement_grid.offsets_at(matched.bend, bubbles, reference.page)
    seen = ops.transform(matched.matrix, bubbles + offsets) * reduction
    scan = pyramid.dimensions
    inside = ((seen > 0) & (seen < [scan.width, scan.height])).all(axis=1)
    if inside.mean() < LEAST_INSIDE:
        return Rejected(f"bubbles: only {inside.mean():.0%} of the bubbles would lie in the picture")
    paired = np.isin(np.arange(len(bubbles)), matched.paired)
    empty = set(boxes[inside].tolist()) - set(boxes[inside & paired].tolist())
    if len(empty) > max(1, MOST_EMPTY_ELEMENTS * len(set(boxes[inside].tolist()))):
        return Rejected(f"bubbles: at {len(empty)} elements of the template the scan shows no bubbles")
    return None


def _bent(bubbles: Points, matched: PatternMap, blobs: Blobs, blob_size: float, page: Dimensions) -> BentMatch:
    """Fit a displacement grid to a match and pair again, since a flat map misses bubbles near corners of bent paper."""
    nearest = Nearest(blobs.centres, blob_size)
    back = ops.inverse(matched.matrix)
    pairs = matched.bubbles, matched.blobs
    unit = blob_size * float(np.sqrt(abs(np.linalg.det(back[:2, :2]))))
    for _ in range(GRID_ROUNDS):
        points = bubbles[pairs[0]]
        offsets = ops.transform(back, blobs.centres[pairs[1]]) - points
        bend, _weights = displacement_grid.fit(
            points,
            offsets,
            np.ones(len(points)),
            page,
            loose=LOOSE_RESIDUAL * unit,
            tight=TIGHT_RESIDUAL * unit,
            stiffness=GRID_STIFFNESS,
        )
        placed = ops.transform(matched.matrix, bubbles + displacement_grid.offsets_at(bend, bubbles, page))
        before, pairs = len(pairs[0]), pairs_of(placed, nearest, PAIRED_WITHIN * blob_size)
        if len(pairs[0]) <= max(before, LEAST_BUBBLES):
            break
    return BentMatch(matched.matrix, bend, len(pairs[0]) / len(bubbles), pairs[0])


@kept_with_owner
def _pattern(reference: Reference) -> Pattern:
    """Return the bubbles of the most common size."""
    common = reference.common
    sizes = np.sqrt(reference.bubbles[common, 2] * reference.bubbles[common, 3])
    return Pattern.of(reference.centres[common], float(np.median(sizes)) * PRINTED_PART)


def _common_sizes(blobs: Blobs, bubbles: int) -> list[float]:
    """Return the sizes that many blobs share, the most common first."""
    if not len(blobs):
        return []
    logs = np.log(blobs.sizes)
    centres = np.arange(logs.min(), logs.max() + SIZE_STEP, SIZE_STEP)
    counts = np.array([(np.abs(logs - centre) < SIZE_HALF_WIDTH).sum() for centre in centres])
    sizes: list[float] = []
    while len(sizes) < MOST_SIZES and counts.max() >= max(LEAST_BUBBLES, LEAST_OF_ONE_SIZE * bubbles):
        at = int(np.argmax(counts))
        sizes.append(float(np.exp(np.median(logs[np.abs(logs - centres[at]) < SIZE_HALF_WIDTH]))))
        counts[np.abs(centres - centres[at]) < SIZES_APART] = 0
    return sizes
