"""When each kept recognition has to be looked at, as empty files whose names say it all.

A sweep reads a few folders of names, however many recognitions are kept:

    due/{hour}/{second}-{id}-{bytes}            look at it from this second on; `hour` is the second's
    aside/{set aside}-{second}-{id}-{bytes}     it expired at this second, and was set aside at this reading of the
                                                steady clock

`bytes` is how much it takes of the quota. An entry is made before the first byte of a recognition is stored, and is the
last that is removed, so that a process that dies at any moment leaves nothing that is never looked at.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import ceil

from omrclip.errors import StorageUnavailable
from omrclip.storage.blobs import BlobStore

DUE, ASIDE = "due", "aside"
_HOUR = 3600
_DUE_NAME = re.compile(r"([0-9]{1,15})-([0-9a-f]{24})-([0-9]{1,18})")
_ASIDE_NAME = re.compile(r"([0-9]{1,15})-([0-9]{1,15})-([0-9a-f]{24})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One recognition and when to look at it.

    Attributes:
        identifier: the recognition's.
        second: in seconds since 1970.
        size: how many bytes it takes of the quota.
        set_aside: the steady clock's reading when it was set aside, in seconds; None where it was not.
    """

    identifier: str
    second: int
    size: int
    set_aside: int | None = None

    @property
    def name(self) -> str:
        """The name of its file in the store."""
        if self.set_aside is None:
            return f"{DUE}/{self.second // _HOUR}/{self.second}-{self.identifier}-{self.size}"
        return f"{ASIDE}/{self.set_aside}-{self.second}-{self.identifier}-{self.size}"


def entry(identifier: str, at: float, size: int) -> Entry:
    """The entry of what has to be looked at from a time on, in seconds since 1970."""
    return Entry(identifier, ceil(at), size)


class Schedule:
    """The entries of one store. Changes are made under the store's lock."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def add(self, new: Entry) -> None:
        """Add an entry; raises StorageUnavailable, StorageFull."""
        with self._blobs.locked():
            self._blobs.create(new.name, b"")

    def move(self, old: Entry, new: Entry) -> None:
        """Replace an entry by another of the same recognition. It takes no room on the disk."""
        if old == new:
            return
        with self._blobs.locked():
            self._blobs.move(old.name, new.name)
            self._remove_empty_hour(old)

    def remove(self, old: Entry) -> None:
        """Remove an entry, if it is there."""
        with self._blobs.locked():
            self._blobs.discard(old.name)
            self._remove_empty_hour(old)

    def due(self, now: float) -> Iterator[Entry]:
        """Yield what has to be looked at."""
        for hour in self._hours():
            if hour * _HOUR <= now:
                yield from (found for found in self._in_hour(hour) if found.second <= now)

    def aside(self) -> list[Entry]:
        """Entries that are set aside, oldest first."""
        matches = filter(None, map(_ASIDE_NAME.fullmatch, self._blobs.children(ASIDE)))
        found = (Entry(match[3], int(match[2]), int(match[4]), int(match[1])) for match in matches)
        return sorted(found, key=lambda one: one.set_aside or 0)

    def of(self, identifier: str, second: int) -> list[Entry]:
        """The entries of a recognition that is to be looked at from this second on, or set aside."""
        found = [*self._in_hour(second // _HOUR), *self.aside()]
        return [one for one in found if one.identifier == identifier]

    def all(self) -> Iterator[Entry]:
        """Yield every entry: first those that are set aside, then the others by time."""
        yield from self.aside()
        for hour in self._hours():
            yield from self._in_hour(hour)

    def used(self) -> int:
        """How many bytes everything takes that has an entry: the sum of the numbers that end the names."""
        folders = [*(f"{DUE}/{hour}" for hour in self._hours()), ASIDE]
        sizes = (name.rpartition("-")[2] for folder in folders for name in self._blobs.children(folder))
        return sum(int(size) for size in sizes if size.isdigit())

    def _hours(self) -> list[int]:
        return sorted(int(name) for name in self._blobs.children(DUE) if name.isascii() and name.isdigit())

    def _in_hour(self, hour: int) -> list[Entry]:
        matches = filter(None, map(_DUE_NAME.fullmatch, self._blobs.children(f"{DUE}/{hour}")))
        return sorted((Entry(match[2], int(match[1]), int(match[3])) for match in matches), key=lambda one: one.second)

    def _remove_empty_hour(self, old: Entry) -> None:
        with suppress(StorageUnavailable):
            self._blobs.remove_empty_folder(old.name.rpartition("/")[0])
            self._blobs.remove_empty_folder(DUE)
