"""Elements to pages in numbers: the paper, its marks for recognition, and the flow of the elements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.authoring.generation import layout_flow, layout_marks, layout_scores
from omrclip.omr.authoring.generation.codes import code_of
from omrclip.omr.authoring.generation.fonts import width
from omrclip.omr.authoring.generation.layout_flow import bottom_of
from omrclip.omr.authoring.generation.nodes import SHOWN, At, Mistake
from omrclip.omr.authoring.generation.shapes import Font, Modules, PageLayout, Rect, Shape, Stroke, Words
from omrclip.omr.authoring.generation.sheet import Form, Frame, Settings, SharedParts, Sheet, points, styled
from omrclip.omr.authoring.generation.vocabulary import PAPER, Element
from omrclip.omr.template import PAGE_CODE, BarcodeDownloadable, Bubble, ChoiceBox, Grid, ReferencePoint
from omrclip.omr.template import Element as TemplateElement

__all__ = ["FormLayout", "lay_out", "layout_flow", "layout_marks", "layout_scores"]

CORNER_SIDE, CORNER_INSET = 0.05, 59
"""The side of a corner mark as a part of the width of the page, and its distance from both edges: 5 mm, because most
printers leave the outer 4.2 mm white."""
MARGIN_SIDE = 128
"""Pixels of the largest corner mark beside which the usual margins leave paper: those of A4, Letter and Legal. The
margins of larger papers are wider by as much as their marks."""
ROTATION_HEIGHT = 1.4
"""The height of the rotation mark in sides of a corner mark. It stands below the top right one."""
TOP = 220
"""Where the contents of a page begin: below the corner marks."""
PAGE_MODULE, PAGE_QUIET = 5, 10
"""Pixels of a module of this code, 0.42 mm, and of the white paper around it."""
MOST_IN_CODE = 20
"""Letters of the name of the form that stand in this code: more would make it larger than the margin."""
LEAST_WIDTH = 400
"""Pixels between the margins of a page: two bubbles with a word each."""
NEIGHBOURS_CELL = 200
"""Pixels of the cells in which bubbles are sorted to find those that overlap; the largest bubble has 100."""
BEYOND = 1
"""Pixels that may be beyond the edge of a page by rounding."""
NEAR_MARKS = 40
"""Pixels by which bubbles may reach into the columns of the corner marks, at the left and right edges of the page."""


@dataclass(frozen=True, slots=True)
class FormLayout:
    """The pages of a form in numbers, and what is wrong or doubtful in its source."""

    pages: tuple[PageLayout, ...]
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]


def lay_out(
    name: str,
    elements: Sequence[Element],
    settings: Settings,
    images: Mapping[str, Dimensions],
    shared: SharedParts | None = None,
) -> FormLayout:
    """Lay out a form. Elements that stand in no page make one page.

    Args:
        name: of the form; it stands in the code of each page if there are several.
        elements: from `checking.check`, without mistakes.
        settings: for what the source does not say.
        images: the dimensions of the images by the names that the source uses.
        shared: what the forms of many people have in common. Only the first of them gets the warnings.
    """
    pages = [one for one in elements if one.kind == "page"] or [Element("page", "", At(1), {}, tuple(elements))]
    form = Form(settings, images, shared=shared)
    laid = tuple(_page(form, page, name, number if len(pages) > 1 else 0) for number, page in enumerate(pages, start=1))
    if shared is not None:
        shared.is_checked = True
    if all(_is_mark(element) for page in laid for element in page.elements):
        told = "Nothing on the form is read or cut out. Add a question, a number grid or a place to write in."
        form.warnings.append(Mistake(At(1), told))
    return FormLayout(laid, tuple(form.mistakes), tuple(form.warnings))


def _is_mark(element: TemplateElement) -> bool:
    """Whether an element only helps recognition."""
    return isinstance(element, ReferencePoint) or element.name == PAGE_CODE


def _dimensions(page: Element, settings: Settings) -> Dimensions:
    short, long = PAPER[page.values.get("paper_size", settings.paper_size)]
    orientation = page.values.get("orientation", settings.orientation).lower()
    return Dimensions(long, short) if orientation == "horizontal" else Dimensions(short, long)


def _page(form: Form, page: Element, name: str, number: int) -> PageLayout:
    settings, dimensions = form.settings, _dimensions(page, form.settings)
    sheet = Sheet(form, dimensions)
    wider = max(0, _corner_side(dimensions) - MARGIN_SIDE)
    left = page.values.get("left_margin", settings.left_margin + wider)
    right = page.values.get("right_margin", settings.right_margin + wider)
    frame = Frame(left, dimensions.width - left - right, styled(Font(points(settings.font_size)), settings.font_style))
    if frame.width < LEAST_WIDTH:
        sheet.wrong(
            page,
            f"The margins leave {frame.width:.0f} pixels. Make them smaller, so that at least {LEAST_WIDTH} are left.",
        )
        return PageLayout(dimensions)
    bottom, first_beyond = bottom_of(dimensions.height), None
    top = float(TOP)
    marks = _mark_boxes(dimensions)
    for element in page.children:
        begin = len(sheet.shapes)
        top = sheet.flow([element], frame, top)
        boxes = [box for shape in sheet.shapes[begin:] for box in _extents(shape)]
        if any(_is_beyond(box, dimensions) for box in boxes):
            sheet.warn(element, "A part of this is beyond the edge of the page. Write a smaller x, y or width.")
        if any(_overlap(box, mark) for box in boxes for mark in marks):
            sheet.warn(
                element,
                "A black mark at a corner of the page covers a part of this. Write larger margins, or another x or y.",
            )
        if first_beyond is None and sheet.lowest > bottom + 1:
            first_beyond = element
    if first_beyond is not None:
        sheet.wrong(
            first_beyond,
            f"The page is {sheet.lowest - bottom:.0f} pixels too long from this element on. "
            "Begin another ?page= here (--- in Markdown), or make the elements above smaller.",
        )
    if form.shared is None or not form.shared.is_checked:
        _check_bubbles(sheet, page)
    _check_targets(sheet)
    _marks(sheet, marks)
    if number:
        _page_code(sheet, f"{name[:MOST_IN_CODE]}/{number}")
    return PageLayout(dimensions, tuple(sheet.shapes), tuple(sheet.elements))


def _corner_side(dimensions: Dimensions) -> int:
    return round(CORNER_SIDE * min(dimensions.width, dimensions.height))


def _extents(shape: Shape) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of what a shape may draw on."""
    if isinstance(shape, Modules):
        return list(shape.parts)
    if isinstance(shape, Words):
        return [(shape.left, shape.baseline - shape.font.size, width(shape.text, shape.font), shape.font.size)]
    if isinstance(shape, Stroke):
        left, top = min(shape.x0, shape.x1), min(shape.y0, shape.y1)
        across, down = abs(shape.x1 - shape.x0), abs(shape.y1 - shape.y0)
        return [(left, top, max(across, shape.line), max(down, shape.line))]
    return [(shape.left, shape.top, shape.width, shape.height)]


