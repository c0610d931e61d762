"""The editor: by keyboard alone, by mouse, with problems told as they arise, and with two people at one template."""

import base64
import json
import re
from typing import Any, Final

import pytest

from tests.client.conftest import OpenPage, Project, drag, expect, forget_refusal, open_editor

Json = dict[str, Any]
WIDTHS: Final = (1024, 1280, 1400, 1500, 1640)
"""Of the window, in pixels."""


@pytest.fixture
def survey(project: Project) -> Json:
    """A small template of its own for each test, under the name `mine`; what it holds."""
    document: Json = json.loads(project.template("survey").read_bytes())
    project.template("mine").write_text(json.dumps(document, indent=2), encoding="utf-8")
    return document


def stored(project: Project) -> dict[str, Json]:
    """The elements of the stored template by their names."""
    elements = json.loads(project.template("mine").read_bytes())["Pages"][0]["Elements"]
    return {element["Name"]: element for element in elements}


@pytest.mark.usefixtures("survey")
def test_by_keyboard_alone(project: Project, visit: OpenPage) -> None:
    watched = visit()
    page, press = watched.page, watched.page.keyboard.press
    expect(page.get_by_role("link", name=re.compile("^mine"))).to_be_visible()
    for _ in range(60):
        press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "#/edit/mine":
            break
    press("Enter")
    open_editor(watched)
    for _ in range(60):
        press("Tab")
        if page.evaluate("document.activeElement.classList.contains('viewer')"):
            break
    press("c")
    press("Enter")
    press("Enter")  # to the name of what was put in
    page.keyboard.type("KeyArea")
    for _ in range(60):
        press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('viewer')"):
            break
    before = page.get_by_label("Left", exact=True).input_value()
    for key in ("ArrowRight", "Shift+ArrowRight", "Alt+ArrowDown"):
        press(key)
    assert int(page.get_by_label("Left", exact=True).input_value()) == int(before) + 11
    press("Control+s")
    expect(page.get_by_text("mine is saved.")).to_be_visible()
    assert stored(project)["KeyArea"]["Left"] == int(before) + 11


def test_steps_go_back_and_forth(survey: Json, visit: OpenPage) -> None:
    watched = visit("edit/mine")
    page = watched.page
    canvas = open_editor(watched)
    options = page.get_by_role("listbox", name="Elements").get_by_role("option")
    expect(options).to_have_count(len(survey["Pages"][0]["Elements"]))
    page.get_by_role("button", name="Grid").click()
    drag(page, canvas, (0.3, 0.5), (0.5, 0.8))
    canvas.focus()
    for key in ("Control+c", "Control+v", "Control+d"):
        page.keyboard.press(key)
    assert options.all_inner_texts()[-3:] == [f"Grid{number}\nGrid" for number in (1, 2, 3)]
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(options).to_have_count(len(survey["Pages"][0]["Elements"]))
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.keyboard.press("Control+y")
    expect(options.last).to_contain_text("Grid1")


def test_elements_are_moved_resized_and_aligned(survey: Json, project: Project, visit: OpenPage) -> None:
    watched = visit("edit/mine")
    page = watched.page
    canvas = open_editor(watched)
    elements = page.get_by_role("listbox", name="Elements")
    elements.get_by_role("option", name="DateArea").click()
    elements.get_by_role("option", name="InitialsArea").click(modifiers=["Control"])
    page.get_by_role("button", name="Same height").click()
    page.get_by_role("button", name="Top edges").click()
    elements.get_by_role("option", name="Services").click()
    left = page.get_by_label("Left", exact=True)
    left.fill(str(int(left.input_value()) + 7))
    canvas.focus()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("mine is saved.")).to_be_visible()
    found = stored(project)
    was = {element["Name"]: element for element in survey["Pages"][0]["Elements"]}
    assert found["DateArea"]["Height"] == found["InitialsArea"]["Height"]
    assert found["DateArea"]["Top"] == found["InitialsArea"]["Top"]
    assert [b["Left"] for b in found["Services"]["Bubbles"]] == [b["Left"] + 7 for b in was["Services"]["Bubbles"]]
    untouched = set(was) - {"DateArea", "InitialsArea", "Services"}
    assert {name: found[name] for name in untouched} == {name: was[name] for name in untouched}


