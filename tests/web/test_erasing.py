"""After a deletion, no byte of what was deleted is in the home folder or in a cache, and a receipt tells so."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.storage.batches import Batches
from omrclip.storage.receipts import Receipts
from omrclip.web import services
from omrclip.web.app import App, create_app
from omrclip.web.erasing import Forgetting
from tests.web.making import asked, decoded, encoded, grid, image, omr, template

SCAN = encoded(grid(salt=77))
NAME = "zeugnis-ännchen-4711.png"
TYPED = "secret answer 0815"
PASSWORD = "correct horse"
ANN = Account(Kind.USER, "ann", frozenset(Scope), "ward")


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, accounts=str(tmp_path / "accounts.sqlite"), cache_folder=str(tmp_path / "cache"), workers=1)


@pytest.fixture
def app(config: Config, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setattr("omrclip.serving.derivatives.WORTH_SHARING_SECONDS", 0.0)  # everything goes to the folder
    monkeypatch.setattr("omrclip.serving.stored_levels.SETTLED_SECONDS", 0.0)
    Accounts(str(config.accounts)).add(ANN, PASSWORD)
    return create_app(config)


def logged_in(app: App) -> FlaskClient:
    client = app.test_client()
    assert client.post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 303
    return client


@pytest.fixture
def client(app: App) -> FlaskClient:
    return logged_in(app)


def encodings(*more: bytes) -> list[bytes]:
    """Bytes by which a scan, its pixels, its name or an answer would be found."""
    rows = decoded(SCAN)
    texts = [NAME, NAME.removesuffix(".png"), TYPED]
    return [
        SCAN[100:160],
        rows[7].tobytes()[:90],
        rows[7, :, ::-1].tobytes()[:90],
        *(text.encode() for text in texts),
        *(json.dumps(text).strip('"').encode() for text in texts),
        *(part[len(part) // 2 :][:40] for part in more),
    ]


def found_in(home: Path, wanted: list[bytes]) -> list[str]:
    """The files of a home folder whose names or bytes have one of these; receipts may have names."""
    files = [path for path in home.rglob("*") if path.is_file() and "receipts" not in path.parts]
    return [
        str(path.relative_to(home))
        for path in files
        if any(one in path.read_bytes() or one in str(path).encode() for one in wanted)
    ]


def settle(app: App) -> None:
    folder = services.of(app).folder
    assert folder is not None
    folder.wait()


def receipt_of(client: FlaskClient, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 204, answer.text
    uri = answer.headers["Link"].partition(">")[0].removeprefix("<http://localhost")
    return dict(client.get(uri).get_json())


def read(client: FlaskClient, addresses: list[str]) -> Iterator[Any]:
    for address in addresses:
        answer = client.get(address, buffered=True)
        assert answer.status_code == 200, address
        yield answer


def test_nothing_is_left_of_a_recognition(client: FlaskClient, app: App, tmp_path: Path) -> None:
    client.put("/api/templates/form", data=omr(template()))
    kept = client.post("/api/recognitions?keep", json=asked(Images=[image(NAME, SCAN)])).get_json()
    own, images = f"/api/recognitions/{kept['Identifier']}", f"/iiif/3/{kept['Identifier']}"
    typed = {"Corrections": [{"Scan": 1, "Name": "Name", "Value": TYPED}]}
    assert client.put(f"{own}/corrections", json=typed, headers={"If-Match": "*"}).status_code == 200
    addresses = [own, f"{own}/manifest.json", f"{own}/clips.json", f"{own}/corrections", f"{own}/corrections/history"]
    addresses += [f"{own}/results.csv", f"{own}/results.xlsx", f"{own}/files.zip", f"{own}/overlay/1"]
    addresses += [f"{images}.{part}/info.json" for part in ("1", "1.1", "1.scan")]
    addresses += [f"{images}.{part}/full/max/0/default.jpg" for part in ("1", "1.1", "1.scan")]
    answers = list(read(client, addresses))
    tags = {address: answer.headers.get("ETag") for address, answer in zip(addresses, answers, strict=True)}
    wanted = encodings(*(answer.data for answer in answers[-3:]))
    settle(app)
    assert len(found_in(tmp_path, wanted)) > 2
    receipt = receipt_of(client, client.delete(own))
    settle(app)
    assert found_in(tmp_path, wanted) == []
    assert not [path for path in tmp_path.rglob("*") if kept["Identifier"] in path.name]
    for address, tag in tags.items():
        assert client.get(address, headers={"If-None-Match": tag} if tag else {}).status_code == 404, address
    assert {key: receipt[key] for key in ("Kind", "Target", "Name", "By", "Left")} == {
        "Kind": "recognition",
        "Target": kept["Identifier"],
        "Name": "",
        "By": "ann",
        "Left": [],
    }
    assert receipt["Files"] >= 5
    assert receipt["Bytes"] > len(SCAN)
    assert client.get("/api/receipts").get_json()["Receipts"] == [receipt]


def test_nothing_is_left_of_an_image_not_even_of_its_earlier_versions(
    client: FlaskClient, app: App, tmp_path: Path
) -> None:
    address = f"/iiif/3/{NAME}"
    for data in (SCAN, encoded(grid(salt=5))):
        tag = client.get(f"/api/images/{NAME}").headers.get("ETag")
        put = client.put(f"/api/images/{NAME}", data=data, headers={"If-Match": tag} if tag else {})
        assert put.status_code in {200, 201}, put.text
        paths = [f"{address}/info.json", f"{address}/full/40,/0/default.jpg", f"{address}/0,0,64,64/64,/0/default.png"]
        answers = list(read(client, paths))
        settle(app)
    wanted = encodings(encoded(grid(salt=5)), *(answer.data for answer in answers))
    assert any("cache" in path for path in found_in(tmp_path, wanted)), "the cache folder has some of it"
    receipt = receipt_of(client, client.delete(f"/api/images/{NAME}"))
    assert (receipt["Kind"], receipt["Target"], receipt["Files"], receipt["Left"]) == ("image", NAME, 1, [])
    assert found_in(tmp_path, wanted) == []
    for path in paths:
        assert client.get(path).status_code == 404


def test_nothing_is_left_of_a_batch(client: FlaskClient, config: Config, tmp_path: Path) -> None:
    client.put("/api/templates/form", data=omr(template()))
    made = client.post("/api/batches", json={"Name": "Ännchen's class", "Template": "form"}).get_json()
    own = f"/api/batches/{made['Identifier']}"
    sent = client.post(f"{own}/sheets", query_string={"name": NAME}, data=SCAN, content_type="image/png")
    assert sent.status_code == 200
    runner = Runner(config)
    runner.look()
    body = {"Corrections": [{"Sheet": NAME, "Name": "Name", "Value": TYPED}]}
    assert client.post(f"{own}/corrections", json=body).status_code == 200
    list(
        read(
            client,
            [f"{own}/{name}" for name in ("results.csv", "results.xlsx", "report.html", "clips.zip", "marked.pdf")],
        )
    )
    assert len(found_in(tmp_path, encodings())) > 2
    receipt = receipt_of(client, client.delete(own))
    assert receipt["Left"] == ["files"], "the process that runs batches removes it a little later"
    runner.look()
    runner.close()
    (receipt,) = client.get("/api/receipts").get_json()["Receipts"]
    assert (receipt["Kind"], receipt["Name"], receipt["By"], receipt["Left"]) == ("batch", "Ännchen's class", "ann", [])
    assert found_in(tmp_path, encodings()) == []


def test_a_template_tells_that_its_page_image_is_left(client: FlaskClient) -> None:
    client.put("/api/templates/form", data=omr(template()))
    client.put("/api/templates/form/image", data=SCAN, content_type="image/png")
    receipt = receipt_of(client, client.delete("/api/templates/form"))
    assert (receipt["Kind"], receipt["Target"], receipt["Left"]) == ("template", "form", ["page image"])


def test_other_processes_forget_what_one_has_deleted(client: FlaskClient, config: Config) -> None:
    other = create_app(config)
    reader, forgetting = logged_in(other), Forgetting(other)
    client.put("/api/templates/form", data=omr(template()))
    client.put("/api/images/a.png", data=SCAN)
    identifier = client.post("/api/recognitions?keep", json=asked()).get_json()["Identifier"]
    addresses = [f"/iiif/3/{one}/full/max/0/default.jpg" for one in (f"{identifier}.1", f"{identifier}.1.1", "a.png")]
    list(read(reader, addresses))
    forgetting.look()
    held = services.of(other, "ward")
    assert held.sources.opened.counts().entries > 0
    client.delete(f"/api/recognitions/{identifier}")
    client.delete("/api/images/a.png")
    forgetting.look()
    counts = services.of(other).caches()
    assert {name: cache.entries for name, cache in counts.items()} == {"pixels": 0, "files": 0, "derivatives": 0}
    assert {name: cache.bytes for name, cache in counts.items()} == {"pixels": 0, "files": 0, "derivatives": 0}


def test_nothing_is_left_of_files_of_cloud_clients(client: FlaskClient, tmp_path: Path) -> None:
    storage = "/v3.0/omr/storage"
    for path in ("a/b/" + NAME, "a/" + NAME, NAME):
        assert client.put(f"{storage}/file/{path}", data=SCAN).status_code == 200
    assert len(found_in(tmp_path, encodings())) == 3
    deleted = [client.delete(f"{storage}/file/{NAME}"), client.delete(f"{storage}/folder/a?recursive=true")]
    receipts = [client.get(answer.headers["Link"].partition(">")[0][1:]).get_json() for answer in deleted]
    assert [(one["Kind"], one["Target"], one["By"], one["Files"], one["Bytes"], one["Left"]) for one in receipts] == [
        ("file", NAME, "ann", 1, len(SCAN), []),
        ("file", "a", "ann", 2, 2 * len(SCAN), []),
    ]
    assert found_in(tmp_path, encodings()) == []
    assert client.delete(f"{storage}/file/{NAME}").status_code == 404
    assert len(client.get("/api/receipts").get_json()["Receipts"]) == 2


def test_what_expires_has_a_receipt(app: App, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del app
    config = replace(config, grace_seconds=0)
    app = create_app(config)
    client = logged_in(app)
    client.put("/api/templates/form", data=omr(template()))
    kept = client.post("/api/recognitions?keep=1", json=asked(Images=[image(NAME, SCAN)])).get_json()["Identifier"]
    made = client.post("/api/batches", json={"Name": "June", "Template": "form", "KeepSeconds": 1}).get_json()
    own = f"/api/batches/{made['Identifier']}"
    client.post(f"{own}/sheets", query_string={"name": NAME}, data=SCAN, content_type="image/png")
    assert found_in(tmp_path, encodings())
    later = SimpleNamespace(time=lambda: time.time() + 60, sleep=time.sleep)
    for module in ("kept", "batches"):
        monkeypatch.setattr(f"omrclip.storage.{module}.time", later)
    services.of(app, "ward").kept.sweep()
    runner = Runner(config)
    runner.look()
    runner.close()
    receipts = client.get("/api/receipts").get_json()["Receipts"]
    assert [(one["Kind"], one["Target"], one["Name"], one["By"], one["Expired"], one["Left"]) for one in receipts] == [
        ("recognition", kept, "", None, True, []),
        ("batch", made["Identifier"], "June", None, True, []),
    ]
    assert all(one["Files"] > 1 and one["Bytes"] > len(SCAN) for one in receipts)
    assert found_in(tmp_path, encodings()) == []


def test_what_is_left_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.put("/api/templates/form", data=omr(template()))
    identifier = client.post("/api/recognitions?keep", json=asked()).get_json()["Identifier"]
    with monkeypatch.context() as broken:
        broken.setattr("omrclip.storage.blobs.BlobStore.remove_folder", lambda *_: None)
        receipt = receipt_of(client, client.delete(f"/api/recognitions/{identifier}"))
        assert receipt["Left"] == ["files"]


def test_a_deletion_without_room_for_its_receipt_is_done(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.put("/api/images/a.png", data=SCAN)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("omrclip.storage.blobs.replace_file", full)
        answer = client.delete("/api/images/a.png")
    assert (answer.status_code, answer.headers.get("Link")) == (204, None)
    assert client.get("/api/images/a.png").status_code == 404


def test_what_is_not_there_has_no_receipt(client: FlaskClient) -> None:
    for path in ("recognitions/" + "0" * 24, "batches/" + "0" * 24, "images/none.png", "templates/none"):
        assert client.delete(f"/api/{path}").status_code == 404
    assert client.get("/api/receipts").get_json() == {"Receipts": [], "Next": None}


@pytest.mark.parametrize("identifier", ["x", "..", "%2e%2e%2fform", "20260101T000000.000000-00000000"])
def test_an_unknown_receipt_is_not_found(client: FlaskClient, identifier: str) -> None:
    assert client.get(f"/api/receipts/{identifier}").status_code == 404


def test_a_damaged_batch_can_be_deleted(client: FlaskClient, config: Config) -> None:
    client.put("/api/templates/form", data=omr(template()))
    identifier = client.post("/api/batches", json={"Name": "June", "Template": "form"}).get_json()["Identifier"]
    own = config.in_workspace("ward")
    Path(own.results, "batches", identifier, "batch.sqlite").write_bytes(b"damaged" * 1000)
    assert client.delete(f"/api/batches/{identifier}").status_code == 204
    assert list(Batches(own).identifiers()) == []
    assert len(list(Receipts(own).identifiers())) == 1
