"""The tasks of version 5.0 of the OMR cloud protocol, and their results until they expire; all in one SQLite file.

A task is a row. It holds the template and the scan until the task is done, and then the answer. So nothing is lost if
the server is killed at any time, and a row that is removed leaves nothing behind: SQLite overwrites its bytes.

One process at a time works on the tasks of a workspace. It holds the lock `.working`.
"""

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from omrclip.config import Config
from omrclip.errors import ServerBusy, StorageFull
from omrclip.storage.blobs import BlobStore
from omrclip.storage.databases import errors_told, transaction
from omrclip.storage.local_files import create_file

FOLDER: Final = "cloud-tasks"
"""The folder of tasks among the results of a workspace."""
DATABASE: Final = "tasks.sqlite"
WORKING: Final = ".working"
KEPT_SECONDS: Final = 24 * 3600
"""How long a result is kept, from the request on. The protocol says so."""
KNOWN_SECONDS: Final = 7 * 24 * 3600
"""How long a server still knows that there was a task."""
MOST_KNOWN: Final = 100_000
"""Number of expired tasks that a workspace remembers. Each takes about 150 bytes."""
MOST_WAITING: Final = 1000
"""Number of tasks of a workspace that wait. At a second each, the last one then waits for a quarter of an hour."""
MOST_ATTEMPTS: Final = 3
"""How often a task is begun. It is begun again if its process was killed, or stopped in between."""
ROW_BYTES: Final = 200
"""What a task takes beside its template, scan and answer."""
RETRY_SECONDS: Final = 60
"""When a client whose task was refused tries again."""
_BUSY_SECONDS: Final = 30.0

_TABLES = """
CREATE TABLE IF NOT EXISTS tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, kind TEXT NOT NULL,
    created REAL NOT NULL, format TEXT NOT NULL, threshold INTEGER, template BLOB, scan BLOB,
    attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, answer BLOB, bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting ON tasks (number) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS by_age ON tasks (created);
"""


class Kind(StrEnum):
    """What a task does."""

    GENERATE = "generate"
    RECOGNIZE = "recognize"


class TaskState(StrEnum):
    """What happens to a task. The data of an expired one are removed."""

    WAITING = "waiting"
    DONE = "done"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to recognize one scan.

    Attributes:
        identifier: a new one.
        owner: the account that sent it.
        format: the format of its results.
        threshold: percent of a bubble that a mark fills, or None.
        template: the bytes of the `.omr` file.
        scan: the bytes of the image.
    """

    identifier: str
    owner: str
    format: str
    threshold: int | None
    template: bytes = field(repr=False)
    scan: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that has begun. `attempt` counts from 1."""

    number: int
    attempt: int
    task: NewTask


