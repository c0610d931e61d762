"""What belongs to somebody else is answered like what is not there, on every route, and by the same steps.

The requests are made from the routes themselves. A new route that names something stored needs an entry in `NAMED` or
`ASKED`, and any other one in `OF_NOBODY`.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import omrclip
from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web import services
from omrclip.web.app import App
from tests.web.api.test_segments import canvas, manifest
from tests.web.auth.conftest import ANN, BLUE, PASSWORD, RED, As
from tests.web.making import asked, base64_of, choice_box, clip_area, encoded, grid, omr, template

PACKAGE: Final = str(Path(omrclip.__file__).parent)
BOB = Account(Kind.USER, "bob", frozenset(Scope), "bob")
SCAN, OTHER_SCAN = encoded(grid()), encoded(grid(salt=20))
FORM = omr(template(choice_box("Q1"), clip_area("Name")))
TEMPLATE_FILE: Final = json.dumps({"Files": [{"Name": "x.omr", "Size": 1, "Data": base64_of(FORM)}]})
AREA: Final = {"Name": "Name", "Left": 10, "Top": 10, "Width": 20, "Height": 20}
NOBODY: Final = {
    "batch": "0" * 24,
    "recognition": "1" * 24,
    "receipt": "20260101T000000.000000-00000000",
    "task": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "corrected": "0f8fad5b-d9cb-469f-a165-70867728950f",
    "image": "abs.png",
    "template": "abs",
    "file": "abs.jpg",
    "folder": "abt",
}
"""Names of things that nobody has. They are as long as those of the owner's things."""
NAMED: Final = {
    "/api/batches/": "batch",
    "/api/recognitions/": "recognition",
    "/api/receipts/": "receipt",
    "/api/images/": "image",
    "/api/templates/": "template",
}
"""The beginnings of paths after which a place names something, and what it is."""
OF_NOBODY: Final = {
    "all_batches.list_all_batches": "a list for administrators",
    "batches.list_batches": "the own list",
    "cloud_files.get_disc": "the own size",
    "cloud_files.get_storage": "all names stand for one storage",
    "cloud_token.post_token": "without a log-in",
    "cloud_v5.post_generation": "a new task",
    "cloud_v5.post_recognition": "a new task",
    "detection.post_blank_pages": "of the request alone",
    "docs.describe": "the same for all",
    "health.health": "without a log-in",
    "health.metrics": "numbers for administrators",
    "images.list_images": "the own list",
    "login.get_page": "without a log-in",
    "login.get_session": "the own account",
    "login.post_form": "without a log-in",
    "login.post_logout": "the own session",
    "login.post_token": "without a log-in",
    "login.static": "the same for all",
    "oidc.get_return": "without a log-in",
    "oidc.get_start": "without a log-in",
    "receipts.list_receipts": "the own list",
    "sample.post_sample": "a new batch",
    "swagger_ui.show": "the same for all",
    "template_pages.post_validation": "of the request alone",
    "templates.list_templates": "the own list",
    "templates.omr_schema": "the same for all",
    "ui.page": "the same for all",
    "ui.static": "the same for all",
    "viewers.get_access": "the own session",
    "viewers.get_logout": "the same for all",
    "viewers.get_token": "the own session",
}
CREATING: Final = {
    "images.put_image",
    "templates.put_template",
    "template_pages.post_template",
    "cloud_files.put_file",
    "cloud_files.put_folder",
}
"""Routes that store something new under a name that is free in the own workspace."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, in whose texts `{batch}` and so on stand for names. `endpoint` tells which row made it."""

    endpoint: str
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: FlaskClient, names: dict[str, str]) -> TestResponse:
        """Send it with these names in its places."""
        is_raw = isinstance(self.body, bytes)
        asked = json.dumps([self.path, self.query, None if is_raw else self.body])
        path, query, body = json.loads(_filled(asked, names))
        sent = {"data": self.body, "content_type": "image/png"} if is_raw else {} if body is None else {"json": body}
        return client.open(path, method=self.method, query_string=query, headers=self.headers, buffered=True, **sent)


def _filled(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda place: names.get(place[1], place[0]), text)


