"""The index of sheets: the same sheets in the same order as the ledger, without reading the ledger for each page."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from omrclip.jobs.batches import sheet_index
from omrclip.jobs.batches.folder import RECORDS
from omrclip.jobs.batches.ledger import Counts, DoneScan, Ledger, in_order, json_line
from omrclip.jobs.batches.sheet_index import SheetIndex, place_of
from omrclip.storage.blobs import BlobStore

NAMES = ["a.png", "a 1.png", "a 01.png", "a 2.png", "a 10.png", "a-10.png", "a", "10", "9", "0", "00", "é1", "日本 3"]

PASSED = Counts(passed=1)


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path))


def add(store: BlobStore, *names: str, counts: Counts = PASSED) -> None:
    Ledger(store).add([DoneScan(name, "", counts) for name in names], [json_line({"Name": name}) for name in names], ())


def names(index: SheetIndex, after: str = "", result: str | None = None, most: int = 100) -> list[str]:
    return [scan.name for scan in index.sheets(after, result, most)]


def test_places_sort_as_names_do() -> None:
    made = random.Random(4711)
    many = {*NAMES, *("".join(made.choice("a1 0b9") for _ in range(made.randrange(1, 6))) for _ in range(500))}
    assert sorted(many, key=place_of) == sorted(many, key=in_order)


def test_sheets_are_listed_by_pages_and_results(store: BlobStore, tmp_path: Path) -> None:
    index = SheetIndex(store, tmp_path / "index")
    assert names(index) == []
    add(store, "page 10", "page 9")
    add(store, "page 8", counts=Counts(1, 1))
    assert names(index) == ["page 8", "page 9", "page 10"]
    add(store, "page 11", counts=Counts(failed=1))
    assert names(index, after="page 9") == ["page 10", "page 11"]
    assert names(index, most=2) == ["page 8", "page 9"]
    assert names(index, result="passed") == ["page 8", "page 9", "page 10"]
    assert names(index, result="doubtful") == ["page 8"]
    assert names(index, result="failed") == ["page 11"]
    assert {scan.name: scan for scan in index.sheets("", None, 100)} == Ledger(store).scans()


def test_sheets_with_blank_answers_are_listed(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_index, "SHEETS_AT_ONCE", 2)
    blank = {"a": 2, "b": 0, "c": 0, "d": 0, "e": 1, "f": 1}
    element = {"Name": "Q", "Status": "blank"}
    records = [
        json_line({"Name": name, "Error": None, "Elements": [element] * count, "Clips": []})
        for name, count in blank.items()
    ]
    Ledger(store).add([DoneScan(name, "", PASSED) for name in blank], records, ())
    index = SheetIndex(store, tmp_path / "index")

    def found(after: str, most: int) -> list[tuple[str, int]]:
        return [(scan.name, facts["Blank"]) for scan, facts in index.blank(after, most)]

    assert found("", 100) == [("a", 2), ("e", 1), ("f", 1)]
    assert found("", 2) == [("a", 2), ("e", 1)]
    assert found("e", 1) == found("b", 100)[1:] == [("f", 1)]
    assert found("f", 5) == []


def test_only_new_files_of_the_ledger_are_read(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = BlobStore.read

    def noted(self: BlobStore, name: str) -> object:
        read.append(name)
        return original(self, name)

    index = SheetIndex(store, tmp_path / "index")
    add(store, "a", "b")
    names(index)
    monkeypatch.setattr(BlobStore, "read", noted)
    assert names(index) == names(SheetIndex(store, tmp_path / "index")) == ["a", "b"]
    assert read == []
    add(store, "c")
    assert names(index) == ["a", "b", "c"]
    assert len(read) == 1


def test_sheets_that_are_recognized_again_have_their_new_result(store: BlobStore, tmp_path: Path) -> None:
    index = SheetIndex(store, tmp_path / "index")
    add(store, "a", "b", counts=Counts(failed=1))
    add(store, "c", counts=Counts(failed=1))
    assert names(index, result="failed") == ["a", "b", "c"]
    ledger = Ledger(store)
    ledger.forget([ledger.scans()[name] for name in ("b", "c")])
    assert names(index) == ["a"]
    add(store, "b")
    add(store, "c")  # in a file of the ledger with the name of the former one
    assert names(index, result="failed") == ["a"]
    assert {scan.name: scan for scan in index.sheets("", None, 100)} == ledger.scans()


def test_an_index_that_was_deleted_is_made_again(store: BlobStore, tmp_path: Path) -> None:
    add(store, "a")
    index = SheetIndex(store, tmp_path / "index")
    names(index)
    (tmp_path / "index").unlink()
    assert names(index) == ["a"]


def record(name: str, *statuses: str) -> dict[str, object]:
    elements = [{"Name": f"Q{number}", "Status": status, "Value": ""} for number, status in enumerate(statuses, 1)]
    return {"Name": name, "Error": None, "Elements": elements, "Clips": [{"Name": "NameArea"}]}


def test_facts_are_stored_and_follow_the_records(store: BlobStore, tmp_path: Path) -> None:
    def facts() -> list[tuple[int, int, list[str]]]:
        index = SheetIndex(store, tmp_path / "index")
        told = index.facts(index.sheets("", None, 100))
        return [(one["Answers"], one["Blank"], [field["Name"] for field in one["Doubtful"]]) for one in told]

    assert facts() == []
    ledger = Ledger(store)
    ledger.add([DoneScan("a", "", PASSED)], [json_line(record("a", "blank", "uncertain", "marked", "multiple"))], ())
    SheetIndex(store, tmp_path / "index").prepare()
    store.remove_folder(RECORDS)
    assert facts() == [(4, 1, ["Q2", "Q4"])], "they are not read from the records again"
    ledger.add([DoneScan("b", "", PASSED)], [json_line(record("b", "blank"))], ())
    assert facts() == [(4, 1, ["Q2", "Q4"]), (1, 1, [])]
    ledger.add([DoneScan("a", "", PASSED)], [json_line(record("a", "marked"))], ())
    assert facts() == [(1, 0, []), (1, 1, [])]


def test_the_fields_of_one_element_are_stored_and_follow_the_records(store: BlobStore, tmp_path: Path) -> None:
    def values(title: str) -> list[list[str]]:
        index = SheetIndex(store, tmp_path / "index")
        told = index.fields(index.sheets("", None, 100), title)
        return [[field["Status"] for field in fields] for fields in told]

    assert values("Q2") == []
    ledger = Ledger(store)
    ledger.add([DoneScan("a", "", PASSED)], [json_line(record("a", "blank", "uncertain"))], ())
    SheetIndex(store, tmp_path / "index").prepare()
    store.remove_folder(RECORDS)
    assert values("Q2") == [["uncertain"]], "they are not read from the records again"
    ledger.add([DoneScan("b", "", PASSED)], [json_line(record("b", "blank"))], ())
    assert (values("Q2"), values("Q1")) == ([["uncertain"], []], [["blank"], ["blank"]])
    ledger.add([DoneScan("a", "", PASSED)], [json_line(record("a", "marked", "marked"))], ())
    assert values("Q2") == [["marked"], []]
    assert values("NameArea") == [[""], [""]]
    assert values("Q9") == [[], []]


def test_an_index_of_another_version_is_made_again(store: BlobStore, tmp_path: Path) -> None:
    add(store, "a")
    with closing(sqlite3.connect(tmp_path / "index")) as file:
        file.execute("CREATE TABLE facts (place BLOB PRIMARY KEY, other TEXT)")
    assert names(SheetIndex(store, tmp_path / "index")) == ["a"]
    assert SheetIndex(store, tmp_path / "index").facts([]) == []
