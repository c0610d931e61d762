"""Many things at a time: in order, never far ahead, and with every failure told."""

import threading
from collections.abc import Iterator

import pytest

from omrclip.jobs.local import in_order
from tests.patience import PATIENCE


@pytest.mark.parametrize("workers", [1, 2, 5, 50])
@pytest.mark.parametrize("count", [0, 1, 4, 23])
def test_outcomes_come_in_the_order_of_the_items(count: int, workers: int) -> None:
    assert list(in_order(lambda item: item * item, range(count), workers)) == [item * item for item in range(count)]


def test_an_item_that_takes_longer_holds_back_the_later_ones() -> None:
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(30)
        if item == 1:
            second_done.set()
        return item

    assert list(in_order(work, range(4), 2)) == [0, 1, 2, 3]


@pytest.mark.parametrize("workers", [1, 3])
def test_items_are_taken_only_as_far_ahead_as_keeps_the_workers_busy(workers: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    for yielded, _ in enumerate(in_order(lambda item: item, items(), workers), start=1):
        assert taken <= yielded + workers


def test_no_more_than_the_workers_are_under_way() -> None:
    lock = threading.Lock()
    now, most = 0, 0

    def work(item: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        return item

    assert len(list(in_order(work, range(50), 3))) == 50
    assert most <= 3


def test_the_workers_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=PATIENCE)

    def work(item: int) -> int:
        together.wait()
        return item

    assert list(in_order(work, range(6), 3)) == list(range(6))


def test_an_exception_comes_where_its_outcome_would_have() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    outcomes = in_order(work, range(10), 2)
    assert [next(outcomes), next(outcomes)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(outcomes)
    with pytest.raises(StopIteration):
        next(outcomes)


def test_an_exception_of_the_items_is_not_lost() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the list ended early")

    with pytest.raises(OSError, match="ended early"):
        list(in_order(lambda item: item, items(), 2))


def test_who_stops_taking_stops_the_work() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    outcomes = in_order(work, range(1000), 2)
    assert next(outcomes) == 0
    outcomes.close()  # type: ignore[attr-defined]
    assert len(begun) <= 3
