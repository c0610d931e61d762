"""Values of ChoiceBoxes and Grids from what was measured of their bubbles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.barcodes import glance, read_barcode
from omrclip.omr.marks import Readings, measure
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import FoundPage, Registration
from omrclip.omr.registration.reference import Reference, choice_boxes
from omrclip.omr.registration.refine import View
from omrclip.omr.results import BubbleResult, Corners, ElementResult, ElementStatus, MarkThresholds
from omrclip.omr.template import Barcode, ChoiceBox, Grid, Page, PlacedElement

LEAST_LIKENESS = 0.3
"""The correlation with the printed outline from which on a bubble lies where it was looked for."""
CLEARLY = 2.0
"""How many times another bubble's fill a mark's must be, for the other to be a smudge."""
_UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64)
_WORST_FIRST = (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE, ElementStatus.MARKED, ElementStatus.BLANK)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredBubbles:
    """The bubbles of a page in template order.

    Attributes:
        readings: what was measured of them.
        corners: (n, 4, 2) float64 of their boxes in the scan, pixels.
        inside: (n,) whether they lie in the picture as a whole.
    """

    readings: Readings
    corners: npt.NDArray[np.float64]
    inside: npt.NDArray[np.bool_]


def read_elements(
    found: FoundPage, registered: RegisteredPage, thresholds: MarkThresholds
) -> tuple[ElementResult, ...]:
    """What is read of the page's ChoiceBoxes, Grids and Barcodes, in template order."""
    page, registration = found.known.page, found.registration
    reader = None
    if len(found.reference.bubbles):
        measured = measure_bubbles(page, found.reference, registration, found.view)
        reader = BubbleReader(measured, registration, thresholds)
    results = []
    for element in page.elements:
        if isinstance(element, Barcode):
            code = read_barcode(element, registered, glance(element, registration, found.view))
            results.append(replace(code, corners=corners_in_scan(element, registration)))
        elif isinstance(element, ChoiceBox | Grid):
            results.append(reader.read(element) if reader else unread(element, registration, "It has no bubbles."))
    return tuple(results)


def unread(element: ChoiceBox | Grid, registration: Registration, message: str) -> ElementResult:
    """What is told of an element that cannot be read."""
    corners = corners_in_scan(element, registration)
    return ElementResult(element.name or "", element.type, ElementStatus.UNCERTAIN, corners=corners, message=message)


def measure_bubbles(page: Page, reference: Reference, registration: Registration, view: View) -> MeasuredBubbles:
    """Measure all bubbles of a page in a view of the scan."""
    places, extents = reference.bubbles[:, :2], reference.bubbles[:, 2:]
    corners = registration.to_scan((places[:, None] + extents[:, None] * _UNIT_SQUARE).reshape(-1, 2)).reshape(-1, 4, 2)
    values = [bubble.value for element in page.elements for box in choice_boxes(element) for bubble in box.bubbles]
    scale = np.array(reference.fine.scale)
    centres, radii = places + extents / 2, extents / 2
    blank = (reference.fine.pixels, centres * scale) if reference.printed else None
    in_view = ops.transform(view.scan_to_view, registration.to_scan(centres))
    readings = measure(view.pixels, in_view, radii * scale, values, blank)
    scan = registration.scan
    inside = ((corners >= 0) & (corners <= [scan.width, scan.height])).all(axis=(1, 2))
    return MeasuredBubbles(readings, corners, inside)