def _is_beyond(box: tuple[float, float, float, float], dimensions: Dimensions) -> bool:
    left, top, across, down = box
    beyond = min(left, top, dimensions.width - left - across, dimensions.height - top - down)
    return beyond < -BEYOND


def _mark_boxes(dimensions: Dimensions) -> list[tuple[int, int, int, int]]:
    """The corner marks, and last the rotation mark: left, top, width and height of each."""
    side = _corner_side(dimensions)
    far, low = dimensions.width - CORNER_INSET - side, dimensions.height - CORNER_INSET - side
    corners = [(left, top, side, side) for top in (CORNER_INSET, low) for left in (CORNER_INSET, far)]
    return [*corners, (far, CORNER_INSET + side + side // 4, side, round(ROTATION_HEIGHT * side))]


def _marks(sheet: Sheet, boxes: Sequence[tuple[int, int, int, int]]) -> None:
    """Draw the corner marks and the rotation mark over everything, and describe them in the template."""
    sheet.shapes += [Rect(*box, 0, fill=(0, 0, 0)) for box in boxes]
    points_ = [_reference(f"ReferencePoint{number}", box, "Corner") for number, box in enumerate(boxes[:-1])]
    sheet.elements[:0] = [*points_, _reference("RotationPoint", boxes[-1], "Rotation")]


def _reference(name: str, box: tuple[int, int, int, int], kind: str) -> ReferencePoint:
    left, top, width, height = box
    return ReferencePoint(
        type="ReferencePointElement", name=name, left=left, top=top, width=width, height=height, reference_type=kind
    )


def _page_code(sheet: Sheet, text: str) -> None:
    """Draw the QR code of a page into its right margin at half its height."""
    code = code_of(text, "QR")
    module, quiet = PAGE_MODULE, PAGE_QUIET
    side = module * code.rows
    left, top = sheet.dimensions.width - CORNER_INSET - side, (sheet.dimensions.height - side) // 2
    sheet.shapes.append(Rect(left - quiet, top - quiet, side + 2 * quiet, side + 2 * quiet, 0, fill=(255, 255, 255)))
    parts = tuple(
        (left + first * module, top + row * module, count * module, module) for row, first, count in code.runs
    )
    sheet.shapes.append(Modules(parts))
    sheet.elements.append(
        BarcodeDownloadable(
            name=PAGE_CODE,
            left=left - quiet,
            top=top - quiet,
            width=side + 2 * quiet,
            height=side + 2 * quiet,
            barcode_type="QR",
        )
    )


def _check_bubbles(sheet: Sheet, page: Element) -> None:
    """Warn of bubbles that overlap others, or the marks and edges of the page."""
    side = CORNER_INSET + _corner_side(sheet.dimensions)
    taken: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}
    told: set[str] = set()
    for name, box, bubble in _bubbles(sheet.elements):
        place = bubble.left, bubble.top, box.bubble_width, box.bubble_height
        cell = int(bubble.left // NEIGHBOURS_CELL), int(bubble.top // NEIGHBOURS_CELL)
        near = [one for x in (-1, 0, 1) for y in (-1, 0, 1) for one in taken.get((cell[0] + x, cell[1] + y), ())]
        if any(_overlap(place, one) for one in near):
            told.add(f'Bubbles of "{name}" lie on others, and cannot be read. Move one of the elements.')
        right = place[0] + place[2]
        if place[0] < side - NEAR_MARKS or right > sheet.dimensions.width - side + NEAR_MARKS:
            told.add(f'Bubbles of "{name}" are too near to the edge of the page. Leave 200 pixels there.')
        taken.setdefault(cell, []).append(place)
    sheet.form.warnings += [Mistake(page.at, one) for one in sorted(told)]


def _check_targets(sheet: Sheet) -> None:
    """Report triggers whose target is not on the page."""
    names = {element.name for element in sheet.elements}
    missing = {trigger.at: (trigger, target) for trigger, target in reversed(sheet.targets) if target not in names}
    for trigger, target in missing.values():
        sheet.wrong(
            trigger, f'target is not "{target[:SHOWN]}". Write the name of a ?bubble_array= or question on the page.'
        )


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return all(one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2] for axis in (0, 1))


def _bubbles(elements: Sequence[TemplateElement], name: str = "") -> list[tuple[str, ChoiceBox, Bubble]]:
    found: list[tuple[str, ChoiceBox, Bubble]] = []
    for element in elements:
        own = element.name or name
        if isinstance(element, ChoiceBox):
            found += [(own, element, bubble) for bubble in element.bubbles]
        elif isinstance(element, Grid):
            found += _bubbles(element.elements, own)
    return found
