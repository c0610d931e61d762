"""Tasks of the OMR cloud protocol in their file: queue, expiry, quota and removal."""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.config import Config
from omrclip.errors import ServerBusy, StorageFull, StorageUnavailable
from omrclip.storage import cloud_tasks as module
from omrclip.storage.cloud_tasks import KEPT_SECONDS, KNOWN_SECONDS, CloudTasks, Kind, NewTask, TaskState

ANN, EVE = "client/ann", "client/eve"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(results=str(tmp_path / "results"))


@pytest.fixture
def tasks(config: Config) -> CloudTasks:
    return CloudTasks(config)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    class Time:
        seconds = 1_800_000_000.0

        @classmethod
        def time(cls) -> float:
            return cls.seconds

    monkeypatch.setattr(module, "time", Time)

    def set_to(seconds: float) -> None:
        Time.seconds = 1_800_000_000 + seconds

    return set_to


def added(tasks: CloudTasks, owner: str = ANN, scan: bytes = b"the scan") -> str:
    identifier = tasks.new_identifier()
    tasks.add(NewTask(identifier, owner, "Csv", 30, b"the template", scan))
    return identifier


def state(tasks: CloudTasks, identifier: str, owner: str = ANN, kind: Kind = Kind.RECOGNIZE) -> TaskState | None:
    found = tasks.answer(identifier, owner, kind)
    return found[0] if found else None


def test_a_task_is_worked_on_once_and_its_answer_found(tasks: CloudTasks) -> None:
    first, second = added(tasks), added(tasks)
    assert state(tasks, first) is TaskState.WAITING
    begun = tasks.begin_next(0)
    assert begun is not None
    assert (begun.attempt, begun.task) == (1, NewTask(first, ANN, "Csv", 30, b"the template", b"the scan"))
    assert state(tasks, first) is TaskState.WAITING
    following = tasks.begin_next(begun.number)
    assert following is not None
    assert following.task.identifier == second
    assert tasks.begin_next(following.number) is None
    tasks.finish(begun.number, b"answer")
    assert tasks.answer(first, ANN, Kind.RECOGNIZE) == (TaskState.DONE, b"answer")
    tasks.finish(begun.number, b"another")
    assert tasks.answer(first, ANN, Kind.RECOGNIZE) == (TaskState.DONE, b"answer")


def test_a_task_that_was_not_finished_is_begun_again(config: Config) -> None:
    identifier = added(CloudTasks(config))
    for attempt in (1, 2, 3):
        begun = CloudTasks(config).begin_next(0)
        assert begun is not None
        assert (begun.attempt, begun.task.identifier) == (attempt, identifier)


def test_a_task_of_another_account_or_kind_is_as_unknown_as_any_other(tasks: CloudTasks) -> None:
    assert state(tasks, "x") is None
    identifier = added(tasks)
    for owner, kind in ((EVE, Kind.RECOGNIZE), (ANN, Kind.GENERATE), ("user/ann", Kind.RECOGNIZE)):
        assert state(tasks, identifier, owner, kind) is None
        tasks.cancel(identifier, owner, kind)
    assert state(tasks, identifier) is TaskState.WAITING


def test_a_cancelled_task_is_gone_and_its_answer_not_stored(tasks: CloudTasks) -> None:
    identifier = added(tasks)
    begun = tasks.begin_next(0)
    assert begun is not None
    tasks.cancel(identifier, ANN, Kind.RECOGNIZE)
    tasks.finish(begun.number, b"answer")
    assert state(tasks, identifier) is None
    assert not tasks.are_waiting()


def test_no_byte_of_scan_and_answer_is_left(tasks: CloudTasks, tmp_path: Path) -> None:
    def stored() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    secret = b"Ada Lovelace, 10 December 1815. " * 400
    kept, cancelled = added(tasks, scan=b"the kept scan " * 1000), added(tasks, scan=secret)
    assert b"Ada Lovelace" in stored()
    for _ in range(2):
        begun = tasks.begin_next(1)
    assert begun is not None
    tasks.finish(begun.number, b"Charles Babbage" * 1000)
    assert b"Ada Lovelace" not in stored()
    assert b"the kept scan" in stored()
    tasks.cancel(cancelled, ANN, Kind.RECOGNIZE)
    assert b"Charles Babbage" not in stored()
    tasks.cancel(kept, ANN, Kind.RECOGNIZE)
    assert b"the kept scan" not in stored()


