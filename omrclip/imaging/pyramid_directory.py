"""The directories of a TIFF, read by ranges of bytes (TIFF 6.0, section 2, and BigTIFF).

`formats.ifd` reads those of a file that is in memory whole; of a pyramid only the directories and their values are
fetched, some kilobytes of what may be gigabytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omrclip.errors import CorruptImage
from omrclip.imaging.formats import ifd
from omrclip.imaging.pyramid_ranges import RangeReader, read_exactly, read_up_to

_HEADER_BYTES = 16  # of BigTIFF; TIFF's 8 are followed by something
_FIRST_LOOK = 512  # a directory of some twenty entries, in one reading
_MOST_ENTRIES = 4096
_MOST_DIRECTORIES = 64

WholeNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RangedDirectory:
    """One directory: its entries by tag, whose values are fetched when asked for, and the next one's offset, or 0."""

    reader: RangeReader
    layout: ifd.Layout
    entries: dict[int, ifd.Entry]
    following: int

    def numbers(self, tag: int, most: int = 64) -> WholeNumbers:
        """The whole numbers of `tag`, (n,) int64, or none where the tag is absent.

        Raises CorruptImage where they are of another type, more than `most`, or beyond the end of the file.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return np.empty(0, np.int64)
        if entry.whole_code is None or entry.count > most:
            raise CorruptImage(f"The image's tag {tag} is damaged.")
        values = np.frombuffer(self._content(entry), np.dtype(self.layout.order + entry.whole_code))
        return values.astype(np.int64)

    def number(self, tag: int, otherwise: int) -> int:
        """The one whole number of `tag`, or `otherwise` where it is absent. Raises CorruptImage as `numbers` does."""
        values = self.numbers(tag, most=1)
        return int(values[0]) if len(values) else otherwise

    def content(self, tag: int, most: int) -> bytes:
        """The bytes of `tag`, or none where it is absent. Raises CorruptImage where they are more than `most`."""
        entry = self.entries.get(tag)
        if entry is None:
            return b""
        if entry.value_bytes > most:
            raise CorruptImage(f"The image's tag {tag} is damaged.")
        return self._content(entry)

    def _content(self, entry: ifd.Entry) -> bytes:
        if entry.value_bytes > self.layout.offset_bytes:
            return read_exactly(self.reader, entry.at, entry.value_bytes)
        inline = 4 + self.layout.offset_bytes
        return entry.raw[inline : inline + entry.value_bytes]


def read_first(reader: RangeReader) -> RangedDirectory | None:
    """The first directory, or None where the file is no TIFF. Raises CorruptImage where it is damaged."""
    header = reader.read(0, _HEADER_BYTES)
    if header[:4] not in (b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"):
        return None
    layout, at = ifd.read_layout(header)
    return read_at(reader, layout, at)


def read_at(reader: RangeReader, layout: ifd.Layout, at: int) -> RangedDirectory:
    """The directory at the offset `at`. Raises CorruptImage where it is not wholly inside the file."""
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
    entries = dict(ifd.read_entry(block, layout, place) for place in range(head, end, layout.entry_bytes))
    (following,) = struct.unpack_from(layout.order + layout.offset_code, block, end)
    return RangedDirectory(reader, layout, entries, following)


def read_following(first: RangedDirectory) -> Iterator[RangedDirectory]:
    """The directories that follow the first, one after the other. Raises CorruptImage where they never end."""
    seen: set[int] = set()
    directory = first
    while directory.following:
        if directory.following in seen:
            raise CorruptImage("The TIFF's chain of pages does not end.")
        if len(seen) == _MOST_DIRECTORIES:
            return
        seen.add(directory.following)
        directory = read_at(first.reader, first.layout, directory.following)
        yield directory
