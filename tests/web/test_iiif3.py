"""The Image API 3.0 beside 2.x: what is the same under both prefixes, and what is not."""

from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from omrclip.config import Config
from omrclip.limits import Limits
from omrclip.web.app import create_app
from tests.web.conftest import Refusal
from tests.web.making import cut, decoded, encoded, grid

VERSIONS = [2, 3]
GRID = "http://localhost/iiif/3/grid.png"


def test_the_information_is_that_of_version_3(client: FlaskClient) -> None:
    info = client.get("/iiif/3/grid.png/info.json").get_json()
    assert list(info)[:8] == ["@context", "id", "type", "protocol", "profile", "width", "height", "maxArea"]
    assert (info["id"], info["type"], info["profile"]) == (GRID, "ImageService3", "level2")
    assert info["@context"] == "http://iiif.io/api/image/3/context.json"
    assert (info["width"], info["height"], info["maxArea"]) == (300, 200, 1_000_000)
    assert not {"@id", "@type"} & info.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_sizes_and_tiles_are_what_they_say(client: FlaskClient, version: int) -> None:
    client.put("/api/images/large.png", data=encoded(grid(901, 667)))
    base = f"/iiif/{version}/large.png"
    info = client.get(f"{base}/info.json").get_json()
    assert info["sizes"] == [{"width": 451, "height": 334}, {"width": 901, "height": 667}]
    assert info["tiles"] == [{"width": 512, "height": 512, "scaleFactors": [1, 2]}]
    asked = {f"full/{size['width']},{size['height']}": size for size in info["sizes"]}
    asked["512,512,389,155/389,155"] = {"width": 389, "height": 155}
    asked["0,0,901,667/451,"] = {"width": 451, "height": 334}
    for parameters, size in asked.items():
        shown = decoded(client.get(f"{base}/{parameters}/0/default.png").data)
        assert shown.shape == (size["height"], size["width"], 3), parameters


@pytest.mark.parametrize("version", VERSIONS)
def test_the_base_uri_leads_to_the_information(client: FlaskClient, assert_refused: Refusal, version: int) -> None:
    response = client.get(f"/iiif/{version}/grid.png")
    location = f"http://localhost/iiif/{version}/grid.png/info.json"
    assert (response.status_code, response.headers["Location"]) == (303, location)
    assert_refused(client.get(f"/iiif/{version}/none.png"), 404, "", "none.png")


IDENTIFIERS = {
    "ark:/12025/654xz321": "ark:%2F12025%2F654xz321",
    "a?b#c.png": "a%3Fb%23c.png",
    "100%.png": "100%25.png",
    "a%2Fb.png": "a%252Fb.png",
    "full/0,0,1,1/max/0/default.png": "full%2F0,0,1,1%2Fmax%2F0%2Fdefault.png",
}


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_percent_encoded_identifiers_lead_to_their_image(client: FlaskClient, identifier: str) -> None:
    assert client.put(f"/api/images/{quote(identifier)}", data=encoded(grid(salt=33))).status_code == 201
    base = f"http://localhost/iiif/3/{IDENTIFIERS[identifier]}"
    assert client.get(f"{base}/info.json").get_json()["id"] == base
    clip = client.get(f"{base}/0,10,100,90/max/0/default.png")
    assert np.array_equal(decoded(clip.data), cut(grid(salt=33), (0, 10, 100, 90)))
    assert clip.headers["Link"].startswith(f'<{base}/0,10,100,90/max/0/default.png>;rel="canonical"')


CANONICAL = {
    "full/max/0/default.png": "full/max/0/default.png",
    "0,0,300,200/300,/360/color.png": "full/max/0/default.png",
    "full/!900,900/0/default.png": "full/max/0/default.png",
    "pct:50,50,50,50/pct:50/!0.0/gray.jpg": "150,100,150,100/75,50/!0/gray.jpg",
    "280,190,200,200/^max/0/default.png": "280,190,20,10/^max/0/default.png",
    "280,190,200,200/^pct:200/0/default.png": "280,190,20,10/^40,20/0/default.png",
    "square/,50/90/bitonal.png": "50,0,200,200/50,50/90/bitonal.png",
    "full/^30,400/0/default.webp": "full/^30,400/0/default.webp",
}


