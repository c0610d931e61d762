"""Where a failure is shown, so is the id under which an administrator finds its request in the log."""

from typing import TYPE_CHECKING, Final

import pytest

from tests.client.conftest import OpenPage, Project, expect, forget_refusal, show_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route

SAID = {"en-GB": "It went wrong. Request", "de-DE": "die Nummer der Anfrage. Anfrage"}
"""In English the server's own words, in other languages those for the code of the error."""
ID = "0123456789abcdef"
REFUSAL = {"error": {"code": "internal_error", "message": "It went wrong.", "details": {}, "request_id": ID}}


def refuse(route: "Route") -> None:
    route.fulfill(status=500, json=REFUSAL, headers={"X-Request-Id": ID})


@pytest.mark.parametrize("language", SAID)
def test_a_view_that_fails_tells_the_id_and_it_can_be_selected(visit: OpenPage, language: str) -> None:
    watched = visit("results", locale=language)
    page = watched.page
    page.route("**/api/templates", refuse)
    show_view(page, "templates")
    for place in (".notice.bad", "main .empty"):
        expect(page.locator(place)).to_contain_text(f"{SAID[language]} {ID}")
    code = page.locator(".notice.bad code")
    code.dblclick()
    assert page.evaluate("getSelection().toString().trim()") == ID
    forget_refusal(watched, 500)


@pytest.mark.parametrize("language", SAID)
def test_a_file_that_was_refused_tells_the_id(visit: OpenPage, project: Project, language: str) -> None:
    watched = visit("recognize/exam", locale=language)
    page = watched.page
    page.route("**/sheets", refuse)
    page.locator("input[type=file]").first.set_input_files([project.samples / "exam-scan-1.jpg"])
    alert = page.get_by_role("alert").filter(has_text="exam-scan-1.jpg")
    expect(alert).to_contain_text(f"{SAID[language]} {ID}")
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
    show_view(page, "templates")
    expect(page.locator(".notice.bad")).to_contain_text("does not respond")
    expect(page.locator(".request-id")).to_have_count(0)
    watched.problems[:] = [text for text in watched.problems if "ERR_FAILED" not in text]


def test_what_a_code_means_is_told_in_the_language_of_the_page(visit: OpenPage) -> None:
    page = visit("results", locale="fr-FR").page
    told = page.evaluate(
        """async () => {
          const { failureText } = await import("/ui/dialogs.js");
          const said = (code, details) => failureText({ code, message: "In English.", details });
          const field = { path: "$.Pages[0]", expected: "an object" };
          return [
            said("corrupt_image"),
            said("limit_exceeded", { limit: "max_scans", maximum: 1000 }),
            said("limit_exceeded", {}),
            said("invalid_template", { fields: [field] }),
            said("of_a_newer_server"),
          ];
        }"""
    )
    assert told[0].startswith("Le fichier est endommagé")
    assert told[1].replace("\u202f", " ").endswith("au plus 1 000 (max_scans).")
    assert told[2] == told[4] == "In English."
    assert told[3].endswith(" : page 1")


