"""The table of many recognitions as a workbook (XLSX), with sheets of doubtful answers, failed scans and counts.

Rows are written to temporary files as they come, so the memory that a workbook needs does not grow with its rows.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.image import Image
from xlsxwriter.url import Url
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from omrclip.errors import LimitExceeded
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.sheet import DOUBTFUL, Sheet
from omrclip.omr.report.table import Cell, ResultsTable, number_of
from omrclip.omr.results import ElementStatus

MOST_ROWS: Final = 1_048_576
"""The rows of one sheet of a workbook. Further rows go to another sheet."""
MOST_COLUMNS: Final = 16_384
"""The columns of one sheet of a workbook."""
MOST_LINKS: Final = 65_530
"""The links of one sheet of a workbook. Further cells contain the name of the file without a link."""
MOST_CHARACTERS: Final = 16_000
"""The characters of a cell. A workbook allows 32,767 units of UTF-16, of which a character needs up to two."""
LEAST_WIDTH, MOST_WIDTH, FILTER_WIDTH = 6, 50, 4
"""The width of columns, and what the button of the filter needs beside a heading, in characters."""
PICTURE_HEIGHT = 48
"""The height of a row with pictures, in points."""
PICTURE_WIDTH = 36
"""The width of a column with pictures, in characters."""
NO_TIME = datetime(2000, 1, 1)
"""The time at which a workbook says it was made. It is always the same, so that equal results are equal files."""
SEVERAL_MARKS = "Several bubbles are marked."

# Characters that a relative link must not contain. Other characters, such as ä, are not changed.
_UNSAFE_IN_LINK = re.compile(r'[%#?\s"<>\[\]`^{}\\]')
# A picture is at most so large in pixels, so that it fits into its cell.
_PICTURE_BOX = (250, 60)
_DPI = 96
"""The pixels per inch of a workbook."""
_PICTURE_SUFFIXES = (".jpg", ".png")
_CELLS_IN_MEMORY, _SHORT = 4096, 16
"""The number of different cells whose XML is in memory, and the most characters of their texts. Most answers are one of
a few short values."""


class XlsxTable:
    """A table as a workbook: the sheets Results, Doubtful, Failed and Counts. No cell is a formula.

    Numbers are numbers (see `AnswerColumn`), answers that a person should check are coloured, clips link to their
    files. Headings and the first column stay in view, and each sheet has a filter. Call `discard` at the end.
    """

    def __init__(
        self, path: Path, table: ResultsTable, temporary: Path, *, pictures: Path | None = None, counts: Counts
    ) -> None:
        """Begin a workbook.

        Args:
            path: the file to write. It is written by `close`.
            table: the columns.
            temporary: a folder for temporary files. They contain the values, and stay if the process is killed.
            pictures: the folder of the clips' files, if the cells show them. JPEG and PNG files are shown. They
                are read by `close`.
            counts: what the sheet Counts shows. The caller adds the sheets to it.

        Raises:
            LimitExceeded: the table has more columns than a workbook.
        """
        check_columns(table)
        self._counts = counts
        self._book = Workbook(path, {"constant_memory": True, "tmpdir": str(temporary)})
        self._book.set_properties({"created": NO_TIME})
        self._results = _Rows(self._book, "Results", table.headings(), pictures)
        self._doubtful = _Rows(
            self._book, "Doubtful", ["Image", "Element", "Value", "Status", "Reason", "Corrected value", "Corrected by"]
        )
        self._failed = _Rows(self._book, "Failed", ["Image", "Reason"])

    def add(self, row: Sequence[Cell], sheets: Sequence[Sheet]) -> None:
        """Write a row of the sheet Results, and the rows of its sheets in the others."""
        self._results.write(row)
        for sheet in sheets:
            self._add_details(sheet)

    def _add_details(self, sheet: Sheet) -> None:
        recognition = sheet.recognition
        if not recognition.passed:
            self._failed.write([Cell(recognition.scan), Cell(sheet.reason)])
        for element in recognition.elements:
            if element.status in DOUBTFUL:
                reason = element.message or (SEVERAL_MARKS if element.status is ElementStatus.MULTIPLE else "")
                corrected = sheet.corrections.get(element.title)
                texts = [recognition.scan, element.title, element.value, element.status, reason]
                texts += [corrected.value, corrected.by] if corrected else ["", ""]
                self._doubtful.write([Cell(text, needs_check=corrected is None) for text in texts])

    def close(self) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        counts = _Rows(self._book, "Counts", ["Element", "Kind", "Value", "Answers", "Sheets", "Share"])
        for row in _count_rows(self._counts):
            counts.write(row)
        for rows in (self._results, self._doubtful, self._failed, counts):
            rows.finish()
        try:
            self._book.close()
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from error

    def discard(self) -> None:
        """Close the temporary files. Call it at the end, whether the workbook was written or not."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()


