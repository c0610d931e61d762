"""An index of the sheets of a batch, so that a page of their list does not read the whole ledger.

It is a SQLite file beside the ledger, which can be deleted at any time. Files of the ledger are never changed, so the
index reads only those that are new. If one is missing, because its sheets are recognized again, the index is created
again.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from omrclip.jobs.batches.folder import LEDGER
from omrclip.jobs.batches.ledger import Counts, DoneScan, Ledger, record_of
from omrclip.jobs.batches.sheet_facts import Json, facts_of, fields_of
from omrclip.storage.blobs import BlobStore
from omrclip.storage.databases import errors_told, transaction

RESULTS: Final = {"done": (0, 1, 2), "passed": (0, 1), "doubtful": (1,), "failed": (2,)}
"""The results by which sheets are listed, as numbers in the index. Doubtful sheets have passed too."""
SHEETS_AT_ONCE: Final = 200
"""Number of sheets whose records are read at a time."""
_BUSY_SECONDS: Final = 30.0
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS chunks (name TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sheets (
    place BLOB PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, result INTEGER NOT NULL, chunk TEXT NOT NULL,
    line INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sheets_by_result ON sheets (result, place);
CREATE TABLE IF NOT EXISTS facts (place BLOB PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fields (
    title BLOB, place BLOB, fields TEXT NOT NULL, PRIMARY KEY (title, place)
) WITHOUT ROWID;
"""
_VERSION: Final = 2
"""The version of _TABLES. An index of another version is created again."""
_EMPTIED: Final = f"""
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS chunks; DROP TABLE IF EXISTS sheets; DROP TABLE IF EXISTS facts; DROP TABLE IF EXISTS fields;
PRAGMA user_version = {_VERSION};
{_TABLES}
COMMIT;
"""


