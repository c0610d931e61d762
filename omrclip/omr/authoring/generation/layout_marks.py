"""The layout of what is marked: questions, answer sheets, grids, boxes with answers, tables and score sheets."""

from collections.abc import Sequence
from dataclasses import replace

from omrclip.omr.authoring.generation.answers import letters
from omrclip.omr.authoring.generation.direction import is_right_to_left
from omrclip.omr.authoring.generation.fonts import fitting, width, wrapped
from omrclip.omr.authoring.generation.shapes import Font, Rect, Stroke
from omrclip.omr.authoring.generation.sheet import (
    AFTER_TITLE,
    BETWEEN,
    CELL_MARGIN,
    CELL_PADDING,
    PITCH_ACROSS,
    PITCH_DOWN,
    Frame,
    Sheet,
    bubble_size,
    choice_box,
    font_for,
    lays_out,
    points,
)
from omrclip.omr.authoring.generation.vocabulary import CODE_COLUMNS, Element
from omrclip.omr.template import CheckBox, CompositeGrid, Grid, ReplaceTrigger

INDENT = 95
"""Pixels from the left edge of a question to its bubbles."""
NUMBER_WIDTH = 110
"""Pixels for the number of a question in an answer sheet."""
BESIDE = 15
"""Pixels between a bubble and its text."""
LEAST_TEXT, LEAST_LABEL = 40, 1
"""Pixels of the width in which the text of an answer, and the label of a grid, is wrapped, at least."""
NUMBER_SIZE, NUMBER_HEIGHT = 11, 0.8
"""Points of the numbers of an answer sheet, and their height as a part of the bubbles, at most."""
NUMBER_GAP = 20
"""Pixels between such a number and its first bubble."""
COLUMNS, ANSWERS, SECTIONS, DIGITS = 4, 4, 8, 10
"""Columns and answers of an answer sheet, and places and digits of a grid, if the source does not say it: the defaults
of the cloud's markup."""
LABEL_PART, LABEL_DROP = 0.4, 5
"""The width of the label of a grid as a part of the frame, at most, and pixels by which it stands below the top."""
HEADER_LINE, TABLE_LINE, ROW_LINE = 3, 3, 3
"""Pixels of lines: places to write a symbol, tables, and lines below the rows of a custom answer sheet."""
STATEMENT_PART, ANSWER_WIDTH = 0.4, 260
"""The width of the statements of a table as a part of the frame, at least, and pixels of an answer, at most."""
STRIPE = (236, 236, 236)
"""The colour of every second row of a striped table. It is lighter than any mark."""
ANSWER_MARGIN, LEAST_ANSWER = 8, 8
"""Pixels between the sides of a cell and the text of an answer in the head of a table, and the points to which the text
is made smaller at most so that no word is broken."""
COLUMN_GAP, CELL_GAP = 40, 10
"""Pixels between the columns of a custom answer sheet, and between the cells of a row."""
ROW_LINE_GAP = 6
"""Pixels between the line below a row and the next row."""
ROW_GAP = 16
"""Pixels between two rows of a custom answer sheet."""
OVAL = 0.75
"""The height of the oval bubbles of a vertical choicebox, as a part of their width."""


def _printed(value: str) -> str:
    return {"yes": "Y", "no": "N"}.get(value.lower(), value)


def _is_square(element: Element, usual: str = "round") -> bool:
    return bool(element.values.get("bubble_type", usual) == "square")


