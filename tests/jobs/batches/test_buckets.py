"""Batches in a bucket: the same results as in a folder, and clear errors."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from omrclip.errors import FolderInUse, StorageUnavailable
from omrclip.jobs.batches.engine import Progress
from omrclip.jobs.batches.ledger import Counts
from omrclip.omr.options import RecognitionOptions
from tests.jobs.batches.work import TIMELESS, job, results, run, scans, slow_scan
from tests.s3 import S3, s3_server

NAMES = [f"page {number}.png" for number in range(8)]
# aiobotocore leaves connections to the garbage collector when the server is cut off.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with s3_server(monkeypatch) as server:
        yield server


def out(server: S3) -> str:
    return f"s3://{server.bucket}/batch"


def stored(server: S3) -> dict[str, bytes]:
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    root = f"{server.bucket}/batch/"
    names = (path.removeprefix(root) for path in files.find(root))
    return {name: files.cat_file(root + name) for name in names if name.split("/")[0] in TIMELESS}


def test_a_bucket_holds_what_a_folder_holds(tmp_path: Path, server: S3) -> None:
    files = scans(tmp_path, *NAMES)
    (tmp_path / NAMES[2]).write_bytes(b"hello")
    assert run(job(out(server), files)).counts == Counts(passed=7, failed=1)
    run(job(tmp_path / "out", files))
    assert stored(server) == results(tmp_path / "out")
    assert run(job(out(server), files)).before == 8
    other = job(out(server), files, restart=True)
    assert run(other).before == 0
    with pytest.raises(FolderInUse, match="ClipMargin"):
        run(job(out(server), files, options=RecognitionOptions(clip_margin=5)))


def test_a_connection_that_is_cut_is_told_and_the_batch_goes_on(tmp_path: Path, server: S3) -> None:
    files = [slow_scan(tmp_path / scan.name) for scan in scans(tmp_path, *NAMES)]

    def cut(now: Progress) -> None:
        if now.counts.done:
            server.cut()

    with pytest.raises(StorageUnavailable, match=r"Could not connect|Connection"):
        run(job(out(server), files), processes=1, then=cut)
    server.mend()
    assert 0 < run(job(out(server), files)).before < len(NAMES)
    run(job(tmp_path / "out", files))
    assert stored(server) == results(tmp_path / "out")


@pytest.mark.usefixtures("server")
def test_a_bucket_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="bucket does not exist"):
        run(job("s3://nobody/batch", scans(tmp_path, "a.png")))


def test_wrong_keys_are_told(tmp_path: Path, server: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    with pytest.raises(StorageUnavailable, match=r"[Kk]ey|token|Forbidden"):
        run(job(out(server), scans(tmp_path, "a.png")))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(StorageUnavailable, match="Unable to locate credentials"):
        run(job(out(server), scans(tmp_path, "a.png")))
