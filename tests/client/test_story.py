"""The whole story: a clip area is drawn and saved, sheets are recognized, their clips looked at and taken away."""

import json
import zipfile
from pathlib import Path

from omrclip.imaging.codec import decode
from tests.client.conftest import OpenPage, Project, drag, expect, open_editor, recognize, show_view


def test_from_a_drawn_clip_area_to_saved_clips(project: Project, visit: OpenPage) -> None:
    watched = visit()
    page = watched.page
    page.get_by_role("link", name="exam", exact=False).first.click()
    canvas = open_editor(watched)
    page.get_by_role("button", name="Clip Area").click()
    drag(page, canvas, (0.45, 0.25), (0.6, 0.35))
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("ClipArea1")
    name.fill("RulesArea")
    quality = page.get_by_role("slider", name="JPEG quality")
    quality.fill("60")
    preview = page.locator(".preview figcaption")
    expect(preview).to_contain_text("at this quality")
    left, top, width, height = (int(page.get_by_label(key, exact=True).input_value()) for key in PLACE)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("exam is saved.")).to_be_visible()

    page.reload()
    open_editor(watched)
    page.get_by_role("option", name="RulesArea").click()
    expect(page.get_by_role("slider", name="JPEG quality")).to_have_value("60")
    stored = json.loads(project.template("exam").read_bytes())
    drawn = stored["Pages"][0]["Elements"][-1]
    assert drawn == {
        "Type": "ClipArea",
        "Name": "RulesArea",
        "Width": width,
        "Height": height,
        "Top": top,
        "Left": left,
        "JpegQuality": 60,
    }

    show_view(page, "recognize/exam")
    scans = [project.samples / f"exam-scan-{number}.jpg" for number in (1, 2, 3)]
    recognize(watched, *scans)
    sheets = page.get_by_role("listbox", name="Sheets").get_by_role("option")
    expect(sheets).to_have_count(len(scans))
    areas = ["NameArea", "SignatureArea", "RulesArea"]
    for scan in scans:
        page.get_by_role("option", name=scan.name).click()
        page.get_by_role("heading", name=scan.name).wait_for()
        expect(page.locator(".clip")).to_have_count(len(areas))
        assert page.locator(".clip").evaluate_all("clips => clips.map((clip) => clip.dataset.name)") == areas

    page.get_by_role("button", name="Preview RulesArea").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".openseadragon-canvas canvas").wait_for()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename.startswith("exam-scan-3_")
    assert decode(Path(download.value.path()).read_bytes()).shape[1] > width / 2
    dialog.get_by_role("button", name="Dismiss").click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        clips = [f"clips/{area}/{scan.stem}.jpg" for area in areas for scan in scans]
        assert sorted(archive.namelist()) == sorted([*clips, "results.csv", "results.xlsx"])
        shape = decode(archive.read("clips/RulesArea/exam-scan-3.jpg")).shape
        assert shape[:2] == (height, width)


PLACE = ("Left", "Top", "Width", "Height")


def test_a_broken_image_is_told_and_spoils_nothing(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((project.samples / "exam-scan-1.jpg").read_bytes()[:40_000])
    watched = visit("recognize/exam")
    recognize(watched, broken, project.samples / "exam-scan-1.jpg")
    page = watched.page
    page.get_by_role("option", name="broken.jpg").click()
    expect(page.get_by_role("alert")).to_contain_text("damaged or cut off")
    expect(page.locator(".clip")).to_have_count(0)
    page.get_by_role("option", name="exam-scan-1.jpg").click()
    expect(page.locator(".clip").first).to_be_visible()
    page.get_by_role("link", name="Results", exact=True).click()
    row = page.locator(".batches tbody tr").first
    expect(row.get_by_role("rowheader")).to_contain_text("exam")
    assert [row.locator("td").nth(index).inner_text() for index in (1, 3)] == ["2", "1"]
