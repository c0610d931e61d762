"""A file with all traits of real templates in the client: uploaded, edited, recognized, corrected and exported."""

import base64
import csv
import io
import json
from pathlib import Path

from tests.client.conftest import OpenPage, Project, expect, open_editor, recognize, show_view
from tests.client.test_templates import DROP
from tests.omr import traits
from tests.omr.traits import as_file
from tests.patience import PATIENCE
from tests.servers import new_session


def test_from_the_upload_to_the_export(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    data = as_file(traits.all_together())
    watched = visit("templates")
    page = watched.page
    page.get_by_role("heading", name="Templates").wait_for()
    page.evaluate(DROP, ["real.omr", "", base64.b64encode(data).decode()])
    open_editor(watched)
    assert project.template("real").read_bytes() == data
    project.template("real").with_suffix(".png").write_bytes(traits.blank_page())

    page.get_by_role("option", name="skip").first.click()
    top = page.get_by_label("Top", exact=True)
    was = top.input_value()
    top.fill(str(int(was) + 1))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("real is saved.")).to_be_visible()
    saved = json.loads(project.template("real").read_bytes())
    before = traits.all_together()
    changed = [
        (now["Name"], now["Top"])
        for now, then in zip(saved["Pages"][0]["Elements"], before["Pages"][0]["Elements"], strict=True)
        if now != then
    ]
    assert changed == [("skip", int(was) + 1)]
    project.template("real").write_bytes(data)

    scan = tmp_path / "s.png"
    scan.write_bytes(traits.scan())
    show_view(page, "recognize/real")
    recognize(watched, scan)
    page.get_by_role("option", name="s.png").click()
    rows = page.locator(".answers tbody tr")
    expect(rows).to_have_count(len(traits.ALL_READ))
    shown = dict(rows.evaluate_all("rows => rows.map((row) => [row.dataset.name, row.querySelector('input').value])"))
    assert shown == traits.ALL_READ
    clips = page.locator(".clip")
    assert clips.evaluate_all("clips => clips.map((clip) => clip.dataset.name)") == list(traits.ALL_CLIPS)

    uri = f"{project.url}/api/batches/{page.url.rpartition('/')[2]}"
    for label, text in (("Text in Gender (2)", "one"), ("Text in Gender (3)", "two"), ("Value of Bar (2)", "0816")):
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.get_by_label(label, exact=True).fill(text)
    corrected = new_session().get(f"{uri}/corrections", timeout=PATIENCE).json()["Corrections"]
    assert [(entry["Name"], entry["Value"]) for entry in corrected] == [
        ("Gender", "one"),
        ("Gender", "two"),
        ("Bar", "0816"),
    ]
    assert len({entry["Path"] for entry in corrected}) == 3

    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    head, row = csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline=""))
    assert len(set(head)) == len(head)
    told = dict(zip(head, row, strict=True))
    assert (told["Bar"], told["Bar (2)"], told["Gender"]) == ("4711", "0816", "")
    assert (told["Gender (2)"], told["Gender (3)"], told["Corrected"]) == (
        "one",
        "two",
        "Bar (2); Gender (2); Gender (3)",
    )