ANY: Final = {"If-Match": "*"}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "batches.patch_batch": {"body": {"Name": "mine"}},
    "batches.post_sheets": {"body": {}, "query": {"name": "b.png"}},
    "batch_corrections.post_corrections": {"body": {"Corrections": [{"Sheet": "a.png", "Name": "Q1", "Value": "B"}]}},
    "corrections.put_corrections": {"body": {"Corrections": []}, "headers": ANY},
    "templates.put_template": {"body": json.loads(FORM)},
    "templates.post_clip_area": {"body": AREA},
    "templates.put_clip_area": {"body": AREA, "headers": ANY},
    "template_correction.post_correction": {"body": {}},
    "template_correction.post_finalization": {"body": {}},
}
"""What routes take beside the name."""
ASKED: Final[dict[str, list[dict[str, Any]]]] = {
    "iiif.iiif2": [{"path": "/iiif/2/{image}/info.json"}, {"path": "/iiif/2/{recognition}.1/full/max/0/default.jpg"}],
    "iiif.iiif3": [
        {"path": f"/iiif/3/{part}"}
        for part in (
            "{image}/full/max/0/default.jpg",
            "{template}.omr.1/info.json",
            "{recognition}.1/info.json",
            "{recognition}.1.1/full/max/0/default.jpg",
            "{recognition}.1.scan/full/max/0/default.jpg",
        )
    ],
    "viewers.get_probe": [
        {"path": f"/iiif/auth/probe/{part}"} for part in ("{image}", "{recognition}.1", "{template}.omr.1")
    ],
    "login.post_link": [
        {"path": "/api/links", "body": {"Target": target}} for target in ("{image}", "{recognition}", "{batch}")
    ],
    "batches.post_batch": [{"path": "/api/batches", "body": {"Name": "June", "Template": "{template}"}}],
    "recognitions.post_recognition": [{"path": "/api/recognitions", "body": asked(Template="{template}")}],
    "segments.post_segments": [
        {
            "path": "/api/segments",
            "body": {"Manifest": manifest(canvas(f"http://localhost/iiif/3/{name}/full/max/0/default.jpg", "0,0,9,9"))},
        }
        for name in ("{image}", "{recognition}.1")
    ],
    "template_pages.post_template": [{"path": "/api/templates", "query": {"name": "{template}"}, "body": OTHER_SCAN}],
    "images.put_image": [{"path": "/api/images/{image}", "body": OTHER_SCAN}],
    "template_pages.put_page_image": [{"path": "/api/templates/{template}/image", "body": OTHER_SCAN}],
    "cloud_tasks.post_task": [
        {"path": path, "query": {"actionName": action}, "body": {"FunctionParam": parameter}}
        for path, action, parameter in (
            ("{rule}", "RecognizeImage", "{corrected}"),
            ("/v3.0/omr/mine.jpg/runOmrTask", "RecognizeImage", "{corrected}"),
            ("{rule}", "FinalizeTemplate", "{corrected}"),
            ("{rule}", "CorrectTemplate", TEMPLATE_FILE),
            ("{rule}", "GradeAnswers", '{"Pages": []}'),
        )
    ],
    "cloud_files.put_file": [{"path": "{rule}", "query": {"path": "{file}"}, "body": OTHER_SCAN}],
    "cloud_files.get_file": [{"path": "{rule}", "query": {"path": "{file}"}}],
    "cloud_files.delete_file": [{"path": "{rule}", "query": {"path": "{file}"}}],
    "cloud_files.get_exist": [{"path": "{rule}", "query": {"path": "{file}"}}],
    "cloud_files.copy": [{"path": "{rule}", "query": {"destPath": "new.jpg"}}],
    "cloud_files.move": [{"path": "{rule}", "query": {"destPath": "new.jpg"}}],
    "cloud_files.put_folder": [{"path": "{rule}", "query": {"path": "{folder}"}}],
    "cloud_files.get_folder": [{"path": "{rule}", "query": {"path": "{folder}"}}],
    "cloud_files.delete_folder": [{"path": "{rule}", "query": {"path": "{folder}", "recursive": "true"}}],
    "cloud_v5.get_recognition": [{"path": "{rule}", "query": {"id": "{task}"}}],
    "cloud_v5.delete_recognition": [{"path": "{rule}", "query": {"id": "{task}"}}],
    "cloud_v5.get_generation": [{"path": "{rule}", "query": {"id": "{task}"}}],
    "cloud_v5.delete_generation": [{"path": "{rule}", "query": {"id": "{task}"}}],
}
"""Routes that name something in another way."""
PLACES: Final = {"number": "1", "element": "Name", "sheet": "a.png"}


