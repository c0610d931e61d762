"""An application on small stores of its own, and the one helper by which every refusal is asserted."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from omrclip.config import Config
from omrclip.jobs import ahead
from omrclip.limits import Limits
from omrclip.storage import kept as kept_module
from omrclip.storage import steady_clock
from omrclip.web.app import App, create_app
from tests.web.keeping import NOW, Boot, Clock, Posted
from tests.web.making import NAME_BOX, asked, bytes_of, cut, decoded, encoded, grid, omr, template

LIMITS = Limits(max_body_bytes=1_000_000, max_images=4, max_image_pixels=1_000_000, max_output_pixels=1_000_000)

Refusal = Callable[..., None]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings over a store of one template and one image."""
    templates, images = tmp_path / "templates", tmp_path / "images"
    templates.mkdir()
    images.mkdir()
    (templates / "form.omr").write_bytes(omr(template()))
    (images / "grid.png").write_bytes(encoded(grid()))
    stores = {"templates": str(templates), "images": str(images), "results": str(tmp_path / "results")}
    return Config(**stores, limits=LIMITS)


@pytest.fixture
def app(config: Config) -> App:
    return create_app(config)


@pytest.fixture
def client(app: App) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the scans of a request recognized one after the other."""
    monkeypatch.setattr(ahead, "PROCESSORS", 1)


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have two scans of a request recognized at a time, however many processors there are."""
    monkeypatch.setattr(ahead, "PROCESSORS", 2)
    with ThreadPoolExecutor(2) as threads:
        monkeypatch.setattr(ahead, "_threads", threads)
        yield


@pytest.fixture
def recognized(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """Post a good JSON request, with keys changed or added, and give the answer."""

    def post(**changes: Any) -> dict[str, Any]:
        response = client.post("/api/recognitions", json=asked(**changes))
        assert response.status_code == 200, response.text
        return response.get_json()

    return post


@pytest.fixture
def kept(client: FlaskClient) -> Posted:
    """Post a request whose recognition is to be kept, by default by the option, and give the answer."""

    def post(keep: Any = True, query: str = "", **changes: Any) -> dict[str, Any]:
        options = {} if keep is None else {"Keep": keep}
        response = client.post(f"/api/recognitions{query}", json=asked(Options=options, **changes))
        assert response.status_code == 200, response.text
        return response.get_json()

    return post


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the time by which recognitions expire, in seconds after NOW; nothing is swept but by the test."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr(kept_module, "time", SimpleNamespace(time=lambda: NOW + seconds, sleep=time.sleep))

    monkeypatch.setattr(kept_module.KeptRecognitions, "start_sweeping", lambda _: None)
    set_to(0)
    return set_to


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> Boot:
    """Set the clock that nobody can set."""
    boot = Boot()
    monkeypatch.setattr(steady_clock, "since_boot", lambda: (boot.name, boot.seconds))
    return boot


@pytest.fixture
def assert_refused(client: FlaskClient, tmp_path: Path) -> Refusal:
    """Assert that a response is a refusal in the one shape, that it names what is wrong, and that service goes on."""

    def check(response: TestResponse, status: int, code: str, names: str | tuple[str, ...] = ()) -> None:
        assert response.status_code == status, f"{response.status}: {response.text}"
        told = _told_in_text(response) if response.request.path.startswith("/iiif/") else _told_in_json(response, code)
        for name in (names,) if isinstance(names, str) else names:
            assert name in told, f"{name!r} is not named in {told!r}"
        for leak in (str(tmp_path), str(Path.cwd()), "Traceback", 'File "', "site-packages"):
            assert leak not in response.text
        assert_serves(client)

    return check


def _told_in_text(response: TestResponse) -> str:
    assert response.mimetype == "text/plain"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.text.endswith("\n")
    return response.text


def _told_in_json(response: TestResponse, code: str) -> str:
    assert response.mimetype == "application/json"
    body = response.get_json()
    assert list(body) == ["error"]
    error = body["error"]
    assert sorted(error) == ["code", "details", "message", "request_id"]
    assert error["request_id"] == response.headers["X-Request-Id"]
    assert error["code"] == code, error
    assert error["message"]
    assert isinstance(error["message"], str)
    assert isinstance(error["details"], dict)
    return error["message"] + "\n" + json.dumps(error["details"], ensure_ascii=False)


def assert_serves(client: FlaskClient) -> None:
    """Assert that a good recognition and a good image request are answered, and with the right pixels."""
    answer = client.post("/api/recognitions", json=asked(Options={"ClipFormat": "png"}))
    assert answer.status_code == 200, answer.text
    results, name, signature = answer.get_json()["ResponseFiles"]
    assert [results["Name"], name["Name"], signature["Name"]] == [
        "RecognitionResults.dat",
        "scanName.png",
        "scanSignature.png",
    ]
    assert np.array_equal(decoded(bytes_of(name["Data"])), cut(grid(), NAME_BOX))
    picture = client.get("/iiif/2/grid.png/12,18,90,40/full/0/default.png")
    assert picture.status_code == 200
    assert np.array_equal(decoded(picture.data), cut(grid(), NAME_BOX))
