"""Where a failure is shown, so is the id under which an administrator finds its request in the log."""

from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import OpenPage, Project, expect, forget_refusal

if TYPE_CHECKING:
    from playwright.sync_api import Route

REQUEST = {"en-GB": "Request", "de-DE": "Anfrage"}
ID = "0123456789abcdef"
REFUSAL = {"error": {"code": "internal_error", "message": "It went wrong.", "details": {}, "request_id": ID}}


def refuse(route: "Route") -> None:
    route.fulfill(status=500, json=REFUSAL, headers={"X-Request-Id": ID})


@pytest.mark.parametrize("language", REQUEST)
def test_a_view_that_fails_tells_the_id_and_it_can_be_selected(visit: OpenPage, language: str) -> None:
    watched = visit("results", locale=language)
    page = watched.page
    page.route("**/api/templates", refuse)
    page.goto(page.url.replace("results", "templates"))
    for place in (".notice.bad", "main .empty"):
        expect(page.locator(place)).to_contain_text(f"It went wrong. {REQUEST[language]} {ID}")
    code = page.locator(".notice.bad code")
    code.dblclick()
    assert page.evaluate("getSelection().toString().trim()") == ID
    forget_refusal(watched, 500)


@pytest.mark.parametrize("language", REQUEST)
def test_a_file_that_was_refused_tells_the_id(visit: OpenPage, project: Project, language: str) -> None:
    watched = visit("recognize/exam", locale=language)
    page = watched.page
    page.route("**/sheets", refuse)
    page.locator("input[type=file]").first.set_input_files([project.samples / "exam-scan-1.jpg"])
    alert = page.get_by_role("alert").filter(has_text="exam-scan-1.jpg")
    expect(alert).to_contain_text(f"It went wrong. {REQUEST[language]} {ID}")
    forget_refusal(watched, 500)


def test_a_form_that_fails_tells_the_id_and_stays(visit: OpenPage, project: Project) -> None:
    watched = visit()
    page = watched.page
    page.route("**/api/templates?name=*", refuse)
    page.locator("input[type=file]").first.set_input_files([project.samples / "exam-scan-1.jpg"])
    dialog = page.locator("dialog")
    dialog.locator("button[type=submit]").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"Request {ID}")
    forget_refusal(watched, 500)


def test_where_the_server_is_not_reached_there_is_no_id(visit: OpenPage) -> None:
    watched = visit("results")
    page = watched.page
    page.route("**/api/templates", lambda route: route.abort())
    page.goto(page.url.replace("results", "templates"))
    expect(page.locator(".notice.bad")).to_contain_text("does not respond")
    expect(page.locator(".request-id")).to_have_count(0)
    watched.problems[:] = [text for text in watched.problems if "ERR_FAILED" not in text]
