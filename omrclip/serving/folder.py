"""The folder in which server processes share what they made: bounded in bytes, the oldest goes first."""

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
    """Texts and bytes by key. They are written behind the answers' back: no request waits for a disk.

    What cannot be written, or comes faster than it can be, is left out: whoever needs it makes it anew.
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
        """Have it written soon."""
        with self._lock:
            if self._waiting_bytes + len(content) > MOST_WAITING_BYTES:
                return
            self._waiting_bytes += len(content)
        self._writer.submit(self._write, key, content)

    def wait(self) -> None:
        """Return when all that was put so far is written."""
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
    """The folder that the settings name; None where they name none, or it cannot be used, which costs time alone."""
    if not config.cache_folder:
        return None
    try:
        make_folders(Path(config.cache_folder))
        return SharedFolder(config.cache_folder, config.cache_folder_bytes)
    except (OSError, sqlite3.Error, Timeout) as problem:
        _log.warning("cannot use the cache folder: %s", problem)
        return None
