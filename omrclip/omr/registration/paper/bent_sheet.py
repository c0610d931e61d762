"""Fit a curled sheet of paper to a few places that were found, to extrapolate to the rest of the page.

The parameters of a sheet (`curled_paper`), one of the lens (as in `lens`) and unknown shifts of the places themselves
are fitted by Gauss-Newton steps, with a penalty on curvature and lens. Several directions of bending are tried, and
those with the least cost are kept. Whether the paper bends at all is decided by the evidence (MacKay, Neural
Computation 4, 1992), which weighs the residuals against how precisely the parameters had to be chosen.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper import displacement_grid, lens
from omrclip.omr.registration.paper.curled_paper import CURVATURES, CurledPaper, place

FOCAL = 0.85
"""Focal length of the camera, in the scan's longer side: phones have 0.7 to 0.9, seldom more."""
BENT, FLAT, SCANNED = (0.6, 0.03), (0.05, 0.03), (0.001, 0.0005)
"""Expected size of curvature and lens coefficient of bent paper, flat paper, and flatbed scans. A curvature of 0.6 is a
radius of half a metre for A4 paper."""
DIRECTIONS = 8
"""Directions of bending that are tried, over half a turn."""
DIRECTIONS_KEPT = 2
"""Directions with the least cost whose fit is completed."""
FIRST_STEPS, STEPS = 2, 6
"""Gauss-Newton steps of a trial with a fixed direction, and of a complete fit."""
MOST_TURN = 0.3
"""Radians by which one step may turn the direction of displacement_grid."""
FREE_DIRECTION, FIXED_DIRECTION = 1e-2, 1e9
"""Weights of the penalty on turning the direction of bending: free, and fixed."""
DAMPING = 1e-3
"""Weight of the penalty on steps of the homography, which keeps the system of equations regular."""
LOOSE, TIGHT = (20.0, 12.0), (8.0, 6.0)
"""Deviations at which a place loses three quarters of its weight, step by step; in a trial, and in a complete fit."""
OUTLIER = 5.0
"""Deviations at which a place adds half of its square to the cost: places further off add little more."""
LEAST_NORM = 1e-12
"""Least length of a vector that is divided by."""
HOMOGRAPHY = 8
"""Free parameters of a homography, the first in the order of the parameters."""
LENS_AT = HOMOGRAPHY + CURVATURES
RULING_AT = LENS_AT + 1
AMOUNTS_AT = RULING_AT + 1


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Places of a page, and where the scan shows them.

    Attributes:
        page: (n, 2) float64 page pixels.
        in_scan: (n, 2) float64 scan pixels.
        weights: (n,) float64, 1 for a place with the usual deviation.
        across: (n, 2) float64 a unit vector on the page for a place on a line, whose position is known only across the
            line; zero for others.
        slides: (n, 2, m) float64 page pixels: the shift of each place on the page per unit of each of m unknown
            amounts.
        slack: (m,) float64 the expected size of these amounts.
    """

    page: Points
    in_scan: Points
    weights: npt.NDArray[np.float64]
    across: Points
    slides: npt.NDArray[np.float64]
    slack: npt.NDArray[np.float64]

    @property
    def lines(self) -> npt.NDArray[np.bool_]:
        """(n,) bool, which places are known only across a line."""
        return np.asarray(self.across.any(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class BentSheet:
    """A map page → scan, and its residuals.

    Attributes:
        matrix: (3, 3) float64, for page points that `bend` has moved.
        bend: the displacement grid, see `displacement_grid.DisplacementGrid`.
        misses: (n, 2) float64 the residual of each place, page pixels; for a place on a line only across the line.
    """

    matrix: ops.Matrix
    bend: displacement_grid.DisplacementGrid
    misses: Points


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The fitted parameters: of the paper, of the lens, and the (m,) amounts."""

    paper: CurledPaper
    lens: float
    amounts: npt.NDArray[np.float64]

    @property
    def held(self) -> npt.NDArray[np.float64]:
        """All parameters in order; zeros for those that have no penalty on their size."""
        return np.concatenate([np.zeros(HOMOGRAPHY), self.paper.curvature, [self.lens, 0.0], self.amounts])

    def changed(self, change: npt.NDArray[np.float64]) -> "_Sheet":
        paper = replace(
            self.paper,
            homography=self.paper.homography + np.append(change[:HOMOGRAPHY], 0.0).reshape(3, 3),
            curvature=self.paper.curvature + change[HOMOGRAPHY:LENS_AT],
            ruling=self.paper.ruling + float(np.clip(change[RULING_AT], -MOST_TURN, MOST_TURN)),
        )
        return _Sheet(paper, self.lens + float(change[LENS_AT]), self.amounts + change[AMOUNTS_AT:])


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """A sheet, its cost, and the negative logarithm of its evidence."""

    sheet: _Sheet
    cost: float
    evidence: float


