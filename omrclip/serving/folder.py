"""A cache folder that server processes share. Its size is limited, and the oldest entries are removed first."""

import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from diskcache import Cache, Timeout
from diskcache.core import DBNAME

from omrclip.config import Config
from omrclip.errors import StorageUnavailable
from omrclip.limits import MEBIBYTE
from omrclip.storage.local_files import make_folders

MOST_WAITING_BYTES = 32 * MEBIBYTE
BUSY_SECONDS = 5.0

_log = logging.getLogger(__name__)


class SharedFolder:
    """Strings and bytes by key. A background thread writes them, so that no request waits for the disk.

    Entries that cannot be written, or that arrive faster than the disk can write, are dropped.
    """

    def __init__(self, path: str, max_bytes: int) -> None:
        # SQLite overwrites what it deletes, so that nothing of an erased image stays in the file.
        self._cache = Cache(path, size_limit=max_bytes, tag_index=True, sqlite_secure_delete=1)
        self._database = Path(path, DBNAME)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="folder")
        self._lock = threading.Lock()
        self._waiting_bytes = 0

    def get(self, key: str) -> str | bytes | None:
        """The value of a key, or None if it is missing or the folder cannot be read."""
        try:
            found = self._cache.get(key)
        except (OSError, sqlite3.Error, Timeout) as problem:
            _log.warning("cannot read the cache folder: %s", problem)
            return None
        return found if isinstance(found, str | bytes) else None

    def put(self, key: str, content: str | bytes, tag: str) -> None:
        """Write a value in the background. `forget` removes it by its tag."""
        with self._lock:
            if self._waiting_bytes + len(content) > MOST_WAITING_BYTES:
                return
            self._waiting_bytes += len(content)
        self._writer.submit(self._write, key, content, tag)

    def wait(self) -> None:
        """Wait until all values put so far are written."""
        self._writer.submit(lambda: None).result()

    def forget(self, tag: str) -> None:
        """Remove all values with a tag, also from the log of the database. Raises StorageUnavailable."""
        self._writer.submit(self._forget, tag).result()

    def holds(self, tag: str) -> bool:
        """Whether there is a value with a tag. Raises StorageUnavailable."""
        try:
            with closing(sqlite3.connect(self._database, timeout=BUSY_SECONDS)) as file:
                return file.execute("SELECT 1 FROM Cache WHERE tag = ? LIMIT 1", (tag,)).fetchone() is not None
        except sqlite3.Error:
            raise StorageUnavailable("The cache folder cannot be read.") from None

    def _forget(self, tag: str) -> None:
        try:
            if self._cache.evict(tag):
                with closing(sqlite3.connect(self._database, timeout=BUSY_SECONDS)) as file:
                    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (OSError, sqlite3.Error, Timeout) as problem:
            _log.warning("cannot remove from the cache folder: %s", problem)
            raise StorageUnavailable("What was cached of this image could not be removed. Try again.") from None

    def _write(self, key: str, content: str | bytes, tag: str) -> None:
        try:
            self._cache.set(key, content, tag=tag)
        except (OSError, sqlite3.Error, Timeout) as problem:
            _log.warning("cannot write to the cache folder: %s", problem)
        finally:
            with self._lock:
                self._waiting_bytes -= len(content)


def open_folder(config: Config) -> SharedFolder | None:
    """The folder from the settings. None if it is not set or cannot be used; then the server is only slower."""
    if not config.cache_folder:
        return None
    try:
        make_folders(Path(config.cache_folder))
        return SharedFolder(config.cache_folder, config.cache_folder_bytes)
    except (OSError, sqlite3.Error, Timeout) as problem:
        _log.warning("cannot use the cache folder: %s", problem)
        return None
