"""Batches on the server: their documents, their results and their states.

Each batch has a folder under the root. The name of the folder is an identifier that cannot be guessed:

    {id}/batch.sqlite      its name, options, expiry, state and counts, and the names of its documents
    {id}/sheets.sqlite     an index of the ledger, for lists of sheets
    {id}/uploads/{token}   a document that is being written
    {id}/sources/{name}    the documents
    {id}/results/          the folder in which the engine works (`jobs.batches`): template, ledger, clips and tables
    queue/{id}             an empty file: the batch has work, or is to be removed

One process at a time runs and removes batches. It holds the lock `.runner`.
"""

import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from omrclip.config import WORKSPACES_FOLDER, Config
from omrclip.errors import DamagedRecord, Failure, NameConflict, NotFound, StorageFull
from omrclip.storage.blobs import BlobState, BlobStore
from omrclip.storage.databases import errors_told, reason_of, transaction
from omrclip.storage.local_files import create_file
from omrclip.storage.receipts import Deleted, Receipts
from omrclip.storage.steady_clock import SteadyClock

if TYPE_CHECKING:
    from omrclip.schemas.corrections import Correction

FOLDER: Final = "batches"
"""The folder of batches among the results of a workspace. Stored recognitions beside it have other names."""
QUEUE, SOURCES, UPLOADS, RESULTS = "queue", "sources", "uploads", "results"
WORKBOOK: Final = "results.xlsx"
"""The result that is not written if the templates have too many columns for it."""
DATABASE: Final = "batch.sqlite"
INDEX: Final = "sheets.sqlite"
RUNNER_LOCK: Final = ".runner"
UNFINISHED_SECONDS: Final = 3600.0
"""Age of a folder without a database, after which a process must have died while it created or removed a batch."""
_IDENTIFIER = re.compile(r"[0-9a-f]{24}")
_BUSY_SECONDS: Final = 30.0

_TABLES = """
CREATE TABLE batch (
    name TEXT NOT NULL, template TEXT NOT NULL, options TEXT NOT NULL, created REAL NOT NULL, expires REAL,
    set_aside INTEGER, is_deleted INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
    message TEXT NOT NULL DEFAULT '', passed INTEGER NOT NULL DEFAULT 0, doubtful INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, an_hour REAL, bytes INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL,
    sheets INTEGER NOT NULL
);
CREATE TABLE sheets (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_CORRECTIONS = """
CREATE TABLE IF NOT EXISTS corrections (
    number INTEGER PRIMARY KEY, sheet TEXT NOT NULL, name TEXT NOT NULL, value TEXT, path TEXT NOT NULL,
    by TEXT, at REAL NOT NULL
)
"""
"""A log: rows are added and never changed. It is created with the first correction."""
_REVIEWED = "CREATE TABLE IF NOT EXISTS reviewed (sheet TEXT PRIMARY KEY) WITHOUT ROWID"
"""The doubtful sheets whose doubtful answers were all confirmed or corrected. It is created with the first one."""

_FAILURE = "CREATE TABLE IF NOT EXISTS failure (code TEXT NOT NULL, message TEXT NOT NULL, details TEXT NOT NULL)"
"""Why the batch failed last, with the `message` of the batch. It is created with the first failure."""


class State(StrEnum):
    """What happens to a batch. One without sheets is waiting."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as it is now.

    Attributes:
        identifier: the name of its folder.
        name: for people.
        templates: the names of its templates when it was created.
        options: of recognition, as JSON values.
        created: when it was created, in seconds since 1970.
        expires: when it expires, or None.
        state: what happens to it.
        message: why it failed; "" if it did not.
        total: the number of its sheets.
        passed, doubtful, failed: numbers of sheets by result. `doubtful` ones have passed too.
        an_hour: sheets an hour in the run at hand or the last one, or None.
        reviewed: how many of the doubtful sheets have no answer left that a person should check.
        failure: the error with this message; None if there is none, or if an older version wrote the message.
    """

    identifier: str
    name: str
    templates: tuple[str, ...]
    options: Mapping[str, Any]
    created: float
    expires: float | None
    state: State
    message: str
    total: int
    passed: int
    doubtful: int
    failed: int
    an_hour: float | None
    reviewed: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to add to a batch.

    Attributes:
        name: the name of its file, which the store takes.
        key: equal for names that are one file on some system.
        data: its bytes.
        sheets: a key for each of its sheets. Sheets with equal keys would have files of the same name.
    """

    name: str
    key: str
    data: bytes = field(repr=False)
    sheets: Sequence[str]


