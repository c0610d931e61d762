"""The web client of a server at which people log in by OpenID Connect."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import ROOT, expect, forget_refusal, visiting
from tests.servers import patient

school_module = pytest.importorskip("tests.web.auth.school", reason="joserfc is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.web.auth.school import School


@dataclass(frozen=True, slots=True)
class Served:
    """The address of a server, and the provider at which its people log in."""

    url: str
    school: "School"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    for name in ("templates_omr", "samples"):
        copytree(ROOT / name, folder / name)
    (folder / "secret").write_text(school_module.SECRET)
    with school_module.serving(school_module.School()) as school:
        settings = {
            "oidc_issuer": school.issuer,
            "oidc_client_id": "omrclip",
            "oidc_secret_file": "secret",
            "oidc_allowed": "groups=teachers",
        }
        with patient(folder, **settings) as server:
            school.back = f"{server.url}/login/oidc/return"
            yield Served(server.url, school)


def log_in(page: "Page") -> None:
    page.get_by_role("link", name="Log in with your organization").click()
    page.get_by_role("button", name="Sign in as Ann").click()


def test_log_in_work_and_log_out(browser: "Browser", served: Served) -> None:
    with visiting(browser, f"{served.url}/") as watched:
        page = watched.page
        expect(page).to_have_title("Log in – omrclip")
        log_in(page)
        expect(page.get_by_text("survey", exact=True)).to_be_visible()
        image = page.locator("li.card img").first
        expect(image).to_have_js_property("naturalHeight", 300)
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_title("Log in – omrclip")
        assert [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")] == []


def test_a_person_who_may_not_log_in_reads_why(browser: "Browser", served: Served) -> None:
    served.school.changes = {"groups": ["pupils"]}
    try:
        with visiting(browser, f"{served.url}/") as watched:
            log_in(watched.page)
            expect(watched.page.get_by_role("alert")).to_contain_text("must have the value teachers")
            forget_refusal(watched, 401)
            watched.page.goto(f"{served.url}/")
            expect(watched.page).to_have_title("Log in – omrclip")
    finally:
        served.school.changes = {}
