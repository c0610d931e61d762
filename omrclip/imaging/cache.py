"""A cache bounded in bytes, whose missing entries are made once however many ask for them at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """What a cache has done so far, and what it holds."""

    hits: int
    misses: int
    entries: int
    bytes: int
    max_bytes: int


class RecentlyUsed(Generic[Key, Entry]):
    """Entries whose sizes come to a bound at the most; the least recently used go first. Its owner keeps threads apart.

    Every image request looks into six of these, so each look has to be a few calls of the interpreter's own.
    """

    __slots__ = ("_entries", "_size_of", "bound", "size")

    def __init__(self, bound: int, size_of: Callable[[Entry], int]) -> None:
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._size_of = size_of
        self.bound = bound
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Key]:
        """The keys, the least recently used first."""
        return iter(self._entries)

    def get(self, key: Key) -> Entry | None:
        """The entry, which was used by this."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep an entry, in the place of another of its key; one that is larger than the bound is not kept."""
        self.pop(key)
        size = self._size_of(entry)
        if size > self.bound:
            return
        self._entries[key] = entry
        self.size += size
        while self.size > self.bound:
            self.size -= self._size_of(self._entries.popitem(last=False)[1])

    def pop(self, key: Key) -> Entry | None:
        """Drop an entry, and give it back."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= self._size_of(entry)
        return entry


class ByteCache(Generic[Entry]):
    """The least recently used entries go first; an entry larger than the bound is given out, but not kept."""

    def __init__(self, max_bytes: int, size_of: Callable[[Entry], int]) -> None:
        self._entries: RecentlyUsed[Hashable, Entry] = RecentlyUsed(max_bytes, size_of)
        self._lock = threading.Lock()
        # By the keys of entries that one thread is making: held until it is done.
        self._making: dict[Hashable, threading.Lock] = {}
        self._hits = 0
        self._misses = 0

    def get(self, key: Hashable) -> Entry | None:
        """The entry, counted as a hit or a miss."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._misses += 1
            else:
                self._hits += 1
            return entry

    def holds(self, key: Hashable) -> bool:
        """Whether there is an entry, or one is being made that can be waited for; neither counts nor uses it."""
        with self._lock:
            return key in self._entries or key in self._making

    def get_or_make(self, key: Hashable, make: Callable[[], Entry]) -> Entry:
        """The entry, made by one caller where it is missing; the others wait for it.

        Where making fails, its exception goes to the caller that made, and one of those who wait makes it anew.
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
            with others:  # whoever comes in here has waited; there is nothing to do
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
        """Drop the entries whose keys are concerned, and give them back."""
        with self._lock:
            dropped = [self._entries.pop(key) for key in list(self._entries) if concerns(key)]
        return [entry for entry in dropped if entry is not None]

    def counts(self) -> CacheCounts:
        """Hits, misses and bytes, for whoever watches."""
        with self._lock:
            entries = self._entries
            return CacheCounts(self._hits, self._misses, len(entries), entries.size, entries.bound)

    def _keep(self, key: Hashable, entry: Entry) -> None:
        with self._lock:
            self._entries.put(key, entry)
