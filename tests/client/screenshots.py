"""Make the pictures of the client for the documentation, in `docs/pictures/`: `python -m tests.client.screenshots`.

They show a served copy of this project's own templates and samples, at the size and in the theme told below.
"""

import tempfile
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Final

from tests.client.conftest import ROOT, open_editor, show_sheets, show_view, visiting
from tests.servers import running
from tests.viewers.browser import WatchedPage, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER: Final = ROOT / "docs" / "pictures"
SIZE: Final = (1280, 800)
QUALITY: Final = 82
NAMES: Final = ("Nora Lindqvist", "Tomas Berger", "")


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        for part in ("templates_omr", "samples"):
            copytree(ROOT / part, folder / part)
        with running(folder) as server, visiting(browser, f"{server.url}/", SIZE, color_scheme="light") as watched:
            _templates(watched)
            _editor(watched)
            _results(watched, folder / "samples")


def _templates(watched: WatchedPage) -> None:
    watched.page.locator(".card img").last.wait_for()
    _take(watched.page, "templates")


def _editor(watched: WatchedPage) -> None:
    show_view(watched.page, "edit/exam")
    open_editor(watched)
    watched.page.get_by_role("option", name="SignatureArea").click()
    watched.page.get_by_role("slider", name="JPEG quality").fill("60")
    _take(watched.page, "editor")
    watched.page.keyboard.press("Control+z")  # so that nobody asks whether to leave


def _results(watched: WatchedPage, samples: Path) -> None:
    page = watched.page
    show_view(page, "recognize/exam")
    page.get_by_label("Name of the batch").fill("Class 7")
    page.locator(".drop.big input[type=file]").set_input_files(sorted(samples.glob("exam-scan-*.jpg")))
    page.locator(".batch[data-state=done]").wait_for()
    page.locator(".strip-picture").wait_for()
    _take(page, "review")
    show_sheets(watched)
    page.get_by_role("row", name="Q21").get_by_role("button").click()
    _take(page, "recognize")
    page.get_by_role("link", name="Gallery").click()
    page.locator(".gallery textarea").last.wait_for()
    for field, name in zip(page.locator(".gallery textarea").all(), NAMES, strict=True):
        field.fill(name)
    _take(page, "gallery")


def _take(page: "Page", name: str) -> None:
    page.wait_for_timeout(1200)  # until views have come to rest
    page.screenshot(path=FOLDER / f"client-{name}.jpg", type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
