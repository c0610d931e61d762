"""A real `omrclip serve` in processes of its own, and the memory that they take."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from tests.patience import PATIENCE

PROC: Final = Path("/proc")
_SERVE: Final = "from omrclip.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens on loopback: its base URL, and the id of its first process."""

    url: str
    pid: int


@contextmanager
def running(stores: Path | None = None, **settings: object) -> Iterator[Server]:
    """Start a server with the default settings, but for those given by their names in lower case; stop it at the end.

    `stores` is the folder in which the server finds `templates_omr/` and `samples/`; without it they are empty. If
    `home` is given, it is the home folder of the server instead.
    """
    if "home" not in settings:
        settings = {"home": ".", "templates": "templates_omr", "images": "samples", **settings}
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        log = Path(folder, "server.log")
        with log.open("wb") as sink:
            command = [sys.executable, "-c", _SERVE, "serve", "--host", "127.0.0.1", "--port", str(port)]
            cwd = stores or Path(folder)
            process = subprocess.Popen(command, cwd=cwd, env=_environment(settings), stdout=sink, stderr=sink)
        try:
            server = Server(f"http://127.0.0.1:{port}", process.pid)
            _wait_until_healthy(server, process, log)
            yield server
        finally:
            _stop(process)


def patient(stores: Path, **settings: object) -> AbstractContextManager[Server]:
    """As `running`, for the pages of a browser: on a busy machine, pictures wait for each other and are not refused."""
    return running(stores, decode_wait_seconds=round(PATIENCE), **settings)


def free_port(host: str = "127.0.0.1") -> int:
    """A port of an address that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as reserved:
        reserved.bind((host, 0))
        return int(reserved.getsockname()[1])


def _environment(settings: dict[str, object]) -> dict[str, str]:
    """Ours without the settings of another server."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OMRCLIP_")}
    return {
        **inherited,
        "OMRCLIP_OCR_COMMAND": "off",
        **{f"OMRCLIP_{name.upper()}": str(value) for name, value in settings.items()},
    }


def _wait_until_healthy(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    session = new_session()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if session.get(f"{server.url}/health", timeout=PATIENCE).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def new_session() -> requests.Session:
    """A session that keeps its connection, and goes through no proxy."""
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes of a server's processes, as sums: now, and each process's highest so far; and of the largest."""

    now: int
    peak: int
    largest: int
    processes: int


def memory_of(server: Server) -> Memory | None:
    """None where there is no `/proc`."""
    if not (PROC / "self" / "status").is_file():
        return None
    statuses = _tree(server.pid)
    return Memory(
        now=sum(_bytes(status, "VmRSS") for status in statuses),
        peak=sum(_bytes(status, "VmHWM") for status in statuses),
        largest=max(_bytes(status, "VmRSS") for status in statuses),
        processes=len(statuses),
    )


def children_of(parent: int) -> list[Path]:
    """The folders in /proc of the server processes that a first process started."""
    found = []
    for path in PROC.glob("[0-9]*"):
        try:
            is_child = f"PPid:\t{parent}\n" in (path / "status").read_text()
            if is_child and b"spawn_main" in (path / "cmdline").read_bytes():
                found.append(path)
        except OSError:
            pass  # it ended meanwhile
    return found


def processor_seconds_of(server: Server) -> list[float]:
    """The processor time of a server's processes so far, that of the first process first."""
    return processor_seconds_of_tree(server.pid)


def processor_seconds_of_tree(root: int) -> list[float]:
    """The processor time so far of a process and of all that it started, that of the process first."""
    ticks = os.sysconf("SC_CLK_TCK")
    stats = [(PROC / status["Pid"].strip() / "stat").read_text().rpartition(")")[2].split() for status in _tree(root)]
    return [(int(stat[11]) + int(stat[12])) / ticks for stat in stats]


def _tree(root: int) -> list[dict[str, str]]:
    """The status of a process and of all that it started."""
    statuses = {int(status["Pid"]): status for path in PROC.glob("[0-9]*/status") if (status := _read(path))}
    found, unexplored = [], [root]
    while unexplored:
        pid = unexplored.pop()
        found.append(statuses[pid])
        unexplored += [child for child, status in statuses.items() if int(status["PPid"]) == pid]
    return found


def _read(status: Path) -> dict[str, str] | None:
    """The lines of a status file; None where its process has ended meanwhile."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return None
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _bytes(status: dict[str, str], key: str) -> int:
    return int(status.get(key, "0 kB").split()[0]) * 1024
