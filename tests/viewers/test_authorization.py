"""Viewers on another site show images to somebody who logs in, by the IIIF Authorization Flow API 2.0.

Mirador 4.0 and OpenSeadragon do not know this API: `site/flow.js` is what a page around them does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any, Final

import pytest

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.patience import PATIENCE
from tests.servers import new_session, patient
from tests.viewers import browser as browsers
from tests.viewers.browser import WatchedPage, opened
from tests.viewers.conftest import ROOT, Shown, shown_of
from tests.viewers.expecting import assert_shown
from tests.viewers.test_mirador import OF_MIRADOR_ITSELF

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PASSWORD: Final = "correct horse"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server with a user, and the images of a recognition of this user."""

    url: str
    identifier: str
    images: dict[str, Shown]

    @property
    def manifest(self) -> str:
        return f"{self.url}/api/recognitions/{self.identifier}/clips.json"

    def info(self, name: str, version: int = 3) -> str:
        return f"{self.url}/iiif/{version}/{self.images[name].identifier}/info.json"


@pytest.fixture(scope="module")
def server(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    copytree(ROOT / "templates_omr", folder / "templates_omr")
    accounts = Accounts(folder / "accounts.sqlite")
    accounts.add(Account(Kind.USER, "ann", frozenset({Scope.READ, Scope.RECOGNIZE}), ""), PASSWORD)
    token = accounts.log_in(Kind.USER, "ann", PASSWORD, "").token
    accounts.close()
    with patient(folder, viewers=site.removesuffix("/site")) as server:
        identifier, images = shown_of(server.url, {"Authorization": f"Bearer {token}"})
        yield Guarded(server.url, identifier, images)


@contextmanager
def visiting(browser: "Browser", address: str) -> Iterator[WatchedPage]:
    """A page with a viewer. What it is refused before the log-in is no problem."""
    with opened(browser, address) as watched:
        yield watched
    problems = [one for one in watched.problems if not one.startswith(OF_MIRADOR_ITSELF)]
    assert [one for one in problems if "401" not in one] == []


def access_service(watched: WatchedPage, uri: str) -> Any:
    """The access service that refuses somebody without a log-in."""
    told = watched.page.evaluate("uri => described(uri)", uri)
    assert told["status"] == 401
    return watched.page.evaluate("document => accessService(document)", told["document"])


def log_in(watched: WatchedPage, access: Any) -> None:
    """What a person does whom the viewer asks to log in: the tab closes when this is done."""
    with watched.page.context.expect_page() as opening:
        watched.page.evaluate("access => { window.isLoggedIn = loggedIn(access) }", access)
    tab = opening.value
    tab.get_by_label("Name").fill("ann")
    tab.get_by_label("Password").fill(PASSWORD)
    with tab.expect_event("close"):
        tab.get_by_role("button", name="Log in").click()
    watched.page.evaluate("window.isLoggedIn")


def authorized(watched: WatchedPage, access: Any) -> str:
    """Ask for a token: "token", or the reason why there is none."""
    return str(watched.page.evaluate("access => authorize(access)", access))


@pytest.mark.parametrize("version", [2, 3])
def test_openseadragon_shows_a_page(
    browser: "Browser", server: Guarded, site: str, version: int, tmp_path: Path
) -> None:
    with visiting(browser, f"{site}/openseadragon.html") as watched:
        info = server.info("kept page 1", version)
        access = access_service(watched, info)
        assert authorized(watched, access) == "missingAspect"
        log_in(watched, access)
        assert authorized(watched, access) == "token"
        service = watched.page.evaluate("async uri => probed((await described(uri)).document)", info)
        assert service["id"].startswith(f"{server.url}/signed/")
        seen = watched.see("show", f"{service['id']}/info.json")
        assert_shown(server.images["kept page 1"].pixels, seen, watched.screenshot(tmp_path / "page.png"))


def test_mirador_shows_the_clips_until_the_log_out(
    browser: "Browser", server: Guarded, site: str, tmp_path: Path
) -> None:
    with visiting(browser, f"{site}/mirador.html") as watched:
        access = access_service(watched, server.manifest)
        log_in(watched, access)
        assert authorized(watched, access) == "token"
        manifest = watched.page.evaluate("uri => authorizedManifest(uri)", server.manifest)
        canvas = manifest["items"][0]
        seen = watched.see("show", server.manifest, canvas["id"], manifest)
        assert_shown(server.images["NameArea"].pixels, seen, watched.screenshot(tmp_path / "mirador.png"))
        image = canvas["items"][0]["items"][0]["body"]["id"]
        assert new_session().get(image, timeout=PATIENCE).status_code == 200
        logout = next(service for service in access["service"] if service["type"] == "AuthLogoutService2")
        page = watched.page.context.new_page()
        page.goto(logout["id"])
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        assert authorized(watched, access) == "missingAspect"
        assert new_session().get(image, timeout=PATIENCE).status_code == 401


def test_mirador_and_openseadragon_show_what_names_services(
    browser: "Browser", server: Guarded, tmp_path: Path
) -> None:
    """On the server's own site the browser sends the cookie, and the documents are those with the services."""
    with visiting(browser, f"{server.url}/iiif/auth/access") as watched:
        page = watched.page
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/access")
        page.route("**/viewer/**", _from_the_site)
        page.goto(f"{server.url}/viewer/site/mirador.html")
        told = page.evaluate("uri => described(uri)", server.manifest)["document"]
        assert "AuthProbeService2" in str(told)
        for viewer, arguments in (
            ("mirador", (server.manifest, told["items"][0]["id"])),
            ("openseadragon", (server.info("NameArea"),)),
        ):
            page.goto(f"{server.url}/viewer/site/{viewer}.html")
            seen = watched.see("show", *arguments)
            shot = watched.screenshot(tmp_path / f"{viewer}.png")
            assert_shown(server.images["NameArea"].pixels, seen, shot)


def _from_the_site(route: Any) -> None:
    """Answer with a file of the tests, as if the server had it."""
    route.fulfill(path=browsers.HERE / route.request.url.partition("/viewer/")[2])


def test_another_site_gets_no_token(browser: "Browser", server: Guarded, site: str) -> None:
    with browsers.site() as foreign, visiting(browser, f"{foreign}/openseadragon.html") as watched:
        access = access_service(watched, server.info("kept page 1"))
        log_in(watched, access)
        assert authorized(watched, access) == "invalidOrigin"
        origin = site.removesuffix("/site")
        assert watched.page.evaluate("([access, origin]) => isDeceived(access, origin)", [access, origin]) is False
        refused = [one for one in watched.problems if "ERR_BLOCKED_BY_RESPONSE" in one or "frame-ancestors" in one]
        assert refused, "the browser does not show the frame to this page"
        watched.problems[:] = [one for one in watched.problems if one not in refused]
