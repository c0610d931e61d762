"""Every example of the Image API 2.0, sections 4.1 to 4.7 and 9, on the 300 × 200 image that they show.

Source: https://iiif.io/api/image/2.0/; `square` and `max` from 2.1.
"""

import cv2
import numpy as np
import pytest

from omrclip.iiif.canonical import canonical2
from omrclip.iiif.grammar import GRAMMAR_2
from omrclip.iiif.plan import Plan, plan
from omrclip.iiif.render import render, render_pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.limits import Limits
from tests.grid import coloured_grid

IMAGE = Dimensions(300, 200)
FULL = IMAGE.box


def planned(request: str, source: Dimensions = IMAGE, limits: Limits | None = None) -> Plan:
    return plan(GRAMMAR_2.parse(*request.split("/")), source, limits or Limits())


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("full", FULL),
        ("125,15,120,140", Box(125, 15, 120, 140)),
        ("pct:41.6,7.5,40,70", Box(125, 15, 120, 140)),
        ("125,15,200,200", Box(125, 15, 175, 185)),
        ("pct:41.6,7.5,66.6,100", Box(125, 15, 175, 185)),
        ("square", Box(50, 0, 200, 200)),
    ],
)
def test_4_1_region(region: str, box: Box) -> None:
    found = planned(f"{region}/full/0/default.jpg")
    assert (found.box, found.scaled) == (box, box.dimensions)
    pixels = coloured_grid(300, 200)
    rendered = render_pixels(found, DecodedImage(pixels))
    assert (rendered == pixels[box.top : box.bottom, box.left : box.right]).all()


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        ("full", IMAGE),
        ("max", IMAGE),
        ("150,", Dimensions(150, 100)),
        (",150", Dimensions(225, 150)),
        ("pct:50", Dimensions(150, 100)),
        ("225,100", Dimensions(225, 100)),
        ("!225,100", Dimensions(150, 100)),
    ],
)
def test_4_2_size(size: str, scaled: Dimensions) -> None:
    found = planned(f"full/{size}/0/default.jpg")
    assert (found.box, found.scaled) == (FULL, scaled)
    decoded = cv2.imdecode(np.frombuffer(render(found, DecodedImage(coloured_grid(300, 200))), np.uint8), 1)
    assert decoded.shape == (scaled.height, scaled.width, 3)


def test_4_2_max_is_what_the_limits_allow() -> None:
    found = planned("full/max/0/default.jpg", limits=Limits(max_output_pixels=200 * 133))
    assert found.scaled == Dimensions(200, 133)


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ("0", lambda pixels: pixels),
        ("180", lambda pixels: pixels[::-1, ::-1]),
        ("90", lambda pixels: np.rot90(pixels, -1)),
        ("!0", lambda pixels: pixels[:, ::-1]),
        ("!180", lambda pixels: pixels[::-1]),
    ],
)
def test_4_3_rotation(rotation: str, expected) -> None:  # type: ignore[no-untyped-def]
    pixels = coloured_grid(300, 200)
    rendered = render_pixels(planned(f"full/full/{rotation}/default.jpg"), DecodedImage(pixels))
    assert (rendered == expected(pixels)).all()


def test_4_3_rotation_by_22_5_degrees_is_transparent_in_png_and_white_in_jpg() -> None:
    source = DecodedImage(np.zeros((200, 300, 3), np.uint8))
    for image_format, corner in (("png", [0]), ("jpg", [255, 255, 255])):
        found = planned(f"full/full/22.5/default.{image_format}")
        decoded = cv2.imdecode(np.frombuffer(render(found, source), np.uint8), cv2.IMREAD_UNCHANGED)
        assert decoded.shape[:2] == (found.output.height, found.output.width) == (300, 354)
        assert np.abs(decoded[0, 0].astype(int)[-len(corner) :] - corner).max() <= 3
        assert decoded[150, 177, :3].max() <= 3


