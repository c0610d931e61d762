"""Pyramids by URI: their own tiles, the very bytes where they are asked for exactly, and the right pixels elsewhere."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.imaging.tiff.pyramid import TiledImage, open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.imaging.tiff.writing import write_pyramid
from omrclip.web import image_answers
from tests.grid import position_ramp
from tests.web.making import decoded

WIDTH, HEIGHT, TILE = 700, 501, 128
RAMP = position_ramp(WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def file() -> bytes:
    out = BytesIO()
    write_pyramid(RAMP, out, tile=TILE)
    return out.getvalue()


@pytest.fixture(scope="module")
def pyramid(file: bytes) -> TiledImage:
    tiled = open_tiled(BytesReader(file))
    assert tiled is not None
    return tiled


@pytest.fixture(autouse=True)
def stored(config: Config, file: bytes) -> None:
    (Path(config.images) / "deep.tif").write_bytes(file)


@pytest.mark.parametrize("version", [2, 3])
def test_its_tiles_are_those_of_the_file(client: FlaskClient, version: int) -> None:
    info = client.get(f"/iiif/{version}/deep.tif/info.json").get_json(force=True)
    assert (info["width"], info["height"]) == (WIDTH, HEIGHT)
    assert info["tiles"] == [{"width": TILE, "height": TILE, "scaleFactors": [1, 2, 4, 8]}]
    assert info["sizes"][0] == {"width": 88, "height": 63}


EXACT = [
    ("0,0,128,128/128,128", Box(0, 0, 128, 128)),
    ("256,128,128,128/128,", Box(256, 128, 128, 128)),
    ("256,0,256,256/128,128", Box(256, 0, 256, 256)),
]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(("asked", "box"), EXACT)
def test_a_stored_tile_comes_as_it_is_stored(
    client: FlaskClient,
    pyramid: TiledImage,
    version: int,
    asked: str,
    box: Box,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise AssertionError("a stored tile is not rendered")

    tile = pyramid.stored_jpeg(box, Dimensions(TILE, TILE))
    assert tile is not None
    monkeypatch.setattr(image_answers, "render", fail)
    for quality in ("default", "color"):
        response = client.get(f"/iiif/{version}/deep.tif/{asked}/0/{quality}.jpg")
        assert (response.status_code, response.mimetype, response.data) == (200, "image/jpeg", tile)
    tag = response.headers["ETag"]
    assert client.get(f"/iiif/3/deep.tif/{asked}/360/default.jpg", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("rest", ["0/default.png", "0/gray.jpg", "90/default.jpg", "!0/default.jpg", "0/default.pdf"])
def test_what_changes_the_tile_is_rendered(client: FlaskClient, pyramid: TiledImage, rest: str) -> None:
    tile = pyramid.stored_jpeg(Box(0, 0, TILE, TILE), Dimensions(TILE, TILE))
    response = client.get(f"/iiif/3/deep.tif/0,0,{TILE},{TILE}/max/{rest}")
    assert response.status_code == 200
    assert response.data != tile
    if rest == "0/default.png":
        assert tile is not None
        assert np.abs(decoded(response.data).astype(int) - decoded(tile)).max() <= 2


@pytest.mark.parametrize(
    ("region", "size", "box", "shape"),
    [
        ("full", "88,63", (0, 0, WIDTH, HEIGHT), (63, 88)),
        ("full", "200,", (0, 0, WIDTH, HEIGHT), (143, 200)),
        ("37,41,131,59", "max", (37, 41, 131, 59), (59, 131)),
        ("640,384,60,117", "max", (640, 384, 60, 117), (117, 60)),
        ("512,256,188,245", "94,123", (512, 256, 188, 245), (123, 94)),
    ],
)
def test_every_region_shows_its_place(
    client: FlaskClient, region: str, size: str, box: tuple[int, int, int, int], shape: tuple[int, int]
) -> None:
    shown = decoded(client.get(f"/iiif/3/deep.tif/{region}/{size}/0/default.png").data)
    assert shown.shape[:2] == shape
    expected = DecodedImage(RAMP).read(Box(*box), Dimensions(shape[1], shape[0]))
    # The last pixel of a level covers less of the image than the others; by that much a level is off, at the most.
    assert np.abs(shown.astype(int) - expected).max() <= 8
