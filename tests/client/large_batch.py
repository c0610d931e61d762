"""How fast batches are in the client: `python -m tests.client.large_batch` prints the figures of docs/benchmarks.md.

The batch has the results of three recognized sheets many times over. Its answers are reviewed by keyboard with a second
for each decision, and the picture of each answer must be there when it is asked for.
"""

import json
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Final

import click

from tests.client.conftest import ROOT, visiting
from tests.client.performance import _frames
from tests.patience import PATIENCE, until
from tests.servers import new_session, running
from tests.viewers.browser import WatchedPage, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHEETS: Final = 2000
SCANS: Final = ("exam-scan-1.jpg", "exam-scan-2.jpg", "exam-scan-3.jpg")
DECISIONS: Final = 100
SECONDS: Final = 1.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("templates_omr", "samples"):
            copytree(ROOT / part, folder / part)
        with running(folder) as server, chromium() as browser:
            address = _recognized(server.url, folder)
            _multiply(folder, address)
            batch = address.rpartition("/")[2]
            for view, ready in VIEWS.items():
                with visiting(browser, f"{server.url}/#/{view.format(batch)}") as watched:
                    watched.page.locator(ready).first.wait_for()  # the first request makes the index of the batch
                    meter = _Meter(watched.page)
                    opened = _openings(watched.page, ready, meter)
                    click.echo(f"{view.format('…')}: {opened}, {meter.memory}")
                    if view in SCROLLED:
                        click.echo(f"{view.format('…')}: {_scrolled(browser, watched, SCROLLED[view], meter)}")
            _review(browser, f"{server.url}/#/batch/{batch}")


VIEWS: Final = {
    "results": ".batches",
    "batch/{}": ".strip-picture",
    "batch/{}/sheets": ".answers",
    "wall/{}": ".wall img",
    "clips/{}": ".gallery img",
}
SCROLLED: Final = {"batch/{}/sheets": ".sheets-place", "wall/{}": ".gallery-place", "clips/{}": ".gallery-place"}
ROUNDS: Final = 7
SCROLL: Final = """place => new Promise((done) => {
  const ends = performance.now() + 3000;
  let by = 60;
  const step = () => {
    const before = place.scrollTop;
    place.scrollTop += by;
    if (place.scrollTop === before) by = -by;
    if (performance.now() < ends) requestAnimationFrame(step);
    else done();
  };
  step();
})"""
"""Scrolls to and fro, by 60 pixels in each frame. A wheel that a driver turns would only be as fast as the driver."""


def _recognized(url: str, folder: Path) -> str:
    session = new_session()
    body = {"Name": "Large", "Template": "exam"}
    address = str(session.post(f"{url}/api/batches", json=body, timeout=PATIENCE).json()["Uri"])
    files = [("Sheets", (name, (folder / "samples" / name).read_bytes())) for name in SCANS]
    session.post(f"{address}/sheets", files=files, timeout=PATIENCE).raise_for_status()
    until(lambda: session.get(address, timeout=PATIENCE).json()["State"] == "done")
    return address


def _multiply(folder: Path, address: str) -> None:
    """Repeat the sheets of a batch that is done, with links to the same scans."""
    (home,) = folder.rglob(address.rpartition("/")[2] + "/batch.sqlite")
    ledgers = list((home.parent / "results" / "ledger").iterdir())
    scans = {scan["Name"]: scan for ledger in ledgers for scan in json.loads(ledger.read_text("utf-8"))["Scans"]}
    lines = [
        line
        for file in (home.parent / "results" / "records").iterdir()
        for line in file.read_text("utf-8").splitlines()
    ]
    records = {record["Name"]: record for record in map(json.loads, lines)}
    new = [(f"sheet-{number:04}.jpg", SCANS[number % len(SCANS)]) for number in range(SHEETS - len(SCANS))]
    for begin in range(0, len(new), 16):
        chunk, some = f"{begin:032x}", new[begin : begin + 16]
        told = [json.dumps({**records[scan], "Name": name}) for name, scan in some]
        (home.parent / "results" / "records" / f"{chunk}.jsonl").write_text("\n".join(told) + "\n", encoding="utf-8")
        listed = {"Scans": [{**scans[scan], "Name": name} for name, scan in some]}
        (home.parent / "results" / "ledger" / f"{chunk}.json").write_text(json.dumps(listed), encoding="utf-8")
    with sqlite3.connect(home) as file:
        for name, scan in new:
            os.link(home.parent / "sources" / scan, home.parent / "sources" / name)
            file.execute("INSERT INTO documents (name, key, digest, sheets) VALUES (?, ?, ?, 1)", (name, name, b""))
        doubtful = sum(scans[scan]["Doubtful"] for _, scan in new)
        file.execute("UPDATE batch SET passed = passed + ?, doubtful = doubtful + ?", (len(new), doubtful))


def _openings(page: "Page", ready: str, meter: "_Meter") -> str:
    """Seconds from the navigation until a part of the view is there, and those that the main thread worked."""
    seconds, worked = [], []
    for _ in range(ROUNDS):
        page.reload()
        now = page.wait_for_function(
            "ready => document.querySelector(ready) && performance.now()", arg=ready, polling=20
        )
        seconds.append(float(now.json_value()) / 1000)
        worked.append(meter.worked)  # a new document counts from 0
    median, least, most = statistics.median(seconds), min(seconds), max(seconds)
    told = f"shown after {median:.2f} s (median of {ROUNDS}; {least:.2f} to {most:.2f})"
    return f"{told}, {statistics.median(worked):.2f} s of it on the main thread"


def _scrolled(browser: "Browser", watched: WatchedPage, place: str, meter: "_Meter") -> str:
    began = meter.worked
    frames = _frames(browser, watched, lambda one: one.page.locator(place).evaluate(SCROLL))
    worked = (meter.worked - began) / 3 / frames
    return f"scrolled at {frames:.0f} frames a second, with {worked * 1000:.0f} ms of the main thread for each"


class _Meter:
    """What the browser counts of a page."""

    def __init__(self, page: "Page") -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        # Processor time, which other programs on the machine do not change much.
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    @property
    def worked(self) -> float:
        """Seconds of processor time of the main thread."""
        return self._metrics["TaskDuration"]

    @property
    def memory(self) -> str:
        self._page.request_gc()
        found = self._metrics
        return f"{found['JSHeapTotalSize'] / 1e6:.0f} MB of JavaScript, {found['Nodes']:.0f} nodes"

    @property
    def _metrics(self) -> dict[str, float]:
        return {one["name"]: one["value"] for one in self._session.send("Performance.getMetrics")["metrics"]}


def _review(browser: "Browser", url: str) -> None:
    with visiting(browser, url) as watched:
        page = watched.page
        page.locator(".strip-picture").wait_for()
        page.wait_for_function("document.querySelector('.strip-picture').complete")
        began, waited = time.monotonic(), 0
        for _ in range(DECISIONS):
            page.wait_for_timeout(SECONDS * 1000)
            waited += not page.evaluate("document.querySelector('.strip-picture').complete")
            page.keyboard.press("Enter")
        seconds = time.monotonic() - began
    click.echo(f"{DECISIONS} answers reviewed in {seconds:.0f} s; {waited} pictures were not there in time")


if __name__ == "__main__":
    main()
