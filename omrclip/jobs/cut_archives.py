"""Finds the files of a zip archive whose list of files, which is at its end, is lost (APPNOTE 6.3.10, section 4.3).

Each file has a header of its own before its bytes. They are followed from the first byte of the archive.
"""

import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Final

from omrclip.imaging.tiff.ranges import RangeReader

_HEADER: Final = struct.Struct("<4sHHHHHIIIHH")
_LOCAL, _LIST, _DESCRIPTOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08"
_SIZES_FOLLOW, _UTF8 = 1 << 3, 1 << 11
_IN_EXTRA: Final = 0xFFFFFFFF
"""A size that is in an extra field (Zip64). Such files are larger than those that are read."""
_AT_ONCE: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files that are complete, in order.

    Attributes:
        files: as in the list of files.
        cut: the name of the file in which the archive ends, "" if it ends between two, and None if no file is lost.
    """

    files: list[zipfile.ZipInfo] = field(default_factory=list)
    cut: str | None = None


def files_without_list(reader: RangeReader, most_files: int, most_bytes: int) -> FoundFiles:
    """Follow the headers of the files in an archive, up to one that is not complete.

    Args:
        reader: the archive.
        most_files: the number of files after which the search ends.
        most_bytes: the size of a file, decompressed, after which the search ends.
    """
    files, at = list[zipfile.ZipInfo](), 0
    while len(files) <= most_files:
        head = reader.read(at, _HEADER.size)
        if head.startswith(_LIST):
            return FoundFiles(files)
        if len(head) < _HEADER.size or not head.startswith(_LOCAL):
            return FoundFiles(files, "")
        _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = _HEADER.unpack(head)
        raw = reader.read(at + _HEADER.size, name_length)
        info = zipfile.ZipInfo(raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace") or "file")
        info.header_offset, info.flag_bits, info.compress_type = at, flags, method
        start = at + _HEADER.size + name_length + extra_length
        if flags & _SIZES_FOLLOW:
            measured = _measured(reader, start, most_bytes) if method == zipfile.ZIP_DEFLATED else None
            if measured is None:
                return FoundFiles(files, info.filename)
            packed, size, checksum = measured
        info.compress_size, info.file_size, info.CRC = packed, size, checksum
        at = start + packed
        if at > reader.size or _IN_EXTRA in (packed, size):
            return FoundFiles(files, info.filename)
        if flags & _SIZES_FOLLOW:
            at += 16 if reader.read(at, 4) == _DESCRIPTOR else 12
        files.append(info)
    return FoundFiles(files)


def _measured(reader: RangeReader, start: int, most_bytes: int) -> tuple[int, int, int] | None:
    """The packed size, size and checksum of a file whose header does not tell them; None if it is not complete."""
    inflate, at, size, checksum = zlib.decompressobj(-zlib.MAX_WBITS), start, 0, 0
    pending = b""
    while not inflate.eof:
        if not pending:
            pending = reader.read(at, min(_AT_ONCE, reader.size - at))
            at += len(pending)
        if not pending:
            return None
        try:
            data = inflate.decompress(pending, _AT_ONCE)
        except zlib.error:
            return None
        pending = inflate.unconsumed_tail
        size, checksum = size + len(data), zlib.crc32(data, checksum)
        if size > most_bytes:
            return None
    return at - len(inflate.unused_data) - start, size, checksum
