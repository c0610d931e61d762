"""Simulate a large batch on many workers, from measured times: `python -m tests.benchmarks.scheduling`.

The command gives tasks to workers one after the other, and writes the tables alone when all are done. The simulation
tells how long each takes, and so which is the first to keep workers waiting.
"""

import heapq
from dataclasses import dataclass

import click
import numpy as np

PAGES = 1_000_000
WORKERS = (2, 10, 100, 1000)
SCANS_IN_TASK, TASKS_A_WORKER = 16, 2
SEED = 4711


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor seconds.

    Attributes:
        page: of a page in a worker.
        spread: standard deviation of it, as a part.
        task: of the command and the scheduler for a task.
        row: of the command for a page in all tables.
        listing: of the command for a page before the first task: to find its file, and to read the ledger.
    """

    page: float
    spread: float
    task: float
    row: float
    listing: float


PAGE, SPREAD = 0.085, 0.13
"""The exam sheet at 300 dpi with the image of the blank page, in a PDF of JPEG pages: `tests.benchmarks.batches` with
two processes and 2,000 pages (0.089), without the tables and the start (0.004). The deviation is that of 24 pages in
process, of which the four different sheets make 0.12 and the same sheet again 0.05."""
TASK_LOCAL, TASK_DASK = 0.00012, 0.0034
"""With tasks of 16 scans that do nothing: 300 of them, after 20 others."""
ROW = 0.0013
"""`write_results` with all tables, for a page of the exam sheet with 61 questions."""
LISTING = 0.00009
"""`scans_in` for files in a folder (54 µs), distinct names (23 µs), and the ledger (9 µs)."""
ENGINES = {
    "local": Costs(PAGE, SPREAD, TASK_LOCAL, ROW, LISTING),
    "dask": Costs(PAGE, SPREAD, TASK_DASK, ROW, LISTING),
}


def simulated(costs: Costs, workers: int, pages: int) -> tuple[float, float]:
    """Seconds until all pages are recognized, and the part of this time in which a worker has work on the average."""
    chance = np.random.default_rng(SEED)
    tasks = -(-pages // SCANS_IN_TASK)
    deviation = costs.spread * costs.page * SCANS_IN_TASK**0.5
    seconds = np.maximum(0.1, chance.normal(costs.page * SCANS_IN_TASK, deviation, tasks)).tolist()
    free = [costs.listing * pages] * workers  # when each worker will have done all of its tasks
    heapq.heapify(free)
    ends: list[float] = []
    clock = costs.listing * pages  # of the command
    for running, task in enumerate(seconds):
        if running >= TASKS_A_WORKER * workers:
            clock = max(clock, heapq.heappop(ends))
        clock += costs.task
        end = max(clock, heapq.heappop(free)) + task
        heapq.heappush(free, end)
        heapq.heappush(ends, end)
    total = max(free)
    return total, sum(seconds) / (workers * total)


def main() -> None:
    """Print the table."""
    click.echo("| Engine | Workers | Hours of recognition | Workers busy | Hours of tables |")
    click.echo("| --- | ---: | ---: | ---: | ---: |")
    for engine, costs in ENGINES.items():
        for workers in WORKERS:
            total, busy = simulated(costs, workers, PAGES)
            tables = PAGES * costs.row / 3600
            click.echo(f"| {engine} | {workers:,} | {total / 3600:.1f} | {busy:.0%} | {tables:.1f} |")


if __name__ == "__main__":
    main()
