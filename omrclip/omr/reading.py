"""Values of ChoiceBoxes and Grids from what was measured of their bubbles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.omr.barcodes import glance, read_barcode
from omrclip.omr.marks import Readings, measure
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import FoundPage, Registration
from omrclip.omr.registration.reference import choice_boxes
from omrclip.omr.registration.view import View
from omrclip.omr.results import BubbleResult, Corners, ElementResult, ElementStatus, MarkThresholds
from omrclip.omr.template import Barcode, ChoiceBox, Element, Grid, PlacedElement

LEAST_LIKENESS = 0.3
"""The correlation with the printed outline from which on a bubble lies where it was looked for."""
CLEARLY = 4.0
"""How many times another bubble's fill a mark's must be, for the other to be a smudge."""
MOST_STRAY = 0.12
"""How much just outside a bubble's outline may be covered, 0 to 1, for its box to be blank."""
SEVERAL = 5
OF_USUAL_MARK, OF_USUAL_DEPTH, OVER_NOISE = 0.3, 0.7, 2.5
STAINS, LEAST_STAIN = 3.0, 0.03
CLEARLY_FILLED, OF_STRONGEST, SHADED = 0.5, 0.5, 0.7
CROSSED_OUT, OF_USUAL_CROSSING = 0.2, 3.0
MOST_MARKED = 0.6
"""How many of a page's bubbles can be marked: more are an image too dark or too blurred to read."""
_WORST_FIRST = (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE, ElementStatus.MARKED, ElementStatus.BLANK)


