"""The list of the sheets of a large batch: only what is in view is on the page, and people notice nothing of that."""

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from tests.client.conftest import OpenPage, Project, expect, recognize
from tests.client.test_accessibility import AXE, violations

if TYPE_CHECKING:
    from playwright.sync_api import Route

SHEETS: Final = 600


def test_a_list_of_many_sheets(project: Project, visit: OpenPage) -> None:
    watched = visit("recognize/exam")
    page = watched.page
    recognize(watched, project.samples / "exam-scan-1.jpg")

    def many(route: "Route") -> None:
        """The only sheet many times over."""
        tail = unquote(route.request.url.partition("/sheets")[2])
        answer = route.fetch(url=route.request.url.replace(tail, "/exam-scan-1.jpg") if tail else route.request.url)
        told = answer.json()
        if tail:
            told["Name"] = tail[1:]
        else:
            told["Sheets"] = [{**told["Sheets"][0], "Name": f"sheet-{number:03}.jpg"} for number in range(SHEETS)]
        route.fulfill(response=answer, body=json.dumps(told))

    def picture(route: "Route") -> None:
        route.continue_(url=re.sub(r"sheet-\d+", "exam-scan-1", route.request.url))

    page.route("**/api/batches/*/sheets**", many)
    page.route("**/iiif/**", picture)
    page.reload()
    page.get_by_role("button", name="Sheets", exact=True).click()
    page.get_by_label("Which answers to show").select_option("all")
    listed = page.get_by_role("listbox", name="Sheets")
    chosen = listed.get_by_role("option", selected=True)
    expect(chosen).to_contain_text("sheet-000.jpg")
    assert listed.get_by_role("option").count() < SHEETS / 2

    listed.focus()
    for key, name in (
        ("End", "sheet-599"),
        ("ArrowUp", "sheet-598"),
        ("Home", "sheet-000"),
        ("ArrowDown", "sheet-001"),
    ):
        page.keyboard.press(key)
        expect(chosen).to_contain_text(name)
        expect(chosen).to_be_in_viewport(ratio=1)
        page.get_by_role("heading", name=name).wait_for()
        assert listed.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert (chosen.get_attribute("aria-posinset"), chosen.get_attribute("aria-setsize")) == ("2", str(SHEETS))
    page.keyboard.press("PageDown")
    expect(chosen).not_to_contain_text("sheet-001")

    page.locator(".sheets-place").evaluate("place => place.scrollTo(0, place.scrollHeight)")
    last = listed.get_by_role("option", name="sheet-599.jpg")
    expect(last).to_be_in_viewport()
    expect(chosen).to_have_count(1)  # out of view, but where screen readers are
    last.click()
    expect(chosen).to_contain_text("sheet-599")
    page.get_by_label("Find a sheet by name").fill("T-30")
    expect(listed.get_by_role("option")).to_have_count(10)
    if AXE.is_file():
        assert violations(page) == []


def test_pictures_are_asked_for_near_the_view_once_scrolling_rests(visit: OpenPage) -> None:
    page = visit("help").page
    told = page.evaluate(
        """async () => {
          const { Pictures } = await import(new URL("ui/batches/pictures.js", location.origin));
          const place = document.createElement("div");
          place.style = "position: fixed; inset: 0; height: 300px; overflow: auto";
          const nodes = Array.from({ length: 300 }, () => {
            const node = document.createElement("div");
            node.style = "height: 60px";
            node.append(new Image());
            return node;
          });
          place.append(...nodes);
          document.body.append(place);
          const pictures = new Pictures(place);
          for (const node of nodes) pictures.add(node, "ui/favicon.svg");
          const asked = () => nodes.flatMap((node, index) => (node.firstChild.hasAttribute("src") ? [index] : []));
          const frame = () => new Promise(requestAnimationFrame);
          const rested = async () => {
            for (let before = -1, steady = 0; steady < 10; steady = asked().length === before ? steady + 1 : 0) {
              before = asked().length;
              await new Promise((done) => setTimeout(done, 100));
            }
            return asked();
          };
          const first = await rested();
          for (let frames = 0; frames < 60; frames += 1) {
            place.scrollTop += 200;
            await frame();
          }
          return { first, passing: asked(), last: await rested() };
        }"""
    )
    assert told["first"] == list(range(len(told["first"])))
    assert 5 <= len(told["first"]) < 12, "those in view, and half a view below it"
    assert max(told["last"]) >= 200, "where the place rests"
    assert not {number for number in told["last"] if 60 <= number < 150}, "those that passed by"