class CloudTasks:
    """The tasks of a workspace.

    Every method raises StorageUnavailable or StorageFull if the file cannot be read or written, and if the store is not
    a folder of this machine.
    """

    def __init__(self, config: Config) -> None:
        self._blobs = BlobStore(f"{config.results}/{FOLDER}")
        self._most_bytes = config.cloud_bytes

    def new_identifier(self) -> str:
        """A new identifier of 122 random bits, which cannot be guessed."""
        return str(uuid.uuid4())

    def add(self, task: NewTask) -> None:
        """Store a task.

        Raises:
            ServerBusy: too many tasks are waiting.
            StorageFull: the tasks have reached their maximum size, or the disk is full.
        """
        with self._writing() as file:
            _expire(file)
            (waiting,) = file.execute("SELECT COUNT(*) FROM tasks WHERE state = 'waiting'").fetchone()
            if waiting >= MOST_WAITING:
                message = f"{waiting:,} tasks are waiting already. Try again in {RETRY_SECONDS} seconds."
                raise ServerBusy(message, retry_after=RETRY_SECONDS)
            size = len(task.template) + len(task.scan)
            row = (task.identifier, task.owner, Kind.RECOGNIZE, task.format, task.threshold, task.template, task.scan)
            self._insert(file, row, TaskState.WAITING, None, size)

    def add_done(self, identifier: str, owner: str, kind: Kind, answer: bytes) -> None:
        """Store a task that is done already, with its answer. Raises StorageFull."""
        with self._writing() as file:
            _expire(file)
            row = (identifier, owner, kind, "", None, None, None)
            self._insert(file, row, TaskState.DONE, answer, len(answer))

    def answer(self, identifier: str, owner: str, kind: Kind) -> tuple[TaskState, bytes] | None:
        """The state of a task and its answer, which is empty unless it is done.

        Returns None if there is no such task. A task of another account counts as none.
        """
        if not self.exist():
            return None
        with self._reading() as file:
            row = file.execute(
                "SELECT state, answer, created FROM tasks WHERE id = ? AND owner = ? AND kind = ?",
                (identifier, owner, kind),
            ).fetchone()
        if row is None:
            return None
        state = TaskState.EXPIRED if row[2] <= time.time() - KEPT_SECONDS else TaskState(row[0])
        return state, bytes(row[1] or b"") if state is TaskState.DONE else b""

    def cancel(self, identifier: str, owner: str, kind: Kind) -> None:
        """Remove a task with all its data. Nothing happens if there is no such task, or it is of another account."""
        if self.exist():
            with self._writing() as file:
                file.execute("DELETE FROM tasks WHERE id = ? AND owner = ? AND kind = ?", (identifier, owner, kind))

    def sweep(self) -> None:
        """Remove the data of expired tasks."""
        if self.exist():
            with self._writing() as file:
                _expire(file)

    # What follows is for the process that works on the tasks.

    def are_waiting(self) -> bool:
        """Whether tasks are waiting, or were begun and not finished."""
        if not self.exist():
            return False
        with self._reading() as file:
            return bool(file.execute("SELECT EXISTS (SELECT 1 FROM tasks WHERE state = 'waiting')").fetchone()[0])

    def hold(self) -> Callable[[], None] | None:
        """Become the one worker on the tasks: returns a function that ends this, or None if there is another one."""
        return self._blobs.hold(WORKING)

    def begin_next(self, after: int) -> WaitingTask | None:
        """Begin the first waiting task with a number above `after`, and count the attempt."""
        with self._writing() as file:
            row = file.execute(
                "UPDATE tasks SET attempts = attempts + 1 WHERE number = "
                "(SELECT MIN(number) FROM tasks WHERE state = 'waiting' AND number > ?) "
                "RETURNING number, attempts, id, owner, format, threshold, template, scan",
                (after,),
            ).fetchone()
        if row is None:
            return None
        return WaitingTask(row[0], row[1], NewTask(*row[2:]))

    def finish(self, number: int, answer: bytes) -> None:
        """Store the answer of a task, and remove its template and scan. Nothing happens if the task was cancelled."""
        with self._writing() as file:
            file.execute(
                "UPDATE tasks SET state = 'done', answer = ?, bytes = ?, template = NULL, scan = NULL "
                "WHERE number = ? AND state = 'waiting'",
                (answer, len(answer) + ROW_BYTES, number),
            )

    def _insert(
        self, file: sqlite3.Connection, row: tuple[object, ...], state: TaskState, answer: bytes | None, size: int
    ) -> None:
        (used,) = file.execute("SELECT COALESCE(SUM(bytes), 0) FROM tasks").fetchone()
        if used + size + ROW_BYTES > self._most_bytes:
            raise StorageFull(
                f"Tasks and their results use {used:,} of {self._most_bytes:,} bytes, and there is no space for more. "
                "Cancel tasks whose results are fetched, or wait until they expire.",
                limit="cloud_bytes",
                maximum=self._most_bytes,
                used=used,
            )
        file.execute(
            "INSERT INTO tasks (created, state, answer, bytes, id, owner, kind, format, threshold, template, scan) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (time.time(), state, answer, size + ROW_BYTES, *row),
        )

    def exist(self) -> bool:
        """Whether there may be tasks: whether their file exists."""
        return self._blobs.is_local and self._blobs.has(DATABASE)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        path = self._blobs.local_path(DATABASE)
        with errors_told("The tasks"), closing(sqlite3.connect(path, _BUSY_SECONDS, isolation_level=None)) as file:
            file.execute("PRAGMA secure_delete = ON")
            file.execute("PRAGMA auto_vacuum = FULL")  # it has an effect only before there are tables
            file.executescript(_TABLES)
            yield file

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which other processes wait for."""
        path = self._blobs.local_path(DATABASE)
        if not self.exist():
            with self._blobs.locked(), errors_told("The tasks"):
                if not path.exists():
                    create_file(path, b"")
        with self._reading() as file, transaction(file):
            yield file


def _expire(file: sqlite3.Connection) -> None:
    """Remove the data of expired tasks, and forget the oldest ones."""
    now = time.time()
    file.execute(
        "UPDATE tasks SET state = 'expired', answer = NULL, template = NULL, scan = NULL, bytes = 0 "
        "WHERE created <= ? AND state != 'expired'",
        (now - KEPT_SECONDS,),
    )
    file.execute("DELETE FROM tasks WHERE created <= ?", (now - KNOWN_SECONDS,))
    file.execute(
        "DELETE FROM tasks WHERE number IN (SELECT number FROM tasks WHERE state = 'expired' "
        "ORDER BY number DESC LIMIT -1 OFFSET ?)",
        (MOST_KNOWN,),
    )
