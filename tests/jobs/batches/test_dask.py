"""Batches on a Dask cluster: the same results, and lost workers lose nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from omrclip.errors import ClusterUnavailable
from omrclip.jobs.batches.dask import DaskCluster
from omrclip.jobs.batches.engine import Progress
from omrclip.jobs.batches.executors import Done, Lost, Outcome
from omrclip.jobs.batches.ledger import Counts
from omrclip.jobs.batches.work import recognize_scans
from omrclip.jobs.sources import ScanFile
from tests.jobs.batches.work import answer, job, killing, results, run, scans, slow_scan
from tests.patience import until

NAMES = [f"page {number}.png" for number in range(12)]
# Dask leaves sockets and coroutines to the garbage collector when workers are killed.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_batch_gives_what_local_processes_give(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES)
    done = run(job(tmp_path / "dask", files), executor=DaskCluster(recognize_scans, None, 2))
    assert done.counts == Counts(passed=12)
    run(job(tmp_path / "local", files))
    assert results(tmp_path / "dask") == results(tmp_path / "local")


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    files = [slow_scan(tmp_path / scan.name) for scan in scans(tmp_path, *NAMES)]
    cluster = DaskCluster(recognize_scans, None, 2)
    kills = 2

    def kill_one(_: Progress) -> None:
        nonlocal kills
        workers = [worker.pid for worker in cluster._cluster.workers.values() if worker.pid]
        if kills and workers:
            with suppress(ProcessLookupError):  # it has ended since, and another one is started
                os.kill(workers[0], signal.SIGKILL)
                kills -= 1

    assert run(job(tmp_path / "dask", files), then=kill_one, executor=cluster).counts == Counts(passed=12)
    assert not kills
    run(job(tmp_path / "local", files))
    assert results(tmp_path / "dask") == results(tmp_path / "local")


def test_a_scan_that_kills_workers_fails_alone(tmp_path: Path) -> None:
    files = scans(tmp_path, *NAMES[:6])
    files.insert(2, ScanFile("killer.png", killing))
    done = run(job(tmp_path / "out", files), executor=DaskCluster(recognize_scans, None, 1))
    assert done.counts == Counts(passed=6, failed=1)
    assert "Dask worker was lost" in (tmp_path / "out" / "rejected" / "killer.txt").read_text()


@contextmanager
def scheduler() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler with one worker, in processes of their own."""
    program = (
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, "
        "protocol='tcp')\n"
        "    print(cluster.scheduler_address, flush=True)\n"
        "    input()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().decode().strip(), process
        finally:
            process.kill()


def test_a_scheduler_that_ends_is_told_and_the_batch_goes_on_elsewhere(tmp_path: Path) -> None:
    files = [slow_scan(tmp_path / scan.name) for scan in scans(tmp_path, *NAMES)]
    one = job(tmp_path / "out", files)
    with scheduler() as (address, process):

        def kill(now: Progress) -> None:
            if now.counts.done:
                process.kill()

        with pytest.raises(ClusterUnavailable, match="Run the same command again to continue"):
            run(one, then=kill, executor=DaskCluster(recognize_scans, address))
    assert 0 < run(one).before < len(NAMES)


def test_a_scheduler_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omrclip.jobs.batches.dask.CONNECT_SECONDS", 1)
    with pytest.raises(ClusterUnavailable, match=r"tcp://127\.0\.0\.1:1 cannot be reached"):
        DaskCluster(recognize_scans, "tcp://127.0.0.1:1")


def test_errors_come_back() -> None:
    found: list[Outcome[int, int]] = []
    with closing(DaskCluster(answer, None, 1)) as cluster:
        assert cluster.capacity == 2
        for item in (1, -2, 5):
            cluster.submit(item)

        def have_all() -> bool:
            found.extend(cluster.outcomes(0.5))
            return len(found) == 3

        until(have_all)
    assert [outcome for outcome in found if isinstance(outcome, Done)] == [Done(1, 2), Done(5, 6)]
    assert not [outcome for outcome in found if isinstance(outcome, Lost)]
