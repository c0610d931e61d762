"""The running service keeps to its own OpenAPI description, as Schemathesis sees it; and its links lead somewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.openapi.refusals import REFUSALS
from tests.patience import PATIENCE
from tests.servers import running
from tests.web.making import asked, encoded, grid, omr, template

SETTINGS = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """Stores of one template with its page image, and one image."""
    for name in ("templates_omr", "samples"):
        (tmp_path / name).mkdir()
    (tmp_path / "templates_omr" / "form.omr").write_bytes(omr(template()))
    for name in ("templates_omr/form.png", "samples/grid.png"):
        (tmp_path / name).write_bytes(encoded(grid()))
    return tmp_path


def key_of(stores: Path) -> str:
    """An API key of a client with all scopes, which the server of these stores demands from then on."""
    accounts = Accounts(stores / "accounts.sqlite")
    accounts.add(Account(Kind.CLIENT, "tester", frozenset(Scope), ""), "a secret of a test")
    key = accounts.new_key("tester").token
    accounts.close()
    return key


@pytest.mark.parametrize("has_accounts", [False, True], ids=["open", "logged in"])
def test_the_service_keeps_to_its_description(
    stores: Path, request: pytest.FixtureRequest, *, has_accounts: bool
) -> None:
    """Some 7,000 requests, the same ones in every run; more with `--contract-examples`."""
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert program
    examples = request.config.getoption("--contract-examples")
    headers = ["--header", f"Authorization: Bearer {key_of(stores)}"] if has_accounts else []
    with running(stores=stores) as server:
        command = [program, "--config-file", str(SETTINGS), "run", f"{server.url}/openapi.json", "--no-color"]
        done = subprocess.run(
            [*command, *headers, "--max-examples", str(examples)],
            cwd=stores,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE + 10 * examples,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-20_000:]
    generated = re.search(r"([0-9,]+) generated", done.stdout)
    assert generated
    assert int(generated[1].replace(",", "")) > 3_000


def resolved(expression: str, body: Any) -> str:
    """A runtime expression of a link; what is none stands for itself."""
    if not expression.startswith("$response.body#"):
        return expression
    for key in expression.partition("#/")[2].split("/"):
        body = body[int(key)] if isinstance(body, list) else body[key]
    return str(body)


def test_the_links_of_a_kept_recognition_lead_to_its_operations(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    operations = {
        operation["operationId"]: (method, path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    answer = client.post("/api/recognitions?keep", json=asked()).get_json()
    links = document["paths"]["/api/recognitions"]["post"]["responses"]["200"]["links"]
    assert len(links) == len([path for _, path in operations.values() if path.startswith("/api/recognitions/{")])
    followed = sorted(links.values(), key=lambda link: operations[link["operationId"]][0] == "delete")
    for link in followed:  # the last one deletes it
        method, path = operations[link["operationId"]]
        for name, expression in link["parameters"].items():
            path = path.replace(f"{{{name}}}", resolved(expression, answer))
        body = {"json": {"Corrections": []}, "headers": {"If-Match": "*"}} if method == "put" else {}
        assert client.open(path, method=method, buffered=True, **body).status_code in {200, 204}, (method, path)
    assert client.get(f"/api/recognitions/{answer['Identifier']}").status_code == 404


def test_what_is_not_kept_has_no_identifier(client: FlaskClient) -> None:
    assert client.post("/api/recognitions", json=asked()).get_json()["Identifier"] is None


@pytest.mark.parametrize("path", ["clip-areas", "pages", "correction", "finalization", "pages/1/clip"])
def test_undeclared_methods_are_refused_with_those_that_are_declared(client: FlaskClient, path: str) -> None:
    document = client.get("/openapi.json").get_json()
    described = f"/api/templates/{{name}}/{path.replace('1', '{number}')}"
    declared = {method.upper() for method in document["paths"][described] if method != "parameters"}
    answer = client.put(f"/api/templates/form/{path}", data=b"{}")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == declared


def test_refusals_are_described_as_they_are_answered(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    responses = document["components"]["responses"]
    for status in REFUSALS:
        assert list(responses[f"Refused{status}"]["content"]) == ["application/json"]
        assert list(responses[f"ImageRefused{status}"]["content"]) == ["text/plain"]
