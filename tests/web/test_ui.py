"""The web client's page and files: served from here, under a policy that allows nothing from elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.web import ui

FOLDER = Path(ui.__file__).parent / "ui"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
# Names of XML namespaces; and a viewer that people are asked about before they go there.
HOSTS = {"www.w3.org", "schemas.openxmlformats.org", "projectmirador.org", "iiif.io"}
OURS = [path for path in FILES if "vendor" not in path.parts and path.suffix in {".js", ".css", ".html"}]


def test_the_page_may_load_and_ask_nothing_but_this_server(client: FlaskClient) -> None:
    with client.get("/") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        policy = answer.headers["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_file_is_served_and_asked_for_again_when_it_changes(client: FlaskClient, path: Path) -> None:
    with client.get(f"/ui/{path.relative_to(FOLDER)}") as answer:
        assert answer.status_code == 200
        assert answer.data == path.read_bytes()
        assert answer.headers["Cache-Control"] == "no-cache"
        tag = answer.headers["ETag"]
    with client.get(f"/ui/{path.relative_to(FOLDER)}", headers={"If-None-Match": tag}) as answer:
        assert answer.status_code == 304


MOST_MESSAGES = 600
"""A language is one file with a line for each message, so that people can add another one."""


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_file_of_ours_is_long_or_names_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= (MOST_MESSAGES if path.parent.name == "messages" else 300)
    hosts = set(re.findall(r"https?://([\w.-]+)", text)) - HOSTS
    assert not hosts


def imported(module: Path) -> set[Path]:
    """The module and all that it imports before it runs."""
    names = re.findall(r'^import .* from "(.*)";', module.read_text(encoding="utf-8"), re.MULTILINE)
    return {module}.union(*(imported((module.parent / name).resolve()) for name in names))


def test_what_every_view_and_the_editor_begin_with_is_loaded_at_once() -> None:
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    listed = re.findall(r'<link rel="modulepreload" href="ui/(.*)">', page)
    began_with = imported(FOLDER / "app.js") | imported(FOLDER / "editor" / "opening.js")
    assert sorted(FOLDER / name for name in [*listed, "app.js"]) == sorted(began_with)


def test_the_libraries_are_those_that_are_listed() -> None:
    listed = json.loads((FOLDER / "vendor" / "vendored.json").read_text(encoding="utf-8"))
    files = {file["path"]: file["sha256"] for package in listed["packages"] for file in package["files"]}
    found = {
        str(path.relative_to(FOLDER / "vendor")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FILES
        if "vendor" in path.parts and path.name not in {"vendored.json", "refresh.py"}
    }
    assert files == found
    for package in listed["packages"]:
        assert package["license"] in {"BSD-3-Clause", "MIT", "ISC"}
        assert any(file["path"].endswith("LICENSE.txt") for file in package["files"])
