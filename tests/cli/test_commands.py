"""`omrclip render`, `validate`, `schema` and `serve`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omrclip.schemas.template import template_json_schema
from tests.desk import FAILED, PASSED, REFUSED, Desk, assert_refused, laid_out
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
    bad = desk.put("bad.omr", omr(template(clip_area("A", Width=0), clip_area("A"), clip_area("B", Left=500))))
    result = desk.run("validate", bad)
    assert result.exit_code == FAILED
    told = result.stdout
    for path in ("Elements[0].Width", "Elements[1].Name", "Elements[2].Left"):
        assert f"error: $.Pages[0].{path}: " in told
    assert "bad.omr: 3 problems" in told


def test_validate_tells_warnings_and_passes(desk: Desk) -> None:
    low = desk.put("low.omr", omr(template(clip_area("A", JpegQuality=10))))
    result = desk.run("validate", low)
    assert result.exit_code == PASSED
    assert "warning: $.Pages[0].Elements[0].JpegQuality" in result.stdout


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


@pytest.fixture
def granian(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Granian replaced by a note of what it was started with."""
    started: list[dict[str, Any]] = []

    class Granian:
        def __init__(self, target: str, **settings: Any) -> None:
            self.settings = {"target": target, **settings}

        def serve(self) -> None:
            started.append(self.settings)

    monkeypatch.setattr("omrclip.web.serve.Granian", Granian)
    return started


def test_serve_hands_the_settings_to_the_server(
    desk: Desk, granian: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PORT": "9001", "WORKERS": "3", "THREADS": "7"}.items():
        monkeypatch.setenv(f"OMRCLIP_{name}", value)
    assert desk.run("serve").exit_code == PASSED
    assert desk.run("serve", "--host", "::1", "--port", "9002").exit_code == PASSED
    first, second = granian
    assert (first["target"], first["factory"]) == ("omrclip.web.app:from_env", True)
    assert (first["address"], first["port"]) == ("127.0.0.1", 9001)
    assert (first["workers"], first["blocking_threads"]) == (3, 7)
    assert first["interface"] == "wsgi"
    assert (second["address"], second["port"]) == ("::1", 9002)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "forms.example", "0"])
def test_serve_does_not_listen_beyond_loopback_unless_told(
    desk: Desk, granian: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert_refused(desk.run("serve", "--host", host), host, "OMRCLIP_ALLOW_REMOTE")
    monkeypatch.setenv("OMRCLIP_HOST", host)
    assert_refused(desk.run("serve"), host, "OMRCLIP_ALLOW_REMOTE")
    assert granian == []
    monkeypatch.setenv("OMRCLIP_ALLOW_REMOTE", "1")
    assert desk.run("serve").exit_code == PASSED
    assert granian[0]["address"] == host


def test_serve_tells_all_bad_settings_at_once(
    desk: Desk, granian: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PORT": "0", "WORKERS": "many", "ALLOW_REMOTE": "perhaps", "PROT": "80"}.items():
        monkeypatch.setenv(f"OMRCLIP_{name}", value)
    wrong = ("OMRCLIP_PORT", "OMRCLIP_WORKERS", "OMRCLIP_ALLOW_REMOTE", "OMRCLIP_PROT")
    assert_refused(desk.run("serve"), *wrong)
    assert granian == []
