"""A disk that is full, or cannot be written, is told as what it is, and no result is lost by it."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from errno import EACCES, EDQUOT, EIO, ENOSPC, EROFS
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.blobs import BlobStore
from tests.web.conftest import Refusal
from tests.web.keeping import THREE, stored, uris_in
from tests.web.making import asked, encoded, grid, omr, template

NUMBERS = [
    (ENOSPC, 507, "storage_full"),
    (EDQUOT, 507, "storage_full"),
    (EROFS, 503, "storage_unavailable"),
    (EACCES, 503, "storage_unavailable"),
    (EIO, 503, "storage_unavailable"),
]
MOUNT = "mount -t tmpfs -o size=2m none {0} && exec {1} -m tests.web.small_disk {0}"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Undo to mend the disk."""
    return monkeypatch


def break_disk(broken: pytest.MonkeyPatch, number: int, only: str = "") -> None:
    """Have every write of a name that ends so fail with a number of the system."""

    def fails(path: Path, *_: object) -> None:
        if path.name.endswith(only):
            raise OSError(number, os.strerror(number), str(path))

    for name in ("create_file", "replace_file"):
        function = getattr(sys.modules[BlobStore.__module__], name)

        def failing(path: Path, *rest: object, function: object = function) -> None:
            fails(path)
            function(path, *rest)  # type: ignore[operator]

        broken.setattr(f"omrclip.storage.blobs.{name}", failing)


@pytest.mark.parametrize(("number", "status", "code"), NUMBERS)
def test_a_write_that_fails_is_told(
    client: FlaskClient, broken: pytest.MonkeyPatch, assert_refused: Refusal, number: int, status: int, code: str
) -> None:
    break_disk(broken, number)
    answers = [
        client.put("/api/templates/new", data=omr(template())),
        client.put("/api/images/new.png", data=encoded(grid())),
        client.post("/api/recognitions?keep", json=asked()),
    ]
    broken.undo()
    for answer in answers:
        assert_refused(answer, status, code)


@pytest.mark.parametrize(("number", "status", "code"), NUMBERS)
@pytest.mark.parametrize("accept", ["application/json", "application/zip", "application/x-ndjson"])
def test_results_are_answered_although_they_cannot_be_kept(
    client: FlaskClient,
    config: Config,
    broken: pytest.MonkeyPatch,
    accept: str,
    number: int,
    status: int,  # noqa: ARG001 (that of a write without results)
    code: str,
) -> None:
    break_disk(broken, number, only="answer.json")
    response = client.post("/api/recognitions?keep", json=asked(Images=THREE), headers={"Accept": accept})
    data = response.data
    broken.undo()
    assert response.status_code == 200
    if accept == "application/zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert len(archive.namelist()) == 7
            answers = [json.loads(archive.read("results.json"))]
    else:
        answers = [json.loads(line) for line in data.splitlines()]
    assert [one["Name"] for answer in answers for one in answer["Recognitions"]] == [one["Name"] for one in THREE]
    last = answers[-1]
    assert (last["Uri"], last["KeepingError"]["code"]) == (None, code)
    if accept == "application/x-ndjson":
        assert [len(answer["Recognitions"]) for answer in answers] == [1, 1, 1, 0]
    else:
        assert uris_in(last) == []
    assert stored(config) == []


def test_a_template_whose_page_image_finds_no_room_is_not_stored(
    client: FlaskClient, broken: pytest.MonkeyPatch, assert_refused: Refusal
) -> None:
    break_disk(broken, ENOSPC, only=".png")
    answer = client.post("/api/templates?name=new", data=encoded(grid()), content_type="image/png")
    broken.undo()
    assert_refused(answer, 507, "storage_full")
    assert client.get("/api/templates/new").status_code == 404
    again = client.post("/api/templates?name=new", data=encoded(grid()), content_type="image/png")
    assert again.status_code == 201


def test_what_is_kept_has_no_error(client: FlaskClient) -> None:
    answer = client.post("/api/recognitions?keep", json=asked()).get_json()
    assert answer["KeepingError"] is None
    assert client.get(answer["Uri"]).get_json()["KeepingError"] is None


def test_a_client_that_goes_away_leaves_nothing(client: FlaskClient, config: Config) -> None:
    headers = {"Accept": "application/x-ndjson"}
    response = client.post("/api/recognitions?keep", json=asked(Images=THREE), headers=headers, buffered=False)
    next(response.iter_encoded())
    assert stored(config)
    response.close()
    assert stored(config) == []


def test_a_disk_of_2_megabytes(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare (util-linux) is needed to mount a small disk")
    script = MOUNT.format(tmp_path, sys.executable)
    probe = subprocess.run(
        [unshare, "-rm", "sh", "-c", MOUNT.format(tmp_path, "true")], check=False, capture_output=True
    )
    if probe.returncode:
        pytest.skip("this system lets nobody mount a small disk")
    done = subprocess.run([unshare, "-rm", "sh", "-c", script], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert told.pop("kept") >= 1
    full = {"error": "storage_full"}
    assert told == {
        "json": {"status": 200, **full},
        "zip": {"status": 200, "broken": None, "files": 7, "uri": None, **full},
        "lines": {"status": 200, "scans": [1, 1, 0], "errors": [None, None, "storage_full"], "uri": None},
        "no room for scans": {"status": 507, **full},
        "no room for a template": {"status": 507, **full},
        "without keeping": 200,
        "lost": 0,
        "deleted": 204,
        "afterwards": {"status": 200, "error": None},
        "folders": told["folders"],
    }
