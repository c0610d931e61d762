"""The table of many recognitions: its columns, its typed cells, and the CSV file.

A row is made of a `Sheet`. `workbook` writes the same rows as XLSX.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

from omrclip.omr.labels import distinct, page_labels
from omrclip.omr.report.booklets import BookletTitles
from omrclip.omr.report.sheet import DOUBTFUL, Sheet, marked_values
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import BARCODE_TYPES, CheckBox, ChoiceBox, ClipArea, Element, Grid, ScoreGroup, Template

# Characters at which a spreadsheet recognizes a formula. The last four are wide forms of the first.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Numbers without a leading zero. Spreadsheets keep 15 digits of a number.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_MOST_DIGITS = 15
_MARKS_SEPARATOR = "; "
"""Between the values of several marks, unless each of them is a single character: `AC`, but `Friends; Other`."""
_STATUS_COLUMNS = (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE, ElementStatus.BLANK)


class Separator(StrEnum):
    """What separates the cells of a CSV file. Spreadsheets in countries with a decimal comma expect a semicolon."""

    COMMA = ","
    SEMICOLON = ";"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: what it shows.
        number: its value if it is a number.
        link: the file to which it links, relative to the table's, or its URI.
        needs_check: whether a person should check it.
    """

    text: str
    number: float | None = None
    link: str = ""
    needs_check: bool = False


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """The column of the elements with one title. `is_number` says whether their values are numbers.

    The column decides, and not each cell, because a spreadsheet leaves out texts among numbers without a warning: the
    average of `9`, `10` and the text `07` would be wrong. A column contains numbers if no value can have a leading
    zero:

    - a choice box with one answer, if the value of each bubble is a number without a leading zero (0 to 10, 1.5);
    - a grid of digits whose first digit cannot be 0;
    - a score group.

    All others contain text, such as grids of digits for an identifier `00123`, and bar codes. Several marks where one
    is allowed are text in any column.
    """

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """The columns of a table with a row for each sheet.

    First come the result, the elements that a person should check, and those that are blank. Then there is a column
    for the value of each element, and one for the file of each clip. If the sheets may have corrections, values are
    the corrected ones, a column tells which were corrected, and each clip has two columns: the text that was typed for
    it, and its file.

    Attributes:
        answers: the columns of the choice boxes, grids and bar codes of all pages. Elements of two pages may share a
            column, because a scan shows one page.
        areas: the titles of the clip areas of all pages.
        has_corrections: whether sheets may have corrections.
        marks_separator: what stands between the values of several marks in one cell. None: "; " if one of these values
            has several characters, otherwise nothing, as in `AC`.
        has_templates: whether a column names the template of each sheet.
        has_booklets: whether a row shows a booklet. Then elements of two pages do not share a column.
    """

    answers: tuple[AnswerColumn, ...]
    areas: tuple[str, ...]
    has_corrections: bool = False
    marks_separator: str | None = None
    has_templates: bool = False
    has_booklets: bool = False

    @classmethod
    def of_booklets(
        cls, templates: Mapping[str, Template], titles: BookletTitles, marks_separator: str | None = None
    ) -> "ResultsTable":
        """The table with a row for each booklet, by the names of the templates in the batch."""
        answers, areas = dict[str, bool](), dict[str, None]()
        for name, template in templates.items():
            for number, page in enumerate(template.pages, start=1):
                for index, label in page_labels(page).items():
                    element, title = page.elements[index], titles.of(name, number, label)
                    if isinstance(element, ClipArea):
                        areas[title] = None
                    else:
                        answers[title] = answers.get(title, True) and _is_number(element)
        columns = tuple(AnswerColumn(*column) for column in answers.items())
        has_templates = len(templates) > 1
        return cls(columns, tuple(areas), False, marks_separator, has_templates, has_booklets=True)

    @classmethod
    def of(cls, *templates: Template, marks_separator: str | None = None) -> "ResultsTable":
        """The table for scans of templates. It is known before the first scan is recognized."""
        answers, areas = dict[str, bool](), dict[str, None]()
        for page in (page for template in templates for page in template.pages):
            for index, title in page_labels(page).items():
                element = page.elements[index]
                if isinstance(element, ClipArea):
                    areas[title] = None
                else:
                    answers[title] = answers.get(title, True) and _is_number(element)
        columns = tuple(AnswerColumn(*column) for column in answers.items())
        return cls(columns, tuple(areas), False, marks_separator, has_templates=len(templates) > 1)

    @classmethod
    def of_sheets(cls, sheets: Iterable[Sheet], marks_separator: str | None = None) -> "ResultsTable":
        """The table for sheets with corrections whose template is not known. Columns are in the order of the sheets."""
        answers, areas = dict[str, bool](), dict[str, None]()
        for sheet in sheets:
            for element in sheet.recognition.elements:
                answers[element.title] = answers.get(element.title, True) and _was_number(element)
            areas.update((clip.title, None) for clip in sheet.recognition.clips)
        return cls(tuple(AnswerColumn(*column) for column in answers.items()), tuple(areas), True, marks_separator)

    @property
    def first_answer(self) -> int:
        """The index of the column of the first answer. The columns of the clips follow those of the answers."""
        clips = len(self.areas) * (2 if self.has_corrections else 1)
        return len(self.headings()) - len(self.answers) - clips

    def headings(self) -> list[str]:
        """The first row."""
        first = ["Image", "Result", *(["Template"] if self.has_templates else []), "Page", "Messages"]
        if self.has_booklets:
            first = ["Booklet", "Booklet problems", *first]
        first += ["Uncertain", "Multiple", "Blank"]
        answers = [column.title for column in self.answers]
        if not self.has_corrections:
            return [*first, *answers, *self.areas]
        clips = [heading for area in self.areas for heading in (area, f"{area} (file)")]
        return [*first, "Corrected", *distinct([*answers, *clips], "{} ({})")]

    def row(self, sheet: Sheet) -> list[Cell]:
        """The row of one sheet."""
        recognition = sheet.recognition
        read = {element.title: element for element in recognition.elements}
        page = recognition.page
        booklet = [Cell(sheet.booklet), Cell(" ".join(sheet.problems), needs_check=bool(sheet.problems))]
        row = [
            *(booklet if self.has_booklets else []),
            Cell(recognition.scan),
            Cell("Pass") if recognition.passed else Cell("Fail", needs_check=True),
            *([Cell(recognition.template)] if self.has_templates else []),
            Cell(sheet.pages) if self.has_booklets else Cell(str(page), page) if page else Cell(""),
            Cell(" ".join(recognition.messages)),
            *(Cell("; ".join(_with_status(sheet, status))) for status in _STATUS_COLUMNS),
        ]
        if self.has_corrections:
            row.append(Cell(_corrected(sheet)))
        row += [self._answer(sheet, column, read.get(column.title)) for column in self.answers]
        return row + self._clips(sheet)

    def value(self, sheet: Sheet, element: ElementResult) -> str:
        """The value of an element: the corrected one if there is one, with its marks separated."""
        corrected = sheet.correction(element.title)
        if corrected is not None:
            return corrected
        marks = marked_values(element)
        if element.value != "".join(marks):
            return element.value
        separator = self.marks_separator
        if separator is None:
            separator = _MARKS_SEPARATOR if any(len(mark) > 1 for mark in marks) else ""
        return separator.join(marks)

    def _answer(self, sheet: Sheet, column: AnswerColumn, element: ElementResult | None) -> Cell:
        if element is None:
            return Cell("")
        text = self.value(sheet, element)
        was_corrected = column.title in sheet.corrections
        is_number = column.is_number and (was_corrected or len(marked_values(element)) < 2)
        needs_check = element.status in DOUBTFUL and not was_corrected
        return Cell(text, number_of(text) if is_number else None, needs_check=needs_check)

    def _clips(self, sheet: Sheet) -> list[Cell]:
        titles = (clip.title for clip in sheet.recognition.clips)
        linked = zip(titles, sheet.clip_files, sheet.clip_links or sheet.clip_files, strict=True)
        files = {title: Cell(file, link=link) for title, file, link in linked}
        found = [files.get(area, Cell("")) for area in self.areas]
        if not self.has_corrections:
            return found
        typed = [Cell(sheet.correction(area) or "") for area in self.areas]
        return [cell for both in zip(typed, found, strict=True) for cell in both]


