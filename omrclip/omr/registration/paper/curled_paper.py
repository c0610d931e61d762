"""A model of curled paper, and its image in a camera.

Paper does not stretch: it bends along parallel lines only (a generalized cylinder, the developable surface of a sheet
that was rolled or folded, or that lies on something). The curvature across these lines is piecewise linear. The camera
shows the flat sheet by a homography. Together with the focal length, this gives the direction of height in the scan.

Lengths on the page are in units of its longer side, from its centre; in the scan of half its diagonal, from its centre.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points

CURVATURES = 10
"""Nodes of the curvature across the bending lines, over the diagonal of the page."""
LEAST_NORM = 1e-12
"""Least length of a vector that is divided by."""
SAMPLES = 65
"""Points of the profile across the bending lines, from which slope and height are interpolated."""


@dataclass(frozen=True, slots=True, eq=False)
class CurledPaper:
    """A sheet and its image in a camera.

    Attributes:
        diagonal: the diagonal of the page, in units of its longer side.
        focal: the focal length of the camera, in half diagonals of the scan.
        homography: (3, 3) float64 the flat sheet → scan.
        curvature: (CURVATURES,) float64; 1 is a radius of the page's longer side.
        ruling: the direction across the bending lines, radians from the page's x axis.
    """

    diagonal: float
    focal: float
    homography: ops.Matrix
    curvature: npt.NDArray[np.float64]
    ruling: float

    @property
    def across(self) -> npt.NDArray[np.float64]:
        """(2,) float64 the direction in which the paper bends."""
        return np.array([np.cos(self.ruling), np.sin(self.ruling)])

    @property
    def height(self) -> npt.NDArray[np.float64]:
        """(3,) float64 how a place of the flat sheet moves in the scan, homogeneous, as it rises to the camera."""
        camera = np.array([self.focal, self.focal, 1.0])
        flat = self.homography / camera[:, None]
        (a, b), (c, d), (e, f) = flat[:, :2].tolist()
        upright = np.array([c * f - e * d, e * b - a * f, a * d - c * b])
        upright /= np.sqrt(max(float(np.linalg.norm(upright)), LEAST_NORM))
        return np.asarray(upright * camera * (-1 if flat[2, 2] * upright[2] > 0 else 1))

    def to_scan(self, page: Points) -> Points:
        """Return (n, 2) where a perfect lens shows places (n, 2) of the page."""
        image = place(self, page).image
        return np.asarray(image[:, :2] / image[:, 2:])


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Places on a curled sheet.

    Attributes:
        image: (n, 3) float64 the image of each place, homogeneous.
        height_by: (n, CURVATURES) float64 the derivative of its height by each curvature.
        lost_by: (n, CURVATURES) float64 the derivative of its shift towards the centre, across the lines.
        turning: (n, 3) float64 the derivative of its x, y and height by the direction of the lines.
    """

    image: Points
    height_by: Points
    lost_by: Points
    turning: Points


def place(paper: CurledPaper, page: Points) -> Placed:
    """Raise places (n, 2) of the flat page to their height, and shift them inwards by the length lost to height."""
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
    """Return (SAMPLES, CURVATURES) slope and height, 0 in the middle, of profiles of length 1 with one curved node."""
    at = np.linspace(0, CURVATURES - 1, SAMPLES)
    slope = _summed(np.maximum(1 - np.abs(at[:, None] - np.arange(CURVATURES)), 0))
    return slope, _summed(slope)


def _summed(values: Points) -> Points:
    """Return the integral over the length of the profile from its middle."""
    sums = np.cumsum((values[1:] + values[:-1]) / (2 * (SAMPLES - 1)), axis=0)
    return np.asarray(np.vstack([np.zeros((1, values.shape[1])), sums]) - sums[SAMPLES // 2 - 1])