def check_columns(table: ResultsTable) -> None:
    """Raise LimitExceeded if the table has more columns than a workbook."""
    columns = len(table.headings())
    if columns > MOST_COLUMNS:
        raise LimitExceeded(
            f"The table has {columns:,} columns, and a workbook (XLSX) at most {MOST_COLUMNS:,}. Use the CSV file.",
            limit="columns",
            maximum=MOST_COLUMNS,
            value=columns,
        )


def _count_rows(counts: Counts) -> Iterable[list[Cell]]:
    for element in counts:
        found = [("value", value, count) for value, count in element.marks.items()]
        if element.others or not found:
            found.append(("other value" if found else "any value", "", element.others))
        found += [(str(status), "", element.statuses[status]) for status in (ElementStatus.BLANK, *DOUBTFUL)]
        for kind, value, count in found:
            numbers = [_number(count), _number(element.sheets), _number(round(count / element.sheets, 4))]
            yield [Cell(element.title), Cell(kind), Cell(value, number_of(value)), *numbers]


def _number(value: float) -> Cell:
    return Cell(str(value), value)


_CellXml: TypeAlias = Callable[[str, float | None, Format | None], str]


class _Sheet(Worksheet):  # type: ignore[misc]
    """A worksheet that writes the XML of a row at once.

    XlsxWriter writes cell by cell. That takes eight times as long for the answers of an exam sheet. The names with an
    underscore are private to XlsxWriter; a test compares the XML with its own.
    """

    def xml_of(self, text: str, number: float | None, style: Format | None) -> str:
        """The XML of a cell, without its beginning `<c r="A1"`."""
        styled = f' s="{style._get_xf_index()}"' if style else ""
        if number is not None:
            return f"{styled}><v>{number:.16G}</v></c>"
        fitting = self._escape_data(self._escape_control_characters(_fitting(text)))
        space = ' xml:space="preserve"' if fitting != fitting.strip() else ""
        return f'{styled} t="inlineStr"><is><t{space}>{fitting}</t></is></c>'

    def add_row(self, row: int, cells: Iterable[str], height: float | None = None) -> None:
        """Write the next row: the whole XML of its cells."""
        taller = f' ht="{height:g}" customHeight="1"' if height else ""
        self.row_data_fh.write(f'<row r="{row + 1}"{taller}>{"".join(cells)}</row>')

    def cover(self, rows: int, columns: int) -> None:
        """Note the size of the table."""
        self._check_dimensions(0, 0)
        self._check_dimensions(rows - 1, columns - 1)

    def add_link(self, row: int, column: int, address: Url) -> None:
        """Link from a cell. Its text is that of `add_row`."""
        self.ignore_write_string = True
        self.write_url(row, column, address)
        self.ignore_write_string = False


