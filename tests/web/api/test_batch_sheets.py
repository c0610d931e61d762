"""What was read on the sheets of a batch, their scans as images, and whether people have reviewed them."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from flask.testing import FlaskClient
from pypdfium2 import PdfDocument

from omrclip.config import Config
from omrclip.errors import ServerBusy
from omrclip.imaging.arrays import Pixels
from omrclip.jobs.batches.ledger import DoneScan
from omrclip.jobs.batches.runner import Runner
from omrclip.serving.sources import OpenFile
from omrclip.web.api import batch_pdf
from omrclip.web.batch_images import BatchImages
from omrclip.work import Work
from tests.web.api.test_documents import SHADES, stack
from tests.web.conftest import Refusal
from tests.web.making import Json, choice_box, clip_area, decoded, encoded, file_part, grid, multipart, omr, template

SHEETS = ("s1.png", "s2.png", "s10.png")


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, workers=1)


@pytest.fixture
def address(client: FlaskClient, config: Config) -> str:
    """A batch that is done, with three doubtful sheets, the sheets of an archive, and one that failed."""
    Path(config.templates, "form.omr").write_bytes(omr(template(clip_area("Name"), choice_box())))
    answer = client.post("/api/batches", json={"Name": "June", "Template": "form"})
    address = str(answer.headers["Location"]).removeprefix("http://localhost")
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("b/stack.pdf", stack(*SHADES[:2]))
    files = {name: encoded(grid(salt=number)) for number, name in enumerate(SHEETS)}
    files |= {"june.zip": file.getvalue(), "cut.png": encoded(grid())[:200]}
    parts = (("Sheets", file_part(name, data)) for name, data in files.items())
    assert client.post(f"{address}/sheets", **multipart(*parts)).get_json()["Refused"] == []
    runner = Runner(config)
    runner.look()
    runner.close()
    return address


def fields(client: FlaskClient, address: str, query: str) -> dict[str, list[Json]]:
    answer = client.get(f"{address}/fields{query}")
    assert answer.status_code == 200, answer.text
    return {sheet["Name"]: sheet["Fields"] for sheet in answer.get_json()["Sheets"]}


def correct(client: FlaskClient, address: str, *corrections: Any) -> None:
    body = {"Corrections": [{"Sheet": sheet, "Name": name, "Value": value} for sheet, name, value in corrections]}
    assert client.post(f"{address}/corrections", json=body).status_code == 200


def test_a_sheet_and_its_fields_are_read(client: FlaskClient, address: str, assert_refused: Refusal) -> None:
    sheet = client.get(f"{address}/sheets/s2.png").get_json()
    assert (sheet["Name"], sheet["Template"], sheet["Error"]) == ("s2.png", "form", None)
    (read,) = sheet["Elements"]
    found = fields(client, address, "?status=doubtful")
    assert list(found)[-3:] == list(SHEETS)
    (field,) = found["s2.png"]
    assert {key: field[key] for key in ("Name", "Path", "Status", "Value", "Corners")} == {
        key: read[key] for key in ("Name", "Path", "Status", "Value", "Corners")
    }
    assert field["Choices"] == [bubble["Value"] for bubble in read["Bubbles"]]
    first = client.get(f"{address}/fields?element=Question&limit=1").get_json()
    following = client.get(first["Next"]).get_json()["Sheets"]
    assert len(following) == 1
    assert following[0]["Name"] != first["Sheets"][0]["Name"]
    assert [one["Type"] for one in fields(client, address, "?element=Name")["s1.png"]] == ["ClipArea"]
    same = fields(client, address, f"?element=Question&value={field['Value']}")
    assert all(one["Value"] == field["Value"] for parts in same.values() for one in parts)
    assert fields(client, address, "?value=no-such-value") == {}
    assert client.get(f"{address}/sheets/missing.png").status_code == 404
    assert_refused(client.get(f"{address}/fields?status=odd"), 400, "invalid_request", "status")


def test_the_scans_of_sheets_are_images(client: FlaskClient, address: str) -> None:
    batch = address.rpartition("/")[2]
    answer = client.get(f"/iiif/3/{batch}.s2.png.sheet/full/max/0/default.png")
    assert answer.status_code == 200, answer.text
    assert np.array_equal(decoded(answer.data), grid(salt=1))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    inner = client.get(f"/iiif/3/{batch}.june-b-stack-p0002.pdf.sheet/info.json")
    assert inner.status_code == 200, inner.text
    assert client.get(f"/iiif/3/{batch}.missing.png.sheet/info.json").status_code == 404
    client.delete(address)
    assert client.get(f"/iiif/3/{batch}.s2.png.sheet/full/max/0/default.png").status_code == 404


def test_a_sheet_is_reviewed_when_its_doubtful_answers_are_confirmed_or_corrected(
    client: FlaskClient, address: str
) -> None:
    def reviewed() -> int:
        return int(client.get(address).get_json()["Reviewed"])

    read = fields(client, address, "?status=doubtful")
    assert reviewed() == 0
    correct(client, address, ("s1.png", "Question", read["s1.png"][0]["Value"]), ("s2.png", "Question", "Z"))
    assert reviewed() == 2
    correct(client, address, ("s10.png", "Name", "Ada"))
    assert reviewed() == 2, "the text of a clip is no answer"
    correct(client, address, ("s2.png", "Question", None))
    assert reviewed() == 1
    rows = client.get(f"{address}/results.csv").text.splitlines()
    assert next(row for row in rows if row.startswith("s1.png")).count("Question"), "who accepted is in the table"


def test_a_page_that_was_not_found_is_placed_by_hand(
    client: FlaskClient, config: Config, assert_refused: Refusal
) -> None:
    Path(config.templates, "form.omr").write_bytes(omr(template(clip_area("Name"), choice_box())))
    page = grid()
    height, width = page.shape[:2]
    scan = np.full((height + 90, width + 200, 3), 255, np.uint8)
    scan[40 : 40 + height, 70 : 70 + width] = page
    answer = client.post("/api/batches", json={"Name": "June", "Template": "form"})
    address = str(answer.headers["Location"]).removeprefix("http://localhost")
    client.post(f"{address}/sheets", **multipart(("Sheets", file_part("s.png", encoded(scan)))))

    def run() -> Json:
        runner = Runner(config)
        runner.look()
        runner.close()
        return dict(client.get(f"{address}/sheets/s.png").get_json())

    assert run()["Error"]["code"] == "registration_failed"
    (known,) = client.get(f"{address}/pages").get_json()["Pages"]
    assert (known["Template"], known["Page"], known["Width"], known["Height"]) == ("form", 1, width, height)
    assert len(known["Boxes"]) > 1
    corners = [[70, 40], [70 + width, 40], [70 + width, 40 + height], [70, 40 + height]]
    place = {"Template": "form", "Page": 1, "Corners": corners}
    for changes, field in (
        ({"Corners": corners[::-1]}, "$.Corners"),
        ({"Corners": corners[:3]}, "$.Corners"),
        ({"Corners": [*corners[:3], ["a", 1]]}, "$.Corners[3]"),
        ({"Page": 2}, "$.Page"),
        ({"Template": "other"}, "$.Page"),
    ):
        refused = client.put(f"{address}/sheets/s.png/placement", json={**place, **changes})
        assert_refused(refused, 400, "invalid_request", field)
    assert client.put(f"{address}/sheets/t.png/placement", json=place).status_code == 404
    assert client.put(f"{address}/sheets/s.png/placement", json=place).status_code == 202
    placed = run()
    assert placed["Error"] is None
    assert placed["Registration"]["Strategy"] == "placed by hand"
    assert np.allclose(placed["Registration"]["Corners"], corners, atol=1)
    assert placed["Messages"][0] == "The page was placed by hand."
    assert client.get(address).get_json()["Failed"] == 0
    moved = [[x + 3, y] for x, y in corners]
    client.put(f"{address}/sheets/s.png/placement", json={**place, "Corners": moved})
    again = run()
    assert np.allclose(again["Registration"]["Corners"], moved, atol=1), "a sheet can be placed again"
    assert {element["Status"] for element in again["Elements"]} == {"uncertain"}, "nothing confirms the place"
    assert "The print of the page was not found where it was placed" in again["Messages"][1]


def test_files_are_named_after_their_batch_in_any_script(client: FlaskClient, address: str) -> None:
    client.patch(address, json={"Name": "Prüfung – łódź: 1"})
    for file, kind in (("results.csv", "csv"), ("results.csv?separator=;", "csv"), ("clips.zip", "zip")):
        header = client.get(f"{address}/{file}", buffered=True).headers["Content-Disposition"]
        assert header.encode("latin-1"), "the server sends Latin-1"
        assert f"UTF-8''Pr%C3%BCfung%20%E2%80%93%20%C5%82%C3%B3d%C5%BA_%201.{kind}" in header


def test_csv_has_the_separator_that_is_asked_for(client: FlaskClient, address: str, assert_refused: Refusal) -> None:
    assert client.get(f"{address}/results.csv").text.splitlines()[0].startswith("\ufeffImage,")
    assert client.get(f"{address}/results.csv?separator=;").text.splitlines()[0].startswith("\ufeffImage;")
    assert_refused(client.get(f"{address}/results.csv?separator=x"), 400, "invalid_request", "separator")


def marked(client: FlaskClient, address: str, query: str = "") -> list[Pixels]:
    answer = client.get(f"{address}/marked.pdf{query}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert "June.pdf" in answer.headers["Content-Disposition"]
    return [page.render(scale=1).to_numpy()[..., :3] for page in PdfDocument(answer.data)]


def test_a_pdf_has_each_sheet_with_what_was_read_and_decided(
    client: FlaskClient, address: str, config: Config, assert_refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [sheet["Name"] for sheet in client.get(f"{address}/sheets").get_json()["Sheets"]]
    Path(config.results, "batches", address.rpartition("/")[2], "sources", "s1.png").unlink()
    pages = marked(client, address)
    assert len(pages) == len(names) == 6
    for name in ("cut.png", "s1.png"):
        missing = pages[names.index(name)]
        assert (missing != 255).any(), "the page of a sheet without a picture says so"
        assert (missing == 255).mean() > 0.8
    (part,) = marked(client, address, f"?after={names[1]}&limit=1")
    assert (part == pages[2]).all()
    correct(client, address, ("s2.png", "Question", "B"))
    differing = [name for name, a, b in zip(names, pages, marked(client, address), strict=True) if not (a == b).all()]
    assert differing == ["s2.png"]
    for query, name in (("?limit=0", "limit"), ("?limit=x", "limit"), ("?limit=9999", "limit")):
        assert_refused(client.get(f"{address}/marked.pdf{query}"), 400, "invalid_request", name)
    assert_refused(client.get(f"{address}/marked.pdf?after={names[-1]}"), 404, "not_found")
    monkeypatch.setattr(batch_pdf, "MOST_SHEETS", 5)
    assert_refused(client.get(f"{address}/marked.pdf"), 413, "limit_exceeded", "after")
    assert len(marked(client, address, "?limit=5")) == 5


def test_a_pdf_ends_where_the_server_has_no_memory_for_a_page(
    client: FlaskClient, address: str, assert_refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, busy = BatchImages.open_sheet, "s1.png"

    def refuse(images: BatchImages, name: str, done: DoneScan, wanted: Callable[[], Work]) -> OpenFile:
        if done.name == busy:
            raise ServerBusy("No memory is free.", retry_after=1)
        return opened(images, name, done, wanted)

    monkeypatch.setattr(BatchImages, "open_sheet", refuse)
    names = [sheet["Name"] for sheet in client.get(f"{address}/sheets").get_json()["Sheets"]]
    before = names[names.index(busy) - 1]
    sent: deque[bytes] = deque()
    with pytest.raises(ServerBusy):
        sent.extend(client.get(f"{address}/marked.pdf").iter_encoded())
    assert sent[0].startswith(b"%PDF")
    assert not any(b"%%EOF" in part for part in sent), "the file is not taken for a whole one"
    assert_refused(client.get(f"{address}/marked.pdf?after={before}"), 503, "server_busy")
    busy = ""
    assert len(marked(client, address)) == len(names), "it can be asked for again"


def test_the_scan_of_a_sheet_has_a_manifest(client: FlaskClient, address: str) -> None:
    answer = client.get(f"{address}/sheets/s2.png/manifest.json")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert answer.mimetype == "application/ld+json"
    manifest = answer.get_json()
    assert manifest["id"] == f"http://localhost{address}/sheets/s2.png/manifest.json"
    (canvas,) = manifest["items"]
    assert canvas["id"] == f"{manifest['id']}/canvas/p1"
    service = canvas["items"][0]["items"][0]["body"]["service"][0]["id"]
    info = client.get(f"{service.removeprefix('http://localhost')}/info.json").get_json()
    assert (info["width"], info["height"]) == (canvas["width"], canvas["height"])
    assert client.get(f"{address}/sheets/none.png/manifest.json").status_code == 404