class SheetIndex:
    """The index of a batch in a local folder. Threads and processes may use it side by side."""

    def __init__(self, store: BlobStore, path: Path) -> None:
        """Open an index.

        Args:
            store: the folder of the batch.
            path: the file of the index. It is created where it is missing.
        """
        self._store = store
        self._path = path

    def sheets(self, after: str, result: str | None, most: int) -> list[DoneScan]:
        """The sheets that are done, sorted by `place_of`.

        Args:
            after: the name before the first one; "" for the beginning.
            result: a key of RESULTS, or None for all sheets.
            most: maximum number of sheets.

        Raises:
            DamagedRecord, StorageUnavailable, StorageFull: the folder cannot be read, or the index not be written.
        """
        wanted = RESULTS[result] if result else (0, 1, 2)
        marks = ", ".join("?" * len(wanted))
        with self._opened() as file:
            self._refresh(file)
            rows = file.execute(
                "SELECT name, source, result, chunk, line FROM sheets "  # noqa: S608 (question marks)
                f"WHERE place > ? AND result IN ({marks}) ORDER BY place LIMIT ?",
                (place_of(after) if after else b"", *wanted, most),
            ).fetchall()
        return [_scan(*row) for row in rows]

    def sheet(self, name: str) -> DoneScan | None:
        """A sheet by its name, or None if it is not done. Raises as `sheets` does."""
        with self._opened() as file:
            self._refresh(file)
            row = file.execute(
                "SELECT name, source, result, chunk, line FROM sheets WHERE place = ?", (place_of(name),)
            ).fetchone()
        return _scan(*row) if row else None

    def facts(self, scans: Sequence[DoneScan]) -> list[Json]:
        """The facts about sheets, see `facts_of`. They are read from the records at the first call, and then stored.

        Args:
            scans: the sheets, in the order of `sheets`.

        Raises:
            DamagedRecord, StorageUnavailable, StorageFull: the folder cannot be read, or the index not be written.
        """
        places = [place_of(scan.name) for scan in scans]
        if not places:
            return []
        with self._opened() as file:
            self._refresh(file)
            known = dict(
                file.execute("SELECT place, facts FROM facts WHERE place BETWEEN ? AND ?", (places[0], places[-1]))
            )
            new = self._read(file, [scan for place, scan in zip(places, scans, strict=True) if place not in known])
        facts = {place: facts_of(record) for place, record in new.items()}
        return [facts[place] if place in facts else json.loads(known[place]) for place in places]

    def blank(self, after: str, most: int) -> Iterator[tuple[DoneScan, Json]]:
        """The sheets with blank answers, and the facts about them. Arguments and errors are those of `sheets`."""
        while most > 0 and (scans := self.sheets(after, None, SHEETS_AT_ONCE)):
            found = [(scan, facts) for scan, facts in zip(scans, self.facts(scans), strict=True) if facts["Blank"]]
            yield from found[:most]
            most -= len(found)
            after = scans[-1].name

    def fields(self, scans: Sequence[DoneScan], title: str) -> list[list[Json]]:
        """The answers and clips with one title on each of some sheets, see `fields_of`.

        Takes the same arguments and raises the same errors as `facts`. The time does not depend on how many other
        elements the sheets have.
        """
        places = [place_of(scan.name) for scan in scans]
        if not places:
            return []
        ends = (places[0], places[-1])
        with self._opened() as file:
            self._refresh(file)
            known = {place for (place,) in file.execute("SELECT place FROM facts WHERE place BETWEEN ? AND ?", ends)}
            new = self._read(file, [scan for place, scan in zip(places, scans, strict=True) if place not in known])
            rows = file.execute(
                "SELECT place, fields FROM fields WHERE title = ? AND place BETWEEN ? AND ?", (_encoded(title), *ends)
            )
            found = {place: json.loads(fields) for place, fields in rows}
        found |= {place: fields_of(record).get(title, []) for place, record in new.items()}
        return [found.get(place, []) for place in places]

    def _read(self, file: sqlite3.Connection, scans: Sequence[DoneScan]) -> dict[bytes, Json]:
        """Read the records of sheets, and store what lists tell of them."""
        if not scans:
            return {}
        before = self._chunks()
        records = map(record_of, Ledger(self._store).records(scans))
        read = {place_of(scan.name): record for scan, record in zip(scans, records, strict=True)}
        now = self._chunks()
        if all(before.get(scan.chunk) == now.get(scan.chunk) for scan in scans):  # else they are read again
            with transaction(file):
                told = [(place, _dumped(facts_of(record))) for place, record in read.items()]
                file.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", told)
                rows = [
                    (_encoded(title), place, _dumped(fields))
                    for place, record in read.items()
                    for title, fields in fields_of(record).items()
                ]
                file.executemany("INSERT OR REPLACE INTO fields VALUES (?, ?, ?)", rows)
        return read

    def prepare(self) -> None:
        """Store the facts and fields of all sheets, so that nobody waits for the first list. Raises as `facts` does."""
        after = ""
        while scans := self.sheets(after, None, SHEETS_AT_ONCE):
            self.facts(scans)
            after = scans[-1].name

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with (
            errors_told("The list of the sheets"),
            closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)) as file,
        ):
            if file.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                file.executescript(_EMPTIED)
            yield file

    def _refresh(self, file: sqlite3.Connection) -> None:
        """Read what is new in the ledger."""
        if self._chunks() == dict(file.execute("SELECT name, mark FROM chunks")):
            return
        with transaction(file):
            indexed = dict(file.execute("SELECT name, mark FROM chunks"))
            found = self._chunks()
            if not indexed.items() <= found.items():
                file.execute("DELETE FROM chunks")
                file.execute("DELETE FROM sheets")
                file.execute("DELETE FROM facts")
                file.execute("DELETE FROM fields")
                indexed = {}
            new = sorted(found.keys() - indexed.keys())
            for done in Ledger(self._store).scans_of(new):
                file.executemany("INSERT OR REPLACE INTO sheets VALUES (?, ?, ?, ?, ?, ?)", map(_row, done))
            file.executemany("INSERT INTO chunks VALUES (?, ?)", [(name, found[name]) for name in new])

    def _chunks(self) -> dict[str, str]:
        """The files of the ledger, and a mark of each that changes if it is written again."""
        return self._store.marks(LEDGER)


def _dumped(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _row(scan: DoneScan) -> tuple[bytes, str, str, int, str, int]:
    result = 2 if scan.counts.failed else scan.counts.doubtful
    return place_of(scan.name), scan.name, scan.source, result, scan.chunk, scan.line


def _scan(name: str, source: str, result: int, chunk: str, line: int) -> DoneScan:
    return DoneScan(name, source, Counts(int(result < 2), int(result == 1), int(result == 2)), chunk, line)


def place_of(name: str) -> bytes:
    """Bytes with the order of `ledger.in_order`: `page 10` comes after `page 9`."""
    return b"".join(map(_part, re.split(r"([0-9]+)", name))) + b"\0" + _encoded(name)


def _part(part: str) -> bytes:
    if not (part.isascii() and part.isdecimal()):
        return _encoded(part) + b"\0"
    digits = part.lstrip("0")
    return b"%05d%s" % (len(digits), digits.encode())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
