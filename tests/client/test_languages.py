"""Another language is one more file: nothing else changes, and both the client and the log-in page offer it."""

from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import ROOT, expect, visiting
from tests.patience import PATIENCE
from tests.servers import new_session, patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ITALIAN = """/** Italiano. */
export default {
  language: "Italiano",
  "login.title": "Accedi",
  "login.wrong": "Il nome o la password non sono corretti.",
  "nav.templates": "Modelli",
  "templates.title": "Modelli",
  "count.elements": "{n} elemento|{n} elementi",
};
"""


def test_a_language_is_added_by_one_file(browser: "Browser", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "code" / "omrclip"
    copytree(ROOT / "omrclip", package)
    (package / "web" / "ui" / "messages" / "it.js").write_text(ITALIAN, encoding="utf-8")
    for name in ("templates_omr", "samples"):
        copytree(ROOT / name, tmp_path / name)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    with patient(tmp_path) as server:
        with visiting(browser, server.url) as watched:
            page = watched.page
            page.get_by_label("Language").select_option("Italiano")
            page.get_by_role("heading", name="Modelli").wait_for()
            expect(page.locator(".card").first).to_contain_text("elementi")
            page.get_by_role("link", name="Results").click()  # what is not translated is English
            page.get_by_role("heading", name="Results").wait_for()
            assert [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")] == []
        with visiting(browser, server.url, locale="it-IT") as watched:
            watched.page.get_by_role("heading", name="Modelli").wait_for()
        form = new_session().get(f"{server.url}/login", timeout=PATIENCE)
        assert ">Italiano</a>" in form.text
        asked = new_session().get(f"{server.url}/login?language=it", timeout=PATIENCE)
        assert "<title>Accedi" in asked.text
        assert "Password" in asked.text
