"""Paper bent as paper bends, and what a camera shows of it.

Paper does not stretch: it bends along parallel lines alone (a generalized cylinder, the developable surface that sheets
take which were rolled, folded or lie on something). Its curvature across these lines is piecewise linear. How the flat
sheet is seen is a homography, from which the camera's angle of view gives the direction in which height shows.

Lengths on the page are in its longer side, from its middle; in the scan in half its diagonal, from its middle.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops

Points = npt.NDArray[np.float64]
CURVATURES = 10
"""Places across the bending lines, over the page's diagonal, whose curvature is a number."""
SAMPLES = 65
"""Of the profile across the lines."""


@dataclass(frozen=True, slots=True, eq=False)
class CurledPaper:
    """A sheet, and how it is seen.

    Attributes:
        diagonal: of the page, in its longer side.
        focal: the camera's focal length, in half diagonals of the scan.
        homography: (3, 3) float64 the flat sheet → scan.
        curvature: (CURVATURES,) float64, 1 is a radius of the page's longer side.
        ruling: the direction across the bending lines, radians from the page's x axis.
    """

    diagonal: float
    focal: float
    homography: ops.Matrix
    curvature: npt.NDArray[np.float64]
    ruling: float

    @property
    def across(self) -> npt.NDArray[np.float64]:
        """(2,) float64 the direction that bends."""
        return np.array([np.cos(self.ruling), np.sin(self.ruling)])

    @property
    def height(self) -> npt.NDArray[np.float64]:
        """(3,) float64 how a place of the flat sheet moves in the scan, homogeneous, when it rises to the camera."""
        camera = np.array([self.focal, self.focal, 1.0])
        flat = self.homography / camera[:, None]
        (a, b), (c, d), (e, f) = flat[:, :2].tolist()
        upright = np.array([c * f - e * d, e * b - a * f, a * d - c * b])
        upright /= np.sqrt(max(float(np.linalg.norm(upright)), 1e-12))
        return np.asarray(upright * camera * (-1 if flat[2, 2] * upright[2] > 0 else 1))

    def to_scan(self, page: Points) -> Points:
        """(n, 2) where a perfect lens shows places (n, 2) of the page."""
        image = place(self, page).image
        return np.asarray(image[:, :2] / image[:, 2:])


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Places on a curled sheet.

    Attributes:
        image: (n, 3) float64 where each is seen, homogeneous.
        height_by: (n, CURVATURES) float64 how much it rises with each curvature.
        lost_by: (n, CURVATURES) float64 how much it is drawn towards the middle, across the lines.
        turning: (n, 3) float64 how it moves, x, y and height, when the lines turn.
    """

    image: Points
    height_by: Points
    lost_by: Points
    turning: Points


def place(paper: CurledPaper, page: Points) -> Placed:
    """Raise places (n, 2) of the flat page to their height, and draw them together by the length that is lost to it."""
    slope_of, height_of = _profile()
    diagonal, across = paper.diagonal, paper.across
    slope = diagonal * slope_of @ paper.curvature
    lost = diagonal * _summed((slope**2 / 2)[:, None])
    lost_of = diagonal**2 * _summed(slope[:, None] * slope_of)
    table = np.hstack([slope[:, None], lost, diagonal**2 * height_of, lost_of])
    at = (page @ across / diagonal + 0.5) * (SAMPLES - 1)
    before = np.clip(at.astype(np.intp), 0, SAMPLES - 2)
    part = (at - before)[:, None]
    steep, shorter, height_by, lost_by = np.split(
        table[before] * (1 - part) + table[before + 1] * part, [1, 2, 2 + CURVATURES], axis=1
    )
    drawn = np.column_stack([page - shorter * across, np.ones(len(page))])
    image = drawn @ paper.homography.T + (height_by @ paper.curvature)[:, None] * paper.height
    along = np.array([-across[1], across[0]])
    moved = (page @ along)[:, None]
    turning = np.hstack([-(steep**2 / 2 * moved * across + shorter * along), steep * moved])
    return Placed(image, height_by, lost_by, turning)


@lru_cache(maxsize=1)
def _profile() -> tuple[Points, Points]:
    """(SAMPLES, CURVATURES) slope and height, 0 in the middle, over a profile of length 1 that is bent at one place."""
    at = np.linspace(0, CURVATURES - 1, SAMPLES)
    slope = _summed(np.maximum(1 - np.abs(at[:, None] - np.arange(CURVATURES)), 0))
    return slope, _summed(slope)


def _summed(values: Points) -> Points:
    """The integral over the profile's length from its middle."""
    sums = np.cumsum((values[1:] + values[:-1]) / (2 * (SAMPLES - 1)), axis=0)
    return np.asarray(np.vstack([np.zeros((1, values.shape[1])), sums]) - sums[SAMPLES // 2 - 1])
