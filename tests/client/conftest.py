"""One served project and one browser for the tests of a module, and a page in which nothing may go wrong."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.patience import PATIENCE_MILLISECONDS
from tests.servers import patient
from tests.viewers.browser import WatchedPage, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT: Final = Path(__file__).parents[2]
DESKTOP: Final = (1400, 900)
TABLET: Final = (1024, 768)
OpenPage = Callable[..., WatchedPage]


@dataclass(frozen=True, slots=True)
class Project:
    """A served project: its URL, and the folder in which its templates lie."""

    url: str
    folder: Path

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    def template(self, name: str) -> Path:
        return self.folder / "templates_omr" / f"{name}.omr"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Headless Chromium; the first argument of each test, so that where it is missing nothing else is started."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    for name in ("templates_omr", "samples"):
        copytree(ROOT / name, folder / name)
    with patient(folder) as server:
        yield Project(server.url, folder)


@contextmanager
def visiting(browser: "Browser", url: str, size: tuple[int, int] = DESKTOP, **settings: Any) -> Iterator[WatchedPage]:
    """A page as a new visitor sees it."""
    viewport = {"width": size[0], "height": size[1]}
    with browser.new_context(**{"viewport": viewport, "locale": "en-GB", **settings}) as context:
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        watched = WatchedPage(context.new_page())
        watched.page.goto(url)
        yield watched


@pytest.fixture
def visit(browser: "Browser", project: Project) -> Iterator[OpenPage]:
    """Open a view of the client, such as `edit/exam`; at the end nothing must have gone wrong in any."""
    opened = []

    def open_page(view: str = "", **settings: Any) -> WatchedPage:
        context = visiting(browser, f"{project.url}/#/{view}", **settings)
        watched = context.__enter__()
        opened.append((context, watched))
        return watched

    yield open_page
    try:
        for _, watched in opened:
            # What a page no longer waits for, it gives up.
            assert [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")] == []
    finally:
        for context, _ in opened:
            context.__exit__(None, None, None)


def expect(locator: "Locator") -> Any:
    """Playwright's expectations, which wait; imported when they are needed, so that tests are skipped without it."""
    from playwright.sync_api import expect as expected

    expected.set_options(timeout=PATIENCE_MILLISECONDS)
    return expected(locator)


def forget_refusal(watched: WatchedPage, status: int) -> None:
    """Take off the list of problems what tells of one answer with this status, which the test expects."""
    told = [text for text in watched.problems if re.search(rf"(: |status of ){status}\b", text)]
    assert told
    watched.problems[:] = [text for text in watched.problems if text not in told]


def open_editor(watched: WatchedPage) -> "Locator":
    """The page in an editor that has opened."""
    canvas = watched.page.locator(".viewer")
    canvas.locator(".openseadragon-canvas canvas").wait_for()
    return canvas


def drag(page: "Page", canvas: "Locator", start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse between two points of the canvas, given as shares of its width and height."""
    box = canvas.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move((points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2)
    page.mouse.move(*points[1])
    page.mouse.up()


def show_view(page: "Page", view: str) -> None:
    """Go to another view of the page that is open, as a link does.

    `goto` waits for the page to load. If the page leads to the log-in form meanwhile, this never happens. `evaluate`
    waits for a result, which a page that is left does not give; therefore the page goes there only after it.
    """
    page.evaluate("address => { setTimeout(() => { location.hash = address; }); }", f"#/{view}")


def wait_for_picture(image: "Locator") -> None:
    """Wait until an image of the page is loaded.

    `decode()` of an image that the page replaces meanwhile never settles, and `evaluate` has no timeout.
    """
    expect(image).to_have_js_property("complete", True)
    expect(image).not_to_have_js_property("naturalWidth", 0)


def recognize(watched: WatchedPage, *images: Path) -> None:
    """Choose images in the view Recognize, wait until all are recognized, and show all sheets."""
    page = watched.page
    page.locator(".drop.big input[type=file]").set_input_files(list(images))
    show_sheets(watched)


def show_sheets(watched: WatchedPage) -> None:
    """Wait until the batch is done, and show all its sheets."""
    page = watched.page
    page.locator(".batch[data-state=done]").wait_for()
    page.get_by_role("button", name="Sheets", exact=True).click()
    page.get_by_label("Which answers to show").select_option("all")
