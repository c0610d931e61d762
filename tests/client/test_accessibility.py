"""Every view against the rules of axe-core (WCAG 2.2 A and AA), in both themes, at both sizes, in both languages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.client.conftest import DESKTOP, TABLET, OpenPage, Project, open_editor, show_view

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SETTINGS: Final = {
    "light": {"color_scheme": "light", "size": DESKTOP},
    "dark, on a tablet, in German": {"color_scheme": "dark", "size": TABLET, "locale": "de-DE"},
}


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS.keys())
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in tests/client)")
    return dict(request.param)


def violations(page: "Page") -> list[str]:
    """What axe finds, in a line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger: the page's policy lets no script in
    page.evaluate(AT_REST)
    found = page.evaluate("tags => axe.run({ runOnly: tags })", RULES)
    return [
        f"{violation['impact']}: {violation['id']}: {violation['help']}: {node['html'][:150]}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


# What was clicked is drawn in the next frame at the latest; colours fade for a moment after that. An animation without
# an end never finishes, and one whose element is removed is cancelled.
AT_REST: Final = """() => new Promise(requestAnimationFrame)
  .then(() => new Promise(requestAnimationFrame))
  .then(() => document.getAnimations().filter((animation) => animation.effect.getComputedTiming().endTime < Infinity))
  .then((ending) => Promise.allSettled(ending.map((animation) => animation.finished)))"""
EDITS: Final[dict[str, Callable[["Page"], object]]] = {
    "the page": lambda _: None,
    "a clip area": lambda page: page.get_by_role("option", name="DateArea").click(),
    "a choice box": lambda page: page.get_by_role("option", name="Services").click(),
    "several": lambda page: (page.locator(".viewer").focus(), page.keyboard.press("Control+a")),
    "found elements": lambda page: (
        page.locator(".toolbar button[aria-busy]").click(),
        page.locator(".found summary").click(),
    ),
}


def test_the_list_of_templates(visit: OpenPage, settings: dict[str, Any]) -> None:
    page = visit("templates", **settings).page
    page.locator(".card img").last.wait_for()
    assert violations(page) == []
    page.locator(".card-actions button").first.click()
    assert violations(page) == []


def test_the_editor(visit: OpenPage, settings: dict[str, Any]) -> None:
    watched = visit("edit/survey", **settings)
    open_editor(watched)
    for what, act in EDITS.items():
        act(watched.page)
        assert violations(watched.page) == [], what


def test_recognition_and_what_comes_of_it(project: Project, visit: OpenPage, settings: dict[str, Any]) -> None:
    watched = visit("recognize/survey", **settings)
    page = watched.page
    page.locator(".drop").wait_for()
    assert violations(page) == []
    page.locator("input[type=file]").first.set_input_files(project.samples / "survey-scan-1.jpg")
    page.locator("a[href^='#/clips']").wait_for()
    assert violations(page) == []
    page.locator(".batch > .toolbar button[aria-pressed=false]").click()
    page.locator(".clip-picture").first.click()
    page.get_by_role("dialog").locator(".openseadragon-canvas canvas").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("a[href^='#/clips']").click()
    page.locator(".gallery img").first.wait_for()
    assert violations(page) == []
    show_view(page, "results")
    page.locator(".runs").wait_for()
    assert violations(page) == []
