"""The files in zip archives. The list of files is checked before any file is read, and files are read one at a time."""

import io
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn

from omrclip.errors import CorruptImage, LimitExceeded, OmrclipError, UnsupportedImage
from omrclip.imaging.documents import MOST_PAGES
from omrclip.imaging.tiff.ranges import RangeFile, RangeReader, read_exactly
from omrclip.jobs.cut_archives import files_without_list
from omrclip.omr.report.file_names import shown_name

SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""The first bytes of an archive, and of an empty one."""
MOST_FILE_BYTES: Final = 256 << 20
"""Maximum size of a compressed file. It is in memory as a whole while its pages are read."""
SWELLING: Final = 100
"""Maximum ratio of the size of all files to that of the archive. Scans are far below, only blank bitmaps above."""
SWOLLEN_BYTES: Final = 1 << 30
"""Up to this size of all files the ratio does not matter."""
HEAD_BYTES: Final = 1 << 16
"""The number of bytes of a compressed file that are read to detect its format."""
_AT_ONCE: Final = 1 << 20
_DIRECTORY_ENTRY_BYTES: Final = 400
"""Size of an entry in the list of files, with a long name."""
_END, _END_LENGTH, _END_WITHIN = b"PK\x05\x06", 22, 22 + 0xFFFF
_LOCATOR, _LOCATOR_LENGTH = b"PK\x06\x07", 20
_LOCAL, _LOCAL_LENGTH = b"PK\x03\x04", 30
_ENCRYPTED: Final = 1
_OFFICE: Final = ("[Content_Types].xml", "mimetype")
"""Files at the top of the documents of Office programs: OOXML and ODF."""
_HIDDEN_FOLDER: Final = "__MACOSX"

Opened = Callable[[], RangeReader]


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its path with `-` between the folders, and a function that opens it.

    `held` is the memory that the open file takes, in bytes. `opened` raises ImageError and LimitExceeded.
    """

    name: str
    opened: Opened
    held: int = 0


def members(opened: Opened, most_files: int = MOST_PAGES, most_bytes: int = MOST_FILE_BYTES) -> list[Member]:
    """The files in an archive, in its order, without folders and hidden files. Nothing is decompressed.

    A file that cannot be read, for example because it is encrypted, raises its error when it is opened. If the archive
    is cut off, the files before are found, and one more raises an error that tells of the others.

    Args:
        opened: opens the archive.
        most_files: maximum number of files.
        most_bytes: maximum size of a compressed file in bytes, decompressed.

    Raises:
        CorruptImage: the archive is damaged, or has no files.
        UnsupportedImage: it is a document of an Office program.
        LimitExceeded: it has too many files, or would become too large.
    """
    reader = opened()
    listed, cut = _listed(reader, most_files, most_bytes)
    found = [info for info in listed if not _is_left_out(info)]
    if any(info.filename in _OFFICE for info in found):
        raise UnsupportedImage("This is a document of an Office program. Save it as a PDF file.")
    if not found:
        raise CorruptImage("The zip archive contains no files.")
    if len(found) > most_files:
        raise _too_many(len(found), most_files)
    _check_sizes(found, reader.size)
    return [*(_member(opened, info, most_bytes) for info in found), *([] if cut is None else [_lost(cut)])]


def _listed(reader: RangeReader, most_files: int, most_bytes: int) -> tuple[list[zipfile.ZipInfo], str | None]:
    """The entries of the list of files. If the list is lost, what `files_without_list` finds."""
    try:
        _check_directory(reader, most_files)
        with zipfile.ZipFile(io.BufferedReader(RangeFile(reader))) as archive:
            return archive.infolist(), None
    except (CorruptImage, zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError):
        found = files_without_list(reader, most_files, most_bytes)
    if not found.files:
        raise CorruptImage("The zip archive is damaged or cut off.")
    return found.files, found.cut


def _lost(cut: str) -> Member:
    """What stands for the files that a cut archive has lost. `cut` is the name of the file in which it ends, or ""."""
    if not cut:
        error = CorruptImage("The zip archive is cut off here. Further files cannot be read.")
        return Member("further files", partial(_fail, error))
    error = CorruptImage("The zip archive is damaged or cut off in this file. Files after it cannot be read.")
    return Member("-".join(_parts(zipfile.ZipInfo(cut))) or "file", partial(_fail, error))


def _check_directory(reader: RangeReader, most_files: int) -> None:
    """Check the size of the list of files before it is read: each entry takes far more memory than it has bytes."""
    start = max(0, reader.size - _END_WITHIN)
    tail = reader.read(start, reader.size - start)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_LENGTH:
        raise CorruptImage("The zip archive is damaged or cut off.")
    (size,) = struct.unpack_from("<I", tail, at + 12)
    locator = tail[max(0, at - _LOCATOR_LENGTH) : at]
    if locator.startswith(_LOCATOR):
        (place,) = struct.unpack_from("<Q", locator, 8)
        (size,) = struct.unpack_from("<Q", read_exactly(reader, place, 56), 40)
    if size > most_files * _DIRECTORY_ENTRY_BYTES:
        raise LimitExceeded(
            f"The zip archive has more than the {most_files:,} files allowed.", limit="pages", maximum=most_files
        )


