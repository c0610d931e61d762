"""Version 5.0 of the OMR cloud protocol: the requests as its SDKs send them, and the answers that they understand."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from omrclip.config import Config
from omrclip.schemas.template import load_template
from omrclip.storage import cloud_tasks
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.app import App, create_app
from omrclip.web.cloud import worker
from tests.omr import traits
from tests.omr.sheet import png
from tests.patience import PATIENCE
from tests.web.auth.conftest import BLUE, PASSWORD, RED, As
from tests.web.making import base64_of, bytes_of, encoded, grid, omr, template, tiff_of

BASE = "/v5.0/omr"
JSON = {"Accept": "application/json", "Content-Type": "application/json"}
CSV_OF_THE_FORM = "".join(
    ["Element Name,Value,\r\n", 'Code,"XZ"\r\n', 'Id,"4071"\r\n']
    + [f'Q{n},"{traits.READ[f"Q{n}"]}"\r\n' for n in range(1, 13)]
)


@pytest.fixture(scope="module")
def open_config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings of a server without users and clients."""
    return config_in(tmp_path_factory.mktemp("cloud"))


def config_in(folder: Path) -> Config:
    return Config(**{name: str(folder / name) for name in ("templates", "images", "results")})


@pytest.fixture(scope="module")
def client(open_config: Config) -> FlaskClient:
    """A client of one server for all tests of this file, because their tasks do not touch each other."""
    return create_app(open_config).test_client()


def body(**changes: Any) -> dict[str, Any]:
    """A task as the Python SDK sends it, with members changed; those that are None are left out."""
    plain = {
        "images": [base64_of(traits.scan())],
        "omrFile": base64_of(omr(traits.plain())),
        "outputFormat": "Csv",
        **changes,
    }
    return {key: value for key, value in plain.items() if value is not None}


def post(client: FlaskClient, sent: dict[str, Any], verb: str = "Recognize") -> TestResponse:
    return client.post(f"{BASE}/{verb}Template/Post{verb}Template", data=json.dumps(sent), headers=JSON)


def get(client: FlaskClient, identifier: str, verb: str = "Recognize") -> dict[str, Any]:
    answer = client.get(f"{BASE}/{verb}Template/Get{verb}Template", query_string={"id": identifier}, headers=JSON)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, Any] = answer.get_json()
    assert list(told) == ["id", "responseStatusCode", "results", "error"]
    return told


def result(client: FlaskClient, sent: dict[str, Any]) -> dict[str, Any]:
    """Send a task and wait until it is done."""
    answer = post(client, sent)
    assert answer.status_code == 200, answer.text
    return waited(client, answer.get_json())


