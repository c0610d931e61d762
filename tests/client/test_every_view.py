"""Every view against what people need who see, hear or move in other ways than most: one table, one test for each view.

The rules of axe-core, the content security policy, narrow windows, 200 % zoom, German, and the keyboard alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any, Final

import pytest

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.languages import languages
from tests.client.conftest import DESKTOP, ROOT, show_view, visiting
from tests.client.test_accessibility import AXE, violations
from tests.servers import patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCANS: Final = ("exam-scan-1.jpg", "exam-scan-2.jpg", "exam-scan-3.jpg")
VIEWS: Final = {
    "log-in": ("", "form input[type=password]"),
    "templates": ("#/templates", ".card img"),
    "editor": ("#/edit/exam", ".viewer .openseadragon-canvas canvas"),
    "recognize": ("#/recognize/exam", ".drop.big"),
    "results": ("#/results", ".batches tbody tr"),
    "review": ("#/batch/{}", ".strip-picture"),
    "sheet": ("#/batch/{}/sheets/exam-scan-1.jpg", ".answers tbody tr"),
    "odd one out": ("#/wall/{}", ".wall img"),
    "help": ("#/help", ".content h1"),
    "gallery": ("#/clips/{}", ".gallery img"),
}
"""The address of each view, and what is there when it is shown."""
NARROW: Final = (320, 640)
ZOOMED: Final = (DESKTOP[0] // 2, DESKTOP[1] // 2)
"""What a window of the usual size shows at 200 %."""
TABLES: Final = [{**languages()[tag], "language": ""} for tag in ("en", "de")]
CHECKS: Final = Path(__file__).with_name("every_view.js")


@dataclass(frozen=True, slots=True)
class Office:
    """A server with a user and a batch of three sheets, and the cookies of the user."""

    url: str
    batch: str
    state: Any


@pytest.fixture(scope="module")
def office(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    for name in ("templates_omr", "samples"):
        copytree(ROOT / name, folder / name)
    scopes = frozenset({Scope.READ, Scope.RECOGNIZE, Scope.AUTHOR})
    Accounts(folder / "accounts.sqlite").add(Account(Kind.USER, "ann", scopes, ""), "correct horse")
    with patient(folder) as server, visiting(browser, server.url) as watched:
        page = watched.page
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill("correct horse")
        page.get_by_role("button", name="Log in").click()
        page.locator(".card").first.wait_for()
        show_view(page, "recognize/exam")
        page.locator(".drop.big input[type=file]").set_input_files([folder / "samples" / name for name in SCANS])
        page.locator(".batch[data-state=done] .strip-picture").wait_for()
        yield Office(server.url, page.url.rpartition("/")[2], page.context.storage_state())


@pytest.mark.parametrize("view", VIEWS)
def test_everybody_can_work_with_it(browser: "Browser", office: Office, view: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in tests/client)")
    address, ready = VIEWS[view]
    who = {} if view == "log-in" else {"storage_state": office.state}
    with visiting(browser, "about:blank", locale="de-DE", **who) as watched:
        page = watched.page
        page.add_init_script(NOTE_REPORTS)
        page.goto(f"{office.url}/{address.format(office.batch)}")
        page.locator(ready).first.wait_for()
        page.evaluate(CHECKS.read_text(encoding="utf-8"))
        found = {
            "language": [] if page.evaluate("document.documentElement.lang") == "de" else ["not German"],
            "English": page.evaluate("([english, german]) => everyView.english(english, german)", TABLES),
            "rules": violations(page),
            **_keyboard(page),
        }
        for size in (NARROW, ZOOMED):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.wait_for_timeout(200)
            found[f"{size[0]} px"] = [*page.evaluate("everyView.beyond()"), *violations(page)]
        found["policy"] = page.evaluate("window.reports")
        found["problems"] = [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")]
        assert {what: told for what, told in found.items() if told} == {}


def _keyboard(page: "Page") -> dict[str, list[str]]:
    """The controls that Tab does not reach, and those at which the focus cannot be seen."""
    count = page.evaluate("everyView.number()")
    assert count > 2
    page.evaluate("document.activeElement.blur()")
    reached, unseen = set[int](), set[str]()
    for _ in range(2 * count):  # after the last control it begins again
        page.keyboard.press("Tab")
        stop = page.evaluate("everyView.focused()")
        if stop is None:
            continue
        if stop["number"] in reached and len(reached) >= count:
            break
        reached.add(stop["number"])
        if not stop["seen"]:
            unseen.add(stop["html"])
    missed = page.evaluate("(reached) => everyView.missed(reached)", sorted(reached))
    return {"not reached by Tab": missed, "focus not seen": sorted(unseen)}


NOTE_REPORTS: Final = """window.reports = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.reports.push(`${event.violatedDirective}: ${event.blockedURI}`);
});"""
