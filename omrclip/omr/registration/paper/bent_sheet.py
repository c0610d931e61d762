"""The curled sheet of paper that was seen, from few places of it: it tells of those far from all that was seen too.

The numbers of a sheet (`curled_paper`), one of the lens (as in `lens`) and what is not known of the places themselves
are found by Gauss-Newton steps, curvature and lens drawn towards none. The direction in which the paper bends is taken
from several by what they leave; whether it bends at all, by the evidence (MacKay, Neural Computation 4, 1992: what is
left, and how finely the numbers had to be chosen for it).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.paper import lens
from omrclip.omr.registration.paper.curled_paper import CURVATURES, CurledPaper, place

Points = npt.NDArray[np.float64]
FOCAL = 0.85
"""The camera's focal length in the scan's longer side: that of phones is 0.7 to 0.9, seldom more."""
BENT, FLAT, SCANNED = (0.6, 0.03), (0.05, 0.03), (0.001, 0.0005)
"""How large curvature and lens may be expected: 0.6 is a radius of half a metre for A4 paper."""
DIRECTIONS = 8
FIRST_STEPS, STEPS = 2, 6
MOST_TURN = 0.3
FREE, FIXED = 1e-2, 1e9
DAMPING = 1e-3
LOOSE, TIGHT = (20.0, 12.0), (8.0, 6.0)
"""Deviations at which what was seen loses three quarters of its weight, step by step."""
OUTLIER = 5.0
LENS_AT = 8 + CURVATURES
RULING_AT = LENS_AT + 1
AMOUNTS_AT = RULING_AT + 1


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Places of a page, and where they were seen.

    Attributes:
        page: (n, 2) float64 page pixels.
        in_scan: (n, 2) float64 scan pixels.
        weights: (n,) float64, 1 for a place seen with the usual deviation.
        across: (n, 2) float64 a unit vector on the page, for a place of a line of which only what lies across it was
            seen; zero for others.
        slides: (n, 2, m) float64 page pixels: m amounts are not known by which places lie elsewhere on the page, each
            by this much for an amount of 1.
        slack: (m,) float64 how large these amounts may be expected.
    """

    page: Points
    in_scan: Points
    weights: npt.NDArray[np.float64]
    across: Points
    slides: npt.NDArray[np.float64]
    slack: npt.NDArray[np.float64]

    @property
    def lines(self) -> npt.NDArray[np.bool_]:
        """(n,) whether only what lies across was seen."""
        return np.asarray(self.across.any(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class BentSheet:
    """A map page → scan, and what it leaves of what was seen.

    Attributes:
        matrix: (3, 3) float64, of page points that `bend` has moved.
        bend: see `bend.Bend`.
        misses: (n, 2) float64 by how many page pixels each place was seen elsewhere; of a line's across it alone.
    """

    matrix: ops.Matrix
    bend: bending.Bend
    misses: Points


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The numbers sought: of the paper, of the lens, and the (m,) amounts."""

    paper: CurledPaper
    lens: float
    amounts: npt.NDArray[np.float64]

    @property
    def held(self) -> npt.NDArray[np.float64]:
        """All numbers in their order; those that are not drawn towards zero as zeros."""
        return np.concatenate([np.zeros(8), self.paper.curvature, [self.lens, 0.0], self.amounts])

    def changed(self, change: npt.NDArray[np.float64]) -> "_Sheet":
        paper = replace(
            self.paper,
            homography=self.paper.homography + np.append(change[:8], 0.0).reshape(3, 3),
            curvature=self.paper.curvature + change[8:LENS_AT],
            ruling=self.paper.ruling + float(np.clip(change[RULING_AT], -MOST_TURN, MOST_TURN)),
        )
        return _Sheet(paper, self.lens + float(change[LENS_AT]), self.amounts + change[AMOUNTS_AT:])


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """A sheet, what it costs, and how badly it is supported."""

    sheet: _Sheet
    cost: float
    evidence: float


def fit_bent_sheet(seen: Seen, page: Dimensions, scan: Dimensions, deviation: float) -> BentSheet:
    """The sheet that was seen, bent no more than what was seen asks for.

    Args:
        seen: at least four places that are no lines', not all in one line.
        page: the page's Dimensions.
        scan: the scan's.
        deviation: the usual one, page pixels.
    """
    longer, middle = max(page.width, page.height), np.array([page.width, page.height]) / 2
    scan_middle, unit = lens.middle(scan)
    scaled = replace(
        seen,
        page=(seen.page - middle) / longer,
        in_scan=(seen.in_scan - scan_middle) / unit,
        slides=seen.slides / longer,
    )
    diagonal, focal = float(np.hypot(page.width, page.height)) / longer, FOCAL * max(scan.width, scan.height) / unit
    start = CurledPaper(diagonal, focal, _flat(scaled), np.zeros(CURVATURES), 0.0)
    best = _best(scaled, _Sheet(start, 0.0, np.zeros(len(seen.slack))), deviation / longer)
    into_scan = np.array([[unit, 0, scan_middle[0]], [0, unit, scan_middle[1]], [0, 0, 1.0]])
    from_page = np.array([[1 / longer, 0, -middle[0] / longer], [0, 1 / longer, -middle[1] / longer], [0, 0, 1.0]])
    matrix = into_scan @ best.paper.homography @ from_page
    back, nodes = ops.inverse(matrix), bending.nodes(page)

    def on_flat_page(places: Points) -> Points:
        """Page pixels of what is seen at places of the scaled page, were the sheet flat."""
        ideal = best.paper.to_scan(places) * unit + scan_middle
        return ops.transform(back, lens.distorted(ideal, scan, best.lens))

    moved = on_flat_page((nodes - middle) / longer) - nodes
    misses = ops.transform(back, seen.in_scan) - on_flat_page(scaled.page + scaled.slides @ best.amounts)
    lines = seen.lines
    misses[lines] = seen.across[lines] * (seen.across[lines] * misses[lines]).sum(axis=1, keepdims=True)
    return BentSheet(matrix, moved.reshape(*bending.NODES, 2).astype(np.float32), misses)


def _flat(seen: Seen) -> ops.Matrix:
    points = ~seen.lines
    found, _ = cv2.findHomography(seen.page[points], seen.in_scan[points], 0)
    return np.eye(3) if found is None else np.asarray(found, dtype=np.float64)


def _best(seen: Seen, start: _Sheet, deviation: float) -> _Sheet:
    turned = [replace(start, paper=replace(start.paper, ruling=np.pi * n / DIRECTIONS)) for n in range(DIRECTIONS)]
    tried = [_fit(seen, sheet, deviation, BENT, FIXED) for sheet in turned]
    tried.sort(key=lambda fit: fit.cost)
    found = [_fit(seen, fit.sheet, deviation, BENT, FREE) for fit in tried[:2]]
    found += [_fit(seen, start, deviation, expected, FREE) for expected in (FLAT, SCANNED)]
    return min(found, key=lambda fit: fit.evidence).sheet


def _fit(seen: Seen, sheet: _Sheet, deviation: float, expected: tuple[float, float], ruling: float) -> _Fit:
    """Gauss-Newton steps from a sheet; `ruling` is how firmly the lines' direction is held."""
    usual = np.append(np.full(CURVATURES, expected[0]), expected[1])
    held = np.concatenate([np.full(8, DAMPING), usual**-2, [ruling], seen.slack**-2])
    steps, loose = (FIRST_STEPS, LOOSE) if ruling == FIXED else (STEPS, TIGHT)
    normal = np.diag(held)
    for step in range(steps):
        left, by_number = _linearised(seen, sheet)
        spread = _spread(sheet, deviation)
        far = (left**2).sum(axis=1) / (loose[min(step, len(loose) - 1)] * spread) ** 2
        trust = np.sqrt(seen.weights) / (1 + far) / spread
        rows = (by_number * trust[:, None, None]).reshape(-1, len(held))
        normal = rows.T @ rows + np.diag(held)
        pull = rows.T @ (left * trust[:, None]).ravel() - held * sheet.held
        # OpenCV's solver stays on this thread; for so small a system waking others takes longer than solving it.
        _, change = cv2.solve(normal, pull[:, None], flags=cv2.DECOMP_CHOLESKY)
        sheet = sheet.changed(np.asarray(change[:, 0], dtype=np.float64))
    left, _ = _linearised(seen, sheet)
    far = (left**2).sum(axis=1) / _spread(sheet, deviation) ** 2
    cost = float((seen.weights * far / (1 + far / OUTLIER**2)).sum() + (held * sheet.held**2).sum())
    bends = slice(8, RULING_AT)
    of_bends = normal[bends, bends] - normal[bends, :8] @ np.linalg.solve(normal[:8, :8], normal[:8, bends])
    return _Fit(sheet, cost, cost + float(np.linalg.slogdet(of_bends)[1]) + 2 * float(np.log(usual).sum()))


def _spread(sheet: _Sheet, deviation: float) -> float:
    """A deviation on the page in scan units, at the page's middle."""
    homography = sheet.paper.homography
    return deviation * float(np.linalg.norm(homography[:2, 0] / homography[2, 2]))


def _linearised(seen: Seen, sheet: _Sheet) -> tuple[Points, npt.NDArray[np.float64]]:
    """(n, 2) what the sheet leaves of what was seen, and (n, 2, numbers) how each number moves the places."""
    paper, page = sheet.paper, seen.page + seen.slides @ sheet.amounts
    placed = place(paper, page)
    flat, height, depth = paper.homography, paper.height, placed.image[:, 2:]
    at = placed.image[:, :2] / depth

    def shown(direction: npt.NDArray[np.float64]) -> Points:
        """(n, 2) how places move in the scan when they move by (n, 3) or (1, 3) in homogeneous coordinates."""
        return np.asarray((direction[:, :2] - at * direction[:, 2:]) / depth)

    bare = np.column_stack([page, np.ones(len(page))]) / depth
    squared = (seen.in_scan**2).sum(axis=1, keepdims=True)
    by_number = np.zeros((len(page), 2, AMOUNTS_AT + len(sheet.amounts)))
    by_number[:, 0, 0:3] = by_number[:, 1, 3:6] = bare
    by_number[:, :, 6:8] = -at[:, :, None] * bare[:, None, :2]
    by_number[:, :, 8:LENS_AT] = (
        shown(height[None])[:, :, None] * placed.height_by[:, None]
        - shown((flat[:, :2] @ paper.across)[None])[:, :, None] * placed.lost_by[:, None]
    )
    by_number[:, :, LENS_AT] = -seen.in_scan * squared
    by_number[:, :, RULING_AT] = shown(placed.turning @ np.vstack([flat[:, :2].T, height]))
    sideways = np.stack([shown(flat[None, :, axis]) for axis in (0, 1)], axis=2)
    by_number[:, :, AMOUNTS_AT:] = sideways @ seen.slides
    left = seen.in_scan * (1 + sheet.lens * squared) - at
    lines = seen.lines
    along = np.column_stack([-seen.across[lines, 1], seen.across[lines, 0]])
    tangent = (sideways[lines] @ along[:, :, None])[:, :, 0]
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    left[lines] = normal * (normal * left[lines]).sum(axis=1, keepdims=True)
    by_number[lines] = normal[:, :, None] * (normal[:, None] @ by_number[lines])
    return left, by_number
