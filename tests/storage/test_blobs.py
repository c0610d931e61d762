import os
import socket
import stat
import sys
import threading
from errno import EACCES, EDQUOT, EIO, ENOSPC, EROFS, EXDEV, errorcode
from itertools import islice
from pathlib import Path

import pytest

from omrclip.errors import (
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    StorageFull,
    StorageUnavailable,
)
from omrclip.storage.blobs import UNFINISHED, Blob, BlobStore, Precondition
from omrclip.storage.local_files import is_regular


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path / "root") if request.param == "local" else f"memory://{tmp_path.name}")


def test_what_is_written_is_read(store: BlobStore) -> None:
    assert list(store.names()) == []
    blob, is_new = store.write("b.jpg", b"one")
    assert (blob, is_new) == (Blob("b.jpg", b"one"), True)
    assert store.write("folder/a ü.jpg", b"two")[1]
    assert list(store.names()) == ["b.jpg", "folder/a ü.jpg"]
    assert store.read("folder/a ü.jpg").data == b"two"
    assert store.write("b.jpg", b"three") == (Blob("b.jpg", b"three"), False)
    store.delete("b.jpg")
    assert list(store.names()) == ["folder/a ü.jpg"]


def test_what_is_not_there_is_not_found(store: BlobStore) -> None:
    store.write("folder/a.jpg", b"x")
    for name in ("b.jpg", "folder", "folder/a.jpg/c"):
        with pytest.raises(NotFound, match="Nothing is stored"):
            store.read(name)
        with pytest.raises(NotFound, match="Nothing is stored"):
            store.delete(name)


LEADING_OUT = [
    "../secret",
    "..",
    ".",
    "/etc/passwd",
    "a/../../secret",
    "a//b",
    "a/",
    "",
    " a",
    ".hidden",
    "a/.lock",
    "a\\..\\b",
    "a\x00",
    "a\n",
    "x" * 201,
]


@pytest.mark.parametrize("name", LEADING_OUT)
def test_no_name_leads_out_of_the_root(store: BlobStore, name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(InvalidRequest, match=r"^name: .* cannot be a name here"):
        store.write(name, b"x")
    with pytest.raises(NotFound):
        store.read(name)
    with pytest.raises(NotFound):
        store.delete(name)
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_links_do_not_lead_out_of_the_root(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "root"))
    store.write("a", b"x")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "up").symlink_to(tmp_path)
    for name in ("link", "up/secret"):
        with pytest.raises(NotFound):
            store.read(name)
        with pytest.raises(NotFound):
            store.write(name, b"overwritten")
    assert (tmp_path / "secret").read_bytes() == b"secret"


OLD, NEW = Blob("a", b"old"), Blob("a", b"new")


@pytest.mark.parametrize(
    ("precondition", "current", "error"),
    [
        (Precondition(), OLD, None),
        (Precondition(), None, None),
        (Precondition(match=frozenset({OLD.etag})), OLD, None),
        (Precondition(match=frozenset({"other", OLD.etag})), OLD, None),
        (Precondition(match=frozenset({"*"})), OLD, None),
        (Precondition(match=frozenset({NEW.etag})), OLD, "changed by someone else in the meantime"),
        (Precondition(match=frozenset()), OLD, "changed by someone else in the meantime"),
        (Precondition(match=frozenset({"*"})), None, "deleted in the meantime"),
        (Precondition(absent=True), None, None),
        (Precondition(absent=True), OLD, "already exists"),
        (Precondition(must_match=True), None, None),
        (Precondition(must_match=True, match=frozenset({OLD.etag})), OLD, None),
        (Precondition(must_match=True, absent=True), None, None),
        (Precondition(must_match=True, absent=True), OLD, "already exists"),
    ],
)
def test_preconditions(precondition: Precondition, current: Blob | None, error: str | None) -> None:
    if error is None:
        precondition.check("a", current)
        return
    with pytest.raises(PreconditionFailed, match=error) as failed:
        precondition.check("a", current)
    assert failed.value.details["etag"] == (current.etag if current else None)


def test_replacing_without_naming_the_state_is_told_apart() -> None:
    with pytest.raises(PreconditionRequired, match="send its entity tag in If-Match"):
        Precondition(must_match=True).check("a", OLD)


def test_a_failed_precondition_changes_nothing(store: BlobStore) -> None:
    store.write("a", b"old")
    with pytest.raises(PreconditionFailed):
        store.write("a", b"new", Precondition(match=frozenset({NEW.etag})))
    with pytest.raises(PreconditionFailed):
        store.delete("a", Precondition(match=frozenset({NEW.etag})))
    assert store.read("a").data == b"old"


def test_of_many_editors_of_one_state_one_wins(tmp_path: Path) -> None:
    url = str(tmp_path / "root")
    BlobStore(url).write("a", b"old")
    seen = Precondition(match=frozenset({OLD.etag}), must_match=True)
    outcomes: list[bool] = []

    def edit(number: int) -> None:
        try:
            BlobStore(url).write("a", f"new {number}".encode(), seen)  # a store of its own, as another process has
            outcomes.append(True)
        except PreconditionFailed:
            outcomes.append(False)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