@pytest.mark.usefixtures("survey")
def test_problems_are_told_at_the_field_as_one_types(visit: OpenPage) -> None:
    watched = visit("edit/mine")
    page = watched.page
    open_editor(watched)
    page.get_by_role("option", name="DateArea").click()
    for key, value, said, is_wrong in (
        ("Name", "InitialsArea", "Another element already has the name", False),
        ("Width", "9000", "beyond the right edge of the page", False),
        ("Left", "9000", "outside", True),
        ("Top", "none", "Expected", True),
    ):
        box = page.get_by_label(key, exact=True)
        good = box.input_value()
        box.fill(value)
        expect(page.locator(f"#said-{key}")).to_contain_text(said)
        assert box.get_attribute("aria-invalid") == str(is_wrong).lower()
        expect(page.get_by_role("button", name="1 problem")).to_have_count(int(is_wrong))
        box.fill(good)
        expect(page.locator(f"#said-{key}")).to_be_empty()


@pytest.mark.usefixtures("survey")
def test_the_second_of_two_editors_is_told_and_both_edits_are_kept(project: Project, visit: OpenPage) -> None:
    first, second = visit("edit/mine"), visit("edit/mine")
    for watched, name, field, value in ((first, "DateArea", "Width", "301"), (second, "InitialsArea", "Width", "222")):
        open_editor(watched)
        watched.page.get_by_role("option", name=name).click()
        watched.page.get_by_label(field, exact=True).fill(value)
    for watched in (first, second):  # and both rename one
        watched.page.get_by_role("option", name="CommentArea").click()
        top = "1800" if watched is first else "1810"
        watched.page.get_by_label("Top", exact=True).fill(top)
    first.page.get_by_role("button", name="Save", exact=True).click()
    expect(first.page.get_by_text("mine is saved.")).to_be_visible()
    second.page.get_by_role("button", name="Save", exact=True).click()
    dialog = second.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Someone else saved this template")
    forget_refusal(second, 412)
    row = dialog.get_by_role("row", name="CommentArea")
    row.get_by_label(re.compile("1800")).check()
    dialog.get_by_role("button", name="Merge and save").click()
    expect(second.page.get_by_text("mine is saved.")).to_be_visible()
    found = stored(project)
    assert (found["DateArea"]["Width"], found["InitialsArea"]["Width"], found["CommentArea"]["Top"]) == (301, 222, 1800)


def test_what_correction_finds_is_told_and_can_be_undone(survey: Json, project: Project, visit: OpenPage) -> None:
    elements = survey["Pages"][0]["Elements"]
    services = next(element for element in elements if element["Name"] == "Services")
    lost = {**services, "Name": "Nowhere", "Top": services["Top"] + 500}
    lost["Bubbles"] = [{**bubble, "Top": bubble["Top"] + 500} for bubble in services["Bubbles"]]
    bubbles = [{**bubble, "Left": bubble["Left"] + 6} for bubble in services["Bubbles"]]
    elements[elements.index(services)] = {**services, "Bubbles": bubbles}
    elements.append(lost)
    project.template("mine").write_text(json.dumps(survey), encoding="utf-8")
    page_image = project.folder / "templates_omr" / "survey.png"
    page_image.with_stem("mine").write_bytes(page_image.read_bytes())
    watched = visit("edit/mine")
    page = watched.page
    open_editor(watched)
    page.get_by_role("button", name="Correct").click()
    findings = page.get_by_role("region", name="Findings")
    findings.get_by_role("button", name=re.compile("^Nowhere")).click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nowhere")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("mine is saved.")).to_be_visible()
    corrected = [bubble["Left"] for bubble in stored(project)["Services"]["Bubbles"]]
    assert corrected == pytest.approx([bubble["Left"] for bubble in services["Bubbles"]], abs=1.5)
    page.get_by_role("button", name="Undo").click()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("button", name="Save", exact=True).click()
    assert [bubble["Left"] for bubble in stored(project)["Services"]["Bubbles"]] == [
        bubble["Left"] for bubble in bubbles
    ]
    findings.get_by_role("button", name=re.compile("^Nowhere")).click()
    page.get_by_role("button", name="Delete").click()
    expect(findings.get_by_role("button", name=re.compile("^Nowhere"))).to_have_count(0)


def test_what_correction_finds_is_told_in_the_language_of_the_page(
    survey: Json, project: Project, visit: OpenPage
) -> None:
    elements = survey["Pages"][0]["Elements"]
    services = next(element for element in elements if element["Name"] == "Services")
    services["Bubbles"] = [{**bubble, "Top": bubble["Top"] + 500} for bubble in services["Bubbles"]]
    project.template("mine").write_text(json.dumps(survey), encoding="utf-8")
    page_image = project.folder / "templates_omr" / "survey.png"
    page_image.with_stem("mine").write_bytes(page_image.read_bytes())
    page = visit("edit/mine", locale="de-DE").page
    page.get_by_role("button", name="Korrigieren").click()
    finding = page.get_by_role("region", name="Meldungen").get_by_role("button", name=re.compile("^Services"))
    expect(finding).to_contain_text("wurde kein gedrucktes Ankreuzfeld gefunden.")


