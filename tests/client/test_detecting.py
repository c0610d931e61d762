"""What the editor finds on a blank page: bubbles in a drawn box, the questions of a column, and all elements."""

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest

from omrclip.imaging.codec import encode
from omrclip.imaging.formats.base import ImageFormat
from tests.client.conftest import OpenPage, Project, drag, expect, forget_refusal, open_editor

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

Json = dict[str, Any]
Sides = tuple[float, float, float, float]


@pytest.fixture
def exam(project: Project) -> dict[str, Json]:
    """The page of the exam under the name `bare`, without elements; what the exam has there, by name."""
    document = json.loads(project.template("exam").read_bytes())
    elements = document["Pages"][0]["Elements"]
    document["Pages"][0]["Elements"] = []
    project.template("bare").write_text(json.dumps(document), encoding="utf-8")
    image = project.template("exam").with_suffix(".png")
    project.template("bare").with_suffix(".png").write_bytes(image.read_bytes())
    return {element["Name"]: element for element in elements}


def stored(project: Project) -> list[Json]:
    elements: list[Json] = json.loads(project.template("bare").read_bytes())["Pages"][0]["Elements"]
    return elements


def draw(page: "Page", canvas: "Locator", sides: Sides) -> None:
    """Drag a box around left, top, right and bottom of the exam's page, as it is shown when it fits the canvas."""
    box = canvas.bounding_box()
    assert box is not None
    width, height = 1654, 2339
    scale = min(box["width"] / width, box["height"] / height)
    left, top = (box["width"] - scale * width) / 2, (box["height"] - scale * height) / 2

    def share(x: float, y: float) -> tuple[float, float]:
        return (left + scale * x) / box["width"], (top + scale * y) / box["height"]

    drag(page, canvas, share(*sides[:2]), share(*sides[2:]))


def around(*elements: Json, by: float = 12) -> Sides:
    return (
        min(element["Left"] for element in elements) - by,
        min(element["Top"] for element in elements) - by,
        max(element["Left"] + element["Width"] for element in elements) + by,
        max(element["Top"] + element["Height"] for element in elements) + by,
    )


def save(page: "Page") -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("bare is saved.")).to_be_visible()


def meets(found: Json, truth: Json) -> bool:
    """Whether two choice boxes have bubbles in the same places, to three pixels."""
    pairs = list(zip(found["Bubbles"], truth["Bubbles"], strict=True))
    half = [(truth[key] - found[key]) / 2 for key in ("BubbleWidth", "BubbleHeight")]
    return all(
        abs(one["Left"] - other["Left"] - half[0]) <= 3 and abs(one["Top"] - other["Top"] - half[1]) <= 3
        for one, other in pairs
    )


def test_a_box_takes_the_printed_bubbles_in_it(exam: dict[str, Json], project: Project, visit: OpenPage) -> None:
    watched = visit("edit/bare")
    page = watched.page
    canvas = open_editor(watched)
    choices = [element for element in exam.values() if element["Type"] == "ChoiceBox"]
    (grid,) = [element for element in exam.values() if element["Type"] == "Grid"]
    page.get_by_role("button", name="Choice Box").click()
    draw(page, canvas, around(choices[0]))
    expect(page.get_by_text(f"{len(choices[0]['Bubbles'])} printed bubbles found.")).to_be_visible()
    expect(page.get_by_label("Columns", exact=True)).to_have_value(str(len(choices[0]["Bubbles"])))
    page.get_by_role("button", name="Grid").click()
    draw(page, canvas, around(grid))
    count = sum(len(column["Bubbles"]) for column in grid["Elements"])
    expect(page.get_by_text(f"{count} printed bubbles found.")).to_be_visible()
    page.get_by_label("Values").fill("1234567890")
    save(page)
    choice, found = stored(project)
    assert choice["Name"] == "ChoiceBox1"
    assert meets(choice, choices[0])
    assert [bubble["Value"] for bubble in choice["Bubbles"]] == [bubble["Value"] for bubble in choices[0]["Bubbles"]]
    assert all(meets(one, other) for one, other in zip(found["Elements"], grid["Elements"], strict=True))
    assert {"".join(bubble["Value"] for bubble in column["Bubbles"]) for column in found["Elements"]} == {"1234567890"}


