"""Registration by the printed bubbles as a point pattern: takes the template alone, no image of the blank page."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.blobs import Blobs, blobs_of
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.registration import Candidate, Rejected
from omrclip.omr.registration.strategies.point_patterns import Nearest, PatternMap, lay, pairs_of

SEARCHED_SIDES = (1200, 2000)
"""Longer sides in pixels at which bubbles are looked for: small ones blur at the first, noise breaks up the second."""
LEAST_BUBBLES = 8
LEAST_SCORE = 0.6
MODES = 3
FEW_PIXELS = 9.0
MOST_BLOBS = 600
SURE = 0.9
STIFFNESS = 0.02
TIGHT = 0.3
BENDING_ROUNDS = 4
LEAST_INSIDE, MOST_LOST = 0.75, 0.02
PRINTED_PART = 0.92
"""How much of the root of its box's area a bubble has: discs have 0.89, squares 1."""
SEARCH = 6

Points = npt.NDArray[np.float64]


def by_bubbles(reference: Reference, levels: ImagePyramid) -> list[Candidate] | Rejected:
    """Find bubble-like shapes of one size in the scan, and lay the template's onto them: the best ways first."""
    if len(reference.bubbles) < LEAST_BUBBLES:
        return Rejected(f"bubbles: the template has {len(reference.bubbles)}, at least {LEAST_BUBBLES} tell the page")
    coarse, fine = SEARCHED_SIDES
    found = _by_bubbles(reference, levels, coarse)
    if isinstance(found, Rejected) and max(levels.dimensions.width, levels.dimensions.height) > coarse:
        return _by_bubbles(reference, levels, fine)
    return found


def _by_bubbles(reference: Reference, levels: ImagePyramid, side: int) -> list[Candidate] | Rejected:
    blobs, reduction = blobs_of(levels, side)
    bubbles, size = _of_one_size(reference)
    maps: list[Laid] = []
    for blob_size in _common_sizes(blobs, len(bubbles)):
        similar = blobs.only((blobs.sizes > 0.68 * blob_size) & (blobs.sizes < 1.45 * blob_size))
        if blob_size < FEW_PIXELS or len(similar) > MOST_BLOBS + 3 * len(bubbles):
            continue
        found = lay(bubbles, size, similar.centres, blob_size)
        maps += [_bent(bubbles, laid, similar, blob_size, reference.page) for laid in found if _near(laid, found[0])]
        if maps and max(laid.score for laid in maps) > SURE:
            break
    maps.sort(key=lambda laid: -laid.score)
    if not maps or maps[0].score < LEAST_SCORE:
        best = f" (the best fits {maps[0].score:.0%})" if maps else ""
        return Rejected(f"bubbles: no arrangement like the template's was found among {len(blobs)} shapes{best}")
    lost = [_lost(reference, levels, laid, reduction) for laid in maps]
    believed = [laid for laid, why in zip(maps, lost, strict=True) if why is None and laid.score >= LEAST_SCORE]
    if not believed:
        return next(why for why in lost if why is not None)
    to_scan = np.diag([reduction, reduction, 1])
    return [Candidate("bubbles", to_scan @ laid.matrix, laid.bend, SEARCH) for laid in believed]


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A pattern map on bent paper.

    Attributes:
        matrix, bend: the map.
        score: 0 to 1, how many of the bubbles fell onto blobs.
        paired: those that did.
    """

    matrix: ops.Matrix
    bend: bending.Bend
    score: float
    paired: npt.NDArray[np.intp]


def _lost(reference: Reference, levels: ImagePyramid, laid: Laid, reduction: float) -> Rejected | None:
    """Why a map is not believed though most bubbles fit: whole boxes of them do not, as when it is some rows off."""
    common = reference.common
    bubbles, boxes = reference.centres[common], reference.boxes[common]
    seen = ops.transform(laid.matrix, bubbles + bending.offsets_at(laid.bend, bubbles, reference.page)) * reduction
    scan = levels.dimensions
    inside = ((seen > 0) & (seen < [scan.width, scan.height])).all(axis=1)
    if inside.mean() < LEAST_INSIDE:
        return Rejected(f"bubbles: only {inside.mean():.0%} of the bubbles would lie in the picture")
    paired = np.isin(np.arange(len(bubbles)), laid.paired)
    empty = set(boxes[inside].tolist()) - set(boxes[inside & paired].tolist())
    if len(empty) > max(1, MOST_LOST * len(set(boxes[inside].tolist()))):
        return Rejected(f"bubbles: {len(empty)} elements would have no bubbles where these must be printed")
    return None


def _near(laid: PatternMap, best: PatternMap) -> bool:
    return laid.score > best.score - 0.15


def _bent(bubbles: Points, laid: PatternMap, blobs: Blobs, blob_size: float, page: Dimensions) -> Laid:
    """Let the map bend where the blobs say so, and count again: flat, bent paper loses the bubbles of its corners."""
    nearest = Nearest(blobs.centres, blob_size)
    back = ops.inverse(laid.matrix)
    pairs = laid.bubbles, laid.blobs
    unit = blob_size * float(np.sqrt(abs(np.linalg.det(back[:2, :2]))))
    for _ in range(BENDING_ROUNDS):
        points = bubbles[pairs[0]]
        offsets = ops.transform(back, blobs.centres[pairs[1]]) - points
        bend, _weights = bending.fit(
            points, offsets, np.ones(len(points)), page, loose=0.4 * unit, tight=0.1 * unit, stiffness=STIFFNESS
        )
        placed = ops.transform(laid.matrix, bubbles + bending.offsets_at(bend, bubbles, page))
        before, pairs = len(pairs[0]), pairs_of(placed, nearest, TIGHT * blob_size)
        if len(pairs[0]) <= max(before, LEAST_BUBBLES):
            break
    return Laid(laid.matrix, bend, len(pairs[0]) / len(bubbles), pairs[0])


def _of_one_size(reference: Reference) -> tuple[npt.NDArray[np.float64], float]:
    """The centres of the bubbles of the most common size, and the root of the area of one."""
    common = reference.common
    sizes = np.sqrt(reference.bubbles[common, 2] * reference.bubbles[common, 3])
    return reference.centres[common], float(np.median(sizes)) * PRINTED_PART


def _common_sizes(blobs: Blobs, bubbles: int) -> list[float]:
    """The sizes that many blobs have, the most common first."""
    if not len(blobs):
        return []
    logs = np.log(blobs.sizes)
    centres = np.arange(logs.min(), logs.max() + 0.05, 0.05)
    counts = np.array([(np.abs(logs - centre) < 0.18).sum() for centre in centres])
    sizes: list[float] = []
    while len(sizes) < MODES and counts.max() >= max(LEAST_BUBBLES, 0.3 * bubbles):
        at = int(np.argmax(counts))
        sizes.append(float(np.exp(np.median(logs[np.abs(logs - centres[at]) < 0.18]))))
        counts[np.abs(centres - centres[at]) < 0.3] = 0
    return sizes
