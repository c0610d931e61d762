"""The list of templates, and how others get into it."""

import base64
import json
from pathlib import Path

from tests.client.conftest import OpenPage, Project, expect, forget_refusal, open_editor

DROP = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  document.querySelector(".view").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""


def test_every_template_is_listed_with_its_page_and_what_is_on_it(visit: OpenPage) -> None:
    page = visit("templates").page
    card = page.locator("li.card", has=page.get_by_text("survey", exact=True))
    expect(card.get_by_text("3 clip areas · 15 elements")).to_be_visible()
    expect(card.locator("img")).to_have_js_property("naturalHeight", 300)
    page.get_by_label("Filter by name").fill("SUR")
    expect(page.locator("li.card:visible")).to_have_count(1)


def test_a_template_is_made_of_a_page_image(project: Project, visit: OpenPage) -> None:
    watched = visit("templates")
    page = watched.page
    page.locator("input[type=file]").first.set_input_files(project.folder / "templates_omr" / "survey.png")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Name")
    expect(name).to_have_value("survey")
    expect(dialog).to_contain_text("If it is a PDF form, its fields become elements.")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("already exists")
    forget_refusal(watched, 412)
    name.fill("fresh")
    dialog.get_by_role("button", name="Create").click()
    open_editor(watched)
    offer = page.locator(".offer")
    offer.get_by_role("button", name="Find elements").click()
    page.get_by_role("button", name="Accept all").click()
    expect(offer).to_have_count(0)
    made = json.loads(project.template("fresh").read_bytes())
    assert [(found["Width"], found["Height"]) for found in made["Pages"]] == [(1654, 2339)]


def test_an_omr_file_is_opened_by_dropping_it(project: Project, visit: OpenPage) -> None:
    data = project.template("exam").read_bytes()
    watched = visit("templates")
    page = watched.page
    page.get_by_role("heading", name="Templates").wait_for()
    page.evaluate(DROP, ["dropped.omr", "", base64.b64encode(data).decode()])
    open_editor(watched)
    expect(page.get_by_role("heading", name="dropped")).to_be_visible()
    assert project.template("dropped").read_bytes() == data


def test_a_template_is_deleted_with_its_image_when_one_says_so(project: Project, visit: OpenPage) -> None:
    folder = project.folder / "templates_omr"
    for suffix in (".omr", ".png"):
        Path(folder, f"spare{suffix}").write_bytes(Path(folder, f"survey{suffix}").read_bytes())
    page = visit("templates").page
    page.get_by_role("button", name="Delete spare").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert project.template("spare").exists()
    page.get_by_role("button", name="Delete spare").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("spare was deleted.")).to_be_visible()
    assert list(folder.glob("spare*")) == []


def test_leaving_an_edit_asks_and_the_file_can_be_taken_along(project: Project, visit: OpenPage) -> None:
    watched = visit("edit/survey")
    page = watched.page
    open_editor(watched)
    page.get_by_role("option", name="DateArea").click()
    page.get_by_label("Name", exact=True).fill("Day")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download .omr").click()
    taken = json.loads(Path(download.value.path()).read_bytes())
    kept = json.loads(project.template("survey").read_bytes())
    names = [[element["Name"] for element in document["Pages"][0]["Elements"]] for document in (taken, kept)]
    assert [name if name != "DateArea" else "Day" for name in names[1]] == names[0]
    page.get_by_role("link", name="Results").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="survey")).to_be_visible()
    page.get_by_role("link", name="Results").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave without saving").click()
    expect(page.get_by_role("heading", name="Results")).to_be_visible()


def test_an_edit_is_saved_when_it_is_left_and_stored_under_another_name(project: Project, visit: OpenPage) -> None:
    watched = visit("edit/survey")
    page = watched.page
    open_editor(watched)
    page.get_by_role("button", name="Save as").click()
    page.get_by_role("dialog").get_by_label("Name").fill("survey 2")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="survey 2")).to_be_visible()
    open_editor(watched)
    page.get_by_role("option", name="DateArea").click()
    page.get_by_label("Name", exact=True).fill("Day1")
    page.get_by_role("button", name="Repeat").click()
    page.get_by_role("dialog").get_by_label("How many in all").fill("3")
    page.get_by_role("dialog").get_by_label("Pixels down").fill("50")
    page.get_by_role("dialog").get_by_role("button", name="Repeat").click()
    expect(page.get_by_text("3 elements selected")).to_be_visible()
    page.get_by_role("link", name="Templates", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    elements = json.loads(project.template("survey 2").read_bytes())["Pages"][0]["Elements"]
    days = {element["Name"]: element["Top"] for element in elements if element["Name"].startswith("Day")}
    assert days == {f"Day{number}": days["Day1"] + 50 * (number - 1) for number in (1, 2, 3)}
    assert project.template("survey 2").with_suffix(".png").is_file()
    page.get_by_role("button", name="Rename survey 2").click()
    page.get_by_role("dialog").get_by_label("Name").fill("visit")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator(".card[data-name=visit]")).to_be_visible()
    assert not project.template("survey 2").exists()
    page.get_by_role("button", name="Copy visit").click()
    page.get_by_role("dialog").get_by_label("Name").fill("survey")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("exists")
    forget_refusal(watched, 412)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    for path in (project.template("visit"), project.template("visit").with_suffix(".png")):
        path.unlink()  # other tests count the templates


def test_files_that_are_no_template_and_no_page_are_told_by_name(visit: OpenPage) -> None:
    page = visit("templates").page
    page.get_by_role("heading", name="Templates").wait_for()
    page.evaluate(DROP, ["notes.txt", "", base64.b64encode(b"no page").decode()])
    expect(page.locator(".notice.bad")).to_contain_text("This file is not used: notes.txt.")
    expect(page.get_by_role("dialog")).to_have_count(0)
