"""`omrclip batch` with scans and results in a bucket: what is said if it cannot be reached, and that it goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from click.testing import Result

from omrclip.jobs.batches.engine import BatchRun, Progress
from tests.desk import PASSED, REFUSED, Desk, laid_out
from tests.jobs.batches.work import TIMELESS
from tests.s3 import S3, s3_server
from tests.web.api.test_documents import SHADES, stack
from tests.web.making import encoded, grid

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
# aiobotocore leaves connections to the garbage collector when the server is cut off.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with s3_server(monkeypatch) as server:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        yield server


@pytest.fixture
def desk(tmp_path: Path, server: S3, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk, with six images and a PDF of three pages in the bucket."""
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    for number in range(6):
        files.pipe_file(f"{server.bucket}/scans/{number}.png", encoded(grid(salt=number)))
    files.pipe_file(f"{server.bucket}/stack.pdf", stack(*SHADES))
    return laid_out(tmp_path, monkeypatch)


def batch(desk: Desk, bucket: str) -> Result:
    sources = [f"s3://{bucket}/scans/*.png", f"s3://{bucket}/stack.pdf"]
    return desk.run("batch", str(desk.folder / "form.omr"), *sources, "--out", f"s3://{bucket}/out", "--workers", "1")


def stored(server: S3) -> dict[str, bytes]:
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    root = f"{server.bucket}/out/"
    return {path.removeprefix(root): files.cat_file(path) for path in files.find(root)}


def assert_told(result: Result, *words: str) -> None:
    """An error without a traceback, a secret, or the path of a file of this machine."""
    assert result.exit_code == REFUSED, result.output
    assert any(word in result.stderr for word in words), result.stderr
    for hidden in (SECRET, "Traceback", "/site-packages/"):
        assert hidden not in result.output


def then(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something once, as soon as a scan is done."""
    original = BatchRun.work
    acted = False

    def work(*arguments: object) -> Iterator[Progress]:
        nonlocal acted
        for step in original(*arguments):  # type: ignore[arg-type]
            if step.counts.done and not acted:
                acted = True
                act()
            yield step

    monkeypatch.setattr(BatchRun, "work", work)


def test_a_connection_that_is_cut_stops_the_batch_and_the_same_command_goes_on(
    desk: Desk, server: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        then(patch, server.cut)
        stopped = batch(desk, server.bucket)
    assert_told(stopped, "cannot be", "Could not connect")
    assert "Run the same command again to continue." in stopped.stderr
    assert_told(batch(desk, server.bucket), "cannot be read")
    server.mend()
    again = batch(desk, server.bucket)
    assert again.exit_code == PASSED, again.output
    assert 0 < int(again.stderr.split(" of 9")[0]) < 9, "what was done before is not done again"
    found = stored(server)
    assert not any(SECRET.encode() in data for data in found.values())
    local = [str(desk.folder / "local" / f"{number}.png") for number in range(6)]
    for number, path in enumerate(local):
        desk.put(f"local/{number}.png", encoded(grid(salt=number)))
        assert Path(path).exists()
    desk.put("stack.pdf", stack(*SHADES))
    command = [str(desk.folder / "form.omr"), *local, str(desk.folder / "stack.pdf"), "--out", str(desk.out)]
    assert desk.run("batch", *command, "--workers", "1").exit_code == PASSED
    for name, data in found.items():
        if name.split("/")[0] in TIMELESS:
            assert (desk.out / name).read_bytes() == data, name


def test_wrong_keys_and_a_missing_bucket_are_told(desk: Desk, server: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_told(batch(desk, "nobody-has-this"), "no file", "bucket")
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    assert_told(batch(desk, server.bucket), "credentials")
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 10**9)
    assert not stored(server)


def test_a_scan_that_was_replaced_is_refused(desk: Desk, server: S3) -> None:
    assert batch(desk, server.bucket).exit_code == PASSED
    fsspec.filesystem("s3", skip_instance_cache=True).pipe_file(f"{server.bucket}/scans/3.png", encoded(grid(salt=9)))
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    assert_told(batch(desk, server.bucket), "'3.png' is not the one")
