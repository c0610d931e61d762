"""Keeping under kills, and the cost of sweeps: `python -m tests.benchmarks.keeping kills` and `… costs`.

`kills` keeps and deletes recognitions in processes that are killed, then sweeps, and counts what is left.
`costs` measures the processor time of the start, of sweeps and of keeping beside many kept recognitions.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace

from omrclip.config import Config
from omrclip.errors import NotFound
from omrclip.omr.recognition import Scan, failed
from omrclip.omr.report.result_files import ResponseFile
from omrclip.serving.sources import SourceCache
from omrclip.storage import kept as kept_module
from omrclip.storage.blobs import UNFINISHED
from omrclip.storage.kept import KeptRecognitions

DAY = 86_400
# A child lives so long, in seconds: some keepings are done by then, and one is under way.
SHORTEST, LONGEST = 0.002, 0.6
SCANS = [Scan(f"{number}.jpg", os.urandom(100_000)) for number in range(3)]
SMALL_SCANS, SMALL_FILES = [Scan("a.jpg", b"scan")], [ResponseFile("a.png", "image/png", b"clip")]
FILES = [ResponseFile(f"{number}.png", "image/png", os.urandom(5_000)) for number in range(9)]


def open_store(config: Config) -> KeptRecognitions:
    """The store as a new process opens it; nothing sweeps but the measurement."""
    KeptRecognitions.start_sweeping = lambda _: None  # type: ignore[method-assign]
    return KeptRecognitions(config, SourceCache(config).admission)


def keep(store: KeptRecognitions, scans: list[Scan], files: list[ResponseFile], seconds: float = DAY) -> str:
    """Keep one recognition, and give its identifier."""
    identifier = store.new_identifier()
    keeping = store.begin(identifier, scans)
    keeping.add(failed(scans[0].name, NotFound("none")), files, [])
    keeping.finish(seconds, b'{"Recognitions": []}')
    return identifier


def _work(config: Config, log: int, seed: int) -> None:
    """Keep and delete until the process is killed; what is acknowledged is logged."""
    choose = random.Random(seed)
    store = open_store(config)
    while True:
        identifier = keep(store, SCANS, FILES)
        os.write(log, f"kept {identifier}\n".encode())
        if choose.random() < 0.3:
            os.write(log, f"deleting {identifier}\n".encode())
            store.delete(identifier)
            os.write(log, f"deleted {identifier}\n".encode())


def kill(config: Config, kills: int, seed: int) -> dict[str, set[str]]:
    """Kill so many processes, and give what they had acknowledged."""
    choose = random.Random(seed)
    log_path = Path(config.results).with_suffix(".log")
    for number in range(kills):
        child = os.fork()
        if not child:
            _work(config, os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), seed + number)
        time.sleep(choose.uniform(SHORTEST, LONGEST))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    told: dict[str, set[str]] = {"kept": set(), "deleting": set(), "deleted": set()}
    for line in log_path.read_text().splitlines():
        what, identifier = line.split()
        told[what].add(identifier)
    return told


def count(config: Config) -> dict[str, int]:
    """What lies in the store."""
    root = Path(config.results)
    folders = [path for path in root.iterdir() if len(path.name) == 24]
    whole = [path for path in folders if (path / "kept.json").exists()]
    return {
        "folders": len(folders),
        "folders without a record": len(folders) - len(whole),
        "unfinished files": len(list(root.rglob(UNFINISHED))),
        "schedule entries": len([*root.glob("due/*/*"), *root.glob("aside/*")]),
    }


def run_kills(kills: int, seed: int) -> bool:
    """Kill, sweep and report; whether everything is as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(results=str(Path(folder, "results")), grace_seconds=0)
        told = kill(config, kills, seed)
        _show(f"after {kills} kills", count(config))
        _at(kept_module.UNFINISHED_SECONDS + 60)
        store = open_store(config)
        store.sweep()
        swept = count(config)
        _show("after a sweep an hour later", swept)
        lost = [identifier for identifier in told["kept"] - told["deleting"] if not _is_whole(store, identifier)]
        back = [identifier for identifier in told["deleted"] if _exists(store, identifier)]
        acknowledged = {"kept": len(told["kept"]), "deleted": len(told["deleted"])}
        _show("acknowledged", {**acknowledged, "lost": len(lost), "come back": len(back)})
        _at(2 * DAY)
        open_store(config).sweep()
        left = count(config)
        _show("after a sweep when all have expired", left)
    orphans = swept["folders without a record"] + swept["unfinished files"]
    matches = swept["schedule entries"] == swept["folders"]
    return matches and not (orphans or lost or back or any(left.values()))


def _is_whole(store: KeptRecognitions, identifier: str) -> bool:
    kept = store.read(identifier)
    readers = (store.open_file(kept, file.name)[0] for file in FILES)
    files = all(reader.read(0, reader.size) == file.data for reader, file in zip(readers, FILES, strict=True))
    return files and store.answer(kept) == {"Recognitions": []}


def _exists(store: KeptRecognitions, identifier: str) -> bool:
    try:
        store.read(identifier)
    except NotFound:
        return False
    return True


def _at(seconds: float) -> None:
    """Set the clock of the store so far ahead."""
    kept_module.time = SimpleNamespace(time=lambda: time.time() + seconds)  # type: ignore[attr-defined]


def run_costs(many: int) -> None:
    """Measure beside so many kept recognitions."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(results=str(Path(folder, "results")))
        fsync, os.fsync = os.fsync, lambda _: None  # the disk is not what is measured
        store = open_store(config)
        used, store._schedule.used = store._schedule.used, lambda: 0  # type: ignore[method-assign]
        choose = random.Random(1)
        for _ in range(many):
            keep(
                store, [Scan("a.jpg", b"scan")], [ResponseFile("a.png", "image/png", b"clip")], choose.uniform(100, DAY)
            )
        os.fsync, store._schedule.used = fsync, used  # type: ignore[method-assign]
        costs = {
            "start": _cost(lambda: open_store(config)),
            "first sweep of a process": _cost(lambda: open_store(config).sweep()),
            "sweep, nothing due": _cost(store.sweep),
            "keep one": _cost(lambda: keep(store, SMALL_SCANS, SMALL_FILES)),
        }
        _show(f"milliseconds of processor time beside {many} kept recognitions, medians of 9", costs)


def _cost(work: Callable[[], object]) -> float:
    times = []
    for _ in range(9):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return round(1000 * median(times), 1)


def _show(what: str, values: dict[str, int] | dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {value}" for name, value in values.items()), flush=True)  # noqa: T201


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kills", "costs"])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.what == "costs":
        run_costs(given.many)
    elif not run_kills(given.kills, given.seed):
        sys.exit("something was left, lost or came back")


if __name__ == "__main__":
    main()