def requests(app: App) -> Iterator[Asked]:
    """The requests for something of a name, from all routes. Fails for a route that no table knows."""
    for rule in app.url_map.iter_rules():
        endpoint = str(rule.endpoint)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if endpoint in ASKED:
                thing = "folder" if "/folder" in rule.rule else "file"
                path = re.sub(r"<(?:\w+:)?path>", f"{{{thing}}}", rule.rule)
                for one in ASKED[endpoint]:
                    yield Asked(endpoint, method, **{**one, "path": one["path"].replace("{rule}", path)})
            elif endpoint not in OF_NOBODY:
                start = next((start for start in NAMED if rule.rule.startswith(f"{start}<")), None)
                assert start is not None, f"test_forbidden.py has no entry for {endpoint}"
                path = re.sub(r"^<[^>]+>", f"{{{NAMED[start]}}}", rule.rule.removeprefix(start))
                path = re.sub(r"<(?:\w+:)?(\w+)>", lambda place: PLACES.get(place[1], f"{{{place[1]}}}"), path)
                by_default = {"body": {}} if method in {"POST", "PUT", "PATCH"} else {}
                yield Asked(endpoint, method, start + path, **BODIES.get(endpoint, by_default))


@pytest.fixture
def accounts(accounts: Accounts) -> Accounts:
    accounts.add(BOB, PASSWORD)
    return accounts


def stored(client: FlaskClient, app: App, config: Config, workspace: str) -> dict[str, str]:
    """Store one thing of each kind in a workspace. Returns their names."""

    def done(answer: TestResponse) -> Any:
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.get_json() if answer.is_json else None

    done(client.put("/api/templates/own", data=FORM))
    done(client.put("/api/templates/own/image", data=SCAN, content_type="image/png"))
    done(client.put("/api/images/own.png", data=SCAN))
    recognition = done(client.post("/api/recognitions?keep", json=asked(Template=json.loads(FORM))))
    deleted = done(client.post("/api/recognitions?keep", json=asked()))["Identifier"]
    done(client.delete(f"/api/recognitions/{deleted}"))
    batch = done(client.post("/api/batches", json={"Name": "June", "Template": "own"}))["Identifier"]
    done(client.post(f"/api/batches/{batch}/sheets?name=a.png", data=SCAN, content_type="image/png"))
    runner = Runner(replace(config, workers=1))
    runner.look()
    runner.close()
    done(client.put("/v3.0/omr/storage/file/own.jpg", data=SCAN))
    done(client.put("/v3.0/omr/storage/file/owt/x.jpg", data=SCAN))
    corrected = "0f8fad5b-d9cb-469f-a165-70867728950a"
    services.of(app, workspace).client_files.add_template(corrected, FORM, SCAN)
    task = {"images": [base64_of(SCAN)], "omrFile": base64_of(FORM), "outputFormat": "Csv"}
    return {
        "batch": batch,
        "recognition": recognition["Identifier"],
        "receipt": done(client.get("/api/receipts"))["Receipts"][0]["Identifier"],
        "task": done(client.post("/v5.0/omr/RecognizeTemplate/PostRecognizeTemplate", json=task)),
        "corrected": corrected,
        "image": "own.png",
        "template": "own",
        "file": "own.jpg",
        "folder": "owt",
        "name": recognition["ResponseFiles"][0]["Name"],
    }


def told(answer: TestResponse, names: dict[str, str]) -> tuple[Any, ...]:
    """An answer without the names in the request, and without what differs between any two requests."""
    is_archive = answer.data.startswith(b"PK")  # it has the time at which it was made
    text = "" if is_archive else answer.data.decode("latin-1")
    text = re.sub(r'"request_id":\s*"[^"]*"|"(StorageDownload|OmrFunctionCall)Time":\s*"[^"]*"', "", text)
    for key, name in names.items():
        text = text.replace(name, key)
    varying = {"X-Request-Id", "Content-Length", "Date"} | ({"ETag"} if answer.status_code == 201 else set())
    headers = {name: value for name, value in answer.headers.items() if name not in varying}
    for key, name in names.items():
        headers = {each: value.replace(name, key) for each, value in headers.items()}
    return answer.status_code, text, headers


