"""Version 5.0 with the real Python package, and a real server that is killed."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.omr import traits
from tests.patience import PATIENCE, until
from tests.servers import PROC, Server, children_of, new_session, running
from tests.web.cloud.rehearsed import MARKUP, filled
from tests.web.cloud.sdks import run, sdk
from tests.web.cloud.test_v5 import CSV_OF_THE_FORM, body
from tests.web.making import base64_of, bytes_of, omr

PACKAGE = "aspose-omr-cloud==23.1.0"
SECRET = "correct horse battery"
OFFICE, OTHER = (Account(Kind.CLIENT, name, frozenset(Scope), name) for name in ("office", "other"))
TEMPLATE = base64_of(omr(traits.plain()))
SCAN = base64_of(traits.scan())


@dataclass(frozen=True, slots=True)
class Sdk:
    """The package, and the server that its programs talk to."""

    folder: Path
    url: str

    def run(self, *steps: list[Any], **changes: Any) -> list[dict[str, Any]]:
        """Run a program with these steps in a process of its own: see `client_v5`."""
        settings = {"base": self.url, "id": OFFICE.name, "secret": SECRET, **changes}
        told: list[dict[str, Any]] = run(self.folder, "client_v5.py", steps=steps, **settings)["told"]
        return told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    accounts = Accounts(home / "accounts.sqlite")
    for account in (OFFICE, OTHER):
        accounts.add(account, SECRET)
    accounts.close()
    with running(home=home) as server:
        yield server


@pytest.fixture(scope="module")
def package(request: pytest.FixtureRequest) -> Path:
    """The first fixture of each test, so that no server is started where the package cannot be had."""
    return sdk(request.config.cache, PACKAGE)


@pytest.fixture(scope="module")
def client(package: Path, server: Server) -> Sdk:
    return Sdk(package, server.url)


def lines(told: dict[str, Any]) -> list[str]:
    """The rows of the CSV file of an answer."""
    given = told["given"]
    assert (given["response_status_code"], given["error"]) == ("Ok", None)
    return bytes_of(given["results"][0]["data"]).decode().split("\r\n")


@pytest.mark.parametrize("path", ["/v5.0/omr", "/v5.0/omr/"])
def test_a_scan_is_recognized(client: Sdk, path: str) -> None:
    post, done, cancelled, gone = client.run(
        ["recognize", "post", [SCAN], TEMPLATE, "Csv", 30],
        ["recognize", "wait"],
        ["recognize", "cancel"],
        ["recognize", "get"],
        path=path,
    )
    assert len(post["given"]) == 36
    assert done["given"]["id"] == post["given"]
    assert lines(done) == CSV_OF_THE_FORM.split("\r\n")
    assert cancelled["given"] is None
    assert gone["given"]["response_status_code"] == "TaskNotFound"


@pytest.mark.parametrize("scan", ["scan", "photo"])
def test_a_real_form_is_recognized(client: Sdk, shared_forms: Path, scan: str) -> None:
    folder = shared_forms / "aspose_test"
    template, image = (base64_of((folder / name).read_bytes()) for name in ("Aspose_test.omr", f"{scan}.jpg"))
    _, done = client.run(["recognize", "post", [image], template, "Csv"], ["recognize", "wait"])
    expected = dict(line.split(":", 1) for line in (folder / f"{scan}.dat").read_text().splitlines())
    header, *rows, end = lines(done)
    assert (header, end) == ("Element Name,Value,", "")
    assert dict(row[:-1].rsplit(',"', 1) for row in rows) == expected


def test_what_a_user_can_act_on(client: Sdk) -> None:
    nothing, damaged, unreadable, unknown = (
        told
        for told in client.run(
            ["recognize", "post", [""], TEMPLATE, "Csv"],
            ["recognize", "wait"],
            ["recognize", "post", [SCAN[:4000]], TEMPLATE, "Csv"],
            ["recognize", "wait"],
            ["recognize", "post", [base64_of(b"a letter")], TEMPLATE, "Csv"],
            ["recognize", "wait"],
            ["recognize", "get", "7ec6c0a1-0000-4000-8000-000000000000"],
        )
        if isinstance(told["given"], dict)
    )
    for told, status, message in (
        (nothing, "Error", "The image is empty. Send the bytes of an image file in base64."),
        (damaged, "Error", "cut off"),
        (unreadable, "Error", "image"),
        (unknown, "TaskNotFound", "There is no such task. It was cancelled, or sent by another client"),
    ):
        assert told["given"]["response_status_code"] == status
        assert message in told["given"]["error"]["messages"][0]


def test_malformed_requests_are_exceptions_that_name_the_member(client: Sdk) -> None:
    told = client.run(
        ["recognize", "send", {"images": [SCAN], "outputFormat": "Csv"}],
        ["recognize", "post", [SCAN], "%%%", "Csv"],
        ["recognize", "post", [SCAN], TEMPLATE, "Png"],
        ["recognize", "post", [SCAN], TEMPLATE, "Csv", 200],
    )
    assert [one["status"] for one in told] == [400] * 4
    for one, member in zip(told, ("omrFile", "omrFile", "outputFormat", "recognitionThreshold"), strict=True):
        assert f"$.{member}: expected" in one["body"]


def test_a_wrong_secret(client: Sdk) -> None:
    (told,) = client.run(["recognize", "get", "x"], secret="wrong")
    assert told["status"] == 401
    assert "The client is unknown, or its secret is wrong." in told["body"]


def test_another_client_does_not_see_a_task(client: Sdk) -> None:
    post, _ = client.run(["recognize", "post", [""], TEMPLATE, "Csv"], ["recognize", "wait"])
    hidden, _ = client.run(["recognize", "get", post["given"]], ["recognize", "cancel", post["given"]], id=OTHER.name)
    assert hidden["given"]["response_status_code"] == "TaskNotFound"
    (found,) = client.run(["recognize", "get", post["given"]])
    assert found["given"]["response_status_code"] == "Error"


def test_forms_are_generated(client: Sdk) -> None:
    settings = {"font_family": "Segoe UI", "font_size": 12, "paper_size": "A4", "output_format": "Png"}
    _, told, cancelled = client.run(
        ["generate", "post", base64_of(b"?text=Form"), settings, {}],
        ["generate", "wait"],
        ["generate", "cancel"],
    )
    assert told["given"]["response_status_code"] == "Ok"
    assert [result["type"] for result in told["given"]["results"]] == ["Png", "Omr"]
    assert cancelled["given"] is None


def test_from_a_text_to_answers(client: Sdk) -> None:
    """Generate a form, fill in sheets of it, and recognize them: the CSV files have what is marked."""
    settings = {"font_family": "Segoe UI", "font_size": 12, "paper_size": "A4", "output_format": "Png"}
    _, made = client.run(["generate", "post", base64_of(MARKUP), settings, {}], ["generate", "wait"])
    page, form = (bytes_of(one["data"]) for one in made["given"]["results"])
    sheets = [filled(form, page, seed) for seed in range(4)]
    told = client.run(
        *(
            step
            for sheet in sheets
            for step in (["recognize", "post", [base64_of(sheet.data)], base64_of(form), "Csv"], ["recognize", "wait"])
        )
    )
    for sheet, done in zip(sheets, told[1::2], strict=True):
        _, *rows, _ = lines(done)
        assert dict(row[:-1].rsplit(',"', 1) for row in rows) == sheet.values, sheet.kind


@pytest.mark.skipif(not PROC.is_dir(), reason="processes are found in /proc")
def test_tasks_go_on_after_the_server_was_killed(tmp_path: Path) -> None:
    session = new_session()

    def get(server: Server, identifier: str) -> dict[str, Any]:
        path = f"{server.url}/v5.0/omr/RecognizeTemplate/GetRecognizeTemplate"
        told: dict[str, Any] = session.get(path, params={"id": identifier}, timeout=PATIENCE).json()
        return told

    with running(home=tmp_path) as server:
        path = f"{server.url}/v5.0/omr/RecognizeTemplate/PostRecognizeTemplate"
        identifiers = [session.post(path, json=body(), timeout=PATIENCE).json() for _ in range(6)]
        until(lambda: get(server, identifiers[0])["responseStatusCode"] == "Ok")
        others = children_of(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        for other in others:
            os.kill(int(other.name), signal.SIGKILL)
    with running(home=tmp_path) as server:
        for identifier in identifiers:
            until(lambda: get(server, identifier)["responseStatusCode"] != "NotReady")  # noqa: B023 (called at once)
            told = get(server, identifier)
            assert told["responseStatusCode"] == "Ok", json.dumps(told["error"])
            assert bytes_of(told["results"][0]["data"]).decode() == CSV_OF_THE_FORM
