import threading
from pathlib import Path

import pytest

from omrclip.errors import InvalidRequest, NotFound, PreconditionFailed, PreconditionRequired
from omrclip.storage import Blob, BlobStore, Precondition


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path / "root") if request.param == "local" else f"memory://{tmp_path.name}")


def test_what_is_written_is_read(store: BlobStore) -> None:
    assert store.names() == []
    blob, is_new = store.write("b.jpg", b"one")
    assert (blob, is_new) == (Blob("b.jpg", b"one"), True)
    assert store.write("folder/a ü.jpg", b"two")[1]
    assert store.names() == ["b.jpg", "folder/a ü.jpg"]
    assert store.read("folder/a ü.jpg").data == b"two"
    assert store.write("b.jpg", b"three") == (Blob("b.jpg", b"three"), False)
    store.delete("b.jpg")
    assert store.names() == ["folder/a ü.jpg"]


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
        (Precondition(match=frozenset({NEW.etag})), OLD, "changed by someone else meanwhile"),
        (Precondition(match=frozenset()), OLD, "changed by someone else meanwhile"),
        (Precondition(match=frozenset({"*"})), None, "not stored any more"),
        (Precondition(absent=True), None, None),
        (Precondition(absent=True), OLD, "exists already"),
        (Precondition(must_match=True), None, None),
        (Precondition(must_match=True, match=frozenset({OLD.etag})), OLD, None),
        (Precondition(must_match=True, absent=True), None, None),
        (Precondition(must_match=True, absent=True), OLD, "exists already"),
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


def test_a_failed_write_leaves_the_old_bytes_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(str(tmp_path / "root"))
    store.write("a", b"old")

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        store.write("a", b"new")
    assert store.read("a").data == b"old"
    assert [path.name for path in (tmp_path / "root").iterdir() if path.name.endswith(".part")] == []


def test_hidden_files_are_not_listed(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    store.write("a", b"x")
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / ".folder").mkdir()
    (tmp_path / ".folder" / "b").write_bytes(b"x")
    assert store.names() == ["a"]
