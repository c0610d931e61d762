"""What people and disks do to the store while the service runs is told, and harms nothing else."""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.errors import StorageFull
from omrclip.storage.blobs import BlobStore
from omrclip.storage.schedule import Schedule
from tests.web.conftest import Refusal
from tests.web.keeping import THREE, Posted, stored, uris_in
from tests.web.making import asked

JSON, ZIP, LINES = "application/json", "application/zip", "application/x-ndjson"


def answers_in(accept: str, data: bytes) -> list[dict[str, Any]]:
    if accept == ZIP:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return [json.loads(archive.read("results.json"))]
    return [json.loads(line) for line in data.splitlines()]


@pytest.mark.parametrize("accept", [JSON, ZIP, LINES])
def test_a_disk_that_is_full_after_the_first_scan_loses_no_result(
    client: FlaskClient, config: Config, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    create = BlobStore.create

    def full(self: BlobStore, name: str, data: bytes) -> None:
        if name.endswith("/files/4"):
            raise StorageFull("No space is left.", reason="ENOSPC")
        create(self, name, data)

    with monkeypatch.context() as broken:
        broken.setattr(BlobStore, "create", full)
        with client.post("/api/recognitions?keep", json=asked(Images=THREE), headers={"Accept": accept}) as response:
            answers = answers_in(accept, response.data)
    assert response.status_code == 200
    told = [one for answer in answers for one in answer["Recognitions"]]
    assert [one["Error"] and one["Error"]["code"] for one in told] == [None, "unsupported_image", None]
    assert answers[-1]["KeepingError"]["code"] == "storage_full"
    if accept == LINES:
        assert [bool(answer["Uri"]) for answer in answers] == [True, True, False, False]
        assert [answer["KeepingError"] for answer in answers[:-1]] == [None] * 3
    else:
        assert uris_in(answers[0]) == []
    assert stored(config) == []


def test_a_results_folder_that_is_removed_is_made_again(client: FlaskClient, kept: Posted, config: Config) -> None:
    before = kept()["Uri"]
    shutil.rmtree(config.results)
    assert client.get(before).status_code == 404
    assert client.put(f"{before}/corrections", json={"Corrections": []}).status_code == 404
    assert client.get(kept()["Uri"]).status_code == 200


def test_folders_of_templates_and_images_that_are_removed_are_empty(
    client: FlaskClient, config: Config, assert_refused: Refusal
) -> None:
    document = client.get("/api/templates/form").data
    for folder in (config.templates, config.images):
        shutil.move(folder, f"{folder}.away")
    assert client.get("/api/templates").get_json()["Templates"] == []
    assert client.get("/api/images").get_json()["Images"] == []
    missing = client.get("/iiif/3/grid.png/info.json")
    assert client.put("/api/templates/new", data=document).status_code == 201
    for folder in (config.templates, config.images):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(f"{folder}.away", folder)
    assert_refused(missing, 404, "not_found")


@pytest.mark.parametrize("missing", ["files/1", "files/2"])
def test_a_file_that_is_missing_is_told_before_an_archive_begins(
    client: FlaskClient, kept: Posted, config: Config, assert_refused: Refusal, missing: str
) -> None:
    answer = kept()
    Path(config.results, answer["Identifier"], missing).unlink()
    assert_refused(client.get(f"{answer['Uri']}/files.zip"), 410, "damaged_record")
    assert client.get(answer["Uri"]).status_code == 200


def test_a_scan_that_is_missing_is_not_found(client: FlaskClient, kept: Posted, config: Config) -> None:
    answer = kept()
    Path(config.results, answer["Identifier"], "scans/1").unlink()
    for uri in (f"{answer['Uri']}/overlay/1", f"/iiif/3/{answer['Identifier']}.1.scan/info.json"):
        assert client.get(uri).status_code == 404
    assert client.get(answer["Uri"]).status_code == 200


def test_corrections_are_taken_although_the_schedule_was_lost(
    client: FlaskClient, kept: Posted, config: Config
) -> None:
    uri = kept()["Uri"]
    shutil.rmtree(Path(config.results, "due"))
    document = {"Corrections": [{"Scan": 1, "Name": "Q1", "Value": "A"}]}
    assert client.put(f"{uri}/corrections", json=document, headers={"If-Match": "*"}).status_code == 200
    used = Schedule(BlobStore(config.results)).used()
    assert used == sum(path.stat().st_size for path in Path(config.results).glob("[0-9a-f]*/**/*") if path.is_file())
    assert client.delete(uri).status_code == 204
    assert stored(config) == []
