"""Measure requests with many scans: `python -m tests.benchmarks.at_once [--scans 24] [--rounds 5]`.

A server on one processor and one on two, each with one server process, get the same requests in turns: scans of the
exam sheet at 300 dpi, whose marks are read. The gain is taken within a round, so that what slows the machine slows both
sides. The first request, for which processes are started, is told apart.

Processor time is that of all processes of the server. If they took much more of it with two processors than with one,
the machine, and not omrclip, would set the limit.
"""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import requests

from tests.servers import Server, new_session, processor_seconds_of, running

ROOT = Path(__file__).parents[2]
SCANS = 24
MEMORY_BYTES = 2 << 30
"""Two scans of this size fit into the memory of a server process together."""
TIMEOUT = 300
STARTING_SECONDS = 5.0
"""After the first request, until the processes are ready."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a request took: seconds, and processor seconds of the server."""

    seconds: float
    processor: float


@contextmanager
def server_on(processors: int) -> Iterator[Server]:
    """A server that may use so many processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:processors])
    try:
        with ExitStack() as stack:
            server = stack.enter_context(running(ROOT, workers=1, memory_bytes=MEMORY_BYTES))
            os.sched_setaffinity(0, before)
            yield server
    finally:
        os.sched_setaffinity(0, before)


def send(session: requests.Session, server: Server, scans: int) -> Took:
    """Send a request, and check that all scans passed."""
    data = (ROOT / "samples" / "exam-scan-1.jpg").read_bytes()
    files = [("Images", (f"{number}.jpg", data)) for number in range(scans)]
    template = {
        "Template": ("exam.omr", (ROOT / "templates_omr" / "exam.omr").read_bytes()),
        "TemplateImage": ("exam.png", (ROOT / "templates_omr" / "exam.png").read_bytes()),
    }
    used, started = sum(processor_seconds_of(server)), time.perf_counter()
    answer = session.post(f"{server.url}/api/recognitions", files=[*files, *template.items()], timeout=TIMEOUT)
    seconds = time.perf_counter() - started
    assert answer.status_code == 200, answer.text
    assert [one["Error"] for one in answer.json()["Recognitions"]] == [None] * scans
    return Took(seconds, sum(processor_seconds_of(server)) - used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=SCANS)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with server_on(1) as one, server_on(2) as two, new_session() as session:
        first = [send(session, server, asked.scans) for server in (one, two)]
        time.sleep(STARTING_SECONDS)
        rounds = [[send(session, server, asked.scans) for server in (one, two)] for _ in range(asked.rounds + 1)][1:]
    click.echo(f"{asked.scans} scans a request; medians of {asked.rounds}")
    click.echo("| Processors | First request, s | Request, s | Processor s |")
    click.echo("| --- | ---: | ---: | ---: |")
    for at, name in enumerate(("1", "2")):
        each = [took[at] for took in rounds]
        click.echo(
            f"| {name} | {first[at].seconds:.2f} | {median(took.seconds for took in each):.2f} "
            f"| {median(took.processor for took in each):.2f} |"
        )
    gains = sorted(one.seconds / two.seconds for one, two in rounds)
    click.echo(f"\nTwo processors are {median(gains):.2f} times as fast as one ({gains[0]:.2f} to {gains[-1]:.2f}).")


if __name__ == "__main__":
    main()