def _is_left_out(info: zipfile.ZipInfo) -> bool:
    parts = _parts(info)
    return info.is_dir() or not parts or parts[0] == _HIDDEN_FOLDER or parts[-1].startswith(".")


def _parts(info: zipfile.ZipInfo) -> list[str]:
    """The parts of a path, without `.`, `..` and other parts that could lead out of a folder."""
    return [part for part in info.filename.replace("\\", "/").split("/") if part.strip() not in ("", ".", "..")]


def _check_sizes(found: list[zipfile.ZipInfo], size: int) -> None:
    total = sum(info.file_size for info in found)
    most = max(SWOLLEN_BYTES, SWELLING * size)
    if total > most:
        raise LimitExceeded(
            f"The files in the zip archive have {total:,} bytes, more than the {most:,} allowed for its size.",
            limit="archive_bytes",
            maximum=most,
        )
    end = 0
    for info in sorted(found, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise CorruptImage("Files in the zip archive overlap.")
        end = info.header_offset + _LOCAL_LENGTH + info.compress_size


def _member(opened: Opened, info: zipfile.ZipInfo, most_bytes: int) -> Member:
    name = "-".join(_parts(info))
    error = _error(info, most_bytes)
    if error is not None:
        return Member(name, partial(_fail, error))
    is_packed = info.compress_type == zipfile.ZIP_DEFLATED
    entry = _Entry(info.header_offset, info.compress_size, info.file_size, info.CRC, is_packed)
    return Member(name, partial(ZipMember, opened, entry), info.file_size if is_packed else 0)


def _error(info: zipfile.ZipInfo, most_bytes: int) -> OmrclipError | None:
    """The reason why a file cannot be read, as far as the list of files shows it."""
    if info.flag_bits & _ENCRYPTED:
        return UnsupportedImage("The file is encrypted in the zip archive. Create the archive without a password.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return UnsupportedImage("The compression method of the file is not supported. Use Deflate or no compression.")
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        return CorruptImage("The file is damaged in its zip archive.")
    if info.compress_type == zipfile.ZIP_DEFLATED and info.file_size > most_bytes:
        return LimitExceeded(
            f"The file has {info.file_size:,} bytes, more than the {most_bytes:,} allowed for a compressed file.",
            limit="file_bytes",
            maximum=most_bytes,
        )
    return None


def _fail(error: OmrclipError) -> NoReturn:
    raise error.with_traceback(None)


def _too_many(count: int, most: int) -> LimitExceeded:
    return LimitExceeded(
        f"The zip archive has {count:,} files, more than the {most:,} allowed. Send fewer at a time.",
        limit="pages",
        maximum=most,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file in the list of files: the offset of its header, its sizes in bytes, and its checksum."""

    place: int
    packed: int
    size: int
    checksum: int
    is_packed: bool


class ZipMember:
    """An open file in an archive. A compressed file is decompressed when more than its first bytes are needed."""

    def __init__(self, opened: Opened, entry: _Entry) -> None:
        """Open a file. Raises CorruptImage."""
        self._reader = opened()
        self._entry = entry
        head = read_exactly(self._reader, entry.place, _LOCAL_LENGTH)
        if not head.startswith(_LOCAL):
            raise CorruptImage("The file is damaged in its zip archive.")
        name, extra = struct.unpack_from("<HH", head, 26)
        self._start = entry.place + _LOCAL_LENGTH + name + extra
        self._known = b""
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The size of the decompressed file in bytes."""
        return self._entry.size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on, fewer at the end of the file. Raises CorruptImage."""
        end = min(offset + length, self.size)
        if not self._entry.is_packed:
            data = read_exactly(self._reader, self._start + offset, max(0, end - offset))
            if (offset, end) == (0, self.size):
                self._check(data)
            return data
        with self._lock:
            if end > len(self._known):
                self._known = self._inflated(HEAD_BYTES if end <= HEAD_BYTES else self.size)
            return self._known[offset:end]

    def _inflated(self, most: int) -> bytes:
        """The first `most` bytes of the file. The whole file is checked."""
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        data = bytearray()
        for at in range(0, self._entry.packed, _AT_ONCE):
            packed = read_exactly(self._reader, self._start + at, min(_AT_ONCE, self._entry.packed - at))
            try:
                data += inflate.decompress(packed, most + 1 - len(data))
            except zlib.error:
                raise CorruptImage("The file is damaged in its zip archive.") from None
            if len(data) > most:
                break
        if most >= self.size:
            self._check(data)
        return bytes(data[:most])

    def _check(self, data: bytes | bytearray) -> None:
        if len(data) != self.size or zlib.crc32(data) != self._entry.checksum:
            raise CorruptImage("The file is damaged in its zip archive.")


def member_name(archive: str, member: str) -> str:
    """The name of a file in an archive: `class-1.zip` with `scans/a.jpg` gives `class-1-scans-a.jpg`."""
    stem = archive.rpartition(".")[0] or archive
    return shown_name(f"{stem}-{member}")
