"""What the page says when the server cannot keep what it recognized, and when a list has several pages."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.client.conftest import OpenPage, Project, expect, forget_refusal
from tests.patience import PATIENCE
from tests.servers import new_session

if TYPE_CHECKING:
    pass

SCANS = ("exam-scan-1.jpg", "exam-scan-2.jpg")
FULL = {"code": "storage_full", "message": "No room for results.", "details": {"oldest_expires": 1_800_000_000}}
SAID = {
    "en-GB": ("no space left", "Jan 15, 2027"),
    "de-DE": ("kein Platz mehr", "15.01.2027"),
}


@pytest.mark.parametrize("language", SAID)
def test_a_server_without_room_is_told_at_each_file(project: Project, visit: OpenPage, language: str) -> None:
    watched = visit("recognize/exam", locale=language)
    page = watched.page
    refusal: dict[str, Any] = {"error": FULL}
    page.route("**/sheets", lambda route: route.fulfill(status=507, json=refusal))
    page.locator("input[type=file]").first.set_input_files([project.samples / name for name in SCANS])
    alert = page.get_by_role("alert").filter(has_text=SCANS[0])
    for words in (*SCANS, *SAID[language]):
        expect(alert).to_contain_text(words)
    forget_refusal(watched, 507)


def test_all_pages_of_the_list_of_templates_are_shown(project: Project, visit: OpenPage) -> None:
    page = visit().page
    page.locator(".card").first.wait_for()
    whole = new_session().get(f"{project.url}/api/templates", timeout=PATIENCE).json()["Templates"]
    assert len(whole) > 2
    page.route("**/api/templates", lambda route: route.continue_(url=f"{project.url}/api/templates?limit=1"))
    page.reload()
    expect(page.locator(".card")).to_have_count(len(whole))
