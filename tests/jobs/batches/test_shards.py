"""Clips in shards: each clip once, whatever ends the packing, and readable by tar programs."""

import csv
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.jobs.batches.ledger import Ledger
from omrclip.jobs.batches.shards import pack, part_of
from omrclip.storage.blobs import BlobStore
from tests.jobs.batches.work import job, run, scans

NAMES = [f"page {number}.png" for number in range(6)]


def clips_in(out: Path) -> dict[str, bytes]:
    """All clips of the shards, by the names that they have in folders. Each is there once, in the shard of the list."""
    found: dict[str, bytes] = {}
    places = set()
    for path in sorted((out / "clips").glob("*.tar")):
        element = path.stem.rpartition("-")[0]
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                assert file is not None
                assert f"{element}/{member.name}" not in found
                found[f"{element}/{member.name}"] = file.read()
                places.add((element, member.name, path.name))
    rows = list(csv.reader((out / "clips" / "shards.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["Element", "Clip", "Shard"]
    assert sorted(map(tuple, rows[1:])) == sorted(places)
    return found


def clips_of(out: Path) -> dict[str, bytes]:
    """All clips of a batch with a file each."""
    return {path.relative_to(out / "clips").as_posix(): path.read_bytes() for path in (out / "clips").rglob("*.png")}


def test_shards_hold_the_clips_of_files_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omrclip.jobs.batches.results.pack", lambda store, ledger: pack(store, ledger, 3_000))
    files = scans(tmp_path, *NAMES)
    (tmp_path / "bad.png").write_bytes(b"hello")
    run(job(tmp_path / "files", files))
    out = tmp_path / "shards"
    run(replace(job(out, files), shards=True))
    assert clips_in(out) == clips_of(tmp_path / "files")
    tars = [path for path in (out / "clips").iterdir() if path.suffix == ".tar"]
    assert len(tars) > 2
    assert not list((out / "clip-parts").iterdir())
    assert (out / "results.csv").read_bytes() == (tmp_path / "files" / "results.csv").read_bytes()


def test_scans_that_are_added_go_into_further_shards(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES)
    out = tmp_path / "out"
    run(replace(job(out, files[:4]), shards=True))
    first = out / "clips" / "Name-00001.tar"
    before = first.read_bytes()
    run(replace(job(out, files), shards=True))
    assert first.read_bytes() == before
    assert (out / "clips" / "Name-00002.tar").exists()
    run(job(tmp_path / "files", files))
    assert clips_in(out) == clips_of(tmp_path / "files")


@pytest.mark.parametrize("killed_at", ["put_file", "put", "discard"])
def test_packing_that_is_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str) -> None:
    files = scans(tmp_path, *NAMES)
    out = tmp_path / "out"
    run(replace(job(out, files[:2]), shards=True))
    with monkeypatch.context() as patch:
        patch.setattr("omrclip.jobs.batches.results.pack", lambda *_: None)
        run(replace(job(out, files), shards=True))
    store = BlobStore(str(out))
    original = getattr(BlobStore, killed_at)
    calls = 0

    def killed(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2 or killed_at == "put":
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BlobStore, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            pack(store, Ledger(store), 3_000)
    store.put("clip-parts/left.tar", part_of([("clips/Name/page 0.png", b"twice"), ("clips/Name/other.png", b"no")]))
    pack(store, Ledger(store), 3_000)
    run(job(tmp_path / "files", files))
    assert clips_in(out) == clips_of(tmp_path / "files")
    assert not list((out / "clip-parts").iterdir())