class Batches:
    """The batches of a workspace. Expired and deleted batches are not found.

    Every method raises StorageUnavailable, or StorageFull, if the store cannot be read or written, and if it is not a
    folder of this machine. Methods that take an identifier raise NotFound, and DamagedRecord.
    """

    def __init__(self, config: Config) -> None:
        self._blobs = BlobStore(f"{config.results}/{FOLDER}")
        self._clock = SteadyClock(self._blobs)
        self._most_bytes = config.batch_bytes
        self._grace = config.grace_seconds
        self._receipts = Receipts(config)

    def new_identifier(self) -> str:
        """A new identifier of 96 random bits, which cannot be guessed."""
        self._blobs.local_path("")
        return secrets.token_hex(12)

    def results_folder(self, identifier: str) -> Path:
        """The folder in which the engine works."""
        return self._blobs.local_path(f"{_checked(identifier)}/{RESULTS}")

    def index_file(self, identifier: str) -> Path:
        """The file of the index of its sheets, which is made when it is needed."""
        return self._blobs.local_path(f"{_checked(identifier)}/{INDEX}")

    def source_folder(self, identifier: str) -> Path:
        """The folder of the documents."""
        return self._blobs.local_path(f"{_checked(identifier)}/{SOURCES}")

    def create(
        self, identifier: str, name: str, templates: Sequence[str], options: Mapping[str, Any], seconds: float | None
    ) -> None:
        """Create a batch whose results folder holds the templates already. It expires after `seconds`, or never."""
        path = self._blobs.local_path(f"{_checked(identifier)}/{DATABASE}")
        now = time.time()
        with _errors_told():
            create_file(path, b"")
            with closing(_opened(path)) as file:
                file.executescript(f"BEGIN; {_TABLES} COMMIT;")
                file.execute(
                    "INSERT INTO batch (name, template, options, created, expires) VALUES (?, ?, ?, ?, ?)",
                    (name, "\n".join(templates), json.dumps(options), now, None if seconds is None else now + seconds),
                )
        self._blobs.sync(identifier)

    def identifiers(self, after: str = "") -> Iterator[str]:
        """The sorted identifiers of batches that are found, after a name."""
        for identifier in self._folders():
            with suppress(NotFound, DamagedRecord):
                if identifier > after:
                    self.read(identifier)
                    yield identifier

    def _folders(self) -> Iterator[str]:
        return filter(_IDENTIFIER.fullmatch, self._blobs.children())

    def read(self, identifier: str) -> StoredBatch:
        """A batch as it is now."""
        with self._file(identifier) as file:
            row = file.execute(
                "SELECT name, template, options, created, expires, state, message, passed, doubtful, failed, an_hour "
                "FROM batch WHERE NOT is_deleted AND (expires IS NULL OR expires > ?)",
                (time.time(),),
            ).fetchone()
            total = file.execute("SELECT COALESCE(SUM(sheets), 0) FROM documents").fetchone()[0]
            reviewed = _has_table(file, "reviewed") and file.execute("SELECT COUNT(*) FROM reviewed").fetchone()[0]
            failure = _failure(file)
        if row is None:
            raise _not_found(identifier)
        name, templates, options, created, expires, state, message, passed, doubtful, failed, an_hour = row
        return StoredBatch(
            identifier,
            name,
            tuple(templates.split("\n")),
            json.loads(options),
            created,
            expires,
            State(state),
            message,
            total,
            passed,
            doubtful,
            failed,
            an_hour,
            int(reviewed),
            failure if failure is not None and failure.message == message else None,
        )

    def rename(self, identifier: str, name: str) -> None:
        """Give a batch another name."""
        self._set(identifier, name=name)

    def expire_after(self, identifier: str, seconds: float | None) -> None:
        """Let a batch expire after a time from now, or never."""
        self._set(identifier, expires=None if seconds is None else time.time() + seconds, set_aside=None)

    def _set(self, identifier: str, **values: object) -> None:
        """Set columns. Raises NotFound also if the batch is deleted or has expired."""
        self.read(identifier)
        with self._file(identifier, writing=True) as file:
            _update(file, **values)

    def add(self, identifier: str, document: NewDocument) -> None:
        """Add a document, whole or not at all. It has been flushed to the disk when the method returns.

        If the same document is in the batch already, nothing changes. So a client may send it again after an error.

        Raises:
            NameConflict: the batch has another document of this name, or sheets whose files would have the same names.
            StorageFull: the disk is full, or the batches have reached their maximum size.
        """
        self.read(identifier)
        digest = sha256(document.data).digest()
        if self._has(identifier, document, digest):
            return
        upload = f"{identifier}/{UPLOADS}/{secrets.token_hex(12)}"
        self._blobs.create(upload, document.data)
        try:
            with self._blobs.locked():
                self._check_quota(len(document.data))
                with self._file(identifier, writing=True) as file:
                    self._add(file, identifier, document, digest, upload)
        finally:
            self._blobs.discard(upload)
            self._blobs.remove_empty_folder(f"{identifier}/{UPLOADS}")

    def _has(self, identifier: str, document: NewDocument, digest: bytes) -> bool:
        with self._file(identifier) as file:
            row = file.execute("SELECT name, digest FROM documents WHERE key = ?", (document.key,)).fetchone()
        return row is not None and tuple(row) == (document.name, digest)

    def _add(
        self, file: sqlite3.Connection, identifier: str, document: NewDocument, digest: bytes, upload: str
    ) -> None:
        if _is_deleted(file):
            raise _not_found(identifier)
        try:
            file.execute(
                "INSERT INTO documents (name, key, digest, sheets) VALUES (?, ?, ?, ?)",
                (document.name, document.key, digest, len(document.sheets)),
            )
            file.executemany("INSERT INTO sheets VALUES (?)", [(key,) for key in document.sheets])
        except sqlite3.IntegrityError:
            raise NameConflict(
                f"The batch already has a document named {document.name!r}, or one whose pages would have the same "
                "names. Rename the file.",
                name=document.name,
            ) from None
        self._blobs.move(upload, f"{identifier}/{SOURCES}/{document.name}")
        self._blobs.sync(f"{identifier}/{SOURCES}")
        self._queue(identifier)
        file.execute("UPDATE batch SET bytes = bytes + ?, message = ''", (len(document.data),))
        file.execute("UPDATE batch SET state = ? WHERE state != ?", (State.WAITING, State.RUNNING))

    def retry(self, identifier: str, sheet: str | None = None) -> None:
        """Let a batch that failed run again, and its failed sheets be recognized again. Others stay as they are.

        Args:
            identifier: of the batch.
            sheet: a sheet that is to be recognized again although it has not failed. It is not reviewed any more.
        """
        self.read(identifier)
        with self._blobs.locked(), self._file(identifier, writing=True) as file:
            state, failed, is_deleted = file.execute("SELECT state, failed, is_deleted FROM batch").fetchone()
            if is_deleted:
                raise _not_found(identifier)
            if sheet is not None and _has_table(file, "reviewed"):
                file.execute("DELETE FROM reviewed WHERE sheet = ?", (sheet,))
            if sheet is not None or failed or state in (State.FAILED, State.RUNNING):
                self._queue(identifier)
                file.execute("UPDATE batch SET retries = retries + 1, message = ''")
                file.execute("UPDATE batch SET state = ? WHERE state != ?", (State.WAITING, State.RUNNING))

    def _queue(self, identifier: str) -> None:
        if not self._blobs.has(f"{QUEUE}/{identifier}"):
            self._blobs.create(f"{QUEUE}/{identifier}", b"")
            self._blobs.sync(QUEUE)

    def _check_quota(self, more: int) -> None:
        used = more
        for identifier in self._folders():
            with suppress(NotFound, DamagedRecord), self._file(identifier) as file:
                used += file.execute("SELECT bytes FROM batch").fetchone()[0]
        if used > self._most_bytes:
            raise StorageFull(
                f"The batches would use {used:,} bytes, more than the {self._most_bytes:,} allowed. Delete batches "
                "that are no longer needed.",
                limit="batch_bytes",
                maximum=self._most_bytes,
                used=used - more,
            )

    def corrections(self, identifier: str) -> "list[Correction]":
        """All corrections that were ever made or undone, in the order of time."""
        self.read(identifier)
        with self._file(identifier) as file:
            return _corrections(file)

    def correct(
        self,
        identifier: str,
        wanted: "Iterable[Correction]",
        by: str | None,
        reviewed: "Callable[[Sequence[Correction]], Mapping[str, bool]]",
    ) -> "list[Correction]":
        """Add corrections of sheets to the log, and return the log. Those that change nothing are left out.

        Args:
            identifier: of the batch.
            wanted: the corrections. Those without a value undo. Their `by` and `at` do not matter.
            by: the name of the account that makes them, or None.
            reviewed: given the log, tells of the sheets that the corrections are of whether they are reviewed.
        """
        self.read(identifier)
        now = round(time.time(), 3)
        with self._file(identifier, writing=True) as file:
            file.execute(_CORRECTIONS)
            log = _corrections(file)
            values = {one.target: one.value for one in log}
            for one in wanted:
                if values.get(one.target) != one.value:
                    values[one.target] = one.value
                    log.append(replace(one, by=by, at=now))
                    file.execute(
                        "INSERT INTO corrections (sheet, name, value, path, by, at) VALUES (?, ?, ?, ?, ?, ?)",
                        (one.scan, one.name, one.value, one.path, by, now),
                    )
            file.execute(_REVIEWED)
            for sheet, is_reviewed in reviewed(log).items():
                file.execute("DELETE FROM reviewed WHERE sheet = ?", (sheet,))
                if is_reviewed:
                    file.execute("INSERT INTO reviewed VALUES (?)", (sheet,))
        return log

    def results(self, identifier: str) -> BlobStore:
        """The folder of results of a batch, for reading."""
        self.read(identifier)
        return BlobStore(str(self.results_folder(identifier)))

    def result(self, identifier: str, name: str) -> tuple[BlobStore, BlobState]:
        """The folder of results, and the state of a file in it. Raises NotFound if the file is not written yet."""
        store = self.results(identifier)
        try:
            return store, store.state(name)
        except NotFound:
            if name == WORKBOOK and self.read(identifier).state is State.DONE:
                raise NotFound(
                    "The table has more columns than a workbook (XLSX) can have. Use results.csv.", name=name
                ) from None
            raise NotFound(
                f"The batch has no {name} yet. It is written when all sheets are recognized.", name=name
            ) from None

    def delete(self, identifier: str) -> None:
        """Delete a batch. The process that runs batches removes its files; if there is none, they are removed here."""
        try:
            self.read(identifier)
            with self._file(identifier, writing=True) as file:
                _update(file, is_deleted=1)
        except DamagedRecord:
            self._blobs.discard(f"{identifier}/{DATABASE}")
        self._queue(identifier)
        release = self.hold()
        if release is not None:
            try:
                self.remove(identifier)
            finally:
                release()

    def usage(self, identifier: str) -> tuple[int, int]:
        """The number of files and bytes that there are of a batch, whether it is found or not."""
        return self._blobs.usage(_checked(identifier))

    # What follows is for the process that runs batches.

    def exists(self) -> bool:
        """Whether there can be batches. The store may be another one than a folder of this machine."""
        return self._blobs.is_local and self._blobs.exists()

    def hold(self) -> Any:
        """Become the one process that runs batches: returns a function that ends this, or None if there is another."""
        return self._blobs.hold(RUNNER_LOCK)

    def queued(self) -> list[str]:
        """The identifiers of batches that have work or are to be removed, oldest first."""
        found = []
        for identifier in filter(_IDENTIFIER.fullmatch, self._blobs.children(QUEUE)):
            with suppress(NotFound):
                found.append((self._blobs.state(f"{QUEUE}/{identifier}").changed, identifier))
        return [identifier for _, identifier in sorted(found)]

    def recover(self) -> None:
        """Queue batches whose process died, and reset their states."""
        for identifier in self._folders():
            with suppress(NotFound, DamagedRecord), self._file(identifier, writing=True) as file:
                state, is_deleted = file.execute("SELECT state, is_deleted FROM batch").fetchone()
                has_sheets = file.execute("SELECT 1 FROM documents LIMIT 1").fetchone()
                if is_deleted or (has_sheets and state in (State.WAITING, State.RUNNING)):
                    self._queue(identifier)
                    _update(file, state=State.WAITING)

    def is_removed(self, identifier: str) -> bool:
        """Whether a batch was deleted or has expired."""
        try:
            self.read(identifier)
        except NotFound:
            return True
        return False

    def documents(self, identifier: str) -> list[str]:
        """The names of the documents in the order in which they were added."""
        with self._file(identifier) as file:
            return [name for (name,) in file.execute("SELECT name FROM documents ORDER BY number")]

    def retries(self, identifier: str) -> int:
        """How often it was asked to recognize failed sheets again, and that was not begun yet."""
        with self._file(identifier) as file:
            return int(file.execute("SELECT retries FROM batch").fetchone()[0])

    def note_retries(self, identifier: str, count: int) -> None:
        """Note that so many requests to recognize failed sheets again have been begun: the ledger knows it."""
        with self._file(identifier, writing=True) as file:
            file.execute("UPDATE batch SET retries = retries - ?", (count,))

    def note_progress(self, identifier: str, passed: int, doubtful: int, failed: int, an_hour: float | None) -> None:
        """Note that a batch is running, and its counts."""
        with self._file(identifier, writing=True) as file:
            _update(file, state=State.RUNNING, passed=passed, doubtful=doubtful, failed=failed, an_hour=an_hour)

    def finish(self, identifier: str, documents: int) -> bool:
        """Note that a batch with so many documents is done. Returns False if there is more to do."""
        size = self._blobs.size(identifier)
        with self._file(identifier, writing=True) as file:
            count, retries, is_deleted = file.execute(
                "SELECT (SELECT COUNT(*) FROM documents), retries, is_deleted FROM batch"
            ).fetchone()
            if count != documents or retries or is_deleted:
                return False
            _update(file, state=State.DONE, message="", bytes=size)
            self._unqueue(identifier)
        return True

    def fail(self, identifier: str, failure: Failure) -> None:
        """Note that a batch cannot be run, and why. It runs again when a document is added, and after `retry`."""
        with self._file(identifier, writing=True) as file:
            _update(file, state=State.FAILED, message=failure.message)
            file.execute(_FAILURE)
            file.execute("DELETE FROM failure")
            row = (failure.code, failure.message, json.dumps(failure.details))
            file.execute("INSERT INTO failure (code, message, details) VALUES (?, ?, ?)", row)
            if not _is_deleted(file):
                self._unqueue(identifier)

    def _unqueue(self, identifier: str) -> None:
        self._blobs.discard(f"{QUEUE}/{identifier}")

    def remove_if_deleted(self, identifier: str) -> None:
        """Remove a batch that was deleted. Take one that has expired out of the queue: `sweep` removes it."""
        with suppress(NotFound), self._file(identifier) as file:
            if not _is_deleted(file):
                self._unqueue(identifier)
                return
        self.remove(identifier)

    def remove(self, identifier: str) -> None:
        """Remove the folder of a batch. The database goes first, so that a partly removed batch is not found."""
        self._blobs.discard(f"{_checked(identifier)}/{DATABASE}")
        self._blobs.remove_folder(identifier)
        self._unqueue(identifier)

    def sweep(self) -> None:
        """Set expired batches aside, and remove them after the grace period. Remove unfinished folders."""
        now = time.time()
        for identifier in self._folders():
            try:
                with self._file(identifier) as file:
                    name, expires, aside = file.execute("SELECT name, expires, set_aside FROM batch").fetchone()
            except NotFound:
                if now - self._blobs.local_path(identifier).stat().st_mtime > UNFINISHED_SECONDS:
                    self.remove(identifier)
                continue
            except DamagedRecord:
                continue
            if expires is None or expires > now:
                continue
            reading = self._clock.read(at_least=aside or 0)
            if self._grace and aside is None:
                with self._file(identifier, writing=True) as file:
                    _update(file, set_aside=reading)
            elif reading - (aside or 0) >= self._grace:
                self._remove_expired(identifier, name)

    def _remove_expired(self, identifier: str, name: str) -> None:
        usage = self.usage(identifier)
        self.remove(identifier)
        self._receipts.note_expired(Deleted.BATCH, identifier, name, usage, is_left=self.usage(identifier)[0] > 0)

    @contextmanager
    def _file(self, identifier: str, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """The database of a batch. Writing is one transaction, which other processes wait for."""
        path = self._blobs.local_path(f"{_checked(identifier)}/{DATABASE}")
        if not path.is_file():
            raise _not_found(identifier)
        with _errors_told(), closing(_opened(path)) as file:
            if not _has_table(file, "batch"):
                raise _not_found(identifier)
            with transaction(file) if writing else nullcontext():
                yield file


def workspaces_with_batches(config: Config) -> list[str]:
    """The names of the workspaces whose results folder exists; "" for the folder of the settings itself."""
    return ["", *BlobStore(f"{config.results}/{WORKSPACES_FOLDER}").children()]


def _corrections(file: sqlite3.Connection) -> "list[Correction]":
    from omrclip.schemas.corrections import Correction  # it loads OpenCV, which the waiting runner does not need

    if not _has_table(file, "corrections"):
        return []
    rows = file.execute("SELECT sheet, name, value, path, by, at FROM corrections ORDER BY number")
    return [Correction(*row) for row in rows]


def _failure(file: sqlite3.Connection) -> Failure | None:
    row = file.execute("SELECT code, message, details FROM failure").fetchone() if _has_table(file, "failure") else None
    return None if row is None else Failure(row[0], row[1], json.loads(row[2]))


def _has_table(file: sqlite3.Connection, name: str) -> bool:
    return file.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def _is_deleted(file: sqlite3.Connection) -> bool:
    return bool(file.execute("SELECT is_deleted FROM batch").fetchone()[0])


def _update(file: sqlite3.Connection, **values: object) -> None:
    columns = ", ".join(f"{column} = ?" for column in values)
    file.execute(f"UPDATE batch SET {columns}", list(values.values()))  # noqa: S608 (names of columns of this module)


def _opened(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode=rw"  # a batch that was removed in the meantime is not created again
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _checked(identifier: str) -> str:
    if not _IDENTIFIER.fullmatch(identifier):
        raise _not_found(identifier)
    return identifier


def _not_found(identifier: str) -> NotFound:
    return NotFound(f"There is no batch {identifier!r}. It may have expired.")


@contextmanager
def _errors_told() -> Iterator[None]:
    """Raise errors as `errors_told` does, and DamagedRecord if the database is damaged."""
    with errors_told("The files of the batch"):
        try:
            yield
        except sqlite3.DatabaseError as error:
            if reason_of(error).startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
                message = "The database of this batch is damaged. Restore its folder, or delete it."
                raise DamagedRecord(message) from None
            raise
