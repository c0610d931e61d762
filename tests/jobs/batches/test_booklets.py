"""The tables of a batch have a row for each booklet."""

import csv
import json
from pathlib import Path

import openpyxl
import pytest
from pyarrow import parquet

from omrclip.errors import InvalidRequest
from omrclip.iiif.request import Format
from omrclip.imaging.geometry import Box
from omrclip.jobs.batches.corrections import corrected_rows
from omrclip.jobs.batches.definition import Batch, BatchTemplate, begin
from omrclip.jobs.batches.ledger import DoneScan, Ledger, counts_of, json_line
from omrclip.jobs.batches.names import FILES
from omrclip.jobs.batches.results import write_results
from omrclip.jobs.batches.rows import BatchRows
from omrclip.jobs.tables import TableOptions
from omrclip.limits import Limits
from omrclip.omr.clips import Clip
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, failed
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus, MarkThresholds
from omrclip.schemas.corrections import Correction
from omrclip.schemas.recognition_response import dump_record
from omrclip.schemas.template import load_template, template_warnings
from omrclip.storage.blobs import BlobStore
from tests.web.making import Json, choice_box, clip_area, omr, page, template

BY = {"Type": "Barcode", "Name": "ID", "Left": 200, "Top": 5, "Width": 60, "Height": 60, "BarcodeType": "qr"}


def two_pages(**more: object) -> Json:
    pages = [page(BY, choice_box("Q1"), clip_area("Name")), page(BY, choice_box("Q1"), choice_box("Q2"))]
    return {**template(), "Pages": pages, **more}


def read(scan: str, number: int, identifier: str, *answers: str) -> Recognition:
    """What was read on a page: its identifier, and the values of Q1, Q2."""
    status = ElementStatus.MARKED if identifier else ElementStatus.BLANK
    elements = [ElementResult("ID", "Barcode", status, identifier, label="ID", path="$.Pages[0].Elements[0]")]
    for question, value in enumerate(answers, start=1):
        bubbles = (BubbleResult(value, 0.9, True), BubbleResult("z", 0.0, False))
        elements.append(
            ElementResult(f"Q{question}", "ChoiceBox", ElementStatus.MARKED, value, 1.0, bubbles, label=f"Q{question}")
        )
    box, corners = Box(1, 1, 2, 2), ((0.0, 0.0),) * 4
    clips = (Clip("Name", box, corners, Format.JPG, b"", label="Name"),) if number == 1 else ()
    return Recognition(scan, number, elements=tuple(elements), clips=clips, template="form")


def write(folder: Path, batch: Batch, recognitions: list[Recognition]) -> None:
    """The results of a batch in which these were recognized, in tasks of two."""
    store = BlobStore(str(folder))
    begin(store, batch)
    for first in range(0, len(recognitions), 2):
        some = recognitions[first : first + 2]
        done = [DoneScan(one.scan, "", counts_of(one)) for one in some]
        Ledger(store).add(done, [json_line(dump_record(one, batch.options, FILES)) for one in some], ())
    templates, _ = batch.load(Limits())
    write_results(store, templates, TableOptions(), MarkThresholds(), parquet=True)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


SHUFFLED = [
    read("s-p0001.pdf", 2, "007", "a", "b"),
    read("s-p0002.pdf", 1, "8", "c"),
    read("s-p0003.pdf", 1, "", "d"),
    read("s-p0004.pdf", 1, "007", "e"),
    failed("s-p0005.pdf", InvalidRequest("No form.")),
]


@pytest.mark.parametrize("in_template", [True, False])
def test_a_row_is_a_booklet(tmp_path: Path, in_template: bool) -> None:
    document = two_pages(**({"BookletBy": "ID"} if in_template else {}))
    batch = Batch((BatchTemplate("form", omr(document)),), RecognitionOptions(), None if in_template else "ID")
    write(tmp_path, batch, SHUFFLED)
    table = rows(tmp_path)
    told = [(row["Booklet"], row["Page"], row["Image"], row["Booklet problems"]) for row in table]
    assert told == [
        ("007", "1, 2", "s-p0004.pdf; s-p0001.pdf", ""),
        ("8", "1", "s-p0002.pdf", "Page 2 is missing."),
        ("", "1", "s-p0003.pdf", "In no booklet: ID is blank."),
        ("", "", "s-p0005.pdf", ""),
    ]
    first = {key: table[0][key] for key in ("ID", "Q1 (page 1)", "Q1 (page 2)", "Q2", "Name")}
    assert first == {"ID": "007", "Q1 (page 1)": "e", "Q1 (page 2)": "a", "Q2": "b", "Name": "clips/Name/s-p0004.jpg"}
    lines = (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["Name"] for line in lines] == [one.scan for one in SHUFFLED]
    written = parquet.read_table(tmp_path / "results.parquet").to_pylist()
    assert [row["Booklet"] for row in written] == ["007", "8", "", ""]
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    assert [row[0] for row in book["Results"].values] == ["Booklet", "007", "8", None, None]
    assert [row[0] for row in book["Failed"].values] == ["Image", "s-p0005.pdf"]
    counted = {row[0] for row in book["Counts"].values}
    assert {"Q1 (page 1)", "Q1 (page 2)", "Q2"} <= counted
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "complete booklets" in report
    assert "In no booklet: ID is blank." in report