@pytest.mark.usefixtures("exam")
def test_what_was_drawn_stays_where_nothing_is_found(project: Project, visit: OpenPage) -> None:
    watched = visit("edit/bare")
    page = watched.page
    canvas = open_editor(watched)
    page.get_by_role("button", name="Choice Box").click()
    with page.expect_response("**/detection?*"):
        draw(page, canvas, (2, 2, 60, 30))
    page.route("**/detection?*", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("button", name="Choice Box").click()
    with page.expect_response("**/detection?*"):
        draw(page, canvas, (2, 60, 60, 90))
    expect(page.locator(".notice.bad")).to_have_count(1)
    forget_refusal(watched, 503)
    page.unroute("**/detection?*")
    page.get_by_role("button", name="Find printed bubbles").click()
    expect(page.get_by_text("No printed bubbles were found in this box.")).to_be_visible()
    save(page)
    assert [(element["Name"], len(element["Bubbles"])) for element in stored(project)] == [
        ("ChoiceBox1", 4),
        ("ChoiceBox2", 4),
    ]


def test_what_changed_meanwhile_is_not_laid_anew(exam: dict[str, Json], project: Project, visit: OpenPage) -> None:
    watched = visit("edit/bare")
    page = watched.page
    canvas = open_editor(watched)
    held: list[Any] = []
    page.route("**/detection?*", lambda route: held.append(route))
    choice = next(element for element in exam.values() if element["Type"] == "ChoiceBox")
    for name in ("Named", "Moved"):
        page.get_by_role("button", name="Choice Box").click()
        with page.expect_request("**/detection?*"):
            draw(page, canvas, around(choice))
        page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Left", exact=True).fill("900")
    for_named, for_moved = held
    for_named.continue_()
    expect(page.get_by_text("printed bubbles found.")).to_be_visible()
    for_moved.continue_()
    expect(page.locator(".toolbars").get_by_role("button", name="Find elements")).to_have_attribute(
        "aria-busy", "false"
    )
    save(page)
    named, moved = stored(project)
    assert (named["Name"], meets(named, choice)) == ("Named", True)
    assert (moved["Name"], moved["Left"]) == ("Moved", 900)
    assert len(moved["Bubbles"]) != len(choice["Bubbles"])


def test_a_column_becomes_numbered_questions(exam: dict[str, Json], project: Project, visit: OpenPage) -> None:
    watched = visit("edit/bare")
    page = watched.page
    canvas = open_editor(watched)
    first = next(element for element in exam.values() if element["Type"] == "ChoiceBox")
    column = [one for one in exam.values() if one["Type"] == "ChoiceBox" and abs(one["Left"] - first["Left"]) < 9]
    page.get_by_role("button", name="Questions").click()
    draw(page, canvas, around(*column))
    dialog = page.get_by_role("dialog", name="Add questions")
    expect(dialog).to_contain_text(f"{len(column)} rows of bubbles were found.")
    dialog.get_by_label("Name before the number").fill("Item")
    dialog.get_by_role("button", name="Add", exact=True).click()
    save(page)
    found = stored(project)
    assert [element["Name"] for element in found] == [f"Item{number}" for number in range(1, len(column) + 1)]
    assert all(meets(one, other) for one, other in zip(found, column, strict=True))
    canvas.focus()
    page.keyboard.press("q")
    page.keyboard.press("Enter")  # by keyboard: in all that is seen
    dialog.get_by_label("Name before the number").fill("Item")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("already has the name Item1")


def test_found_elements_are_accepted_and_removed(exam: dict[str, Json], project: Project, visit: OpenPage) -> None:
    watched = visit("edit/bare")
    page = watched.page
    open_editor(watched)
    page.locator(".toolbars").get_by_role("button", name="Find elements").click()
    panel = page.get_by_role("region", name="Proposed elements")
    rows = panel.locator(".proposals li")
    expect(rows).not_to_have_count(0)
    shares = [int(text.split("%")[0].split()[-1]) for text in rows.all_inner_texts()]
    assert shares == sorted(shares)
    expect(panel.locator("summary")).to_contain_text("left out")
    count = rows.count()
    panel.get_by_role("button", name="Remove Write1", exact=True).click()
    panel.get_by_role("button", name="Accept Write2", exact=True).click()
    expect(rows).to_have_count(count - 2)
    panel.get_by_role("button", name="Accept all").click()
    expect(rows).to_have_count(0)
    save(page)
    found = {element["Name"]: element for element in stored(project)}
    assert len(found) == count - 1
    assert "Write2" in found
    assert "Write1" not in found
    choices = [element for element in exam.values() if element["Type"] == "ChoiceBox"]
    assert all(meets(found[str(number)], choice) for number, choice in enumerate(choices, 1))
    page.locator(".toolbars").get_by_role("button", name="Find elements").click()
    expect(panel).to_contain_text("in the template already")
    expect(rows).to_have_count(1)


@pytest.mark.usefixtures("exam")
def test_what_to_do_is_told_where_nothing_is_found(project: Project, visit: OpenPage) -> None:
    """The page shows nothing, or one circle that has no other of its size."""
    blank = np.full((2339, 1654), 255, np.uint8)
    image = project.template("bare").with_suffix(".png")
    image.write_bytes(encode(blank, ImageFormat.PNG))
    watched = visit("edit/bare", locale="de-DE")
    open_editor(watched)
    find = watched.page.locator(".toolbars").get_by_role("button", name="Elemente suchen")
    find.click()
    panel = watched.page.get_by_role("region", name="Vorgeschlagene Elemente")
    expect(panel.get_by_role("heading")).to_have_text("Vorgeschlagene Elemente")
    expect(panel.locator("p")).to_have_text(re.compile("mit 200 dpi oder mehr hoch"))
    expect(panel.locator("summary")).to_have_count(0)
    cv2.circle(blank, (800, 900), 18, 0, 3)
    image.write_bytes(encode(blank, ImageFormat.PNG))
    find.click()
    expect(panel.locator("summary")).to_have_count(1)
    expect(panel.locator("p")).to_have_text(re.compile("Formen unten .* wurden aber ausgelassen"))


def test_the_pages_of_a_long_file_are_asked_for_in_parts(visit: OpenPage) -> None:
    page = visit("results").page
    asked = []

    def answer(route: "Route") -> None:
        first, last = (int(parse_qs(urlsplit(route.request.url).query)[name][0]) for name in ("First", "Last"))
        asked.append((first, last))
        pages = [{"ImageFormat": ".png", "ImageData": str(number)} for number in range(first, min(last, 12) + 1)]
        route.fulfill(json={"Template": {"Pages": pages}, "Pages": [], "PageCount": 12})

    page.route("**/api/detection?*", answer)
    made = page.evaluate(
        """async () => {
          const { pagesOfFile } = await import("/ui/editor/pages.js");
          return pagesOfFile(new File(["x"], "form.pdf", { type: "application/pdf" }), 2);
        }"""
    )
    assert asked == [(1, 10), (11, 20)]
    assert [(one["ImageName"], one["ImageData"]) for one in made] == [
        (f"page-{number + 1}.png", str(number)) for number in range(1, 13)
    ]
