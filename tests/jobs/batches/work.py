"""Functions that worker processes of tests run, and small batches."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from omrclip.errors import LimitExceeded
from omrclip.iiif.request import Format
from omrclip.jobs.batches.definition import Batch, BatchTemplate
from omrclip.jobs.batches.engine import BatchJob, BatchRun, Progress
from omrclip.jobs.batches.executors import Executor, LocalProcesses
from omrclip.jobs.batches.ledger import Counts
from omrclip.jobs.batches.results import write_results
from omrclip.jobs.batches.work import Task, recognize_scans
from omrclip.jobs.sources import ScanFile, scans_in
from omrclip.jobs.tables import TableOptions
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan
from tests.web.making import encoded, grid, omr, template

MEMORY = 2**30
TIMELESS = ("results.jsonl", "results.csv", "clips", "rejected", "batch.json", "templates")
"""What is the same in two runs of a batch."""


def answer(number: int) -> int:
    """A task with every kind of end."""
    if number == -1:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == -2:
        raise LimitExceeded("Too much.", limit="fingers", maximum=10)
    if number == -3:
        raise ValueError("secret")
    return number + 1


def killing() -> Scan:
    """Read a scan that ends the process."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def slow(path: Path) -> Scan:
    """Read a scan slowly, so that there is time to kill the process."""
    time.sleep(0.05)
    return Scan(path.name, path.read_bytes())


def slow_scan(path: Path) -> ScanFile:
    return ScanFile(path.name, partial(slow, path), path)


def scans(folder: Path, *names: str) -> list[ScanFile]:
    """Scans of a form, each with another shade of red."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(encoded(grid(salt=number % 40)))
    return scans_in([folder / name for name in names], Limits().max_image_pixels)


PNG = RecognitionOptions(Format.PNG)
FORM = BatchTemplate("form", omr(template()))


def job(out: Path | str, files: list[ScanFile], options: RecognitionOptions = PNG, **how: bool) -> BatchJob:
    return BatchJob(str(out), Batch((FORM,), options), files, Limits(), MEMORY, **how)


def run(
    one: BatchJob,
    processes: int = 2,
    then: Callable[[Progress], None] = lambda _: None,
    executor: Executor[Task, Counts] | None = None,
) -> Progress:
    """Run a batch to its end."""
    with (
        closing(BatchRun(one)) as batch,
        closing(executor or LocalProcesses(recognize_scans, processes)) as executor,
    ):
        for step in batch.work(executor, lambda: False):
            then(step)
        write_results(batch.store, batch.templates, TableOptions(), one.batch.options.thresholds)
        return batch.progress


def results(out: Path) -> dict[str, bytes]:
    """All files of a batch but its ledger and records."""
    files = (path for path in out.rglob("*") if path.is_file() and path.relative_to(out).parts[0] in TIMELESS)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}