FAILURES = [
    (ENOSPC, StorageFull, "storage is full"),
    (EDQUOT, StorageFull, "storage is full"),
    (EROFS, StorageUnavailable, "Read-only file system"),
    (EACCES, StorageUnavailable, "Permission denied"),
    (EIO, StorageUnavailable, "Input/output error"),
]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(("number", "expected", "said"), FAILURES)
def test_a_failed_write_says_why_and_leaves_the_old_bytes_and_no_rest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    expected: type[StorageUnavailable],
    said: str,
) -> None:
    store = BlobStore(str(tmp_path / "root"))
    store.write("a", b"old")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number), str(tmp_path))

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), fail)
        with pytest.raises(expected, match=said) as raised:
            store.write("a", b"new")
    assert type(raised.value) is expected
    assert raised.value.details["reason"] == errorcode[number]
    assert str(tmp_path) not in raised.value.message
    assert store.read("a").data == b"old"
    assert {path.name for path in (tmp_path / "root").iterdir()} == {"a", ".lock"}


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    (tmp_path / UNFINISHED).write_bytes(b"half")
    store.write("a", b"x")
    assert not (tmp_path / UNFINISHED).exists()
    (tmp_path / UNFINISHED).write_bytes(b"half")
    store.remove_unfinished()
    assert not (tmp_path / UNFINISHED).exists()
    assert store.read("a").data == b"x"


def test_a_folder_on_another_file_system_is_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, roots = Path.replace, []

    def across(path: Path, target: Path) -> Path:
        if path.parent != target.parent:
            roots.append(path.parent)
            raise OSError(EXDEV, "Invalid cross-device link")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", across)
    store = BlobStore(str(tmp_path))
    store.write("mounted/a", b"x")
    assert store.read("mounted/a").data == b"x"
    assert roots == [tmp_path]
    assert not list(tmp_path.rglob(UNFINISHED))


def test_what_is_written_is_for_the_service_alone(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "root"))
    store.write("folder/a", b"x")
    store.create("folder/b", b"x")
    modes = {str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {
        "root": 0o700,
        "root/.lock": 0o600,
        "root/folder": 0o700,
        **dict.fromkeys(("root/folder/a", "root/folder/b"), 0o600),
    }
    (tmp_path / "root" / "folder" / "a").chmod(0o644)
    store.write("folder/a", b"y")
    assert stat.S_IMODE((tmp_path / "root" / "folder" / "a").stat().st_mode) == 0o644, "as its owner wanted it"


def test_what_was_written_was_flushed_file_first_then_name_then_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BlobStore(str(tmp_path))
    store.write("a", b"old")
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(path: Path, target: Path) -> Path:
        calls.append("name")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    store.write("a", b"new")
    assert calls == ["file", "name", "folder"]


def odd(root: Path, kind: str) -> Path:
    """Something in a store that is no file, named a.png."""
    path = root / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to("a.png")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "dangling":
        path.symlink_to("nothing")
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            working = Path.cwd()
            os.chdir(root)  # the path of a socket may have 107 characters
            listening.bind("a.png")
            os.chdir(working)
    return path


@pytest.mark.parametrize("kind", ["pipe", "loop", "device", "dangling", "folder", "socket"])
def test_what_is_no_file_is_not_found_and_nobody_waits_for_it(tmp_path: Path, kind: str) -> None:
    store = BlobStore(str(tmp_path))
    store.write("b.png", b"x")
    odd(tmp_path, kind)
    assert list(store.names()) == ["b.png"]
    assert not store.has("a.png")
    for ask in (store.read, store.state, store.delete):
        with pytest.raises(NotFound):
            ask("a.png")
    with pytest.raises((InvalidRequest, NotFound)):
        store.write("a.png", b"overwritten")
    assert not is_regular(tmp_path / "a.png")


def test_a_pipe_put_in_the_place_of_an_open_file_holds_nobody(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    store.write("a.png", b"x")
    state = store.state("a.png")
    (tmp_path / "a.png").unlink()
    odd(tmp_path, "pipe")
    with pytest.raises(NotFound):
        store.ranges("a.png", state)


def test_names_come_in_order_page_by_page(store: BlobStore) -> None:
    names = ["a", "a.b", "a/x", "a/y/z", "a-c/1", "b", "ä", "日"]
    names = [name for name in names if name != "a"]  # a file and a folder of one name are two on object stores only
    for name in names:
        store.write(name, b"x")
    assert list(store.names()) == sorted(names)
    for number, name in enumerate(sorted(names)):
        assert list(store.names(name)) == sorted(names)[number + 1 :]
    assert list(store.names("a/")) == ["a/x", "a/y/z", "b", "ä", "日"]
    assert list(store.names("a/y/zz")) == ["b", "ä", "日"]
    assert list(store.names(folders=False)) == ["a.b", "b", "ä", "日"]


def test_a_page_reads_no_more_folders_than_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(str(tmp_path))
    for number in range(20):
        store.write(f"{number:02}/a", b"x")
    read: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> object:
        read.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    assert list(islice(store.names("05/a"), 2)) == ["06/a", "07/a"]
    assert len(read) == 4, "the root, and three folders"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 alone")
def test_names_that_cannot_be_asked_for_are_not_listed(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    store.write("good", b"x")
    for name in (b"not utf-8 \xff", b"line\nbreak", "\u202ereversed".encode(), b"back\\slash"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    assert list(store.names()) == ["good"]


def test_hidden_files_are_not_listed(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    store.write("a", b"x")
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / ".folder").mkdir()
    (tmp_path / ".folder" / "b").write_bytes(b"x")
    assert list(store.names()) == ["a"]


def test_a_file_that_cannot_be_put_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    store.put("file", b"1")
    with pytest.raises(StorageUnavailable):
        store.put("file/below", b"2")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["file"]
