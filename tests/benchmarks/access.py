"""The processor time of a cached tile with log-in and without: `python -m tests.benchmarks.access`. Linux only.

Two servers have the same image, one without accounts and one with. They get the same requests for one tile, in turns,
on one connection that stays open. Each row is a way to show who asks. The times are those of all processes of a
server, so another load on the machine changes them least. The goal is at most 1.3 times the time of the open server.
"""

import argparse
import http.client
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from omrclip.imaging.tiff.writing import write_pyramid
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.benchmarks.iiif.idling import wait_until_idle
from tests.benchmarks.measuring import MILLISECONDS, machine
from tests.grid import position_ramp
from tests.servers import new_session, processor_seconds_of_tree, running

IMAGE: Final = "scan.tif"
PATHS: Final = {
    "tile": f"/iiif/3/{IMAGE}/0,0,512,512/512,512/0/default.jpg",
    "info.json": f"/iiif/3/{IMAGE}/info.json",
}
PASSWORD: Final = "a password for this benchmark"
GOAL: Final = 1.3


@dataclass(frozen=True, slots=True)
class Way:
    """One row: a server, and what its requests have beside the path."""

    name: str
    url: str
    pid: int
    prefix: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, requests: int) -> float:
        """The processor time of a request in ms, as the mean of so many."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc)
        try:
            _get(connection, self.prefix + path, self.headers)
            before = sum(processor_seconds_of_tree(self.pid))
            for _ in range(requests):
                _get(connection, self.prefix + path, self.headers)
            return (sum(processor_seconds_of_tree(self.pid)) - before) / requests * MILLISECONDS
        finally:
            connection.close()


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> None:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")


def ways(servers: ExitStack) -> Iterator[Way]:
    """The open server, and then the ways to ask the other one."""
    homes = [Path(servers.enter_context(TemporaryDirectory())) for _ in range(2)]
    for home in homes:
        (home / "images").mkdir()
        with (home / "images" / IMAGE).open("wb") as file:
            write_pyramid(position_ramp(3000, 2200), file)
    accounts = Accounts(homes[1] / "accounts.sqlite")
    accounts.add(Account(Kind.USER, "ann", frozenset(Scope), ""), PASSWORD)
    session = accounts.log_in(Kind.USER, "ann", PASSWORD, "").token
    accounts.close()
    opened, guarded = (servers.enter_context(running(home=home, workers=1)) for home in homes)
    for server in (opened, guarded):
        wait_until_idle(server.pid)
    bearer = {"Authorization": f"Bearer {session}"}
    link = new_session().post(f"{guarded.url}/api/links", json={"Target": IMAGE}, headers=bearer, timeout=60).json()
    yield Way("open", opened.url, opened.pid)
    yield Way("cookie of a session", guarded.url, guarded.pid, headers={"Cookie": f"omrclip={session}"})
    yield Way("access token", guarded.url, guarded.pid, headers=bearer)
    yield Way("signed link", guarded.url, guarded.pid, prefix=urlsplit(link["Base"]).path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.access")
    parser.add_argument("--rounds", type=int, default=15, help="how often each row is measured (15)")
    parser.add_argument("--requests", type=int, default=400, help="requests of one measurement (400)")
    asked = parser.parse_args(arguments)
    sys.stdout.write(f"{machine()}\n{asked.rounds} rounds of {asked.requests} requests\n")
    with ExitStack() as servers:
        rows = list(ways(servers))
        for name, path in PATHS.items():
            for way in rows:
                way.ask(path, asked.requests)
            times = np.array([[way.ask(path, asked.requests) for way in rows] for _ in range(asked.rounds)])
            ratios = np.percentile(times / times[:, :1], [25, 50, 75], axis=0)
            sys.stdout.write(f"\n{name}, processor time of a request\n")
            for way, time, (low, median, high) in zip(rows, np.median(times, axis=0), ratios.T, strict=True):
                told = "" if way is rows[0] else f"  {median:.2f} ({low:.2f} to {high:.2f}), goal ≤ {GOAL:.2f}"
                sys.stdout.write(f"{way.name:<20} {time:6.3f} ms{told}\n")


if __name__ == "__main__":
    main()
