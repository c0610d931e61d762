"""How fast the image server is beside iipsrv, on the same image.

    python -m tests.benchmarks.iiif [--rounds 5] [--seconds 3] [--only clips] [--memory]

An A3 scan of two filled sheets (6000 × 4000 px, JPEG of quality 90, 4:2:0) lies in one folder twice: as that JPEG, and
as the pyramidal TIFF of 256-px JPEG tiles that vips makes of it. iipsrv reads the TIFF, its best source; ours reads
both. iipsrv runs as two processes behind nginx by FastCGI, ours as `omrclip serve` with two workers.

Warm: wrk sends the requests of a row again and again, on eight connections that stay open. A first measurement is not
counted. The second table has the processor time of all processes of a server for each request: another load on the
machine changes it least. Both servers have their caches, of the default sizes. In the row `clips, each new` no request
is sent twice, so that pixels are cut and encoded for each answer. `304` asks as a client that has the answer already.

Cold: a fresh server for each round, which gets each request once, one after the other; the median, and how long the
first took. Files are in the operating system's cache throughout. Of two tables the first is of images that ours has
never seen, without a cache folder, as it runs by default. The second is of a restart: ours has a cache folder, in
which an earlier server left what it found out about the images while it answered EARLIER, which is asked for in no row;
each round begins with a copy of that folder. iipsrv keeps nothing between runs, so it does the same in both. A server
has come to rest before it is asked.

Why this is fair: ours and theirs are measured in turns, a ratio is taken within its round, and the tables show medians
over the rounds. Both encode JPEG with the same quality and subsampling, and give the same pictures in the same
dimensions: that is checked first. wrk runs on the same cores, and takes the same of both. iipsrv gets what was best for
it: one Unix socket for both processes, one thread a process, no log.

With `--memory` the server gets 10,000 mixed requests over 200 images of 8 megapixels instead.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from omrclip.imaging.formats.writing import DEFAULT_QUALITY
from omrclip.serving.stored_levels import SETTLED_SECONDS
from tests.benchmarks.iiif.idling import wait_until_idle
from tests.benchmarks.iiif.likeness import likeness
from tests.benchmarks.iiif.load import ask_fast, ask_in_turn, entity_tags
from tests.benchmarks.iiif.memory import memory_under_mixed_requests
from tests.benchmarks.iiif.peer import missing_packages, running_iipsrv
from tests.benchmarks.iiif.pictures import JPEG_NAME, TIFF_NAME, make_sources
from tests.benchmarks.iiif.report import OURS, PEER, Result, cold_table, processor_table, warm_table
from tests.benchmarks.iiif.rows import DIMENSIONS, EARLIER, ROWS, WARM_UP, Row, chosen
from tests.benchmarks.measuring import MILLISECONDS, machine
from tests.servers import processor_seconds_of_tree, running

WORKERS: Final = 2
# More than this runs already: what is measured now is measured beside something else.
BUSY_LOAD: Final = 0.5


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what came out."""
    asked = _parser().parse_args(arguments)
    _say(machine())
    if asked.memory:
        _say(memory_under_mixed_requests(asked.images, asked.requests))
        return
    if missing := missing_packages():
        sys.exit(f"not installed: {', '.join(missing)}. On Debian: apt-get install {' '.join(missing)}")
    if (load := os.getloadavg()[0]) > BUSY_LOAD:
        _say(f"the machine is not idle: its load is {load:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_sources(folder, DEFAULT_QUALITY)
        sizes = ", ".join(f"{(folder / file).stat().st_size:,} bytes as {file[-3:]}" for file in (JPEG_NAME, TIFF_NAME))
        _say(f"image: {DIMENSIONS} px, {sizes}; answers: JPEG of quality {DEFAULT_QUALITY}")
        _say(f"{WORKERS} processes each; {asked.rounds} rounds of {asked.seconds} s\n")
        with ExitStack() as servers:
            running_now = {name: servers.enter_context(started(name, folder)) for name in (PEER, *OURS)}
            compare({name: server.image for name, server in running_now.items()}, chosen(asked.only))
            measured = list(warm(running_now, chosen(asked.only), asked.rounds, asked.seconds))
        for line in warm_table(rates for rates, _ in measured):
            _say(line)
        _say("")
        for line in processor_table(times for _, times in measured):
            _say(line)
        _say("")
        for line in cold_table(cold(folder, chosen(asked.only), asked.rounds), "cold, never seen, ms"):
            _say(line)
        _say("")
        with seen_before(folder) as left:
            for line in cold_table(cold(folder, chosen(asked.only), asked.rounds, left), "cold, restarted, ms"):
                _say(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.iiif")
    parser.add_argument("--rounds", type=_positive, default=5, help="how often each row is measured (5)")
    parser.add_argument("--seconds", type=_positive, default=3, help="how long each warm measurement takes (3)")
    names = [row.name for row in ROWS]
    parser.add_argument("--only", metavar="ROW", action="append", default=[], choices=names, help="one row; repeatable")
    parser.add_argument("--memory", action="store_true", help="measure the server's memory instead")
    parser.add_argument("--images", type=_positive, default=200, help="images for --memory (200)")
    parser.add_argument("--requests", type=_positive, default=10_000, help="requests for --memory (10000)")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Started:
    """A server that was started: the URI of the image on it, and the ids of its first processes."""

    image: str
    processes: Sequence[int]

    def processor_seconds(self) -> float:
        """The processor time that all its processes have taken so far."""
        return sum(sum(processor_seconds_of_tree(process)) for process in self.processes)


@contextmanager
def started(name: str, folder: Path, **settings: object) -> Iterator[Started]:
    """Start the server of this name in the tables; ours gets these settings."""
    if name == PEER:
        with running_iipsrv(folder, DEFAULT_QUALITY) as (base, processes):
            yield Started(f"{base}/{TIFF_NAME}", processes)
    else:
        with running(images=folder, workers=WORKERS, **settings) as server:
            wait_until_idle(server.pid)
            yield Started(f"{server.url}/iiif/2/{OURS[name]}", [server.pid])


def compare(images: Mapping[str, str], asked: Iterable[Row]) -> None:
    """See that the servers give the same pictures.

    Raises:
        RuntimeError: they do not.
    """
    for row in asked:
        if row.is_picture and not row.conditional:
            seen = likeness([*(images[name] for name in OURS), images[PEER]], row.requests(WARM_UP))
            quality = "the same quality" if seen.same_quality else "DIFFERENT quality"
            _say(f"{row.name}: at most {seen.difference:.1f} grey levels apart, {quality}")
    _say("")


def warm(
    servers: Mapping[str, Started], asked: Iterable[Row], rounds: int, seconds: int
) -> Iterator[tuple[Result, Result]]:
    """Requests a second of each row, and milliseconds of processor time for each request."""
    for row in asked:
        tags = {
            name: entity_tags(server.image, row.requests(WARM_UP))
            for name, server in servers.items()
            if row.conditional
        }
        able = [name for name in servers if not row.conditional or tags[name] is not None]
        for name in able:
            ask_fast(servers[name].image, row.requests(WARM_UP), 1, tags.get(name))
        rates: dict[str, list[float]] = {name: [] for name in able}
        times: dict[str, list[float]] = {name: [] for name in able}
        for turn in range(rounds):
            requests = row.requests(turn)
            for name in able:
                before = servers[name].processor_seconds()
                load = ask_fast(servers[name].image, requests, seconds, tags.get(name))
                if row.is_each_new and load.answers > len(requests):
                    raise RuntimeError(f"{load.answers} answers to {len(requests)} requests; take fewer --seconds")
                rates[name].append(load.rate)
                times[name].append((servers[name].processor_seconds() - before) / load.answers * MILLISECONDS)
        yield Result(row, row.name, rates), Result(row, row.name, times)


@contextmanager
def seen_before(folder: Path) -> Iterator[Path]:
    """The cache folder that a server leaves that was asked for EARLIER of both images."""
    time.sleep(SETTLED_SECONDS)  # what is newer is not put down
    with tempfile.TemporaryDirectory() as left:
        for name in OURS:
            with started(name, folder, cache_folder=left) as server:
                ask_in_turn(server.image, EARLIER)
        yield Path(left)


@contextmanager
def cache_settings(left: Path | None) -> Iterator[dict[str, object]]:
    """Settings of a server that finds a copy of what another left in its cache folder; none, where there is none."""
    if left is None:
        yield {}
        return
    with tempfile.TemporaryDirectory() as name:
        yield {"cache_folder": shutil.copytree(left, Path(name, "cache"))}


def cold(folder: Path, asked: Iterable[Row], rounds: int, left: Path | None = None) -> Iterator[Result]:
    """Milliseconds of each row: of the median request, and of the first."""
    for row in asked:
        if not row.cold:
            continue
        medians: dict[str, list[float]] = {name: [] for name in (PEER, *OURS)}
        firsts: dict[str, list[float]] = {name: [] for name in (PEER, *OURS)}
        for _ in range(rounds):
            for name in (PEER, *OURS):
                with cache_settings(left) as settings, started(name, folder, **settings) as server:
                    times = [answer.milliseconds for answer in ask_in_turn(server.image, row.requests(0)[: row.cold])]
                medians[name].append(float(np.median(times)))
                firsts[name].append(times[0])
        yield Result(row, row.name, medians)
        if row.cold > 1:
            yield Result(replace(row, goal=None), f"{row.name}, the first", firsts)


if __name__ == "__main__":
    main()
