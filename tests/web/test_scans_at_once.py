"""The scans of one request are recognized on several processors, and answered as if one came after the other."""

import json
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from omrclip.admission import Admission
from omrclip.errors import DeadlineExceeded
from omrclip.jobs import ahead
from omrclip.jobs.recognizers import Recognizers
from omrclip.jobs.sources import ScanFile, scan_in_memory
from omrclip.limits import Limits
from omrclip.omr import recognition
from omrclip.omr.memory import recognition_bytes
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan
from omrclip.web import services
from omrclip.web.api import recognitions
from omrclip.web.app import App
from omrclip.work import Work
from tests.patience import PATIENCE, until
from tests.web.api.test_documents import stack
from tests.web.making import Json, asked, encoded, grid, image

JSON, ZIP, LINES = "application/json", "application/zip", "application/x-ndjson"
FOUR = [image(f"{name}.png", encoded(grid(salt=20 * number))) for number, name in enumerate("abcd")]
PAGES = [image("stack.pdf", stack(*(grid(salt=salt) for salt in (0, 20, 40)))), image("d.png")]
MIXED = [FOUR[0], image("broken.png", b"hello"), FOUR[1]]

pytestmark = pytest.mark.usefixtures("two_processors")


@pytest.fixture
def admission(app: App) -> Admission:
    return services.of(app).sources.admission


def without_times(answer: Json) -> Json:
    return json.loads(json.dumps(answer), object_hook=lambda node: {k: v for k, v in node.items() if k != "RunSeconds"})


def told(response: TestResponse) -> list[Json]:
    """What is told of each scan, with the files in the answer, and without times."""
    with response:
        assert response.status_code == 200, response.text
        if response.mimetype == ZIP:
            with zipfile.ZipFile(BytesIO(response.data)) as archive:
                names = [{"Names": archive.namelist()}]
                return [without_times(json.loads(archive.read("results.json"))), *names]
        return [without_times(json.loads(line)) for line in response.text.splitlines()]


@pytest.fixture
def sequential(client: FlaskClient) -> Callable[[list[Json], str], list[Json]]:
    """The answer to the same request where scans are recognized one after the other."""

    def post(images: list[Json], accept: str) -> list[Json]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ahead, "PROCESSORS", 1)
            return told(client.post("/api/recognitions", json=asked(Images=images), headers={"Accept": accept}))

    return post


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many scans of requests were recognized at a time, at each begin of one."""
    at_once: list[int] = []
    now: set[int] = set()

    def counted(known: Callable[..., Recognition]) -> Callable[..., Recognition]:
        def recognize(*arguments: object) -> Recognition:
            now.add(threading.get_ident())
            at_once.append(len(now))
            try:
                return known(*arguments)
            finally:
                now.discard(threading.get_ident())

        return recognize

    monkeypatch.setattr(recognition, "_recognize", counted(recognition._recognize))
    return at_once


def test_two_scans_are_recognized_at_a_time(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    both, recognize = threading.Barrier(2, timeout=PATIENCE), ahead.recognize_at_once

    def together(*arguments: object) -> Recognition | None:
        both.wait()  # each waits until another one is begun
        return recognize(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ahead, "recognize_at_once", together)
    response = client.post("/api/recognitions", json=asked(Images=FOUR))
    assert [one["Name"] for one in response.get_json()["Recognitions"]] == ["a.png", "b.png", "c.png", "d.png"]
    assert not both.broken


@pytest.mark.parametrize("accept", [JSON, ZIP, LINES])
@pytest.mark.parametrize("images", [FOUR, MIXED, PAGES], ids=["images", "a broken one", "pages"])
def test_answers_are_those_of_one_scan_after_the_other(
    client: FlaskClient,
    admission: Admission,
    sequential: Callable[[list[Json], str], list[Json]],
    images: list[Json],
    accept: str,
) -> None:
    response = client.post("/api/recognitions", json=asked(Images=images), headers={"Accept": accept})
    assert told(response) == sequential(images, accept)
    assert admission.admitted_bytes == 0


def test_the_first_scans_come_while_the_last_one_is_recognized(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_read, recognize = threading.Event(), ahead.recognize_at_once

    def waiting(settings: Admission, pages: object, scan: Scan, *others: object) -> Recognition | None:
        assert scan.name != "d.png" or is_read.wait(PATIENCE)
        return recognize(settings, pages, scan, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(ahead, "recognize_at_once", waiting)
    response = client.post("/api/recognitions", json=asked(Images=FOUR), headers={"Accept": LINES}, buffered=False)
    lines = response.iter_encoded()
    first = [json.loads(next(lines))["Recognitions"][0]["Name"] for _ in range(3)]
    is_read.set()
    assert [*first, *(json.loads(line)["Recognitions"][0]["Name"] for line in lines)] == [
        "a.png", "b.png", "c.png", "d.png",
    ]  # fmt: skip
    response.close()


def test_the_memory_is_never_exceeded(
    client: FlaskClient,
    admission: Admission,
    monkeypatch: pytest.MonkeyPatch,
    running: list[int],
    sequential: Callable[[list[Json], str], list[Json]],
) -> None:
    expected = sequential(FOUR, JSON)
    with client.post("/api/recognitions", json=asked(Images=FOUR)):
        assert max(running) <= 2
    running.clear()
    needed = recognition_bytes([], encoded(grid()), RecognitionOptions()) + 300_000_000
    monkeypatch.setattr(admission, "_max_bytes", needed)  # of one scan, and its clips
    assert told(client.post("/api/recognitions", json=asked(Images=FOUR))) == expected
    assert set(running) == {1}
    assert admission.admitted_bytes == 0


@pytest.fixture
def most(admission: Admission, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The memory of all answers, after each change."""
    answers, count = [0], admission._count_answer

    def noted(size: int, beyond: int) -> None:
        count(size, beyond)
        answers.append(admission._load.answers)

    monkeypatch.setattr(admission, "_count_answer", noted)
    admission._wait_seconds = 0
    return answers


