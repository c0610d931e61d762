"""What is kept is found by who knows where, and leaves nothing behind when its time is over."""

import base64
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from diskcache import Cache
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.serving import derivatives
from omrclip.storage import kept as kept_module
from omrclip.web.app import create_app
from tests.patience import until
from tests.web.conftest import Refusal
from tests.web.keeping import Posted, identifier_of, stored, written
from tests.web.making import asked, clip_area, image, page, template

UNKNOWN = ["0" * 24, "f" * 23, "F" * 24, "x", "..", "%2e%2e", "a%2Fb", "%00", "a" * 400]


@pytest.mark.parametrize("identifier", UNKNOWN)
@pytest.mark.parametrize("rest", ["", "/files/a", "/files.zip", "/manifest.json", "/clips.json"])
def test_who_does_not_know_an_identifier_finds_nothing(
    client: FlaskClient, kept: Posted, assert_refused: Refusal, identifier: str, rest: str
) -> None:
    kept()
    assert_refused(client.get(f"/api/recognitions/{identifier}{rest}"), 404, "not_found")
    if rest == "":
        assert_refused(client.delete(f"/api/recognitions/{identifier}"), 404, "not_found")


def test_there_is_no_list_of_what_is_kept(client: FlaskClient, kept: Posted) -> None:
    identifier = identifier_of(kept())
    assert client.get("/api/recognitions").status_code == 405
    assert identifier not in client.get("/api/images").text
    assert identifier not in client.get("/health").text


def test_a_recognition_without_clips_is_kept_too(client: FlaskClient, kept: Posted) -> None:
    answer = kept(Template={"Pages": [page()]})
    assert client.get(answer["Uri"]).status_code == 200
    assert client.get(f"{answer['Recognitions'][0]['Uri']}/info.json").status_code == 200
    names = kept(Template=template(clip_area("Näme 1"), clip_area("100% ?#")))["ResponseFiles"]
    for file in names:
        assert client.get(file["Uri"], follow_redirects=True).status_code == 200, file["Name"]


def test_what_expired_while_no_server_ran_is_removed_by_the_next(
    config: Config, kept: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # the server that kept it is stopped before it sweeps
        patch.setattr(kept_module.KeptRecognitions, "start_sweeping", lambda _: None)
        kept(10)
    assert stored(config)
    later = SimpleNamespace(time=lambda: time.time() + 11, sleep=time.sleep)
    monkeypatch.setattr(kept_module, "time", later)
    create_app(replace(config, grace_seconds=0)).test_client().get("/health")
    until(lambda: not stored(config))


def test_no_rendering_of_a_clip_outlives_its_recognition(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivatives, "WORTH_SHARING_SECONDS", 0.0)
    shared = replace(config, cache_folder=str(tmp_path / "cache"))
    client = create_app(shared).test_client()
    answer = client.post("/api/recognitions?keep", json=asked()).get_json()
    shown = client.get(f"{answer['Recognitions'][0]['Clips'][0]['Uri']}/full/max/0/default.png").data
    assert client.delete(answer["Uri"]).status_code == 204
    written(client)
    with Cache(shared.cache_folder) as cache:
        assert shown not in [cache[key] for key in cache]


def test_files_whose_names_no_store_takes_are_kept_all_the_same(client: FlaskClient) -> None:
    names = [".jpg", "x" * 190 + ".png"]
    body = asked(Images=[{"Name": name, "Data": image()["Data"]} for name in names], Options={"Keep": True})
    response = client.post("/api/recognitions", json=body)
    assert response.status_code == 200, response.text
    for file in response.get_json()["ResponseFiles"]:
        address = f"{response.headers['Location']}/files/{quote(file['Name'], safe='')}"
        assert client.get(address).data == base64.b64decode(file["Data"])
