"""Batches in the client: documents are added, doubtful answers are reviewed by keyboard, and the results taken away."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from openpyxl import load_workbook
from PIL import Image

from tests.client.conftest import OpenPage, Project, expect, forget_refusal, show_sheets, show_view, wait_for_picture
from tests.client.test_accessibility import AXE, SETTINGS, violations
from tests.patience import PATIENCE, until
from tests.servers import new_session

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

SCANS: Final = ("exam-scan-1.jpg", "exam-scan-2.jpg", "exam-scan-3.jpg")
Json = dict[str, Any]


def made(project: Project, *names: str, **changes: object) -> str:
    """A batch that is done, made over the API. Gives its address."""
    session = new_session()
    body = {"Name": "June", "Template": "exam", **changes}
    address = session.post(f"{project.url}/api/batches", json=body, timeout=PATIENCE).json()["Uri"]
    files = [("Sheets", (name, (project.samples / name).read_bytes())) for name in names]
    session.post(f"{address}/sheets", files=files, timeout=PATIENCE).raise_for_status()
    until(lambda: session.get(address, timeout=PATIENCE).json()["State"] == "done")
    return str(address)


def got(address: str, rest: str = "") -> Json:
    answer: Json = new_session().get(f"{address}{rest}", timeout=PATIENCE).json()
    return answer


def doubtful(address: str) -> dict[str, Json]:
    """The doubtful answers by their sheets and titles."""
    sheets = got(address, "/fields?status=doubtful")["Sheets"]
    return {
        f"{sheet['Name']} {field['Label'] or field['Name']}": field for sheet in sheets for field in sheet["Fields"]
    }


def corrections(address: str) -> dict[str, str]:
    return {f"{one['Sheet']} {one['Name']}": one["Value"] for one in got(address, "/corrections")["Corrections"]}


@pytest.fixture(scope="module")
def reviewed(browser: object, project: Project) -> str:  # noqa: ARG001 (skipped with it)
    """A batch of three sheets for the tests that change nothing which others count."""
    return made(project, *SCANS)


def test_recognize_makes_a_batch_that_takes_more_and_survives_reloading(project: Project, visit: OpenPage) -> None:
    watched = visit("recognize/exam")
    page = watched.page
    expect(page.get_by_role("checkbox", name="exam")).to_be_checked()
    page.get_by_label("Name of the batch").fill("Class 7")
    page.locator("input[type=file]").first.set_input_files(project.samples / SCANS[0])
    page.get_by_role("heading", name="Class 7").wait_for()
    page.locator(".batch[data-state=done]").wait_for()
    page.locator("input[type=file]").first.set_input_files([project.samples / name for name in SCANS[1:]])
    expect(page.locator(".batch .muted").first).to_contain_text("3 sheets")
    page.reload()
    page.locator(".batch[data-state=done]").wait_for()
    page.get_by_role("button", name="Sheets", exact=True).click()
    page.get_by_label("Which answers to show").select_option("all")
    expect(page.get_by_role("listbox", name="Sheets").get_by_role("option")).to_have_count(3)
    page.get_by_role("link", name="Results", exact=True).click()
    row = page.locator(".batches tr", has_text="Class 7")
    expect(row).to_contain_text("exam")
    row.get_by_role("button", name="Rename Class 7").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Class 8")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    row = page.locator(".batches tr", has_text="Class 8")
    row.get_by_role("button", name="Store longer: Class 8").click()
    page.get_by_role("dialog").get_by_label("Keep results for").select_option("null")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row).to_contain_text("stored for good")
    row.get_by_role("button", name="Delete Class 8").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".batches tr", has_text="Class 8")).to_have_count(0)


def test_an_end_that_came_before_the_last_files_is_no_end(project: Project, visit: OpenPage) -> None:
    page = visit("recognize/exam").page
    told = {"State": "done", "Message": "", "Total": 0, "Done": 0, "Passed": 0, "Doubtful": 0, "Failed": 0}
    body = f"event: progress\ndata: {json.dumps(told)}\n\n"
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=body), times=1)
    page.locator("input[type=file]").first.set_input_files(project.samples / SCANS[0])
    expect(page.get_by_role("button", name="Review")).not_to_contain_text("(0)")
    page.locator(".batch[data-state=done]").wait_for()
    expect(page.locator(".batch .muted").first).to_contain_text("1 sheet")


def test_files_that_are_not_used_are_told_by_name(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    notes, broken = tmp_path / "notes.txt", tmp_path / "broken.jpg"
    notes.write_text("no scan")
    broken.write_bytes(b"no image")
    page = visit("recognize/exam").page
    page.locator("input[type=file]").first.set_input_files([notes, broken, project.samples / SCANS[0]])
    told = page.get_by_role("alert")
    expect(told).to_contain_text("2 files were not used")
    expect(told).to_contain_text("notes.txt – not used, because")
    expect(told).to_contain_text("broken.jpg – ")
    page.locator(".batch[data-state=done]").wait_for()
    told.locator("..").get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("most", "language", "words"),
    [(1, "en-GB", None), (0, "en-GB", "too large for the server"), (0, "de-DE", "zu groß für den Server")],
)
def test_what_a_proxy_refuses_is_split_and_then_told_in_words(
    project: Project, visit: OpenPage, most: int, language: str, words: str | None
) -> None:
    watched = visit("recognize/exam", locale=language)
    page = watched.page

    def proxied(route: "Route") -> None:
        count = (route.request.post_data_buffer or b"").count(b'name="Sheets"')
        if count > most:
            body = "<html><body><h1>413 Request Entity Too Large</h1></body></html>"
            route.fulfill(status=413, content_type="text/html", body=body)
        else:
            route.continue_()

    page.route("**/sheets", lambda route: proxied(route) if route.request.method == "POST" else route.continue_())
    page.locator("input[type=file]").first.set_input_files([project.samples / name for name in SCANS[:2]])
    if words:
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_role("alert")).not_to_contain_text("<html>")
    else:
        page.locator(".batch[data-state=done]").wait_for()
        expect(page.locator(".batch .muted").first).to_contain_text("2 sheets")
    forget_refusal(watched, 413)


def test_review_by_keyboard_ends_and_every_export_has_what_was_decided(project: Project, visit: OpenPage) -> None:
    address = made(project, *SCANS)
    found = doubtful(address)
    assert len(found) > 3, "the samples have doubtful answers"
    watched = visit(f"batch/{address.rpartition('/')[2]}")
    page = watched.page
    left, value = page.locator(".strip-left"), page.get_by_label("Answer", exact=True)
    expect(left).to_have_text(f"{len(found)} answers to check")
    expect(value).to_be_focused()
    wait_for_picture(page.locator(".strip-picture"))
    titles = list(found)
    page.keyboard.press("Enter")
    page.keyboard.type("Z")
    page.keyboard.press("Enter")
    page.keyboard.type("Y")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    expect(left).to_have_text(f"{len(found) - 2} answers to check")
    until(lambda: corrections(address) == {titles[0]: found[titles[0]]["Value"], titles[1]: "Z"})
    page.reload()
    expect(left).to_have_text(f"{len(found) - 2} answers to check")
    expect(value).to_be_focused()
    blanks = sum(found[title]["Value"] == "" for title in titles[2:])
    if blanks:
        page.keyboard.press("Alt+b")
        expect(left).to_have_text(f"{len(found) - 2 - blanks} answers to check")
    for _ in range(len(found) - 2 - blanks):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Every doubtful answer is decided.")).to_be_visible()
    until(lambda: len(corrections(address)) == len(found))
    assert got(address)["Reviewed"] == got(address)["Doubtful"]

    saved = {}
    for kind in ("CSV", "XLSX", "ZIP"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Export {kind}").click()
        assert download.value.suggested_filename == f"June.{kind.lower()}"
        saved[kind] = Path(download.value.path()).read_bytes()
    sheet, _, name = titles[1].partition(" ")
    head, *rows = csv.reader(io.StringIO(saved["CSV"].decode("utf-8-sig")))
    row = next(dict(zip(head, row, strict=True)) for row in rows if row[0] == sheet)
    assert row[name] == "Z"
    assert name in row["Corrected"].split("; ")
    book = load_workbook(io.BytesIO(saved["XLSX"]))
    cells = [[cell.value for cell in line] for line in book["Results"]]
    assert next(line for line in cells if line[0] == sheet)[cells[0].index(name)] == "Z"
    book.close()
    with zipfile.ZipFile(io.BytesIO(saved["ZIP"])) as archive:
        zipped = csv.reader(io.StringIO(archive.read("results.csv").decode("utf-8-sig")))
        assert [line[head.index(name)] for line in zipped if line[0] == sheet] == ["Z"]
        assert any(entry.startswith("clips/NameArea/") for entry in archive.namelist())


def test_nothing_waits_for_the_network_while_answers_are_decided(project: Project, visit: OpenPage) -> None:
    address = made(project, *SCANS)
    total = len(doubtful(address))
    page = visit(f"batch/{address.rpartition('/')[2]}").page
    left = page.locator(".strip-left")
    expect(left).to_have_text(f"{total} answers to check")
    held: list[Route] = []
    page.route(
        "**/corrections", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    for _ in range(total):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Every doubtful answer is decided.")).to_be_visible()
    until(lambda: page.wait_for_timeout(50) is None and bool(held))
    assert corrections(address) == {}, "the server has answered nothing yet"
    held[0].continue_()
    page.unroute("**/corrections")
    until(lambda: page.wait_for_timeout(50) is None and len(corrections(address)) == total)


def test_two_people_at_once_lose_no_correction(project: Project, visit: OpenPage) -> None:
    address = made(project, *SCANS)
    found = list(doubtful(address))
    pages = [visit(f"batch/{address.rpartition('/')[2]}").page for _ in range(2)]
    for page in pages:
        expect(page.locator(".strip-left")).to_have_text(f"{len(found)} answers to check")
    pages[1].keyboard.press("ArrowUp")
    for index, page in enumerate(pages):
        for _ in range(index):
            page.keyboard.press("ArrowDown")
        page.get_by_label("Answer", exact=True).fill("AB"[index])
        page.keyboard.press("Enter")
    until(lambda: corrections(address) == {found[0]: "A", found[1]: "B"})
    for page in pages:
        expect(page.locator(".strip-left")).to_have_text(f"{len(found) - 2} answers to check")


def test_the_odd_one_out_is_found_and_corrected(reviewed: str, visit: OpenPage) -> None:
    sheets = {sheet["Name"]: sheet["Fields"][0]["Value"] for sheet in got(reviewed, "/fields?element=Q5")["Sheets"]}
    page = visit(f"wall/{reviewed.rpartition('/')[2]}").page
    page.get_by_label("Question").select_option("Q5")
    page.locator(".wall[data-element=Q5]").wait_for()
    value = page.get_by_label("Read as").input_value()
    alike = [name for name, read in sheets.items() if read == value]
    pictures = page.locator(".wall img")
    expect(pictures).to_have_count(len(alike))
    wait_for_picture(pictures.first)
    page.get_by_role("button", name=f"{alike[0]} does not belong here").click()
    page.get_by_label(f"Right answer on {alike[0]}").fill("E")
    expect(page.locator(".wall-entry.odd .name")).to_have_text(f"{alike[0]} → E")
    until(lambda: page.wait_for_timeout(50) is None and corrections(reviewed).get(f"{alike[0]} Q5") == "E")


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_every_view_of_batches_is_accessible(reviewed: str, visit: OpenPage, settings: dict[str, Any]) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci in tests/client)")
    watched = visit(f"batch/{reviewed.rpartition('/')[2]}", **settings)
    page = watched.page
    page.locator(".strip-picture").wait_for()
    assert violations(page) == []
    page.locator(".batch > .toolbar button[aria-pressed=false]").click()
    page.locator(".viewer .openseadragon-canvas canvas").wait_for()
    assert violations(page) == []
    for view, ready in (("wall", ".wall img"), ("results", ".batches"), ("recognize", ".drop.big")):
        show_view(page, view + (f"/{reviewed.rpartition('/')[2]}" if view == "wall" else ""))
        page.locator(ready).first.wait_for()
        assert violations(page) == [], view


def test_a_narrow_page_scrolls_down_only(reviewed: str, visit: OpenPage) -> None:
    batch = reviewed.rpartition("/")[2]
    page = visit("recognize", size=(320, 640)).page
    for view, ready in (
        ("recognize", ".drop.big"),
        ("results", ".batches"),
        (f"batch/{batch}", ".strip-picture"),
        (f"wall/{batch}", ".wall img"),
    ):
        show_view(page, view)
        page.locator(ready).first.wait_for()
        assert _width(page) <= 320, view


def _width(page: "Page") -> int:
    return int(
        page.evaluate("Math.max(document.documentElement.scrollWidth, document.querySelector('.view').scrollWidth)")
    )


def test_a_batch_is_opened_by_its_address(reviewed: str, visit: OpenPage) -> None:
    page = visit("results").page
    page.get_by_label("Link or identifier of a batch").fill(reviewed)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="June")).to_be_visible()
    assert json.dumps(page.evaluate("Object.keys(localStorage)")).count("runs") == 0


def test_the_browser_keeps_preferences_only(reviewed: str, visit: OpenPage) -> None:
    batch = reviewed.rpartition("/")[2]
    page = visit(f"batch/{batch}").page
    page.locator(".strip-picture").wait_for()
    for view, ready in (
        ("clips", ".gallery img"),
        ("wall", ".wall img"),
        ("results", ".batches"),
        ("recognize", ".drop.big"),
    ):
        show_view(page, f"{view}/{batch}" if view in ("clips", "wall") else view)
        page.locator(ready).first.wait_for()
    stored = page.evaluate(
        """async () => ({
          local: Object.keys(localStorage), session: Object.keys(sessionStorage), caches: await caches.keys(),
          databases: await indexedDB.databases(), workers: (await navigator.serviceWorker.getRegistrations()).length,
        })"""
    )
    preferences = {"omrclip.language", "omrclip.theme", "omrclip.gallery", "omrclip.keep", "omrclip.template"}
    assert set(stored.pop("local")) <= preferences
    assert stored == {"session": [], "caches": [], "databases": [], "workers": 0}


def test_a_link_leads_to_a_sheet_and_to_an_answer_on_it(reviewed: str, visit: OpenPage) -> None:
    batch = f"batch/{reviewed.rpartition('/')[2]}"
    page = visit(f"{batch}/sheets/{SCANS[1]}/Q5", permissions=["clipboard-read", "clipboard-write"]).page
    expect(page.get_by_role("heading", name=SCANS[1])).to_be_visible()
    expect(page.locator(".answers tr.chosen")).to_have_attribute("data-name", "Q5")
    page.get_by_role("button", name="Q6", exact=True).click()
    page.get_by_role("button", name="Copy the link to this sheet").click()
    expect(page.get_by_text("The address was copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/#/{batch}/sheets/{SCANS[1]}/Q6")


@pytest.mark.parametrize("language", ["en-GB", "de-DE", "fr-FR", "es-ES"])
def test_the_toolbar_of_a_batch_is_one_line(reviewed: str, visit: OpenPage, language: str) -> None:
    page = visit(f"batch/{reviewed.rpartition('/')[2]}", locale=language).page
    page.locator(".batch[data-state=done]").wait_for()
    page.locator(".batch > .toolbar .row button").first.wait_for()
    for width in (1280, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        bar = page.locator(".batch > .toolbar").bounding_box()
        assert bar is not None
        assert bar["height"] < 50, width
        edges = page.locator(".batch > .toolbar button").evaluate_all(
            "buttons => buttons.filter((one) => one.offsetParent).map((one) => one.getBoundingClientRect().right)"
        )
        assert max(edges) <= width
        title = page.locator(".batch > .toolbar h1").evaluate("one => one.scrollWidth <= one.clientWidth")
        assert title, "a short name is whole"


def test_a_name_is_drawn_over_a_scan_only_while_its_clip_is_pointed_at(reviewed: str, visit: OpenPage) -> None:
    page = visit(f"batch/{reviewed.rpartition('/')[2]}/sheets/{SCANS[0]}").page
    viewer = page.locator(".board .viewer")
    viewer.locator(".openseadragon-canvas canvas").wait_for()
    page.locator(".clips-place img").first.wait_for()

    def drawn() -> str:
        return str(viewer.locator("canvas.overlay").evaluate("canvas => canvas.toDataURL()"))

    def settled() -> str:
        before = ""
        while (now := drawn()) != before:
            before = now
            page.wait_for_timeout(700)
        return now

    page.mouse.move(5, 5)
    plain = settled()
    whole = viewer.bounding_box()
    assert whole is not None
    places = [(x / 20, y / 40) for y in range(1, 40) for x in range(1, 20)]
    for x, y in places:
        page.mouse.move(whole["x"] + x * whole["width"], whole["y"] + y * whole["height"])
        page.evaluate("new Promise(requestAnimationFrame)")
        if drawn() != plain:
            break
    else:
        pytest.fail("no name was drawn")
    page.mouse.move(whole["x"] + 2, whole["y"] + 2)
    until(lambda: page.wait_for_timeout(20) is None and drawn() == plain)


def test_a_page_that_is_not_found_is_placed_by_hand(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.png"
    Image.new("L", (700, 900), 250).save(foreign)
    watched = visit("recognize/exam")
    page = watched.page
    page.locator(".drop.big input[type=file]").set_input_files([foreign, project.samples / SCANS[0]])
    show_sheets(watched)
    page.get_by_role("option", name="foreign.png").click()
    expect(page.locator(".facts .problem")).to_contain_text("The template page was not found")
    page.get_by_role("button", name="Place the page by hand").click()
    dialog = page.get_by_role("dialog")
    corner = dialog.get_by_role("button", name="Top left corner")
    expect(corner).to_be_focused()
    before = corner.bounding_box()
    page.keyboard.press("Shift+ArrowRight")
    until(lambda: page.wait_for_timeout(50) is None and corner.bounding_box() != before)
    box = dialog.get_by_role("button", name="Bottom right corner").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 14, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] - 20, box["y"] - 20, steps=3)
    page.mouse.up()
    if AXE.is_file():
        assert violations(page) == []
    dialog.get_by_role("button", name="Recognize with this place").click()
    expect(page.get_by_text("The sheet is recognized again.")).to_be_visible()
    page.locator(".remark", has_text="The page was placed by hand.").wait_for()
    expect(page.locator(".sheets .status.failed")).to_have_count(0)
    expect(page.locator(".answers tr.uncertain").first).to_be_visible()
    expect(page.get_by_role("button", name="Place the page by hand")).to_be_visible()
    expect(page.locator(".notice.bad")).to_have_count(0)
    # While the sheet is recognized again, there is nothing to read of it.
    watched.problems[:] = [text for text in watched.problems if "404" not in text]
