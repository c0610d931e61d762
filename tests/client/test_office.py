"""The story of an office: from an empty form to a table that is right, by two people at one batch."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from openpyxl import load_workbook

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.client.conftest import drag, expect, open_editor, show_sheets, show_view, visiting
from tests.client.office import (
    BAD_PHOTO,
    CORRECTED_BY_HAND,
    FOREIGN,
    LATER,
    PHOTO,
    QUESTIONS,
    SHEETS,
    TWICE_MARKED,
    TWICE_MARKED_QUESTIONS,
    WATCHED,
    Office,
    make_office,
    page_name,
)
from tests.patience import until
from tests.servers import Server, patient
from tests.viewers.browser import WatchedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PASSWORD: Final = "correct horse"
PEOPLE: Final = ("ann", "bob")
Decided = dict[tuple[str, str], str]
"""Who decided the answers, by their sheets and titles."""
NAMES: Final = [f"Q{number}" for number in range(1, QUESTIONS + 1)]


@pytest.fixture
def place(browser: object, tmp_path: Path) -> Iterator[tuple[Server, Path]]:  # noqa: ARG001 (skipped with it)
    """A server with two users and nothing else, and its folder."""
    scopes = frozenset({Scope.READ, Scope.RECOGNIZE, Scope.AUTHOR})
    for name in PEOPLE:
        Accounts(tmp_path / "accounts.sqlite").add(Account(Kind.USER, name, scopes, ""), PASSWORD)
    for name in ("templates_omr", "samples"):
        (tmp_path / name).mkdir()
    with patient(tmp_path) as server:
        yield server, tmp_path


def test_from_an_empty_form_to_a_right_table(browser: "Browser", place: tuple[Server, Path]) -> None:
    server, folder = place
    office = make_office()
    with visiting(browser, server.url) as ann, visiting(browser, server.url) as bob:
        _log_in(ann.page, "ann")
        _make_template(ann, office, folder)
        _try_it(ann.page, office)
        batch = _recognize(ann.page, office)
        _add_later_sheets(ann.page, office)
        _place_by_hand(ann, office)
        _log_in(bob.page, "bob")
        show_view(bob.page, f"batch/{batch}")
        decided = _review(ann.page, bob.page, office.truth)
        decided |= _find_the_odd_ones(ann.page, office.truth)
        _check_table(ann.page, office.truth, decided, folder)
        for watched in (ann, bob):
            watched.page.get_by_role("button", name="Log out").click()
            expect(watched.page).to_have_title("Log in – omrclip")
            # What a page no longer waits for, it gives up. A sheet that is recognized again cannot be read meanwhile.
            assert [text for text in watched.problems if not re.search("net::ERR_ABORTED|404", text)] == []


def _log_in(page: "Page", name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()


def _make_template(watched: WatchedPage, office: Office, folder: Path) -> None:
    """A template of the empty form, with a column of questions and two clip areas."""
    page = watched.page
    form = {"name": "course.pdf", "mimeType": "application/pdf", "buffer": office.form}
    page.get_by_label("New from page image").set_input_files(form)
    dialog = page.get_by_role("dialog", name="New template")
    expect(dialog.get_by_label("Name")).to_have_value("course")
    dialog.get_by_role("button", name="Create").click()
    canvas = open_editor(watched)
    page.get_by_role("button", name="Questions").click()
    _draw(page, canvas, office.boxes["Questions"])
    dialog = page.get_by_role("dialog", name="Add questions")
    expect(dialog).to_contain_text(f"{QUESTIONS} rows of bubbles were found.")
    dialog.get_by_role("button", name="Add", exact=True).click()
    for name in ("Name", "Comment"):
        page.get_by_role("button", name="Clip Area").click()
        _draw(page, canvas, office.boxes[name])
        page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("course is saved.")).to_be_visible()
    stored = json.loads((folder / "templates_omr" / "course.omr").read_bytes())["Pages"][0]
    elements = stored["Elements"]
    assert [element["Name"] for element in elements] == [*NAMES, "Name", "Comment"]
    assert {"".join(bubble["Value"] for bubble in element.get("Bubbles", ())) for element in elements} == {"", "ABCDE"}
    for clip in elements[-2:]:
        left, top, right, bottom = office.boxes[clip["Name"]]
        drawn = [clip["Left"], clip["Top"], clip["Left"] + clip["Width"], clip["Top"] + clip["Height"]]
        extents = [stored["Width"], stored["Height"]] * 2
        shares = [side / extent for side, extent in zip(drawn, extents, strict=True)]
        assert shares == pytest.approx([left, top, right, bottom], abs=0.004)


def _draw(page: "Page", canvas: "Locator", sides: tuple[float, float, float, float]) -> None:
    """Drag a box over a page of A4 that is shown as it fits the canvas; `sides` are shares of the page."""
    box = canvas.bounding_box()
    assert box is not None
    ratio = 210 / 297
    height = min(box["height"], box["width"] / ratio)
    wide, high = height * ratio / box["width"], height / box["height"]
    points = [((1 - wide) / 2 + wide * x, (1 - high) / 2 + high * y) for x, y in (sides[:2], sides[2:])]
    drag(page, canvas, *points)


def _try_it(page: "Page", office: Office) -> None:
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Try a filled scan").click()
    choosing.value.set_files({"name": "trial.jpg", "mimeType": "image/jpeg", "buffer": office.trial})
    dialog = page.get_by_role("dialog", name="Trial: trial.jpg")
    expect(dialog.locator("tbody tr")).to_have_count(QUESTIONS)
    expect(dialog.locator(".clip img")).to_have_count(2)
    dialog.get_by_role("button", name="Dismiss").click()


def _recognize(page: "Page", office: Office) -> str:
    """A batch of the stack. Gives its identifier."""
    page.get_by_role("link", name="Recognize").click()
    page.get_by_role("checkbox", name="course").check()
    page.get_by_label("Name of the batch").fill("Evaluation")
    stack = {"name": "stack.pdf", "mimeType": "application/pdf", "buffer": office.stack}
    page.locator(".drop.big input[type=file]").set_input_files(stack)
    page.locator(".batch[data-state=done]").wait_for()
    expect(page.locator(".batch .muted").first).to_contain_text(f"{SHEETS} sheets · 2 failed")
    return page.url.rpartition("/")[2]


def _add_later_sheets(page: "Page", office: Office) -> None:
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in office.later.items()]
    page.locator(".batch input[type=file]").first.set_input_files(files)
    expect(page.locator(".batch .muted").first).to_contain_text(f"{SHEETS + LATER} sheets · 2 failed")
    page.locator(".batch[data-state=done]").wait_for()


def _place_by_hand(watched: WatchedPage, office: Office) -> None:
    """Drag the corners of the page to where they lie in the bad photo."""
    page = watched.page
    show_sheets(watched)
    page.get_by_label("Find a sheet by name").fill("p0042")
    page.get_by_role("option", name=page_name(BAD_PHOTO)).click()
    until(lambda: page.wait_for_timeout(50) is None and any(_shows_bad_photo(url) for url in watched.urls))
    expect(page.locator(".facts .problem")).to_contain_text("The template page was not found")
    page.get_by_role("button", name="Place the page by hand").click()
    dialog = page.get_by_role("dialog")
    names = [f"{name} corner" for name in ("Top left", "Top right", "Bottom right", "Bottom left")]
    handles = [dialog.get_by_role("button", name=name) for name in names]
    expect(handles[0]).to_be_focused()
    left, top, width, height = _picture(handles)
    for handle, (x, y) in zip(handles, office.corners, strict=True):
        at = _middle(handle)
        page.mouse.move(*at)
        page.mouse.down()
        page.mouse.move(left + x * width, top + y * height, steps=3)
        page.mouse.up()
    dialog.get_by_role("button", name="Recognize with this place").click()
    page.locator(".remark", has_text="The page was placed by hand.").wait_for()
    page.locator(".batch[data-state=done]").wait_for()
    expect(page.locator(".batch .muted").first).to_contain_text(f"{SHEETS + LATER} sheets · 1 failed")


def _shows_bad_photo(url: str) -> bool:
    return f"{page_name(BAD_PHOTO)}.sheet/info.json" in url


def _middle(handle: "Locator") -> tuple[float, float]:
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _picture(handles: list["Locator"]) -> tuple[float, float, float, float]:
    """Left, top, width and height of the photo on the screen: a page of A4 lies in its middle, with a margin of 6 %."""
    (left, top), (right, bottom) = _middle(handles[0]), _middle(handles[2])
    height = (bottom - top) / 0.88
    width = height * PHOTO[0] / PHOTO[1]
    return (left + right - width) / 2, (top + bottom - height) / 2, width, height


def _review(ann: "Page", bob: "Page", truth: dict[str, dict[str, str]]) -> Decided:
    """Decide all doubtful answers by keyboard, Ann from the first one, Bob from the middle, at the same time."""
    ann.get_by_role("button", name=re.compile("Review")).click()
    count = int(re.findall(r"\d+", ann.locator(".strip-left").inner_text())[0])
    assert count >= len(TWICE_MARKED) * len(TWICE_MARKED_QUESTIONS)
    expect(bob.locator(".strip-left")).to_have_text(f"{count} answers to check")
    for _ in range(count // 2):
        bob.keyboard.press("ArrowDown")
    decided: Decided = {}
    for number in range(count - count // 2):
        if number < count // 2:
            decided |= dict.fromkeys([_decide(ann, truth)], "ann")
        decided |= dict.fromkeys([_decide(bob, truth)], "bob")
    assert len(decided) == count
    for page in (ann, bob):
        expect(page.get_by_text("Every doubtful answer is decided.")).to_be_visible()
        expect(page.locator(".strip-left")).to_have_text("0 answers to check")
    return decided


def _decide(page: "Page", truth: dict[str, dict[str, str]]) -> tuple[str, str]:
    """Decide the answer that is shown. Gives its sheet and title."""
    sheet, title = (
        page.locator(".strip-answer button.plain").inner_text(),
        page.locator(".strip-answer h2").inner_text(),
    )
    value = truth[sheet][title]
    if page.get_by_label("Answer", exact=True).input_value() != value:
        page.keyboard.type(value) if value else page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    return sheet, title


def _find_the_odd_ones(page: "Page", truth: dict[str, dict[str, str]]) -> Decided:
    """Look at all answers to one question that were read alike, and correct those that differ from the rest."""
    page.get_by_role("link", name="Odd one out").click()
    page.get_by_label("Question").select_option(WATCHED)
    page.locator(f".wall[data-element={WATCHED}]").wait_for()
    values = page.get_by_label("Read as")
    found: Decided = {}
    for value in values.locator("option").evaluate_all("options => options.map((option) => option.value)"):
        values.select_option(value)
        for name in page.locator(".wall-entry .name").all_text_contents():  # drawn or not
            if truth[name][WATCHED] != value:
                page.get_by_role("button", name=f"{name} does not belong here").click()
                page.keyboard.type(truth[name][WATCHED])
                page.keyboard.press("Enter")
                found[name, WATCHED] = "ann"
    assert {name for name, _ in found} == {page_name(number) for number in CORRECTED_BY_HAND}
    page.get_by_role("link", name="Batch", exact=True).click()
    return found


def _check_table(page: "Page", truth: dict[str, dict[str, str]], decided: Decided, folder: Path) -> None:
    page.locator(".batch[data-state=done]").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export XLSX").click()
    assert download.value.suggested_filename == "Evaluation.xlsx"
    download.value.save_as(folder / "Evaluation.xlsx")
    book = load_workbook(folder / "Evaluation.xlsx")
    head, *lines = [[cell.value for cell in line] for line in book["Results"]]
    book.close()
    rows = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert len(rows) == SHEETS + LATER
    assert [name for name, row in rows.items() if row["Result"] != "Pass"] == [page_name(FOREIGN)]
    assert {name: {title: rows[name][title] or "" for title in NAMES} for name in truth} == truth
    told = {
        (name, title): by
        for name, row in rows.items()
        for title, by in re.findall(r"(Q\d+) \((\w+)\)", row["Corrected"] or "")
    }
    assert told == decided
    assert rows[page_name(BAD_PHOTO)]["Messages"].startswith("The page was placed by hand.")