def test_without_identifier_the_order_in_the_document_counts(tmp_path: Path) -> None:
    batch = Batch((BatchTemplate("form", omr(two_pages())),), RecognitionOptions())
    pages = [read("a-p0001.pdf", 1, "", "a"), read("a-p0002.pdf", 2, "", "b"), read("b-p0001.pdf", 2, "", "c")]
    write(tmp_path, batch, [*pages, read("b-p0002.pdf", 1, "", "d")])
    told = [(row["Booklet"], row["Page"]) for row in rows(tmp_path)]
    assert told == [("a-p0001.pdf", "1, 2"), ("", "2"), ("", "1")]


def test_templates_of_one_page_have_a_row_for_each_scan(tmp_path: Path) -> None:
    document = template(BY, choice_box("Q1"))
    write(tmp_path, Batch((BatchTemplate("form", omr(document)),), RecognitionOptions()), [read("a", 1, "7", "a")])
    assert "Booklet" not in rows(tmp_path)[0]


def test_the_identifier_has_the_same_name_on_each_page_without_a_warning() -> None:
    for more, names in ({}, ["ID", "Q1"]), ({"BookletBy": "ID"}, ["Q1"]):
        warnings = template_warnings(load_template(two_pages(**more)))
        assert [name for name in ("ID", "Q1") if any(f'"{name}"' in str(warning) for warning in warnings)] == names


def test_another_identifier_is_another_batch(tmp_path: Path) -> None:
    template_file = BatchTemplate("form", omr(two_pages()))
    store = BlobStore(str(tmp_path))
    begin(store, Batch((template_file,), RecognitionOptions(), "ID"))
    with pytest.raises(Exception, match="booklets were identified by 'ID', and are by what the templates say"):
        begin(store, Batch((template_file,), RecognitionOptions()))


def test_an_identifier_that_a_page_lacks_is_refused() -> None:
    batch = Batch((BatchTemplate("form", omr(two_pages())),), RecognitionOptions(), "Q2")
    with pytest.raises(InvalidRequest, match=r"\$\.BookletBy.*page 1 has no element"):
        batch.load(Limits())


def test_booklets_are_put_together_by_corrected_identifiers(tmp_path: Path) -> None:
    batch = Batch((BatchTemplate("form", omr(two_pages(BookletBy="ID"))),), RecognitionOptions())
    pages = [read("a-p0001.pdf", 1, "7", "a"), read("a-p0002.pdf", 2, "", "b"), read("a-p0003.pdf", 2, "8", "c")]
    write(tmp_path, batch, pages)
    rows_of, store = BatchRows.of(batch, batch.load(Limits())[0]), BlobStore(str(tmp_path))
    for corrections, expected in (
        ([], [("7", "1"), ("", "2"), ("8", "2")]),
        ([Correction("a-p0002.pdf", "ID", "7"), Correction("a-p0002.pdf", "Q1", "z")], [("7", "1, 2"), ("8", "2")]),
    ):
        found = list(corrected_rows(store, rows_of, corrections))
        assert [(row.booklet, row.pages) for row, _ in found] == expected
        assert [len(sheets) for _, sheets in found] == [len(pages.split(", ")) for _, pages in expected]
    table = rows_of.columns(has_corrections=True)
    told = dict(zip(table.headings(), (cell.text for cell in table.row(found[0][0])), strict=True))
    assert (told["Q1 (page 1)"], told["Q1 (page 2)"]) == ("a", "z")
    assert told["Corrected"] == "ID; Q1 (page 2)"
