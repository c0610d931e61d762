"""The folder that processes share: what is put there is found by all of them, and no failure of it is an answer's."""

import logging
import sqlite3
from pathlib import Path

import pytest
from diskcache import Timeout

from omrclip.config import Config
from omrclip.errors import StorageUnavailable
from omrclip.serving import folder as folder_module
from omrclip.serving.folder import SharedFolder, open_folder


def test_there_is_none_unless_it_is_set(tmp_path: Path) -> None:
    assert open_folder(Config()) is None
    assert open_folder(Config(cache_folder=str(tmp_path))) is not None


@pytest.mark.parametrize("content", ["text", b"bytes", b"\0" * 100_000, b"", ""])
def test_others_find_what_was_put_there(tmp_path: Path, content: str | bytes) -> None:
    mine, others = (SharedFolder(str(tmp_path), 2**22) for _ in range(2))
    mine.put("key", content, "image")
    mine.wait()
    assert others.get("key") == content
    assert others.get("another") is None


def test_more_than_can_be_written_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MOST_WAITING_BYTES", 10)
    folder = SharedFolder(str(tmp_path), 2**22)
    folder.put("large", b"x" * 11, "image")
    folder.put("small", b"x" * 10, "image")
    folder.wait()
    folder.put("next", b"x" * 10, "image")
    folder.wait()
    assert [folder.get(key) for key in ("large", "small", "next")] == [None, b"x" * 10, b"x" * 10]


@pytest.mark.parametrize("content", [b"of the image that is erased " * 20, b"in a file of its own " * 5000])
def test_no_byte_is_left_of_what_is_forgotten(tmp_path: Path, content: bytes) -> None:
    folder = SharedFolder(str(tmp_path), 2**24)
    folder.put("one", content, "image")
    folder.put("other", b"stays" * 20, "image 2")
    folder.wait()
    assert folder.holds("image")
    assert any(content[:40] in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    folder.forget("image")
    assert not folder.holds("image")
    assert folder.get("one") is None
    assert folder.get("other") == b"stays" * 20
    assert not any(content[:40] in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_what_cannot_be_forgotten_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = SharedFolder(str(tmp_path), 2**22)

    def fails(*_: object) -> None:
        raise Timeout

    monkeypatch.setattr(folder._cache, "evict", fails)
    with pytest.raises(StorageUnavailable, match="could not be removed"):
        folder.forget("image")


def test_a_folder_that_takes_nothing_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = SharedFolder(str(tmp_path), 2**22)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder._cache, "set", full)
    with caplog.at_level(logging.WARNING):
        folder.put("key", b"bytes", "image")
        folder.wait()
    assert "No space left" in caplog.text
    assert folder.get("key") is None


PROBLEMS = [OSError(5, "Input/output error"), sqlite3.OperationalError("disk I/O error"), Timeout()]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_folder_that_cannot_be_read_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, problem: Exception
) -> None:
    folder = SharedFolder(str(tmp_path), 2**22)

    def fails(*_: object) -> None:
        raise problem

    monkeypatch.setattr(folder._cache, "get", fails)
    with caplog.at_level(logging.WARNING):
        assert folder.get("key") is None
    assert "cannot read" in caplog.text
