"""The schedule of checks of stored recognitions. Each entry is an empty file, and its name contains all data.

A sweep reads only a few folders, however many recognitions are stored:

    due/{hour}/{second}-{id}-{bytes}            to be checked at this second, which is within this hour
    aside/{set aside}-{second}-{id}-{bytes}     expired at this second, set aside at this reading of the steady clock

`bytes` is the size that counts toward the quota. An entry is created before the first byte of a recognition is stored,
and is removed last. So if a process dies at any moment, a later sweep still finds all its files.
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
    """A recognition and the time of its next check.

    Attributes:
        identifier: the identifier of the recognition.
        second: the time of the check in seconds since 1970.
        size: the size that counts toward the quota, in bytes.
        set_aside: the reading of the steady clock when it was set aside, in seconds; None if it is not set aside.
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
    """The entry of a recognition to be checked at a time, in seconds since 1970."""
    return Entry(identifier, ceil(at), size)


class Schedule:
    """The entries of one store. Changes are made under the store's lock."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def add(self, new: Entry) -> None:
        """Add an entry. Raises StorageUnavailable and StorageFull."""
        with self._blobs.locked():
            self._blobs.create(new.name, b"")

    def move(self, old: Entry, new: Entry) -> None:
        """Replace an entry by another of the same recognition. This needs no space on the disk."""
        if old == new:
            return
        with self._blobs.locked():
            self._blobs.move(old.name, new.name)
            self._remove_empty_hour(old)

    def remove(self, old: Entry) -> None:
        """Remove an entry, if it exists."""
        with self._blobs.locked():
            self._blobs.discard(old.name)
            self._remove_empty_hour(old)

    def due(self, now: float) -> Iterator[Entry]:
        """Yield the entries whose time has come."""
        for hour in self._hours():
            if hour * _HOUR <= now:
                yield from (found for found in self._in_hour(hour) if found.second <= now)

    def aside(self) -> list[Entry]:
        """Entries that are set aside, oldest first."""
        matches = filter(None, map(_ASIDE_NAME.fullmatch, self._blobs.children(ASIDE)))
        found = (Entry(match[3], int(match[2]), int(match[4]), int(match[1])) for match in matches)
        return sorted(found, key=lambda one: one.set_aside or 0)

    def of(self, identifier: str, second: int) -> list[Entry]:
        """The entries of a recognition that is due at this second or set aside."""
        found = [*self._in_hour(second // _HOUR), *self.aside()]
        return [one for one in found if one.identifier == identifier]

    def all(self) -> Iterator[Entry]:
        """Yield every entry: first those that are set aside, then the others by time."""
        yield from self.aside()
        for hour in self._hours():
            yield from self._in_hour(hour)

    def used(self) -> int:
        """The total size of all entries in bytes: the sum of the numbers at the ends of their names."""
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
