"""Files in zip archives: their names, what is left out, and everything by which an archive can be broken or hostile."""

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from omrclip.errors import CorruptImage, LimitExceeded, UnsupportedImage
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.jobs import archives
from omrclip.jobs.archives import members
from omrclip.jobs.sources import ScanFile, scans_of
from omrclip.omr.recognition import Scan
from tests.imaging.pdf_files import jpeg_image, pdf, scanned
from tests.imaging.test_pdf_pages import protected

MOST_PIXELS = 10**7
SHADES = [jpeg_image(np.full((50, 40, 3), tone, np.uint8)).data for tone in (10, 100, 200)]
STACK = pdf(*(scanned(jpeg_image(np.full((50, 40, 3), tone, np.uint8))) for tone in (10, 100, 200)))


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return file.getvalue()


def scans(data: bytes, name: str = "class.zip", **limits: int) -> list[ScanFile]:
    return scans_of(Scan(name, data), MOST_PIXELS, **limits)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_file_counts_as_if_it_was_given_alone(method: int) -> None:
    files = {"a.jpg": SHADES[0], "front/a.jpg": SHADES[1], "stack.pdf": STACK, "front/": b""}
    found = scans(archive(files, method))
    pages = [f"class-stack-p{number:04}.pdf" for number in (1, 2, 3)]
    assert [scan.name for scan in found] == ["class-a.jpg", "class-front-a.jpg", *pages]
    assert [scan.read() for scan in found] == [
        Scan(scan.name, data) for scan, data in zip(found, [*SHADES[:2], *SHADES], strict=True)
    ]


def test_scans_can_be_read_in_another_process() -> None:
    found = scans(archive({"a.jpg": SHADES[0], "stack.pdf": STACK}))
    assert [scan.read().data for scan in pickle.loads(pickle.dumps(found[1:]))] == SHADES


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("../../etc/passwd.jpg", "class-etc-passwd.jpg"),
        ("/root/a.jpg", "class-root-a.jpg"),
        ("C:\\scans\\a.jpg", "class-C:-scans-a.jpg"),
        ("a/./b/../c.jpg", "class-a-b-c.jpg"),
    ],
)
def test_paths_lead_nowhere(inside: str, name: str) -> None:
    (scan,) = scans(archive({inside: SHADES[0]}))
    assert scan.name == name
    assert "/" not in scan.name


def test_hidden_files_are_left_out() -> None:
    hidden = {".DS_Store": b"x", "__MACOSX/._a.jpg": b"x", "b/.hidden.jpg": b"x", "a.jpg": SHADES[0]}
    assert [scan.name for scan in scans(archive(hidden))] == ["class-a.jpg"]


def damaged(data: bytes) -> bytes:
    at = data.index(SHADES[1])
    return data[: at + 100] + b"\0\0\0\0" + data[at + 104 :]


def patched(data: bytes, offset: int, value: int, code: str = "<H") -> bytes:
    """An archive in which a field of the second entry of the list of files is changed."""
    changed = bytearray(data)
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into(code, changed, at + offset, value)
    return bytes(changed)