@pytest.mark.parametrize("images", [FOUR, MIXED, PAGES], ids=["images", "a broken one", "pages"])
def test_results_for_which_no_memory_is_free_are_made_again_in_their_turn(
    client: FlaskClient,
    admission: Admission,
    monkeypatch: pytest.MonkeyPatch,
    most: list[int],
    sequential: Callable[[list[Json], str], list[Json]],
    images: list[Json],
) -> None:
    expected = sequential(images, LINES)
    times = 4 * 2 * 20  # bytes that the digits of the times of four scans may take
    monkeypatch.setattr(admission, "_max_answers", max(most) + times)
    response = client.post("/api/recognitions", json=asked(Images=images), headers={"Accept": LINES})
    assert told(response) == expected
    assert admission.admitted_bytes == 0


def test_results_that_are_ahead_make_way_for_the_one_whose_turn_it_is(
    client: FlaskClient,
    admission: Admission,
    monkeypatch: pytest.MonkeyPatch,
    most: list[int],
    sequential: Callable[[list[Json], str], list[Json]],
) -> None:
    monkeypatch.setattr(recognitions, "JSON_COST", 0)  # only clips count
    expected, take = sequential(FOUR, LINES), ahead.Ahead.take
    enough, together = max(most), []

    def when_all_are_done(self: ahead.Ahead, index: int) -> ahead.Begun | None:
        taken = take(self, index)
        for begun in self._begun.values():
            begun.exception(PATIENCE)
        together.append(admission._load.answers)
        return taken

    monkeypatch.setattr(ahead.Ahead, "take", when_all_are_done)
    asked_for = {"json": asked(Images=FOUR), "headers": {"Accept": LINES}}
    assert told(client.post("/api/recognitions", **asked_for)) == expected
    assert enough < together[0]
    monkeypatch.setattr(admission, "_max_answers", together[0])  # nothing is left for the first line
    assert told(client.post("/api/recognitions", **asked_for)) == expected
    assert admission.admitted_bytes == 0


def test_a_client_that_leaves_ends_the_scans_that_are_ahead(
    client: FlaskClient, admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    recognize = ahead.recognize_at_once

    def noted(settings: Admission, pages: object, scan: Scan, *others: object) -> Recognition | None:
        begun.append(scan.name)
        return recognize(settings, pages, scan, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(ahead, "recognize_at_once", noted)
    monkeypatch.setattr(ahead, "BEGUN", 1)
    response = client.post("/api/recognitions", json=asked(Images=FOUR), headers={"Accept": LINES}, buffered=False)
    next(response.iter_encoded())
    response.close()
    assert admission.admitted_bytes == 0
    assert "d.png" not in begun


def test_processes_give_the_same_answer(
    client: FlaskClient,
    admission: Admission,
    monkeypatch: pytest.MonkeyPatch,
    sequential: Callable[[list[Json], str], list[Json]],
) -> None:
    monkeypatch.setattr("omrclip.jobs.recognizers.WORTH_SCANS", 2)
    with closing(Recognizers(2)) as processes:
        monkeypatch.setattr(ahead, "recognizers", processes)
        results: list[Recognition | None] = []
        recognize = processes.recognize

        def noted(*arguments: object) -> Recognition | None:
            results.append(recognize(*arguments))  # type: ignore[arg-type]
            return results[-1]

        monkeypatch.setattr(processes, "recognize", noted)
        assert told(client.post("/api/recognitions", json=asked(Images=FOUR))) == sequential(FOUR, JSON)
        until(lambda: len(processes._idle) == 2 and all(process.is_ready() for process in processes._idle))
        results.clear()
        for images in (FOUR, MIXED, PAGES):
            assert told(client.post("/api/recognitions", json=asked(Images=images))) == sequential(images, JSON)
        assert len(results) == len(FOUR) + len(MIXED) + 4
        assert None not in results
    assert admission.admitted_bytes == 0


def files(count: int) -> list[ScanFile]:
    return [scan_in_memory(Scan(f"{number}.png", encoded(grid()))) for number in range(count)]


def test_scans_are_not_begun_when_the_time_is_over() -> None:
    admission = Admission(2, 10**9, 0, 0)
    begun = ahead.Ahead(files(3), ahead.Settings(admission, [], RecognitionOptions(), Limits(), Work(0, 1)))
    assert begun.take(0) is None
    with pytest.raises(DeadlineExceeded):
        Work(0, 1).check()
    assert begun.close()
    assert admission.admitted_bytes == 0


def test_only_a_few_scans_are_begun_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    admission = Admission(2, 10**9, 0, 0)
    begun: list[str] = []

    def noted(_admission: Admission, _pages: object, scan: Scan, *_: object) -> None:
        begun.append(scan.name)

    monkeypatch.setattr(ahead, "recognize_at_once", noted)
    settings = ahead.Settings(admission, [], RecognitionOptions(), Limits(), Work())
    scans = ahead.Ahead(files(100), settings)
    assert scans.take(0) is not None
    scans.close()
    assert 1 <= len(begun) <= 4


def test_one_scan_is_recognized_in_the_thread_of_its_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as closed:
        pass
    monkeypatch.setattr(ahead, "_threads", closed)
    assert client.post("/api/recognitions", json=asked()).status_code == 200
