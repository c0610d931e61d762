"""Things in a scan that may be printed bubbles: closed outlines and filled discs of a common size."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.omr.registration.image_pyramid import Grey, ImagePyramid

LEAST_SIDE, MOST_SIDE = 6.0, 120.0
LEAST_FILLED = 0.62
"""How much of its upright box, when turned to fit, a bubble's outline encloses: a disc 0.79, a square 1."""
MOST_LONGER = 3.5
SAME_PLACE = 0.3
MOST_CONTOURS = 40_000
"""More are noise, and would take long to look through."""


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """Closed shapes: (n, 2) float64 centres in continuous pixels, and (n,) float64 sizes, the root of their areas."""

    centres: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sizes)

    def only(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Blobs":
        """Some of them."""
        return Blobs(self.centres[chosen], self.sizes[chosen])


def blobs_of(levels: ImagePyramid, side: int) -> tuple[Blobs, float]:
    """The shapes in a scan that is reduced to `side` pixels, and how many scan pixels each of its pixels has."""

    def find() -> tuple[Blobs, float]:
        grey, reduction = levels.fitted(side)
        return find_blobs(grey), reduction

    return levels.once(("blobs", side), find)


def find_blobs(grey: Grey) -> Blobs:
    """Closed convex shapes in (height, width) uint8, darker than the paper around them; outlines and filled ones."""
    side = max(grey.shape)
    window = max(15, side // 60) | 1
    # Darker than the mean around it by 5 %: light shadows and paper grain are not.
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, 12)
    contours, _ = cv2.findContours(dark, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    if len(contours) > MOST_CONTOURS:
        return Blobs(np.zeros((0, 2)), np.zeros(0))
    found = []
    for contour in contours:
        if len(contour) < 3 * LEAST_SIDE:
            continue
        _, _, width, height = cv2.boundingRect(contour)
        if (
            min(width, height) < LEAST_SIDE
            or max(width, height) > MOST_SIDE
            or max(width, height) > MOST_LONGER * min(width, height)
        ):
            continue
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        (_, _), (across, down), _ = cv2.minAreaRect(hull)
        # A line encloses nothing, and neither does its box.
        if area <= LEAST_FILLED * across * down or cv2.contourArea(contour) < 0.85 * area:
            continue
        moments = cv2.moments(hull)
        found.append((moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5, area**0.5))
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return _outermost(Blobs(table[:, :2], table[:, 2]))


def _outermost(blobs: Blobs) -> Blobs:
    """Of shapes around one centre (an outline's two sides, a letter within) the largest."""
    order = np.argsort(-blobs.sizes)
    cell = 4.0
    taken: dict[tuple[int, int], list[int]] = {}
    kept = []
    for index in order.tolist():
        x, y = blobs.centres[index]
        column, row = int(x // cell), int(y // cell)
        near = [
            other
            for r in range(row - 2, row + 3)
            for c in range(column - 2, column + 3)
            for other in taken.get((c, r), ())
        ]
        if any(np.hypot(*(blobs.centres[other] - (x, y))) < SAME_PLACE * blobs.sizes[other] for other in near):
            continue
        taken.setdefault((column, row), []).append(index)
        kept.append(index)
    return blobs.only(np.array(sorted(kept), dtype=np.intp))
