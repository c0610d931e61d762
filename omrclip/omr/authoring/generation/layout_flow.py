"""The layout of what is only printed or cut out: texts, images, bar codes, blocks, containers and lines to write on."""

from collections.abc import Sequence

from omrclip.omr.authoring.generation.codes import code_of, is_matrix
from omrclip.omr.authoring.generation.nodes import SHOWN
from omrclip.omr.authoring.generation.shapes import DPI, LINE, Colour, Font, Modules, Picture, Rect, Stroke
from omrclip.omr.authoring.generation.sheet import BETWEEN, CELL_MARGIN, Frame, Sheet, font_for, lays_out, points
from omrclip.omr.authoring.generation.vocabulary import Element
from omrclip.omr.template import BarcodeDownloadable, ClipArea

MATRIX_SIDE, BARS_HEIGHT = 250, 130
"""Pixels of a code whose height is not given: 21 and 11 mm."""
MODULE, LEAST_MODULE = 4.0, 3.0
"""Pixels of the thinnest bar, 0.34 mm, and of that of a code which would not fit otherwise."""
QR_LEAST, QR_STEP = 21, 4
"""Modules of a side of the smallest QR code, and by which each larger version has more (ISO/IEC 18004)."""
QUIET = 12
"""Pixels of paper around a code. Elements beside it are farther away."""
WRITE_IN_HEIGHT, ADAPTIVE_HEIGHT, HINT_SIZE = 110, 300, 7
"""Pixels to write on, and the points of the label below."""
HINT_GAP, HINT_COLOUR = 4, (90, 90, 90)
"""Pixels between the line to write on and the label below, and its grey."""
CODETEXT_SIZE = 9
"""Points of the text below a bar code."""
PIXELS_PER_MM = DPI / 25.4
"""Pixels of a layout per millimetre."""
LABEL_PART, INPUT_PART = 0.35, 0.65
"""Parts of the width of an input group."""
GROUP_PADDING = 12
"""Pixels between the borders of an input group and its texts, above and below them."""
PADDING, BORDER = 20, 3
"""Pixels between the border of a block and its contents, and of the border, if the source does not say it."""
RIGHT_MARGIN, BOTTOM_MARGIN, LEAD = 40, 20, 20
"""Pixels between blocks beside and below each other, and above the contents of a block in a container, if the source
does not say it."""
LEAST_COLUMN = 60
"""Pixels of the width of a column that has contents."""
LEAST_INSIDE = 20
"""Pixels of the width of a block inside its padding: what the narrowest column leaves."""
FOOT = 200
"""Pixels at the foot of a page, where the corner marks are."""
MOST_NAMED = 5
"""Names of images that a message lists."""
RADIUS = 20
"""Pixels of the radius of rounded corners."""
CELL = 1.2
"""The width of a box around a letter, in sizes of the font."""