class CsvTable:
    """A table as CSV. Rows are written as they come. No cell is a formula: an apostrophe precedes what would be one."""

    def __init__(self, file: IO[str], table: ResultsTable, separator: Separator = Separator.COMMA) -> None:
        """Write the headings.

        Args:
            file: an open text file. Its encoding should be `utf-8-sig`, because spreadsheets recognize UTF-8 by the
                byte order mark, and its newline "".
            table: the columns.
            separator: what separates the cells.
        """
        self._rows = csv.writer(file, delimiter=separator)
        self._rows.writerow([guarded(Cell(heading)) for heading in table.headings()])

    def add(self, row: Iterable[Cell]) -> None:
        """Write a row."""
        self._rows.writerow(map(guarded, row))


def number_of(text: str) -> float | None:
    """The number that a text is; None if it has a leading zero, or more digits than a spreadsheet keeps."""
    if not _NUMBER.fullmatch(text) or sum(map(str.isdigit, text)) > _MOST_DIGITS:
        return None
    return float(text) if "." in text else int(text)


def guarded(cell: Cell) -> str:
    """The text of a cell in a CSV file, which no spreadsheet takes for a formula."""
    return f"'{cell.text}" if cell.number is None and cell.text.startswith(FORMULA_STARTS) else cell.text


