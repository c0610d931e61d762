"""How fast the client is: `python -m tests.client.performance` prints the figures of docs/benchmarks.md.

Frames are counted in the browser's own timeline, while a page of 500 elements is panned and an element is dragged. The
first view of a page of 35 megapixels is taken from a server that has just started, by a browser that has just started.
"""

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import cv2
import numpy as np

from omrclip.imaging.tiff.writing import write_pyramid
from tests.client.conftest import ROOT, open_editor, visiting
from tests.servers import running
from tests.viewers.browser import WatchedPage, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SECONDS: Final = 3.0
LARGE: Final = (4961, 7016)
"""A4 at 600 dots an inch: 34.8 megapixels."""
ROUNDS: Final = 5


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "templates_omr")
        store.mkdir()
        _store_crowded(store)
        with running(Path(folder)) as server, chromium() as browser:
            for what, act in (("panned", _pan), ("one dragged", _drag)):
                with _editing(browser, f"{server.url}/#/edit/crowded") as watched:
                    click.echo(f"500 elements, {what}: {_frames(browser, watched, act):.0f} frames a second")
        for name in _store_large(store):
            click.echo(f"35 megapixels, {name}: first view after {_first_views(Path(folder), name)}")
        known = {"cache_folder": Path(folder, "cache")}
        _first_view(Path(folder), "noisy-png", **known)
        click.echo(
            f"noisy-png, with the cache folder of an earlier run: {_first_views(Path(folder), 'noisy-png', **known)}"
        )


def _store_crowded(store: Path) -> None:
    template = json.loads((ROOT / "templates_omr" / "exam.omr").read_bytes())
    elements = template["Pages"][0]["Elements"]
    box = next(element for element in elements if element.get("Name") == "Q1")
    while len(elements) < 500:
        left, top = 40 + 300 * (len(elements) % 5), 20 * (len(elements) // 5) + 40
        across, down = left - box["Left"], top - box["Top"]
        bubbles = [{**b, "Left": b["Left"] + across, "Top": b["Top"] + down} for b in box["Bubbles"]]
        elements.append({**box, "Name": f"More{len(elements)}", "Left": left, "Top": top, "Bubbles": bubbles})
    (store / "crowded.omr").write_text(json.dumps(template), encoding="utf-8")
    (store / "crowded.png").write_bytes((ROOT / "templates_omr" / "exam.png").read_bytes())


def _store_large(store: Path) -> list[str]:
    """A template and its page in each format, and as a PNG that was scanned: grey alone, and full of noise."""
    page = cv2.resize(cv2.imread(str(ROOT / "templates_omr" / "exam.png")), LARGE, interpolation=cv2.INTER_CUBIC)
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    noise = np.random.default_rng(1).normal(0, 4, page.shape).round()
    noisy = np.clip(page + noise, 0, 255).astype(np.uint8)
    lzw = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW]
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101]
    cv2.imwrite(str(store / "jpeg.jpg"), page)
    cv2.imwrite(str(store / "png.png"), page)
    cv2.imwrite(str(store / "grey-png.png"), grey)
    cv2.imwrite(str(store / "noisy-png.png"), noisy)
    cv2.imwrite(str(store / "tiff-lzw.tif"), page, lzw)
    cv2.imwrite(str(store / "webp.webp"), page, lossless)
    cv2.imwrite(str(store / "gif.gif"), page)
    cv2.imwrite(str(store / "bmp.bmp"), page)
    with (store / "pyramid.tif").open("wb") as sink:
        write_pyramid(page, sink)
    names = ["jpeg", "png", "grey-png", "noisy-png", "tiff-lzw", "webp", "gif", "bmp", "pyramid"]
    template = {"Pages": [{"Width": LARGE[0], "Height": LARGE[1], "Elements": []}]}
    for name in names:
        (store / f"{name}.omr").write_text(json.dumps(template), encoding="utf-8")
    return names


@contextmanager
def _editing(browser: "Browser", url: str) -> "Iterator[WatchedPage]":
    with visiting(browser, url) as watched:
        open_editor(watched)
        watched.page.wait_for_timeout(1500)
        yield watched


def _frames(browser: "Browser", watched: WatchedPage, act: Callable[[WatchedPage], None]) -> float:
    """Frames drawn a second while `act` goes on."""
    categories = ["devtools.timeline", "disabled-by-default-devtools.timeline.frame"]
    browser.start_tracing(page=watched.page, categories=categories)
    act(watched)
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    drawn = sorted(event["ts"] for event in events if event["name"] == "DrawFrame")
    return (len(drawn) - 1) / (drawn[-1] - drawn[0]) * 1e6


def _pan(watched: WatchedPage) -> None:
    watched.page.locator(".viewer").focus()
    watched.page.keyboard.press("h")
    _sway(watched, 0.5, 0.5)


def _drag(watched: WatchedPage) -> None:
    watched.page.locator(".viewer").focus()
    watched.page.keyboard.press("v")
    watched.page.keyboard.press("0")
    watched.page.wait_for_timeout(700)
    watched.page.get_by_role("option", name="NameArea").click()
    _sway(watched, 0.32, 0.17)


def _sway(watched: WatchedPage, x: float, y: float) -> None:
    """Hold the mouse down at a place of the canvas, and move it to and fro."""
    box = watched.page.locator(".viewer").bounding_box()
    assert box is not None
    mouse = watched.page.mouse
    left, top = box["x"] + x * box["width"], box["y"] + y * box["height"]
    mouse.move(left, top)
    mouse.down()
    ends, step = time.monotonic() + SECONDS, 0
    while time.monotonic() < ends:
        step += 1
        mouse.move(left + 4 * abs(step % 60 - 30), top + 3 * abs(step % 50 - 25))
    mouse.up()


def _first_views(folder: Path, name: str, **settings: object) -> str:
    seconds = sorted(_first_view(folder, name, **settings) for _ in range(ROUNDS))
    return f"{seconds[ROUNDS // 2]:.2f} s (median of {ROUNDS}; {seconds[0]:.2f} to {seconds[-1]:.2f})"


def _first_view(folder: Path, name: str, **settings: object) -> float:
    """Seconds from the navigation to the page image, as far as the view shows it, being there."""
    shown = "performance.getEntriesByName('image shown')[0]?.startTime"
    with (
        running(folder, **settings) as server,
        chromium() as browser,
        visiting(browser, f"{server.url}/#/edit/{name}") as watched,
    ):
        while (milliseconds := watched.page.evaluate(shown)) is None:
            watched.page.wait_for_timeout(20)
    return float(milliseconds) / 1000


if __name__ == "__main__":
    main()
