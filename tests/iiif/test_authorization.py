"""The documents of the Authorization Flow API 2.0 have the properties that its tables require."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from omrclip.iiif.authorization import CONTEXT, Service, TokenError, access_token, probe_result, token_error
from omrclip.iiif.info import info2, info3
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits

SERVICE = Service("https://omr.example/iiif/auth", "omr.example")


def is_language_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, list) and text for text in value.values()) and "en" in value


def test_the_services_are_nested_as_sections_2_to_5_say() -> None:
    probe: Any = json.loads(json.dumps(SERVICE.probe("a%2Fb.png")))
    assert (probe["type"], probe["id"]) == ("AuthProbeService2", "https://omr.example/iiif/auth/probe/a%2Fb.png")
    assert probe["profile"] == "https://iiif.io/api/auth/2.0/", "Mirador 4.0 needs one, and takes others for version 1"
    (access,) = probe["service"]
    assert (access["type"], access["profile"]) == ("AuthAccessService2", "active")
    assert all(is_language_map(access[key]) for key in ("label", "heading", "note", "confirmLabel"))
    assert "omr.example" in access["label"]["en"][0], "section 3.3.1.1: the label names the institution"
    kinds = [service["type"] for service in access["service"]]
    assert kinds == ["AuthAccessTokenService2", "AuthLogoutService2"]
    for described in (probe, access["service"][0]):
        assert is_language_map(described["errorHeading"])
        assert is_language_map(described["errorNote"])
    assert is_language_map(access["service"][1]["label"])
    assert "@context" not in json.dumps(probe), "section 2.1: the context is that of the whole document"


def test_messages_with_tokens_and_errors() -> None:
    assert access_token("secret", "m1", 300) == {
        "@context": CONTEXT,
        "type": "AuthAccessToken2",
        "messageId": "m1",
        "accessToken": "secret",
        "expiresIn": 300,
    }
    for error in TokenError:
        told: Any = json.loads(json.dumps(token_error(error, "m1")))
        assert (told["type"], told["profile"], told["messageId"]) == ("AuthAccessTokenError2", error.value, "m1")
        assert is_language_map(told["heading"])
        assert is_language_map(told["note"])


@pytest.mark.parametrize("status", [HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND])
def test_results_of_a_probe(status: HTTPStatus) -> None:
    told: Any = json.loads(json.dumps(probe_result(status)))
    assert (told["@context"], told["type"], told["status"]) == (CONTEXT, "AuthProbeResult2", int(status))
    assert ("heading" in told) is ("note" in told) is (status >= 400)
    assert "location" not in told


def test_only_a_redirect_has_a_location() -> None:
    location: dict[str, object] = {"id": "https://omr.example/x.jpg", "type": "Image"}
    assert probe_result(HTTPStatus.FOUND, location)["location"] == location


def test_info_json_has_the_probe_service_beside_that_for_the_dimensions() -> None:
    probe, size = SERVICE.probe("a.png"), Dimensions(100, 50)
    both: Any = info3("https://omr.example/x", size, Limits(), density=(300.0, 300.0), probe=probe)
    assert both["@context"] == [CONTEXT, "http://iiif.io/api/image/3/context.json"]
    assert [service.get("type", service.get("@type")) for service in both["service"]] == [
        "Service",
        "AuthProbeService2",
    ]
    second: Any = info2("https://omr.example/x", size, Limits(), density=(300.0, 300.0), probe=probe)
    assert second["@context"] == "http://iiif.io/api/image/2/context.json"
    assert [service["@context"] for service in second["service"]][1] == CONTEXT
    alone: Any = info2("https://omr.example/x", size, Limits(), probe=probe)
    assert alone["service"] == {"@context": CONTEXT, **probe}
