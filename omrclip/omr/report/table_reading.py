"""Reads the answers in a table that `table.CsvTable` wrote, which a person may have edited in a spreadsheet."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from omrclip.errors import InvalidRequest
from omrclip.omr.report.table import FORMULA_STARTS, Separator

_FIRST, _RESULT, _CORRECTED = "Image", "Result", "Corrected"
_STATUSES = ("Uncertain", "Multiple", "Blank")
_BEFORE_ANSWERS = (_FIRST, _RESULT, "Page", "Messages", *_STATUSES)


@dataclass(frozen=True, slots=True)
class SheetAnswers:
    """A row of a table.

    Attributes:
        scan: the name of the scan.
        passed: whether it was recognized. If not, it has no answers.
        answers: title of an element → its value, in a list of one as in `grading.Answers`. Elements of other pages are
            left out.
        uncertain: the titles of the elements that a person should check. Those that were corrected are left out.
    """

    scan: str
    passed: bool
    answers: dict[str, list[str]]
    uncertain: frozenset[str]


def read_table(file: IO[str], name: str) -> Iterator[SheetAnswers]:
    """Yield the rows of a table.

    Args:
        file: an open text file, with the encoding `utf-8-sig` and the newline "".
        name: the name of the file, for messages.

    Raises:
        InvalidRequest: the file is not such a table.
    """
    first = file.readline()
    file.seek(0)
    separator = Separator.SEMICOLON if first.startswith(_FIRST + Separator.SEMICOLON) else Separator.COMMA
    try:
        rows = csv.reader(file, delimiter=separator)
        headings = [_unguarded(heading) for heading in next(rows, [])]
        if tuple(headings[: len(_BEFORE_ANSWERS)]) != _BEFORE_ANSWERS:
            raise InvalidRequest(f"{name}: expected a results.csv of omrclip, whose first columns are {_SHOWN}")
        for row in rows:
            if row:
                yield _sheet(headings, [_unguarded(cell) for cell in row], f"{name}, line {rows.line_num}")
    except csv.Error as error:
        raise InvalidRequest(f"{name}: expected a CSV file; {error}") from None


_SHOWN = ", ".join(_BEFORE_ANSWERS)


def _sheet(headings: list[str], row: list[str], place: str) -> SheetAnswers:
    if len(row) != len(headings):
        raise InvalidRequest(f"{place}: expected {len(headings)} columns, not {len(row)}")
    told = dict(zip(_BEFORE_ANSWERS, row, strict=False))
    first = len(_BEFORE_ANSWERS)
    corrected = ""
    if headings[first : first + 1] == [_CORRECTED]:
        corrected, first = row[first], first + 1
    answers: dict[str, list[str]] = {}
    uncertain = set()
    for title, value in zip(headings[first:], row[first:], strict=True):
        was_corrected = _lists(corrected, title)
        # An empty cell is an empty answer only if a status says so: a sheet may show another page.
        if value or was_corrected or any(_lists(told[status], title) for status in _STATUSES):
            answers.setdefault(title, []).append(value.strip())
        if _lists(told["Uncertain"], title) and not was_corrected:
            uncertain.add(title)
    passed = told[_RESULT] == "Pass"
    return SheetAnswers(told[_FIRST], passed, answers if passed else {}, frozenset(uncertain))


def _lists(cell: str, title: str) -> bool:
    """Whether a cell with titles, each of which may be followed by a person in brackets, lists a title."""
    return f"; {cell}; ".find(f"; {title}; ") >= 0 or f"; {cell}".find(f"; {title} (") >= 0


def _unguarded(cell: str) -> str:
    """The cell without the apostrophe by which `table` keeps spreadsheets from seeing a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell
