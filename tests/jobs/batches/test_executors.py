"""Processes that work on items: one that is killed loses its item only."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from omrclip.errors import InternalError, LimitExceeded
from omrclip.jobs.batches import executors
from omrclip.jobs.batches.executors import Done, LocalProcesses, Lost, Outcome, Raised
from tests.jobs.batches.work import answer
from tests.patience import until


@pytest.fixture
def processes() -> Iterator[LocalProcesses[int, int]]:
    with closing(LocalProcesses(answer, 2)) as executor:
        yield executor


def outcomes(executor: LocalProcesses[int, int], *items: int) -> list[Outcome[int, int]]:
    found: list[Outcome[int, int]] = []
    for item in items:
        executor.submit(item)

    def have_all() -> bool:
        found.extend(executor.outcomes(0.1))
        return len(found) >= len(items)

    until(have_all)
    return sorted(found, key=lambda outcome: outcome.item)


def test_items_are_worked_on_side_by_side(processes: LocalProcesses[int, int]) -> None:
    assert outcomes(processes, *range(10)) == [Done(item, item + 1) for item in range(10)]
    assert len(multiprocessing.active_children()) == 2


def test_an_item_that_kills_its_process_is_lost_alone(processes: LocalProcesses[int, int]) -> None:
    lost, *others = outcomes(processes, 1, 2, -1, 3, 4)
    assert isinstance(lost, Lost)
    assert lost.item == -1
    assert "SIGKILL" in lost.reason
    assert others == [Done(item, item + 1) for item in (1, 2, 3, 4)]
    assert outcomes(processes, 5) == [Done(5, 6)]


def test_errors_come_back_without_secrets(processes: LocalProcesses[int, int]) -> None:
    unexpected, expected = outcomes(processes, -2, -3)
    assert isinstance(expected, Raised)
    assert isinstance(expected.error, LimitExceeded)
    assert expected.error.details == {"limit": "fingers", "maximum": 10}
    assert isinstance(unexpected, Raised)
    assert isinstance(unexpected.error, InternalError)
    assert "secret" not in unexpected.error.message


def test_a_process_that_is_killed_while_it_has_no_work_is_replaced(processes: LocalProcesses[int, int]) -> None:
    outcomes(processes, 1, 2)
    for child in multiprocessing.active_children():
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
    assert outcomes(processes, 3, 4, 5) == [Done(3, 4), Done(4, 5), Done(5, 6)]


def test_processes_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_serve", answer)  # it is called with the wrong arguments
    with closing(LocalProcesses(answer, 2)) as executor, pytest.raises(InternalError, match="while they start"):
        outcomes(executor, 1)


def test_processes_end_with_the_executor() -> None:
    with closing(LocalProcesses(answer, 2)) as executor:
        outcomes(executor, 1, 2, 3)
    assert not multiprocessing.active_children()
