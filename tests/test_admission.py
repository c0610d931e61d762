"""Admission: how much is let in at a time, who waits, and who is sent away."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from omrclip.admission import Admission
from omrclip.errors import LimitExceeded, ServerBusy
from tests.patience import PATIENCE, until

AT_ONCE = 0.0  # seconds that one waits who does not wait


def admits(admission: Admission, bytes_needed: int, *, at_once: bool = False) -> bool:
    """Whether work is let in now."""
    try:
        with admission.admitted(bytes_needed, at_once=at_once):
            return True
    except ServerBusy:
        return False


def admission_of(max_decodes: int = 2, max_bytes: int = 100, wait: float = AT_ONCE, waiting: int = 8) -> Admission:
    return Admission(max_decodes, max_bytes, wait, waiting)


@pytest.mark.parametrize(
    ("under_way", "asked", "admitted"),
    [
        ([], 100, True),
        ([], 0, True),
        ([0], 0, True),
        ([60], 40, True),
        ([60], 41, False),
        ([100], 0, True),
        ([100], 1, False),
        ([10, 10], 10, False),
        ([0, 0], 0, False),
    ],
)
def test_number_and_bytes_are_bounded(under_way: list[int], asked: int, admitted: bool) -> None:
    admission = admission_of()
    with ExitStack() as held:
        for needed in under_way:
            held.enter_context(admission.admitted(needed))
        assert admits(admission, asked) is admitted
    assert admits(admission, asked), "what is over makes room"


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("under_way", [[], [60]])
def test_what_is_larger_than_all_is_refused_at_once(under_way: list[int], patient: bool) -> None:
    admission = admission_of(wait=PATIENCE)
    with ExitStack() as held:
        for needed in under_way:
            held.enter_context(admission.admitted(needed))
        with pytest.raises(LimitExceeded, match="OMRCLIP_MEMORY_BYTES") as refused:
            held.enter_context(admission.admitted(101, patient=patient))
    assert refused.value.details == {"limit": "memory_bytes", "maximum": 100}
    assert admits(admission, 100)


def test_others_are_told_to_make_way() -> None:
    told: list[int] = []
    admission = Admission(2, 100, AT_ONCE, 8, told.append)
    with admission.admitted(60), admission.admitted(40):
        assert told == [60, 100]
    assert told == [60, 100, 60, 0]


@pytest.mark.parametrize(("wait", "retry_after"), [(0.0, 1), (0.4, 1)])
def test_who_is_sent_away_is_told_when_to_come_again(wait: float, retry_after: int) -> None:
    admission = admission_of(max_decodes=1, wait=wait)
    with admission.admitted(1), pytest.raises(ServerBusy) as refused, admission.admitted(1):
        pass
    assert refused.value.details == {"retry_after": retry_after}


def test_the_time_to_come_again_is_that_of_waiting() -> None:
    admission = admission_of(max_decodes=1, wait=7, waiting=0)
    with admission.admitted(1), pytest.raises(ServerBusy) as refused, admission.admitted(1):
        pass
    assert refused.value.details == {"retry_after": 7}


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, ServerBusy])
def test_work_that_fails_makes_room_too(exception: type[BaseException]) -> None:
    admission = admission_of(max_decodes=1)
    with pytest.raises(exception), admission.admitted(90):
        raise exception("it went wrong")
    assert admits(admission, 90)


@contextmanager
def waiting_for(
    admission: Admission, held: ExitStack, *needed: int, patient: bool = False
) -> Iterator[list[Future[None]]]:
    """Threads that ask for these one after the other, each when the one before is known to wait.

    What is `held` is let go at the end in any case: else a test that fails would wait for its threads for ever.
    """
    with ThreadPoolExecutor(len(needed)) as pool, held:
        asked = []
        for count, bytes_needed in enumerate(needed, start=1):
            asked.append(pool.submit(_ask, admission, bytes_needed, patient))
            _until_waiting(admission, count)
        yield asked


def _ask(admission: Admission, bytes_needed: int, patient: bool) -> None:
    with admission.admitted(bytes_needed, patient=patient):
        pass


def _until_waiting(admission: Admission, count: int) -> None:
    """Give way to other threads until so many wait, as the condition itself tells it."""
    condition = admission._changed

    def wait() -> bool:
        with condition:
            return len(condition._waiters) >= count  # type: ignore[attr-defined]

    until(wait)


def test_who_waits_is_let_in_when_there_is_room() -> None:
    admission = admission_of(max_decodes=1, wait=PATIENCE)
    held = ExitStack()
    held.enter_context(admission.admitted(1))
    with waiting_for(admission, held, 50, 50, 50) as asked:
        assert not any(future.done() for future in asked)
        held.close()
        for future in asked:
            future.result(PATIENCE)
    assert admits(admission, 100)


def test_small_work_passes_large_work_that_waits() -> None:
    admission = admission_of(wait=PATIENCE)
    held = ExitStack()
    held.enter_context(admission.admitted(60))
    with waiting_for(admission, held, 50) as (large,):
        assert admits(admission, 40)
        assert not large.done()
        held.close()
        large.result(PATIENCE)


def test_no_more_wait_than_may() -> None:
    admission = admission_of(max_decodes=1, wait=PATIENCE, waiting=2)
    held = ExitStack()
    held.enter_context(admission.admitted(1))
    with waiting_for(admission, held, 1, 1) as asked:
        assert not admits(admission, 1), "the third is sent away at once"
        held.close()
        for future in asked:
            future.result(PATIENCE)
    assert admits(admission, 1)


def test_who_waited_in_vain_takes_no_place_among_those_who_wait() -> None:
    admission = admission_of(max_decodes=1, wait=AT_ONCE, waiting=1)
    with admission.admitted(1):
        for _ in range(5):
            assert not admits(admission, 1)
    assert admits(admission, 1)


def test_the_patient_wait_as_long_as_it_takes_and_count_for_none_who_wait() -> None:
    admission = admission_of(max_decodes=1, wait=AT_ONCE, waiting=0)
    held = ExitStack()
    held.enter_context(admission.admitted(1))
    with waiting_for(admission, held, 1, 1, patient=True) as asked:
        assert not admits(admission, 1)
        assert not any(future.done() for future in asked)
        held.close()
        for future in asked:
            future.result(PATIENCE)


@pytest.mark.parametrize(("under_way", "asked", "admitted"), [([], 100, True), ([60], 40, True), ([60], 41, False)])
def test_work_that_does_not_wait_is_admitted_or_refused(under_way: list[int], asked: int, admitted: bool) -> None:
    admission = admission_of(wait=PATIENCE)
    with ExitStack() as held:
        for needed in under_way:
            held.enter_context(admission.admitted(needed))
        assert admits(admission, asked, at_once=True) is admitted
    assert admits(admission, 100)


@pytest.mark.parametrize("patient", [False, True])
def test_work_that_does_not_wait_takes_no_memory_from_work_that_does(patient: bool) -> None:
    admission = admission_of(wait=PATIENCE)
    held = ExitStack()
    held.enter_context(admission.admitted(60))
    with waiting_for(admission, held, 50, patient=patient) as (large,):
        assert not admits(admission, 1, at_once=True)
        held.close()
        large.result(PATIENCE)
    assert admits(admission, 1, at_once=True)


def test_work_that_does_not_wait_takes_no_memory_from_answers_that_wait() -> None:
    admission = Admission(2, 100, PATIENCE, 0)
    answer, held = admission.holding(), ExitStack()
    held.enter_context(admission.admitted(60))
    with ThreadPoolExecutor(1) as pool, held:
        growing = pool.submit(answer.grow, 50)
        _until_waiting(admission, 1)
        assert not admits(admission, 1, at_once=True)
        held.close()
        growing.result(PATIENCE)
    assert admits(admission, 1, at_once=True)


def test_no_more_are_ever_inside_than_may_be() -> None:
    admission = admission_of(max_decodes=3, max_bytes=100, wait=PATIENCE, waiting=50)
    inside: list[int] = []
    lock = threading.Lock()

    def work(needed: int) -> None:
        for _ in range(20):
            with admission.admitted(needed):
                with lock:
                    inside.append(needed)
                    assert len(inside) <= 3
                    assert sum(inside) <= 100
                with lock:
                    inside.remove(needed)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work, needed) for needed in (1, 10, 30, 50, 50, 70, 100, 90)]:
            future.result(PATIENCE)
    assert inside == []


def test_an_answer_grows_as_far_as_all_answers_may() -> None:
    admission = Admission(1, 100, 0, 0, max_answers=60)
    one, other = admission.holding(), admission.holding()
    one.grow(40)
    with pytest.raises(LimitExceeded) as alone:
        one.grow(21)
    assert alone.value.details == {"limit": "memory_bytes", "maximum": 60}
    with pytest.raises(ServerBusy):
        other.grow(21)
    assert (one.bytes, other.bytes, admission.admitted_bytes) == (40, 0, 40)
    one.shrink(to=30)
    other.grow(30)
    assert admission.admitted_bytes == 60
    one.shrink()
    other.shrink()
    assert admission.admitted_bytes == 0


def test_answers_and_decodes_share_the_memory() -> None:
    admission = Admission(2, 100, 0, 0, max_answers=60)
    answer = admission.holding()
    answer.grow(50)
    assert admits(admission, 50)
    assert not admits(admission, 51)
    with admission.admitted(50), pytest.raises(ServerBusy):
        answer.grow(1)


def test_an_answer_grows_into_what_its_decode_leaves_free() -> None:
    admission = Admission(2, 100, 0, 0, max_answers=60)
    answer = admission.holding()
    with admission.admitted(60, answer=answer, spare=50), admission.admitted(40):
        answer.grow(30)
        answer.grow(20)
        assert admission.admitted_bytes == 100
        with pytest.raises(ServerBusy):
            answer.grow(1)
    assert (answer.bytes, admission.admitted_bytes) == (50, 50)
    answer.shrink()
    assert admission.admitted_bytes == 0


def test_an_answer_grows_at_once_or_not_at_all() -> None:
    admission = Admission(2, 100, PATIENCE, 0, max_answers=60)
    answer = admission.holding()
    with admission.admitted(60, answer=answer, spare=50), admission.admitted(40):
        assert answer.grow_at_once(50)
        assert not answer.grow_at_once(1)
        assert admission.admitted_bytes == 100
    assert (answer.bytes, admission.admitted_bytes) == (50, 50)
    assert not answer.grow_at_once(11), "of the memory of all answers"


def test_an_answer_takes_over_the_memory_of_another() -> None:
    admission = Admission(2, 100, 0, 0)
    one, other = admission.holding(), admission.holding()
    one.grow(20)
    other.grow(30)
    one.take_over(other)
    other.shrink()
    assert (one.bytes, other.bytes, admission.admitted_bytes) == (50, 0, 50)
    one.shrink()
    assert admission.admitted_bytes == 0


def test_a_decode_that_finds_no_room_beside_its_own_answer_is_refused() -> None:
    admission = Admission(2, 100, 0, 0, max_answers=60)
    answer = admission.holding()
    answer.grow(50)
    with pytest.raises(LimitExceeded, match="beside"), admission.admitted(51, patient=True, answer=answer):
        pass


def test_answers_that_wait_for_each_other_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omrclip.admission.LOOK_SECONDS", 0.01)
    admission = Admission(2, 100, 0, 0, max_answers=80)
    one, other = admission.holding(), admission.holding()
    one.grow(40)
    other.grow(40)
    with pytest.raises(ServerBusy), admission.admitted(30, patient=True, answer=one):
        pass
    other.shrink()
    with admission.admitted(30, patient=True, answer=one):
        pass


def test_who_can_give_memory_back_is_asked_before_an_answer_is_refused() -> None:
    admission = Admission(2, 100, PATIENCE, 0, max_answers=60)
    slow, quick = admission.holding(), admission.holding()
    slow.grow(60)
    admission.on_shortage = lambda: threading.Thread(target=slow.shrink).start()
    admission._wait_seconds = 0.1
    quick.grow(60)
    assert (slow.bytes, quick.bytes) == (0, 60)