def three(second: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return archive({"1.jpg": SHADES[0], "2.jpg": second, "3.jpg": SHADES[2]}, method)


STORED = three(SHADES[1], zipfile.ZIP_STORED)
BAD: dict[str, tuple[bytes, type[Exception], str]] = {
    "encrypted": (patched(three(SHADES[1]), 8, 1), UnsupportedImage, "encrypted"),
    "encrypted PDF": (three(protected("secret")), UnsupportedImage, "password"),
    "other method": (patched(three(SHADES[1]), 10, 14), UnsupportedImage, "method"),
    "bad checksum": (patched(three(SHADES[1]), 16, 1, "<I"), CorruptImage, "damaged in its zip"),
    "damaged": (damaged(STORED), CorruptImage, "damaged in its zip"),
    "sizes that differ": (patched(STORED, 24, 10**6, "<I"), CorruptImage, "damaged in its zip"),
    "no local header": (patched(three(SHADES[1]), 42, 3, "<I"), CorruptImage, "overlap|damaged"),
    "nested": (three(archive({"a.jpg": SHADES[1]})), UnsupportedImage, "inside a zip archive"),
    "too large": (three(bytes(3_000_000)), LimitExceeded, "3,000,000 bytes, more than the 1,000,000"),
}


@pytest.mark.parametrize("name", [name for name in BAD if name != "no local header"])
def test_a_file_that_cannot_be_read_fails_alone(name: str) -> None:
    data, error, told = BAD[name]
    first, second, third = scans(data, most_bytes=1_000_000)
    assert (first.read().data, third.read().data) == (SHADES[0], SHADES[2])
    with pytest.raises(error, match=told):
        second.read()


def test_a_file_that_is_larger_than_it_says_is_damaged() -> None:
    """The size in the list of files is made smaller; no more than that is decompressed."""
    bomb = patched(three(bytes(50_000_000)), 24, 100_000, "<I")
    scan = scans(bomb)[1]
    with pytest.raises(CorruptImage, match="damaged in its zip"):
        scan.read()


ONE = archive({"a.jpg": SHADES[0]})
BROKEN: dict[str, tuple[bytes, type[Exception], str]] = {
    "cut off": (ONE[:100], CorruptImage, "damaged or cut off"),
    "empty": (archive({}), CorruptImage, "no files"),
    "folders alone": (archive({"a/": b""}), CorruptImage, "no files"),
    "workbook": (archive({"[Content_Types].xml": b"", "xl/a.png": SHADES[0]}), UnsupportedImage, "Save it as a PDF"),
    "too many": (archive({f"{n}.jpg": b"x" for n in range(11)}), LimitExceeded, "11 files, more than the 10"),
    "long list": (archive({f"{n}.jpg": b"x" for n in range(200)}), LimitExceeded, "more than the 10 files"),
    "one over another": (BAD["no local header"][0], CorruptImage, "overlap"),
}


def streamed(files: dict[str, bytes]) -> bytes:
    """An archive whose files have their sizes behind them, as programs write that cannot go back."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data)
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        for name, data in files.items():
            made.writestr(name, data)
    return stream.data


FILES = {"é/1.jpg": SHADES[0], "2.jpg": SHADES[1], "3.jpg": SHADES[2]}
MADE = {"stored": archive(FILES, zipfile.ZIP_STORED), "packed": archive(FILES), "streamed": streamed(FILES)}


@pytest.mark.parametrize("kind", MADE)
def test_of_an_archive_that_is_cut_off_all_files_before_are_read(kind: str) -> None:
    data = MADE[kind]
    second, third = (data.index(name.encode()) for name in ("2.jpg", "3.jpg"))
    listed = data.index(b"PK\x01\x02")
    for end, whole, lost in (
        (len(data) - 5, 3, None),
        (listed + 20, 3, None),
        (listed - 20, 2, "class-3.jpg"),
        (third + 5, 2, "class-3.jpg"),
        (third - 50, 1, "class-2.jpg"),
        (second - 30, 1, "class-further files"),
    ):
        found = scans(data[:end])
        names = ["class-é-1.jpg", "class-2.jpg", "class-3.jpg"][:whole]
        assert [scan.name for scan in found] == [*names, *([lost] if lost else [])], (kind, end)
        assert [scan.read().data for scan in found[:whole]] == SHADES[:whole]
        if lost:
            with pytest.raises(CorruptImage, match="cut off"):
                found[-1].read()


def test_the_search_in_a_cut_archive_is_bounded() -> None:
    bomb = streamed({"1.jpg": SHADES[0], "bomb.jpg": bytes(50_000_000), "3.jpg": SHADES[2]})[:-30]
    found = scans(bomb, most_bytes=1_000_000)
    assert [scan.name for scan in found] == ["class-1.jpg", "class-bomb.jpg"]
    many = archive({f"{n}.jpg": b"x" for n in range(11)})[:-30]
    (scan,) = scans(many, most_pages=10)
    with pytest.raises(LimitExceeded, match="11 files"):
        scan.read()


@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_cannot_be_read_is_one_scan_that_fails(name: str) -> None:
    data, error, told = BROKEN[name]
    (scan,) = scans(data, most_pages=10)
    assert scan.name == "class.zip"
    with pytest.raises(error, match=told):
        scan.read()


def overlapping(count: int) -> bytes:
    """An archive whose files all have the bytes of the first one (as in 42.zip's successors)."""
    data = archive({"a.jpg": bytes(200_000)})
    at = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entries = data[at:end] * count
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(entries), at, 0)
    return data[:at] + entries + tail


def test_files_that_share_their_bytes_are_refused() -> None:
    with pytest.raises(CorruptImage, match="overlap"):
        members(lambda: BytesReader(overlapping(3)))


def test_an_archive_that_swells_is_refused_before_anything_is_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SWOLLEN_BYTES", 1 << 20)
    monkeypatch.setattr(zlib, "decompressobj", _never)
    data = archive({f"{number}.bmp": bytes(5_000_000) for number in range(4)})
    with pytest.raises(LimitExceeded, match="20,000,000 bytes, more than the"):
        members(lambda: BytesReader(data))


def _never(*_: object) -> None:
    raise AssertionError


def test_images_are_not_decompressed_to_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    inflated: Callable[..., bytes] = archives.ZipMember._inflated
    monkeypatch.setattr(
        archives.ZipMember, "_inflated", lambda self, most: (asked.append(most), inflated(self, most))[1]
    )
    found = scans(archive({"a.bmp": b"BM" + bytes(900_000)}))
    assert asked
    assert max(asked) <= archives.HEAD_BYTES
    assert found[0].page_bytes() == 2 * 900_002
