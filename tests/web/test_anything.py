"""Whatever is sent, it is answered, or refused in the one shape."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from omrclip.config import Config
from omrclip.limits import Limits
from omrclip.web.app import create_app
from tests.web.making import asked, clip_area, encoded, grid, image, omr, page, template

KEYS = [
    "Template",
    "TemplateImage",
    "Images",
    "Options",
    "Name",
    "Data",
    "Pages",
    "ClipFormat",
    "Elements",
    "Type",
    "x",
]
SMALL = image("s.png", encoded(grid(30, 20)))
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["form", "form.omr", "../form", "aGVsbG8=", "png", "ClipArea", SMALL["Data"]])
)
any_json = st.recursive(
    _leaves | st.just(SMALL) | st.just([SMALL]) | st.just(template()) | st.just(page(clip_area("A"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner),
    max_leaves=12,
)
almost_good = st.fixed_dictionaries(
    {}, optional={"Template": any_json, "Images": any_json, "Options": any_json, "TemplateImage": any_json}
).map(lambda changes: asked(**{"Images": [SMALL], **changes}))
often = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("stores")
    (folder / "form.omr").write_bytes(omr(template()))
    limits = Limits(max_body_bytes=1_000_000, max_images=3, max_image_pixels=100_000, max_output_pixels=100_000)
    return create_app(Config(images=str(folder), templates=str(folder), limits=limits)).test_client()


def assert_answered(response: TestResponse) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        error = response.get_json()["error"]
        assert sorted(error) == ["code", "details", "message", "request_id"]
        assert error["message"]


def posted(client: FlaskClient, body: bytes, content_type: str = "application/json") -> TestResponse:
    return client.post("/api/recognitions", data=body, content_type=content_type)


@often
@given(body=st.binary(max_size=200))
@example(body=b"")
@example(body=b"[" * 100_000)
@example(body=b"1" * 10_000)
@example(body=b"1e999")
@example(body=b"\xff\xfe{\x00}\x00")
def test_any_bytes_as_json(client: FlaskClient, body: bytes) -> None:
    assert_answered(posted(client, body))


@often
@given(value=any_json | almost_good)
@example(value=asked(Template="nothing is stored under this name"))
@example(value=asked(Template="\x00"))
@example(value=asked(Template="ä" * 300))
@example(value=asked(Options={"Pages": {"scan.png": 10**400}}))
def test_any_json_value(client: FlaskClient, value: Any) -> None:
    assert_answered(posted(client, json.dumps(value).encode()))


@often
@given(body=st.binary(max_size=200))
@example(body=b'--x\r\nContent-Disposition: form-data; name="Template"\r\n\r\n\xff\xfe\r\n--x--\r\n')
@example(body=b'--x\r\nContent-Disposition: form-data; name="Images"; filename=""\r\n\r\n\r\n--x--\r\n')
def test_any_bytes_as_multipart(client: FlaskClient, body: bytes) -> None:
    assert_answered(posted(client, body, "multipart/form-data; boundary=x"))
    assert_answered(posted(client, body, "multipart/form-data"))


@often
@given(value=any_json)
@example(value={"Name": "A", "Left": 1e308, "Top": 0, "Width": 1e308, "Height": 1})
def test_any_json_value_as_a_clip_area(client: FlaskClient, value: Any) -> None:
    body = json.dumps(value).encode()
    assert_answered(client.post("/api/templates/form/clip-areas", data=body, content_type="application/json"))
    assert_answered(client.put("/api/templates/other", data=body, headers={"If-Match": "*"}))
    assert_answered(client.put("/api/images/other.png", data=body, headers={"If-Match": "*"}))


@often
@given(name=st.text(min_size=1, max_size=30), method=st.sampled_from(["GET", "DELETE", "PUT"]))
def test_any_name_in_the_stores(client: FlaskClient, name: str, method: str) -> None:
    from urllib.parse import quote

    encoded_name = quote(name, safe="", errors="replace")
    if name.removesuffix(".omr") in {"form", "form.omr"}:
        return
    for address in ("templates", "images"):
        assert_answered(client.open(f"/api/{address}/{encoded_name}", method=method, data=b"hello"))