def test_the_image_of_a_second_page_is_saved_in_the_template(survey: Json, project: Project, visit: OpenPage) -> None:
    survey["Pages"].append({**survey["Pages"][0], "Elements": []})
    project.template("mine").write_text(json.dumps(survey), encoding="utf-8")
    image = project.folder / "templates_omr" / "survey.png"
    watched = visit("edit/mine")
    page = watched.page
    open_editor(watched)
    page.get_by_label("Page", exact=True).select_option("1")
    page.get_by_label("Upload page image").set_input_files(image)
    with page.expect_response(re.compile(r"/iiif/3/mine\.omr\.2/.*default\.jpg")) as shown:
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("mine is saved.")).to_be_visible()
    assert shown.value.ok
    second = json.loads(project.template("mine").read_bytes())["Pages"][1]
    assert (base64.b64decode(second["ImageData"]), second["ImageName"]) == (image.read_bytes(), "survey.png")


@pytest.mark.usefixtures("survey")
def test_the_pages_of_a_pdf_become_further_pages(project: Project, visit: OpenPage) -> None:
    watched = visit("edit/mine")
    page = watched.page
    open_editor(watched)
    page.get_by_label("Add pages").set_input_files(project.folder / "templates_omr" / "consent.pdf")
    pages = page.get_by_label("Page", exact=True)
    expect(pages).to_have_value("1")
    page.get_by_role("button", name="Undo").click()
    expect(pages).to_be_hidden()
    page.get_by_role("button", name="Redo").click()
    pages.select_option("1")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("mine is saved.")).to_be_visible()
    found = json.loads(project.template("mine").read_bytes())["Pages"]
    assert len(found) >= 2
    assert (found[1]["Elements"], found[1]["ImageName"]) == ([], f"page-2{found[1]['ImageFormat']}")
    page.locator(".toolbars").get_by_role("button", name="Find elements").click()
    expect(page.get_by_role("region", name="Proposed elements").locator(".proposals li")).not_to_have_count(0)


@pytest.mark.parametrize("language", ["en-GB", "de-DE", "es-ES", "fr-FR"])
@pytest.mark.usefixtures("survey")
def test_the_page_stays_where_it_is_when_the_toolbar_changes(visit: OpenPage, language: str) -> None:
    watched = visit("edit/mine", locale=language)
    page = watched.page
    canvas = open_editor(watched)
    before = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        before[width] = canvas.bounding_box()
    page.get_by_role("option", name="DateArea").click()
    page.locator("#main input").nth(2).fill("none")  # what is wrong is told in the toolbar
    expect(page.locator(".toolbars .icon").first).to_be_visible()
    page.locator(".toolbars button:has-text('1 ')").wait_for()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert canvas.bounding_box() == before[width]
        rows = page.locator(".toolbars > .toolbar").evaluate_all("rows => rows.map((row) => row.clientHeight)")
        assert max(rows) < 50, "each is one line"
        assert page.evaluate("document.querySelector('.view').scrollWidth") <= width


@pytest.mark.usefixtures("survey")
def test_names_hide_nothing_that_is_printed_above_their_elements(project: Project, visit: OpenPage) -> None:
    watched = visit("edit/exam")
    page = watched.page
    open_editor(watched)
    document = json.loads(project.template("exam").read_bytes())["Pages"][0]
    area = next(element for element in document["Elements"] if element["Name"] == "NameArea")
    for name in (None, "NameArea"):
        if name:
            page.get_by_role("option", name=name).click()
            page.get_by_label("Name", exact=True).focus()
        page.wait_for_function(COVERED, arg=[document["Width"], document["Height"], area, 5, 15, 0])
        page.wait_for_function(COVERED, arg=[document["Width"], document["Height"], area, -14, 8, 200])


# Whether so many pixels of a band above a box are drawn over: its bottom and its height are in pixels of the screen.
COVERED = """([width, height, { Left, Top, Width }, up, high, least]) => {
  const canvas = document.querySelector("canvas.overlay");
  const scale = Math.min(canvas.width / width, canvas.height / height);
  const [left, top] = [(canvas.width - scale * width) / 2, (canvas.height - scale * height) / 2];
  const [x, y] = [left + scale * Left + 8, top + scale * Top - up - high];
  const band = canvas.getContext("2d").getImageData(x, y, scale * Width - 16, high);
  const found = band.data.filter((value, index) => index % 4 === 3 && value > 0).length;
  return least ? found > least : !found;
}"""
