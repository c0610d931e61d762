"""A cache folder that server processes share. Its size is limited, and the oldest entries are removed first."""

import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from diskcache import Cache, Timeout

from omrclip.config import MEBIBYTE, Config
from omrclip.storage.local_files import make_folders

MOST_WAITING_BYTES = 32 * MEBIBYTE

_log = logging.getLogger(__name__)


class SharedFolder:
    """Strings and bytes by key. A background thread writes them, so that no request waits for the disk.

    Entries that cannot be written, or that arrive faster than the disk can write, are dropped.
    """

    def __init__(self, path: str, max_bytes: int) -> None:
        self._cache = Cache(path, size_limit=max_bytes)
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

    def put(self, key: str, content: str | bytes) -> None:
        """Write a value in the background."""
        with self._lock:
            if self._waiting_bytes + len(content) > MOST_WAITING_BYTES:
                return
            self._waiting_bytes += len(content)
        self._writer.submit(self._write, key, content)

    def wait(self) -> None:
        """Wait until all values put so far are written."""
        self._writer.submit(lambda: None).result()

    def _write(self, key: str, content: str | bytes) -> None:
        try:
            self._cache.set(key, content)
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
