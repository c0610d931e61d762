"""SQLite files: transactions that other processes wait for, and errors without the paths of this machine."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from omrclip.errors import StorageFull, StorageUnavailable


@contextmanager
def transaction(file: sqlite3.Connection) -> Iterator[None]:
    """Write all changes of a block, or none if it raises. Other processes wait for the end before they write.

    The connection has `isolation_level=None`, so that sqlite3 begins no transaction itself.
    """
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if file.in_transaction:  # SQLite itself has ended it where the disk was full
            file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")


@contextmanager
def errors_told(what: str) -> Iterator[None]:
    """Raise errors of SQLite and of the system as StorageFull and StorageUnavailable.

    Args:
        what: the subject of the messages, such as `The files of the batch`.
    """
    try:
        yield
    except sqlite3.Error as error:
        if (reason := reason_of(error)) == "SQLITE_FULL":
            message = "The storage is full. Delete files that are no longer needed, and try again."
            raise StorageFull(message, reason=reason) from None
        raise StorageUnavailable(f"{what} cannot be read or written at the moment.", reason=reason) from None
    except OSError as error:
        message = f"{what} cannot be read or written: {error.strerror}."
        raise StorageUnavailable(message, reason=str(error.errno)) from None


def reason_of(error: sqlite3.Error) -> str:
    """SQLite's name of an error, such as `SQLITE_BUSY`."""
    return str(getattr(error, "sqlite_errorname", "SQLITE_ERROR"))
