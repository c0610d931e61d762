"""At the start each folder that will be written is made and tried, and all that cannot be is told at once."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from omrclip.cli import main
from omrclip.config import Config
from omrclip.serving.folder import open_folder
from omrclip.storage.home import unwritable_folders


@pytest.fixture
def config(tmp_path: Path) -> Config:
    folders = {name: str(tmp_path / "stores" / name) for name in ("templates", "images", "results", "cache_folder")}
    return Config(**folders)


def test_missing_folders_are_made_and_tried(config: Config, tmp_path: Path) -> None:
    assert list(unwritable_folders(config)) == []
    made = sorted(path.name for path in (tmp_path / "stores").iterdir())
    assert made == ["cache_folder", "images", "results", "templates"]
    left = {path.name for path in (tmp_path / "stores").rglob("*") if path.is_file()}
    assert left == {".lock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "stores").iterdir()} == {0o700}


def test_every_folder_that_cannot_be_written_is_told(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    below = str(tmp_path / "file" / "below")
    told = list(unwritable_folders(replace(config, templates=below, results=below, cache_folder=below)))
    assert [line.partition(" ")[0] for line in told] == ["OMRCLIP_TEMPLATES", "OMRCLIP_RESULTS", "OMRCLIP_CACHE_FOLDER"]
    assert all("Not a directory" in line for line in told)


def test_object_stores_are_tried_too(config: Config) -> None:
    assert list(unwritable_folders(replace(config, results="memory://tried", cache_folder=None))) == []


def test_a_cache_folder_that_cannot_be_used_is_done_without(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert open_folder(replace(config, cache_folder=str(tmp_path / "file" / "below"))) is None
    assert open_folder(config)


def test_serve_tells_them_in_one_message_and_goes_on(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []
    monkeypatch.setattr("omrclip.web.serve.serve", lambda settings, _: served.append(settings))
    (tmp_path / "file").write_bytes(b"")
    for name in ("templates", "images"):
        monkeypatch.setenv(f"OMRCLIP_{name.upper()}", getattr(config, name))
    monkeypatch.setenv("OMRCLIP_RESULTS", str(tmp_path / "file" / "below"))
    result = CliRunner().invoke(main, ["serve"])
    assert result.exit_code == 0
    assert "OMRCLIP_RESULTS" in result.stderr
    assert "Not a directory" in result.stderr
    assert "OMRCLIP_IMAGES" not in result.stderr
    assert len(served) == 1
