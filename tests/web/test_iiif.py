"""Image URIs: identifiers, headers, and that parameters reach the pixels. The grammar has tests of its own."""

from collections.abc import Callable
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from omrclip.config import Config
from omrclip.web.app import App, create_app
from tests.web.making import cut, decoded, encoded, grid

Refusal = Callable[..., None]

# Image API 2.1, section 9: how identifiers stand in a path.
ENCODED = {
    "id1": "id1",
    "bb157hs6068": "bb157hs6068",
    "ark:/12025/654xz321": "ark:%2F12025%2F654xz321",
    "urn:foo:a123,456": "urn:foo:a123,456",
    "urn:sici:1046-8188(199501)13:1%3C69:FTTHBI%3E2.0.TX;2-4": (
        "urn:sici:1046-8188(199501)13:1%253C69:FTTHBI%253E2.0.TX;2-4"
    ),
    "a?b#c.png": "a%3Fb%23c.png",
    "100%.png": "100%25.png",
    "a%2Fb.png": "a%252Fb.png",
    "[a] b.png": "%5Ba%5D%20b.png",
    "ünï/名前.png": "%C3%BCn%C3%AF%2F%E5%90%8D%E5%89%8D.png",
    "full/0,0,1,1/full/0/default.png": "full%2F0,0,1,1%2Ffull%2F0%2Fdefault.png",
}


def put(client: FlaskClient, identifier: str, salt: int) -> None:
    response = client.put(f"/api/images/{quote(identifier)}", data=encoded(grid(salt=salt)))
    assert response.status_code == 201, response.text


@pytest.mark.parametrize("identifier", ENCODED)
def test_percent_encoded_identifiers_lead_to_their_image(client: FlaskClient, identifier: str) -> None:
    put(client, identifier, salt=33)
    base = f"http://localhost/iiif/2/{ENCODED[identifier]}"
    info = client.get(f"{base}/info.json")
    assert info.status_code == 200, info.text
    assert info.get_json()["@id"] == base
    clip = client.get(f"{base}/0,10,100,90/full/0/default.png")
    assert np.array_equal(decoded(clip.data), cut(grid(salt=33), (0, 10, 100, 90)))
    assert clip.headers["Link"].startswith(f'<{base}/0,10,100,90/full/0/default.png>;rel="canonical"')


def test_every_special_sign_may_be_encoded(client: FlaskClient) -> None:
    put(client, "urn:a@b", salt=1)
    for path in ("urn:a@b", "urn%3Aa%40b", "urn%3aa%40b"):
        assert client.get(f"/iiif/2/{path}/info.json").status_code == 200


def test_two_slashes_in_a_row_stay_two(client: FlaskClient, assert_refused: Refusal) -> None:
    for identifier in ("http:%2F%2Fexample.com%2F%3F54%23a", "http://example.com/%3F54%23a"):
        for rest in ("/full/full/0/default.png", "/info.json"):
            response = client.get(f"/iiif/2/{identifier}{rest}")
            assert_refused(response, 404, "", "http://example.com/?54#a")


def test_an_identifier_is_decoded_once(client: FlaskClient, assert_refused: Refusal) -> None:
    put(client, "a%2Fb.png", salt=5)
    assert client.get("/iiif/2/a%252Fb.png/info.json").status_code == 200
    assert_refused(client.get("/iiif/2/a%2Fb.png/info.json"), 404, "", "a/b.png")


def test_the_base_uri_leads_to_the_information(client: FlaskClient) -> None:
    response = client.get("/iiif/2/grid.png")
    assert (response.status_code, response.headers["Location"]) == (303, "http://localhost/iiif/2/grid.png/info.json")
    assert response.data == b""
    assert client.get("/iiif/2/grid.png", follow_redirects=True).get_json()["width"] == 300


