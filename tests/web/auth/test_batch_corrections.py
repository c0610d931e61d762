"""Corrections of a batch: a log with accounts, whose values are in every result, while what was read stays."""

import csv
import io
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pyarrow import parquet

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.web.auth.conftest import ANN, BLUE, EVE, PASSWORD, As
from tests.web.making import choice_box, clip_area, encoded, grid, omr, page, template, tiff_of

BOB = Account(Kind.CLIENT, "bob", frozenset({Scope.READ, Scope.RECOGNIZE}), "")


@pytest.fixture
def ann(acting: As) -> FlaskClient:
    return acting(ANN)


@pytest.fixture
def bob(acting: As, accounts: Accounts) -> FlaskClient:
    accounts.add(BOB, PASSWORD)
    return acting(BOB)


@pytest.fixture
def batch(ann: FlaskClient, config: Config) -> str:
    """The address of a batch of two sheets that is done."""
    ann.put("/api/templates/own", data=omr(template(choice_box("Q1"), clip_area("Name"))))
    made = ann.post("/api/batches", json={"Name": "June", "Template": "own", "Options": {"ClipFormat": "png"}})
    address = f"/api/batches/{made.get_json()['Identifier']}"
    for name in ("a.png", "b.png"):
        sent = ann.post(f"{address}/sheets?name={name}", data=encoded(grid()), content_type="image/png")
        assert sent.status_code == 200, sent.text
    runner = Runner(replace(config, workers=1))
    runner.look()
    runner.close()
    assert ann.get(address).get_json()["State"] == "done"
    return address


def entry(sheet: str, name: str, value: str | None) -> dict[str, Any]:
    return {"Sheet": sheet, "Name": name, "Value": value}


def correct(client: FlaskClient, address: str, *entries: dict[str, Any]) -> list[tuple[Any, ...]]:
    answer = client.post(f"{address}/corrections", json={"Corrections": entries})
    assert answer.status_code == 200, answer.text
    return told(answer)


def told(answer: Any) -> list[tuple[Any, ...]]:
    return [(one["Sheet"], one["Name"], one["Value"], one["By"]) for one in answer.get_json()["Corrections"]]


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"), newline="")))


def test_a_corrected_table_has_a_row_for_each_booklet(ann: FlaskClient, config: Config) -> None:
    pages = [page(choice_box("Q1"), clip_area("Name")), page(choice_box("Q1"), Width=600)]
    ann.put("/api/templates/two", data=omr({**template(), "Pages": pages}))
    made = ann.post("/api/batches", json={"Name": "June", "Template": "two"})
    address = f"/api/batches/{made.get_json()['Identifier']}"
    ann.post(f"{address}/sheets?name=s.tif", data=tiff_of(grid(), grid(600, 200)), content_type="image/tiff")
    with closing(Runner(replace(config, workers=1))) as runner:
        runner.look()
    as_read = ann.get(f"{address}/results.csv")
    report = ann.get(f"{address}/report.html").text
    correct(ann, address, entry("s-p0002.tif", "Q1", "B"))
    (row,) = rows(ann.get(f"{address}/results.csv"))
    assert row.pop("Corrected") == "Q1 (page 2) (ann)"
    assert row.pop("Name (file)") == rows(as_read)[0]["Name"]
    assert row == {**rows(as_read)[0], "Q1 (page 2)": "B", "Name": ""}
    assert (row["Booklet"], row["Page"], row["Image"]) == ("s-p0001.tif", "1, 2", "s-p0001.tif; s-p0002.tif")
    book = load_workbook(io.BytesIO(ann.get(f"{address}/results.xlsx").data))
    assert [cells[0] for cells in book["Results"].values] == ["Booklet", "s-p0001.tif"]
    assert "complete booklets" in report
    assert "complete booklets" in ann.get(f"{address}/report.html").text


