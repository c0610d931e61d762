"""Reads the directories of a TIFF by ranges of bytes (TIFF 6.0, section 2, and BigTIFF).

`tiff.ifd` reads files in memory. Here only the directories and their values are read, some kilobytes of a file that may
have gigabytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omrclip.errors import CorruptImage
from omrclip.imaging.tiff import ifd
from omrclip.imaging.tiff.ranges import RangeReader, read_exactly, read_up_to

_HEADER_BYTES = 16  # of BigTIFF; TIFF has 8, and more bytes follow
_FIRST_LOOK = 512  # enough for a directory of some twenty entries
_MOST_ENTRIES = 4096
_MOST_DIRECTORIES = 64

WholeNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RangedDirectory:
    """One directory: its offset and bytes, the places of entries in them by tag, and the next offset, or 0.

    Values are read when they are needed.
    """

    reader: RangeReader
    layout: ifd.Layout
    at: int
    block: bytes
    entries: dict[int, int]
    following: int

    def numbers(self, tag: int, most: int) -> WholeNumbers:
        """The integers of a tag, (n,) int64, or an empty array if the tag is missing.

        Raises CorruptImage if they have another type, are more than `most`, or are beyond the end of the file.
        """
        entry = self._entry(tag)
        if entry is None:
            return np.empty(0, np.int64)
        code = _whole_code(entry, tag, most)
        return np.frombuffer(self._content(entry), np.dtype(self.layout.order + code)).astype(np.int64)

    def few(self, tag: int, most: int = 64) -> tuple[int, ...]:
        """The same as Python integers, which is faster for few numbers."""
        entry = self._entry(tag)
        if entry is None:
            return ()
        code = _whole_code(entry, tag, most)
        return struct.unpack(f"{self.layout.order}{entry.count}{code}", self._content(entry))

    def number(self, tag: int, otherwise: int) -> int:
        """The only integer of a tag, or `otherwise` if the tag is missing. Raises CorruptImage as `numbers` does."""
        values = self.few(tag, most=1)
        return values[0] if values else otherwise

    def fraction(self, tag: int) -> tuple[float, ...]:
        """The only rational of a tag, or () if the tag is missing. Raises CorruptImage if it has another type."""
        entry = self._entry(tag)
        if entry is None:
            return ()
        if (entry.kind, entry.count) != (ifd.RATIONAL, 1):
            raise CorruptImage(f"The image's tag {tag} is damaged.")
        numerator, denominator = struct.unpack(f"{self.layout.order}II", self._content(entry))
        return (numerator / denominator if denominator else 0.0,)

    def content(self, tag: int, most: int) -> bytes:
        """The bytes of a tag, or empty bytes if it is missing. Raises CorruptImage if there are more than `most`."""
        entry = self._entry(tag)
        if entry is None:
            return b""
        if entry.value_bytes > most:
            raise CorruptImage(f"The image's tag {tag} is damaged.")
        return self._content(entry)

    def value(self, tag: int, most: int) -> tuple[int, int, bytes]:
        """The field type, count and bytes of a tag. Raises CorruptImage if there are more than `most` bytes."""
        entry = ifd.read_entry(self.block, self.layout, self.entries[tag])[1]
        return entry.kind, entry.count, self.content(tag, most)

    def _entry(self, tag: int) -> ifd.Entry | None:
        at = self.entries.get(tag)
        return None if at is None else ifd.read_entry(self.block, self.layout, at)[1]

    def _content(self, entry: ifd.Entry) -> bytes:
        if entry.value_bytes > self.layout.offset_bytes:
            return read_exactly(self.reader, entry.at, entry.value_bytes)
        inline = 4 + self.layout.offset_bytes
        return entry.raw[inline : inline + entry.value_bytes]


def _whole_code(entry: ifd.Entry, tag: int, most: int) -> str:
    if entry.whole_code is None or entry.count > most:
        raise CorruptImage(f"The image's tag {tag} is damaged.")
    return entry.whole_code


def read_first(reader: RangeReader) -> RangedDirectory | None:
    """The first directory, or None if the file is not a TIFF. Raises CorruptImage if it is damaged."""
    header = reader.read(0, _HEADER_BYTES)
    if header[:4] not in (b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"):
        return None
    layout, at = ifd.read_layout(header)
    return read_at(reader, layout, at)


def read_at(reader: RangeReader, layout: ifd.Layout, at: int) -> RangedDirectory:
    """The directory at an offset. Raises CorruptImage if it is not completely inside the file."""
    block = read_up_to(reader, at, _FIRST_LOOK)
    head = layout.offset_bytes if layout.big else 2
    if len(block) < head:
        raise CorruptImage("The image's directory is cut off.")
    (count,) = struct.unpack_from(layout.order + ("Q" if layout.big else "H"), block)
    if count > _MOST_ENTRIES:
        raise CorruptImage("The image's directory is damaged.")
    end = head + count * layout.entry_bytes
    if end + layout.offset_bytes > len(block):
        block = read_exactly(reader, at, end + layout.offset_bytes)
    tags = struct.unpack_from(layout.order + f"H{layout.entry_bytes - 2}x" * count, block, head)
    (following,) = struct.unpack_from(layout.order + layout.offset_code, block, end)
    entries = dict(zip(tags, range(head, end, layout.entry_bytes), strict=True))
    return RangedDirectory(reader, layout, at, block, entries, following)


def read_following(first: RangedDirectory, most: int = _MOST_DIRECTORIES) -> Iterator[RangedDirectory]:
    """Yield up to `most` directories after the first. Raises CorruptImage if their list is circular."""
    seen = {first.at}
    directory = first
    while directory.following:
        if directory.following in seen:
            raise CorruptImage("The TIFF is damaged: its list of pages does not end.")
        if len(seen) > most:
            return
        seen.add(directory.following)
        directory = read_at(first.reader, first.layout, directory.following)
        yield directory