def waited(client: FlaskClient, identifier: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (told := get(client, identifier))["responseStatusCode"] == "NotReady":
        assert (told["results"], told["error"]) == (None, None)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert told["id"] == identifier
    return told


@pytest.mark.parametrize(
    "spelled",
    [
        {},
        {"outputFormat": None, "OutputFormat": "CSV"},
        {
            "images": None,
            "Images": [base64_of(traits.scan())],
            "omrFile": None,
            "OmrFile": base64_of(omr(traits.plain())),
        },
        {"outputFormat": None, "unknown": 1},
        {"recognitionThreshold": None, "RecognitionThreshold": 30},
        {"images": [base64_of(traits.scan()), "this one is ignored"]},
    ],
)
def test_a_scan_is_recognized(client: FlaskClient, spelled: dict[str, Any]) -> None:
    told = result(client, body(**spelled))
    assert (told["responseStatusCode"], told["error"]) == ("Ok", None)
    (only,) = told["results"]
    assert list(only) == ["type", "data"]
    assert only["type"] == "Csv"
    assert bytes_of(only["data"]).decode() == CSV_OF_THE_FORM


@pytest.mark.parametrize(("asked", "told"), [("json", "Json"), ("XML", "Xml")])
def test_json_and_xml(client: FlaskClient, asked: str, told: str) -> None:
    (only,) = result(client, body(outputFormat=asked))["results"]
    assert only["type"] == told
    assert '"Q1"' in bytes_of(only["data"]).decode() or "<Name>Q1</Name>" in bytes_of(only["data"]).decode()


def test_elements_of_newer_files(client: FlaskClient) -> None:
    document = traits.plain()
    for change in (traits.check_boxes, traits.triggers, traits.composite, traits.score_group):
        change(document)
    (only,) = result(client, body(omrFile=base64_of(omr(document))))["results"]
    lines = bytes_of(only["data"]).decode().splitlines()
    assert lines[0] == "Element Name,Value,"
    assert {'Id,"4071"', 'Q1,"no"', 'Q6,"skipped"', 'Part 1,"Q8,Q9"', 'Part 1_total,"8"'} <= set(lines)
    assert lines[-1].startswith("Visit_total,")
    assert not any(line.startswith("skip,") for line in lines)


def test_a_threshold_of_the_request_is_obeyed(client: FlaskClient) -> None:
    tones = traits.filled().copy()
    question = traits.named(traits.plain(), "Q1")
    (marked,) = (bubble for bubble in question["Bubbles"] if bubble["Value"] == "B")
    left, top = int(marked["Left"]), int(marked["Top"])
    tones[top : top + int(0.6 * question["BubbleHeight"]), left : left + int(question["BubbleWidth"])] = 255
    for threshold, value in ((20, "B"), (90, "")):
        (only,) = result(client, body(images=[base64_of(png(tones))], recognitionThreshold=threshold))["results"]
        assert f'Q1,"{value}"\r\nQ2,"E"' in bytes_of(only["data"]).decode(), threshold


def test_clips_follow_the_answers_by_a_setting(open_config: Config) -> None:
    client = create_app(replace(open_config, cloud_clips=True)).test_client()
    answers, clip = result(client, body())["results"]
    assert (answers["type"], clip["type"]) == ("Csv", "Jpg")
    assert bytes_of(clip["data"])[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize("clips", [False, True])
def test_a_template_with_nothing_but_clip_areas(open_config: Config, clips: bool) -> None:
    client = create_app(replace(open_config, cloud_clips=clips)).test_client()
    told = result(client, body(omrFile=base64_of(omr(template())), images=[base64_of(encoded(grid()))]))
    if clips:
        assert told["responseStatusCode"] == "Ok"
        assert [one["type"] for one in told["results"]] == ["Csv", "Jpg", "Jpg"]
    else:
        assert (told["responseStatusCode"], told["results"]) == ("NoAnyResultData", [])
        assert "OMRCLIP_CLOUD_CLIPS" in told["error"]["messages"][0]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"images": [""]}, "The image is empty"),
        ({"images": [base64_of(b"not an image")]}, "image"),
        ({"images": [base64_of(traits.scan()[:3000])]}, "cut off"),
        ({"images": [base64_of(encoded(grid(600, 800)))]}, "page"),
        ({"images": [base64_of(tiff_of(grid(), grid()))]}, "The file has 2 pages. Send each page as an image"),
        ({"omrFile": base64_of(b"Title=Form")}, "JSON"),
        ({"omrFile": base64_of(omr({"Pages": []}))}, "$.Pages"),
    ],
)
def test_what_is_wrong_with_a_form_or_scan_is_an_error_of_the_task(
    client: FlaskClient, changes: dict[str, Any], named: str
) -> None:
    told = result(client, body(**changes))
    assert (told["responseStatusCode"], told["results"]) == ("Error", None)
    assert named in told["error"]["messages"][0], told
    assert told["error"]["warnings"] == []


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        (body(images=None), "$.images"),
        (body(images=[]), "$.images"),
        (body(images="x"), "$.images"),
        (body(images=[5]), "$.images"),
        (body(images=["!"]), "$.images"),
        (body(omrFile=None), "$.omrFile"),
        (body(omrFile=""), "$.omrFile"),
        (body(omrFile="!"), "$.omrFile"),
        (body(outputFormat="Png"), "$.outputFormat: expected one of Csv, Json, Xml, not"),
        (body(outputFormat=3), "$.outputFormat"),
        (body(recognitionThreshold=101), "$.recognitionThreshold: expected a whole number from 0 to 100, not 101"),
        (body(recognitionThreshold=-1), "$.recognitionThreshold"),
        (body(recognitionThreshold="much"), "$.recognitionThreshold"),
        (body(OmrFile="eA=="), "$.omrFile: expected one key of this name"),
        ([], "$"),
    ],
)
def test_a_malformed_request_is_refused_when_it_is_sent(client: FlaskClient, sent: Any, named: str) -> None:
    answer = post(client, sent)
    assert answer.status_code == 400
    error = answer.get_json()["error"]
    assert error["code"] == "invalid_request"
    assert named in error["message"]


def test_a_body_that_is_no_json(client: FlaskClient) -> None:
    path = f"{BASE}/RecognizeTemplate/PostRecognizeTemplate"
    assert client.post(path, data=b"{", headers=JSON).status_code == 400
    assert client.post(path, data=b"", headers=JSON).status_code == 400
    assert client.post(path, data={"images": "x"}).status_code == 415


