"""The web client of a server with users."""

from collections.abc import Iterator
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.client.conftest import ROOT, expect, forget_refusal, show_view, visiting, wait_for_picture
from tests.servers import patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guarded")
    for name in ("templates_omr", "samples"):
        copytree(ROOT / name, folder / name)
    scopes = frozenset({Scope.READ, Scope.RECOGNIZE, Scope.AUTHOR})
    Accounts(folder / "accounts.sqlite").add(Account(Kind.USER, "ann", scopes, ""), PASSWORD)
    with patient(folder) as server:
        yield server.url


def test_log_in_work_and_log_out(browser: "Browser", url: str) -> None:
    with visiting(browser, f"{url}/") as watched:
        page = watched.page
        expect(page).to_have_title("Log in – omrclip")
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill("wrong password")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
        forget_refusal(watched, 401)
        expect(page.get_by_label("Name")).to_have_value("ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("survey", exact=True)).to_be_visible()
        image = page.locator("li.card img").first
        expect(image).to_have_js_property("naturalHeight", 300)
        page.evaluate("localStorage.setItem('omrclip.runs', JSON.stringify([{ids: ['x'], expires: 9e9}]))")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_title("Log in – omrclip")
        assert page.evaluate("localStorage.getItem('omrclip.runs')") in {None, "[]"}
        assert [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")] == []


def test_a_session_that_ends_meanwhile_leads_to_the_form_and_back(browser: "Browser", url: str) -> None:
    with visiting(browser, f"{url}/") as watched:
        page = watched.page
        log_in(page)
        expect(page.get_by_text("survey", exact=True)).to_be_visible()
        # A request under way would be refused, and lead to the form before the next view is asked for.
        pictures = page.locator("li.card img")
        expect(pictures).to_have_count(page.locator("li.card").count())
        for picture in pictures.all():
            wait_for_picture(picture)
        page.context.clear_cookies()
        show_view(page, "templates")
        expect(page).to_have_title("Log in – omrclip")
        log_in(page)
        expect(page).to_have_url(f"{url}/#/templates")
        expect(page.get_by_text("survey", exact=True)).to_be_visible()


def log_in(page: "Page") -> None:
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
