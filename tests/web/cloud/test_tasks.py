"""`runOmrTask`, as the clients of versions 1.1 and 3.0 call it, on a drawn form."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.schemas.template import load_template, template_to_bytes
from omrclip.web import services
from omrclip.web.app import App, create_app
from tests.omr.drawn_form import Shape, centres, draw, moved
from tests.web.auth.conftest import BLUE, RED, As
from tests.web.making import base64_of, bytes_of, encoded, grid

FORM = draw(Shape())
BLANK = encoded(np.dstack([FORM.tones] * 3))
MOVED = template_to_bytes(moved(FORM.template, lambda: (6, -6)))
RULES = {"Pages": [{"PageId": 1, "CorrectPoints": 1, "QuestionRules": [{"QuestionName": "Q1", "Answer": "AB"}]}]}
REQUIRED = {"ErrorCode", "ErrorText", "Payload", "ServerStat"}

Run = Callable[..., Any]


@pytest.fixture
def client(config: Config) -> FlaskClient:
    """A client of a server without log-in: hashing passwords for each test takes long."""
    limits = replace(config.limits, max_image_pixels=10_000_000)  # a page of A4 at 300 dpi has 9 million
    return create_app(replace(config, accounts=None, limits=limits)).test_client()


@pytest.fixture
def run(client: FlaskClient) -> Run:
    """Run an action, and return the answer."""

    def post(action: str, name: str, parameter: Any = None, version: str = "v3.0", **query: str) -> Any:
        text = parameter if parameter is None or isinstance(parameter, str) else json.dumps(parameter)
        body = {"FunctionParam": text, "AdditionalParam": ""}
        address = f"/{version}/omr/{quote(name)}/runOmrTask"
        answer = client.post(address, json=body, query_string={"actionName": action, **query})
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        assert told.keys() == REQUIRED
        return told

    return post


def store(client: FlaskClient, name: str, data: bytes) -> None:
    assert client.put(f"/v3.0/omr/storage/file/{quote(name)}", data=data).status_code == 200


def template_file(data: bytes = MOVED, name: str = "Form.omr") -> dict[str, Any]:
    return {"Files": [{"Name": name, "Size": 7, "Data": base64_of(data)}]}


@pytest.fixture
def corrected(client: FlaskClient, run: Run) -> str:
    """The TemplateId of the corrected form."""
    store(client, "blank.png", BLANK)
    return result(run("CorrectTemplate", "blank.png", template_file()))["TemplateId"]


def result(told: Any) -> Any:
    assert (told["ErrorCode"], told["ErrorText"]) == (0, ""), told
    return told["Payload"]["Result"]


def files(found: Any) -> dict[str, bytes]:
    decoded = {file["Name"]: bytes_of(file["Data"]) for file in found["ResponseFiles"]}
    assert [file["Size"] for file in found["ResponseFiles"]] == [len(data) for data in decoded.values()]
    return decoded


def filled(*marks: tuple[int, int]) -> bytes:
    """The form with marks in the bubbles of these indices (question, answer), as a scan."""
    tones = FORM.tones.copy()
    boxes = [element for element in FORM.template.pages[0].elements if hasattr(element, "bubbles")]
    for question, answer in marks:
        box = boxes[question]
        bubble = box.bubbles[answer]
        centre = (round(bubble.left + box.bubble_width / 2), round(bubble.top + box.bubble_height / 2))
        cv2.circle(tones, centre, round(box.bubble_width * 0.4), 30, -1)
    return encoded(np.dstack([tones] * 3), ".jpg")


@pytest.mark.parametrize("version", ["v1.1", "v3.0"])
def test_a_form_is_generated(client: FlaskClient, run: Run, version: str) -> None:
    source = b"?image=logo.png\n\twidth=200\n?answer_sheet=Q\n\telements_count=4\n"
    store(client, "Quiz 1.txt", source)
    store(client, "Logos/logo.png", encoded(np.zeros((40, 80, 3), np.uint8)))
    found = result(run("GenerateTemplate", "Quiz 1.txt", {"ExtraStoragePath": "Logos"}, version))
    made = files(found)
    assert list(made) == ["Quiz 1.omr", "Quiz 1.png"]
    assert [element.name for element in load_template(made["Quiz 1.omr"]).pages[0].elements][5:] == [
        "Q1",
        "Q2",
        "Q3",
        "Q4",
    ]
    assert found["TemplateId"] is None


@pytest.mark.parametrize("version", ["v1.1", "v3.0"])
def test_a_template_is_corrected(client: FlaskClient, run: Run, version: str) -> None:
    store(client, "Vorlagen/Größe 1.png", BLANK)
    told = run("correcttemplate", "Vorlagen/Größe 1.png", template_file(name="C:\\forms\\Größe 1.omr"), version)
    found = result(told)
    ((name, data),) = files(found).items()
    assert name == "Größe 1.omrcr"
    template = load_template(data)
    assert np.abs(centres(template) - FORM.centres).max() < 0.5
    assert template.template_id == found["TemplateId"]
    assert found["Info"] == {
        "ResponseVersion": "1.0",
        "ProcessedTasksCount": 1,
        "SuccessfulTasksCount": 1,
        "Details": {"TaskMessages": [], "TaskResult": "Pass"},
    }
    assert found["ExecutionTime"] >= 0
    assert set(told["ServerStat"]) == {"StorageDownloadTime", "OmrFunctionCallTime"}
    again = result(run("CorrectTemplate", "Größe 1.png", template_file(), version, folder="Vorlagen"))
    assert again["TemplateId"] != found["TemplateId"]


def test_a_template_is_finalized_and_scans_are_recognized(client: FlaskClient, run: Run, corrected: str) -> None:
    found = result(run("FinalizeTemplate", "Form.omrcr", corrected))
    assert found["TemplateId"] == corrected
    blank = files(found)["RecognitionResult.dat"].decode()
    assert "Question3:\nQuestion4:\n" in blank
    assert found["Info"]["Details"]["TaskResult"] == "Pass"
    store(client, "scans/photo.x.jpg", filled((2, 1), (3, 0), (3, 2)))
    told = result(run("RecognizeImage", "scans/photo.x.jpg", f'"{corrected}"'))
    got = files(told)
    assert next(iter(got)) == "photo.x.dat"
    lines = dict(line.split(":") for line in got["photo.x.dat"].decode().splitlines())
    assert list(lines) == [line.partition(":")[0] for line in blank.splitlines()]
    marked = {name: value for name, value in lines.items() if value}
    assert len(marked) == 2
    assert sorted(map(len, marked.values())) == [1, 2]
    (statistics,) = told["Info"]["Details"]["RecognitionStatistics"]
    assert set(statistics) == {"Name", "TaskMessages", "TaskResult", "RunSeconds"}
    assert (statistics["Name"], statistics["TaskResult"]) == ("photo.x.jpg", "Pass")


def test_the_file_that_the_client_has_edited_is_finalized(client: FlaskClient, run: Run, corrected: str) -> None:
    edited = json.loads(MOVED)
    edited["Pages"][0]["Elements"] = edited["Pages"][0]["Elements"][:3]
    edited["Pages"][0]["Elements"].append(
        {"Type": "ClipArea", "Name": "Name/Area", "Left": 100, "Top": 100, "Width": 200, "Height": 60}
    )
    fixed = FORM.template
    document = json.loads(template_to_bytes(fixed))
    document["Pages"][0]["Elements"].append(edited["Pages"][0]["Elements"][-1])
    store(client, "Form.omrcr", json.dumps(document).encode())
    result(run("FinalizeTemplate", "Form.omrcr", corrected))
    store(client, "scan.jpg", filled((2, 1)))
    got = files(result(run("RecognizeImage", "scan.jpg", corrected)))
    assert list(got) == ["scan.dat", "scanName_Area.jpg"]
    assert got["scanName_Area.jpg"].startswith(b"\xff\xd8")
    assert cv2.imdecode(np.frombuffer(got["scanName_Area.jpg"], np.uint8), 1).shape == (60, 200, 3)


def test_templates_last_and_belong_to_a_client(acting: As, app: App) -> None:
    red, blue = acting(RED), acting(BLUE)
    store(red, "blank.png", BLANK)
    address = "/v3.0/omr/{}/runOmrTask?actionName={}"
    body = {"FunctionParam": json.dumps(template_file())}
    told = red.post(address.format("blank.png", "CorrectTemplate"), json=body).get_json()
    body = {"FunctionParam": result(told)["TemplateId"]}
    finalize = address.format("Form.omrcr", "FinalizeTemplate")
    assert blue.post(finalize, json=body).get_json()["ErrorCode"] == 404
    again = create_app(services.of(app).config).test_client()
    again.environ_base["HTTP_AUTHORIZATION"] = red.environ_base["HTTP_AUTHORIZATION"]
    assert again.post(finalize, json=body).get_json()["ErrorCode"] == 0


def test_answers_are_graded(client: FlaskClient, run: Run) -> None:
    store(client, "results/photo.dat", "\ufeffQ1: BA\r\nName:\r\n".encode())
    found = result(run("GradeAnswers", "results/photo.dat", RULES))
    assert found["TemplateId"] is None
    grades = json.loads(files(found)["photo.grade"])
    assert grades["Pages"][0]["TotalPoints"] == 1


@pytest.mark.parametrize(
    ("action", "name", "parameter", "code", "told"),
    [
        ("GenerateTemplate", "form.txt", None, 404, "There is no file 'form.txt'"),
        ("GenerateTemplate", "text.png", None, 422, "line 1, column 1"),
        ("Dance", "blank.png", None, 400, "actionName: expected one of GenerateTemplate"),
        ("", "blank.png", None, 400, "actionName"),
        ("RecognizeImage", "none.jpg", "{id}", 404, "There is no file 'none.jpg' in the storage"),
        ("RecognizeImage", "blank.png", "0f8fad5b-d9cb-469f-a165-70867728950e", 404, "no template with the TemplateId"),
        ("RecognizeImage", "blank.png", "../../x", 404, "no template with the TemplateId"),
        ("RecognizeImage", "blank.png", None, 400, "FunctionParam: expected the TemplateId"),
        ("RecognizeImage", "../x.jpg", "{id}", 400, "cannot be a name here"),
        ("FinalizeTemplate", "Form.omrcr", "x", 404, "no template with the TemplateId"),
        ("CorrectTemplate", "none.png", template_file(), 404, "There is no file 'none.png'"),
        ("CorrectTemplate", "blank.png", None, 400, "FunctionParam: expected JSON"),
        ("CorrectTemplate", "blank.png", {}, 400, "FunctionParam.Files"),
        ("CorrectTemplate", "blank.png", {"Files": []}, 400, "FunctionParam.Files: expected a file"),
        ("CorrectTemplate", "blank.png", {"Files": [{"Name": "x.omr", "Data": "?"}]}, 400, "Files[0].Data"),
        ("CorrectTemplate", "blank.png", template_file(b"{}"), 422, "The template is not valid. $.Pages"),
        ("CorrectTemplate", "text.png", template_file(), 415, "The blank image of page 1"),
        ("CorrectTemplate", "grid.png", template_file(), 400, "shape"),
        ("CorrectTemplate", "white.png", template_file(), 422, "No printed bubble of the template was found"),
        ("GradeAnswers", "text.png", {"Pages": 3}, 400, "FunctionParam.Pages: expected a list"),
        ("GradeAnswers", "text.png", RULES, 400, "The answers do not fit the rules"),
        ("GradeAnswers", "blank.png", RULES, 400, "text in UTF-8"),
    ],
)
def test_what_is_wrong_is_told(
    client: FlaskClient, run: Run, corrected: str, action: str, name: str, parameter: Any, code: int, told: str
) -> None:
    store(client, "text.png", b"hello")
    store(client, "grid.png", encoded(grid()))
    store(client, "white.png", encoded(np.full((*FORM.tones.shape, 3), 255, np.uint8)))
    answer = run(action, name, corrected if parameter == "{id}" else parameter)
    assert (answer["ErrorCode"], answer["Payload"]) == (code, None), answer
    assert told in answer["ErrorText"]


@pytest.mark.parametrize(
    ("data", "told"), [(BLANK[: len(BLANK) // 2], "cut off"), (b"hello", "image"), (encoded(grid(1240, 1754)), "")]
)
def test_a_scan_that_fails_says_why(client: FlaskClient, run: Run, corrected: str, data: bytes, told: str) -> None:
    store(client, "bad.png", data)
    answer = run("RecognizeImage", "bad.png", corrected)
    found = answer["Payload"]["Result"]
    assert (answer["ErrorCode"], found["ResponseFiles"]) == (422, [])
    assert (found["Info"]["ProcessedTasksCount"], found["Info"]["SuccessfulTasksCount"]) == (1, 0)
    (statistics,) = found["Info"]["Details"]["RecognitionStatistics"]
    assert statistics["TaskResult"] == "Fail"
    assert statistics["TaskMessages"][0] == answer["ErrorText"]
    assert told in answer["ErrorText"]


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b'{"functionParam": null, "additionalParam": ""}', "camel"),
        (b'\xef\xbb\xbf {\n  "additionalParam": null}', "camel"),
        (b'{"FunctionParam": null}', "Pascal"),
        (b"{}", "Pascal"),
        (b"", "Pascal"),
        (b"{", "Pascal"),
        (b'{"functionParam": {}}', "camel"),
        (b"[1]", "Pascal"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain"])
def test_the_answer_has_the_case_of_the_request(client: FlaskClient, body: bytes, keys: str, content_type: str) -> None:
    address = "/v1.1/omr/none.jpg/runOmrTask?actionName=RecognizeImage"
    answer = client.post(address, data=body, content_type=content_type)
    assert answer.status_code == 200
    expected = {"errorCode", "errorText", "payload", "serverStat"} if keys == "camel" else REQUIRED
    assert answer.get_json().keys() == expected


def test_all_keys_are_in_camel_case(client: FlaskClient, corrected: str) -> None:
    store(client, "scan.jpg", filled((2, 1)))
    body = {"functionParam": corrected, "additionalParam": ""}
    answer = client.post("/v3.0/omr/scan.jpg/runOmrTask?actionName=RecognizeImage", json=body)

    def keys(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(key for inner in value.values() for key in keys(inner))]
        return [key for inner in value for key in keys(inner)] if isinstance(value, list) else []

    told = keys(answer.get_json())
    assert {"responseFiles", "recognitionStatistics", "taskMessages", "runSeconds"} <= set(told)
    assert all(key[0].islower() for key in told)
