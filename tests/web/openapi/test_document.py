"""The description of the service: valid, complete, and readable without the internet."""

import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from omrclip.omr.options import RecognitionOptions
from omrclip.omr.report.answer import Answer
from omrclip.omr.report.result_files import FileNames
from omrclip.schemas.recognition_response import dump_answer
from omrclip.schemas.template import template_json_schema
from omrclip.web.app import App
from tests.omr.recognized import recognition
from tests.web.making import asked, template

METHODS = {"get", "put", "post", "delete", "patch"}
FOR_PEOPLE = {
    "login.get_page",
    "login.post_form",
    "login.post_logout",
    "login.static",
    "oidc.get_start",
    "oidc.get_return",
    "viewers.get_access",
    "viewers.get_token",
    "viewers.get_logout",
}
EXAMPLES = {"region": "full", "size": "full", "rotation": "0", "quality": "default", "format": "png", "number": "1"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return response.get_json()


def served(app: App) -> set[tuple[str, str]]:
    """Every (endpoint, method) but those of the pages that people see."""
    return {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.startswith(("swagger_ui.", "ui.")) and rule.endpoint not in FOR_PEOPLE
    }


def described(app: App, document: dict[str, Any]) -> set[tuple[str, str]]:
    """Every (endpoint, method) to which the described paths lead, each path with examples in its places."""
    adapter = app.url_map.bind("localhost")
    found = set()
    for path, operations in document["paths"].items():
        address = re.sub(r"{(\w+)}", lambda place: EXAMPLES.get(place[1], f"some-{place[1]}"), path)
        for method in METHODS & operations.keys():
            endpoint, _ = adapter.match(address, method.upper())
            found.add((endpoint, method.upper()))
    return found


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_described_and_every_description_is_a_route(app: App, document: dict[str, Any]) -> None:
    assert described(app, document) == served(app)


def test_every_place_in_a_path_is_a_parameter(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        declared = {p["name"] for p in operations.get("parameters", []) if p["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path)), path
        for method in METHODS & operations.keys():
            assert operations[method]["summary"]
            assert {"400", "421", "500", "503"} <= operations[method]["responses"].keys(), (path, method)


def _check(document: dict[str, Any], name: str, value: object) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(value)


def test_real_bodies_fit_their_schemas(client: FlaskClient, document: dict[str, Any]) -> None:
    _check(document, "RecognitionRequest", asked(Options={"ClipFormat": "png", "Pages": {"scan.png": 1}}))
    thresholds = {"ClipScale": "native", "ClipMargin": 10, "MarkThresholds": {"Marked": 0.5, "Blank": 0.1}}
    _check(document, "RecognitionRequest", asked(Options=thresholds))
    _check(document, "RecognitionRequest", asked(Template="form", Options=None, TemplateImage=None))
    _check(document, "Template", template())
    _check(document, "ClipArea", template()["Pages"][0]["Elements"][0])
    failed = asked(Images=[{"Name": "a", "Data": "aGVsbG8="}])
    _check(document, "RecognitionResponse", client.post("/api/recognitions", json=failed).get_json())
    answer = Answer([recognition()], RecognitionOptions(), FileNames(alone=True))
    _check(document, "RecognitionResponse", json.loads(json.dumps(dump_answer(answer))))
    _check(document, "Error", client.get("/nowhere").get_json())


def test_bad_bodies_do_not_fit(document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/RecognitionRequest", "components": document["components"]}
    bad_options = ({"ClipFormat": "bmp"}, {"ClipMargin": -1}, {"MarkThresholds": {"Marked": 2}})
    for body in ({}, asked(Images=None), asked(Template=5), *(asked(Options=options) for options in bad_options)):
        assert not Draft202012Validator(schema).is_valid(body), body


def test_the_json_schema_of_templates_has_a_uri(client: FlaskClient) -> None:
    response = client.get("/api/schemas/omr.json")
    assert response.mimetype == "application/schema+json"
    assert response.get_json() == template_json_schema()
    Draft202012Validator.check_schema(response.get_json())


def test_the_page_and_all_that_it_loads_come_from_the_server_itself(client: FlaskClient) -> None:
    page = client.get("/docs/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    references = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#]+)["']""", page.text)
    assert len(references) >= 3
    for reference in references:
        address = urlsplit(urljoin("http://localhost/docs/", reference))
        assert address.netloc == "localhost", reference
        asset = client.get(address.path)
        assert asset.status_code == 200, reference
        assert asset.data
        asset.close()
    hosts = set(re.findall(r"""(?:https?:)?//([\w.-]+\.\w+)""", page.text))
    assert not hosts, "the page names no other host"
    assert "/openapi.json" in page.text


def test_the_page_is_found_without_its_exact_address(client: FlaskClient) -> None:
    response = client.get("/docs", follow_redirects=True)
    assert response.status_code == 200
    assert "swagger" in response.text