def _with_status(sheet: Sheet, status: ElementStatus) -> list[str]:
    return [element.title for element in sheet.recognition.elements if element.status is status]


def _corrected(sheet: Sheet) -> str:
    """The titles of the elements that were corrected and of the clips with a text, each with the account if known."""
    read = [one.title for one in sheet.recognition.elements] + [clip.title for clip in sheet.recognition.clips]
    corrected = ((title, sheet.corrections[title].by) for title in read if title in sheet.corrections)
    return "; ".join(f"{title} ({by})" if by else title for title, by in corrected)


def _is_number(element: Element) -> bool:
    """Whether the values of an element of a template are numbers, see `AnswerColumn`."""
    if isinstance(element, Grid):
        return isinstance(element, ScoreGroup) or _is_number_of_digits([_values(child) for child in element.elements])
    return isinstance(element, ChoiceBox) and not element.multiselect and _are_numbers(_values(element))


def _values(element: Element) -> Sequence[str]:
    return [bubble.value for bubble in element.bubbles] if isinstance(element, ChoiceBox) else ()


def _was_number(element: ElementResult) -> bool:
    """Whether the values of an element may be numbers, by one of its results. One that was not read has no bubbles."""
    if element.type == ScoreGroup.type:
        return True
    if element.children:
        digits = [[bubble.value for bubble in child.bubbles] for child in element.children]
        return not all(digits) or _is_number_of_digits(digits)
    several = element.status is ElementStatus.MARKED and len(marked_values(element)) > 1
    is_choice = element.type not in (CheckBox.type, *BARCODE_TYPES) and not several
    return is_choice and _are_numbers([bubble.value for bubble in element.bubbles])


def _are_numbers(values: Sequence[str]) -> bool:
    return all(number_of(value) is not None for value in values)


def _is_number_of_digits(digits: Sequence[Sequence[str]]) -> bool:
    """Whether a grid gives a number, by the values of the bubbles of each digit."""
    return "0" not in digits[0] and all(value in tuple("0123456789") for values in digits for value in values)
