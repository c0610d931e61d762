"""Registration by the printed bubbles as a point pattern: takes the template alone, no image of the blank page."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration import bend as bending
from omrclip.omr.registration.blobs import Blobs, find_blobs
from omrclip.omr.registration.lattice import Nearest, PatternMap, lay, pairs_of, score
from omrclip.omr.registration.levels import ScanLevels
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.rough import RoughMap

SEARCHED_SIDES = (1200, 2000)
"""Longer sides in pixels at which bubbles are looked for: small ones blur at the first, noise breaks up the second."""
LEAST_BUBBLES = 8
LEAST_SCORE = 0.6
LEAST_LEAD = 2.0
"""By how many bubbles the best map must be better than the next."""
MODES = 3
FEW_PIXELS = 9.0
MOST_BLOBS = 600
SURE = 0.9
STIFFNESS = 0.02
TIGHT = 0.3
SEARCH = 6

Points = npt.NDArray[np.float64]


def by_bubbles(reference: Reference, levels: ScanLevels) -> RoughMap | str:
    """Find bubble-like shapes of one size in the scan, and lay the template's bubbles onto them."""
    if len(reference.bubbles) < LEAST_BUBBLES:
        return f"bubbles: the template has {len(reference.bubbles)}, at least {LEAST_BUBBLES} tell the page"
    reason = ""
    for side in SEARCHED_SIDES:
        found = _by_bubbles(reference, levels, side)
        if isinstance(found, RoughMap):
            return found
        reason = found
        if side >= max(levels.dimensions.width, levels.dimensions.height):
            break
    return reason


def _by_bubbles(reference: Reference, levels: ScanLevels, side: int) -> RoughMap | str:
    grey, reduction = levels.fitted(side)
    blobs = find_blobs(grey)
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
        return f"bubbles: no arrangement like the template's was found among {len(blobs)} shapes{best}"
    best_map = maps[0]
    lead = (best_map.score - max((laid.score for laid in maps[1:]), default=0.0)) * len(bubbles)
    if lead < LEAST_LEAD:
        return "bubbles: the template's bubbles fit the scan in two ways alike"
    matrix = np.diag([reduction, reduction, 1]) @ best_map.matrix
    return RoughMap("bubbles", matrix, best_map.bend, SEARCH)


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A pattern map on bent paper: score 0 to 1."""

    matrix: ops.Matrix
    bend: bending.Bend
    score: float


def _near(laid: PatternMap, best: PatternMap) -> bool:
    return laid.score > best.score - 0.15


def _bent(bubbles: Points, laid: PatternMap, blobs: Blobs, blob_size: float, page: Dimensions) -> Laid:
    """Let the map bend where the blobs say so, and count again: flat, bent paper loses the bubbles of its corners."""
    nearest = Nearest(blobs.centres, blob_size)
    back = ops.inverse(laid.matrix)
    pairs = laid.bubbles, laid.blobs
    unit = blob_size * float(np.sqrt(abs(np.linalg.det(back[:2, :2]))))
    for _ in range(2):
        points = bubbles[pairs[0]]
        offsets = ops.transform(back, blobs.centres[pairs[1]]) - points
        bend, _weights = bending.fit(
            points, offsets, np.ones(len(points)), page, loose=0.4 * unit, tight=0.1 * unit, stiffness=STIFFNESS
        )
        placed = ops.transform(laid.matrix, bubbles + bending.offsets_at(bend, bubbles, page))
        pairs = pairs_of(placed, nearest, TIGHT * blob_size)
        if len(pairs[0]) < LEAST_BUBBLES:
            break
    return Laid(laid.matrix, bend, score(len(pairs[0]), blobs.centres, placed, blob_size))


def _of_one_size(reference: Reference) -> tuple[npt.NDArray[np.float64], float]:
    """The centres of the bubbles of the most common size, and the root of the area of one."""
    sizes = np.sqrt(reference.bubbles[:, 2] * reference.bubbles[:, 3])
    votes = [(np.abs(np.log(sizes / size)) < 0.15).sum() for size in sizes]
    common = sizes[int(np.argmax(votes))]
    chosen = reference.bubbles[np.abs(np.log(sizes / common)) < 0.15]
    return chosen[:, :2] + chosen[:, 2:] / 2, float(common) * 0.92


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
