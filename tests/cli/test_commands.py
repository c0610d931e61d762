"""`omrclip render`, `validate`, `schema` and `serve`."""

import json
import os
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from omrclip.config import Config
from omrclip.schemas.template import template_json_schema
from tests.desk import FAILED, PASSED, REFUSED, Desk, assert_refused, laid_out
from tests.servers import free_port
from tests.web.making import NAME_BOX, clip_area, cut, decoded, grid, omr, template


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


def test_render_answers_one_image_request(desk: Desk) -> None:
    out = desk.folder / "clip.png"
    result = desk.run("render", str(desk.folder / "a.png"), "12,18,90,40/full/!90/default.png", "--out", str(out))
    assert result.exit_code == PASSED, result.output
    area = cut(grid(), NAME_BOX)
    assert np.array_equal(decoded(out.read_bytes()), np.rot90(area[:, ::-1], -1))


@pytest.mark.parametrize(
    ("request_text", "word"),
    [
        ("full/full/0", "{region}/{size}/{rotation}/{quality}.{format}"),
        ("a,b/full/0/default.png", "region"),
        ("full/0,/0/default.png", "size"),
        ("full/full/361/default.png", "rotation"),
        ("full/full/0/default.bmp", "format"),
        ("400,0,10,10/full/0/default.png", "region"),
    ],
)
def test_render_names_the_parameter_that_is_wrong(desk: Desk, request_text: str, word: str) -> None:
    out = desk.folder / "clip.png"
    assert_refused(desk.run("render", str(desk.folder / "a.png"), request_text, "--out", str(out)), word)
    assert not out.exists()


def test_render_refuses_what_is_no_image(desk: Desk) -> None:
    out = str(desk.folder / "x.png")
    assert_refused(
        desk.run("render", str(desk.folder / "broken.png"), "full/full/0/default.png", "--out", out), "image"
    )


def test_validate_counts_what_is_there(desk: Desk) -> None:
    result = desk.run("validate", str(desk.folder / "form.omr"))
    assert (result.exit_code, result.stdout) == (PASSED, "form.omr: valid; pages: 1, elements: 2, clip areas: 2\n")


def test_validate_tells_all_problems_at_once(desk: Desk) -> None:
    areas = clip_area("A", Width=0), clip_area("B", Left="x"), clip_area("C", Left=500)
    bad = desk.put("bad.omr", omr(template(*areas)))
    result = desk.run("validate", bad)
    assert result.exit_code == FAILED
    told = result.stdout
    for path in ("Elements[0].Width", "Elements[1].Left", "Elements[2].Left"):
        assert f"Error: $.Pages[0].{path}: " in told
    assert "bad.omr: 3 problems" in told


def test_validate_tells_warnings_and_passes(desk: Desk) -> None:
    low = desk.put("low.omr", omr(template(clip_area("A", JpegQuality=10))))
    result = desk.run("validate", low)
    assert result.exit_code == PASSED
    assert "Warning: $.Pages[0].Elements[0].JpegQuality" in result.stdout


def test_validate_refuses_a_missing_file(desk: Desk) -> None:
    assert_refused(desk.run("validate", str(desk.folder / "none.omr")), "none.omr")


def test_schema_is_the_json_schema(desk: Desk) -> None:
    result = desk.run("schema")
    assert (result.exit_code, json.loads(result.stdout)) == (PASSED, template_json_schema())


def test_version_and_help(desk: Desk) -> None:
    from omrclip import __version__

    assert __version__ in desk.run("--version").stdout
    told = desk.run("--help").stdout
    for command in ("recognize", "clip", "render", "validate", "schema", "serve"):
        assert f"  {command} " in told
    assert desk.run("nonsense").exit_code == REFUSED


@dataclass
class Started:
    """What the server was started with, and the address that it listened on then."""

    settings: uvicorn.Config
    address: tuple[Any, ...]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    """uvicorn's parent process replaced by a note of what it was started with."""
    noted: list[Started] = []

    class Parent:
        def __init__(self, settings: uvicorn.Config, sockets: list[socket.socket], _batches: object) -> None:
            noted.append(Started(settings, sockets[0].getsockname()))
            self.processes: list[object] = []

        def run(self) -> None:
            pass

    monkeypatch.setattr("omrclip.web.serve._Parent", Parent)
    return noted


def test_serve_hands_the_settings_to_the_server(
    desk: Desk, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    first_port, second_port = free_port(), free_port("::1")
    for name, value in {"PORT": str(first_port), "WORKERS": "3"}.items():
        monkeypatch.setenv(f"OMRCLIP_{name}", value)
    ran = desk.run("serve")
    assert ran.exit_code == PASSED
    assert f"http://127.0.0.1:{first_port}/" in ran.stderr
    assert desk.run("serve", "--host", "::1", "--port", str(second_port)).exit_code == PASSED
    first, second = started
    assert first.settings.factory
    assert isinstance(first.settings.app, partial)
    assert first.settings.app.args == (Config.from_env(os.environ),)
    assert isinstance(second.settings.app, partial)
    assert second.settings.app.args[0].port == second_port
    assert first.address == ("127.0.0.1", first_port)
    assert first.settings.workers == 3
    assert second.address[:2] == ("::1", second_port)


def test_serve_says_that_no_process_could_start(
    desk: Desk, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = SimpleNamespace(exitcode=STARTUP_FAILURE)
    parent = SimpleNamespace(run=lambda: None, processes=[ended])
    monkeypatch.setattr("omrclip.web.serve._Parent", lambda *_, **__: parent)
    assert_refused(desk.run("serve", "--port", str(free_port())), "could not start")
    assert started == []


def test_serve_refuses_a_port_in_use(desk: Desk, started: list[Started]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert_refused(desk.run("serve", "--port", str(port)), f"port {port}", "--port", "OMRCLIP_PORT")
    assert started == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "forms.example", "0"])
def test_serve_does_not_listen_beyond_loopback_unless_told(
    desk: Desk, started: list[Started], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert_refused(desk.run("serve", "--host", host), host, "OMRCLIP_ALLOW_REMOTE")
    monkeypatch.setenv("OMRCLIP_HOST", host)
    assert_refused(desk.run("serve"), host, "OMRCLIP_ALLOW_REMOTE")
    assert started == []


def test_serve_listens_beyond_loopback_when_told(
    desk: Desk, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMRCLIP_ALLOW_REMOTE", "1")
    monkeypatch.setenv("OMRCLIP_HOME", str(desk.folder))
    beyond = ("serve", "--host", "0.0.0.0", "--port", str(free_port()))
    assert_refused(desk.run(*beyond), "nobody could log in", "omrclip users add")
    assert started == []
    assert desk.run("clients", "add", "office").exit_code == PASSED
    ran = desk.run(*beyond)
    assert ran.exit_code == PASSED
    assert "Users and clients must log in." in ran.stderr
    assert started[0].address[0] == "0.0.0.0"


def test_serve_tells_all_bad_settings_at_once(
    desk: Desk, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PORT": "0", "WORKERS": "many", "ALLOW_REMOTE": "perhaps", "PROT": "80"}.items():
        monkeypatch.setenv(f"OMRCLIP_{name}", value)
    wrong = ("OMRCLIP_PORT", "OMRCLIP_WORKERS", "OMRCLIP_ALLOW_REMOTE", "OMRCLIP_PROT")
    assert_refused(desk.run("serve"), *wrong)
    assert started == []