class BubbleReader:
    """Reads the ChoiceBoxes and Grids of one page of one scan, asked for in template order."""

    def __init__(self, measured: MeasuredBubbles, registration: Registration, thresholds: MarkThresholds) -> None:
        self._measured = measured
        self._registration = registration
        self._thresholds = thresholds
        self._next = 0

    def read(self, element: ChoiceBox | Grid) -> ElementResult:
        """The next element."""
        return self._choice(element) if isinstance(element, ChoiceBox) else self._grid(element)

    def _grid(self, grid: Grid) -> ElementResult:
        children = tuple(self.read(child) for child in grid.elements if isinstance(child, ChoiceBox | Grid))
        statuses = {child.status for child in children}
        return ElementResult(
            grid.name or "",
            grid.type,
            next((status for status in _WORST_FIRST if status in statuses), ElementStatus.BLANK),
            "".join(child.value for child in children),
            min((child.confidence for child in children), default=0.0),
            children=children,
            corners=corners_in_scan(grid, self._registration),
            message=_told_of(children),
        )

    def _choice(self, box: ChoiceBox) -> ElementResult:
        chosen = slice(self._next, self._next + len(box.bubbles))
        self._next = chosen.stop
        reason = self._unreadable(chosen)
        result = unread(box, self._registration, reason)
        if reason:
            return result
        fills = self._measured.readings.fills[chosen]
        judged = judge(fills, self._thresholds, several=box.multiselect)
        bubbles = tuple(
            BubbleResult(bubble.value, round(float(fill), 3), bool(marked), as_corners(corners))
            for bubble, fill, marked, corners in zip(
                box.bubbles, fills, judged.marked, self._measured.corners[chosen], strict=True
            )
        )
        return replace(
            result,
            status=judged.status,
            value="".join(bubble.value for bubble in bubbles if bubble.marked),
            confidence=round(judged.confidence, 3),
            bubbles=bubbles,
            message=judged.message,
        )

    def _unreadable(self, chosen: slice) -> str:
        if chosen.start == chosen.stop:
            return "It has no bubbles."
        if not self._measured.inside[chosen].all():
            return "It lies outside of the picture, wholly or in part."
        if np.median(self._measured.readings.outlines[chosen]) < LEAST_LIKENESS:
            return "Its printed bubbles were not found in their places."
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the fills of a ChoiceBox mean; `marked` is (n,) bool, `message` says why a person should look."""

    status: ElementStatus
    marked: npt.NDArray[np.bool_]
    confidence: float
    message: str = ""


def judge(fills: npt.NDArray[np.float64], thresholds: MarkThresholds, *, several: bool) -> Judgement:
    """Tell marks from blanks: by the thresholds, and by the other bubbles of the box.

    A bubble between the thresholds beside a mark of more than CLEARLY its fill is a smudge, an erased mark or a stroke
    that spilt over. Without such a mark, or as a second one, nobody can tell but a person.
    """
    strong = fills >= thresholds.marked
    weak = (fills > thresholds.blank) & ~strong
    certain = _confidence(fills, thresholds)
    if not strong.any():
        if not weak.any():
            return Judgement(ElementStatus.BLANK, strong, certain)
        return Judgement(ElementStatus.UNCERTAIN, fills == fills[weak].max(), certain, "A mark is faint.")
    if (weak & (fills * CLEARLY > fills[strong].min())).any():
        return Judgement(ElementStatus.UNCERTAIN, strong, certain, "Beside what is marked there is a fainter mark.")
    if strong.sum() == 1 or several:
        return Judgement(ElementStatus.MARKED, strong, certain)
    if np.sort(fills)[-2] * CLEARLY <= fills.max():
        message = "One bubble is marked, another one more faintly."
        return Judgement(ElementStatus.UNCERTAIN, fills == fills.max(), min(certain, 0.5), message)
    return Judgement(ElementStatus.MULTIPLE, strong, certain, f"{strong.sum()} bubbles are marked.")


def _confidence(fills: npt.NDArray[np.float64], thresholds: MarkThresholds) -> float:
    """0 to 1: how far the fill nearest to the middle of both thresholds is from it; 1 from half as far beyond on."""
    middle = (thresholds.marked + thresholds.blank) / 2
    below, above = (middle - fills) / middle, (fills - middle) / (thresholds.marked * 1.5 - middle)
    return float(np.clip(np.maximum(below, above), 0, 1).min())


def corners_in_scan(element: PlacedElement, registration: Registration) -> Corners:
    """Where an element's box lies in the scan."""
    box = ops.corners(element.left, element.top, element.width, element.height)
    return as_corners(registration.to_scan(box))


def as_corners(points: npt.NDArray[np.float64]) -> Corners:
    """(4, 2) points as they are told."""
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in points)


def _told_of(children: Sequence[ElementResult]) -> str:
    told = [f"part {number}: {child.message}" for number, child in enumerate(children, start=1) if child.message]
    return " ".join(told)
