"""Bad requests: each is refused in the one shape, names what is wrong, and harms nothing."""

import tracemalloc
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.web import bad_addresses, bad_recognitions
from tests.web.bad_recognitions import Bad
from tests.web.making import asked, image, lying_png

Refusal = Callable[..., None]

RECOGNITIONS = [
    *bad_recognitions.BODIES,
    *bad_recognitions.KEYS,
    *bad_recognitions.IMAGES,
    *bad_recognitions.TEMPLATES,
    *bad_recognitions.MULTIPART,
]
ADDRESSES = [*bad_addresses.ROUTES, *bad_addresses.TEMPLATES, *bad_addresses.CLIP_AREAS, *bad_addresses.IMAGES]


@pytest.mark.parametrize("bad", [pytest.param(row, id=row.name) for row in RECOGNITIONS])
def test_a_bad_recognition_is_refused(client: FlaskClient, assert_refused: Refusal, bad: Bad) -> None:
    assert_refused(client.open(bad.path, **bad.arguments()), bad.status, bad.code, bad.names)


@pytest.mark.parametrize("bad", [pytest.param(row, id=row.name) for row in ADDRESSES])
def test_a_bad_request_elsewhere_is_refused(client: FlaskClient, assert_refused: Refusal, bad: Bad) -> None:
    assert_refused(client.open(bad.path, **bad.arguments()), bad.status, bad.code, bad.names)


@pytest.mark.parametrize(("path", "status", "names"), bad_addresses.IIIF, ids=[row[0] for row in bad_addresses.IIIF])
def test_a_bad_image_request_is_refused_as_plain_text(
    client: FlaskClient, assert_refused: Refusal, path: str, status: int, names: str
) -> None:
    assert_refused(client.get(path), status, "", names)


@pytest.mark.parametrize("bad", [pytest.param(row, id=row.name) for row in bad_addresses.TEMPLATES])
def test_a_refused_change_leaves_the_store_as_it_was(client: FlaskClient, bad: Bad) -> None:
    before = client.get("/api/templates").data, client.get("/api/templates/form").data
    client.open(bad.path, **bad.arguments())
    assert (client.get("/api/templates").data, client.get("/api/templates/form").data) == before


def test_the_table_is_long_enough() -> None:
    names = [row.name for row in [*RECOGNITIONS, *ADDRESSES]] + [row[0] for row in bad_addresses.IIIF]
    assert len(set(names)) == len(names) >= 50


def test_an_image_whose_header_is_too_large_is_never_decoded(
    client: FlaskClient, assert_refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object, **__: object) -> None:
        raise AssertionError("it was decoded")

    huge = lying_png(30_000, 40_000)
    with monkeypatch.context() as patch:
        patch.setattr("omrclip.omr.recognition.decode", decode)
        patch.setattr("omrclip.imaging.source.decode", decode)
        tracemalloc.start()
        refused = [
            client.post("/api/recognitions", json=asked(Images=[image("huge.png", huge)])),
            client.put("/api/images/huge.png", data=huge),
        ]
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 50_000_000, "1.2 billion pixels were not allocated"
    for response in refused:
        assert_refused(response, 413, "limit_exceeded", "max_image_pixels")


def test_a_body_that_is_too_large_is_refused_by_its_announced_length(
    client: FlaskClient, assert_refused: Refusal
) -> None:
    for method, path in [("POST", "/api/recognitions"), ("PUT", "/api/images/a.png"), ("PUT", "/api/templates/a")]:
        response = client.open(
            path,
            method=method,
            data=b"{}",
            content_type="application/json",
            environ_overrides={"CONTENT_LENGTH": "9999999"},
        )
        assert_refused(response, 413, "limit_exceeded", ("max_body_bytes", "1,000,000"))
