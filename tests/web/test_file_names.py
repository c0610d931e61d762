"""The names of result files: the rule, and what would break it, refused before any work."""

import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.web.making import (
    NAME_BOX,
    SIGNATURE_BOX,
    Json,
    asked,
    bytes_of,
    clip_area,
    cut,
    decoded,
    encoded,
    grid,
    image,
    jpeg,
    page,
    template,
)

Recognized = Callable[..., Json]
Refusal = Callable[..., None]
SCAN = encoded(grid())


@pytest.fixture
def no_decoding(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Whatever is refused before the work never comes to decode; undo to let good requests work again."""

    def decode(*_: object) -> None:
        raise AssertionError("an image was decoded")

    monkeypatch.setattr("omrclip.omr.recognition.decode", decode)
    return monkeypatch


@pytest.mark.parametrize(
    ("scan", "element", "name"),
    [
        ("photo.jpg", "Name", "photoName.png"),
        ("photo.JPG", "Name", "photoName.png"),
        ("a.b.c.jpg", "Name", "a.b.cName.png"),
        ("no extension", "Name", "no extensionName.png"),
        (".hidden", "Name", ".hiddenName.png"),
        ("two  spaces .png", " Name", "two  spaces  Name.png"),
        ("Prüfung – №1.png", "Unterschrift ñ 名前", "Prüfung – №1Unterschrift ñ 名前.png"),
        ("scan.png", "with.dot", "scanwith.dot.png"),
        ("scan.png", "100%", "scan100%.png"),
        ("scan.png", "😀", "scan😀.png"),
        ("scan", "a" * 200, "scan" + "a" * 200 + ".png"),
        ("10:32 <1>?.png", "Name", "10_32 _1__Name.png"),
        ("CO.png", "N", "_CON.png"),
    ],
)
def test_a_clip_is_named_by_the_stem_of_its_scan_and_its_element(
    recognized: Recognized, scan: str, element: str, name: str
) -> None:
    answer = recognized(Template=template(clip_area(element)), Images=[image(scan)])
    assert [file["Name"] for file in answer["ResponseFiles"]] == ["RecognitionResults.dat", name]
    assert answer["Recognitions"][0]["Clips"][0]["File"] == name


CONFLICTS = {
    "one stem with two extensions": (["Area"], ["scan.png", "scan.jpg"], "scanRecognitionResults.dat"),
    "one image name twice": (["Area"], ["scan.png", "scan.png"], "scan.png"),
    "letter case of scans only": (["Area"], ["scan.png", "Scan.png"], "Scan.png"),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_two_scans_of_one_name_are_refused_before_any_work(
    client: FlaskClient, assert_refused: Refusal, no_decoding: pytest.MonkeyPatch, name: str
) -> None:
    elements, scans, conflict = CONFLICTS[name]
    body = asked(Template=template(*map(clip_area, elements)), Images=[image(scan) for scan in scans])
    response = client.post("/api/recognitions", json=body)
    no_decoding.undo()
    assert_refused(response, 422, "name_conflict", conflict)
    assert response.get_json()["error"]["details"]["name"] == conflict


NUMBERED = [
    (["Area", "area"], ["scan.png"], ["scanArea.png", "scanarea_2.png"]),
    (["é", "e\u0301"], ["scan.png"], ["scané.png", "scane\u0301_2.png"]),
    (["1Area", "Area"], ["P1.png", "P11.png"], ["P11Area.png", "P1Area.png", "P111Area.png", "P11Area_2.png"]),
]


@pytest.mark.parametrize(("elements", "scans", "names"), NUMBERED)
@pytest.mark.parametrize("accept", ["application/json", "application/zip", "application/x-ndjson"])
def test_clips_of_one_name_are_numbered(
    client: FlaskClient, elements: list[str], scans: list[str], names: list[str], accept: str
) -> None:
    body = asked(Template=template(*map(clip_area, elements)), Images=[image(scan) for scan in scans])
    body["Options"] = {"ClipFormat": "png"}
    response = client.post("/api/recognitions", json=body, headers={"Accept": accept})
    if accept == "application/zip":
        with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
            assert [name for name in archive.namelist() if name.endswith(".png")] == names
            told = [json.loads(archive.read("results.json"))]
    else:
        told = [json.loads(line) for line in response.data.splitlines()] if "nd" in accept else [response.get_json()]
        files = [file["Name"] for answer in told for file in answer["ResponseFiles"]]
        assert [name for name in files if name.endswith(".png")] == names
    described = [recognition for answer in told for recognition in answer["Recognitions"]]
    assert [clip["File"] for scan in described for clip in scan["Clips"]] == names


@pytest.mark.parametrize("accept", ["application/json", "application/zip", "application/x-ndjson"])
def test_a_scan_with_an_unreadable_name_fails_alone(client: FlaskClient, accept: str) -> None:
    body = asked(Images=[image("good.png"), image("a\u202egnp.exe"), image("b\n.png")])
    response = client.post("/api/recognitions", json=body, headers={"Accept": accept})
    assert response.status_code == 200
    if accept == "application/zip":
        with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
            told = [json.loads(archive.read("results.json"))]
    else:
        told = [json.loads(line) for line in response.data.splitlines()]
    described = [recognition for answer in told for recognition in answer["Recognitions"]]
    assert [(scan["Name"], bool(scan["Error"])) for scan in described] == [
        ("good.png", False),
        ("a\\u202egnp.exe", True),
        ("b\\x0a.png", True),
    ]
    assert "Rename the file" in described[1]["Error"]["message"]


def test_the_names_of_elements_differ_per_page_where_pages_are_told(recognized: Recognized) -> None:
    two = {"Pages": [page(clip_area("1Area")), page(clip_area("Area"))]}
    scans = [image("Paper1.png"), image("Paper11.png")]
    answer = recognized(Template=two, Images=scans, Options={"Pages": {"Paper1.png": 1, "Paper11.png": 1}})
    assert [file["Name"] for file in answer["ResponseFiles"]][2:] == ["Paper11Area.png", "Paper111Area.png"]


def test_a_file_name_that_file_systems_refuse_is_refused(client: FlaskClient, assert_refused: Refusal) -> None:
    body = asked(Template=template(clip_area("a" * 200)), Images=[image("s" * 230 + ".png")])
    assert_refused(client.post("/api/recognitions", json=body), 400, "invalid_request", "255 bytes")


# --- templates of two pages ------------------------------------------------------------------------------------------

TALL = {"Width": 200, "Height": 300}


def two_pages(**second: int) -> Json:
    return {"Pages": [page(clip_area("Front")), page(clip_area("Back", SIGNATURE_BOX), **second)]}


def test_a_scan_is_taken_for_the_only_page_that_it_fits(recognized: Recognized) -> None:
    pages = {"Pages": [page(clip_area("Front")), page(clip_area("Back", (100, 200, 90, 40)), **TALL)]}
    answer = recognized(Template=pages, Images=[image("a.png"), image("b.png", encoded(grid(200, 300)))])
    assert [described["Page"] for described in answer["Recognitions"]] == [1, 2]
    front, back = answer["ResponseFiles"][2:]
    assert (front["Name"], back["Name"]) == ("aFront.png", "bBack.png")
    assert bytes_of(back["Data"]) == jpeg(cut(grid(200, 300), (100, 200, 90, 40)))


def test_a_scan_that_fits_two_pages_fails_and_says_how_to_tell(recognized: Recognized) -> None:
    (described,) = recognized(Template=two_pages())["Recognitions"]
    assert described["Error"]["code"] == "registration_failed"
    assert "pages 1, 2" in described["Error"]["message"]
    assert "Pages" in described["Error"]["message"]


@pytest.mark.parametrize(("number", "element", "box"), [(1, "Front", NAME_BOX), (2, "Back", SIGNATURE_BOX)])
def test_the_option_pages_tells_the_page(
    recognized: Recognized, number: int, element: str, box: tuple[int, int, int, int]
) -> None:
    answer = recognized(Template=two_pages(), Options={"Pages": {"scan.png": number}, "ClipFormat": "png"})
    assert answer["Recognitions"][0]["Page"] == number
    (clip,) = answer["ResponseFiles"][1:]
    assert clip["Name"] == f"scan{element}.png"
    assert np.array_equal(decoded(bytes_of(clip["Data"])), cut(grid(), box))


def test_a_page_that_is_told_but_does_not_fit_fails(recognized: Recognized) -> None:
    (described,) = recognized(Template=two_pages(Height=500), Options={"Pages": {"scan.png": 2}})["Recognitions"]
    assert described["Error"]["code"] == "registration_failed"
