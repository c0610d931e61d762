"""The process that runs batches beside a real server: nothing is lost, whatever is killed."""

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from omrclip.storage.batches import Batches
from tests.jobs.batches.work import results
from tests.patience import PATIENCE, until
from tests.servers import PROC, Server, children_of, new_session, running
from tests.web.api.test_documents import SHADES, stack
from tests.web.making import encoded, grid, omr, template

NAMES = [f"page {number}.png" for number in range(12)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "form.omr").write_bytes(omr(template()))
    return tmp_path


@pytest.fixture
def session() -> requests.Session:
    return new_session()


def created(session: requests.Session, server: Server) -> str:
    body = {"Name": "June", "Template": "form", "Options": {"ClipFormat": "png"}}
    answer = session.post(f"{server.url}/api/batches", json=body, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["Identifier"])


def state(session: requests.Session, server: Server, identifier: str) -> dict[str, Any]:
    return dict(session.get(f"{server.url}/api/batches/{identifier}", timeout=PATIENCE).json())


def runner_of(server: Server) -> int | None:
    """The process beside the server processes."""
    for path in PROC.glob("[0-9]*"):
        try:
            is_child = f"PPid:\t{server.pid}\n" in (path / "status").read_text()
            if is_child and b"batches.runner" in (path / "cmdline").read_bytes():
                return int(path.name)
        except OSError:
            pass  # it ended meanwhile
    return None


def is_running(pid: int | None) -> bool:
    with suppress(OSError):
        return "\nState:\tZ" not in Path(PROC, str(pid), "status").read_text()
    return False


@pytest.mark.skipif(not PROC.is_dir(), reason="processes are found in /proc")
def test_a_server_recognizes_a_pdf_and_its_runner_is_small_until_then(home: Path, session: requests.Session) -> None:
    with running(home=home, workers=1) as server:
        until(lambda: runner_of(server) is not None)
        maps = Path(PROC, str(runner_of(server)), "maps")
        identifier = created(session, server)
        assert "cv2" not in maps.read_text()
        body = {"data": stack(*SHADES), "headers": {"Content-Type": "application/pdf"}, "timeout": PATIENCE}
        address = f"{server.url}/api/batches/{identifier}"
        assert session.post(f"{address}/sheets?name=stack.pdf", **body).json()["Taken"][0]["Sheets"] == 3
        until(lambda: state(session, server, identifier)["State"] == "done")
        rows = session.get(f"{address}/results.csv", timeout=PATIENCE).text.splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == [f"stack-p000{number}.pdf" for number in (1, 2, 3)]


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[str, bytes]:
    """The results of the scans without a server."""
    from tests.jobs.batches.work import job, run, scans

    run(job(tmp_path / "undisturbed", scans(tmp_path / "scans", *NAMES)), processes=1)
    return results(tmp_path / "undisturbed")


@pytest.mark.skipif(not PROC.is_dir(), reason="processes are found in /proc")
def test_results_are_the_same_after_the_runner_and_the_server_were_killed(
    home: Path, session: requests.Session, undisturbed: dict[str, bytes]
) -> None:
    with running(home=home, workers=1) as server:
        until(lambda: runner_of(server) is not None)
        identifier = created(session, server)
        files = [("Sheets", (name, encoded(grid(salt=number)))) for number, name in enumerate(NAMES)]
        answer = session.post(f"{server.url}/api/batches/{identifier}/sheets", files=files, timeout=PATIENCE)
        assert len(answer.json()["Taken"]) == len(NAMES)
        ledger = home / "results" / "batches" / identifier / "results" / "ledger"
        until(lambda: ledger.is_dir() and any(ledger.iterdir()))
        first = runner_of(server)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: runner_of(server) not in (None, first))
        second, others = runner_of(server), children_of(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not any(is_running(pid) for pid in (second, *(int(other.name) for other in others))))
    with running(home=home, workers=1) as server:
        until(lambda: state(session, server, identifier)["State"] == "done")
        assert state(session, server, identifier)["Passed"] == len(NAMES)
    found = results(home / "results" / "batches" / identifier / "results")
    assert found == undisturbed


@pytest.fixture
def config(home: Path) -> Config:
    return replace(Config.from_env({"OMRCLIP_HOME": str(home)}), workers=1)


def test_one_process_runs_the_batches_of_a_folder(config: Config) -> None:
    one, other = Runner(config), Runner(config)
    batches = Batches(config)
    Path(config.results, "batches").mkdir(parents=True)
    one.look()
    other.look()
    assert batches.hold() is None
    assert (len(one._held), len(other._held)) == (1, 0)
    one.close()
    other.look()
    assert len(other._held) == 1
    other.close()


def test_batches_without_work_are_not_opened(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    runner, batches = Runner(config), Batches(config)
    identifier = batches.new_identifier()
    batches.create(identifier, "June", ["form"], {}, None)
    runner.look()

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Batches, "_file", fail)
    runner.look()
    runner.close()
