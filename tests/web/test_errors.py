"""From exceptions to answers: every class has a status, every answer one shape, and none tells too much."""

import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from omrclip import errors
from omrclip.config import Config
from omrclip.web.app import App, create_app
from omrclip.web.errors import STATUS, status_of
from tests.web.making import asked

EXPECTED = {
    errors.InvalidRequest: 400,
    errors.InvalidParameter: 400,
    errors.NameConflict: 422,
    errors.InvalidTemplate: 422,
    errors.InvalidMarkup: 422,
    errors.UnsupportedImage: 415,
    errors.CorruptImage: 422,
    errors.LimitExceeded: 413,
    errors.RegistrationFailed: 422,
    errors.NotFound: 404,
    errors.PreconditionFailed: 412,
    errors.PreconditionRequired: 428,
    errors.ServerBusy: 503,
    errors.ConfigurationError: 500,
}
SECRET = "/srv/private/sheets of Anna"


def classes(base: type[errors.OmrclipError]) -> Iterator[type[errors.OmrclipError]]:
    yield base
    for cls in base.__subclasses__():
        yield from classes(cls)


OWN = [cls for cls in classes(errors.OmrclipError) if cls.__module__ == errors.__name__]


def made(cls: type[errors.OmrclipError]) -> errors.OmrclipError:
    if cls is errors.InvalidTemplate:
        return errors.InvalidTemplate([errors.Problem("$.Pages", "a list, not null")])
    if cls is errors.InvalidMarkup:
        return errors.InvalidMarkup([errors.Problem("line 2, column 1", "Write ?text=.")])
    if cls is errors.ServerBusy:
        return errors.ServerBusy("it went wrong", retry_after=7)
    return cls("it went wrong", field="the field")


@pytest.mark.parametrize("cls", OWN)
def test_every_exception_has_a_status_and_a_code_of_its_own(cls: type[errors.OmrclipError]) -> None:
    assert cls in STATUS
    assert status_of(made(cls)) == EXPECTED.get(cls, STATUS[cls])
    assert [other for other in OWN if other.code == cls.code] == [cls]
    assert cls.code.replace("_", "").isalpha()
    assert cls.code.islower()


def test_a_class_without_a_row_of_its_own_takes_the_nearest_above() -> None:
    class Stale(errors.PreconditionRequired):
        pass

    assert status_of(Stale("x")) == 428


@pytest.fixture
def raising(config: Config):
    """A client of an application with views that raise what they are told to."""

    def client_of(error: BaseException) -> FlaskClient:
        app: App = create_app(config)

        def view() -> str:
            raise error

        app.add_url_rule("/raise", "raise", view)
        app.add_url_rule("/iiif/raise", "raise_iiif", view)
        return app.test_client()

    return client_of


@pytest.mark.parametrize("cls", OWN)
def test_every_exception_is_answered_in_the_one_shape(raising, cls: type[errors.OmrclipError]) -> None:
    error = made(cls)
    response = raising(error).get("/raise")
    assert response.status_code == status_of(error)
    assert response.get_json() == {
        "error": {
            "code": cls.code,
            "message": error.message,
            "details": error.details,
            "request_id": response.headers["X-Request-Id"],
        },
    }
    text = raising(error).get("/iiif/raise")
    assert (text.status_code, text.mimetype, text.text) == (status_of(error), "text/plain", error.message + "\n")
    for answer in (response, text):
        assert answer.headers.get("Retry-After") == ("7" if cls is errors.ServerBusy else None)


@pytest.mark.parametrize("testing", [False, True])
@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), OSError(2, "No such file", SECRET), KeyError(SECRET), MemoryError()]
)
def test_the_unforeseen_is_logged_and_told_to_nobody(
    raising, error: Exception, testing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    client = raising(error)
    client.application.config["TESTING"] = testing
    with caplog.at_level(logging.ERROR):
        response = client.get("/raise")
        text = client.get("/iiif/raise")
    assert response.status_code == text.status_code == 500
    told = response.get_json()["error"]
    assert told["code"] == "internal_error"
    assert text.mimetype == "text/plain"
    for answer in (response, text):
        assert SECRET not in answer.text
        assert type(error).__name__ not in answer.text
    logged = caplog.records[0].getMessage()
    assert told["details"]["reference"] in told["message"]
    assert told["details"]["reference"] in logged
    assert type(error).__name__ in logged
    assert "in raising_view" in logged or "line" in logged
    assert SECRET not in caplog.text, "it may be the name of a person or a file"
    assert client.post("/api/recognitions", json=asked()).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "application/zip", "application/x-ndjson"])
def test_an_unforeseen_failure_inside_a_recognition_is_that_of_its_scan(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, accept: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    with monkeypatch.context() as patch:
        patch.setattr("omrclip.omr.page_choice.register", fail)
        response = client.post("/api/recognitions", json=asked(), headers={"Accept": accept})
    assert response.status_code == 200
    assert b"internal_error" in response.data
    assert SECRET.encode() not in response.data
    assert SECRET not in caplog.text
    assert "Internal error" in caplog.text
    assert client.post("/api/recognitions", json=asked()).status_code == 200


def test_a_wrong_method_tells_the_right_ones(client: FlaskClient) -> None:
    response = client.get("/api/recognitions")
    assert "POST" in response.headers["Allow"]


def test_health_says_the_version_and_touches_no_store(config: Config) -> None:
    from dataclasses import replace

    from omrclip import __version__

    client = create_app(replace(config, templates="nowhere/at/all", images="nowhere/at/all")).test_client()
    response = client.get("/health")
    told = response.get_json()
    assert (response.status_code, told["status"], told["version"]) == (200, "ok", __version__)
    assert sorted(told["caches"]) == ["derivatives", "files", "pixels"]
    for counts in told["caches"].values():
        assert counts.pop("max_bytes") > 0
        assert counts == {"hits": 0, "misses": 0, "entries": 0, "bytes": 0}