def read_elements(
    found: FoundPage, registered: RegisteredPage, options: RecognitionOptions
) -> tuple[ElementResult, ...]:
    """What is read of the page's ChoiceBoxes, Grids and Barcodes, in template order."""
    if found.view is None:
        return ()
    reader = BubbleReader(found, found.view, options)
    results = []
    for element in found.known.page.elements:
        if isinstance(element, Barcode):
            code = read_barcode(element, registered, glance(element, found.registration, found.view))
            (corners,) = boxes_in_scan([element], found.registration)
            results.append(replace(code, corners=corners))
        elif isinstance(element, ChoiceBox | Grid):
            results.append(_as_asked(reader.read(element), options))
    return tuple(results)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the fills of a ChoiceBox mean: which bubbles are marked, and why a person should look."""

    status: ElementStatus
    marked: tuple[bool, ...]
    confidence: float
    message: str = ""


class BubbleReader:
    """Reads the ChoiceBoxes and Grids of one page of one scan, in any order, each as often as asked."""

    def __init__(self, found: FoundPage, view: View, options: RecognitionOptions) -> None:
        """Measure all bubbles of the page, and find the places of all its boxes, at once."""
        thresholds = options.thresholds
        self._gap = options.grid_gap
        self._readings = _measured(found, view)
        self._thresholds = suited(thresholds, self._readings.fills)
        self._legible = len(self._readings.fills) < 4 * SEVERAL or (
            sum(fill >= self._thresholds.marked for fill in self._readings.fills)
            <= MOST_MARKED * len(self._readings.fills)
        )
        marks = [index for index, fill in enumerate(self._readings.fills) if fill >= thresholds.marked]
        self._usual_fill = _usual(self._readings.fills, marks) or 1.0
        self._crossed_out = max(CROSSED_OUT, OF_USUAL_CROSSING * _usual(self._readings.crossings, marks))
        self._pale = OF_USUAL_DEPTH * _usual(self._readings.depths, marks)
        registration, bubbles = found.registration, found.reference.bubbles
        corners = registration.to_scan(ops.box_corners(bubbles).reshape(-1, 2))
        scan = registration.scan
        within = ((corners >= 0) & (corners <= [scan.width, scan.height])).all(axis=1)
        self._inside = [all(four) for four in within.reshape(-1, 4).tolist()]
        self._bubble_corners = as_corners(corners)
        elements = found.known.page.elements
        self._numbers = _bubble_numbers(elements)
        boxes = [box for element in elements for box in _with_children(element)]
        self._box_corners = dict(zip(boxes, boxes_in_scan(boxes, registration), strict=True))

    def read(self, element: ChoiceBox | Grid) -> ElementResult:
        """An element of the page, or one in a Grid of it.

        Raises:
            KeyError: the page has no such element.
        """
        return self._choice(element) if isinstance(element, ChoiceBox) else self._grid(element)

    def _grid(self, grid: Grid) -> ElementResult:
        children = tuple(self.read(child) for child in grid.elements if isinstance(child, ChoiceBox | Grid))
        statuses = {child.status for child in children}
        result = ElementResult(
            grid.name or "",
            grid.type,
            next((status for status in _WORST_FIRST if status in statuses), ElementStatus.BLANK),
            "".join(child.value for child in children),
            min((child.confidence for child in children), default=0.0),
            children=children,
            corners=self._box_corners[grid],
            message=_told_of(children),
        )
        return _with_gaps(result, self._gap) if result.value else result

    def _choice(self, box: ChoiceBox) -> ElementResult:
        chosen = self._numbers[box]
        result = ElementResult(box.name or "", box.type, ElementStatus.UNCERTAIN, corners=self._box_corners[box])
        reason = self._unreadable(chosen)
        if reason:
            return replace(result, message=reason)
        fills = [self._readings.fills[index] for index in chosen]
        judged = judge(fills, self._thresholds, several=box.multiselect, usual=self._usual_fill)
        doubt = self._doubt(judged, chosen)
        if doubt:
            judged = replace(
                judged, status=ElementStatus.UNCERTAIN, confidence=min(judged.confidence, 0.5), message=doubt
            )
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

    def _doubt(self, judged: Judgement, chosen: range) -> str:
        """Why a person should look at what the fills alone would tell; "" where they need not."""
        marked = [index for index, is_marked in zip(chosen, judged.marked, strict=True) if is_marked]
        if judged.status is ElementStatus.BLANK and max(self._readings.strays[index] for index in chosen) > MOST_STRAY:
            return "There is ink beside its bubbles."
        if any(self._looks_shaded(index) for index in marked):
            return "It is as dark beside a bubble as in it: there may be a shadow or a line."
        if judged.status is not ElementStatus.MARKED:
            return ""
        if any(self._readings.crossings[index] > self._crossed_out for index in marked):
            return "A mark runs far beyond its bubble on both sides: it may be crossed out."
        if any(self._readings.depths[index] < self._pale for index in marked):
            return "A mark is pale beside the others: it may be rubbed out."
        return ""

    def _looks_shaded(self, index: int) -> bool:
        fill, stray = self._readings.fills[index], self._readings.strays[index]
        return fill < CLEARLY_FILLED and stray > max(MOST_STRAY, SHADED * fill)

    def _unreadable(self, chosen: range) -> str:
        if not chosen:
            return "It has no bubbles."
        if not all(self._inside[index] for index in chosen):
            return "It lies outside of the picture, wholly or in part."
        if not all(self._readings.unprinted[index] for index in chosen):
            return "A bubble of it is printed dark; a mark could not be told from it."
        if not self._legible:
            return "The picture is too blurred or too dark to tell marks."
        if median(self._readings.outlines[index] for index in chosen) < LEAST_LIKENESS:
            return "Its printed bubbles were not found in their places."
        return ""


def _measured(found: FoundPage, view: View) -> Readings:
    reference = found.reference
    centres, radii = reference.centres, reference.bubbles[:, 2:] / 2
    boxes = [box for element in found.known.page.elements for box in choice_boxes(element)]
    scale = np.array(reference.fine.scale)
    in_view = ops.transform(view.scan_to_view, found.registration.to_scan(centres))
    return measure(
        view.pixels, in_view, radii * scale, [b.value for box in boxes for b in box.bubbles], reference.blank
    )


def suited(thresholds: MarkThresholds, fills: Sequence[float]) -> MarkThresholds:
    """The thresholds as they suit a page: who fills bubbles makes no faint marks, and clean paper shows no stains.

    Where the page's marks are full, one far from it was rubbed out or is a slip of the pen; where its other bubbles are
    clean, what stands out from them is no noise; where they are not, a mark has to stand out from what they have. All
    ask for a person; none makes a mark of what was none.
    """
    marks = sorted(fill for fill in fills if fill >= thresholds.marked)
    blanks = sorted(fill for fill in fills if fill <= thresholds.blank)
    marked, blank = thresholds.marked, thresholds.blank
    if len(marks) >= SEVERAL:
        usual = marks[len(marks) // 2]
        noise = median([fill for fill in fills if fill < usual / 2] or [0.0])
        marked = max(marked, OF_USUAL_MARK * usual, min(OVER_NOISE * noise, usual / 2))
    if len(blanks) >= 4 * SEVERAL:
        blank = min(blank, max(LEAST_STAIN, STAINS * blanks[int(0.95 * len(blanks))]))
    return MarkThresholds(marked, blank)


def judge(fills: Sequence[float], thresholds: MarkThresholds, *, several: bool, usual: float = 1.0) -> Judgement:
    """Tell marks from blanks: by the thresholds, and by the other bubbles of the box.

    A bubble between the thresholds beside a mark of more than CLEARLY its fill is a smudge, an erased mark or a stroke
    that spilt over. Without such a mark, or as a second one, nobody can tell but a person. `usual` is the fill of the
    page's marks: where they are thin, ticks or crosses, nothing is too little to be another.
    """
    strong = [fill for fill in fills if fill >= thresholds.marked]
    weak = [fill for fill in fills if thresholds.blank < fill < thresholds.marked]
    marked = tuple(fill >= thresholds.marked for fill in fills)
    darkest = tuple(fill == max(fills) for fill in fills)
    certain = _confidence(fills, thresholds)
    if not strong and not weak:
        return Judgement(ElementStatus.BLANK, marked, certain)
    if not strong:
        return Judgement(ElementStatus.UNCERTAIN, darkest, certain, "A mark is faint.")
    if weak and (usual < CLEARLY_FILLED or max(weak) * CLEARLY > min(strong)):
        return Judgement(ElementStatus.UNCERTAIN, marked, certain, "Beside what is marked there is a fainter mark.")
    if len(strong) == 1:
        return Judgement(ElementStatus.MARKED, marked, certain)
    if not several and len(strong) == len(fills) > 2 and min(fills) < CLEARLY_FILLED:
        return Judgement(ElementStatus.UNCERTAIN, (False,) * len(fills), 0.0, "All of its bubbles look marked.")
    if not several and sorted(strong)[-2] * CLEARLY <= max(strong):
        message = "One bubble is marked, another one more faintly."
        return Judgement(ElementStatus.UNCERTAIN, darkest, min(certain, 0.5), message)
    if min(strong) < OF_STRONGEST * max(strong):
        message = "One of its marks is fainter than another."
        return Judgement(ElementStatus.UNCERTAIN, marked, min(certain, 0.5), message)
    if several:
        return Judgement(ElementStatus.MARKED, marked, certain)
    return Judgement(ElementStatus.MULTIPLE, marked, certain, f"{len(strong)} bubbles are marked.")


def _confidence(fills: Sequence[float], thresholds: MarkThresholds) -> float:
    """0 to 1: how far the fill nearest to the middle of both thresholds is from it; 1 from half as far beyond on."""
    middle = (thresholds.marked + thresholds.blank) / 2
    reach = max(thresholds.marked * 1.5 - middle, 1e-9)
    distances = [(middle - fill) / max(middle, 1e-9) if fill < middle else (fill - middle) / reach for fill in fills]
    return min(1.0, *distances)


def boxes_in_scan(elements: Sequence[PlacedElement], registration: Registration) -> list[Corners]:
    """Where the boxes of elements lie in the scan."""
    boxes = np.array([(e.left, e.top, e.width, e.height) for e in elements], dtype=np.float64).reshape(-1, 4)
    return as_corners(registration.to_scan(ops.box_corners(boxes).reshape(-1, 2)))


def as_corners(points: npt.NDArray[np.float64]) -> list[Corners]:
    """(4 · n, 2) points as they are told, four by four."""
    rounded = [(x, y) for x, y in points.round(2).tolist()]
    return [tuple(rounded[index : index + 4]) for index in range(0, len(rounded), 4)]


def _bubble_numbers(elements: Sequence[Element]) -> dict[ChoiceBox, range]:
    """The numbers of the bubbles of each ChoiceBox among all of the page, which are in template order.

    Boxes that are equal lie at the same place, so that either's bubbles will do.
    """
    numbers = {}
    start = 0
    for box in (box for element in elements for box in choice_boxes(element)):
        numbers[box] = range(start, start + len(box.bubbles))
        start += len(box.bubbles)
    return numbers


def _with_children(element: Element) -> list[ChoiceBox | Grid]:
    """A ChoiceBox or Grid, and all that are in it, in the order in which they are read."""
    if isinstance(element, Grid):
        return [element, *(box for child in element.elements for box in _with_children(child))]
    return [element] if isinstance(element, ChoiceBox) else []


def _usual(values: Sequence[float], marks: Sequence[int]) -> float:
    """The median of the marks' values; 0 where there are too few to tell what is usual."""
    return median(values[index] for index in marks) if len(marks) >= SEVERAL else 0.0