def fit_bent_sheet(seen: Seen, page: Dimensions, scan: Dimensions, deviation: float) -> BentSheet:
    """Fit a sheet, bent no more than the places require.

    Args:
        seen: at least four places that are not on lines, not all collinear.
        page: the page's Dimensions.
        scan: the scan's.
        deviation: the usual deviation of a place, page pixels.
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
    back, nodes = ops.inverse(matrix), displacement_grid.nodes(page)

    def on_flat_page(places: Points) -> Points:
        """Return where places of the scaled page would lie on a flat sheet, page pixels."""
        ideal = best.paper.to_scan(places) * unit + scan_middle
        return ops.transform(back, lens.distorted(ideal, scan, best.lens))

    moved = on_flat_page((nodes - middle) / longer) - nodes
    misses = ops.transform(back, seen.in_scan) - on_flat_page(scaled.page + scaled.slides @ best.amounts)
    lines = seen.lines
    misses[lines] = seen.across[lines] * (seen.across[lines] * misses[lines]).sum(axis=1, keepdims=True)
    return BentSheet(matrix, moved.reshape(*displacement_grid.NODES, 2).astype(np.float32), misses)


def _flat(seen: Seen) -> ops.Matrix:
    points = ~seen.lines
    found, _ = cv2.findHomography(seen.page[points], seen.in_scan[points], 0)
    return np.eye(3) if found is None else np.asarray(found, dtype=np.float64)


def _best(seen: Seen, start: _Sheet, deviation: float) -> _Sheet:
    turned = [replace(start, paper=replace(start.paper, ruling=np.pi * n / DIRECTIONS)) for n in range(DIRECTIONS)]
    tried = [_fit(seen, sheet, deviation, BENT, FIXED_DIRECTION) for sheet in turned]
    tried.sort(key=lambda fit: fit.cost)
    found = [_fit(seen, fit.sheet, deviation, BENT, FREE_DIRECTION) for fit in tried[:DIRECTIONS_KEPT]]
    found += [_fit(seen, start, deviation, expected, FREE_DIRECTION) for expected in (FLAT, SCANNED)]
    return min(found, key=lambda fit: fit.evidence).sheet


def _fit(seen: Seen, sheet: _Sheet, deviation: float, expected: tuple[float, float], ruling: float) -> _Fit:
    """Fit by Gauss-Newton steps from a sheet; `ruling` is the weight of the penalty on turning the direction."""
    usual = np.append(np.full(CURVATURES, expected[0]), expected[1])
    held = np.concatenate([np.full(HOMOGRAPHY, DAMPING), usual**-2, [ruling], seen.slack**-2])
    steps, loose = (FIRST_STEPS, LOOSE) if ruling == FIXED_DIRECTION else (STEPS, TIGHT)
    normal = np.diag(held)
    for step in range(steps):
        left, by_number = _linearised(seen, sheet)
        spread = _spread(sheet, deviation)
        far = (left**2).sum(axis=1) / (loose[min(step, len(loose) - 1)] * spread) ** 2
        trust = np.sqrt(seen.weights) / (1 + far) / spread
        rows = (by_number * trust[:, None, None]).reshape(-1, len(held))
        normal = rows.T @ rows + np.diag(held)
        pull = rows.T @ (left * trust[:, None]).ravel() - held * sheet.held
        # OpenCV's solver stays on this thread: waking other threads takes longer than solving such a small system.
        _, change = cv2.solve(normal, pull[:, None], flags=cv2.DECOMP_CHOLESKY)
        sheet = sheet.changed(np.asarray(change[:, 0], dtype=np.float64))
    left, _ = _linearised(seen, sheet)
    far = (left**2).sum(axis=1) / _spread(sheet, deviation) ** 2
    cost = float((seen.weights * far / (1 + far / OUTLIER**2)).sum() + (held * sheet.held**2).sum())
    bends = slice(HOMOGRAPHY, RULING_AT)
    flat = slice(HOMOGRAPHY)
    of_bends = normal[bends, bends] - normal[bends, flat] @ np.linalg.solve(normal[flat, flat], normal[flat, bends])
    return _Fit(sheet, cost, cost + float(np.linalg.slogdet(of_bends)[1]) + 2 * float(np.log(usual).sum()))


def _spread(sheet: _Sheet, deviation: float) -> float:
    """Return a deviation on the page in units of the scan, at the centre of the page."""
    homography = sheet.paper.homography
    return deviation * float(np.linalg.norm(homography[:2, 0] / homography[2, 2]))


def _linearised(seen: Seen, sheet: _Sheet) -> tuple[Points, npt.NDArray[np.float64]]:
    """Return (n, 2) the residuals, and (n, 2, parameters) the derivatives of the places by each parameter."""
    paper, page = sheet.paper, seen.page + seen.slides @ sheet.amounts
    placed = place(paper, page)
    flat, height, depth = paper.homography, paper.height, placed.image[:, 2:]
    at = placed.image[:, :2] / depth

    def shown(direction: npt.NDArray[np.float64]) -> Points:
        """Return (n, 2) how places move in the scan when they move by (n, 3) or (1, 3) homogeneous coordinates."""
        return np.asarray((direction[:, :2] - at * direction[:, 2:]) / depth)

    bare = np.column_stack([page, np.ones(len(page))]) / depth
    squared = (seen.in_scan**2).sum(axis=1, keepdims=True)
    by_number = np.zeros((len(page), 2, AMOUNTS_AT + len(sheet.amounts)))
    by_number[:, 0, 0:3] = by_number[:, 1, 3:6] = bare
    by_number[:, :, 6:HOMOGRAPHY] = -at[:, :, None] * bare[:, None, :2]
    by_number[:, :, HOMOGRAPHY:LENS_AT] = (
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
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), LEAST_NORM)
    left[lines] = normal * (normal * left[lines]).sum(axis=1, keepdims=True)
    by_number[lines] = normal[:, :, None] * (normal[:, None] @ by_number[lines])
    return left, by_number
