"""The answers of one scan as rows of a name and a value, and the CSV, JSON and XML files of these rows.

The CSV file is exactly that of version 5.0 of the OMR cloud protocol. It contains only values. The other two also tell
how certain each value is.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from xml.etree import ElementTree

from omrclip.omr.reading.combining import WORST_FIRST, read_of
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.file_names import is_plain
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus
from omrclip.omr.template import (
    Barcode,
    ChoiceBox,
    CompositeGrid,
    Element,
    Grid,
    Page,
    ReplaceTrigger,
    ScoreAnswer,
    ScoreBubble,
    ScoreGroup,
    ScoreQuestion,
    Template,
)
from omrclip.wording import joined

CSV_HEADER: Final = "Element Name,Value,"
SEVERAL_PER_SYMBOL: Final = "ERROR: Multiple marks per symbol"
_NUMBER = re.compile(r"([0-9]+)")
_Column = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer.

    Attributes:
        name: of the element, or `<name>_total` for the sum of a score question or group.
        value: its value. The values of several marks have commas between them.
        type: the type of the element.
        status: how certain the value is.
        confidence: 0 to 1.
        message: for people, the reason why it is uncertain, or "".
    """

    name: str
    value: str
    type: str
    status: ElementStatus
    confidence: float
    message: str = ""


def with_threshold(template: Template, percent: float | None) -> Template:
    """Return a template whose choice boxes without a Threshold have this one. None and 0 change nothing."""
    if not percent:
        return template

    def changed(element: Element) -> Element:
        if isinstance(element, ChoiceBox):
            return element if element.threshold else replace(element, threshold=percent)
        if isinstance(element, Grid):
            return replace(element, elements=tuple(map(changed, element.elements)))
        return element

    pages = (replace(page, elements=tuple(map(changed, page.elements))) for page in template.pages)
    return replace(template, pages=tuple(pages))


def answer_rows(page: Page, recognition: Recognition) -> list[AnswerRow]:
    """Return the rows of all elements that are read, sorted by name, and the sums of score groups after them.

    Numbers in names are compared as numbers. Rows of equal names stay in template order.

    Args:
        page: the page of the template that was recognized. A bubble of a box with a Threshold counts as marked only if
            its fill reaches the Threshold.
        recognition: its results, with an empty `grid_gap`. It has results for all elements, or for none.
    """
    read = [element for element in page.elements if isinstance(element, ChoiceBox | Grid | Barcode)]
    rows: list[AnswerRow] = []
    sums: list[AnswerRow] = []
    grids: dict[str, int] = {}
    columns: dict[str, list[_Column]] = {}
    for element, told in zip(read, recognition.elements, strict=bool(recognition.elements)):
        if isinstance(element, ScoreGroup):
            rows += _score_rows(element, told)
            sums.append(_sum_row(told, _score_of_group(element, told)))
        elif isinstance(element, ReplaceTrigger):
            continue
        elif type(element) is Grid and not _is_replaced(element, told):
            name = told.name
            if name not in grids:
                grids[name] = len(rows)
                columns[name] = _columns(element, told)
                rows.append(_row(told, _joined(columns[name])))
            else:
                columns[name] = _merged(columns[name], _columns(element, told))
                rows[grids[name]] = _both(rows[grids[name]], told, _joined(columns[name]))
        else:
            rows.append(_row(told, _value(element, told)))
    return sorted(rows, key=_in_order) + sorted(sums, key=_in_order)


