"""The editor tries a template that is not saved on a filled scan."""

import json
from typing import Any

import pytest

from tests.client.conftest import OpenPage, Project, expect, open_editor, wait_for_picture
from tests.client.test_accessibility import AXE, violations

SCAN = "exam-scan-2.jpg"


@pytest.fixture
def truth(project: Project) -> dict[str, str]:
    """What is marked on the scan."""
    told: dict[str, Any] = json.loads((project.samples / "truth.json").read_bytes())[SCAN]
    answers: dict[str, str] = told["answers"]
    return answers


@pytest.mark.parametrize("size", [(1400, 900), (320, 640)])
def test_a_filled_scan_shows_what_would_be_read(
    project: Project, truth: dict[str, str], visit: OpenPage, size: tuple[int, int]
) -> None:
    stored = project.template("exam").read_bytes()
    watched = visit("edit/exam", size=size)
    page = watched.page
    open_editor(watched)
    page.get_by_role("listbox", name="Elements").get_by_role("option", name="Q2", exact=False).first.click()
    page.get_by_label("Name", exact=True).fill("Renamed")
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Try a filled scan").click()
    choosing.value.set_files(project.samples / SCAN)
    dialog = page.get_by_role("dialog", name=f"Trial: {SCAN}")
    row = dialog.get_by_role("row").filter(has=page.get_by_role("button", name="Renamed", exact=True))
    expect(row.get_by_role("cell").first).to_have_text(truth["Q2"])
    read = {
        cells[0]: cells[1]
        for cells in (row.inner_text().split("\t") for row in dialog.locator("tbody tr").all())
        if len(cells) > 1
    }
    right = {name: value for name, value in truth.items() if read.get(name) == value}
    assert len(right) > 0.9 * len(truth)
    expect(dialog.locator(".clip img").first).to_be_visible()
    wait_for_picture(dialog.locator(".clip img").first)
    assert dialog.locator(".clip img").first.evaluate("image => image.naturalWidth") > 100
    row.get_by_role("button", name="Renamed").click()
    if AXE.is_file():
        assert violations(page) == []
    dialog.get_by_role("button", name="Dismiss").click()
    expect(dialog).to_have_count(0)
    assert project.template("exam").read_bytes() == stored


def test_a_scan_of_another_form_says_why_it_failed(project: Project, visit: OpenPage) -> None:
    watched = visit("edit/exam")
    page = watched.page
    open_editor(watched)
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Try a filled scan").click()
    choosing.value.set_files(project.samples / "survey-scan-1.jpg")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("The template page was not found")
