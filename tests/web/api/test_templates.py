"""Authoring: templates and their clip areas, by editors who cannot overwrite each other silently."""

import codecs
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web.app import App, create_app
from tests.web.making import SIGNATURE_BOX, Json, asked, clip_area, omr, page, template

Refusal = Callable[..., None]
FORM = "/api/templates/form"
AREAS = f"{FORM}/clip-areas"

# What a file may hold that is none of ours: other keys at every level, an element of another type, odd numbers.
FOREIGN: Json = {
    "Version": 1.0,
    "Author": {"Name": "ä", "Age": None},
    "Pages": [
        {
            "Width": "300",
            "Height": 200.0,
            "Elements": [
                {"Type": "Spiral", "Turns": [1, {"deep": True}], "Name": "S"},
                clip_area("Name", Colour="blue", JpegQuality=None),
                {**clip_area("Signature", SIGNATURE_BOX), "Type": "ClipArea", "Note": "x"},
            ],
            "Paper": "A4",
        }
    ],
}


@pytest.fixture
def folder(config: Config) -> Path:
    return Path(config.templates)


@pytest.fixture
def stored(folder: Path) -> Callable[[], Json]:
    """What the file form.omr holds now."""
    return lambda: json.loads((folder / "form.omr").read_bytes())


def test_the_list_names_every_template_and_its_uri_leads_to_it(client: FlaskClient) -> None:
    for name in ("b", "a ü"):
        assert client.put(f"/api/templates/{quote(name)}", data=omr(template())).status_code == 201
    listed = client.get("/api/templates").get_json()["Templates"]
    assert [entry["Name"] for entry in listed] == ["a ü", "b", "form"]
    for entry in listed:
        assert client.get(entry["Uri"]).get_json() == template()


