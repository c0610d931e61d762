"""What the page says when the server cannot keep what it recognized, and when a list has several pages."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.conftest import OpenPage, Project, expect, forget_refusal
from tests.patience import PATIENCE
from tests.servers import new_session

if TYPE_CHECKING:
    from playwright.sync_api import Route

SCANS = ("exam-scan-1.jpg", "exam-scan-2.jpg")
FULL = {"code": "storage_full", "message": "No room for results.", "details": {"oldest_expires": 1_800_000_000}}
SAID = {
    "en-GB": ("could not store the results of all sheets", "no space left", "Jan 15, 2027"),
    "de-DE": ("konnte nicht alle Ergebnisse speichern", "kein Platz mehr", "15.01.2027"),
}


@pytest.fixture(scope="module")
def lines(browser: object, project: Project) -> str:  # noqa: ARG001 (skipped with it)
    """An answer in lines whose last says that nothing of it is kept."""
    files = [("Images", (name, (project.samples / name).read_bytes())) for name in SCANS]
    headers = {"Accept": "application/x-ndjson"}
    answer = new_session().post(
        f"{project.url}/api/recognitions?keep",
        data={"Template": "exam"},
        files=files,
        headers=headers,
        timeout=PATIENCE,
    )
    answer.raise_for_status()
    last = {"Uri": None, "KeepingError": FULL, "ResponseFiles": [], "Recognitions": [], "Warnings": []}
    return answer.text + json.dumps(last) + "\n"


@pytest.mark.parametrize("language", SAID)
def test_sheets_that_are_not_kept_stay_on_the_page_and_it_says_so(
    lines: str, project: Project, visit: OpenPage, language: str
) -> None:
    page = visit("recognize/exam", locale=language).page

    def answer(route: "Route") -> None:
        route.fulfill(status=200, content_type="application/x-ndjson", body=lines)

    page.route("**/api/recognitions", answer)
    page.locator("input[type=file]").first.set_input_files([project.samples / name for name in SCANS])
    warning = page.get_by_role("alert").filter(has_text=SAID[language][0])
    expect(warning).to_be_visible()
    for words in SAID[language]:
        expect(warning).to_contain_text(words)
    page.locator(".sheets [role=option]").first.click()
    clip = page.locator(".clips img").first
    clip.wait_for()
    assert (clip.get_attribute("src") or "").startswith("blob:"), "the clip is the one that came with the answer"
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["Recognitions"]
    assert [sheet["Name"] for sheet in saved] == list(SCANS)
    assert all(sheet["Elements"] for sheet in saved)
    expect(page.get_by_role("button", name="CSV")).to_have_count(0)


def test_a_server_without_room_is_told_at_each_sheet(project: Project, visit: OpenPage) -> None:
    watched = visit("recognize/exam")
    page = watched.page
    refusal: dict[str, Any] = {"error": FULL}
    page.route("**/api/recognitions", lambda route: route.fulfill(status=507, json=refusal))
    page.locator("input[type=file]").first.set_input_files([project.samples / SCANS[0]])
    expect(page.locator("main")).to_contain_text("no space left for results")
    forget_refusal(watched, 507)


def test_all_pages_of_the_list_of_templates_are_shown(project: Project, visit: OpenPage) -> None:
    page = visit().page
    page.locator(".card").first.wait_for()
    whole = new_session().get(f"{project.url}/api/templates", timeout=PATIENCE).json()["Templates"]
    assert len(whole) == 2
    page.route("**/api/templates", lambda route: route.continue_(url=f"{project.url}/api/templates?limit=1"))
    page.reload()
    expect(page.locator(".card")).to_have_count(2)