def csv_file(rows: Sequence[AnswerRow]) -> bytes:
    """Return the rows as CSV in UTF-8 with CRLF. Names are not quoted, values always are."""
    lines = [CSV_HEADER, *(f'{_plain(row.name)},"{_plain(row.value).replace(chr(34), chr(34) * 2)}"' for row in rows)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def json_file(rows: Sequence[AnswerRow]) -> bytes:
    """Return the rows as a JSON object with a list `Elements`."""
    elements = [dict(_told(row)) for row in rows]
    return f"{json.dumps({'Elements': elements}, ensure_ascii=False, indent=2)}\n".encode()


def xml_file(rows: Sequence[AnswerRow]) -> bytes:
    """Return the rows as an XML document. Its root `Elements` has an `Element` for each row."""
    root = ElementTree.Element("Elements")
    for row in rows:
        element = ElementTree.SubElement(root, "Element")
        for name, value in _told(row):
            ElementTree.SubElement(element, name).text = str(value)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _told(row: AnswerRow) -> Iterator[tuple[str, str | float]]:
    yield "Name", _plain(row.name)
    yield "Value", _plain(row.value)
    yield "Type", row.type
    yield "Status", str(row.status)
    yield "Confidence", row.confidence
    yield "Message", _plain(row.message)


def _plain(text: str) -> str:
    """The text with spaces for characters that would end a line, or that XML cannot have."""
    return "".join(character if is_plain(character) and character not in "\ufffe\uffff" else " " for character in text)


def _in_order(row: AnswerRow) -> list[tuple[int, str]]:
    """A key that compares names without letter case, and the numbers in them as numbers."""
    parts = _NUMBER.split(row.name.casefold())
    return [(int(part), "") if _NUMBER.fullmatch(part) else (-1, part) for part in parts if part]


def _row(told: ElementResult, value: str) -> AnswerRow:
    return AnswerRow(told.name, value, told.type, told.status, told.confidence, told.message)


def _sum_row(told: ElementResult, score: float) -> AnswerRow:
    value = "" if told.status is ElementStatus.BLANK else f"{score:.12g}"
    return replace(_row(told, value), name=f"{told.name}_total")


def _both(row: AnswerRow, told: ElementResult, value: str) -> AnswerRow:
    """The row of two grids of one name."""
    second = _row(told, value)
    statuses = {row.status, second.status}
    status = next(one for one in WORST_FIRST if one in statuses)
    message = joined(row.message, second.message)
    return replace(second, status=status, confidence=min(row.confidence, second.confidence), message=message)


def _value(element: ChoiceBox | Grid | Barcode, told: ElementResult) -> str:
    if isinstance(element, Barcode) or _is_replaced(element, told):
        return told.value
    if isinstance(element, ChoiceBox):
        return ",".join(_marks(element, told))
    columns = _columns(element, told)
    if isinstance(element, CompositeGrid) and any(len(column) > 1 for column in columns):
        return SEVERAL_PER_SYMBOL
    return _joined(columns)


def _is_replaced(element: ChoiceBox | Grid | Barcode, told: ElementResult) -> bool:
    """Whether the value is that of a trigger, and not what its own marks say."""
    if isinstance(element, ChoiceBox):
        return told.value != "".join(bubble.value for bubble in told.bubbles if bubble.marked)
    if isinstance(element, Grid):
        pairs = zip(read_of(element), told.children, strict=True)
        return told.value != "".join(child.value for part, child in pairs if not isinstance(part, ReplaceTrigger))
    return False


def _marked(box: ChoiceBox, told: ElementResult) -> list[BubbleResult]:
    """The marked bubbles of a box. A fill below the box's Threshold is no mark, even if it is the most likely one."""
    least = (box.threshold or 0) / 100
    return [bubble for bubble in told.bubbles if bubble.marked and bubble.fill >= least]


def _marks(box: ChoiceBox, told: ElementResult) -> _Column:
    return tuple(bubble.value for bubble in _marked(box, told))


def _columns(grid: Grid, told: ElementResult) -> list[_Column]:
    """The marks of each column of a grid, and of the grids in it."""
    columns: list[_Column] = []
    for part, child in zip(read_of(grid), told.children, strict=True):
        if isinstance(part, Grid):
            columns += _columns(part, child)
        elif not isinstance(part, ReplaceTrigger):
            columns.append(_marks(part, child))
    return columns


def _merged(one: Sequence[_Column], other: Sequence[_Column]) -> list[_Column]:
    """The marks of two grids of one name, digit by digit."""
    longest = max(len(one), len(other))
    padded = ([*columns, *[()] * (longest - len(columns))] for columns in (one, other))
    return [tuple(dict.fromkeys([*first, *second])) for first, second in zip(*padded, strict=True)]


def _joined(columns: Sequence[_Column]) -> str:
    return "".join(",".join(column) for column in columns)


def _score_rows(group: ScoreGroup, told: ElementResult) -> Iterator[AnswerRow]:
    """Two rows for each question: the criteria that are met, and the sum."""
    for question, child in _questions(group, told):
        scores = _scores(question, child)
        yield _row(child, ",".join(scores))
        yield _sum_row(child, sum(scores.values()))


def _score_of_group(group: ScoreGroup, told: ElementResult) -> float:
    return sum(sum(_scores(question, child).values()) for question, child in _questions(group, told))


def _questions(group: ScoreGroup, told: ElementResult) -> Iterator[tuple[ScoreQuestion, ElementResult]]:
    for question, child in zip(read_of(group), told.children, strict=True):
        if isinstance(question, ScoreQuestion):
            yield question, child


def _scores(question: ScoreQuestion, told: ElementResult) -> dict[str, float]:
    """The score of each criterion that is met, by its name."""
    found: dict[str, float] = {}
    for answer, child in zip(read_of(question), told.children, strict=True):
        if isinstance(answer, ScoreAnswer):
            marked = _marked(answer, child)
            for bubble, result in zip(answer.bubbles, child.bubbles, strict=False):
                if result in marked and isinstance(bubble, ScoreBubble) and bubble.is_positive:
                    found[child.name] = found.get(child.name, 0) + bubble.score
    return found
