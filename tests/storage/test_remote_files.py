"""Files under URLs: what a URL names, and what is said where it cannot be read."""

import pickle
from collections.abc import Iterator

import fsspec
import pytest

from omrclip.errors import ImageError, OmrclipError, StorageUnavailable
from omrclip.jobs.sources import scans_in
from omrclip.storage.remote_files import BLOCK_BYTES, RemoteFile, remote_files
from tests.jobs.test_archives import SHADES, STACK, archive

FILES = {"a.jpg": SHADES[0], "sub/stack.pdf": STACK, "sub/class.zip": archive({"b.jpg": SHADES[1]})}


@pytest.fixture
def bucket() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    for name, data in FILES.items():
        system.pipe_file(f"/bucket/{name}", data)
    yield "memory://bucket"
    system.rm("/bucket", recursive=True)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("/a.jpg", ["a.jpg"]),
        ("/sub", ["class-b.jpg", *(f"stack-p000{number}.pdf" for number in (1, 2, 3))]),
        ("/sub/*.pdf", [f"stack-p000{number}.pdf" for number in (1, 2, 3)]),
        ("", ["a.jpg", "sub-class-b.jpg", *(f"sub-stack-p000{number}.pdf" for number in (1, 2, 3))]),
    ],
)
def test_a_url_names_a_file_a_folder_or_a_pattern(bucket: str, source: str, names: list[str]) -> None:
    found = scans_in([bucket + source], 10**7)
    assert [scan.name for scan in found] == names
    read = {scan.name: scan.read().data for scan in pickle.loads(pickle.dumps(found))}
    expected = {"a.jpg": SHADES[0], "b.jpg": SHADES[1], **{f"p000{n + 1}.pdf": SHADES[n] for n in range(3)}}
    assert read == {name: expected[name.rpartition("-")[2]] for name in names}


def test_a_url_that_cannot_be_listed_is_told() -> None:
    with pytest.raises(StorageUnavailable, match=r"Protocol not known|cannot be read"):
        scans_in(["nothing://bucket/a.jpg"], 10**7)


def test_a_file_that_is_not_there_fails_alone(bucket: str) -> None:
    missing, found = pickle.loads(pickle.dumps(scans_in([f"{bucket}/none.jpg", f"{bucket}/a.jpg"], 10**7)))
    assert missing.name == "none.jpg"
    with pytest.raises(ImageError, match="no file"):
        missing.read()
    assert found.read().data == SHADES[0]


def test_a_file_url_is_a_local_file(tmp_path: object) -> None:
    path = f"{tmp_path}/a.jpg"
    with fsspec.open(path, "wb") as file:
        file.write(SHADES[2])
    (scan,) = scans_in([f"file://{path}"], 10**7)
    assert scan.read().data == SHADES[2]


def test_small_ranges_are_read_in_blocks(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * (BLOCK_BYTES // 64)
    system = fsspec.filesystem("memory")
    system.pipe_file("/bucket/large", data)
    file = RemoteFile(f"{bucket}/large", len(data))
    asked: list[int] = []
    fetched = RemoteFile._fetched
    monkeypatch.setattr(RemoteFile, "_fetched", lambda self, *span: (asked.append(span[0]), fetched(self, *span))[1])
    places = [(0, 10), (5, 100), (BLOCK_BYTES - 3, 6), (len(data) - 2, 9), (len(data), 4), (7, 3 * BLOCK_BYTES)]
    assert [file.read(at, length) for at, length in places] == [data[at : at + length] for at, length in places]
    assert asked == [0, BLOCK_BYTES, 3 * BLOCK_BYTES, 7]


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (FileNotFoundError(), ImageError, "no file"),
        (PermissionError(), ImageError, "credentials"),
        (ConnectionResetError(), StorageUnavailable, "ConnectionResetError"),
        (ValueError("secret"), StorageUnavailable, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_check(
    bucket: str, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[OmrclipError], told: str
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise error

    (found,) = remote_files(f"{bucket}/a.jpg")
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "cat_file", fail)
    with pytest.raises(kind, match=told) as raised:
        found.open().read(0, 10)
    assert "secret" not in raised.value.message
