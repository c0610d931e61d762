"""Viewers show the images of a server with users through a signed link, without a log-in and without cookies."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.patience import PATIENCE
from tests.servers import new_session
from tests.viewers.browser import opened
from tests.viewers.conftest import Project
from tests.viewers.expecting import assert_shown
from tests.viewers.test_mirador import OF_MIRADOR_ITSELF

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("version", [2, 3])
def test_openseadragon_shows_a_page(
    browser: "Browser", guarded: Project, site: str, version: int, tmp_path: Path
) -> None:
    image = guarded.images["kept page 1"]
    service = f"{guarded.url}/iiif/{version}/{image.identifier}"
    with opened(browser, f"{site}/openseadragon.html") as watched:
        seen = watched.see("show", f"{service}/info.json")
        assert_shown(image.pixels, seen, watched.screenshot(tmp_path / "page.png"))
    assert watched.problems == []
    images = [url for url in watched.urls if "/iiif/" in url and not url.endswith("/info.json")]
    assert len(images) > 1
    assert all(url.startswith(f"{service}/") for url in images)


def test_mirador_shows_the_clips(browser: "Browser", guarded: Project, site: str, tmp_path: Path) -> None:
    image = guarded.images["NameArea"]
    canvas = new_session().get(guarded.clips_manifest, timeout=PATIENCE).json()["items"][0]
    with opened(browser, f"{site}/mirador.html") as watched:
        seen = watched.see("show", guarded.clips_manifest, canvas["id"])
        assert_shown(image.pixels, seen, watched.screenshot(tmp_path / "mirador.png"))
    assert [problem for problem in watched.problems if not problem.startswith(OF_MIRADOR_ITSELF)] == []


def test_without_the_link_nothing_is_shown(guarded: Project) -> None:
    signed = f"{guarded.url}/iiif/3/{guarded.images['kept page 1'].identifier}/info.json"
    server, _, rest = signed.partition("/signed/")
    path = rest.partition("/")[2]
    assert new_session().get(signed, timeout=PATIENCE).status_code == 200
    assert new_session().get(f"{server}/{path}", timeout=PATIENCE).status_code == 401