def test_every_route_is_in_a_table(app: App) -> None:
    endpoints = {str(rule.endpoint) for rule in app.url_map.iter_rules()}
    found = {one.endpoint for one in requests(app)}
    assert found.isdisjoint(OF_NOBODY)
    assert found | OF_NOBODY.keys() == endpoints
    assert len(list(requests(app))) > 100


def test_a_new_route_needs_an_entry(app: App) -> None:
    app.url_map._remap = True
    app.add_url_rule("/api/new/<identifier>", "new.get_new", lambda identifier: identifier)
    with pytest.raises(AssertionError, match=r"no entry for new\.get_new"):
        list(requests(app))


@pytest.mark.parametrize("owner", [RED, ANN], ids=["of a client", "of a user"])
def test_what_is_of_others_is_answered_like_what_is_not_there(
    app: App, acting: As, config: Config, owner: Account
) -> None:
    mine = acting(owner)
    names = stored(mine, app, config, owner.workspace)
    nobody = {**NOBODY, "name": names["name"]}
    reading = [one for one in requests(app) if one.method == "GET" and one.endpoint not in {"batch_events.get_events"}]
    reading = [one for one in reading if "v5" not in one.endpoint]
    before = [told(one.send(mine, names), {}) for one in reading]
    assert sum(status == 200 for status, *_ in before) > 30, "the owner sees them"
    for account in (BLUE, BOB):
        other = acting(account)
        assert other.put("/v3.0/omr/storage/file/mine.jpg", data=SCAN).status_code == 200
        for one in requests(app):
            theirs, absent = one.send(other, names), one.send(other, nobody)
            assert told(theirs, names) == told(absent, nobody), (one.method, one.path)
            allowed = {200, 201} if one.endpoint in CREATING or "cloud" in one.endpoint else set()
            if one.endpoint == "viewers.get_probe":
                assert theirs.get_json()["status"] == 404
            else:
                assert theirs.status_code in {400, 404, 422} | allowed, (one.method, one.path, theirs.status)
            remove_what_was_made(other, one, names, nobody)
    assert [told(one.send(mine, names), {}) for one in reading] == before, "nothing has changed"
    task = mine.get("/v5.0/omr/RecognizeTemplate/GetRecognizeTemplate", query_string={"id": names["task"]}).get_json()
    assert task["responseStatusCode"] in {"Ok", "NotReady", "Error"}, "nobody has cancelled it"


def remove_what_was_made(client: FlaskClient, one: Asked, *all_names: dict[str, str]) -> None:
    """Free the names again, so that the next request finds nothing under them."""
    if one.endpoint in CREATING:
        for names in all_names:
            client.delete(f"/api/images/{names['image']}")
            client.delete(f"/api/templates/{names['template']}/image")
            client.delete(f"/api/templates/{names['template']}")
            client.delete(f"/v3.0/omr/storage/file/{names['file']}")
            client.delete(f"/v3.0/omr/storage/folder/{names['folder']}?recursive=true")


def test_no_step_tells_others_apart_from_nothing(app: App, acting: As, config: Config) -> None:
    """The same functions of omrclip are called in the same order, so no time that an answer takes tells either."""
    names = stored(acting(RED), app, config, RED.workspace)
    nobody = {**NOBODY, "name": names["name"]}
    blue = acting(BLUE)
    for one in requests(app):
        if one.endpoint in CREATING | {"batch_events.get_events"}:
            continue
        for warm in (nobody, names):
            one.send(blue, warm)
        theirs, absent = (steps(one, blue, given) for given in (names, nobody))
        assert theirs == absent, (one.method, one.path)
        assert len(absent) > 10


def steps(one: Asked, client: FlaskClient, names: dict[str, str]) -> list[tuple[str, str]]:
    """The functions of omrclip that a request calls in this thread: file and name."""
    called: list[tuple[str, str]] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            called.append((frame.f_code.co_filename, frame.f_code.co_name))

    sys.setprofile(note)
    try:
        one.send(client, names)
    finally:
        sys.setprofile(None)
    return called
