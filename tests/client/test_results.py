"""What people say of sheets: values put right, clips typed off, all of it kept and exported."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from openpyxl import load_workbook

from tests.client.conftest import OpenPage, Project, expect, show_view, wait_for_picture
from tests.patience import PATIENCE, until
from tests.servers import new_session

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCANS: Final = ("exam-scan-1.jpg", "exam-scan-2.jpg", "exam-scan-3.jpg")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def kept(browser: object, project: Project) -> Json:  # noqa: ARG001 (skipped with it)
    """A kept recognition of three sheets, made over the API."""
    files = [("Images", (name, (project.samples / name).read_bytes())) for name in SCANS]
    answer = new_session().post(
        f"{project.url}/api/recognitions?keep", data={"Template": "exam"}, files=files, timeout=PATIENCE
    )
    answer.raise_for_status()
    found: Json = answer.json()
    return found


@pytest.fixture
def identifier(kept: Json) -> str:
    return str(kept["Uri"].rpartition("/")[2])


def corrections(kept: Json) -> dict[tuple[int, str], str]:
    found = new_session().get(f"{kept['Uri']}/corrections", timeout=PATIENCE).json()["Corrections"]
    return {(entry["Scan"], entry["Name"]): entry["Value"] for entry in found}


def test_the_answers_to_look_at_come_first_and_a_click_goes_to_the_place(
    kept: Json, identifier: str, visit: OpenPage
) -> None:
    watched = visit(f"sheets/{identifier}")
    page = watched.page
    rows = page.locator(".answers tbody tr")
    rows.first.wait_for()
    shown = rows.evaluate_all("rows => rows.map((row) => row.dataset.name)")
    read = kept["Recognitions"][0]["Elements"]
    doubtful = {element["Name"] for element in read if element["Status"] in ("uncertain", "multiple")}
    assert set(shown[: len(doubtful)]) == doubtful
    assert sorted(shown) == sorted(element["Name"] for element in read)
    page.locator(".viewer .openseadragon-canvas canvas").wait_for()
    whole = _at_rest(page)
    rows.first.get_by_role("button").click()
    until(lambda: _at_rest(page) != whole)
    assert "chosen" in (rows.first.get_attribute("class") or "")


def _at_rest(page: "Page") -> bytes:
    """The viewer's picture when it changes no more, which is when two pictures in a row are equal."""
    viewer, seen = page.locator(".viewer"), [b""]

    def rests() -> bool:
        seen.append(viewer.screenshot())
        return seen[-1] == seen[-2]

    until(rests)
    return seen[-1]


def test_blank_answers_are_counted_and_shown_alone(kept: Json, identifier: str, visit: OpenPage) -> None:
    page = visit(f"sheets/{identifier}").page
    blank = [
        {element["Name"] for element in found["Elements"] if element["Status"] == "blank"}
        for found in kept["Recognitions"]
    ]
    total = sum(map(len, blank))
    assert total, "the samples have blank answers"
    choice = page.get_by_label("Which answers to show")
    expect(choice.locator("option[value=blank]")).to_have_text(f"Blank ({total})")
    choice.select_option("blank")
    rows, sheets = page.locator(".answers tbody tr"), page.get_by_role("option", name="exam-scan")
    expect(sheets).to_have_count(sum(map(bool, blank)))
    first = next(index for index, names in enumerate(blank) if names)
    expect(page.get_by_role("heading", name=SCANS[first])).to_be_visible()
    assert set(rows.evaluate_all("rows => rows.map((row) => row.dataset.name)")) == blank[first]
    choice.select_option("all")
    expect(sheets).to_have_count(len(SCANS))


def test_a_scan_that_is_the_blank_page_is_told(project: Project, visit: OpenPage) -> None:
    files = [("Images", ("blank.png", (project.folder / "templates_omr" / "exam.png").read_bytes()))]
    answer = new_session().post(
        f"{project.url}/api/recognitions?keep", data={"Template": "exam"}, files=files, timeout=PATIENCE
    )
    page = visit(f"sheets/{answer.json()['Uri'].rpartition('/')[2]}").page
    expect(page.locator(".remark")).to_contain_text("This scan is the template's blank page")
    choice = page.get_by_label("Which answers to show")
    expect(choice.locator("option[value=blank]")).to_have_text("Blank (0)")
    choice.select_option("blank")
    expect(page.get_by_role("option", name="blank.png")).to_have_count(0)
    expect(page.get_by_text("This sheet has no such answers.")).to_be_visible()


def test_a_corrected_value_is_kept_beside_what_was_read(kept: Json, identifier: str, visit: OpenPage) -> None:
    page = visit(f"sheets/{identifier}").page
    value = page.get_by_label("Value of Q1", exact=True)
    read = value.input_value()
    with page.expect_response(lambda response: response.request.method == "PUT"):
        value.fill("Z")
        expect(page.get_by_text(f"read: {read}")).to_be_visible()
    assert corrections(kept)[1, "Q1"] == "Z"
    page.reload()
    expect(page.get_by_label("Value of Q1", exact=True)).to_have_value("Z")
    with page.expect_response(lambda response: response.request.method == "PUT"):
        page.get_by_label("Value of Q1", exact=True).fill(read)
    assert (1, "Q1") not in corrections(kept)