class _Rows:
    """The rows of one kind, on one sheet, or on several if they are too many."""

    def __init__(self, book: Workbook, name: str, headings: Sequence[str], pictures: Path | None = None) -> None:
        self._book = book
        self._name = name
        self._headings = headings
        self._pictures = pictures
        self._widths = [len(heading) + FILTER_WIDTH for heading in headings]
        self._letters = [f'<c r="{xl_col_to_name(column)}' for column in range(len(headings))]
        self._has_pictures: set[int] = set()
        self._heading = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4", "font_color": "#1A2733"})
        self._check = book.add_format({"bg_color": "#FFF2CC", "font_color": "#5C4400"})
        self._link = book.add_format({"font_color": "#0B57D0", "underline": 1})
        self._sheets = 0
        self._begin()

    def _begin(self) -> None:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        self._sheet: _Sheet = self._book.add_worksheet(name, _Sheet)
        self._row = self._links = 0
        self._xml: _CellXml = self._sheet.xml_of
        self._short_xml: _CellXml = lru_cache(_CELLS_IN_MEMORY)(self._sheet.xml_of)
        texts = (self._xml(heading, None, self._heading) for heading in self._headings)
        self._sheet.add_row(0, [f'{letters}1"{text}' for letters, text in zip(self._letters, texts, strict=True)])

    def write(self, cells: Sequence[Cell]) -> None:
        """Write the next row."""
        if self._row + 1 >= MOST_ROWS:
            self.finish()
            self._begin()
        self._row += 1
        number, widths, letters = self._row + 1, self._widths, self._letters
        written = list[str]()
        has_picture = False
        for column, cell in enumerate(cells):
            text = cell.text
            if not text:
                continue
            if len(text) > widths[column]:
                widths[column] = len(text)
            style = self._check if cell.needs_check else None
            if cell.number is None and cell.link and self._links < MOST_LINKS:
                self._links += 1
                style = self._link
                self._sheet.add_link(self._row, column, _address(cell))
                if self._pictures:
                    has_picture |= self._show(column, self._pictures / cell.link)
            xml = self._short_xml if len(text) <= _SHORT else self._xml
            written.append(f'{letters[column]}{number}"{xml(text, cell.number, style)}')
        self._sheet.add_row(self._row, written, PICTURE_HEIGHT if has_picture else None)

    def _show(self, column: int, path: Path) -> bool:
        """Put a picture over the cell, if its format can be shown, and return whether it can."""
        if path.suffix not in _PICTURE_SUFFIXES:
            return False
        picture = Image(str(path))
        width, height = picture.width * _DPI / picture.x_dpi, picture.height * _DPI / picture.y_dpi
        scale = min(_PICTURE_BOX[0] / width, _PICTURE_BOX[1] / height)
        place = {"x_scale": scale, "y_scale": scale, "x_offset": 2, "y_offset": 2, "object_position": 1}
        self._sheet.set_row(self._row, PICTURE_HEIGHT)
        self._sheet.insert_image(self._row, column, picture, place)
        self._has_pictures.add(column)
        return True

    def finish(self) -> None:
        """Set the widths of columns and the filter, which depend on all rows."""
        sheet = self._sheet
        sheet.cover(self._row + 1, len(self._headings))
        for column, width in enumerate(self._widths):
            wanted = PICTURE_WIDTH if column in self._has_pictures else min(max(width, LEAST_WIDTH), MOST_WIDTH)
            sheet.set_column(column, column, wanted)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, self._row, len(self._headings) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS}"})


def _fitting(text: str) -> str:
    fitting = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return fitting.encode("utf-8", "replace").decode()


def _address(cell: Cell) -> Url:
    """The link of a cell. XlsxWriter alone would write relative ones with backslashes, for Windows only."""
    is_uri = "://" in cell.link
    address = Url(cell.link if is_uri else "external:file")
    address.text = _fitting(cell.text)
    if not is_uri:
        address._relationship_link = _UNSAFE_IN_LINK.sub(lambda found: f"%{ord(found[0]):02X}", cell.link)
    return address
