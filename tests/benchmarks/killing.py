"""Kill a batch again and again: `python -m tests.benchmarks.killing FOLDER [--pages 200] [--kills 20]`.

A stack with the exam sheet at 300 dpi (a PDF of JPEG pages, and two damaged images) is recognized once
without disturbance, and then once in each of three ways, while processes are killed (SIGKILL) at random moments:

- local: `omrclip batch`, or one of its worker processes;
- dask: `omrclip batch --engine dask`, the scheduler, or a worker of the cluster;
- server: a batch over HTTP, with the server, its runner, or a worker of the runner.

Whatever was killed is started again in the same way, as a person or a supervisor does. At the end all files of the
batch are compared with those of the undisturbed run: clips, rejected pages, ledger, records and tables.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
import requests

from omrclip.library import blank_page_beside
from tests.benchmarks.batches import command, write_stacks
from tests.benchmarks.sheet import SEED
from tests.patience import PATIENCE, until
from tests.servers import free_port, new_session, running

SHORTEST, LONGEST = 0.5, 8.0
"""Seconds between kills. A command starts in about 2 s, so some kills meet one that starts, and some meet one that
recognizes. On a busy machine give more with --longest."""
WORKERS = 2
TIMES = {"docProps/core.xml"}
"""The member of a workbook that tells when it was written."""


def state_of(out: Path) -> dict[str, object]:
    """What a batch has written, without times: the content of each file, and what the ledger says about each scan.

    A task that was lost is given again in parts, so the files of ledger and records have other names. If a process is
    killed after it has written the records of a task and before the ledger, these records count for nothing.
    """
    found: dict[str, object] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = str(path.relative_to(out))
        if path.parent.name not in ("ledger", "records") and not name.startswith("."):
            found[name] = _workbook(path) if path.suffix == ".xlsx" else path.read_bytes()
    scans, records = [], []
    for path in (out / "ledger").iterdir():
        scans += [(scan["Name"], scan["Passed"], scan["Doubtful"]) for scan in json.loads(path.read_bytes())["Scans"]]
        records += (out / "records" / f"{path.stem}.jsonl").read_bytes().splitlines()
    found["ledger"], found["records"] = sorted(scans), sorted(records)
    return found


def _workbook(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist() if name not in TIMES}


def differences(found: dict[str, object], expected: dict[str, object]) -> list[str]:
    """The names of what differs."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


@dataclass
class Killer:
    """Kills processes at random moments until it has killed enough."""

    left: int
    longest: float
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)

    def wait(self, end: Callable[[], object]) -> bool:
        """Wait for a random time. Returns whether to kill now: not if it is over, which is when `end` gives no None."""
        until = time.monotonic() + self.chance.uniform(SHORTEST, self.longest)
        while end() is None and (time.monotonic() < until or not self.left):
            time.sleep(0.05)
        return end() is None

    def kill(self, victims: list[tuple[str, int]]) -> str:
        """Kill one of some processes, and return what it is."""
        kind = self.chance.choice(sorted({kind for kind, _ in victims}))
        pid = self.chance.choice([pid for name, pid in victims if name == kind])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed[kind] += 1
            self.left -= 1
        return kind


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def workers_of(pid: int) -> list[int]:
    """The worker processes that a process started."""
    found = []
    with suppress(OSError):
        for child in children(pid):
            with suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
    return found