def test_the_information_says_what_is_served(client: FlaskClient) -> None:
    info = client.get("/iiif/2/grid.png/info.json")
    assert info.mimetype == "application/json"
    described = info.get_json()
    assert described["@context"] == "http://iiif.io/api/image/2/context.json"
    assert described["protocol"] == "http://iiif.io/api/image"
    assert (described["width"], described["height"]) == (300, 200)
    assert described["profile"][0] == "http://iiif.io/api/image/2/level2.json"
    formats = {"jpg", "png", *described["profile"][1]["formats"]}
    for extension in sorted(formats):
        picture = client.get(f"/iiif/2/grid.png/full/50,/0/default.{extension}")
        assert picture.status_code == 200, extension
        assert picture.mimetype == "application/pdf" if extension == "pdf" else picture.mimetype.startswith("image/")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/ld+json", "application/ld+json"),
        ("application/ld+json, application/json;q=0.5", "application/ld+json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/ld+json;q=0.5, application/json", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_json_ld_is_given_to_who_prefers_it(client: FlaskClient, accept: str, media_type: str) -> None:
    response = client.get("/iiif/2/grid.png/info.json", headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(
    "path",
    ["grid.png/full/full/0/default.png", "grid.png/info.json", "grid.png", "none/info.json", "grid.png/full/0,/0/x.y"],
)
def test_every_answer_may_be_read_from_any_site(client: FlaskClient, path: str) -> None:
    response = client.get(f"/iiif/2/{path}", headers={"Origin": "https://viewer.example"})
    assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]


CANONICAL = {
    "full/full/0/default.png": "full/full/0/default.png",
    "0,0,300,200/max/360/color.png": "full/full/0/default.png",
    "pct:50,50,50,50/pct:50/!0.0/gray.jpg": "150,100,150,100/75,/!0/gray.jpg",
    "280,190,200,200/full/0/default.png": "280,190,20,10/full/0/default.png",
    "square/,50/90/bitonal.png": "50,0,200,200/50,/90/bitonal.png",
    "full/!150,150/22.50/default.png": "full/150,/22.5/default.png",
    "full/30,40/0/default.webp": "full/30,40/0/default.webp",
}


@pytest.mark.parametrize("asked", CANONICAL)
def test_links_tell_the_canonical_uri_and_the_profile(client: FlaskClient, asked: str) -> None:
    response = client.get(f"/iiif/2/grid.png/{asked}")
    canonical = f"http://localhost/iiif/2/grid.png/{CANONICAL[asked]}"
    link = response.headers["Link"]
    assert link == f'<{canonical}>;rel="canonical", <http://iiif.io/api/image/2/level2.json>;rel="profile"'
    assert client.get(canonical).data == response.data


def test_parameters_reach_the_pixels_in_their_order(client: FlaskClient) -> None:
    def shown(parameters: str) -> np.ndarray:
        return decoded(client.get(f"/iiif/2/grid.png/{parameters}.png").data)

    area = cut(grid(), (20, 40, 100, 60))
    assert np.array_equal(shown("20,40,100,60/full/0/default"), area)
    assert np.array_equal(shown("20,40,100,60/full/90/default"), np.rot90(area, -1))
    assert np.array_equal(shown("20,40,100,60/full/!90/default"), np.rot90(area[:, ::-1], -1))
    tenth = shown("20,40,100,60/10,/0/default")
    assert tenth.shape == (6, 10, 3)
    assert np.abs(tenth.astype(int) - area[5::10, 5::10]).max() <= 20, "each pixel shows one square"
    black_and_white = shown("20,40,100,60/full/0/bitonal")
    assert set(np.unique(black_and_white)) <= {0, 255}


def test_uris_bear_the_public_address_where_one_is_set(config: Config) -> None:
    from dataclasses import replace

    client = create_app(replace(config, public_url="https://forms.example/base")).test_client()
    base = "https://forms.example/base/iiif/2/grid.png"
    assert client.get("/iiif/2/grid.png/info.json").get_json()["@id"] == base
    assert client.get("/iiif/2/grid.png").headers["Location"] == f"{base}/info.json"
    assert f"<{base}/full/full/0/default.png>" in client.get("/iiif/2/grid.png/full/full/0/default.png").headers["Link"]
    assert client.get("/api/images").get_json()["Images"][0]["Uri"] == base


_SEGMENTS = st.sampled_from(
    [
        "grid.png",
        "full",
        "0,0,9,9",
        "pct:1,1,5,5",
        "default.png",
        "info.json",
        "..",
        ".",
        "%2F",
        "%00",
        "%",
        "!0",
        "9,",
        "",
    ]
)
_PATHS = st.lists(_SEGMENTS | st.text(max_size=8).map(lambda text: quote(text)), max_size=7).map("/".join)


@pytest.fixture(scope="module")
def module_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("images")
    (folder / "grid.png").write_bytes(encoded(grid()))
    app: App = create_app(Config(images=str(folder), templates=str(folder)))
    return app.test_client()


@settings(max_examples=200)
@given(path=_PATHS)
@example(path="grid.png/full/full/0/default.png")
@example(path="%ED%A0%80/info.json")
def test_any_path_is_answered_or_refused(module_client: FlaskClient, path: str) -> None:
    response = module_client.get(f"/iiif/2/{path}")
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.mimetype == "text/plain"
        assert response.text.endswith("\n")