def test_a_template_comes_back_byte_for_byte(client: FlaskClient, folder: Path) -> None:
    data = codecs.BOM_UTF8 + json.dumps(FOREIGN, indent="\t").replace("\n", "\r\n").encode()
    created = client.put("/api/templates/new", data=data)
    assert created.status_code == 201
    assert created.headers["Location"] == created.get_json()["Uri"] == "http://localhost/api/templates/new"
    assert created.get_json()["Name"] == "new"
    assert (folder / "new.omr").read_bytes() == data
    for name in ("new", "new.omr"):
        got = client.get(f"/api/templates/{name}")
        assert got.data == data
        assert got.headers["ETag"] == created.headers["ETag"]
    again = client.get("/api/templates/new", headers={"If-None-Match": created.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_is_questionable_is_stored_and_told(client: FlaskClient) -> None:
    response = client.put("/api/templates/low", data=omr(template(clip_area("A", JpegQuality=10))))
    assert response.status_code == 201
    (warning,) = response.get_json()["Warnings"]
    assert warning["path"] == "$.Pages[0].Elements[0].JpegQuality"


def test_the_second_of_two_editors_is_told(client: FlaskClient, assert_refused: Refusal, stored: Callable) -> None:
    seen = client.get(FORM).headers["ETag"]
    first = client.put(FORM, data=omr(template(Name="first")), headers={"If-Match": seen})
    assert first.status_code == 200
    assert first.headers["ETag"] != seen
    second = client.put(FORM, data=omr(template(Name="second")), headers={"If-Match": seen})
    assert_refused(second, 412, "precondition_failed", ("form", "changed"))
    assert stored()["Name"] == "first"
    assert f'"{second.get_json()["error"]["details"]["etag"]}"' == first.headers["ETag"]
    third = client.put(FORM, data=omr(template(Name="third")), headers={"If-Match": f'"x", {first.headers["ETag"]}'})
    assert (third.status_code, stored()["Name"]) == (200, "third")
    anyhow = client.put(FORM, data=omr(template(Name="fourth")), headers={"If-Match": "*"})
    assert (anyhow.status_code, stored()["Name"]) == (200, "fourth")


def test_if_none_match_creates_and_never_replaces(client: FlaskClient, assert_refused: Refusal) -> None:
    only_new = {"If-None-Match": "*"}
    assert client.put("/api/templates/new", data=omr(template()), headers=only_new).status_code == 201
    response = client.put("/api/templates/new", data=omr(template()), headers=only_new)
    assert_refused(response, 412, "precondition_failed", ("new", "exists"))


def test_a_deleted_template_is_gone(client: FlaskClient, assert_refused: Refusal, folder: Path) -> None:
    assert client.put("/api/templates/new", data=omr(template())).status_code == 201
    tag = client.get("/api/templates/new").headers["ETag"]
    response = client.delete("/api/templates/new", headers={"If-Match": tag})
    assert (response.status_code, response.data) == (204, b"")
    assert_refused(client.get("/api/templates/new"), 404, "not_found", "new")
    assert not (folder / "new.omr").exists()


def test_writes_leave_no_other_files(client: FlaskClient, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def visible() -> list[str]:
        return sorted(path.name for path in folder.rglob("*") if path.name != ".lock")

    client.put("/api/templates/new", data=omr(template()))
    client.post(AREAS, json=clip_area("More"))
    client.put("/api/templates/bad", data=b"{}")
    assert visible() == ["form.omr", "new.omr"]
    before = (folder / "form.omr").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        response = client.put(FORM, data=omr(template(Name="lost")), headers={"If-Match": "*"})
    assert response.status_code == 507
    assert visible() == ["form.omr", "new.omr"]
    assert (folder / "form.omr").read_bytes() == before


# --- clip areas ------------------------------------------------------------------------------------------------------


def test_all_clip_areas_and_each_of_them(client: FlaskClient) -> None:
    listed = client.get(AREAS)
    paths = ["$.Pages[0].Elements[0]", "$.Pages[0].Elements[1]"]
    assert listed.get_json() == {"ClipAreas": template()["Pages"][0]["Elements"], "Paths": paths}
    assert [client.get(f"{AREAS}/{path}").get_json() for path in paths] == listed.get_json()["ClipAreas"]
    assert listed.headers["ETag"] == client.get(FORM).headers["ETag"]
    one = client.get(f"{AREAS}/Signature")
    assert one.get_json() == clip_area("Signature", SIGNATURE_BOX, JpegQuality=60)
    assert one.headers["ETag"] == listed.headers["ETag"]


def test_areas_are_added_changed_and_removed_with_everything_else_untouched(
    client: FlaskClient, stored: Callable[[], Json], folder: Path
) -> None:
    (folder / "form.omr").write_bytes(omr(FOREIGN))
    spiral, name, signature = FOREIGN["Pages"][0]["Elements"]
    added = client.post(AREAS, json={"Name": "New ä%?", "Left": 1, "Top": 2, "Width": 3, "Height": 4})
    assert added.status_code == 201
    new = added.get_json()
    assert new == {"Type": "ClipArea", "Name": "New ä%?", "Left": 1, "Top": 2, "Width": 3, "Height": 4}
    assert client.get(added.headers["Location"]).get_json() == new
    assert _meaning(stored()) == _meaning(_with_elements(spiral, name, signature, new))

    changed = clip_area("Renamed", (5, 6, 7, 8), Extra=[1])
    replaced = client.put(f"{AREAS}/Name", json=changed, headers={"If-Match": added.headers["ETag"]})
    assert (replaced.status_code, replaced.get_json()) == (200, changed)
    assert _meaning(stored()) == _meaning(_with_elements(spiral, changed, signature, new))
    assert client.get(f"{AREAS}/Name").status_code == 404

    removed = client.delete(f"{AREAS}/Signature", headers={"If-Match": replaced.headers["ETag"]})
    assert removed.status_code == 204
    assert removed.headers["ETag"] == client.get(FORM).headers["ETag"]
    assert _meaning(stored()) == _meaning(_with_elements(spiral, changed, new))


def _with_elements(*elements: Json) -> Json:
    return {**FOREIGN, "Pages": [{**FOREIGN["Pages"][0], "Elements": list(elements)}]}


def _meaning(document: Json) -> Json:
    """The document with page extents as numbers: a string that is a number may be written as one."""
    pages = [{**page, "Width": float(page["Width"]), "Height": float(page["Height"])} for page in document["Pages"]]
    return {**document, "Pages": pages}


def test_the_name_of_a_replaced_area_may_be_left_to_the_uri(client: FlaskClient) -> None:
    body = {"Left": 0, "Top": 0, "Width": 30, "Height": 30}
    response = client.put(f"{AREAS}/Name", json=body, headers={"If-Match": "*"})
    assert response.get_json()["Name"] == "Name"
    assert client.get(f"{AREAS}/Name").get_json()["Width"] == 30


def test_an_added_area_is_cut_out_by_the_next_recognition(client: FlaskClient) -> None:
    client.post(AREAS, json=clip_area("Later", (0, 0, 20, 20)))
    answer = client.post("/api/recognitions", json=asked(Template="form")).get_json()
    assert answer["ResponseFiles"][-1]["Name"] == "scanLater.png"


def test_the_page_of_an_added_area_is_told_where_there_are_several(
    client: FlaskClient, assert_refused: Refusal
) -> None:
    client.put("/api/templates/two", data=omr({"Pages": [page(), page()]}))
    areas = "/api/templates/two/clip-areas"
    assert_refused(client.post(areas, json=clip_area("A")), 400, "invalid_request", ("page", "1 to 2"))
    assert client.post(f"{areas}?page=2", json=clip_area("A")).status_code == 201
    first, second = client.get("/api/templates/two").get_json()["Pages"]
    assert (first["Elements"], [area["Name"] for area in second["Elements"]]) == ([], ["A"])


@pytest.mark.parametrize(("method", "path"), [("POST", AREAS), ("PUT", f"{AREAS}/Name"), ("DELETE", f"{AREAS}/Name")])
def test_a_stale_editor_of_areas_is_told(
    client: FlaskClient, assert_refused: Refusal, stored: Callable[[], Json], method: str, path: str
) -> None:
    stale = client.get(AREAS).headers["ETag"]
    client.post(AREAS, json=clip_area("Meanwhile"))
    before = stored()
    response = client.open(path, method=method, json=clip_area("Mine"), headers={"If-Match": stale})
    assert_refused(response, 412, "precondition_failed", "form")
    assert stored() == before


@pytest.mark.parametrize("applications", [1, 2])
def test_areas_added_at_once_all_survive(config: Config, applications: int) -> None:
    apps: list[App] = [create_app(config) for _ in range(applications)]
    names = [f"Area {number}" for number in range(24)]

    def add(number: int) -> int:
        client = apps[number % applications].test_client()
        return client.post(AREAS, json=clip_area(names[number])).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, range(len(names)))) == [201] * len(names)
    listed = apps[0].test_client().get(AREAS).get_json()["ClipAreas"]
    assert sorted(area["Name"] for area in listed) == sorted([*names, "Name", "Signature"])


def test_of_editors_at_once_only_one_wins(app: App) -> None:
    seen = app.test_client().get(FORM).headers["ETag"]

    def replace(number: int) -> int:
        body = omr(template(Name=f"editor {number}"))
        return app.test_client().put(FORM, data=body, headers={"If-Match": seen}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(replace, range(8))) == [200] + [412] * 7