def start(arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as sink:
        return subprocess.Popen(arguments, stdout=sink, stderr=sink)


def killed_locally(arguments: list[str], log: Path, killer: Killer) -> None:
    """Run a command until it ends by itself."""
    while True:
        process = start(arguments, log)
        while killer.wait(process.poll):
            workers = [("worker", pid) for pid in workers_of(process.pid)]
            if killer.kill([("command", process.pid), *workers]) == "command":
                process.wait()
        if process.wait() in {0, 1}:
            return
        assert process.returncode == -signal.SIGKILL, (process.returncode, log.read_text()[-1000:])


def killed_on_dask(arguments: list[str], log: Path, killer: Killer) -> None:
    """Run a command with a cluster of its own until it ends by itself. The command fails if the scheduler is killed."""
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    dask = [sys.executable, "-m", "dask"]
    parts = {
        "scheduler": [*dask, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"],
        **{
            f"worker {number}": [*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
            for number in range(WORKERS)
        },
        "command": [*arguments, "--engine", "dask", "--scheduler", address],
    }
    with ExitStack() as stack:
        running = {name: start(part, log) for name, part in parts.items()}
        stack.callback(lambda: [process.kill() or process.wait() for process in running.values()])
        while True:
            command = running["command"]
            is_wanted = killer.wait(command.poll)
            if is_wanted:
                alive = [(name.split()[0], process.pid) for name, process in running.items() if process.poll() is None]
                killer.kill(alive)
                time.sleep(0.2)
            elif command.returncode in {0, 1}:
                return
            for name, process in running.items():
                if process.poll() is not None:
                    running[name] = start(parts[name], log)


def killed_on_the_server(stack: list[str], template: Path, home: Path, killer: Killer) -> Path:
    """Give a batch to a server, and return its folder of results when it is done."""
    (home / "templates").mkdir(parents=True)
    for path in (template, blank_page_beside(template)):
        if path:
            (home / "templates" / path.name).write_bytes(path.read_bytes())
    identifier = ""
    session = new_session()
    while True:
        with running(home=home, workers=WORKERS) as server:
            address = f"{server.url}/api/batches"
            if not identifier:
                identifier = _sent(session, address, template.stem, [Path(source) for source in stack])

            def end(address: str = f"{address}/{identifier}") -> str | None:
                with suppress(requests.RequestException):
                    state = session.get(address, timeout=PATIENCE).json()["State"]
                    return state if state in {"done", "failed"} else None
                return None

            while killer.wait(end):
                inner = [pid for pid in children(server.pid) if b"batches.runner" in _command_of(pid)]
                victims = [("server", server.pid), *(("runner", pid) for pid in inner)]
                victims += [("worker", pid) for runner in inner for pid in workers_of(runner)]
                others = [*inner, *workers_of(server.pid)]
                if killer.kill(victims) == "server":
                    until(lambda others=others: not any(Path(f"/proc/{pid}").exists() for pid in others))
                    break
            else:
                told = session.get(f"{address}/{identifier}", timeout=PATIENCE).json()
                assert told["State"] == "done", told
                return home / "results" / "batches" / identifier / "results"


def _command_of(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _sent(session: requests.Session, address: str, template: str, documents: list[Path]) -> str:
    """Create a batch, add documents, and return its identifier."""
    answer = session.post(address, json={"Name": "June", "Template": template}, timeout=PATIENCE)
    answer.raise_for_status()
    for document in documents:
        uri = f"{answer.json()['Uri']}/sheets"
        body = {"Sheets": (document.name, document.read_bytes())}
        session.post(uri, files=body, timeout=PATIENCE).raise_for_status()
    return str(answer.json()["Identifier"])


def sources(folder: Path, pages: int) -> list[str]:
    """A PDF, and two damaged images that the server takes too, because their heads are whole."""
    stack = write_stacks(folder, pages)["PDF"]
    page = Path(folder, "pages/00000.jpg").read_bytes()
    for name, size in (("damaged.jpg", 5000), ("cut.jpg", len(page) // 2)):
        (folder / name).write_bytes(page[:size])
        stack.append(str(folder / name))
    return stack


def ways(folder: Path, stack: list[str]) -> Iterator[tuple[str, Callable[[Killer], Path]]]:
    """The ways to run a batch under kills. Each returns the folder of the results."""

    def locally(killer: Killer) -> Path:
        out = folder / "local"
        killed_locally(command(folder, stack, out, WORKERS), folder / "local.log", killer)
        return out

    def on_dask(killer: Killer) -> Path:
        out = folder / "dask"
        killed_on_dask(command(folder, stack, out, WORKERS), folder / "dask.log", killer)
        return out

    def on_the_server(killer: Killer) -> Path:
        return killed_on_the_server(stack, folder / "form.omr", folder / "home", killer)

    yield from (("local", locally), ("dask", on_dask), ("server", on_the_server))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty folder, or one of an earlier run without results")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=LONGEST, help="seconds between kills at most")
    parser.add_argument("--ways", nargs="+", default=["local", "dask", "server"])
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    stack = sources(asked.folder, asked.pages)
    out = asked.folder / "undisturbed"
    assert start(command(asked.folder, stack, out, WORKERS), asked.folder / "undisturbed.log").wait() == 1
    expected = state_of(out)
    failures = 0
    for name, run in ways(asked.folder, stack):
        if name not in asked.ways:
            continue
        killer = Killer(asked.kills, asked.longest, random.Random(f"{asked.seed} {name}"))
        differ = differences(state_of(run(killer)), expected)
        failures += bool(differ) or bool(killer.left)
        killed = ", ".join(f"{count} × {kind}" for kind, count in sorted(killer.killed.items()))
        told = (
            f"{len(differ)} of {len(expected)} differ, such as {differ[:5]}" if differ else "all results are the same"
        )
        click.echo(f"{name}: killed {killed}; {told}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