@lays_out("choicebox")
def question(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A question with its answers in rows below it."""
    form, font = sheet.form, font_for(element, frame.font)
    form.questions += 1
    sheet.check_letters(element, element.name)
    number = f"{form.next_number}. " if element.values.get("display_number", True) else ""
    form.next_number += 1
    top = sheet.write(f"{number}{element.name}", font, frame, top, element.values.get("align", "")) + AFTER_TITLE
    size = bubble_size(element, form.settings)
    has_texts = any(option.name for option in element.children)
    if not sheet.has_room(element, frame, INDENT + size + (BESIDE + LEAST_TEXT if has_texts else 0)):
        return top
    is_from_right = is_right_to_left(element.name)
    inner = frame.inset(0, INDENT) if is_from_right else frame.inset(INDENT)
    fonts = [font_for(option, frame.font) for option in element.children]
    widest = max((width(option.name, own) for option, own in zip(element.children, fonts, strict=True)), default=0)
    cell = min(size + BESIDE + widest + 2 * BETWEEN, inner.width)
    places = []
    at, row_top, below = 0, top, top
    for option, own, letter in zip(element.children, fonts, letters(len(element.children)), strict=True):
        if at and (option.values.get("row_index") or (at + 1) * cell > inner.width + 1):
            at, row_top = 0, below + PITCH_DOWN
        begin = inner.left + at * cell
        left = inner.side(begin, size, is_from_right=is_from_right)
        value = _printed(option.values.get("bubble_value") or letter)
        places.append((value, left, row_top))
        sheet.bubble(left, row_top, (size, size), value, is_square=_is_square(element))
        across = max(cell - size - BESIDE - BETWEEN, LEAST_TEXT)
        room = Frame(inner.side(begin + size + BESIDE, across, is_from_right=is_from_right), across, own)
        lines = wrapped(option.name, own, room.width)
        sheet.check_letters(option, option.name)
        side = "right" if is_from_right else "left"
        sheet.write(option.name, own, room, row_top + max(0.0, (size - len(lines) * own.line) / 2), side)
        below = max(below, row_top + max(size, len(lines) * own.line))
        at += 1
    if places:
        several = bool(element.values.get("multiselect", False))
        sheet.elements.append(choice_box(f"Question{form.questions}", places, (size, size), multiselect=several))
    return below + BETWEEN


@lays_out("answer_sheet")
def answer_sheet(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Numbered rows of bubbles, which run down each column."""
    values, form = element.values, sheet.form
    count, columns = values["elements_count"], min(values.get("columns_count", COLUMNS), values["elements_count"])
    answers = values.get("answers_list") or letters(values.get("answers_count", ANSWERS))
    size = bubble_size(element, form.settings)
    across, down = size + PITCH_ACROSS, size + PITCH_DOWN + values.get("vertical_margin", 0)
    column_width = frame.width / columns
    needed = NUMBER_WIDTH + len(answers) * across
    if needed > column_width + 1:
        most = max(1, int(frame.width // needed))
        sheet.wrong(
            element,
            f"{columns} columns of {len(answers)} answers are {needed * columns - frame.width:.0f} pixels too wide. "
            f"Write columns_count={most}, or a smaller bubble_size.",
        )
        return top
    rows, first = -(-count // columns), values.get("start_id", form.next_number)
    form.next_number = first + count
    font = Font(min(points(NUMBER_SIZE), NUMBER_HEIGHT * size))
    for row in range(rows):
        for column in range(columns):
            index = column * rows + row
            if index >= count:
                continue
            left, upper = frame.left + column * column_width, top + row * down
            number = str(first + index)
            sheet.write_centred(number, font, (left, upper, NUMBER_WIDTH - NUMBER_GAP, size))
            places = [(value, left + NUMBER_WIDTH + at * across, upper) for at, value in enumerate(answers)]
            for value, bubble_left, _ in places:
                sheet.bubble(bubble_left, upper, (size, size), value, is_square=_is_square(element))
            several = bool(values.get("multiselect", False))
            sheet.elements.append(choice_box(f"{element.name}{number}", places, (size, size), multiselect=several))
    return float(top + rows * down + BETWEEN)


@lays_out("grid")
def grid(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A number in bubbles: a column for each digit, or a row if it is vertical."""
    values = element.values
    digits = [str(digit) for digit in range(values.get("options_count", DIGITS))]
    symbols = [digits] * values.get("sections_count", SECTIONS)
    return _symbols(sheet, element, frame, top, symbols, f"{element.name}:")


@lays_out("composite_grid")
def composite_grid(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """A code of letters and digits in bubbles."""
    values = element.values
    count = values.get("columns_count", CODE_COLUMNS)
    extra = values.get("extra_row", ())
    rows = [extra[begin : begin + count] for begin in range(0, len(extra) - count + 1, count)]
    symbols = [[*values.get("values", ("A", "B", "C")), *(row[at] for row in rows)] for at in range(count)]
    label = f"{element.name}:" if values.get("display_hint", True) else ""
    return _symbols(sheet, element, frame, top, symbols, label, is_composite=True)


def _symbols(
    sheet: Sheet,
    element: Element,
    frame: Frame,
    top: float,
    symbols: Sequence[Sequence[str]],
    label: str,
    *,
    is_composite: bool = False,
) -> float:
    """Bubbles for symbols, one beside the other or below, each with a place to write the symbol. "" hides a bubble."""
    values, settings = element.values, sheet.form.settings
    if is_composite and "bubble_size" not in values:
        element = replace(element, values={**values, "bubble_size": "small"})
    size = bubble_size(element, settings)
    across, down = size + PITCH_ACROSS, size + PITCH_DOWN + values.get("vertical_margin", 0)
    is_across = values.get("orientation", "horizontal").lower() == "horizontal"
    longest = max(map(len, symbols))
    extent = (len(symbols) if is_across else longest + 1) * across
    room = min(width(label, frame.font) + 2 * BETWEEN, LABEL_PART * frame.width) if label else 0.0
    if room + extent > frame.width + 1:
        most = max(1, int((frame.width - room) // across))
        sheet.wrong(
            element,
            f"The grid is {room + extent - frame.width:.0f} pixels too wide. "
            f"Make it {most} symbols or fewer, or write a smaller bubble_size.",
        )
        return top
    free = frame.width - room - extent
    left = float(
        values.get("x", frame.left + {"left": 0.0, "center": free / 2, "right": free}[values.get("align", "left")])
    )
    upper = float(values.get("y", top))
    sheet.check_letters(element, label)
    lowest = (
        sheet.write(label, frame.font, Frame(left, max(room - BETWEEN, LEAST_LABEL), frame.font), upper + LABEL_DROP)
        if label
        else upper
    )
    boxes = []
    for number, symbol in enumerate(symbols):
        step = number * (across if is_across else down)
        cell = (left + room + (step if is_across else 0), upper + (0 if is_across else step))
        _header(sheet, element, cell, size)
        places = [
            (value, cell[0], cell[1] + (at + 1) * down) if is_across else (value, cell[0] + (at + 1) * across, cell[1])
            for at, value in enumerate(symbol)
            if value
        ]
        for value, bubble_left, bubble_top in places:
            sheet.bubble(bubble_left, bubble_top, (size, size), value, is_square=_is_square(element))
        boxes.append(choice_box(None, places, (size, size)))
    bottom = max(bubble.top for box in boxes for bubble in box.bubbles) + size
    kind = CompositeGrid if is_composite else Grid
    begin, first = min(box.left for box in boxes), min(box.top for box in boxes)
    sheet.elements.append(
        kind(
            name=element.name,
            left=begin,
            top=first,
            width=max(box.left + box.width for box in boxes) - begin,
            height=bottom - first,
            elements=tuple(boxes),
            orientation="Horizontal" if is_across else "Vertical",
        )
    )
    is_placed = "x" in values or "y" in values
    return top if is_placed else max(bottom, lowest) + BETWEEN


def _header(sheet: Sheet, element: Element, at: tuple[float, float], size: float) -> None:
    """The place to write a symbol: a line, or a square."""
    values, (left, top) = element.values, at
    line, colour = values.get("header_border_size", HEADER_LINE), values.get("header_border_color", (0, 0, 0))
    if values.get("header_type") == "square":
        sheet.shapes.append(Rect(left, top, size, size, line, colour))
    else:
        sheet.shapes.append(Stroke(left, top + size, left + size, top + size, line, colour))


@lays_out("checkbox")
def checkbox(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Boxes in a line with their texts, of which several may be marked."""
    values, font = element.values, font_for(element, frame.font)
    size = bubble_size(element, sheet.form.settings)
    least = size + BESIDE + LEAST_TEXT
    if "x" in values or "y" in values:
        placed = replace(element, values={key: value for key, value in values.items() if key not in ("x", "y")})
        x = float(values.get("x", frame.left))
        across = max(frame.left + frame.width - x, least)
        checkbox(sheet, placed, Frame(x, across, frame.font), float(values.get("y", top)))
        return top
    if not values.get("hide_name"):
        top = sheet.write(element.name, font, frame, top, values.get("align", "")) + AFTER_TITLE
    if not sheet.has_room(element, frame, least):
        return top
    is_from_right = is_right_to_left(element.name)
    end = frame.left + frame.width
    places, begin, row_top, below = [], frame.left, top, top
    for child in element.children:
        own = font_for(child, font)
        needed = size + BESIDE + width(child.name, own)
        if begin > frame.left and begin + needed > end:
            begin, row_top = frame.left, below + PITCH_DOWN
        sheet.check_letters(child, child.name)
        left = frame.side(begin, size, is_from_right=is_from_right)
        sheet.bubble(left, row_top, (size, size), "", is_square=_is_square(element, "square"))
        across = end - begin - size - BESIDE + 1
        room = Frame(frame.side(begin + size + BESIDE, across, is_from_right=is_from_right), across, own)
        side = "right" if is_from_right else "left"
        bottom = sheet.write(child.name, own, room, row_top + max(0.0, (size - own.line) / 2), side)
        below = max(below, row_top + size, bottom)
        places.append((child.name, left, row_top))
        begin += needed + 2 * BETWEEN
    threshold = values.get("threshold")
    several = bool(values.get("multiselect", True))
    box = choice_box(element.name, places, (size, size), kind=CheckBox, multiselect=several, threshold=threshold)
    sheet.elements.append(box)
    return below + BETWEEN


@lays_out("vertical_choicebox")
def vertical_choicebox(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Answers below each other, each with an oval bubble at its left or right."""
    values = element.values
    across = bubble_size(element, sheet.form.settings) + PITCH_ACROSS
    size = (across, across) if _is_square(element) else (across, round(OVAL * across))
    if not sheet.has_room(element, frame, across + BETWEEN + LEAST_TEXT):
        return top
    top += values.get("top_padding", 0)
    texts = (part.name for child in element.children for part in child.children if part.name)
    usual = "right" if is_right_to_left(next(texts, "")) else "left"
    places = []
    for number, child in enumerate(element.children):
        if child.kind != "answer":
            top = sheet.flow([child], frame, top)
            continue
        is_right = child.values.get("bubble_position", values.get("bubble_position", usual)) == "right"
        room = frame.inset(0, across + BETWEEN) if is_right else frame.inset(across + BETWEEN)
        bottom = sheet.flow(child.children, room, top)
        if child.values.get("selectable", True):
            left = frame.left + frame.width - across if is_right else frame.left
            left += child.values.get("bubble_offset_x", 0)
            upper = top + max(0.0, (frame.font.line - size[1]) / 2) + child.values.get("bubble_offset_y", 0)
            sheet.bubble(left, upper, size, "", is_square=_is_square(child, values.get("bubble_type", "round")))
            places.append((child.values.get("value") or child.name or str(number + 1), left, upper))
        top = max(bottom, top + size[1]) + PITCH_DOWN
    if places:
        threshold, several = values.get("threshold"), bool(values.get("multiselect", False))
        sheet.elements.append(choice_box(element.name, places, size, threshold=threshold, multiselect=several))
    return top


@lays_out("table")
def table(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Statements below each other with the same answers beside them."""
    font = font_for(element, frame.font)
    count, size = element.values["answers_count"], bubble_size(element, sheet.form.settings)
    kind = element.values.get("table_type", "normal")
    first = (
        frame.width / (count + 1)
        if kind == "equalCells"
        else max(STATEMENT_PART * frame.width, frame.width - count * ANSWER_WIDTH)
    )
    cell = (frame.width - first) / count
    if cell < size + PITCH_ACROSS:
        sheet.wrong(
            element, f"{count} answers do not fit beside the statements. Write a smaller bubble_size or fewer answers."
        )
        return top
    begin, answers = top, list(letters(count))
    lines = [top]
    for number, row in enumerate(element.children):
        own, begun = font_for(row, font), len(sheet.shapes)
        if row.kind == "table_title":
            bottom = (
                sheet.write(
                    row.name, replace(own, bold=True), frame.inset(CELL_MARGIN, CELL_MARGIN), top + CELL_PADDING
                )
                + CELL_PADDING
            )
            fill = row.values.get("background_color")
        elif row.kind == "table_header":
            answers = [one.name for one in row.children if one.kind == "answer_value"]
            bottom = _table_header(sheet, row, frame, top, first, cell)
            fill = None
        else:
            sheet.check_letters(row, row.name)
            bottom = (
                max(
                    sheet.write(row.name, own, _statement(frame, first, own), top + CELL_PADDING),
                    top + size + CELL_PADDING,
                )
                + CELL_PADDING
            )
            upper = top + (bottom - top - size) / 2
            places = [
                (value, frame.left + first + at * cell + (cell - size) / 2, upper) for at, value in enumerate(answers)
            ]
            for _, left, _ in places:
                sheet.bubble(left, upper, (size, size), "")
            sheet.elements.append(choice_box(row.name, places, (size, size)))
            fill = STRIPE if kind == "striped" and number % 2 else None
        if fill is not None:
            sheet.shapes.insert(begun, Rect(frame.left, top, frame.width, bottom - top, 0, fill=fill))
        top = bottom
        lines.append(top)
    sheet.shapes.append(Rect(frame.left, begin, frame.width, top - begin, TABLE_LINE))
    sheet.shapes += [Stroke(frame.left, y, frame.left + frame.width, y, TABLE_LINE) for y in lines[1:-1]]
    return top + BETWEEN


def _statement(frame: Frame, first: float, font: Font) -> Frame:
    """The cell of a statement, in the first column of a table."""
    return Frame(frame.left, first, font).inset(CELL_MARGIN, CELL_MARGIN)


def _table_header(sheet: Sheet, row: Element, frame: Frame, top: float, first: float, cell: float) -> float:
    own = font_for(row, frame.font)
    ends = []
    titles = [one for one in row.children if one.kind == "content"]
    ends += [
        sheet.write(one.name, font_for(one, own), _statement(frame, first, own), top + CELL_PADDING) for one in titles
    ]
    answers = [one for one in row.children if one.kind == "answer_value"]
    small = fitting((one.name for one in answers), own, cell - 2 * ANSWER_MARGIN, points(LEAST_ANSWER))
    for at, one in enumerate(answers):
        column = Frame(frame.left + first + at * cell, cell, own).inset(ANSWER_MARGIN, ANSWER_MARGIN)
        ends.append(sheet.write(one.name, font_for(one, small), column, top + CELL_PADDING, "center"))
    return max(ends, default=top) + CELL_PADDING


@lays_out("custom_answer_sheet")
def custom_answer_sheet(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Rows that the source describes, with numbers in them, in columns."""
    values = element.values
    amount, columns, first = values["amount"], min(values["columns_count"], values["amount"]), values.get("start_id", 1)
    header = next((child for child in element.children if child.kind != "custom_row"), None)
    row = next((child for child in element.children if child.kind == "custom_row"), None)
    if row is None:
        return top
    rows, across = -(-amount // columns), frame.width / columns
    ends = []
    for column in range(columns):
        room = Frame(frame.left + column * across, across - (COLUMN_GAP if columns > 1 else 0), frame.font)
        cells = cells_of(room, values["row_proportions"])
        upper = top
        if header is not None:
            upper = (
                max(
                    (sheet.flow([title], cell, top) for title, cell in zip(header.children, cells, strict=False)),
                    default=top,
                )
                + AFTER_TITLE
            )
        for index in range(column * rows, min((column + 1) * rows, amount)):
            upper = _custom_row(sheet, element, row, cells, upper, str(first + index))
            if values.get("border", "none") != "none":
                sheet.shapes.append(
                    Stroke(
                        room.left,
                        upper - ROW_LINE_GAP,
                        room.left + room.width,
                        upper - ROW_LINE_GAP,
                        values.get("border_size", ROW_LINE),
                    )
                )
        ends.append(upper)
    return max(ends) + BETWEEN


def cells_of(frame: Frame, shares: Sequence[float]) -> list[Frame]:
    """The columns of a frame with these shares of its width."""
    return [
        Frame(frame.left + frame.width * sum(shares[:number]), frame.width * share - CELL_GAP, frame.font)
        for number, share in enumerate(shares)
    ]


def _custom_row(sheet: Sheet, owner: Element, row: Element, cells: Sequence[Frame], top: float, index: str) -> float:
    bottom = top
    triggers = []
    for child, cell in zip(row.children, cells, strict=True):
        one = _numbered(child, index)
        if one.kind not in ("bubble_array", "custom_trigger"):
            bottom = max(bottom, sheet.flow([one], cell, top))
            continue
        size = bubble_size(one, sheet.form.settings)
        answers = one.values.get("answers_list", ("",))
        if len(answers) * (size + PITCH_ACROSS) > cell.width + PITCH_ACROSS:
            sheet.wrong(
                child,
                f"{len(answers)} bubbles do not fit into {cell.width:.0f} pixels. "
                "Write a larger part in row_proportions, or a smaller bubble_size.",
            )
        lefts = [cell.left + at * (size + PITCH_ACROSS) for at in range(len(answers))]
        for left, label in zip(lefts, answers, strict=True):
            sheet.bubble(left, top, (size, size), label, is_square=_is_square(one))
        reported = one.values.get("recogintion_values", answers)
        places = [(value, left, top) for left, value in zip(lefts, reported, strict=True)]
        if one.kind == "bubble_array":
            sheet.elements.append(choice_box(f"{owner.name}_{index}", places, (size, size)))
        else:
            triggers.append((one, places, size))
        bottom = max(bottom, top + size)
    arrays = {_numbered(child, index).name for child in row.children if child.kind == "bubble_array"}
    for one, places, size in triggers:
        target = one.values["target"]
        target = f"{owner.name}_{index}" if target in arrays else target
        sheet.targets.append((one, target))
        more = {"kind": ReplaceTrigger, "target": target, "value": one.values["value"]}
        sheet.elements.append(choice_box(one.name or None, places, (size, size), **more))
    return bottom + ROW_GAP


def _numbered(element: Element, index: str) -> Element:
    values = {
        key: value.replace("%index%", index) if isinstance(value, str) else value
        for key, value in element.values.items()
    }
    return replace(element, name=element.name.replace("%index%", index), values=values)