def test_two_people_correct_one_batch_and_every_result_tells_who(
    ann: FlaskClient, bob: FlaskClient, batch: str, config: Config
) -> None:
    as_read = {name: ann.get(f"{batch}/{name}").data for name in ("results.csv", "results.jsonl")}
    correct(ann, batch, entry("a.png", "Q1", "B"), entry("b.png", "Name", "Ada"))
    assert correct(bob, batch, entry("b.png", "Q1", "A")) == [
        ("a.png", "Q1", "B", "ann"),
        ("b.png", "Name", "Ada", "ann"),
        ("b.png", "Q1", "A", "bob"),
    ]
    table = rows(bob.get(f"{batch}/results.csv"))
    assert [(row["Image"], row["Q1"], row["Name"], row["Corrected"]) for row in table] == [
        ("a.png", "B", "", "Q1 (ann)"),
        ("b.png", "A", "Ada", "Q1 (bob); Name (ann)"),
    ]
    book = load_workbook(io.BytesIO(ann.get(f"{batch}/results.xlsx").data))
    assert [row[7].value for row in book["Results"]] == ["Corrected", "Q1 (ann)", "Q1 (bob); Name (ann)"]
    book.close()
    found = parquet.read_table(io.BytesIO(ann.get(f"{batch}/results.parquet").data)).to_pylist()
    assert [(row["Q1"], row["Name"], row["Corrected"]) for row in found] == [
        ("B", "", "Q1 (ann)"),
        ("A", "Ada", "Q1 (bob); Name (ann)"),
    ]
    lines = [json.loads(line) for line in ann.get(f"{batch}/results.jsonl").text.splitlines()]
    assert lines[1]["Corrections"] == {"Q1": {"Value": "A", "By": "bob"}, "Name": {"Value": "Ada", "By": "ann"}}
    assert {key: lines[0][key] for key in lines[0] if key != "Corrections"} == json.loads(
        as_read["results.jsonl"].splitlines()[0]
    )
    report = ann.get(f"{batch}/report.html")
    assert "answers corrected" in report.text
    assert "sandbox" in report.headers["Content-Security-Policy"]
    (stored,) = Path(config.results).glob("batches/*/results/results.csv")
    assert stored.read_bytes() == as_read["results.csv"], "what was read stays"


def test_what_is_undone_stays_in_the_history(ann: FlaskClient, bob: FlaskClient, batch: str) -> None:
    as_read = ann.get(f"{batch}/results.csv").data
    correct(ann, batch, entry("a.png", "Q1", "B"))
    correct(ann, batch, entry("a.png", "Q1", "B"))  # nothing changes
    assert correct(bob, batch, entry("a.png", "Q1", None)) == []
    assert correct(bob, batch, entry("a.png", "Q1", None)) == []
    assert told(ann.get(f"{batch}/corrections/history")) == [("a.png", "Q1", "B", "ann"), ("a.png", "Q1", None, "bob")]
    again = rows(ann.get(f"{batch}/results.csv"))
    assert [row["Corrected"] for row in again] == ["", ""]
    assert [row["Q1"] for row in again] == [row.split(",")[7] for row in as_read.decode("utf-8-sig").splitlines()[1:]]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.Corrections"),
        ({"Corrections": [entry("c.png", "Q1", "A")]}, "$.Corrections[0].Sheet"),
        ({"Corrections": [entry("a.png", "Q1", "A"), entry("a.png", "Q9", "A")]}, "$.Corrections[1].Name"),
        ({"Corrections": [{**entry("a.png", "Q1", "A"), "Path": "$.x"}]}, "$.Corrections[0].Name"),
        ({"Corrections": [{"Sheet": "a.png", "Name": "Q1", "Value": 5}]}, "$.Corrections[0].Value"),
    ],
)
def test_a_wrong_correction_is_named_and_none_is_taken(ann: FlaskClient, batch: str, body: Any, path: str) -> None:
    refused = ann.post(f"{batch}/corrections", json=body)
    assert refused.status_code == 400
    assert [field["path"] for field in refused.get_json()["error"]["details"]["fields"]] == [path]
    assert told(ann.get(f"{batch}/corrections")) == []


def test_others_correct_nothing(batch: str, acting: As) -> None:
    body = {"Corrections": [entry("a.png", "Q1", "A")]}
    assert acting(EVE).post(f"{batch}/corrections", json=body).status_code == 403
    assert acting(BLUE).post(f"{batch}/corrections", json=body).status_code == 404
    for path in ("corrections", "corrections/history"):
        assert acting(BLUE).get(f"{batch}/{path}").status_code == 404