@pytest.mark.parametrize(
    ("accept", "quoted"),
    [
        ("application/json", True),
        ("text/plain", False),
        ("text/plain;q=0.9", False),
        ("text/plain, application/json", True),
        ("*/*", True),
        ("", True),
        (None, True),
    ],
)
def test_the_identifier_is_quoted_unless_only_text_is_accepted(
    client: FlaskClient, accept: str | None, quoted: bool
) -> None:
    headers = {**({} if accept is None else {"Accept": accept}), "Content-Type": "application/json"}
    sent = json.dumps(body(images=[""]))
    answer = client.post(f"{BASE}/RecognizeTemplate/PostRecognizeTemplate", data=sent, headers=headers)
    assert answer.mimetype == ("application/json" if quoted else "text/plain")
    identifier = json.loads(answer.text) if quoted else answer.text
    assert len(identifier) == 36
    assert waited(client, identifier)["responseStatusCode"] == "Error"
    assert get(client, identifier.upper())["responseStatusCode"] == "Error"


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Keep servers from working on tasks, until the function is called."""

    def let_work() -> None:
        monkeypatch.undo()

    monkeypatch.setattr(worker.CloudWorker, "wake", lambda _: None)
    return let_work


PATHS = [
    *(
        (method, f"{lead}{{0}}Template/{operation}{{0}}Template")
        for lead in ("/", "//")
        for method, operation in (("POST", "Post"), ("GET", "Get"), ("DELETE", "Cancel"))
    ),
    *(("DELETE", f"{lead}{{0}}Template") for lead in ("/", "//", "/./v5/", "/v5/", "//./v5/", "//v5/")),
    *(("POST", f"{lead}{{0}}Template") for lead in ("/v5/", "/./v5/", "//v5/")),
    ("POST", "/v5/{0}Template/Post{0}Template"),
    ("GET", "/{0}Template/Get{0}Template/"),
]


@pytest.mark.usefixtures("asleep")
@pytest.mark.parametrize("verb", ["Recognize", "Generate"])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_variant_of_a_path(client: FlaskClient, verb: str, method: str, path: str) -> None:
    address = f"{BASE}{path.format(verb)}"
    if method == "POST":
        sent = body(images=[""]) if verb == "Recognize" else {"markupFile": "eA==", "settings": {}, "images": {}}
        answer = client.post(address, data=json.dumps(sent), headers=JSON)
        assert (answer.status_code, len(answer.get_json())) == (200, 36)
    else:
        answer = client.open(address, method=method, query_string={"id": "x"}, data=b"{}", headers=JSON)
        assert answer.status_code == 200
        assert (answer.data == b"") is (method == "DELETE")


@pytest.mark.parametrize("verb", ["Recognize", "Generate"])
def test_the_methods_of_a_described_path_are_those_of_its_description(client: FlaskClient, verb: str) -> None:
    for operation, allowed in (("", "DELETE"), (f"/Post{verb}Template", "POST"), (f"/Get{verb}Template", "GET")):
        path = f"{BASE}/{verb}Template{operation}"
        assert client.put(path).status_code == 405
        assert set(client.options(path).headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == {allowed}


@pytest.mark.parametrize("verb", ["Recognize", "Generate"])
def test_an_identifier_is_needed(client: FlaskClient, verb: str) -> None:
    for method, path in (("GET", f"{verb}Template/Get{verb}Template"), ("DELETE", f"{verb}Template")):
        answer = client.open(f"{BASE}/{path}", method=method)
        assert answer.status_code == 400
        assert "id: expected the identifier of a task" in answer.get_json()["error"]["message"]


def test_an_unknown_and_a_cancelled_task(client: FlaskClient) -> None:
    identifier = post(client, body()).get_json()
    answer = client.delete(f"{BASE}/RecognizeTemplate", query_string={"id": identifier}, data=b"{}", headers=JSON)
    assert (answer.status_code, answer.data) == (200, b"")
    for asked in (identifier, "7ec6c0a1-0000-4000-8000-000000000000", "x' OR 1=1", "ä"):
        told = get(client, asked)
        assert (told["id"], told["responseStatusCode"], told["results"]) == (asked, "TaskNotFound", None)
        assert "There is no such task" in told["error"]["messages"][0]


def test_a_result_that_has_expired(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = result(client, body())["id"]
    monkeypatch.setattr(cloud_tasks, "KEPT_SECONDS", 0)
    told = get(client, identifier)
    assert (told["responseStatusCode"], told["results"]) == ("ResultDataLost", None)
    assert "24 hours" in told["error"]["messages"][0]


def test_tasks_of_other_clients_are_unknown(app: App, acting: As, accounts: Accounts) -> None:
    """Those of another workspace, and those of another client of the same one."""
    pink = Account(Kind.CLIENT, "pink", frozenset(Scope), "red")
    accounts.add(pink, PASSWORD)
    red = acting(RED)
    identifier = result(red, body())["id"]
    unknown = get(red, "00000000-0000-4000-8000-000000000000")
    for other in (acting(BLUE), acting(pink)):
        told = get(other, identifier)
        assert {**told, "id": ""} == {**unknown, "id": ""}
        answer = other.delete(f"{BASE}/RecognizeTemplate", query_string={"id": identifier})
        assert (answer.status_code, answer.data) == (200, b"")
    assert get(red, identifier)["responseStatusCode"] == "Ok"
    del app


@pytest.mark.parametrize("header", [None, "Bearer x", "bearer omr_forged"])
def test_without_a_valid_token_nothing_is_answered(app: App, header: str | None) -> None:
    client = app.test_client()
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("POST", "PostRecognizeTemplate"), ("GET", "GetRecognizeTemplate?id=x")):
        assert client.open(f"{BASE}/RecognizeTemplate/{path}", method=method, headers=headers).status_code == 401


def test_forms_are_generated(client: FlaskClient) -> None:
    recorded = {
        "markupFile": base64_of(b"?text=Form\n?answer_sheet=Q\n\telements_count=4"),
        "settings": {"fontFamily": "Segoe UI", "fontStyle": "Regular", "fontSize": 12, "paperSize": "A4"},
        "images": {},
        "outputFormat": "Png",
    }
    identifier = post(client, recorded, "Generate").get_json()
    told = get(client, identifier, "Generate")
    assert (told["responseStatusCode"], told["error"]) == ("Ok", None)
    assert [result["type"] for result in told["results"]] == ["Png", "Omr"]
    page, form = (bytes_of(result["data"]) for result in told["results"])
    assert load_template(form).pages[0].image_bytes() == page, "a task has no other file for the blank page"
    bad = get(
        client, post(client, {**recorded, "markupFile": base64_of(b"?gird=a")}, "Generate").get_json(), "Generate"
    )
    assert bad["responseStatusCode"] == "Error"
    assert bad["error"]["messages"] == ['line 1, column 2: "gird" is no element. Write grid.']
    assert get(client, identifier)["responseStatusCode"] == "TaskNotFound"
    client.delete(f"{BASE}/GenerateTemplate", query_string={"id": identifier})
    assert get(client, identifier, "Generate")["responseStatusCode"] == "TaskNotFound"
    for wrong in ({}, {**recorded, "settings": 5}, {**recorded, "outputFormat": "Csv"}):
        assert post(client, wrong, "Generate").status_code == 400
    answer = post(client, {**recorded, "settings": {"paperSize": "B9"}}, "Generate")
    assert "$.settings.paperSize: expected one of A4" in answer.get_json()["error"]["message"]


def test_a_full_store_refuses_tasks(open_config: Config) -> None:
    client = create_app(replace(open_config, cloud_bytes=1000)).test_client()
    answer = post(client, body())
    assert answer.status_code == 507
    assert answer.get_json()["error"]["details"]["limit"] == "cloud_bytes"


def test_a_full_queue_refuses_tasks(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_tasks, "MOST_WAITING", 0)
    answer = post(client, body())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"


def test_tasks_survive_a_restart(open_config: Config, asleep: Callable[[], None]) -> None:
    waiting = post(create_app(open_config).test_client(), body()).get_json()
    asleep()
    done = result(create_app(open_config).test_client(), body())["id"]
    client = create_app(open_config).test_client()
    for identifier in (waiting, done):
        assert waited(client, identifier)["responseStatusCode"] == "Ok"


def test_a_task_that_ends_the_server_again_and_again_ends_with_an_error(
    tmp_path: Path, asleep: Callable[[], None]
) -> None:
    config = config_in(tmp_path)  # in which no other task waits
    client = create_app(config).test_client()
    deadly, good = (post(client, body()).get_json() for _ in range(2))
    tasks = cloud_tasks.CloudTasks(config)
    for _ in range(cloud_tasks.MOST_ATTEMPTS):
        tasks.begin_next(0)  # and the process is killed
    asleep()
    told = waited(client, deadly)
    assert told["responseStatusCode"] == "Error"
    assert "The server ended 3 times" in told["error"]["messages"][0]
    assert waited(client, good)["responseStatusCode"] == "Ok"