@pytest.mark.parametrize("asked", CANONICAL)
def test_links_tell_the_canonical_uri_and_the_profile(client: FlaskClient, asked: str) -> None:
    response = client.get(f"/iiif/3/grid.png/{asked}")
    link = f'<{GRID}/{CANONICAL[asked]}>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"'
    assert response.headers["Link"] == link
    assert client.get(f"{GRID}/{CANONICAL[asked]}").data == response.data


FORMATS = {
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "tif": ("image/tiff", b"II*\x00"),
    "gif": ("image/gif", b"GIF8"),
    "jp2": ("image/jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
    "webp": ("image/webp", b"RIFF"),
    "pdf": ("application/pdf", b"%PDF-"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_has_its_media_type_and_its_bytes(client: FlaskClient, version: int, extension: str) -> None:
    info = client.get(f"/iiif/{version}/grid.png/info.json").get_json()
    extra = info["extraFormats"] if version == 3 else info["profile"][1]["formats"]
    assert {"jpg", "png", *extra} == set(FORMATS)
    for turn in ("0", "22.5", "!90"):
        for quality in ("default", "gray", "bitonal"):
            response = client.get(f"/iiif/{version}/grid.png/full/60,/{turn}/{quality}.{extension}")
            media_type, begins = FORMATS[extension]
            assert (response.status_code, response.mimetype) == (200, media_type), response.text
            assert response.data.startswith(begins)
            assert extension != "webp" or response.data[8:12] == b"WEBP"


def test_the_pdf_holds_the_very_jpeg(client: FlaskClient) -> None:
    for rest in ("full/max/0/default", "12,18,90,40/45,/90/gray"):
        jpeg, pdf = (client.get(f"/iiif/3/grid.png/{rest}.{extension}").data for extension in ("jpg", "pdf"))
        assert jpeg in pdf


SHARED = [
    "full/max/0/default.png",
    "12,18,90,40/max/0/default.jpg",
    "full/!100,100/!90/gray.png",
    "square/50,/9/color.png",
]


@pytest.mark.parametrize("rest", SHARED)
def test_the_same_request_has_the_same_bytes_and_tag_in_both_versions(client: FlaskClient, rest: str) -> None:
    two, three = (client.get(f"/iiif/{version}/grid.png/{rest}") for version in VERSIONS)
    assert two.status_code == three.status_code == 200
    assert (two.data, two.headers["ETag"]) == (three.data, three.headers["ETag"])


def _refused(parameters: str, names: str) -> tuple[str, str]:
    return f"/iiif/3/grid.png/{parameters}", names


REFUSED = [
    *(_refused(f"{region}/max/0/default.png", "region") for region in ("all", "0,0,0,10", "300,0,9,9", "-1,0,9,9")),
    *(_refused(f"full/{size}/0/default.png", "size") for size in ("full", "301,", ",201", "pct:101", "300,201", "^")),
    *(_refused(f"full/{size}/0/default.png", "size") for size in ("^^9,", "0,", "pct:0", "!9,", "big", "^full")),
    *(_refused(f"full/max/{turn}/default.png", "rotation") for turn in ("361", "-1", "ninety", "!")),
    *(_refused(f"full/max/0/{quality}.png", "quality") for quality in ("native", "grey", "Default")),
    *(_refused(f"full/max/0/default.{extension}", "format") for extension in ("bmp", "jpeg", "svg")),
]


@pytest.mark.parametrize(("path", "names"), REFUSED)
def test_a_wrong_parameter_is_named(client: FlaskClient, assert_refused: Refusal, path: str, names: str) -> None:
    response = client.get(path)
    assert_refused(response, 400, "", names)
    assert response.text.startswith(f"{names}: ")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("/iiif/2/grid.png/full/20000,20000/0/default.png", 413),
        ("/iiif/2/grid.png/full/1000,1000/45/default.png", 413),
        ("/iiif/3/grid.png/full/^20000,20000/0/default.png", 400),
        ("/iiif/3/grid.png/full/^1000,1000/45/default.png", 400),
        ("/iiif/3/grid.png/full/^pct:2000/0/default.png", 400),
        ("/iiif/3/grid.png/full/^70000,1/0/default.jpg", 400),
        ("/iiif/2/grid.png/full/70000,1/0/default.jpg", 413),
    ],
)
def test_a_size_above_the_limits_is_refused(
    client: FlaskClient, assert_refused: Refusal, asked: str, status: int
) -> None:
    assert_refused(client.get(asked), status, "limit_exceeded")


def test_a_best_fit_above_the_region_is_refused_where_a_setting_says_so(config: Config) -> None:
    asked = "/iiif/3/grid.png/full/!900,900/0/default.png"
    given_by_default = create_app(config).test_client().get(asked)
    assert decoded(given_by_default.data).shape == (200, 300, 3)
    strict = create_app(replace(config, limits=replace(config.limits, refuse_large_best_fit=True))).test_client()
    refused = strict.get(asked)
    assert (refused.status_code, refused.mimetype) == (400, "text/plain")
    assert refused.text.startswith("size: 900 × 900")
    assert strict.get(asked.replace("/3/", "/2/")).status_code == 200


def test_the_longest_side_is_told_and_kept_to(config: Config) -> None:
    limits = replace(config.limits, max_output_side=150)
    client = create_app(replace(config, limits=limits, rights="http://rights.example/1/")).test_client()
    info = client.get("/iiif/3/grid.png/info.json").get_json()
    assert (info["maxWidth"], info["maxHeight"]) == (150, 150)
    assert info["rights"] == "http://rights.example/1/"
    assert info["sizes"] == [{"width": 75, "height": 50}, {"width": 150, "height": 100}][-len(info["sizes"]) :]
    assert decoded(client.get("/iiif/3/grid.png/full/max/0/default.png").data).shape == (100, 150, 3)
    assert client.get("/iiif/3/grid.png/full/151,/0/default.png").status_code == 400


@pytest.fixture(scope="module")
def module_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("images")
    (folder / "grid.png").write_bytes(encoded(grid(60, 40)))
    stores = {name: str(folder) for name in ("images", "templates", "results")}
    return create_app(Config(**stores, limits=Limits(max_output_pixels=100_000))).test_client()


_PARTS = ["grid.png", "full", "0,0,9,9", "pct:1,1,5,5", "max", "^max", "^!9,9", "default.png", "info.json"]
_PARTS += [
    "a" * 24,
    f"{'a' * 24}.1",
    f"{'a' * 24}.1.1",
    "..",
    ".",
    "%2F",
    "%00",
    "%",
    "!0",
    "9,",
    "^",
    "",
    "%C3",
    "\ud800",
]
_segments = st.sampled_from(_PARTS).map(lambda part: quote(part, safe="%!,^:/.", errors="replace"))
_paths = st.lists(_segments | st.text(max_size=8).map(quote), max_size=7).map("/".join)
_requests = st.tuples(*[st.sampled_from(_PARTS) | st.text("^!,pct:0123456789.", max_size=9)] * 4).map(
    lambda parts: "grid.png/" + "/".join(quote(part, safe="!,^:", errors="replace") for part in parts)
)


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=150)
@given(path=_paths | _requests, query=st.sampled_from(["", "?download", "?%FF", "?x=%00"]))
@example(path="grid.png/full/max/0/default.png", query="")
@example(path="%ED%A0%80/info.json", query="")
@example(path="x/full/max/0/default.png", query="?download")
def test_any_path_is_answered_or_refused(module_client: FlaskClient, version: int, path: str, query: str) -> None:
    for method in ("GET", "HEAD"):
        response = module_client.open(f"/iiif/{version}/{path}{query}", method=method)
        assert response.status_code < 500
        if response.status_code >= 400:
            assert response.mimetype == "text/plain"
            assert method == "HEAD" or response.text.endswith("\n")
