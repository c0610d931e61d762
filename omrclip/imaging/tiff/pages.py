"""The pages of a TIFF that has several, each as a TIFF of one page (TIFF 6.0, section 2, and BigTIFF)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from omrclip.errors import CorruptImage
from omrclip.imaging.contents import NO_CONTENTS, PageContents
from omrclip.imaging.tiff import ifd
from omrclip.imaging.tiff.directory import RangedDirectory, read_at, read_first, read_following
from omrclip.imaging.tiff.ranges import RangeReader, read_exactly

MOST_PAGES: Final = 10_000
"""Maximum number of pages of a document, so that a small file cannot ask for any amount of work."""
_SUBFILE_TYPE: Final = 254
# The strips or tiles: the tags of their offsets and of their lengths.
_BLOCKS: Final = ((273, 279), (324, 325))
# What describes the pixels, and the orientation, density and profile. Other tags of a page are left out.
_PAGE_TAGS: Final = frozenset(
    {256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296, 317, 320, 322, 323, 332, 338, 339, 347}
    | {529, 530, 531, 532, ifd.PROFILE}
)
_MOST_BLOCKS: Final = 500_000
_MOST_VALUE_BYTES: Final = 1 << 24
_LONG, _LONG8 = 4, 16  # field types
_COPIES: Final = 3
"""How often the bytes of a page are in memory while it is copied: twice while the copy grows, and in the result."""
_HEADS: Final = {False: 8, True: 16}


@dataclass(frozen=True, slots=True, eq=False)
class TiffPages:
    """A TIFF of several pages. Bytes are read when a page is asked for.

    If the list of pages ends in damage, those before it are read. One more page stands for what is lost: reading it
    raises an error.
    """

    reader: RangeReader
    layout: ifd.Layout
    offsets: tuple[int, ...]
    is_damaged: bool = False

    @property
    def count(self) -> int:
        """How many pages there are."""
        return len(self.offsets) + self.is_damaged

    def page_bytes(self, number: int) -> int:
        """The maximum memory that `read_page` needs for a page, in bytes.

        Raises:
            CorruptImage: the page is damaged.
        """
        return _COPIES * sum(_blocks(self._page(number))[3])

    def read_page(self, number: int) -> bytes:
        """A TIFF file of one page, numbered from 1, with the code of its pixels as it is.

        Raises:
            CorruptImage: the page is damaged, or reaches beyond the end of the file.
        """
        return _single(self._page(number))

    def _page(self, number: int) -> RangedDirectory:
        if number > len(self.offsets):
            raise CorruptImage(
                f"The TIFF is damaged or cut off after page {len(self.offsets)}. Pages from {number} on cannot be read."
            )
        return read_at(self.reader, self.layout, self.offsets[number - 1])

    def contents(self, number: int) -> PageContents:  # noqa: ARG002 (as of other documents)
        """Nothing: a TIFF file has no text."""
        return NO_CONTENTS

    def close(self) -> None:
        """Nothing is held open."""


def open_tiff(reader: RangeReader) -> TiffPages | None:
    """The pages of a file; None where it is no TIFF, or has one page.

    The smaller copies of a page that a pyramid holds, and transparency masks, are no pages.

    Raises:
        CorruptImage: the first page is damaged, or there are more than 10,000.
    """
    first = read_first(reader)
    if first is None:
        return None
    offsets, last, is_damaged = [first.at], first, False
    try:
        for last in read_following(first, MOST_PAGES - 1):
            if not last.number(_SUBFILE_TYPE, 0) & (ifd.REDUCED | ifd.MASK):
                offsets.append(last.at)
    except CorruptImage:
        is_damaged = True
    if last.following and not is_damaged:
        raise CorruptImage(f"The TIFF has more than {MOST_PAGES:,} pages.")
    pages = TiffPages(reader, first.layout, tuple(offsets), is_damaged)
    return pages if pages.count > 1 else None


def _single(page: RangedDirectory) -> bytes:
    """A file with this directory alone: the header, the strips or tiles, the values, and the directory."""
    layout = page.layout
    data = bytearray(_HEADS[layout.big])
    starts, lengths, places = _copy_blocks(page, data)
    long = (_LONG8, "Q") if layout.big else (_LONG, "I")
    values = {tag: page.value(tag, _MOST_VALUE_BYTES) for tag in page.entries if tag in _PAGE_TAGS | {lengths}}
    values[starts] = (long[0], len(places), struct.pack(f"{layout.order}{len(places)}{long[1]}", *places))
    entries = b""
    for tag, (kind, count, content) in sorted(values.items()):
        entries += struct.pack(f"{layout.order}HH{layout.offset_code}", tag, kind, count)
        if len(content) <= layout.offset_bytes:
            entries += content.ljust(layout.offset_bytes, b"\0")
        else:
            data += bytes(len(data) % 2)
            entries += struct.pack(layout.order + layout.offset_code, len(data))
            data += content
    data += bytes(len(data) % 2)
    head = b"II" if layout.order == "<" else b"MM"
    head += (
        struct.pack(layout.order + "HHHQ", 43, 8, 0, len(data))
        if layout.big
        else struct.pack(layout.order + "HI", 42, len(data))
    )
    data[: len(head)] = head
    data += struct.pack(layout.order + ("Q" if layout.big else "H"), len(values)) + entries + bytes(layout.offset_bytes)
    return bytes(data)


def _copy_blocks(page: RangedDirectory, data: bytearray) -> tuple[int, int, Sequence[int]]:
    """Append the strips or tiles to `data`: the tags of their offsets and lengths, and the new offsets."""
    starts_tag, lengths_tag, starts, lengths = _blocks(page)
    places = []
    for start, length in zip(starts, lengths, strict=True):
        places.append(len(data))
        data += read_exactly(page.reader, start, length)
    return starts_tag, lengths_tag, places


def _blocks(page: RangedDirectory) -> tuple[int, int, Sequence[int], Sequence[int]]:
    """The strips or tiles: the tags of their offsets and lengths, and both. Raises CorruptImage."""
    found = next((tags for tags in _BLOCKS if tags[0] in page.entries), None)
    if found is None:
        raise CorruptImage("A page of the TIFF has no pixels.")
    starts, lengths = (page.numbers(tag, _MOST_BLOCKS).tolist() for tag in found)
    if len(starts) != len(lengths) or not starts:
        raise CorruptImage("A page of the TIFF does not say where its pixels are.")
    if min(lengths) < 0 or sum(lengths) > page.reader.size:
        raise CorruptImage("The pixel blocks of a page of the TIFF overlap.")
    return *found, starts, lengths