def test_an_answer_expires_a_day_after_the_request(tasks: CloudTasks, now: Callable[[float], None]) -> None:
    now(0)
    done, waiting = added(tasks), added(tasks)
    now(KEPT_SECONDS - 1)
    begun = tasks.begin_next(0)
    assert begun is not None
    tasks.finish(begun.number, b"answer")
    assert state(tasks, done) is TaskState.DONE
    now(KEPT_SECONDS)
    assert tasks.answer(done, ANN, Kind.RECOGNIZE) == (TaskState.EXPIRED, b"")
    tasks.sweep()
    assert (state(tasks, done), state(tasks, waiting)) == (TaskState.EXPIRED, TaskState.EXPIRED)
    assert not tasks.are_waiting()
    now(KNOWN_SECONDS)
    tasks.sweep()
    assert state(tasks, done) is None


def test_expired_tasks_are_remembered_up_to_a_number(
    tasks: CloudTasks, now: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KNOWN", 2)
    now(0)
    identifiers = [added(tasks) for _ in range(4)]
    now(KEPT_SECONDS)
    tasks.sweep()
    assert [state(tasks, one) for one in identifiers] == [None, None, TaskState.EXPIRED, TaskState.EXPIRED]


def test_the_queue_is_bounded(tasks: CloudTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    added(tasks)
    last = added(tasks)
    with pytest.raises(ServerBusy, match="2 tasks are waiting already"):
        added(tasks)
    tasks.cancel(last, ANN, Kind.RECOGNIZE)
    added(tasks)


def test_the_size_is_bounded_and_includes_answers(config: Config) -> None:
    tasks = CloudTasks(replace(config, cloud_bytes=2000))
    identifier = added(tasks, scan=b"x" * 1000)
    with pytest.raises(StorageFull, match=r"1,212 of 2,000 bytes"):
        added(tasks, scan=b"x" * 1000)
    begun = tasks.begin_next(0)
    assert begun is not None
    tasks.finish(begun.number, b"y" * 1900)
    with pytest.raises(StorageFull):
        tasks.add_done(tasks.new_identifier(), ANN, Kind.GENERATE, b"answer")
    tasks.cancel(identifier, ANN, Kind.RECOGNIZE)
    tasks.add_done(tasks.new_identifier(), ANN, Kind.GENERATE, b"answer")


def test_only_one_works_at_a_time(config: Config) -> None:
    release = CloudTasks(config).hold()
    assert release is not None
    assert CloudTasks(config).hold() is None
    release()
    again = CloudTasks(config).hold()
    assert again is not None
    again()


def test_nothing_is_created_by_asking(tasks: CloudTasks, tmp_path: Path) -> None:
    assert state(tasks, "x") is None
    tasks.cancel("x", ANN, Kind.RECOGNIZE)
    tasks.sweep()
    assert not tasks.are_waiting()
    assert not (tmp_path / "results").exists()


def test_the_file_is_for_this_account_alone(tasks: CloudTasks, tmp_path: Path) -> None:
    added(tasks)
    file = tmp_path / "results" / "cloud-tasks" / "tasks.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_file_and_a_remote_store_are_told(config: Config, tasks: CloudTasks, tmp_path: Path) -> None:
    added(tasks)
    (tmp_path / "results" / "cloud-tasks" / "tasks.sqlite").write_bytes(b"damaged!" * 4000)
    with pytest.raises(StorageUnavailable) as told:
        added(tasks)
    assert str(tmp_path) not in told.value.message
    with pytest.raises(StorageUnavailable, match="folder of this machine"):
        added(CloudTasks(replace(config, results="memory://results")))
