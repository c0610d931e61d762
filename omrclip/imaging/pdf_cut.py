"""Finds the pages of a PDF that is cut off: the list of its pages, which is usually at the end, is lost (ISO 32000-1).

The objects of the file are found by their beginnings and ends. A page counts only if all that it refers to is there, so
that no page is shown without the scan on it, and if it says its size and resources itself, not in the lost list. Pages
in compressed objects are not found.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from omrclip.imaging.tiff.ranges import RangeReader

_AT_ONCE: Final = 1 << 20
_OBJECT: Final = re.compile(rb"(?<![0-9])([0-9]{1,8})\s{1,4}([0-9]{1,5})\s{1,4}obj(?![a-z])|endobj")
_LONGEST: Final = 32
"""Bytes of what `_OBJECT` finds, at most."""
_PAGE: Final = re.compile(rb"/Type\s{0,8}/Page(?![A-Za-z])")
_OWN: Final = (b"/MediaBox", b"/Resources")
"""What a page may leave to the list of pages (section 7.7.3.4), without which it would be shown in part."""
_STREAM: Final = re.compile(rb"\bstream\r?\n")
_REFERENCE: Final = re.compile(rb"(/Parent\s{1,4})?(?<![0-9])([0-9]{1,8})\s{1,4}[0-9]{1,5}\s{1,4}R(?![A-Za-z])")
_END, _END_WITHIN = b"%%EOF", 1024
"""The end of a PDF, and the bytes at the end of the file in which it is (implementation note 18)."""
_MOST_DICTIONARY: Final = 1 << 16
"""Bytes of an object that are looked at, before its stream if it has one."""


@dataclass(frozen=True, slots=True)
class RepairedPdf:
    """A RangeReader of a cut PDF with a list of its whole pages behind its last whole object.

    Attributes:
        cut: the file.
        end: where its last whole object ends.
        tail: what follows it.
        count: the number of whole pages.
    """

    cut: RangeReader
    end: int
    tail: bytes
    count: int

    @property
    def size(self) -> int:
        """See `RangeReader.size`."""
        return self.end + len(self.tail)

    def read(self, offset: int, length: int) -> bytes:
        """See `RangeReader.read`."""
        data = self.cut.read(offset, min(length, self.end - offset)) if offset < self.end else b""
        begin = max(0, offset - self.end)
        return data + self.tail[begin : begin + length - len(data)]


def repaired(reader: RangeReader) -> RepairedPdf | None:
    """The PDF with a list of the pages before its cut, up to the first one that is not whole.

    None if there is none, or if the file has its end.
    """
    if _END in reader.read(max(0, reader.size - _END_WITHIN), _END_WITHIN):
        return None
    objects = _objects(reader)
    pages, whole = list[int](), set[int]()
    for number, (begin, end) in sorted(objects.items(), key=lambda one: one[1]):
        dictionary = _dictionary(reader, begin, end)
        if _PAGE.search(dictionary):
            if not all(key in dictionary for key in _OWN) or not _is_whole(reader, objects, number, whole):
                break
            pages.append(number)
    if not pages:
        return None
    root = max(objects) + 1
    kids = " ".join(f"{number} 0 R" for number in pages)
    tail = (
        f"\n{root} 0 obj\n<< /Type /Catalog /Pages {root + 1} 0 R >>\nendobj\n"
        f"{root + 1} 0 obj\n<< /Type /Pages /Count {len(pages)} /Kids [ {kids} ] >>\nendobj\n"
        f"trailer\n<< /Root {root} 0 R /Size {root + 2} >>\n"
    )
    last = max(end for _, end in objects.values())
    return RepairedPdf(reader, last + len(b"endobj"), tail.encode(), len(pages))


def _objects(reader: RangeReader) -> dict[int, tuple[int, int]]:
    """Where the complete objects begin and end, by their numbers. Of several versions the last one counts."""
    found, number, begin = dict[int, tuple[int, int]](), -1, 0
    for at, own in _marks(reader):
        if own is not None:
            number, begin = own, at
        elif number >= 0:
            found[number], number = (begin, at), -1
    return found


def _marks(reader: RangeReader) -> Iterator[tuple[int, int | None]]:
    """The place behind each `7 0 obj` and its number, and the place of each `endobj` and None."""
    for start in range(0, reader.size, _AT_ONCE):
        before = min(start, 1)  # whether a digit is in front
        for one in _OBJECT.finditer(reader.read(start - before, before + _AT_ONCE + _LONGEST), before):
            if one.start() - before >= _AT_ONCE:
                break
            place = start - before
            yield (place + one.end(), int(one[1])) if one[1] else (place + one.start(), None)


def _dictionary(reader: RangeReader, begin: int, end: int) -> bytes:
    data = reader.read(begin, min(end - begin, _MOST_DICTIONARY))
    stream = _STREAM.search(data)
    return data[: stream.start()] if stream else data


def _is_whole(reader: RangeReader, objects: dict[int, tuple[int, int]], page: int, whole: set[int]) -> bool:
    """Whether all objects to which a page leads are there, but for the list of pages above it.

    `whole` has the objects of earlier pages, so that each is looked at once. Those of this page are added.
    """
    waiting = [page]
    whole.add(page)
    while waiting:
        for parent, number in _REFERENCE.findall(_dictionary(reader, *objects[waiting.pop()])):
            if parent or int(number) in whole:
                continue
            if int(number) not in objects:
                return False
            whole.add(int(number))
            waiting.append(int(number))
    return True
