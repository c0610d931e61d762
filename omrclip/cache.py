"""A cache with a limit in bytes. A missing entry is made only once, even if several threads request it."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cachetools import LRUCache

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """Counters of a cache, and its contents."""

    hits: int
    misses: int
    entries: int
    bytes: int
    max_bytes: int


class ByteCache(Generic[Entry]):
    """A cache that removes the least recently used entries first. An entry larger than the limit is not stored.

    A part of the limit may be lent for a time (`lend`). Entries are removed accordingly.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[Entry], int]) -> None:
        self._entries: LRUCache[Hashable, Entry] = LRUCache(max_bytes, getsizeof=size_of)
        self._size_of = size_of
        self._lock = threading.Lock()
        # Locks by the keys of entries that a thread is making. It holds the lock until it is done.
        self._making: dict[Hashable, threading.Lock] = {}
        self._hits = 0
        self._misses = 0
        self._lent = 0

    def get(self, key: Hashable) -> Entry | None:
        """The entry or None. This counts as a hit or a miss."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._misses += 1
            else:
                self._hits += 1
            return entry

    def holds(self, key: Hashable) -> bool:
        """Whether there is an entry. This neither counts as a hit nor as a use."""
        with self._lock:
            return key in self._entries

    def any_key(self, concerns: Callable[[Hashable], bool]) -> bool:
        """Whether there is an entry with a matching key."""
        with self._lock:
            return any(map(concerns, self._entries))

    def is_being_made(self, key: Hashable) -> bool:
        """Whether `get_or_make` would wait for another thread that makes the entry."""
        with self._lock:
            return key in self._making

    def get_or_make(self, key: Hashable, make: Callable[[], Entry]) -> Entry:
        """Return the entry. If it is missing, one caller makes it and the others wait.

        If this fails, the caller that made it gets the exception, and one of the waiting callers tries again.
        """
        while True:
            with self._lock:
                if (entry := self._entries.get(key)) is not None:
                    self._hits += 1
                    return entry
                others = self._making.get(key)
                if others is None:
                    self._misses += 1
                    done = self._making[key] = threading.Lock()
                    done.acquire()
                    break
            with others:  # this caller has waited for the entry, and has nothing to do
                pass
        try:
            entry = make()
            self._keep(key, entry)
            return entry
        finally:
            with self._lock:
                del self._making[key]
            done.release()

    def forget(self, concerns: Callable[[Hashable], bool]) -> list[Entry]:
        """Remove the entries with matching keys, and return them."""
        with self._lock:
            return [self._entries.pop(key) for key in list(self._entries) if concerns(key)]

    def lend(self, bytes_lent: int) -> None:
        """Reduce the limit by this number of bytes, instead of by the number lent before."""
        with self._lock:
            self._lent = bytes_lent
            self._make_room(0)

    def counts(self) -> CacheCounts:
        """The numbers of hits, misses, entries and bytes."""
        with self._lock:
            entries = self._entries
            return CacheCounts(self._hits, self._misses, len(entries), int(entries.currsize), int(entries.maxsize))

    def _keep(self, key: Hashable, entry: Entry) -> None:
        size = self._size_of(entry)
        with self._lock:
            if size <= self._entries.maxsize - self._lent:
                self._make_room(size)
                self._entries[key] = entry

    def _make_room(self, more: int) -> None:
        while self._entries and self._entries.currsize + more > self._entries.maxsize - self._lent:
            self._entries.popitem()
