"""`omrclip serve` prints its greeting and its log, and no line of a library, whenever and however it is stopped."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.patience import PATIENCE, until
from tests.servers import PROC, children_of, free_port, new_session

LOGGED = re.compile(r"\S+ \S+ INFO omrclip\.access \[[0-9a-f]{16}\] GET /health 200 .*")
GREETING = [
    "omrclip listens on",
    "  Templates: ",
    "  Images: ",
    "  Results: ",
    "There are no users. ",
    "There are no templates yet. ",
]

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="server processes are found in /proc")


@contextmanager
def serving(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A server in a process group of its own, whose output goes to two files in the folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMRCLIP_")}
    command = [sys.executable, "-m", "omrclip", "serve", "--home", str(folder / "home"), *options]
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=err, text=True, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def printed(folder: Path) -> list[str]:
    """The lines of standard error so far."""
    return (folder / "stderr").read_text().splitlines()


def address(folder: Path) -> str:
    """Where the server listens, as it tells; waits for that."""
    until(lambda: len(printed(folder)) >= len(GREETING))
    return printed(folder)[0].split()[3].rstrip(".")


def answers(url: str) -> bool:
    try:
        return new_session().get(f"{url}health", timeout=PATIENCE).ok
    except requests.ConnectionError:
        return False


def imports_modules(parent: int) -> bool:
    """Whether a server process has imported the first module written in C, long before the last one."""
    return any(".cpython-" in (child / "maps").read_text() for child in children_of(parent))


@pytest.mark.parametrize("started", [True, False], ids=["running", "starting"])
@pytest.mark.parametrize(
    ("number", "everyone"),
    [
        pytest.param(signal.SIGINT, True, id="Ctrl-C in a terminal"),
        pytest.param(signal.SIGTERM, True, id="TERM to all processes, as systemd sends it"),
        pytest.param(signal.SIGTERM, False, id="TERM to the first process"),
    ],
)
def test_only_greeting_and_log_are_printed(
    tmp_path: Path, number: signal.Signals, everyone: bool, started: bool
) -> None:
    with serving(tmp_path, "--port", str(free_port())) as process:
        url = address(tmp_path)
        until(lambda: answers(url) if started else imports_modules(process.pid))
        (os.killpg if everyone else os.kill)(process.pid, number)
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "stdout").read_text() == ""
    lines = [line for line in printed(tmp_path) if not LOGGED.fullmatch(line)]
    assert [line[: len(start)] for line, start in zip(lines, GREETING, strict=True)] == GREETING
