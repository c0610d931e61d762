"""Tables of stored recognitions: what was read, as people corrected it, in a file that a spreadsheet opens."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from omrclip.config import Config
from omrclip.omr.report import workbook
from omrclip.web.api import tables
from tests.web.conftest import Refusal
from tests.web.keeping import THREE, Posted, identifier_of

COLUMNS = ["Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank", "Corrected"]
CLIPS = ["Name", "Name (file)", "Signature", "Signature (file)"]
ABSENT = "0" * 24


def rows(data: bytes, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))


def cells(data: bytes) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(data))
    try:
        return [[cell.value for cell in row] for row in book["Results"]]
    finally:
        book.close()


def correct(client: FlaskClient, uri: str, *corrections: tuple[int, str, str]) -> None:
    tag = client.get(f"{uri}/corrections").headers["ETag"]
    body = {"Corrections": [{"Scan": scan, "Name": name, "Value": value} for scan, name, value in corrections]}
    assert client.put(f"{uri}/corrections", json=body, headers={"If-Match": tag}).status_code == 200


def test_a_table_has_all_scans_and_what_people_typed(client: FlaskClient, kept: Posted) -> None:
    uri = kept(Images=THREE)["Uri"]
    correct(client, uri, (1, "Name", "Ännchen"), (3, "Name", "=1+1"), (1, "Unknown", "x"), (9, "Name", "x"))
    answer = client.get(f"{uri}/results.csv")
    assert (answer.status_code, answer.content_type) == (200, tables.CSV_TYPE)
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.content_length == len(answer.data)
    assert answer.data.startswith(b"\xef\xbb\xbf")
    head, first, second, third = rows(answer.data)
    assert head == COLUMNS + CLIPS
    assert [row[:2] for row in (first, second, third)] == [
        ["a b.png", "Pass"],
        ["brökén.png", "Fail"],
        ["c.png", "Pass"],
    ]
    assert first[8:10] == ["Ännchen", "a bName.png"]
    assert third[8] == "'=1+1"
    assert second[8:] == ["", "", "", ""]
    found = cells(client.get(f"{uri}/results.xlsx").data)
    assert found[0] == head
    assert [row[8] for row in found[1:]] == ["Ännchen", None, "=1+1"]


def test_cells_are_separated_as_asked(client: FlaskClient, kept: Posted) -> None:
    uri = kept()["Uri"]
    assert rows(client.get(f"{uri}/results.csv?separator=;").data, ";")[0] == COLUMNS + CLIPS
    assert client.get(f"{uri}/results.csv?separator=%2C").data == client.get(f"{uri}/results.csv").data


def test_clips_of_a_workbook_link_to_the_service(client: FlaskClient, kept: Posted) -> None:
    answer = kept()
    book = load_workbook(io.BytesIO(client.get(f"{answer['Uri']}/results.xlsx").data))
    target = book["Results"].cell(2, 10).hyperlink.target
    book.close()
    assert target == f"{answer['Uri']}/files/scanName.png?download"
    assert client.get(target).status_code == 200


def test_several_recognitions_are_one_table(client: FlaskClient, kept: Posted) -> None:
    first, second = kept(), kept(Images=THREE)
    correct(client, second["Uri"], (1, "Name", "Ada"))
    found = rows(
        client.get(f"{first['Uri']}/results.csv?also={identifier_of(second)}&also={identifier_of(first)}").data
    )
    assert [row[0] for row in found] == ["Image", "scan.png", "a b.png", "brökén.png", "c.png", "scan.png"]
    assert [row[8] for row in found] == ["Name", "", "Ada", "", "", ""]


def test_the_zip_contains_the_tables_beside_the_clips(client: FlaskClient, kept: Posted) -> None:
    uri = kept()["Uri"]
    correct(client, uri, (1, "Name", "Ada"))
    with zipfile.ZipFile(io.BytesIO(client.get(f"{uri}/files.zip").data)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        table, found = rows(archive.read("results.csv")), cells(archive.read("results.xlsx"))
    assert table[1][8:10] == found[1][8:10] == ["Ada", "scanName.jpg"]
    assert {table[1][9], table[1][11]} <= names


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("separator=x", "separator"),
        ("separator=", "separator"),
        ("marks=12345678901", "marks"),
        ("also=" * 101, "also"),
    ],
)
def test_what_is_wrong_in_the_query_is_named(
    client: FlaskClient, kept: Posted, assert_refused: Refusal, query: str, named: str
) -> None:
    query = "&".join([f"also={ABSENT}"] * tables.MOST_TOGETHER) if named == "also" else query
    assert_refused(client.get(f"{kept()['Uri']}/results.csv?{query}"), 400, "invalid_request", named)


@pytest.mark.parametrize("name", ["results.csv", "results.xlsx"])
def test_what_is_not_stored_or_damaged_is_told(
    client: FlaskClient, config: Config, kept: Posted, assert_refused: Refusal, name: str
) -> None:
    uri = kept()["Uri"]
    assert_refused(client.get(f"/api/recognitions/{ABSENT}/{name}"), 404, "not_found")
    assert_refused(client.get(f"{uri}/{name}?also={ABSENT}"), 404, "not_found")
    answer = Path(config.results, uri.rpartition("/")[2], "answer.json")
    answer.write_text(answer.read_text().replace('"Recognitions"', '"Others"'))
    assert_refused(client.get(f"{uri}/{name}"), 410, "damaged_record")
    with zipfile.ZipFile(io.BytesIO(client.get(f"{uri}/files.zip").data)) as archive:
        assert "damaged" in archive.read("results-missing.txt").decode()


def test_a_full_disk_is_told(
    client: FlaskClient, kept: Posted, assert_refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    uri = kept()["Uri"]
    monkeypatch.setattr(tables.CsvTable, "add", fail)
    monkeypatch.setattr(workbook.XlsxTable, "close", fail)
    for name in ("results.csv", "results.xlsx", "files.zip"):
        assert_refused(client.get(f"{uri}/{name}"), 503, "storage_unavailable", "no space")