def test_names_are_typed_in_the_gallery_from_clip_to_clip(kept: Json, identifier: str, visit: OpenPage) -> None:
    watched = visit(f"gallery/{identifier}/NameArea")
    page = watched.page
    pictures = page.locator(".gallery img")
    expect(pictures).to_have_count(len(SCANS))
    for picture in pictures.all():
        wait_for_picture(picture)
    page.get_by_label(f"Text in the clip of {SCANS[0]}").focus()
    with page.expect_response(lambda response: response.request.method == "PUT"):
        for name in ("Ada", "Berta", "=Carl"):
            page.keyboard.type(name)
            page.keyboard.press("Enter")
    page.get_by_label("Clip area").select_option("SignatureArea")
    expect(page.get_by_label(f"Text in the clip of {SCANS[0]}")).to_have_value("")
    page.get_by_label("Clip area").select_option("NameArea")
    expect(page.get_by_label(f"Text in the clip of {SCANS[2]}")).to_have_value("=Carl")
    page.get_by_role("link", name="Sheets").click()  # who leaves has everything sent
    expect(page.get_by_label("Text in NameArea")).to_have_value("Ada")
    typed = corrections(kept)
    assert [typed[number, "NameArea"] for number in (1, 2, 3)] == ["Ada", "Berta", "=Carl"]

    page.go_back()
    tables = {}
    for suffix in ("csv", "xlsx", "json"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Export {suffix.upper()}").click()
        tables[suffix] = Path(download.value.path()).read_bytes()
    head, *rows = csv.reader(io.StringIO(tables["csv"].decode("utf-8-sig"), newline=""))
    assert [row[head.index("Image")] for row in rows] == list(SCANS)
    assert [row[head.index("NameArea")] for row in rows] == ["Ada", "Berta", "'=Carl"]
    read = {element["Name"]: element["Value"] for element in kept["Recognitions"][1]["Elements"]}
    assert {name: rows[1][head.index(name)] for name in read} == read
    assert _cells(tables["xlsx"]) == [head, *[[cell.removeprefix("'") for cell in row] for row in rows]]
    told = json.loads(tables["json"])["Recognitions"]
    assert [sheet["Corrections"]["NameArea"] for sheet in told] == ["Ada", "Berta", "=Carl"]
    assert [sheet["CorrectedBy"] for sheet in told] == [{"NameArea": None}] * 3, "there is no log-in"


def test_where_numbers_have_a_comma_a_semicolon_separates_cells(identifier: str, visit: OpenPage) -> None:
    page = visit(f"sheets/{identifier}+{identifier}", locale="de-DE").page
    with page.expect_download() as download:
        page.get_by_role("button", name="Als CSV exportieren").click()
    head, *rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert head.startswith("Image;Result;Page;")
    assert [row.partition(";")[0] for row in rows] == [*SCANS, *SCANS], "all recognitions are in one table"
    assert download.value.suggested_filename == "results.csv"


def _cells(workbook: bytes) -> list[list[str]]:
    book = load_workbook(io.BytesIO(workbook))
    try:
        return [["" if cell.value is None else str(cell.value) for cell in row] for row in book["Results"]]
    finally:
        book.close()


def test_the_gallery_is_paged_by_keyboard(identifier: str, visit: OpenPage) -> None:
    page = visit(f"gallery/{identifier}+{identifier}+{identifier}+{identifier}+{identifier}").page
    page.get_by_label("Clips per page").select_option("12")
    expect(page.locator(".gallery img")).to_have_count(12)
    page.locator(".gallery textarea").last.focus()
    page.keyboard.press("PageDown")
    expect(page.locator(".gallery img")).to_have_count(3)
    assert page.evaluate("document.activeElement === document.querySelector('.gallery textarea')")
    page.keyboard.press("PageUp")
    expect(page.get_by_text("1 / 2 · 15")).to_be_visible()


def test_a_text_of_several_lines_is_typed_in_the_gallery(identifier: str, visit: OpenPage) -> None:
    page = visit(f"gallery/{identifier}/NameArea").page
    first, second = (page.get_by_label(f"Text in the clip of {name}") for name in SCANS[:2])
    first.fill("Ada")
    for key in ("Shift+Enter", "B", "ArrowUp"):
        page.keyboard.press(key)
    expect(first).to_have_value("Ada\nB")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(second).to_be_focused()
    first.fill("")


def test_results_are_found_by_their_link_and_removed_when_one_says_so(
    project: Project, kept: Json, visit: OpenPage
) -> None:
    page = visit("results").page
    expect(page.get_by_text("There are no stored results.")).to_be_visible()
    page.get_by_label("Link or identifier of a batch").fill(kept["Uri"])
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("listbox", name="Sheets").get_by_role("option")).to_have_count(len(SCANS))
    files = [("Images", ("survey-scan-1.jpg", (project.samples / "survey-scan-1.jpg").read_bytes()))]
    answer = new_session().post(
        f"{project.url}/api/recognitions?keep", data={"Template": "survey"}, files=files, timeout=PATIENCE
    )
    identifier = answer.json()["Identifier"]
    run = {"ids": [identifier], "template": "survey", "created": 1.7e9, "expires": 9e9, "sheets": 1, "failed": 0}
    page.evaluate("run => localStorage.setItem('omrclip.runs', JSON.stringify([run]))", run)
    show_view(page, f"sheets/{identifier}")
    page.get_by_role("button", name="Manifest").click()
    dialog = page.get_by_role("dialog")
    manifest = dialog.get_by_role("link", name="manifest.json").get_attribute("href")
    assert new_session().get(str(manifest), timeout=PATIENCE).json()["type"] == "Manifest"
    assert str(manifest) not in (dialog.get_by_role("link", name="Mirador").get_attribute("href") or "")
    dialog.get_by_role("button", name="Dismiss").click()
    page.get_by_role("link", name="Results", exact=True).click()
    page.get_by_role("button", name="Delete the results of").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There are no stored results.")).to_be_visible()
    assert new_session().get(str(manifest), timeout=PATIENCE).status_code == 404
