"""Read the elements of a registered page: ChoiceBoxes and Grids by their bubbles, and bar codes."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.reading.barcodes import glance, read_barcode
from omrclip.omr.reading.combining import combined, read_of, worst
from omrclip.omr.reading.judging import (
    LEAST_LIKENESS,
    Bubbles,
    Kind,
    habits_of,
    is_legible,
    judge,
    kinds_of,
    with_threshold,
)
from omrclip.omr.reading.marks import Readings, measure
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import FoundPage, Registration
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.reference import choice_boxes
from omrclip.omr.results import BubbleResult, Corners, ElementResult, ElementStatus
from omrclip.omr.template import Barcode, ChoiceBox, Element, Grid, PlacedElement, ReplaceTrigger
from omrclip.wording import Wording, joined

MOST_WHERE_UNSURE = 0.5
"""Confidence, 0 to 1, that an answer has at most if it is unsure where the page lies."""
NO_BUBBLES = Wording("no_bubbles", "Correct the template: this element has no bubbles.")()
ANSWER_OUTSIDE = Wording(
    "answer_outside", "Scan the page again: this answer lies outside of the picture, wholly or in part."
)()
PRINTED_DARK = Wording(
    "printed_dark", "Look at the scan: a bubble is printed so dark that no mark could be seen in it."
)()
ILLEGIBLE = Wording("illegible", "Scan the page again: it is too blurred or too dark to tell marks from print.")()
BUBBLES_MISSING = Wording(
    "bubbles_missing",
    "Look at the scan: the printed bubbles were not found in their places. Something may cover them.",
)()
PLACE_UNSURE = Wording(
    "place_unsure",
    "Look at the scan: it does not show for sure where the page lies. With an image of the blank page, it is found for "
    "sure.",
)()
NOTHING_MARKED = Wording("nothing_marked", "Nothing is marked.")()
COLUMNS_BLANK = Wording("columns_blank", "Columns without a mark: {columns}.")
PART = Wording("part", "part {n}:")


def read_elements(
    found: FoundPage, registered: RegisteredPage, options: RecognitionOptions
) -> tuple[ElementResult, ...]:
    """Return the results of all ChoiceBoxes, Grids and bar codes of the page, in template order.

    Args:
        found: the page and its registration.
        registered: the page in template pixels, for bar codes.
        options: the options of the request.
    """
    if found.rectified is None:
        return ()
    reader = BubbleReader(found, found.rectified, options)
    results = []
    for element in found.known.page.elements:
        if isinstance(element, Barcode):
            code = read_barcode(element, registered, glance(element, found.registration, found.rectified))
            (corners,) = boxes_in_scan([element], found.registration)
            results.append(replace(code, corners=corners))
        elif isinstance(element, ChoiceBox | Grid):
            results.append(reader.read(element))
    return tuple(_as_asked(result, options) for result in combined(found.known.page, results))


class BubbleReader:
    """Reads the ChoiceBoxes and Grids of one page of one scan. The order of the calls does not matter."""

    def __init__(self, found: FoundPage, rectified: RectifiedScan, options: RecognitionOptions) -> None:
        """Measure all bubbles of the page, and map all its boxes to the scan."""
        elements = found.known.page.elements
        self._gap, self._thresholds = options.grid_gap, options.thresholds
        self._numbers = _bubble_numbers(elements)
        self._is_sure = found.is_sure
        self._readings = _measured(found, rectified)
        boxes = list(self._numbers.values())
        self._habits = habits_of(self._readings, boxes, self._thresholds)
        self._kinds = kinds_of(self._readings, boxes, self._habits)
        self._legible = is_legible(self._readings, self._habits)
        registration, bubbles = found.registration, found.reference.bubbles
        corners = registration.to_scan(ops.box_corners(bubbles).reshape(-1, 2))
        scan = registration.scan
        within = ((corners >= 0) & (corners <= [scan.width, scan.height])).all(axis=1)
        self._inside = [all(four) for four in within.reshape(-1, 4).tolist()]
        self._bubble_corners = as_corners(corners)
        placed = [box for element in elements for box in _with_children(element)]
        self._box_corners = dict(zip(placed, boxes_in_scan(placed, registration), strict=True))

    def read(self, element: ChoiceBox | Grid) -> ElementResult:
        """Read an element of the page, or one in a Grid of the page.

        Raises:
            KeyError: the page has no such element.
        """
        return self._choice(element) if isinstance(element, ChoiceBox) else self._grid(element)

    def _grid(self, grid: Grid) -> ElementResult:
        parts = read_of(grid)
        children = tuple(self.read(part) for part in parts)
        # A trigger in a grid replaces the value of its target, and is no column of the grid.
        columns = [told for part, told in zip(parts, children, strict=True) if not isinstance(part, ReplaceTrigger)]
        result = ElementResult(
            grid.name or "",
            grid.type,
            worst(columns),
            "".join(column.value for column in columns),
            min((column.confidence for column in columns), default=0.0),
            children=children,
            corners=self._box_corners[grid],
            message=_told_of(columns),
        )
        return _with_gaps(result, columns, self._gap) if result.value else result

    def _choice(self, box: ChoiceBox) -> ElementResult:
        chosen = self._numbers[box]
        result = ElementResult(box.name or "", box.type, ElementStatus.UNCERTAIN, corners=self._box_corners[box])
        reason = self._unreadable(chosen)
        if reason:
            return replace(result, message=reason)
        fills, rings, strays = (
            each[chosen.start : chosen.stop].tolist()
            for each in (self._readings.fills, self._readings.rings, self._readings.strays)
        )
        bubbles = Bubbles(self._kinds[chosen.start : chosen.stop], fills, rings, strays)
        bubbles = with_threshold(bubbles, self._habits, box.threshold, self._thresholds)
        judged = judge(bubbles, self._habits, several=box.multiselect)
        if not self._is_sure:
            confidence = min(judged.confidence, MOST_WHERE_UNSURE)
            judged = replace(judged, status=ElementStatus.UNCERTAIN, confidence=confidence, message=PLACE_UNSURE)
        return replace(
            result,
            status=judged.status,
            value="".join(bubble.value for bubble, marked in zip(box.bubbles, judged.marked, strict=True) if marked),
            confidence=round(judged.confidence, 3),
            bubbles=tuple(
                BubbleResult(bubble.value, round(fill, 3), marked, self._bubble_corners[index])
                for bubble, fill, marked, index in zip(box.bubbles, fills, judged.marked, chosen, strict=True)
            ),
            message=judged.message,
        )

    def _unreadable(self, chosen: range) -> str:
        """Return why a box cannot be read and what to do, or "" if it can be read."""
        if not chosen:
            return NO_BUBBLES
        if not all(self._inside[index] for index in chosen):
            return ANSWER_OUTSIDE
        if not all(self._readings.unprinted[index] for index in chosen):
            return PRINTED_DARK
        if not self._legible:
            return ILLEGIBLE
        if self._likeness(chosen) < LEAST_LIKENESS:
            return BUBBLES_MISSING
        return ""

    def _likeness(self, chosen: range) -> float:
        """Return the median correlation of bubbles with their printed outlines.

        A line drawn around a bubble changes it, so such bubbles count only if there are no others.
        """
        around = (Kind.CIRCLED, Kind.AROUND)
        outlines = [(self._readings.outlines[index], self._kinds[index] in around) for index in chosen]
        return float(median([outline for outline, circled in outlines if not circled] or [o for o, _ in outlines]))


def _measured(found: FoundPage, rectified: RectifiedScan) -> Readings:
    reference = found.reference
    centres, radii = reference.centres, reference.bubbles[:, 2:] / 2
    boxes = [box for element in found.known.page.elements for box in choice_boxes(element)]
    scale = np.array(reference.fine.scale)
    in_rectified = ops.transform(rectified.scan_to_rectified, found.registration.to_scan(centres))
    return measure(
        rectified.pixels, in_rectified, radii * scale, [b.value for box in boxes for b in box.bubbles], reference.blank
    )


def boxes_in_scan(elements: Sequence[PlacedElement], registration: Registration) -> list[Corners]:
    """Return the corners of the boxes of elements in the scan."""
    boxes = np.array([element.place for element in elements], dtype=np.float64).reshape(-1, 4)
    return as_corners(registration.to_scan(ops.box_corners(boxes).reshape(-1, 2)))


def as_corners(points: npt.NDArray[np.float64]) -> list[Corners]:
    """Return (4 · n, 2) points as n times four rounded corners."""
    rounded = [(x, y) for x, y in points.round(2).tolist()]
    return [tuple(rounded[index : index + 4]) for index in range(0, len(rounded), 4)]


def _bubble_numbers(elements: Sequence[Element]) -> dict[ChoiceBox, range]:
    """Return the range of the bubbles of each ChoiceBox among all bubbles of the page, in template order.

    Equal boxes lie at the same place, so they share the bubbles of the last one.
    """
    numbers = {}
    start = 0
    for box in (box for element in elements for box in choice_boxes(element)):
        numbers[box] = range(start, start + len(box.bubbles))
        start += len(box.bubbles)
    return numbers


def _with_children(element: Element) -> list[ChoiceBox | Grid]:
    """Return a ChoiceBox or Grid, and all that are in it, in the order in which they are read."""
    if isinstance(element, Grid):
        return [element, *(box for child in element.elements for box in _with_children(child))]
    return [element] if isinstance(element, ChoiceBox) else []


def _as_asked(result: ElementResult, options: RecognitionOptions) -> ElementResult:
    """Return the result of an element of the page. A blank one has the status that the option `blank_is` sets."""
    if result.status is not ElementStatus.BLANK or options.blank_is in (None, ElementStatus.BLANK):
        return result
    return replace(result, status=options.blank_is or result.status, message=NOTHING_MARKED)


def _with_gaps(grid: ElementResult, columns: Sequence[ElementResult], gap: str) -> ElementResult:
    """Return the result of a grid with a value, with `gap` in the places of the columns that have none.

    Without it `4 51` would be the number 451. A person must check whether the column was forgotten, so the result is
    uncertain.
    """
    if not any(map(_is_gap, columns)):
        return grid
    value = "".join(gap * _columns(column) if _is_gap(column) else column.value for column in columns)
    blank = [str(n) for n, column in enumerate(columns, start=1) if column.status is ElementStatus.BLANK]
    told = COLUMNS_BLANK(columns=", ".join(blank)) if blank else ""
    message = joined(told, grid.message)
    confidence = min(grid.confidence, 0.5)
    return replace(grid, status=ElementStatus.UNCERTAIN, value=value, confidence=confidence, message=message)


def _is_gap(column: ElementResult) -> bool:
    return not column.value and column.status in {ElementStatus.BLANK, ElementStatus.UNCERTAIN}


def _columns(result: ElementResult) -> int:
    """Return the number of characters of a result in its grid: one for each ChoiceBox."""
    return sum(_columns(child) for child in result.children) if result.children else 1


def _told_of(children: Sequence[ElementResult]) -> str:
    told = [joined(PART(n=number), child.message) for number, child in enumerate(children, start=1) if child.message]
    return joined(*told)