@pytest.mark.parametrize("quality", ["default", "color", "gray", "bitonal"])
def test_4_4_quality(quality: str) -> None:
    pixels = coloured_grid(300, 200)
    rendered = render_pixels(planned(f"full/full/0/{quality}.png"), DecodedImage(pixels))
    if quality in ("default", "color"):
        assert (rendered == pixels).all()
    elif quality == "gray":
        assert (rendered == cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)).all()
    else:
        assert set(np.unique(rendered)) == {0, 255}


@pytest.mark.parametrize(
    ("extension", "begins"),
    [
        ("jpg", b"\xff\xd8\xff"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("tif", b"II*\x00"),
        ("gif", b"GIF8"),
        ("jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
        ("webp", b"RIFF"),
    ],
)
def test_4_5_format(extension: str, begins: bytes) -> None:
    data = render(planned(f"full/full/0/default.{extension}"), DecodedImage(coloured_grid(300, 200)))
    assert data.startswith(begins)


def test_4_6_order_is_region_size_mirroring_rotation_quality_format() -> None:
    pixels = coloured_grid(300, 200)
    found = planned("125,15,120,140/90,/!345/gray.jpg")
    assert (found.box, found.scaled, found.output) == (
        Box(125, 15, 120, 140),
        Dimensions(90, 105),
        Dimensions(115, 125),
    )
    region = cv2.resize(pixels[15:155, 125:245], (90, 105), interpolation=cv2.INTER_AREA)
    mirrored = region[:, ::-1]
    rendered = render_pixels(found, DecodedImage(pixels))
    # The middle of the turned image is the middle of the mirrored region, whatever the angle.
    centre = cv2.cvtColor(np.ascontiguousarray(mirrored), cv2.COLOR_BGR2GRAY)[47:58, 40:51].astype(float).mean()
    assert abs(rendered[57:68, 52:63, 0].astype(float).mean() - centre) < 6
    assert rendered.shape == (125, 115, 4)


@pytest.mark.parametrize(
    ("request_", "canonical"),
    [
        ("full/full/0/default.jpg", "full/full/0/default.jpg"),
        ("0,0,300,200/full/0/default.jpg", "full/full/0/default.jpg"),
        ("0,0,999,999/300,/0/default.jpg", "full/full/0/default.jpg"),
        ("pct:0,0,100,100/max/0/color.jpg", "full/full/0/default.jpg"),
        ("pct:41.6,7.5,40,70/full/0/default.png", "125,15,120,140/full/0/default.png"),
        ("125,15,200,200/full/0/gray.jpg", "125,15,175,185/full/0/gray.jpg"),
        ("square/full/0/default.jpg", "50,0,200,200/full/0/default.jpg"),
        ("full/pct:50/0/default.jpg", "full/150,/0/default.jpg"),
        ("full/,150/0/default.jpg", "full/225,/0/default.jpg"),
        ("full/!225,100/0/default.jpg", "full/150,/0/default.jpg"),
        ("full/150,100/0/default.jpg", "full/150,/0/default.jpg"),
        ("full/225,100/0/default.jpg", "full/225,100/0/default.jpg"),
        ("full/full/360/default.jpg", "full/full/0/default.jpg"),
        ("full/full/22.50/default.jpg", "full/full/22.5/default.jpg"),
        ("full/full/!90.0/default.jpg", "full/full/!90/default.jpg"),
        ("full/full/0.5/bitonal.tif", "full/full/0.5/bitonal.tif"),
        ("full/full/100/default.jpg", "full/full/100/default.jpg"),
        ("full/full/0.0000001/default.jpg", "full/full/0.0000001/default.jpg"),
    ],
)
def test_4_7_canonical_form(request_: str, canonical: str) -> None:
    assert canonical2(planned(request_), Limits()) == canonical
    assert canonical2(planned(canonical), Limits()) == canonical
