"""Another language is one more file: nothing else changes, and both the client and the log-in page offer it."""

from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import ROOT, expect, visiting
from tests.servers import new_session, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SPANISH = """/** Español. */
export default {
  language: "Español",
  "login.title": "Iniciar sesión",
  "login.wrong": "El nombre o la contraseña no son correctos.",
  "nav.templates": "Plantillas",
  "templates.title": "Plantillas",
  "count.elements": "{n} elemento|{n} elementos",
};
"""


def test_a_language_is_added_by_one_file(browser: "Browser", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "code" / "omrclip"
    copytree(ROOT / "omrclip", package)
    (package / "web" / "ui" / "messages" / "es.js").write_text(SPANISH, encoding="utf-8")
    for name in ("templates_omr", "samples"):
        copytree(ROOT / name, tmp_path / name)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    with running(tmp_path) as server:
        with visiting(browser, server.url) as watched:
            page = watched.page
            page.get_by_label("Language").select_option("Español")
            page.get_by_role("heading", name="Plantillas").wait_for()
            expect(page.locator(".card").first).to_contain_text("elementos")
            page.get_by_role("link", name="Results").click()  # what is not translated is English
            page.get_by_role("heading", name="Results").wait_for()
            assert [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")] == []
        with visiting(browser, server.url, locale="es-ES") as watched:
            watched.page.get_by_role("heading", name="Plantillas").wait_for()
        form = new_session().get(f"{server.url}/login", timeout=60)
        assert ">Español</a>" in form.text
        asked = new_session().get(f"{server.url}/login?language=es", timeout=60)
        assert "<title>Iniciar sesión" in asked.text
        assert "Password" in asked.text