@lays_out("text")
def text(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Lines of text over the width of the frame."""
    sheet.check_letters(element, element.name)
    font = font_for(element, frame.font)
    if element.values.get("content_type") == "cells":
        return _cells(sheet, element, font, frame, top)
    return sheet.write(element.name, font, frame, top, element.values.get("align", ""))


lays_out("content")(text)
lays_out("column")(text)


def _cells(sheet: Sheet, element: Element, font: Font, frame: Frame, top: float) -> float:
    """A box around each letter."""
    side = CELL * font.size
    across = max(1, int(frame.width // side))
    for index, letter in enumerate(element.name):
        left, upper = frame.left + index % across * side, top + index // across * side
        sheet.shapes.append(Rect(left, upper, side, side))
        if letter.strip():
            sheet.write_centred(letter, font, (left, upper, side, side))
    return top + (len(element.name) + across - 1) // across * side


@lays_out("empty_line")
def empty_line(_sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Room."""
    return top + float(element.values.get("height", frame.font.line))


def _aligned(element: Element, frame: Frame, across: float, usual: str) -> float:
    room = frame.width - across
    align = element.values.get("align", usual)
    return frame.left + {"left": 0.0, "center": room / 2, "right": room}[align]


@lays_out("image")
def image(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """An image in its own size, or in the size that is given. With x or y it is not in the flow."""
    values, own = element.values, sheet.form.images.get(element.name)
    if own is None:
        given = ", ".join(sorted(sheet.form.images)[:MOST_NAMED])
        if "/" in element.name or "\\" in element.name:
            advice = "Write its name without a folder, and put the file beside the source."
        else:
            advice = f"Add the file{f', or write one of the given names: {given}' if given else ' beside the source'}."
        sheet.wrong(element, f'The image "{element.name[:SHOWN]}" is not given. {advice}')
        return top
    across = values.get("width") or (values["height"] * own.width / own.height if "height" in values else own.width)
    down = values.get("height") or across * own.height / own.width
    if "x" not in values and across > frame.width:
        across, down = frame.width, down * frame.width / across
    left = float(values.get("x", _aligned(element, frame, across, "left")))
    upper = float(values.get("y", top))
    sheet.shapes.append(Picture(left, upper, across, down, element.name))
    return top if "x" in values or "y" in values else top + down


@lays_out("barcode")
def barcode(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A bar code, and its text below if that is wanted."""
    values = element.values
    kind, value = values.get("barcode_type", "QR"), values["value"]
    try:
        code = code_of(value, kind)
    except ValueError:
        advice = (
            "Write a shorter value." if kind == "QR" else "Write another value, or another barcode_type such as QR."
        )
        told = f'{kind} cannot hold the value "{value[:SHOWN]}". {advice}'
        sheet.wrong(element, told if value else "The value of this bar code is empty. Write what it is to hold.")
        return top
    version = values.get("qr_version", "auto")
    if kind == "QR" and version.isdecimal() and code.rows != QR_LEAST + QR_STEP * (int(version) - 1):
        sheet.warn(element, f"qr_version={version} has no effect. The code has the size that its value needs.")
    if is_matrix(kind):
        down = float(values.get("height", MATRIX_SIDE))
        module = max(1.0, down / code.rows)
        down = module * code.rows
    else:
        down = float(values.get("height", BARS_HEIGHT))
        module = MODULE if code.columns * MODULE <= frame.width else LEAST_MODULE
    across = module * code.columns
    if module < LEAST_MODULE:
        sheet.warn(
            element,
            f"The modules of this code have {module / PIXELS_PER_MM:.2f} mm, which scans may lose. "
            f"Make it {LEAST_MODULE * code.rows:.0f} pixels high or more.",
        )
    left, upper = (
        float(values.get("x", _aligned(element, frame, across, "center"))),
        float(values.get("y", top + QUIET)),
    )
    bar = module if is_matrix(kind) else down
    parts = tuple((left + first * module, upper + row * bar, count * module, bar) for row, first, count in code.runs)
    sheet.shapes.append(Modules(parts))
    sheet.elements.append(
        BarcodeDownloadable(
            name=element.name or "Barcode",
            left=round(left - QUIET),
            top=round(upper - QUIET),
            width=round(across + 2 * QUIET),
            height=round(down + 2 * QUIET),
            barcode_type=kind,
            qr_version=values.get("qr_version") if kind == "QR" else None,
        )
    )
    bottom = upper + down + QUIET
    if values.get("codetext"):
        small = Font(points(CODETEXT_SIZE))
        bottom = sheet.write(value, small, Frame(left, max(across, 1), small), bottom, "center")
    return top if "x" in values or "y" in values else bottom


@lays_out("write_in")
def write_in(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A line to write on, which is cut out as a picture."""
    values = element.values
    down = ADAPTIVE_HEIGHT if values.get("adaptive") else WRITE_IN_HEIGHT
    colour: Colour = values.get("color", (0, 0, 0))
    sheet.shapes.append(Stroke(frame.left, top + down, frame.left + frame.width, top + down, LINE, colour))
    _clip(sheet, element.name, (frame.left, top, frame.width, down), is_required=bool(values.get("required")))
    hint = Font(points(HINT_SIZE), colour=HINT_COLOUR)
    return sheet.write(values.get("hint", ""), hint, frame, top + down + HINT_GAP)


def _clip(sheet: Sheet, name: str, box: tuple[float, float, float, float], *, is_required: bool) -> None:
    left, top, across, down = box
    area = ClipArea(
        name=name,
        left=round(left),
        top=round(top),
        width=round(across),
        height=max(1, round(down)),
        required=is_required,
    )
    sheet.elements.append(area)


@lays_out("input_group")
def input_group(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A label, and a box with a value beside it."""
    parts = ((0.0, LABEL_PART, "label_border"), (LABEL_PART, INPUT_PART, "input_border"))
    begin = len(sheet.shapes)
    ends = [
        sheet.flow(
            [child],
            Frame(frame.left + at * frame.width, part * frame.width, frame.font).inset(CELL_MARGIN, CELL_MARGIN),
            top + GROUP_PADDING,
        )
        for child, (at, part, _) in zip(element.children, parts, strict=True)
    ]
    bottom = max(ends) + GROUP_PADDING
    boxes = [
        Rect(
            frame.left + at * frame.width,
            top,
            part * frame.width,
            bottom - top,
            LINE,
            radius=_radius(element.values[key]),
        )
        for at, part, key in parts
        if element.values.get(key, "none") != "none"
    ]
    sheet.shapes[begin:begin] = [*boxes, *_borders(element, (frame.left, top, frame.width, bottom - top))]
    return bottom


def _radius(border: str) -> float:
    return RADIUS if border == "rounded" else 0


def _borders(element: Element, box: tuple[float, float, float, float]) -> list[Rect | Stroke]:
    """The background and the border of a block. A style of one side counts before the border."""
    values, (left, top, across, down) = element.values, box
    shapes: list[Rect | Stroke] = []
    if "background_color" in values:
        shapes.append(Rect(*box, line=0, fill=values["background_color"]))
    line, colour = values.get("border_size", BORDER), values.get("border_color", (0, 0, 0))
    own = {
        side: values[f"border_{side}_style"]
        for side in ("top", "bottom", "left", "right")
        if f"border_{side}_style" in values
    }
    has_border = values.get("border", "none") != "none"
    if has_border and not own:
        return [*shapes, Rect(*box, line, colour, radius=_radius(values["border"]))] if line else shapes
    ends = {
        "top": (left, top, left + across, top),
        "bottom": (left, top + down, left + across, top + down),
        "left": (left, top, left, top + down),
        "right": (left + across, top, left + across, top + down),
    }
    for side, line_ends in ends.items():
        size, tint = own.get(side, (line if has_border else 0, colour))
        shapes += [Stroke(*line_ends, size, tint)] if size else []
    return shapes


@lays_out("paragraph")
def paragraph(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Contents that belong together; images at a place of their own first, so that text is over them."""
    placed = [child for child in element.children if child.kind == "image" and "x" in child.values]
    sheet.flow(placed, frame, top)
    return sheet.flow([child for child in element.children if child not in placed], frame, top)


def boxed(sheet: Sheet, element: Element, frame: Frame, top: float, lead: float) -> float:
    """Contents in a box with a padding, which may have a border and may be cut out."""
    values = element.values
    across, down = values.get("horizontal_padding", PADDING), values.get("vertical_padding", PADDING)
    begin, inner = len(sheet.shapes), frame.inset(across, across)
    if element.children and inner.width < LEAST_INSIDE:
        sheet.wrong(
            element,
            f"The block leaves {inner.width:.0f} pixels for its contents. "
            "Make it wider, or horizontal_padding smaller.",
        )
        return top
    bottom = sheet.flow(element.children, inner, top + down + lead) + down
    if "height" in values:
        if bottom > top + values["height"] + 1:
            sheet.warn(
                element,
                f"The contents are {bottom - top - values['height']:.0f} pixels higher than height. "
                "The block is made higher.",
            )
        bottom = max(bottom, top + values["height"])
    box = frame.left, top, frame.width, bottom - top
    sheet.shapes[begin:begin] = _borders(element, box)
    if values.get("is_clipped"):
        if element.name:
            _clip(sheet, element.name, box, is_required=True)
        else:
            sheet.wrong(element, f"A block that is cut out needs a name. Write ?{element.kind}=Name.")
    return float(bottom)


@lays_out("block")
def block(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A block outside a container: over the whole width."""
    return boxed(sheet, element, frame, top, 0)


@lays_out("positioned_block")
def positioned_block(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A block at a place of the page, outside the flow."""
    left, upper = float(element.values["x"]), float(element.values["y"])
    room = sheet.dimensions.width - sheet.form.settings.right_margin - left
    boxed(sheet, element, Frame(left, float(element.values.get("width", max(room, 1))), frame.font), upper, 0)
    return top


@lays_out("container")
def container(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Blocks in columns."""
    values = element.values
    if values.get("type") == "footer":
        top = max(top, _footer_top(sheet, element, frame))
    shares: Sequence[float] = values.get("columns_proportions") or [1 / values.get("columns_count", 1)] * values.get(
        "columns_count", 1
    )
    margin, below = values.get("block_right_margin", RIGHT_MARGIN), values.get("block_bottom_margin", BOTTOM_MARGIN)
    ends = []
    for number, share in enumerate(shares):
        left = frame.left + frame.width * sum(shares[:number])
        is_last = number == len(shares) - 1
        column = Frame(left, frame.width * share - (0 if is_last else margin), frame.font)
        end = top
        for child in element.children:
            if child.values.get("column", 1) == number + 1:
                lead = values.get("block_top_padding", LEAD) if child.kind == "block" else 0
                end = _child(sheet, child, column, end, lead) + below
        ends.append(end)
    return max(ends, default=top)


def _child(sheet: Sheet, child: Element, column: Frame, top: float, lead: float) -> float:
    if column.width <= LEAST_COLUMN:
        sheet.wrong(child, "The column is too narrow for contents. Give it another part in columns_proportions.")
        return top
    return boxed(sheet, child, column, top, lead) if child.kind == "block" else sheet.flow([child], column, top)


def _footer_top(sheet: Sheet, element: Element, frame: Frame) -> float:
    """Where a footer begins, so that it ends at the foot of the page. It is laid out on a sheet that is thrown away."""
    from dataclasses import replace

    trial = Sheet(replace(sheet.form, mistakes=[], warnings=[], missing=set(), shared=None), sheet.dimensions)
    plain = replace(element, values={**element.values, "type": "normal"})
    return bottom_of(sheet.dimensions.height) - container(trial, plain, frame, 0)


def bottom_of(height: int) -> float:
    """Where the contents of a page of a height end."""
    return height - BETWEEN - FOOT