def test_messages_about_results_are_told_in_the_language_of_the_page(visit: OpenPage) -> None:
    page = visit("results", locale="de-DE").page
    told = page.evaluate(
        """async (answer) => {
          const { failureText } = await import("/ui/dialogs.js");
          const { remarkOf } = await import("/ui/review/status.js");
          const { sheetsOf } = await import("/ui/review/sheets.js");
          const said = (Code, Values, Text) => ({ Code, Values, Text });
          const faint = said("faint", {}, "Look.");
          return [
            sheetsOf("id", answer)[0].remarks,
            remarkOf({ Status: "uncertain", Message: "In English.", Said: [said("part", { n: 2 }, "part 2:"), faint] }),
            remarkOf({ Status: "uncertain", Message: "In English." }),
            remarkOf({ Message: "In English.", Said: [said("of_a_newer_server", {}, "Newer."), faint] }),
            failureText({ message: "In English.", details: { said: [said("fits_pages", { pages: "1, 2" }, "")] } }),
          ];
        }""",
        {
            "Recognitions": [
                {
                    "Name": "a.png",
                    "Error": None,
                    "Elements": [],
                    "Clips": [],
                    "Remarks": [[{"Code": "other_size", "Values": {"times": 1.2}, "Text": "Larger."}]],
                }
            ],
            "Info": {"Details": {"RecognitionStatistics": [{"TaskMessages": ["Larger."]}]}},
        },
    )
    assert told[0][0].startswith("Die gedruckten Ankreuzfelder sind 1,2-mal so groß wie in der Vorlage.")
    faint = "Sehen Sie sich den Scan an: Eine Markierung ist schwach."
    assert told[1] == f"Teil 2: {faint}"
    assert told[2] == "Diese Antwort ist unsicher. Sehen Sie sich den Scan an."
    assert told[3] == f"Newer. {faint}"
    assert told[4].startswith("Die Seiten 1, 2 der Vorlage passen gleich gut auf den Scan.")


PATHS: Final = {
    "en-GB": ["Wrong. page 1, element 3, Width: a number; page 2: too much", "the document: an object"],
    "de-DE": [
        "Der Server kann mit dieser Eingabe nichts anfangen: Seite 1, Element 3, Breite; Seite 2",
        "das Dokument: an object",
    ],
}


@pytest.mark.parametrize("language", PATHS)
def test_places_are_told_in_words(visit: OpenPage, language: str) -> None:
    page = visit("results", locale=language).page
    told = page.evaluate(
        """async () => {
          const { failureText } = await import("/ui/dialogs.js");
          const { withPlaces } = await import("/ui/places.js");
          const fields = [{ path: "$.Pages[0].Elements[2].Width" }, { path: "$.Pages[1]" }];
          const message = "Wrong. $.Pages[0].Elements[2].Width: a number; $.Pages[1]: too much";
          return [
            failureText({ code: "invalid_request", message, details: { fields } }),
            withPlaces("$: an object"),
            withPlaces("$.Options.Pages['a b.png'], $.Templates[1].x: costs $5"),
          ];
        }"""
    )
    assert told == [*PATHS[language], "Options, a b.png, Templates, 2, x: costs $5"]


def _answering(status: int, body: str) -> "Callable[[Route], None]":
    return lambda route: route.fulfill(status=status, body=body)


def test_what_a_proxy_says_is_told_in_words(visit: OpenPage) -> None:
    watched = visit("results", locale="de-DE")
    page = watched.page
    notice = page.locator(".notice.bad")
    for status, body, words in (
        (413, "Request Entity Too Large", "nimmt Dateien dieser Größe nicht an"),
        (403, "<html><h1>Forbidden</h1></html>", "Status 403"),
        (502, "", "Der Server antwortet nicht"),
        (504, "<html><h1>504 Gateway Time-out</h1></html>", "Der Server antwortet nicht"),
        (200, "<html>Log in to the network</html>", "Status 200"),
    ):
        page.route("**/api/templates", _answering(status, body))
        show_view(page, "templates")
        expect(notice).to_contain_text(words)
        assert "<" not in notice.inner_text()
        if status != 200:
            forget_refusal(watched, status)
        notice.get_by_role("button").click()
        show_view(page, "results")
        page.get_by_role("heading", name="Ergebnisse").wait_for()


def test_a_picture_that_a_busy_server_refuses_is_asked_for_again(visit: OpenPage) -> None:
    watched = visit("help")
    page = watched.page
    refused = set()

    def first(route: "Route") -> None:
        if (url := route.request.url) in refused:
            route.continue_()
        else:
            refused.add(url)
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="busy")

    page.route("**/iiif/3/survey.omr.1/**", first)
    show_view(page, "templates")
    picture = page.locator("li.card", has=page.get_by_text("survey", exact=True)).locator("img")
    expect(picture).to_have_js_property("naturalHeight", 300)
    assert len(refused) == 1
    forget_refusal(watched, 503)
