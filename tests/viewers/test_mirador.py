"""Mirador shows the manifest of a recognition's clips: each of its canvases is one clip, and nothing around it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.patience import PATIENCE
from tests.servers import new_session
from tests.viewers.browser import opened
from tests.viewers.conftest import Project
from tests.viewers.expecting import assert_shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CLIPS: Final = ("NameArea 1", "SignatureArea 1", "NameArea 2", "SignatureArea 2")
"""In the order of the manifest's canvases."""
OF_MIRADOR_ITSELF: Final = "console: Accessing element.ref was removed in React 19."


@pytest.mark.parametrize("clip", CLIPS)
def test_a_clip_is_shown_cropped(browser: "Browser", project: Project, site: str, clip: str, tmp_path: Path) -> None:
    image = project.images[clip]
    manifest = new_session().get(project.clips_manifest, timeout=PATIENCE).json()
    canvas = manifest["items"][CLIPS.index(clip)]
    with opened(browser, f"{site}/mirador.html") as watched:
        seen = watched.see("show", project.clips_manifest, canvas["id"])
        assert_shown(image.pixels, seen, watched.screenshot(tmp_path / "mirador.png"))
    assert [problem for problem in watched.problems if not problem.startswith(OF_MIRADOR_ITSELF)] == []
    # Of the page around the clip not even a pixel is asked for.
    served = {url for url in watched.urls if url.startswith(project.url)} - {project.clips_manifest}
    assert served
    assert all(url.startswith(f"{project.url}/iiif/3/{image.identifier}/") for url in served)
