"""Processes that recognize scans for threads: the same results, whatever ends them."""

import os
import signal
from collections.abc import Iterator

import pytest

from omrclip.errors import Abandoned, WorkerLost
from omrclip.jobs import recognizers as module
from omrclip.jobs.recognizers import MOST_PAGES, WORTH_SCANS, Common, Recognizers
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, known_pages, recognize
from omrclip.schemas.template import load_template
from omrclip.work import ENDLESS, Work
from tests.patience import until
from tests.web.making import encoded, grid, omr, template

PAGES = known_pages(load_template(omr(template())))
COMMON = Common(PAGES, RecognitionOptions(), Limits())
SCAN = Scan("a.png", encoded(grid()))
MOST = 10**6


@pytest.fixture
def one() -> Iterator[Recognizers]:
    """One process."""
    found = Recognizers(1)
    yield found
    found.close()


@pytest.fixture
def ready(one: Recognizers) -> Recognizers:
    """One process that is ready."""
    one.prepare(COMMON, WORTH_SCANS)
    until(lambda: all(process.is_ready() for process in one._idle))
    return one


def pid(recognizers: Recognizers) -> int:
    (process,) = recognizers._idle
    return process._process.pid


def test_a_process_gives_the_same_results(ready: Recognizers) -> None:
    here = {
        scan.name: recognize(PAGES, scan, COMMON.options, COMMON.limits) for scan in (SCAN, Scan("b.png", b"hello"))
    }
    for scan in (SCAN, Scan("b.png", b"hello"), SCAN):
        found = ready.recognize(COMMON, scan, MOST, ENDLESS)
        assert found is not None
        expected = here[scan.name]
        assert (found.scan, found.error, found.messages) == (expected.scan, expected.error, expected.messages)
        assert [clip.data for clip in found.clips] == [clip.data for clip in expected.clips]


def test_each_request_has_its_own_options(ready: Recognizers) -> None:
    before = ready.recognize(COMMON, SCAN, MOST, ENDLESS)
    wide = ready.recognize(Common(PAGES, RecognitionOptions(clip_margin=5), Limits()), SCAN, MOST, ENDLESS)
    assert before is not None
    assert wide is not None
    assert wide.clips[0].box.width == before.clips[0].box.width + 10
    assert ready.recognize(COMMON, SCAN, MOST, ENDLESS) is not None


@pytest.mark.parametrize(
    ("pages", "scans", "started"),
    [(1, WORTH_SCANS - 1, 0), (1, WORTH_SCANS, 1), (MOST_PAGES, 100, 1), (MOST_PAGES + 1, 100, 0)],
)
def test_processes_are_started_if_they_are_worth_it(one: Recognizers, pages: int, scans: int, started: int) -> None:
    common = Common(PAGES * pages, COMMON.options, COMMON.limits)
    for _ in range(2):
        one.prepare(common, scans)
    assert len(one._idle) == started


def test_until_a_process_is_ready_there_is_no_result(one: Recognizers) -> None:
    assert one.recognize(COMMON, SCAN, MOST, ENDLESS) is None
    one.prepare(COMMON, WORTH_SCANS)
    os.kill(pid(one), signal.SIGSTOP)
    assert one.recognize(COMMON, SCAN, MOST, ENDLESS) is None


def test_clips_larger_than_allowed_are_not_sent(ready: Recognizers) -> None:
    size = recognize(PAGES, SCAN, COMMON.options, COMMON.limits).clip_bytes
    assert ready.recognize(COMMON, SCAN, size - 1, ENDLESS) is None
    assert ready.recognize(COMMON, SCAN, size, ENDLESS) is not None


def test_a_process_that_is_killed_fails_its_scan_and_is_replaced(ready: Recognizers) -> None:
    before = pid(ready)
    os.kill(before, signal.SIGKILL)
    with pytest.raises(WorkerLost, match="was killed"):
        ready.recognize(COMMON, SCAN, MOST, ENDLESS)
    assert ready.recognize(COMMON, SCAN, MOST, ENDLESS) is None
    ready.prepare(COMMON, WORTH_SCANS)
    assert pid(ready) != before
    until(lambda: ready.recognize(COMMON, SCAN, MOST, ENDLESS) is not None)


def test_a_process_whose_work_is_over_is_ended(ready: Recognizers) -> None:
    process = ready._idle[0]._process
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(Abandoned):
        ready.recognize(COMMON, SCAN, MOST, Work(is_wanted=lambda: False))
    assert process.returncode == -signal.SIGKILL
    assert not ready._idle


def test_processes_without_work_end(ready: Recognizers, monkeypatch: pytest.MonkeyPatch) -> None:
    process = ready._idle[0]._process
    ready._sweep()
    assert process.poll() is None
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.0)
    ready._sweep()
    assert process.returncode == -signal.SIGKILL
    ready.prepare(COMMON, WORTH_SCANS)
    assert len(ready._idle) == 1


def test_if_no_process_can_be_started_nothing_fails(one: Recognizers, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(module.subprocess, "Popen", refused)
    one.prepare(COMMON, WORTH_SCANS)
    assert one.recognize(COMMON, SCAN, MOST, ENDLESS) is None
