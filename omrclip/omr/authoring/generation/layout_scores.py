"""The layout of score groups: criteria with points, of which those that are marked are added up."""

from collections.abc import Sequence

from omrclip.omr.authoring.generation.layout_marks import TABLE_LINE, cells_of
from omrclip.omr.authoring.generation.shapes import Rect, Stroke
from omrclip.omr.authoring.generation.sheet import (
    BETWEEN,
    CELL_MARGIN,
    CELL_PADDING,
    Frame,
    Sheet,
    bubble_size,
    font_for,
    lays_out,
)
from omrclip.omr.authoring.generation.vocabulary import Element
from omrclip.omr.template import ScoreAnswer, ScoreBubble, ScoreGroup, ScoreQuestion, around

_MARKED = ("positive", "negative")


@lays_out("score_group")
def score_group(sheet: Sheet, element: Element, frame: Frame, top: float) -> float:
    """Questions below each other."""
    questions = []
    for child in element.children:
        if child.kind == "score_question":
            made, top = _question(sheet, child, frame, top)
            questions.append(made)
    if questions:
        left, upper, across, down = around(one.place for one in questions)
        sheet.elements.append(
            ScoreGroup(name=element.name, left=left, top=upper, width=across, height=down, elements=tuple(questions))
        )
    return top + BETWEEN


def _question(sheet: Sheet, element: Element, frame: Frame, top: float) -> tuple[ScoreQuestion, float]:
    """The heads, then a row for each answer with a bubble below each head that is marked."""
    font, begin = font_for(element, frame.font), top
    cells = cells_of(frame, element.values["row_proportions"])
    heads = [child for child in element.children if child.kind == "score_header"]
    size = bubble_size(element, sheet.form.settings)
    narrow = next((cell for cell in cells[1:] if cell.width < size), None)
    if narrow is not None:
        sheet.wrong(
            element,
            f"A bubble needs {size - narrow.width:.0f} pixels more than its column has. "
            "Write a larger part in row_proportions.",
        )
    ends = [sheet.write(element.name, font, cells[0].inset(CELL_MARGIN), top + CELL_PADDING)]
    ends += [
        sheet.write(head.name, font_for(head, font), cell, top + CELL_PADDING, "center")
        for head, cell in zip(heads, cells[1:], strict=True)
    ]
    top = max(ends) + CELL_PADDING
    lines, answers = [top], []
    for child in element.children:
        if child.kind == "score_answer":
            made, top = _answer(sheet, child, heads, cells, top)
            answers += made
            lines.append(top)
    sheet.shapes.append(Rect(frame.left, begin, frame.width, top - begin, TABLE_LINE))
    sheet.shapes += [Stroke(frame.left, y, frame.left + frame.width, y, TABLE_LINE) for y in lines[:-1]]
    left, upper, across, down = around(one.place for one in answers)
    question = ScoreQuestion(
        name=element.name, left=left, top=upper, width=across, height=down, elements=tuple(answers)
    )
    return question, top


def _answer(
    sheet: Sheet, element: Element, heads: Sequence[Element], cells: Sequence[Frame], top: float
) -> tuple[list[ScoreAnswer], float]:
    size = bubble_size(element, sheet.form.settings)
    bottom = (
        max(
            sheet.write(
                element.name, font_for(element, cells[0].font), cells[0].inset(CELL_MARGIN), top + CELL_PADDING
            ),
            top + size + CELL_PADDING,
        )
        + CELL_PADDING
    )
    bubbles = []
    for head, cell in zip(heads, cells[1:], strict=True):
        kind = head.values["header_type"]
        if kind not in _MARKED:
            continue
        left, upper = round(cell.left + (cell.width - size) / 2), round(top + (bottom - top - size) / 2)
        sheet.bubble(left, upper, (size, size), "")
        score = head.values.get("score", 1) * element.values["score"]
        is_positive = kind == "positive"
        bubbles.append(
            ScoreBubble(
                value=head.name, left=left, top=upper, is_positive=is_positive, score=score if is_positive else 0
            )
        )
    if not bubbles:
        return [], bottom
    box = around((one.left, one.top, size, size) for one in bubbles)
    answer = ScoreAnswer(
        name=element.name,
        left=box[0],
        top=box[1],
        width=box[2],
        height=box[3],
        bubble_width=size,
        bubble_height=size,
        bubbles=tuple(bubbles),
    )
    return [answer], bottom
