"""Two clients cannot see, overwrite, guess or delete each other's templates, images, recognitions and clips."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from omrclip.storage.accounts import Accounts
from omrclip.web.app import App, create_app
from tests.web.auth.conftest import ANN, BLUE, RED, As
from tests.web.making import asked, encoded, grid, omr, template

SCAN = encoded(grid())


@pytest.fixture
def red(acting: As) -> FlaskClient:
    return acting(RED)


@pytest.fixture
def blue(acting: As) -> FlaskClient:
    return acting(BLUE)


def stored(client: FlaskClient) -> str:
    """Store a template, its page image, an image and a recognition, and return the identifier of the recognition."""
    assert client.put("/api/templates/own", data=omr(template())).status_code == 201
    assert client.put("/api/templates/own/image", data=SCAN, content_type="image/png").status_code == 201
    assert client.put("/api/images/own.png", data=SCAN).status_code == 201
    answer = client.post("/api/recognitions?keep", json=asked())
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["Identifier"])


def addresses(identifier: str) -> list[str]:
    """Every address under which something of a workspace can be read."""
    recognition = f"/api/recognitions/{identifier}"
    return [
        "/api/templates/own",
        "/api/templates/own/clip-areas",
        "/api/templates/own/pages",
        "/api/templates/own/image",
        "/api/images/own.png",
        "/iiif/2/own.png/info.json",
        "/iiif/3/own.png/full/max/0/default.jpg",
        "/iiif/3/own.omr.1/info.json",
        recognition,
        f"{recognition}/manifest.json",
        f"{recognition}/clips.json",
        f"{recognition}/corrections",
        f"{recognition}/files.zip",
        f"{recognition}/overlay/1",
        f"/iiif/3/{identifier}.1/info.json",
        f"/iiif/3/{identifier}.1.1/full/max/0/default.jpg",
        f"/iiif/3/{identifier}.1.scan/full/max/0/default.jpg",
    ]


def test_what_one_client_stores_no_other_finds(red: FlaskClient, blue: FlaskClient, acting: As) -> None:
    identifier = stored(red)
    for address in addresses(identifier):
        if "own.omr.1" in address:
            continue
        assert red.get(address, buffered=True).status_code == 200, address
        for other in (blue, acting(ANN)):
            answer = other.get(address, buffered=True)
            assert answer.status_code == 404, address
            # Also for someone who has the entity tag of the answer, such as an earlier member.
            tag = red.get(address, buffered=True).headers.get("ETag")
            if tag:
                assert other.get(address, headers={"If-None-Match": tag}).status_code == 404, address


def test_lists_show_the_own_workspace_only(red: FlaskClient, blue: FlaskClient, acting: As) -> None:
    stored(red)

    def names(client: FlaskClient) -> tuple[list[str], list[str]]:
        lists = client.get("/api/templates").get_json()["Templates"], client.get("/api/images").get_json()["Images"]
        return tuple([entry["Name"] for entry in each] for each in lists)  # type: ignore[return-value]

    assert names(red) == (["own"], ["own.png"])
    assert names(blue) == ([], [])
    assert names(acting(ANN)) == (["form"], ["grid.png"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/templates/own"),
        ("DELETE", "/api/templates/own/image"),
        ("DELETE", "/api/images/own.png"),
        ("DELETE", "/api/recognitions/{identifier}"),
        ("PUT", "/api/recognitions/{identifier}/corrections"),
        ("POST", "/api/templates/own/clip-areas"),
        ("POST", "/api/templates/own/correction"),
    ],
)
def test_nobody_changes_what_another_client_has(red: FlaskClient, blue: FlaskClient, method: str, path: str) -> None:
    identifier = stored(red)
    before = {address: red.get(address).data for address in addresses(identifier)}
    answer = blue.open(path.format(identifier=identifier), method=method, json={"Corrections": []})
    assert answer.status_code in {404, 422}, answer.text
    assert {address: red.get(address).data for address in addresses(identifier)} == before


def test_equal_names_are_two_things(red: FlaskClient, blue: FlaskClient, config: Config) -> None:
    assert red.put("/api/images/a.png", data=encoded(grid(salt=10))).status_code == 201
    assert blue.put("/api/images/a.png", data=encoded(grid(salt=20))).status_code == 201
    assert red.get("/api/images/a.png").data == encoded(grid(salt=10))
    assert blue.get("/api/images/a.png").data == encoded(grid(salt=20))
    folder = Path(config.images, ".workspaces")
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("a.png")) == ["blue/a.png", "red/a.png"]


def test_the_workspace_of_the_server_does_not_show_the_others(acting: As, red: FlaskClient) -> None:
    stored(red)
    ann = acting(ANN)
    for path in ("/api/images/.workspaces/red/own.png", "/iiif/3/.workspaces%2Fred%2Fown.png/info.json"):
        assert ann.get(path).status_code in {400, 404}, path


def test_equal_images_share_neither_entity_tags_nor_caches(
    red: FlaskClient, blue: FlaskClient, app: App, counted: Callable[[], dict[str, Any]]
) -> None:
    """So no answer, and no time that an answer takes, tells that another workspace has the same image."""
    del app
    address = "/iiif/3/own.png/full/150,/0/default.jpg"
    for client in (red, blue):
        assert client.put("/api/images/own.png", data=SCAN).status_code == 201
    one = red.get(address)
    after_one = counted()
    other = blue.get(address)
    after_other = counted()
    assert one.data == other.data
    assert one.headers["ETag"] != other.headers["ETag"]
    for name in ("pixels", "files", "derivatives"):
        assert after_other[name]["misses"] > after_one[name]["misses"], name
        assert after_other[name]["entries"] > after_one[name]["entries"], name


@pytest.fixture
def counted(client: FlaskClient) -> Callable[[], dict[str, Any]]:
    return lambda: dict(client.get("/health").get_json()["caches"])


def test_a_workspace_stays_when_its_account_goes(
    red: FlaskClient, accounts: Accounts, acting: As, config: Config
) -> None:
    stored(red)
    accounts.remove(RED.kind, RED.name)
    assert red.get("/api/templates/own").status_code == 401
    from tests.web.auth.conftest import PASSWORD

    accounts.add(RED, PASSWORD)
    assert acting(RED).get("/api/templates/own").status_code == 200
    del config


def test_recognitions_of_a_workspace_expire_without_a_request(
    red: FlaskClient, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(red)
    swept = []
    from omrclip.storage.kept import KeptRecognitions

    monkeypatch.setattr(KeptRecognitions, "start_sweeping", lambda self: swept.append(self._blobs._root))
    create_app(config)
    assert any(str(root).endswith("/.workspaces/red") for root in swept)


def test_batches_of_another_workspace_are_not_found(red: FlaskClient, blue: FlaskClient, config: Config) -> None:
    assert red.put("/api/templates/own", data=omr(template())).status_code == 201
    made = red.post("/api/batches", json={"Name": "June", "Template": "own"})
    assert made.status_code == 201, made.text
    address = f"/api/batches/{made.get_json()['Identifier']}"
    raw = {"data": SCAN, "content_type": "image/png"}
    assert red.post(f"{address}/sheets?name=a.png", **raw).status_code == 200
    runner = Runner(replace(config, workers=1))
    runner.look()
    runner.close()
    assert red.get(address).get_json()["State"] == "done"
    for path in (
        "",
        "/sheets",
        "/results.csv",
        "/results.xlsx",
        "/results.jsonl",
        "/report.html",
        "/clips.zip",
        "/marked.pdf",
    ):
        assert red.get(address + path).status_code == 200, path
        assert blue.get(address + path).status_code == 404, path
    assert blue.post(f"{address}/sheets?name=b.png", **raw).status_code == 404
    assert blue.patch(address, json={"Name": "mine"}).status_code == 404
    assert blue.delete(address).status_code == 404
    assert blue.post("/api/batches", json={"Name": "June", "Template": "own"}).status_code == 400
    assert blue.get("/api/batches").get_json()["Batches"] == []
    assert [batch["Name"] for batch in red.get("/api/batches").get_json()["Batches"]] == ["June"]


def test_administrators_see_a_list_of_all_batches_and_nothing_in_them(
    red: FlaskClient, blue: FlaskClient, acting: As
) -> None:
    for client, name in ((red, "June"), (blue, "July")):
        client.put("/api/templates/own", data=omr(template()))
        made = client.post("/api/batches", json={"Name": name, "Template": "own"}).get_json()
    found = red.get("/api/all-batches").get_json()["Batches"]
    assert [(one["Workspace"], one["Name"]) for one in found] == [("blue", "July"), ("red", "June")]
    assert red.get("/api/all-batches?limit=1").get_json()["Batches"] == found[:1]
    after = red.get("/api/all-batches?limit=1").get_json()["Next"]
    assert red.get(after).get_json() == {"Batches": found[1:], "Next": None}
    assert red.get(f"/api/batches/{made['Identifier']}").status_code == 404
    assert acting(ANN).get("/api/all-batches").status_code == 403


def test_a_group_shares_a_workspace_from_the_next_request_on(red: FlaskClient, acting: As, accounts: Accounts) -> None:
    identifier = stored(red)
    ann = acting(ANN)
    assert ann.get(f"/api/recognitions/{identifier}").status_code == 404
    accounts.set_workspace(ANN.kind, ANN.name, "red")
    assert ann.get(f"/api/recognitions/{identifier}").status_code == 200
    assert ann.get("/api/session").get_json()["Workspace"] == "red"
    accounts.set_workspace(ANN.kind, ANN.name, "ann")
    assert ann.get(f"/api/recognitions/{identifier}").status_code == 404


def test_receipts_of_another_workspace_are_not_found(red: FlaskClient, blue: FlaskClient) -> None:
    identifier = stored(red)
    assert red.delete(f"/api/recognitions/{identifier}").status_code == 204
    (receipt,) = red.get("/api/receipts").get_json()["Receipts"]
    assert receipt["By"] == "red"
    assert blue.get("/api/receipts").get_json()["Receipts"] == []
    assert blue.get(f"/api/receipts/{receipt['Identifier']}").status_code == 404


def test_after_a_deletion_no_byte_is_left(red: FlaskClient, config: Config) -> None:
    identifier = stored(red)
    red.get(f"/iiif/3/{identifier}.1.1/full/max/0/default.jpg")
    assert red.delete(f"/api/recognitions/{identifier}").status_code == 204
    for address in addresses(identifier)[8:]:
        assert red.get(address, buffered=True).status_code == 404
    results = Path(config.results)
    left = [path for path in results.rglob("*") if path.is_file() and SCAN[:200] in path.read_bytes()]
    assert left == []
    assert not list(results.rglob(identifier))