def _as_asked(result: ElementResult, options: RecognitionOptions) -> ElementResult:
    """The result of an element of the page, with the status that the option `blank_is` asks for."""
    if result.status is not ElementStatus.BLANK or options.blank_is in (None, ElementStatus.BLANK):
        return result
    return replace(result, status=options.blank_is or result.status, message="Nothing is marked.")


def _with_gaps(grid: ElementResult, gap: str) -> ElementResult:
    """A grid of which a column has a value, with `gap` in the places of the columns that have none.

    Without it `4 51` would be the number 451. Whether the column was forgotten is for a person to decide.
    """
    if not any(map(_is_gap, grid.children)):
        return grid
    value = "".join(gap * _columns(child) if _is_gap(child) else child.value for child in grid.children)
    blank = [str(n) for n, child in enumerate(grid.children, start=1) if child.status is ElementStatus.BLANK]
    told = f"Columns without a mark: {', '.join(blank)}." if blank else ""
    message = " ".join(filter(None, (told, grid.message)))
    confidence = min(grid.confidence, 0.5)
    return replace(grid, status=ElementStatus.UNCERTAIN, value=value, confidence=confidence, message=message)


def _is_gap(column: ElementResult) -> bool:
    return not column.value and column.status in {ElementStatus.BLANK, ElementStatus.UNCERTAIN}


def _columns(result: ElementResult) -> int:
    """How many characters a result would hold in its grid: one for each ChoiceBox in it."""
    return sum(_columns(child) for child in result.children) if result.children else 1


def _told_of(children: Sequence[ElementResult]) -> str:
    told = [f"part {number}: {child.message}" for number, child in enumerate(children, start=1) if child.message]
    return " ".join(told)
