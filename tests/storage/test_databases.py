"""SQLite files: changes are written together or not at all, and errors are told without paths."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omrclip.errors import StorageFull, StorageUnavailable
from omrclip.storage.databases import errors_told, transaction


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as made:
        made.execute("CREATE TABLE numbers (number INTEGER)")
        yield made


def numbers(file: sqlite3.Connection) -> list[int]:
    return [row[0] for row in file.execute("SELECT number FROM numbers ORDER BY number")]


def change_and_fail(file: sqlite3.Connection) -> None:
    with transaction(file):
        file.execute("INSERT INTO numbers VALUES (2)")
        file.execute("INSERT INTO nothing VALUES (3)")


def test_a_block_that_fails_changes_nothing(file: sqlite3.Connection) -> None:
    with transaction(file):
        file.execute("INSERT INTO numbers VALUES (1)")
    with pytest.raises(sqlite3.OperationalError):
        change_and_fail(file)
    assert numbers(file) == [1]


def test_an_error_of_sqlite_is_told_without_a_path(file: sqlite3.Connection) -> None:
    message = r"^The file cannot be read or written at the moment\.$"
    with pytest.raises(StorageUnavailable, match=message) as told, errors_told("The file"):
        file.execute("SELECT * FROM nothing")
    assert told.value.details == {"reason": "SQLITE_ERROR"}


def test_a_full_disk_is_told(file: sqlite3.Connection) -> None:
    file.execute("PRAGMA max_page_count = 2")
    with pytest.raises(StorageFull, match="The storage is full"), errors_told("The file"), transaction(file):
        file.execute("INSERT INTO numbers VALUES (zeroblob(100000))")
    assert numbers(file) == []


def test_an_error_of_the_system_is_told_without_a_path() -> None:
    message = r"^The file cannot be read or written: No such file or directory\.$"
    with pytest.raises(StorageUnavailable, match=message), errors_told("The file"):
        Path("/missing/file").read_bytes()
