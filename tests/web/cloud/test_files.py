"""The storage of versions 1.1 and 3.0, as their clients use it."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.limits import MEBIBYTE
from omrclip.web.app import create_app
from tests.web.auth.conftest import BLUE, RED, As
from tests.web.making import file_part, multipart

V3, V1 = "/v3.0/omr/storage", "/v1.1/storage"
BOUNDARY = "0fcb10ab3c3c59e0"
AS_MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="File"; filename="x.jpg"\r\n'
    "Content-Type: image/jpeg\r\n\r\nthe bytes\r\n"
    f"--{BOUNDARY}--\r\n"
).encode()


@pytest.fixture
def red(config: Config) -> FlaskClient:
    """A client of a server without log-in: hashing passwords for each test takes long."""
    return create_app(replace(config, accounts=None)).test_client()


def put(client: FlaskClient, path: str, data: bytes = b"the bytes") -> None:
    answer = client.put(f"{V3}/file/{quote(path)}", data=data)
    assert answer.status_code == 200, answer.text


def listed(client: FlaskClient, path: str = "") -> list[Any]:
    answer = client.get(f"{V3}/folder/{quote(path)}")
    assert answer.status_code == 200, answer.text
    return [entry["path"] for entry in answer.get_json()["value"]]


@pytest.mark.parametrize(
    "sent",
    [
        multipart(("File", file_part("other.jpg", b"the bytes"))),
        multipart(("file", file_part("other.jpg", b"the bytes"))),
        multipart(("upload", file_part("other.jpg", b"the bytes"))),
        {"data": b"the bytes", "content_type": "multipart/form-data"},
        {"data": b"the bytes", "content_type": "application/octet-stream"},
        {"data": b"the bytes", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"the bytes"},
        {"data": AS_MULTIPART, "content_type": "multipart/form-data"},
        {"data": AS_MULTIPART, "content_type": f"multipart/form-data; boundary={BOUNDARY}"},
    ],
)
@pytest.mark.parametrize("version", [V3, V1])
def test_a_file_is_stored_however_it_is_sent(red: FlaskClient, version: str, sent: dict[str, Any]) -> None:
    path = "Klasse 4/größe & mehr.jpg"
    if version == V3:
        uploaded = red.put(f"{V3}/file/{quote(path)}", **sent)
        got = red.get(f"{V3}/file/{quote(path, safe='')}")
    else:
        uploaded = red.put(f"{V1}/file", query_string={"path": path, "storage": "Mine"}, **sent)
        got = red.get(f"{V1}/file", query_string={"path": f"/{path}"})
    assert (uploaded.status_code, uploaded.get_json()) == (200, {"uploaded": ["größe & mehr.jpg"], "errors": []})
    assert (got.status_code, got.data, got.mimetype) == (200, b"the bytes", "application/octet-stream")
    assert "filename*=UTF-8''gr%C3%B6%C3%9Fe" in got.headers["Content-Disposition"]
    assert got.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["folder/", "folder", "/folder/"])
def test_a_file_sent_to_a_folder_keeps_its_name(red: FlaskClient, path: str) -> None:
    assert red.put(f"{V3}/folder/folder").status_code == 200
    sent = multipart(("File", file_part("scans/a.jpg", b"x")))
    answer = red.put(f"{V3}/file/{path}", **sent)
    assert answer.get_json() == {"uploaded": ["a.jpg"], "errors": []}
    assert listed(red, "folder") == ["folder/a.jpg"]


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ({"data": b"", "content_type": "application/octet-stream"}, "body"),
        (multipart(("File", file_part("a.jpg", b""))), "body"),
        (multipart(("File", "text")), "File"),
        (multipart(("a", file_part("a", b"x")), ("b", file_part("b", b"x"))), "File"),
    ],
)
def test_an_upload_without_a_file_is_refused(red: FlaskClient, sent: dict[str, Any], names: str) -> None:
    answer = red.put(f"{V3}/file/a.jpg", **sent)
    assert answer.status_code == 400
    assert names in answer.get_json()["error"]["message"]
    assert listed(red) == []


@pytest.mark.parametrize(
    "path", ["%2e%2e/%2e%2e/accounts.sqlite", "..%2fx", "a/../../x", ".lock", "a%5Cb", "a%00b", "%0a", "x" * 300]
)
def test_a_path_that_leads_out_is_refused(red: FlaskClient, path: str, tmp_path: Path) -> None:
    for method, address in (
        ("PUT", f"file/{path}"),
        ("GET", f"file/{path}"),
        ("DELETE", f"file/{path}"),
        ("PUT", f"folder/{path}"),
        ("GET", f"folder/{path}"),
        ("DELETE", f"folder/{path}"),
        ("GET", f"exist/{path}"),
        ("PUT", f"file/copy/x?destPath={path}"),
        ("PUT", f"file/move/{path}?destPath=x"),
    ):
        answer = red.open(f"{V3}/{address}", method=method, data=b"x" if method == "PUT" else None)
        assert answer.status_code == 400, (method, address)
        assert str(tmp_path) not in answer.text
    assert not [found for found in tmp_path.rglob("*") if found.name == "x"]


@pytest.mark.parametrize("version", [V3, V1])
def test_folders(red: FlaskClient, version: str) -> None:
    def call(method: str, what: str, path: str, **query: str) -> Any:
        if version == V3:
            return red.open(f"{V3}/{what}/{quote(path)}", method=method, query_string=query)
        return red.open(f"{V1}/{what}", method=method, query_string={"path": path, **query})

    assert call("PUT", "folder", "a/b").status_code == 200
    put(red, "a/c.jpg", b"12345")
    assert call("GET", "exist", "a").get_json() == {"exists": True, "isFolder": True}
    assert call("GET", "exist", "a/c.jpg").get_json() == {"exists": True, "isFolder": False}
    assert call("GET", "exist", "a/none").get_json() == {"exists": False, "isFolder": False}
    folder, file = call("GET", "folder", "a").get_json()["value"]
    assert folder == {"name": "b", "isFolder": True, "modifiedDate": None, "size": 0, "path": "a/b"}
    assert {key: file[key] for key in ("name", "isFolder", "size", "path")} == {
        "name": "c.jpg",
        "isFolder": False,
        "size": 5,
        "path": "a/c.jpg",
    }
    assert file["modifiedDate"].startswith("20")
    assert call("DELETE", "folder", "a").status_code == 400
    assert call("DELETE", "folder", "a", recursive="true").status_code == 200
    assert call("GET", "folder", "a").status_code == 404
    assert call("DELETE", "folder", "a").status_code == 404
    assert red.get(f"{version}/folder").get_json() == {"value": []}


def test_files_and_folders_are_copied_moved_and_deleted(red: FlaskClient) -> None:
    put(red, "a/x.jpg")
    for address in (
        "file/copy/a/x.jpg?destPath=b/y.jpg",
        "file/move/b/y.jpg?destPath=z.jpg",
        "folder/copy/a?destPath=c",
    ):
        assert red.put(f"{V3}/{address}").status_code == 200
    assert red.put(f"{V3}/folder/move/c?destPath=d").status_code == 200
    assert listed(red) == ["a", "b", "d", "z.jpg"]
    assert red.get(f"{V3}/file/d/x.jpg").data == b"the bytes"
    assert red.delete(f"{V3}/file/z.jpg").status_code == 200
    assert red.delete(f"{V3}/file/z.jpg").status_code == 404
    missing = red.put(f"{V3}/file/copy/a/x.jpg")
    assert missing.status_code == 400
    assert "destPath" in missing.get_json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "address"), [("GET", "file"), ("PUT", "file"), ("DELETE", "folder"), ("GET", "exist")]
)
def test_version_1_names_the_missing_path(red: FlaskClient, method: str, address: str) -> None:
    answer = red.open(f"{V1}/{address}", method=method)
    assert (answer.status_code, answer.get_json()["error"]["details"]["fields"][0]["path"]) == (400, "path")


@pytest.mark.parametrize("version", [V3, V1])
def test_the_size_is_told(red: FlaskClient, version: str) -> None:
    put(red, "a", b"12345")
    assert red.get(f"{version}/disc").get_json() == {"usedSize": 5, "totalSize": 10 * 2**30}


def test_the_storage_exists(red: FlaskClient) -> None:
    assert red.get(f"{V3}/First Storage/exist").get_json() == {"exists": True}


def test_files_beyond_the_quota_are_refused(config: Config) -> None:
    client = create_app(replace(config, accounts=None, cloud_file_bytes=MEBIBYTE)).test_client()
    put(client, "a", bytes(900_000))
    answer = client.put(f"{V3}/file/b", data=bytes(900_000))
    assert answer.status_code == 507
    assert "OMRCLIP_CLOUD_FILE_BYTES" in answer.get_json()["error"]["message"]


def test_clients_do_not_see_each_other(acting: As, tmp_path: Path) -> None:
    red, blue = acting(RED), acting(BLUE)
    put(red, "a/x.jpg", b"red's bytes")
    put(blue, "mine.jpg", b"blue")
    assert blue.get(f"{V3}/exist/a").get_json() == {"exists": False, "isFolder": False}
    for method, address in (
        ("GET", "file/a/x.jpg"),
        ("DELETE", "file/a/x.jpg"),
        ("GET", "folder/a"),
        ("DELETE", "folder/a?recursive=true"),
        ("PUT", "file/copy/a/x.jpg?destPath=y"),
        ("PUT", "file/move/a/x.jpg?destPath=y"),
    ):
        assert blue.open(f"{V3}/{address}", method=method).status_code == 404, address
    put(blue, "a/x.jpg", b"blue's")
    assert red.get(f"{V3}/file/a/x.jpg").data == b"red's bytes"
    assert blue.get(f"{V3}/disc").get_json()["usedSize"] == 10
    assert red.delete(f"{V3}/file/a/x.jpg").status_code == 200
    assert [file for file in tmp_path.rglob("*") if file.is_file() and b"red's bytes" in file.read_bytes()] == []
