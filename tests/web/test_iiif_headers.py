"""What surrounds images and their information: media types, other sites, file names, and the address in URIs."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web.app import create_app
from tests.web.making import encoded, grid

VERSIONS = [2, 3]
PLAIN, LINKED = "application/json", "application/ld+json"
IMAGE = "grid.png/full/50,/0/default.png"

NEGOTIATED = [
    (None, PLAIN, LINKED),
    ("*/*", PLAIN, LINKED),
    (LINKED, LINKED, LINKED),
    (PLAIN, PLAIN, PLAIN),
    (f"{LINKED}, {PLAIN};q=0.5", LINKED, LINKED),
    (f"{LINKED};q=0.5, {PLAIN}", PLAIN, PLAIN),
    (f"{PLAIN}, */*;q=0.1", PLAIN, PLAIN),
    (f'{LINKED};profile="http://iiif.io/api/image/3/context.json"', LINKED, LINKED),
    ("text/html", PLAIN, LINKED),
    ("nonsense", PLAIN, LINKED),
]


@pytest.mark.parametrize(("accept", "two", "three"), NEGOTIATED)
def test_the_information_is_linked_data_for_who_prefers_it(
    client: FlaskClient, accept: str | None, two: str, three: str
) -> None:
    for version, media_type in ((2, two), (3, three)):
        headers = {} if accept is None else {"Accept": accept}
        for _ in range(2):  # the second answer may be a known one
            response = client.get(f"/iiif/{version}/grid.png/info.json", headers=headers)
            assert (response.status_code, response.mimetype) == (200, media_type)
            assert "Accept" in response.headers["Vary"]
            context = f"http://iiif.io/api/image/{version}/context.json"
            profile = response.mimetype_params.get("profile")
            assert profile == (context if media_type == LINKED else None)
            assert response.get_json(force=True)["@context"] == context


def test_each_media_type_has_an_entity_tag_of_its_own(client: FlaskClient) -> None:
    tags = {
        client.get(f"/iiif/{version}/grid.png/info.json", headers={"Accept": media_type}).headers["ETag"]
        for version in VERSIONS
        for media_type in (PLAIN, LINKED)
    }
    assert len(tags) == 4


ANSWERED = {
    IMAGE: 200,
    "grid.png/info.json": 200,
    "grid.png": 303,
    "none.png/info.json": 404,
    "none.png": 404,
    "grid.png/full/0,/0/x.y": 400,
    "grid.png/full/max/0": 404,
    "": 404,
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", ANSWERED)
def test_every_answer_may_be_read_from_any_site(client: FlaskClient, version: int, path: str) -> None:
    for method in ("GET", "GET", "HEAD"):
        response = client.open(f"/iiif/{version}/{path}", method=method, headers={"Origin": "https://viewer.example"})
        assert response.status_code == ANSWERED[path]
        assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]
        exposed = response.headers.get("Access-Control-Expose-Headers", "")
        assert path == "" or {"ETag", "Link", "Last-Modified"} <= {name.strip() for name in exposed.split(",")}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", [IMAGE, "grid.png/info.json", "none.png/info.json"])
def test_a_browser_that_asks_first_is_told_what_it_may_do(client: FlaskClient, version: int, path: str) -> None:
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    response = client.options(f"/iiif/{version}/{path}", headers={"Origin": "https://viewer.example", **asks})
    assert response.status_code in {200, 204}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "HEAD"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))
    assert "if-none-match" in response.headers["Access-Control-Allow-Headers"].lower()
    assert not response.data


def test_other_addresses_stay_with_this_site(client: FlaskClient) -> None:
    for path in ("/health", "/api/images", "/api/templates", "/api/images/grid.png"):
        assert "Access-Control-Allow-Origin" not in client.get(path).headers


NAMES = [
    ("grid.png", "full/max/0/default.jpg", "grid.jpg"),
    ("grid.png", "12,18,90,40/max/0/default.png", "grid_12,18,90,40.png"),
    ("grid.png", "square/50,/0/gray.webp", "grid_50,0,200,200.webp"),
    ("grid.png", "280,190,99,99/max/0/default.pdf", "grid_280,190,20,10.pdf"),
    ("forms/page 1.v2.tif", "full/max/90/default.tif", "page 1.v2.tif"),
    ("ünï/名前.png", "full/max/0/default.gif", "名前.gif"),
    ("quo\"te;='.png", "full/max/0/default.jp2", "quo\"te;='.jp2"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("identifier", "parameters", "name"), NAMES)
def test_a_download_has_a_telling_file_name(
    client: FlaskClient, config: Config, version: int, identifier: str, parameters: str, name: str
) -> None:
    path = Path(config.images) / identifier
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encoded(grid()))
    size = parameters.replace("max", "full") if version == 2 else parameters
    address = f"/iiif/{version}/{quote(identifier, safe='')}/{size}"
    for query in ("?download", "?download=1"):
        disposition = client.get(address + query).headers["Content-Disposition"]
        assert disposition.startswith("attachment")
        assert file_name_in(disposition) == name
    disposition = client.get(address).headers["Content-Disposition"]
    assert disposition.startswith("inline")
    assert file_name_in(disposition) == name


@pytest.mark.parametrize("version", VERSIONS)
def test_plain_json_names_its_context_in_a_link(client: FlaskClient, version: int) -> None:
    """Image API 3.0, section 5.1, and 2.1, section 5."""
    address = f"/iiif/{version}/grid.png/info.json"
    plain, linked = (client.get(address, headers={"Accept": accepted}).headers for accepted in (PLAIN, LINKED))
    context = f"http://iiif.io/api/image/{version}/context.json"
    relation = "http://www.w3.org/ns/json-ld#context"
    assert plain["Link"] == f'<{context}>;rel="{relation}";type="application/ld+json"'
    assert "Link" not in linked


def file_name_in(disposition: str) -> str:
    from werkzeug.http import parse_options_header

    return parse_options_header(disposition)[1]["filename"]


FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "forms.example",
    "X-Forwarded-Prefix": "/omr",
}
HOSTS = {"allowed_hosts": ("other.example", "forms.example")}
BEHIND = {**HOSTS, "trusted_proxies": 1}
ADDRESSES = [
    ({}, {}, "http://localhost"),
    ({"Host": "other.example:8080"}, HOSTS, "http://other.example:8080"),
    (FORWARDED, BEHIND, "https://forms.example/omr"),
    ({**FORWARDED, "X-Forwarded-Port": "8443"}, BEHIND, "https://forms.example:8443/omr"),
    ({"X-Forwarded-Proto": "https"}, BEHIND, "https://localhost"),
    ({"X-Forwarded-Host": "evil.example, forms.example"}, BEHIND, "http://forms.example"),
    ({"X-Forwarded-Host": "forms.example, inner"}, {**HOSTS, "trusted_proxies": 2}, "http://forms.example"),
    (FORWARDED, HOSTS, "http://localhost"),
    (FORWARDED, {"public_url": "https://public.example/base"}, "https://public.example/base"),
    ({}, {"public_url": "https://public.example"}, "https://public.example"),
]


@pytest.mark.parametrize(("headers", "changes", "base"), ADDRESSES)
def test_uris_bear_the_address_under_which_clients_reach_the_service(
    config: Config, headers: dict[str, str], changes: dict[str, object], base: str
) -> None:
    client = create_app(replace(config, **changes)).test_client()  # type: ignore[arg-type]
    client.get("/iiif/3/grid.png/info.json")  # what was answered to others does not matter
    client.get(f"/iiif/3/{IMAGE}")
    for version, key in ((2, "@id"), (3, "id")):
        uri = f"{base}/iiif/{version}/grid.png"
        for _ in range(2):
            assert client.get(f"/iiif/{version}/grid.png/info.json", headers=headers).get_json(force=True)[key] == uri
            assert f"<{uri}/" in client.get(f"/iiif/{version}/{IMAGE}", headers=headers).headers["Link"]
        assert client.get(f"/iiif/{version}/grid.png", headers=headers).headers["Location"] == f"{uri}/info.json"
    assert client.get("/api/images", headers=headers).get_json()["Images"][0]["Uri"] == f"{base}/iiif/2/grid.png"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ('application/ld+json;profile="a", application/ld+json;profile="b";q=0.1, application/json;q=0.5', "ld+json"),
        ("application/ld+json;q=0.1, application/json;q=0.5", "json"),
        ("application/*", "ld+json"),
        ("text/html", "ld+json"),
    ],
)
def test_a_type_named_twice_counts_as_it_is_wanted_most(client: FlaskClient, accept: str, expected: str) -> None:
    response = client.get("/iiif/3/grid.png/info.json", headers={"Accept": accept})
    assert response.mimetype == f"application/{expected}"
