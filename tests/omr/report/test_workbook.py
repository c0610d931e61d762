"""The workbook opens, its numbers are numbers, it holds no formula, and it links to the clips."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from xlsxwriter import Workbook

from omrclip.errors import LimitExceeded
from omrclip.imaging.codec import encode
from omrclip.imaging.probe import ImageFormat
from omrclip.omr.recognition import Recognition
from omrclip.omr.report import workbook
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.report.table import AnswerColumn, Cell, ResultsTable
from omrclip.omr.report.workbook import XlsxTable, check_columns
from tests.omr.recognized import ELEMENTS, recognition
from tests.patience import PATIENCE

SOFFICE = shutil.which("soffice")
SHEETS = ["Results", "Doubtful", "Failed", "Counts"]
TABLE = ResultsTable(
    (
        *(AnswerColumn(title) for title in ("Q1", "Q2", "Q3", "Q4", "Grid", "Code")),
        AnswerColumn("Points", is_number=True),
    ),
    ("Näme",),
)


def points(value: str) -> Recognition:
    found = recognition()
    return replace(found, elements=(*found.elements, replace(ELEMENTS[0], name="Points", value=value, bubbles=())))


def sheet(read: Recognition, file: str = "clip #1 50%ä.jpg", **corrections: Corrected) -> Sheet:
    return Sheet(read, [file] * len(read.clips), corrections)


@contextmanager
def written(folder: Path, table: ResultsTable, *sheets: Sheet, **settings: Any) -> Iterator[Any]:
    counts = Counts()
    book = XlsxTable(folder / "results.xlsx", table, folder, counts=counts, **settings)
    for one in sheets:
        book.add(table.row(one), [one])
        counts.add(one)
    book.close()
    book.discard()
    loaded = load_workbook(folder / "results.xlsx")
    yield loaded
    loaded.close()


def values(rows: Any) -> list[list[object]]:
    return [[cell.value for cell in row] for row in rows]


def test_cells_are_those_that_xlsxwriter_writes(tmp_path: Path) -> None:
    texts = ["plain", " a ", "a & b", "<b>", "\x01", "_x0041_", "line\nbreak", "ä", "=1+1", "x" * 40]
    cells = [*map(Cell, texts), *(Cell(str(number), number) for number in (0.0, 10.0, -7.5, 1e20, 1 / 3))]
    ours = XlsxTable(tmp_path / "ours.xlsx", TABLE, tmp_path, counts=Counts())
    ours.add(cells, [])
    ours.close()
    ours.discard()
    with Workbook(tmp_path / "theirs.xlsx", {"constant_memory": True}) as book:
        plain = book.add_worksheet()
        for column, cell in enumerate(cells):
            if cell.number is None:
                plain.write_string(1, column, cell.text)
            else:
                plain.write_number(1, column, cell.number)

    def row(name: str) -> str:
        with ZipFile(tmp_path / name) as parts:
            xml = parts.read("xl/worksheets/sheet1.xml").decode()
        return xml[xml.index('<row r="2"') : xml.index("</sheetData>")]

    assert row("ours.xlsx") == row("theirs.xlsx")


def test_numbers_are_numbers_and_texts_are_texts(tmp_path: Path) -> None:
    with written(tmp_path, TABLE, *(sheet(points(value)) for value in ("0", "10", "7.5", ""))) as book:
        assert book.sheetnames == SHEETS
        results = values(book["Results"])
    assert results[0] == TABLE.headings()
    assert [row[13] for row in results[1:]] == [0, 10, 7.5, None]
    assert [row[2] for row in results[1:]] == [1, 1, 1, 1]
    assert results[1][12] == "4006381333931", "a bar code keeps its digits"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-A",
        "@SUM(A1)",
        "\tx",
        "{=1}",
        "http://example.org",
        "internal:A1",
        "_x0041_",
        "<r><t>a</t></r>",
        " a & b\n",
    ],
)
def test_no_cell_is_a_formula_or_a_link_that_was_not_meant(tmp_path: Path, text: str) -> None:
    read = replace(recognition(), scan=text, messages=(text,))
    read = replace(read, elements=(replace(ELEMENTS[0], value=text, bubbles=()), *ELEMENTS[1:]))
    table = replace(TABLE, answers=(AnswerColumn("Q1"), AnswerColumn(text)))
    with written(tmp_path, table, sheet(read)) as book:
        cells = [book["Results"].cell(2, column) for column in (1, 4, 8)]
        assert book["Results"].cell(1, 9).value.replace("_x005F_", "_") == text
        assert [(cell.value.replace("_x005F_", "_"), cell.data_type, cell.hyperlink) for cell in cells] == [
            (text, "s", None)
        ] * 3


def test_control_characters_and_lone_surrogates_do_not_break_the_file(tmp_path: Path) -> None:
    read = replace(recognition(), messages=("a\x00b\x1bc\ud800d\ufffe",))
    with written(tmp_path, TABLE, sheet(read)) as book:
        assert str(book["Results"].cell(2, 4).value).startswith("a")


def test_a_text_that_is_too_long_for_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    with written(tmp_path, TABLE, sheet(replace(recognition(), messages=("😀" * 20_000,)))) as book:
        text = book["Results"].cell(2, 4).value
    assert text == "😀" * workbook.MOST_CHARACTERS + "…"


def test_clips_link_to_their_files_by_relative_paths(tmp_path: Path) -> None:
    with written(tmp_path, TABLE, sheet(recognition()), sheet(recognition(), "clips/Näme/p1.jpg")) as book:
        cells = [book["Results"].cell(row, 15) for row in (2, 3)]
        assert [cell.value for cell in cells] == ["clip #1 50%ä.jpg", "clips/Näme/p1.jpg"]
        assert [cell.hyperlink.target for cell in cells] == ["clip%20%231%2050%25ä.jpg", "clips/Näme/p1.jpg"]


def test_more_links_than_a_workbook_has_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_LINKS", 2)
    with written(tmp_path, TABLE, *[sheet(recognition())] * 3) as book:
        cells = [book["Results"].cell(row, 15) for row in (2, 3, 4)]
        assert [bool(cell.hyperlink) for cell in cells] == [True, True, False]
        assert cells[2].value == cells[0].value


def test_headings_and_the_first_column_stay_in_view_and_can_be_filtered(tmp_path: Path) -> None:
    long = replace(recognition(), scan="a rather long name of a scan.png", messages=("word " * 50,))
    with written(tmp_path, TABLE, sheet(long)) as book:
        assert {book[name].freeze_panes for name in SHEETS} == {"B2"}
        assert book["Results"].auto_filter.ref == "A1:O2"
        widths = [book["Results"].column_dimensions[letter].width for letter in "AD"]
    assert widths[0] > len(long.scan)
    assert widths[1] == pytest.approx(workbook.MOST_WIDTH, abs=1)


def test_doubtful_answers_failed_scans_and_counts_have_sheets(tmp_path: Path) -> None:
    failed = Recognition("b.png", error=points("").error, messages=())
    with written(tmp_path, TABLE, sheet(recognition(), Q3=Corrected("B", by="ann")), sheet(failed)) as book:
        assert values(book["Doubtful"])[1:] == [
            ["scan.png", "Q3", "AB", "multiple", workbook.SEVERAL_MARKS, "B", "ann"],
            ["scan.png", "Q4", None, "uncertain", "The mark on A is faint.", None, None],
        ]
        counts = values(book["Counts"])
    assert counts[:3] == [
        ["Element", "Kind", "Value", "Answers", "Sheets", "Share"],
        ["Q1", "value", "A", 0, 1, 0],
        ["Q1", "value", "B", 1, 1, 1],
    ]
    assert ["Q2", "blank", None, 1, 1, 1] in counts
    assert ["Q4", "uncertain", None, 1, 1, 1] in counts
    assert ["Code", "any value", None, 1, 1, 1] in counts


def test_only_what_is_to_be_checked_is_coloured(tmp_path: Path) -> None:
    with written(tmp_path, TABLE, sheet(recognition(), Q3=Corrected("B")), sheet(recognition())) as book:
        fills = [[book["Results"].cell(row, column).fill.fgColor.rgb for column in (8, 10)] for row in (2, 3)]
    assert fills == [["00000000", "00000000"], ["00000000", "FFFFF2CC"]]


def test_rows_that_do_not_fit_on_a_sheet_go_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with written(tmp_path, TABLE, *(sheet(points(str(number))) for number in range(5))) as book:
        names = [name for name in book.sheetnames if name.startswith("Results")]
        assert names == ["Results", "Results 2", "Results 3"]
        assert [[row[13] for row in values(book[name])] for name in names] == [
            ["Points", 0, 1],
            ["Points", 2, 3],
            ["Points", 4],
        ]
        assert {book[name].auto_filter.ref for name in names} == {"A1:O3", "A1:O2"}


def test_too_many_columns_are_refused_with_what_to_do() -> None:
    columns = tuple(AnswerColumn(str(number)) for number in range(workbook.MOST_COLUMNS - 8))
    check_columns(ResultsTable(columns, ("Name",)))
    with pytest.raises(LimitExceeded, match=r"16,385 columns.*CSV"):
        check_columns(ResultsTable(columns, ("Name", "Signature")))


def test_pictures_are_shown_in_their_cells(tmp_path: Path) -> None:
    (tmp_path / "clip.jpg").write_bytes(encode(np.full((120, 600, 3), 200, np.uint8), ImageFormat.JPEG))
    (tmp_path / "clip.webp").write_bytes(b"of a format that a workbook does not show")
    sheets = [sheet(recognition(), "clip.jpg"), sheet(recognition(), "clip.webp")]
    with written(tmp_path, TABLE, *sheets, pictures=tmp_path) as book:
        (picture,) = book["Results"]._images
        place = picture.anchor
        assert (place._from.row, place._from.col) == (1, 14)
        assert (place.to.row, place.to.col) == (1, 14), "it does not cover other cells"
        assert book["Results"].row_dimensions[2].height == workbook.PICTURE_HEIGHT


def test_a_file_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    book = XlsxTable(tmp_path / "missing" / "results.xlsx", TABLE, tmp_path, counts=Counts())
    with pytest.raises(OSError, match="No such file"):
        book.close()
    book.discard()


def test_equal_results_are_equal_files(tmp_path: Path) -> None:
    """So no time is written into them."""
    with written(tmp_path, TABLE, sheet(points("7"))) as book:
        assert book.properties.created == book.properties.modified == workbook.NO_TIME
    with ZipFile(tmp_path / "results.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed (Debian: libreoffice-calc)")
def test_libreoffice_averages_a_scale_from_0_to_10(tmp_path: Path) -> None:
    answers = ["0", "10", "", "7", "10", "3"]  # the average of 5 numbers is 6; a blank answer counts for nothing
    with written(tmp_path, TABLE, *(sheet(points(value)) for value in answers)) as book:
        results = book["Results"]
        column = get_column_letter(TABLE.headings().index("Points") + 1)
        for row, function in enumerate(("AVERAGE", "COUNT", "MAX"), start=20):
            results.cell(row, 1, f"={function}({column}2:{column}{len(answers) + 1})")
        book.save(tmp_path / "with functions.xlsx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"  # LibreOffice runs once for each profile
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "csv", "--outdir", tmp_path, "with functions.xlsx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=PATIENCE)
    lines = (tmp_path / "with functions.csv").read_text(errors="replace").splitlines()
    assert [line.split(",")[0] for line in lines[19:22]] == ["6", "5", "10"]
