"""RegisteredPage: a scan seen through its registration, as an ImageSource in template pixels."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.density import Density, density_of
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import OVERSAMPLING, ImageSource, level_factor
from omrclip.omr.registration.find import Registration

ALIKE_SIDES = 0.02
"""Relative difference of opposite sides of a page up to which its pixels have a single density. In seven scans of
flatbeds it is 0.006 at most, in four photos 0.043 or more.
"""


class ReducibleImage(ImageSource, Protocol):
    """A scan that returns all its pixels, also at 1/2, 1/4, … up to 1/`most_reduction`."""

    @property
    def most_reduction(self) -> int:
        """A power of two. It is 1 if there is only the original scale."""
        ...

    def reduced(self, reduction: int) -> Pixels:
        """(height, width, 3) uint8 BGR. Each pixel covers reduction × reduction pixels of the scan."""
        ...

    def missing_bytes(self, reduction: int) -> int:
        """The memory in bytes that `reduced` needs now; 0 for pixels in memory."""
        ...

    def in_srgb(self, pixels: Pixels) -> Pixels:
        """Convert pixels from the colors of the scan's profile to sRGB."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredPage:
    """The template page, computed from the pixels of a scan when it is read. Only the requested box is warped."""

    scan: ReducibleImage
    registration: Registration

    @property
    def dimensions(self) -> Dimensions:
        """The template page's Dimensions."""
        return self.registration.page

    @property
    def density(self) -> Density | None:
        """See `page_density`."""
        return page_density(self.registration, self.scan.density)

    @property
    def is_grey(self) -> bool:
        """Whether the scan is grayscale."""
        return self.scan.is_grey

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`. The scan's own pixels if scan and template coincide, else they are resampled once."""
        if self.registration.is_identity:
            return self.scan.read(box, out)
        out_to_scan = self._out_to_scan(box, out)
        reduction = self.reduction(box, out)
        out_to_reduced = np.diag([1 / reduction, 1 / reduction, 1.0]) @ out_to_scan
        # The last pixel of a level covers less of the page than the others, and a part of it lies outside.
        is_level = level_factor(box, out, self.dimensions) is not None
        slack = ops.sampling_step(out_to_reduced, out) if is_level else 0.01
        pixels = self.scan.reduced(reduction)
        if self.registration.bend is None:
            return self.scan.in_srgb(ops.warp(pixels, out_to_reduced, out, slack=slack))
        return self.scan.in_srgb(ops.warp_bent(pixels, self._bent(box, out, reduction), out, slack=slack))

    def cost(self, box: Box, out: Dimensions) -> int:
        """See `ImageSource.cost`."""
        if self.registration.is_identity:
            return self.scan.cost(box, out)
        return self.scan.missing_bytes(self.reduction(box, out))

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:
        """See `ImageSource.stored_jpeg`."""
        return self.scan.stored_jpeg(box, out) if self.registration.is_identity else None

    def _bent(self, box: Box, out: Dimensions, reduction: int) -> ops.PointMap:
        out_to_page = self._out_to_page(box, out)

        def out_to_reduced(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return self.registration.to_scan(ops.transform(out_to_page, points)) / reduction

        return out_to_reduced

    def _out_to_scan(self, box: Box, out: Dimensions) -> ops.Matrix:
        return self.registration.page_to_scan @ self._out_to_page(box, out)

    def _out_to_page(self, box: Box, out: Dimensions) -> ops.Matrix:
        factor = level_factor(box, out, self.dimensions)
        across, down = (factor, factor) if factor else (box.width / out.width, box.height / out.height)
        return np.array([[across, 0, box.left], [0, down, box.top], [0, 0, 1]], dtype=np.float64)

    def reduction(self, box: Box, out: Dimensions) -> int:
        """The largest power of two by which the scan can be reduced first, at most half of the ratio to the page.

        At the page's own scale the original pixels of the scan are used, however fine they are. Clips are cut from
        these.
        """
        step = ops.sampling_step(self._out_to_scan(box, out), out)
        most = min(step, box.width / out.width, box.height / out.height) / OVERSAMPLING
        reduction = 1
        while 2 * reduction <= min(most, self.scan.most_reduction):
            reduction *= 2
        return reduction


def page_density(registration: Registration, scan_density: Density | None) -> Density | None:
    """The density of a page in template pixels, from the density of its scan and the lengths of its sides there.

    It is None if the density of the scan is unknown, or if the page is seen obliquely and has no single density.
    """
    if scan_density is None:
        return None
    if registration.is_identity:
        return scan_density
    top, right, bottom, left = sides = _sides(registration, scan_density)
    if not _are_alike(sides):
        return None
    page = registration.page
    return density_of(2 * page.width / (top + bottom), 2 * page.height / (left + right))


def is_seen_straight(registration: Registration) -> bool:
    """Whether the page is seen from above, as by a scanner, and not obliquely, as by a hand-held camera."""
    return _are_alike(_sides(registration, (1.0, 1.0)))


def _sides(registration: Registration, scan_density: Density) -> tuple[float, float, float, float]:
    """The lengths of the page's top, right, bottom and left side in the scan, in inches."""
    corners = registration.to_scan(ops.corners(0, 0, registration.page.width, registration.page.height))
    one, two, three, four = (corners / scan_density).tolist()
    return math.dist(one, two), math.dist(two, three), math.dist(three, four), math.dist(four, one)


def _are_alike(sides: tuple[float, float, float, float]) -> bool:
    top, right, bottom, left = sides
    return abs(top - bottom) <= ALIKE_SIDES * max(top, bottom) and abs(left - right) <= ALIKE_SIDES * max(left, right)
