"""The ledger of a batch: which scans are done.

Each task writes one file `ledger/<name>.json` after all other files of its scans. A scan is done if such a file lists
it. The files are never changed, and a task that is done again writes files with the same names and contents. So the
ledger is the same for a local folder and a bucket, and needs no lock.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from omrclip.errors import DamagedRecord, NotFound
from omrclip.jobs.batches.folder import LEDGER, RECORDS
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.sheet import DOUBTFUL, Sheet
from omrclip.schemas.recorded_sheet import load_record
from omrclip.storage.blobs import Blob, BlobStore

_CHUNKS_IN_MEMORY = 16
"""Number of files of records in memory while all records are read in the order of the scans."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of scans by result. `doubtful` ones have passed too."""

    passed: int = 0
    doubtful: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """All scans."""
        return self.passed + self.failed

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.doubtful + other.doubtful, self.failed + other.failed)


@dataclass(frozen=True, slots=True)
class DoneScan:
    """What the ledger says about a scan.

    Attributes:
        name: the name of the scan.
        source: the state of its file; see `sources`. "" if it is not known.
        counts: of this scan.
        chunk: the name of the file of records that contains it.
        line: its line there, from 0.
    """

    name: str
    source: str
    counts: Counts
    chunk: str = ""
    line: int = 0


def counts_of(recognition: Recognition) -> Counts:
    """The counts of one scan."""
    if not recognition.passed:
        return Counts(failed=1)
    return Counts(1, int(any(element.status in DOUBTFUL for element in recognition.elements)))


class Ledger:
    """The ledger and the records of the batch in a folder."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def add(self, scans: Sequence[DoneScan], records: Sequence[bytes], files: Iterable[str]) -> None:
        """Write the records of scans, and then that the scans are done.

        Args:
            scans: the scans, in the order of `records`.
            records: the results of `dump_record`, each written by `json_line`.
            files: the names of the other files of the scans, which are flushed to the disk first.
        """
        chunk = sha256("\n".join(scan.name for scan in scans).encode()).hexdigest()[:32]
        record_file, ledger_file = f"{RECORDS}/{chunk}.jsonl", f"{LEDGER}/{chunk}.json"
        self._store.put(record_file, b"".join(records))
        self._store.flush([*files, record_file])
        self._store.put(ledger_file, json_line({"Scans": [_dumped(scan) for scan in scans]}))
        self._store.flush([ledger_file])

    def scans(self) -> dict[str, DoneScan]:
        """The scans that are done, by name."""
        return {scan.name: scan for blob in self._store.read_all(LEDGER) for scan in _loaded(blob)}

    def scans_of(self, files: Iterable[str]) -> Iterator[list[DoneScan]]:
        """The scans in files of the ledger, file by file. A file that has vanished meanwhile has none."""
        for name in files:
            with suppress(NotFound):
                yield list(_loaded(self._store.read(f"{LEDGER}/{name}")))

    def forget(self, scans: Iterable[DoneScan]) -> None:
        """Take scans out of the ledger, so that they are recognized again. No other process may write."""
        forgotten: dict[str, set[str]] = {}
        for scan in scans:
            forgotten.setdefault(scan.chunk, set()).add(scan.name)
        for chunk, names in forgotten.items():
            before = list(_loaded(self._store.read(f"{LEDGER}/{chunk}.json")))
            left = [scan for scan in before if scan.name not in names]
            if left:
                records = self._records(chunk)
                self.add(left, [records[scan.line] for scan in left], ())
            self._store.discard(f"{LEDGER}/{chunk}.json")
            self._store.discard(f"{RECORDS}/{chunk}.jsonl")

    def records(self, scans: Iterable[DoneScan]) -> Iterator[bytes]:
        """The records of scans as lines of JSON, in the order of their names, with numbers as numbers."""
        lines = lru_cache(_CHUNKS_IN_MEMORY)(self._records)
        for scan in sorted(scans, key=lambda scan: in_order(scan.name)):
            yield lines(scan.chunk)[scan.line]

    def _records(self, chunk: str) -> list[bytes]:
        return self._store.read(f"{RECORDS}/{chunk}.jsonl").data.splitlines(keepends=True)


def record_of(line: bytes) -> dict[str, Any]:
    """The JSON object of a record. Raises ValueError if the record is damaged."""
    try:
        told: dict[str, Any] = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"The record is damaged: {error}") from None
    return told


def sheet_of(record: bytes) -> Sheet:
    """The sheet of a record, for tables."""
    return load_record(record)


def json_line(value: Mapping[str, Any]) -> bytes:
    """A JSON object on one line."""
    return msgspec.json.encode(value, enc_hook=_plain) + b"\n"


def _plain(value: object) -> float | str:
    """The value of a number or text whose type msgspec does not know, such as NumPy's."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")


def _dumped(scan: DoneScan) -> dict[str, Any]:
    counts = scan.counts
    return {
        "Name": scan.name,
        "Source": scan.source,
        "Passed": bool(counts.passed),
        "Doubtful": bool(counts.doubtful),
    }


def _loaded(blob: Blob) -> Iterator[DoneScan]:
    chunk = blob.name.rpartition("/")[2].removesuffix(".json")
    try:
        for line, told in enumerate(json.loads(blob.data)["Scans"]):
            passed = bool(told["Passed"])
            counts = Counts(int(passed), int(told["Doubtful"]), int(not passed))
            yield DoneScan(told["Name"], told["Source"], counts, chunk, line)
    except (ValueError, KeyError, TypeError):
        raise DamagedRecord(
            f"{blob.name} in the folder of the batch is damaged. Delete it: its scans are then recognized again."
        ) from None


def in_order(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key by which `page 10` comes after `page 9`."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() and part.isascii() else (0, part) for part in parts], name
