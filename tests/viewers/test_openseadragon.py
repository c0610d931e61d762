"""OpenSeadragon shows every kind of image from both versions of the Image API: as a whole, and pixel by pixel."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.viewers.browser import opened
from tests.viewers.conftest import Project
from tests.viewers.expecting import assert_shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

KINDS: Final = ("stored page", "kept page 1", "kept page 2", "NameArea 1", "SignatureArea 2", "pyramid")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_shown(
    browser: "Browser", project: Project, site: str, kind: str, version: int, tmp_path: Path
) -> None:
    image = project.images[kind]
    service = f"{project.url}/iiif/{version}/{image.identifier}"
    height, width = image.pixels.shape[:2]
    with opened(browser, f"{site}/openseadragon.html") as watched:
        whole = watched.see("show", f"{service}/info.json")
        assert_shown(image.pixels, whole, watched.screenshot(tmp_path / "whole.png"))
        enlarged = watched.see("enlarge", width // 8, height // 8)
        assert enlarged.image == pytest.approx((-(width // 8), -(height // 8), width, height))
        assert_shown(image.pixels, enlarged, watched.screenshot(tmp_path / "enlarged.png"))
    assert watched.problems == []
    images = [url for url in watched.urls if url.startswith(project.url) and not url.endswith("/info.json")]
    assert len(images) > 1
    assert all(url.startswith(f"{service}/") for url in images)
