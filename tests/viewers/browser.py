"""Pages with a viewer in headless Chromium, watched for whatever goes wrong, and what is seen on their canvas."""

import base64
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from tests.patience import PATIENCE_MILLISECONDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

HERE: Final = Path(__file__).parent
BUNDLES: Final = ("openseadragon/build/openseadragon/openseadragon.min.js", "mirador/dist/mirador.min.js")
VIEW: Final = (1100, 900)
"""Width and height of the browser's window, in pixels."""
_SWITCHES: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# The driver's own time-outs do not hold for what a page computes.
_CALL: Final = """([name, parameters, patience]) => Promise.race([
  window[name](...parameters),
  new Promise((_, reject) => setTimeout(() => reject(new Error("nothing was shown in time")), patience)),
])"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a viewer shows: its canvas as (height, width, 4) uint8 BGRA, and where the image lies in it.

    `image` is left, top, width and height in pixels of the canvas; it may reach beyond it.
    """

    canvas: Pixels
    image: tuple[float, float, float, float]


@dataclass
class WatchedPage:
    """A page with one of the viewers, and all that went wrong in it: requests, messages of the console, exceptions."""

    page: "Page"
    problems: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)
        self.page.on("requestfailed", lambda request: self.problems.append(f"{request.url}: {request.failure}"))
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("console", self._note_message)

    def see(self, function: str, *arguments: object) -> Seen:
        """Call a function of the page that shows something, and give what is then seen."""
        try:
            found: dict[str, Any] = self.page.evaluate(_CALL, [function, list(arguments), PATIENCE_MILLISECONDS])
        except Exception as error:
            error.add_note("\n".join(self.problems))
            raise
        data = base64.b64decode(found["canvas"].partition(",")[2])
        left, top, width, height = found["image"]
        return Seen(_decoded(data, cv2.IMREAD_UNCHANGED), (left, top, width, height))

    def screenshot(self, save_as: Path) -> Pixels:
        """(height, width, 3) uint8 BGR: the canvas as it appears on the screen, with all that lies over it."""
        canvas = self.page.locator(".openseadragon-canvas canvas").first
        return _decoded(canvas.screenshot(path=save_as), cv2.IMREAD_COLOR)

    def _note_request(self, request: "Request") -> None:
        self.urls.append(request.url)
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.problems.append(f"{request.url}: not on this machine")

    def _note_response(self, response: "Response") -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.problems.append(f"{response.url}: {response.status}")

    def _note_message(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")


@contextmanager
def viewing() -> Iterator["Browser"]:
    """A browser for tests with viewers; skips them where these are not installed."""
    if not all((HERE / "node_modules" / bundle).is_file() for bundle in BUNDLES):
        pytest.skip("the viewers are not installed (npm ci in tests/viewers)")
    with chromium() as browser:
        yield browser


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser for some tests; skips them where something that it takes is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium (Debian: chromium) is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(_SWITCHES))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: "Browser", url: str) -> Iterator[WatchedPage]:
    """A page of its own, with nothing kept from other pages."""
    width, height = VIEW
    with browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1) as context:
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        watched = WatchedPage(context.new_page())
        watched.page.goto(url)
        yield watched


@contextmanager
def site() -> Iterator[str]:
    """The URL of a web site with the pages of `site/`: another one than the project's, as viewers mostly are."""
    handler = partial(_QuietHandler, directory=str(HERE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/site"
        finally:
            server.shutdown()
            thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives
        """Say nothing."""


def _decoded(data: bytes, mode: int) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)
