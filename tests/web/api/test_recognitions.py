"""POST /api/recognitions: every form of the request, and the whole answer."""

import codecs
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web.app import create_app
from tests.web.making import (
    NAME_BOX,
    SIGNATURE_BOX,
    UNCONFIRMED,
    Json,
    asked,
    base64_of,
    bytes_of,
    choice_box,
    clip_area,
    cut,
    encoded,
    file_part,
    gif_of,
    grid,
    image,
    jpeg,
    lying_png,
    multipart,
    omr,
    page,
    template,
)

Recognized = Callable[..., Json]
SCAN = encoded(grid())
TEMPLATES_IN_JSON: dict[str, Any] = {
    "inline": template(),
    "base64": base64_of(omr(template())),
    "base64 of a file with a byte order mark": base64_of(codecs.BOM_UTF8 + omr(template())),
    "base64 of a file in UTF-16": base64_of(omr(template()).decode().encode("utf-16")),
    "base64 in lines": "\r\n".join(base64_of(omr(template()))[at : at + 76] for at in range(0, 10_000, 76)),
    "stored name": "form",
    "stored name with suffix": "form.omr",
}


def files_of(answer: Json) -> list[tuple[str, int, str, bytes]]:
    return [(f["Name"], f["Size"], f["MediaType"], bytes_of(f["Data"])) for f in answer["ResponseFiles"]]


def expected_files() -> list[tuple[str, int, str, bytes]]:
    clips = {
        "scanName.png": jpeg(cut(grid(), NAME_BOX), 85),
        "scanSignature.png": jpeg(cut(grid(), SIGNATURE_BOX), 60),
    }
    results = ("RecognitionResults.dat", 0, "text/plain; charset=utf-8", b"")
    return [results, *((name, len(data), "image/jpeg", data) for name, data in clips.items())]


@pytest.mark.parametrize("given", TEMPLATES_IN_JSON.values(), ids=TEMPLATES_IN_JSON)
def test_json_gives_the_same_files_however_the_template_comes(recognized: Recognized, given: Any) -> None:
    assert files_of(recognized(Template=given)) == expected_files()


PARTS = {
    "file": [("Template", file_part("form.omr", omr(template())))],
    "file with a byte order mark": [("Template", file_part("x", codecs.BOM_UTF8 + omr(template())))],
    "text of the file": [("Template", omr(template()).decode())],
    "stored name": [("Template", "form")],
    "keys in small letters": [("template", "form"), ("options", "{}")],
    "options as text": [("Template", "form"), ("Options", '{"ClipFormat": null}')],
    "options as a file": [("Template", "form"), ("Options", file_part("o.json", b'{"Pages": {"scan.png": 1}}'))],
    "template image": [("Template", "form"), ("TemplateImage", file_part("blank.png", encoded(grid(salt=50))))],
}


@pytest.mark.parametrize("name", PARTS)
def test_multipart_gives_the_same_files_as_json(client: FlaskClient, name: str) -> None:
    parts = [(key, _again(part)) for key, part in PARTS[name]]
    response = client.post("/api/recognitions", **multipart(*parts, ("Images", file_part("scan.png", SCAN))))
    assert response.status_code == 200, response.text
    assert files_of(response.get_json()) == expected_files()


def _again(part: Any) -> Any:
    """The same part, not yet read."""
    if not isinstance(part, str):
        part.stream.seek(0)
    return part


def test_null_is_as_good_as_absent(recognized: Recognized) -> None:
    answer = recognized(TemplateImage=None, Options=None)
    assert files_of(answer) == expected_files()
    answer = recognized(Options={"ClipFormat": None, "Pages": None})
    assert files_of(answer) == expected_files()


def test_the_image_beside_a_stored_template_is_its_blank_page(
    client: FlaskClient, config: Config, assert_refused: Callable[..., None]
) -> None:
    beside = Path(config.templates) / "form.png"
    beside.write_bytes(b"no image at all")
    response = client.post("/api/recognitions", json=asked(Template="form"))
    assert_refused(response, 415, "unsupported_image", "blank image of page 1")
    sent = client.post("/api/recognitions", json=asked(Template="form", TemplateImage=base64_of(SCAN)))
    assert sent.status_code == 200, "an image that is sent goes before the stored one"


