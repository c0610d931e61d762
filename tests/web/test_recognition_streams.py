"""The other forms of the answer: zip and newline-delimited JSON, and what Accept makes of them."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from omrclip.errors import DeadlineExceeded
from omrclip.work import Work
from tests.web.making import Json, asked, bytes_of, encoded, grid, image, jpeg

Recognized = Callable[..., Json]
JSON, ZIP, LINES = "application/json", "application/zip", "application/x-ndjson"
THREE = [image("a.png"), image("brökén.png", b"hello"), image("c.jpg", jpeg(grid()))]


def without_times(answer: Json) -> Json:
    return json.loads(json.dumps(answer), object_hook=lambda node: {k: v for k, v in node.items() if k != "RunSeconds"})


def test_a_zip_holds_the_files_that_json_would(client: FlaskClient, recognized: Recognized) -> None:
    by_json = recognized(Images=THREE)
    response = client.post("/api/recognitions", json=asked(Images=THREE), headers={"Accept": ZIP})
    assert response.status_code == 200
    assert response.mimetype == ZIP
    assert "recognition.zip" in response.headers["Content-Disposition"]
    assert response.is_streamed
    with zipfile.ZipFile(BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
        assert len(files) == len(archive.namelist())
    told = json.loads(files.pop("results.json"))
    honest = {file["Name"]: file["Name"].replace("Name.png", "Name.jpg") for file in by_json["ResponseFiles"]}
    honest = {name: saved.replace("Signature.png", "Signature.jpg") for name, saved in honest.items()}
    assert files == {honest[file["Name"]]: bytes_of(file["Data"]) for file in by_json["ResponseFiles"]}
    for recognition in by_json["Recognitions"]:
        for clip in recognition["Clips"]:
            clip["File"] = honest[clip["File"]]
    assert without_times(told) == without_times({k: v for k, v in by_json.items() if k != "ResponseFiles"})


def test_a_zip_of_one_scan_names_the_results_file_as_json_does(client: FlaskClient) -> None:
    response = client.post("/api/recognitions", json=asked(), headers={"Accept": ZIP})
    with zipfile.ZipFile(BytesIO(response.data)) as archive:
        assert archive.namelist() == ["RecognitionResults.dat", "scanName.jpg", "scanSignature.jpg", "results.json"]


def test_lines_are_an_answer_a_scan_in_the_order_of_the_scans(client: FlaskClient, recognized: Recognized) -> None:
    by_json = recognized(Images=THREE)
    response = client.post("/api/recognitions", json=asked(Images=THREE), headers={"Accept": LINES})
    assert response.mimetype == LINES
    assert response.is_streamed
    assert response.text.endswith("\n")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert [line["Recognitions"] for line in lines] == [[described] for described in by_json["Recognitions"]]
    assert [line["Info"]["SuccessfulTasksCount"] for line in lines] == [1, 0, 1]
    files = [file for line in lines for file in line["ResponseFiles"]]
    assert sorted(files, key=str) == sorted(by_json["ResponseFiles"], key=str)
    assert [file["Name"] for file in lines[0]["ResponseFiles"]] == [
        "aRecognitionResults.dat",
        "aName.png",
        "aSignature.png",
    ]


@pytest.mark.usefixtures("one_processor")
def test_lines_come_as_scans_are_done(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from omrclip.web.api import recognitions

    done: list[str] = []
    recognize = recognitions.recognize_admitted

    def counted(admission, pages, scan, *rest):
        done.append(scan.name)
        return recognize(admission, pages, scan, *rest)

    monkeypatch.setattr(recognitions, "recognize_admitted", counted)
    response = client.post("/api/recognitions", json=asked(Images=THREE), headers={"Accept": LINES}, buffered=False)
    lines = response.iter_encoded()
    assert json.loads(next(lines))["Recognitions"][0]["Name"] == "a.png"
    assert len(done) < len(THREE), "the first line is out before the last scan is begun"
    assert len(list(lines)) == len(THREE) - 1
    assert done == ["a.png", "brökén.png", "c.jpg"]
    response.close()


@pytest.fixture
def time_for_one_scan(monkeypatch: pytest.MonkeyPatch, one_processor: None) -> None:  # noqa: ARG001
    """Have the time of a request end with the first scan that is recognized."""
    from omrclip.web.api import recognitions

    recognize, done = recognitions.recognize_admitted, []

    def counted(*arguments):
        done.append(recognize(*arguments))
        return done[-1]

    def check(_: Work) -> None:
        if done:
            raise DeadlineExceeded("too late", limit="request_seconds", maximum=1)

    monkeypatch.setattr(recognitions, "recognize_admitted", counted)
    monkeypatch.setattr(Work, "check", check)


@pytest.mark.usefixtures("time_for_one_scan")
@pytest.mark.parametrize("accept", [LINES, ZIP])
def test_when_the_time_is_over_the_scans_that_are_left_fail(client: FlaskClient, accept: str) -> None:
    response = client.post("/api/recognitions", json=asked(Images=THREE), headers={"Accept": accept})
    assert response.status_code == 200
    if accept == LINES:
        found = [json.loads(line)["Recognitions"][0] for line in response.text.splitlines()]
    else:
        with zipfile.ZipFile(BytesIO(response.data)) as archive:
            found = json.loads(archive.read("results.json"))["Recognitions"]
    assert [recognition["Name"] for recognition in found] == ["a.png", "brökén.png", "c.jpg"]
    assert found[0]["Error"] is None
    assert {recognition["Error"]["code"] for recognition in found[1:]} == {"deadline_exceeded"}


@pytest.mark.usefixtures("time_for_one_scan")
def test_a_json_answer_whose_time_is_over_is_a_503_that_names_the_limit(client: FlaskClient) -> None:
    refused = client.post("/api/recognitions", json=asked(Images=THREE))
    error = refused.get_json()["error"]
    assert (refused.status_code, error["code"], error["details"]["limit"]) == (
        503, "deadline_exceeded", "request_seconds",
    )  # fmt: skip


ACCEPTS = {
    "*/*": JSON,
    "application/*": JSON,
    "application/json": JSON,
    "application/zip": ZIP,
    "application/x-ndjson": LINES,
    "application/zip;q=0.5, application/json": JSON,
    "application/zip, application/json;q=0.5": ZIP,
    "text/html, */*;q=0.1": JSON,
}


@pytest.mark.parametrize("accept", ACCEPTS)
def test_accept_chooses_the_form(client: FlaskClient, accept: str) -> None:
    response = client.post("/api/recognitions", json=asked(), headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, ACCEPTS[accept])


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "application/json;q=0", "application/xml, text/plain"])
def test_a_form_that_nobody_can_serve_is_refused(
    client: FlaskClient, assert_refused: Callable[..., None], accept: str
) -> None:
    response = client.post("/api/recognitions", json=asked(), headers={"Accept": accept})
    assert_refused(response, 406, "not_acceptable", ("Accept", JSON, ZIP, LINES))


@pytest.mark.parametrize("accept", [ZIP, LINES])
def test_a_bad_request_is_refused_in_the_one_shape_whatever_form_was_asked_for(
    client: FlaskClient, assert_refused: Callable[..., None], accept: str
) -> None:
    bad = asked(Images=[image("a.png"), image("a.png", encoded(grid(salt=3)))])
    response = client.post("/api/recognitions", json=bad, headers={"Accept": accept})
    assert_refused(response, 422, "name_conflict", "a.png")
