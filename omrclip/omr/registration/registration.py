"""The input and the results of registration."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.paper.displacement_grid import DisplacementGrid, offsets_at
from omrclip.omr.template import Page

LEAST_AGREEING = 0.5
"""Part of the patches, 0 to 1, that must be found in place for a candidate to be accepted."""
IDENTITY_WITHIN_PX = 0.5
"""Pixels by which corners may move for page and scan to coincide: resampling for less would only blur the scan."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of a template before any scan is read.

    Attributes:
        page: the template's page.
        number: its place in the template, from 1.
        image: the encoded image of the blank page; None where there is none.
        is_generated: whether a generator wrote the template; then a JpegQuality of 0 means that no quality was chosen.
        template: the name of the template, if the scans may show pages of several.
        individual: the name or the path of the element that has another value on the sheets of each person; "" if
            none is known.
    """

    page: Page
    number: int
    image: bytes | None = field(default=None, repr=False)
    is_generated: bool = False
    template: str = ""
    individual: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """The map from template page to scan.

    Attributes:
        strategy: the name of the strategy that found it.
        page, scan: the Dimensions of both.
        page_to_scan: (3, 3) float64 projective map of continuous pixel coordinates (x, y).
        bend: (rows, columns, 2) float32 offsets (x, y) in page pixels, None for flat paper. Node (r, c) lies at
            (c · page width / (columns − 1), r · page height / (rows − 1)); between nodes they are interpolated
            bilinearly. A page point p lies in the scan at `page_to_scan`(p + bend(p)).
        matches: (n, 4) float32 (page x, page y, scan x, scan y) of the matched places, for display.
        confidence: 0 to 1, the part of the page's print that was found where the map puts it; None where nothing
            could be verified.
        residual: root mean square distance in page pixels between where the map puts the matched places and where
            they were found; None where the strategy matches nothing.
    """

    strategy: str
    page: Dimensions
    scan: Dimensions
    page_to_scan: ops.Matrix
    bend: npt.NDArray[np.float32] | None = None
    matches: npt.NDArray[np.float32] | None = None
    confidence: float | None = None
    residual: float | None = None

    def to_scan(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Map (n, 2) float64 page points (x, y) into the scan."""
        moved = points if self.bend is None else points + offsets_at(self.bend, points, self.page)
        return ops.transform(self.page_to_scan, moved)

    @property
    def is_identity(self) -> bool:
        """Whether page and scan coincide: equal Dimensions, flat paper, and no corner off by more than half a pixel."""
        if self.page != self.scan or self.bend is not None:
            return False
        corners = ops.corners(0, 0, self.page.width, self.page.height)
        return bool(np.abs(self.to_scan(corners) - corners).max() <= IDENTITY_WITHIN_PX)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A map page → scan that is to be refined.

    Attributes:
        strategy: the name of the strategy that found it.
        page_to_scan: (3, 3) float64.
        bend: the displacement grid; None where the strategy has none.
        search: how far off places may still lie, in pixels of the fine reference; None for the usual distance.
        least_agreeing: the part of the page's print, 0 to 1, that must be found where the map puts it.
    """

    strategy: str
    page_to_scan: ops.Matrix
    bend: DisplacementGrid | None = None
    search: int | None = None
    least_agreeing: float = LEAST_AGREEING


@dataclass(frozen=True, slots=True, eq=False)
class Rejected:
    """Why a strategy has no candidate, or why a candidate is rejected.

    Attributes:
        reason: a sentence for people, without a full stop.
        instead: a candidate that fits better; None where no other is known.
        undecided: whether the candidate fits, but another map fits equally well.
        is_elsewhere: whether too little of the print of the page was found where the candidate puts it.
    """

    reason: str
    instead: Candidate | None = None
    undecided: bool = False
    is_elsewhere: bool = False