def test_several_scans_results_come_first_then_the_clips_in_order(recognized: Recognized) -> None:
    answer = recognized(Images=[image("b.png"), image("a.jpg", jpeg(grid())), image("ünï cödé.v2.png")])
    assert [file["Name"] for file in answer["ResponseFiles"]] == [
        "bRecognitionResults.dat",
        "aRecognitionResults.dat",
        "ünï cödé.v2RecognitionResults.dat",
        "bName.png",
        "bSignature.png",
        "aName.png",
        "aSignature.png",
        "ünï cödé.v2Name.png",
        "ünï cödé.v2Signature.png",
    ]
    for file in answer["ResponseFiles"]:
        assert file["Size"] == len(bytes_of(file["Data"]))


BROKEN = {
    "no image": (b"hello", "not an image", "unsupported_image"),
    "cut off": (jpeg(grid())[:-400], "JPEG", "corrupt_image"),
    "header only": (lying_png(WIDTH := 300, 200), "PNG", "corrupt_image"),
    "several frames": (gif_of(grid(), grid(salt=9)), "2 images", "corrupt_image"),
    "wrong shape": (encoded(grid(WIDTH, 300)), "page was not found in the scan", "registration_failed"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_scan_fails_alone_with_its_message(recognized: Recognized, name: str) -> None:
    data, told, code = BROKEN[name]
    answer = recognized(Images=[image("first.png"), image("broken.png", data), image("last.png")])
    assert [file["Name"] for file in answer["ResponseFiles"]] == [
        "firstRecognitionResults.dat",
        "lastRecognitionResults.dat",
        "firstName.png",
        "firstSignature.png",
        "lastName.png",
        "lastSignature.png",
    ]
    info = answer["Info"]
    assert (info["ProcessedTasksCount"], info["SuccessfulTasksCount"]) == (3, 2)
    first, broken, last = info["Details"]["RecognitionStatistics"]
    assert [first["TaskResult"], broken["TaskResult"], last["TaskResult"]] == ["Pass", "Fail", "Pass"]
    assert (broken["Name"], first["TaskMessages"]) == ("broken.png", [UNCONFIRMED])
    assert told in broken["TaskMessages"][0]
    described = answer["Recognitions"][1]
    assert described["Error"]["code"] == code
    assert described["Error"]["message"] == broken["TaskMessages"][0]
    assert (described["Registration"], described["Clips"], described["Page"]) == (None, [], None)


def test_a_scan_that_came_alone_may_fail_too(recognized: Recognized) -> None:
    answer = recognized(Images=[image("scan.png", b"hello")])
    assert answer["ResponseFiles"] == []
    assert answer["Info"]["SuccessfulTasksCount"] == 0


def test_info_is_what_the_cloud_answers(recognized: Recognized) -> None:
    info = recognized()["Info"]
    assert list(info) == ["ResponseVersion", "ProcessedTasksCount", "SuccessfulTasksCount", "Details"]
    assert (info["ResponseVersion"], info["ProcessedTasksCount"], info["SuccessfulTasksCount"]) == ("1.0", 1, 1)
    (statistics,) = info["Details"]["RecognitionStatistics"]
    assert list(statistics) == ["Name", "TaskMessages", "TaskResult", "RunSeconds"]
    assert statistics["RunSeconds"] >= 0
    assert {**statistics, "RunSeconds": 0} == {
        "Name": "scan.png",
        "TaskMessages": [UNCONFIRMED],
        "TaskResult": "Pass",
        "RunSeconds": 0,
    }


def test_recognitions_tell_where_everything_lay(recognized: Recognized) -> None:
    (described,) = recognized()["Recognitions"]
    assert (described["Name"], described["Page"], described["Error"]) == ("scan.png", 1, None)
    registration = described["Registration"]
    assert registration["Strategy"] == "identity"
    assert registration["Page"] == registration["Scan"] == {"Width": 300, "Height": 200}
    assert registration["PageToScan"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert registration["Corners"] == [[0, 0], [300, 0], [300, 200], [0, 200]]
    assert registration["Bend"] is None
    name, signature = described["Clips"]
    assert name == {
        "Name": "Name",
        "Path": "$.Pages[0].Elements[0]",
        "Label": "Name",
        "File": "scanName.png",
        "Uri": None,
        "MediaType": "image/jpeg",
        "Box": {"Left": 12, "Top": 18, "Width": 90, "Height": 40},
        "Corners": [[12, 18], [102, 18], [102, 58], [12, 58]],
        "Message": UNCONFIRMED,
        "Said": name["Said"],
    }
    assert [said["Code"] for said in name["Said"]] == ["page_fills", "look_at_clips", "give_image"]
    assert described["Remarks"] == [name["Said"]]
    assert signature["File"] == "scanSignature.png"


def test_corners_lie_in_the_scan_where_it_is_scaled(recognized: Recognized) -> None:
    answer = recognized(Images=[image("scan.png", encoded(grid(600, 400, square=40)))])
    (described,) = answer["Recognitions"]
    assert described["Registration"]["Strategy"] == "scale"
    assert described["Registration"]["Scan"] == {"Width": 600, "Height": 400}
    assert np.allclose(described["Registration"]["PageToScan"], np.diag([2, 2, 1]))
    clip = described["Clips"][0]
    assert clip["Box"] == {"Left": 12, "Top": 18, "Width": 90, "Height": 40}
    assert clip["Corners"] == [[24, 36], [204, 36], [204, 116], [24, 116]]


def test_what_is_questionable_in_a_template_is_told_and_done(recognized: Recognized) -> None:
    answer = recognized(Template=template(clip_area("Name", JpegQuality=10), {"Type": "Spiral"}))
    low, unknown = answer["Warnings"]
    assert (low["path"], unknown["path"]) == ("$.Pages[0].Elements[0].JpegQuality", "$.Pages[0].Elements[1].Type")
    assert "10" in low["expected"]
    assert "Spiral" in unknown["expected"]
    assert bytes_of(answer["ResponseFiles"][1]["Data"]) == jpeg(cut(grid(), NAME_BOX), 10)
    assert recognized()["Warnings"] == []


def test_bubbles_that_are_not_there_are_uncertain_and_named(recognized: Recognized) -> None:
    answer = recognized(Template=template(choice_box(), clip_area("Name")))
    ((described,),) = [recognition["Elements"] for recognition in answer["Recognitions"]]
    assert (described["Name"], described["Status"], described["Value"]) == ("Question", "uncertain", "")
    of_page, of_box = answer["Info"]["Details"]["RecognitionStatistics"][0]["TaskMessages"]
    assert of_page == UNCONFIRMED
    assert "Question" in of_box
    assert answer["Recognitions"][0]["Clips"][0]["Message"] == UNCONFIRMED
    assert bytes_of(answer["ResponseFiles"][0]["Data"]) == b"Question:\n"


def test_a_template_without_clip_areas_gives_results_only(recognized: Recognized) -> None:
    answer = recognized(Template={"Pages": [page()]})
    assert [file["Name"] for file in answer["ResponseFiles"]] == ["RecognitionResults.dat"]


@pytest.mark.parametrize(
    ("setting", "asked_for", "extension", "media_type"),
    [
        (None, None, "png", "image/jpeg"),
        ("jpg", None, "jpg", "image/jpeg"),
        ("png", None, "png", "image/png"),
        ("png", "webp", "webp", "image/webp"),
    ],
)
def test_the_format_of_clips_has_a_default(
    config: Config, setting: str | None, asked_for: str | None, extension: str, media_type: str
) -> None:
    client = create_app(replace(config, clip_format=setting)).test_client()
    options = {"ClipFormat": asked_for} if asked_for else {}
    answer = client.post("/api/recognitions", json=asked(Options=options)).get_json()
    clips = answer["ResponseFiles"][1:]
    assert [clip["Name"] for clip in clips] == [f"scanName.{extension}", f"scanSignature.{extension}"]
    assert {clip["MediaType"] for clip in clips} == {media_type}
