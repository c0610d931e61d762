"""Signed links: for one recognition or image, for reading, for a time, and as long as their maker has an account."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from omrclip.storage.accounts import Accounts
from omrclip.web.app import App
from omrclip.web.auth import links
from tests.web.auth.conftest import ANN, RED, As
from tests.web.making import asked, encoded, grid

Link = Callable[..., dict[str, Any]]


@pytest.fixture
def link(acting: As) -> Link:
    def make(target: str, account: Any = ANN, **more: Any) -> dict[str, Any]:
        answer = acting(account).post("/api/links", data=json.dumps({"Target": target, **more}))
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        return dict(answer.get_json())

    return make


@pytest.fixture
def identifier(acting: As) -> str:
    return str(acting(ANN).post("/api/recognitions?keep", json=asked()).get_json()["Identifier"])


def test_a_link_shows_one_image_to_everybody(client: FlaskClient, link: Link, acting: As) -> None:
    told = link("grid.png")
    path = "/iiif/3/grid.png/10,10,50,50/max/0/default.png"
    by_query, by_path = client.get(f"{path}?token={told['Token']}"), client.get(told["Base"] + path)
    assert by_query.data == by_path.data == acting(ANN).get(path).data
    assert by_query.status_code == by_path.status_code == 200


def test_a_viewer_finds_the_tiles_under_the_same_link(client: FlaskClient, link: Link) -> None:
    base = link("grid.png")["Base"]
    info = client.get(f"{base}/iiif/3/grid.png/info.json").get_json()
    assert info["id"] == f"{base}/iiif/3/grid.png"
    assert client.get(f"{info['id']}/full/max/0/default.jpg").status_code == 200


def test_a_link_to_a_recognition_shows_all_of_it(client: FlaskClient, link: Link, identifier: str) -> None:
    base = link(identifier)["Base"]
    manifest = client.get(f"{base}/api/recognitions/{identifier}/manifest.json")
    assert manifest.status_code == 200
    for canvas in manifest.get_json()["items"]:
        image = canvas["items"][0]["items"][0]["body"]["id"]
        assert image.startswith(base)
        assert client.get(image).status_code == 200
    for path in ("files.zip", "clips.json", "overlay/1", "results.csv", "results.xlsx"):
        assert client.get(f"{base}/api/recognitions/{identifier}/{path}", buffered=True).status_code == 200, path


def test_a_link_shows_no_other_recognition_in_its_table(
    client: FlaskClient, link: Link, identifier: str, acting: As
) -> None:
    other = str(acting(ANN).post("/api/recognitions?keep", json=asked()).get_json()["Identifier"])
    path = f"/api/recognitions/{identifier}/results.csv?also={other}"
    told = link(identifier)
    assert acting(ANN).get(path).status_code == 200
    for address in (told["Base"] + path, f"{path}&token={told['Token']}"):
        refused = client.get(address)
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "not_allowed")


def test_a_link_to_a_batch_shows_its_results_and_changes_nothing(
    client: FlaskClient, link: Link, acting: As, config: Config
) -> None:
    ann = acting(ANN)
    made, other = (ann.post("/api/batches", json={"Name": "June", "Template": "form"}).get_json() for _ in range(2))
    own = f"/api/batches/{made['Identifier']}"
    assert ann.post(f"{own}/sheets?name=a.png", data=encoded(grid()), content_type="image/png").status_code == 200
    runner = Runner(replace(config, workers=1))
    runner.look()
    runner.close()
    told = link(made["Identifier"])
    base = told["Base"]
    assert client.get(base + own).get_json()["Results"]["results.csv"] == f"{base}{own}/results.csv"
    for path in (
        "",
        "/sheets",
        "/corrections",
        "/results.csv",
        "/results.xlsx",
        "/report.html",
        "/clips.zip",
        "/marked.pdf",
    ):
        assert client.get(base + own + path).status_code == 200, path
        assert client.get(f"{own}{path}?token={told['Token']}").status_code == 200, path
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/sheets"), ("POST", "/corrections")):
        assert client.open(base + own + path, method=method, json={}).status_code == 403, path
    for path in ("/api/batches", "/api/all-batches", f"/api/batches/{other['Identifier']}", "/api/receipts"):
        assert client.get(base + path).status_code == 401, path
    ann.delete(own)
    assert client.get(base + own).status_code == 404


def test_a_link_shows_nothing_else(client: FlaskClient, link: Link, identifier: str, acting: As) -> None:
    other = str(acting(ANN).post("/api/recognitions?keep", json=asked()).get_json()["Identifier"])
    acting(ANN).put("/api/images/grid.png.2.png", data=encoded(grid()))
    for base, paths in {
        link(identifier)["Base"]: [
            f"/api/recognitions/{other}",
            f"/iiif/3/{other}.1/info.json",
            "/iiif/3/grid.png/info.json",
            "/api/templates",
            "/api/recognitions",
            "/",
            "/metrics",
            f"/api/recognitions/{identifier}0",
        ],
        link("grid.png")["Base"]: ["/iiif/3/grid.png.2.png/info.json", "/api/images/grid.png", "/api/images", "/docs/"],
    }.items():
        for path in paths:
            assert client.get(base + path).status_code == 401, path


def test_a_link_changes_nothing(client: FlaskClient, link: Link, identifier: str) -> None:
    base = link(identifier)["Base"]
    for method, path in (("DELETE", ""), ("PUT", "/corrections")):
        answer = client.open(f"{base}/api/recognitions/{identifier}{path}", method=method)
        assert answer.status_code == 403


def test_a_link_ends(client: FlaskClient, link: Link, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    told = link("grid.png", Seconds=100)
    address = f"{told['Base']}/iiif/3/grid.png/info.json"
    assert client.get(address).status_code == 200

    class Later:
        @staticmethod
        def time() -> float:
            return float(told["Expires"]) + 1

    with monkeypatch.context() as later:
        later.setattr(links, "time", Later)
        assert client.get(address).status_code == 401
    assert client.get(address).status_code == 200
    accounts.remove(ANN.kind, ANN.name)
    assert client.get(address).status_code == 401


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", lambda t: "x" + t, lambda _: "", lambda _: "a.b"]
)
def test_a_forged_link_is_refused(client: FlaskClient, link: Link, change: Callable[[str], str]) -> None:
    token = change(link("grid.png")["Token"])
    assert client.get(f"/iiif/3/grid.png/info.json?token={token}").status_code == 401
    assert client.get(f"/signed/{token}/iiif/3/grid.png/info.json").status_code == 401


def test_a_link_of_another_server_is_refused(client: FlaskClient, accounts: Accounts, tmp_path: Any) -> None:
    foreign = Accounts(tmp_path / "foreign.sqlite")
    foreign.add(ANN, "correct horse")
    token = links.sign(foreign, links.Link(ANN.kind, ANN.name, "grid.png", 4e9))
    assert client.get(f"/iiif/3/grid.png/info.json?token={token}").status_code == 401
    del accounts


def test_a_link_is_made_for_what_its_maker_can_see(acting: As, identifier: str) -> None:
    for target in (identifier, "grid.png", "0" * 24, "missing.png"):
        answer = acting(RED).post("/api/links", data=json.dumps({"Target": target}))
        assert answer.status_code == 404, target


def test_a_link_cannot_make_links(app: App, link: Link) -> None:
    base = link("grid.png")["Base"]
    answer = app.test_client().post(f"{base}/api/links", data=json.dumps({"Target": "grid.png"}))
    assert answer.status_code == 401


def test_a_session_needs_no_link(client: FlaskClient, link: Link) -> None:
    """A link that is not valid for a path does not harm someone who is logged in."""
    told = link("grid.png")
    client.post("/login", data={"name": "ann", "password": "correct horse"})
    assert client.get(f"{told['Base']}/api/templates").status_code == 200


def test_an_old_or_another_session_does_not_hide_what_a_link_shows(client: FlaskClient, link: Link, acting: As) -> None:
    address = f"{link('grid.png')['Base']}/iiif/3/grid.png/info.json"
    client.set_cookie("omrclip", "omr_expired")
    assert client.get(address).status_code == 200
    assert acting(RED).get("/iiif/3/grid.png/info.json").status_code == 404
    assert acting(RED).get(address).status_code == 200
