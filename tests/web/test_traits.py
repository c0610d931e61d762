"""A file with all traits of real templates over HTTP: stored, edited, recognized, kept, corrected."""

import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.omr import traits
from tests.omr.traits import as_file
from tests.web.conftest import Refusal
from tests.web.making import base64_of, decoded

Json = dict[str, Any]
FORM = "/api/templates/real"
AREAS = f"{FORM}/clip-areas"


@pytest.fixture
def stored(client: FlaskClient) -> Json:
    """What storing the file answered."""
    response = client.put(FORM, data=as_file(traits.all_together()))
    assert response.status_code == 201, response.text
    image = client.put(f"{FORM}/image", data=traits.blank_page(), content_type="image/png")
    assert image.status_code == 201, image.text
    told: Json = response.get_json()
    return told


def recognized(client: FlaskClient, accept: str = "application/json", **options: Any) -> Any:
    body = {"Template": "real", "Images": [{"Name": "s.png", "Data": base64_of(traits.scan())}]}
    body["Options"] = {"ClipFormat": "png", **options}
    response = client.post("/api/recognitions", json=body, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    return response


def assert_all_read(answer: Json) -> None:
    (told,) = answer["Recognitions"]
    assert told["Error"] is None
    assert {element["Label"]: element["Value"] for element in told["Elements"]} == traits.ALL_READ
    assert [clip["Label"] for clip in told["Clips"]] == list(traits.ALL_CLIPS)
    assert tuple(clip["File"] for clip in told["Clips"]) == traits.ALL_FILES


@pytest.mark.usefixtures("stored")
def test_it_is_stored_byte_by_byte_and_recognized(client: FlaskClient) -> None:
    assert client.get(FORM).data == as_file(traits.all_together())
    answer = recognized(client).get_json()
    assert_all_read(answer)
    statistics = answer["Info"]["Details"]["RecognitionStatistics"][0]["TaskMessages"]
    assert 'New: omrclip does not read elements of the type "AreaOfInterest". Use the type' in " ".join(statistics)
    assert [warning["path"] for warning in answer["Warnings"]]
    lines = json.loads(recognized(client, "application/x-ndjson").data.splitlines()[0])
    assert_all_read(lines)
    with zipfile.ZipFile(io.BytesIO(recognized(client, "application/zip").data)) as archive:
        clips = {name: archive.read(name) for name in archive.namelist() if name.endswith(".png")}
        assert_all_read(json.loads(archive.read("results.json")))
    for name, box in zip(traits.ALL_FILES, traits.ALL_CLIPS.values(), strict=True):
        shown = traits.filled()[box.top : box.bottom, box.left : box.right]
        assert np.array_equal(decoded(clips[name])[..., 0], shown)


def test_what_is_odd_is_told_when_it_is_stored_and_validated(client: FlaskClient, stored: Json) -> None:
    warned = {warning["path"]: warning["expected"] for warning in stored["Warnings"]}
    types = [expected for path, expected in warned.items() if path.endswith(".Type")]
    assert any('Use the type "ClipArea" for a region to cut out.' in expected for expected in types)
    answer = client.post(
        "/api/validation", data=as_file(traits.all_together()), content_type="application/json"
    ).get_json()
    assert answer["Problems"] == []
    assert {warning["path"]: warning["expected"] for warning in answer["Warnings"]} == warned


@pytest.mark.usefixtures("stored")
def test_its_clip_areas_are_edited_by_their_paths(client: FlaskClient, assert_refused: Refusal) -> None:
    listed = client.get(AREAS)
    names = [area["Name"] for area in listed.get_json()["ClipAreas"]]
    paths = listed.get_json()["Paths"]
    assert names == ["Gender", traits.TEXT, "Gender"]
    assert_refused(client.get(f"{AREAS}/Gender"), 422, "name_conflict", paths[0])
    assert client.get(f"{AREAS}/{paths[2]}").get_json() == listed.get_json()["ClipAreas"][2]

    body = {"Type": "ClipArea", "Left": 5, "Top": 6, "Width": 7, "Height": 8}
    changed = client.put(f"{AREAS}/{paths[2]}", json=body, headers={"If-Match": listed.headers["ETag"]})
    assert changed.get_json() == {**body, "Name": "Gender"}
    found = client.get(AREAS).get_json()["ClipAreas"]
    assert [area["Left"] for area in found] == ["90", "100", 5]

    added = client.post(AREAS, json={**body, "Name": "Gender"})
    assert added.headers["Location"].endswith(f"/clip-areas/{quote('$.Pages[0].Elements[25]', safe='')}")
    assert client.get(added.headers["Location"]).get_json()["Name"] == "Gender"
    assert_refused(client.delete(f"{AREAS}/{paths[0]}"), 428, "precondition_required")
    assert client.delete(f"{AREAS}/{paths[0]}", headers={"If-Match": added.headers["ETag"]}).status_code == 204
    assert [area["Left"] for area in client.get(AREAS).get_json()["ClipAreas"]] == ["100", 5, 5]


@pytest.mark.usefixtures("stored")
def test_each_of_its_clips_is_kept_has_a_uri_and_can_be_corrected(client: FlaskClient) -> None:
    kept = recognized(client, Keep=True).get_json()
    assert_all_read(kept)
    clips = kept["Recognitions"][0]["Clips"]
    for clip, box in zip(clips, traits.ALL_CLIPS.values(), strict=True):
        image = client.get(f"{clip['Uri']}/full/max/0/default.png")
        assert np.array_equal(decoded(image.data)[..., 0], traits.filled()[box.top : box.bottom, box.left : box.right])
        file = client.get(f"{kept['Uri']}/files/{quote(clip['File'])}")
        assert np.array_equal(decoded(file.data), decoded(image.data))
    manifest = client.get(f"{kept['Uri']}/clips.json").get_json()
    labels = [next(iter(canvas["label"].values()))[0] for canvas in manifest["items"]]
    assert all(any(title in label for label in labels) for title in traits.ALL_CLIPS), labels
    (page,) = client.get(f"{kept['Uri']}/manifest.json").get_json()["items"]
    told = {entry["label"]["none"][0]: entry["value"]["none"][0] for entry in page["metadata"]}
    assert {label: told[label] for label in ("skip (2)", "Bar", "Bar (2)")} == {
        "skip (2)": "skipped",
        "Bar": "4711",
        "Bar (2)": "0815",
    }
    assert client.get(f"{kept['Uri']}/overlay/1").status_code == 200

    first, last = clips[0], clips[2]
    typed = [
        {"Scan": 1, "Name": "Gender", "Value": "one", "Path": first["Path"]},
        {"Scan": 1, "Name": "Gender", "Value": "two", "Path": last["Path"]},
        {"Scan": 1, "Name": "Gender", "Value": "B"},
    ]
    put = client.put(f"{kept['Uri']}/corrections", json={"Corrections": typed}, headers={"If-Match": "*"})
    assert [{key: told[key] for key in told.keys() - {"By", "At"}} for told in put.get_json()["Corrections"]] == typed
