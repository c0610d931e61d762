"""A lens that bends straight lines."""

from typing import Final

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import PageMap, Points

UNDOING_ROUNDS: Final = 8


class ThroughLens(PageMap):
    """A map whose image is taken through a lens: in the image's corners, points lie further from its middle by
    `distortion` of their distance (below 0, as with wide angles: nearer), elsewhere by the square of it.
    """

    def __init__(self, straight: PageMap, distortion: float, dimensions: Dimensions) -> None:
        self._straight = straight
        self.curl = straight.curl
        self._distortion = distortion
        self._middle = np.array([dimensions.width, dimensions.height]) / 2

    def to_image(self, points: Points) -> Points:
        away = self._straight.to_image(points) - self._middle
        image: Points = self._middle + away * self._stretch(away)
        return image

    def to_paper(self, points: Points) -> Points:
        seen = points - self._middle
        away = seen
        for _ in range(UNDOING_ROUNDS):
            away = seen / self._stretch(away)
        return self._straight.to_paper(self._middle + away)

    def _stretch(self, away: Points) -> Points:
        stretch: Points = 1.0 + self._distortion * np.sum(away**2, axis=1, keepdims=True) / np.sum(self._middle**2)
        return stretch
