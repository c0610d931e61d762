"""Every example of the Image API 3.0, sections 4.1 to 4.8, on the 300 × 200 image that they show.

Source: https://iiif.io/api/image/3.0/.
"""

from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from omrclip.errors import InvalidParameter, LimitExceeded
from omrclip.iiif.canonical import canonical3
from omrclip.iiif.grammar import GRAMMAR_3
from omrclip.iiif.plan import Plan, plan
from omrclip.iiif.render import render, render_pixels
from omrclip.imaging.codec import decode
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.limits import Limits
from tests.grid import coloured_grid

IMAGE = Dimensions(300, 200)
FULL = IMAGE.box
PIXELS = coloured_grid(300, 200)
WIDE_360 = Limits(max_output_side=360)
STRICT = Limits(refuse_large_best_fit=True)


def planned(request: str, limits: Limits | None = None, source: Dimensions = IMAGE) -> Plan:
    return plan(GRAMMAR_3.parse(*request.split("/")), source, limits or Limits())


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("full", FULL),
        ("square", Box(50, 0, 200, 200)),
        ("125,15,120,140", Box(125, 15, 120, 140)),
        ("pct:41.6,7.5,40,70", Box(125, 15, 120, 140)),
        ("125,15,200,200", Box(125, 15, 175, 185)),
        ("pct:41.6,7.5,66.6,100", Box(125, 15, 175, 185)),
    ],
)
def test_4_1_region(region: str, box: Box) -> None:
    found = planned(f"{region}/max/0/default.jpg")
    assert (found.box, found.scaled) == (box, box.dimensions)
    assert (render_pixels(found, DecodedImage(PIXELS)) == PIXELS[box.top : box.bottom, box.left : box.right]).all()


@pytest.mark.parametrize("region", ["0,0,0,10", "0,0,10,0", "300,0,10,10", "0,200,10,10", "pct:100,0,10,10"])
def test_4_1_empty_regions_and_regions_outside_are_refused(region: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        planned(f"{region}/max/0/default.jpg")
    assert refused.value.details == {"parameter": "region"}


SIZES = [
    ("max", Limits(max_output_side=200), Dimensions(200, 133)),
    ("max", WIDE_360, IMAGE),
    ("^max", WIDE_360, Dimensions(360, 240)),
    ("150,", None, Dimensions(150, 100)),
    ("^360,", None, Dimensions(360, 240)),
    (",150", None, Dimensions(225, 150)),
    ("^,240", None, Dimensions(360, 240)),
    ("pct:50", None, Dimensions(150, 100)),
    ("^pct:120", None, Dimensions(360, 240)),
    ("225,100", None, Dimensions(225, 100)),
    ("^360,360", None, Dimensions(360, 360)),
    ("!225,100", None, Dimensions(150, 100)),
    ("^!360,360", None, Dimensions(360, 240)),
    # Beside the examples: what the table of forms says of the region and of the server's limits.
    ("max", Limits(max_output_pixels=200 * 133), Dimensions(200, 133)),
    ("^max", Limits(max_output_pixels=360 * 240), Dimensions(360, 240)),
    ("^max", None, IMAGE),  # maxArea is the image's unless one is set
    ("!600,600", None, IMAGE),
    ("!300,600", None, IMAGE),
    ("!600,100", None, Dimensions(150, 100)),
    ("!600,600", Limits(max_output_side=150), Dimensions(150, 100)),
    ("^!999,999", WIDE_360, Dimensions(360, 240)),
    ("^150,", None, Dimensions(150, 100)),
    ("^!150,150", None, Dimensions(150, 100)),
    ("300,200", None, IMAGE),
    ("300,1", None, Dimensions(300, 1)),
    ("pct:100", None, IMAGE),
    ("!300,200", STRICT, IMAGE),
    ("!600,100", STRICT, Dimensions(150, 100)),
    ("!300,200", Limits(refuse_large_best_fit=True, max_output_side=150), Dimensions(150, 100)),
    ("^!600,600", STRICT, Dimensions(600, 400)),
]


@pytest.mark.parametrize(("size", "limits", "scaled"), SIZES)
def test_4_2_size(size: str, limits: Limits | None, scaled: Dimensions) -> None:
    found = planned(f"full/{size}/0/default.jpg", limits)
    assert (found.box, found.scaled) == (FULL, scaled)
    decoded = cv2.imdecode(np.frombuffer(render(found, DecodedImage(PIXELS)), np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (scaled.height, scaled.width, 3)


@pytest.mark.parametrize("size", ["301,", ",201", "pct:120", "pct:100.2", "301,200", "300,201", "301,1", "360,360"])
def test_4_2_without_a_caret_no_size_exceeds_the_region(size: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^size: .* Put \^ before") as refused:
        planned(f"full/{size}/0/default.jpg")
    assert refused.value.details == {"parameter": "size"}
    assert planned(f"full/^{size}/0/default.jpg").scaled.pixels > 0


def test_4_2_the_region_counts_not_the_image() -> None:
    with pytest.raises(InvalidParameter, match=r"^size: 150 × 150 .* 100 × 100"):
        planned("0,0,100,100/150,/0/default.jpg")
    assert planned("0,0,100,100/^150,/0/default.jpg").scaled == Dimensions(150, 150)
    assert planned("0,0,100,100/!150,150/0/default.jpg").scaled == Dimensions(100, 100)


def test_4_2_a_best_fit_above_the_region_is_refused_where_a_setting_says_so() -> None:
    with pytest.raises(InvalidParameter, match=r"^size: 600 × 600") as refused:
        planned("full/!600,600/0/default.jpg", STRICT)
    assert refused.value.details == {"parameter": "size"}


@pytest.mark.parametrize("size", ["^0,", ",0", "^0,0", "0,10", "!0,5", "^!5,0", "pct:0", "^pct:0.1"])
def test_4_2_sizes_of_nothing_are_refused(size: str) -> None:
    with pytest.raises(InvalidParameter, match="a width and a height above 0") as refused:
        planned(f"full/{size}/0/default.jpg")
    assert refused.value.details == {"parameter": "size"}


@pytest.mark.parametrize("size", ["^361,", "^,241", "^360,361", "^pct:121"])
def test_4_2_sizes_above_the_limits_are_refused(size: str) -> None:
    with pytest.raises(LimitExceeded) as refused:
        planned(f"full/{size}/0/default.jpg", WIDE_360)
    assert refused.value.details == {"parameter": "size", "limit": "max_output_side", "maximum": 360}


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ("0", PIXELS),
        ("180", PIXELS[::-1, ::-1]),
        ("90", np.rot90(PIXELS, -1)),
        ("!0", PIXELS[:, ::-1]),
        ("!180", PIXELS[::-1]),
        ("360", PIXELS),
    ],
)
def test_4_3_rotation(rotation: str, expected: np.ndarray) -> None:
    rendered = render_pixels(planned(f"full/max/{rotation}/default.jpg"), DecodedImage(PIXELS))
    assert (rendered == expected).all()


@pytest.mark.parametrize(("extension", "corner"), [("png", [0]), ("webp", [0]), ("tif", [0]), ("jpg", [255] * 3)])
def test_4_3_22_5_degrees_keep_all_content(extension: str, corner: list[int]) -> None:
    found = planned(f"full/max/22.5/default.{extension}")
    data = render(found, DecodedImage(np.zeros((200, 300, 3), np.uint8)))
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.shape[:2] == (found.output.height, found.output.width) == (300, 354)
    assert np.abs(decoded[0, 0].astype(int)[-len(corner) :] - corner).max() <= 3
    assert decoded[150, 177, :3].max() <= 3


@pytest.mark.parametrize(
    ("quality", "expected"),
    [("default", PIXELS), ("color", PIXELS), ("gray", cv2.cvtColor(PIXELS, cv2.COLOR_BGR2GRAY))],
)
def test_4_4_quality(quality: str, expected: np.ndarray) -> None:
    rendered = render_pixels(planned(f"full/max/0/{quality}.jpg"), DecodedImage(PIXELS))
    assert (rendered == expected).all()


def test_4_4_bitonal_is_black_and_white() -> None:
    rendered = render_pixels(planned("full/max/0/bitonal.jpg"), DecodedImage(PIXELS))
    assert rendered.shape == PIXELS.shape[:2]
    assert set(np.unique(rendered)) == {0, 255}


@pytest.mark.parametrize(
    ("file_format", "coded"),
    [
        ("png", lambda data: data[24:26] == b"\1\0"),  # bit depth 1, grey
        ("tif", lambda data: Image.open(BytesIO(data)).tag_v2[259] == 4),  # fax group 4
        ("webp", lambda data: data[12:16] == b"VP8L"),  # without loss
    ],
)
def test_4_5_bitonal_files_hold_black_and_white_alone(file_format: str, coded: Callable[[bytes], bool]) -> None:
    plan = planned(f"full/max/0/bitonal.{file_format}")
    data = render(plan, DecodedImage(PIXELS))
    assert coded(data)
    shown = render_pixels(plan, DecodedImage(PIXELS))
    assert (decode(data) == shown[:, :, np.newaxis]).all()


@pytest.mark.parametrize(
    ("extension", "media_type", "begins"),
    [
        ("jpg", "image/jpeg", b"\xff\xd8\xff"),
        ("tif", "image/tiff", b"II*\x00"),
        ("png", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("gif", "image/gif", b"GIF8"),
        ("jp2", "image/jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
        ("pdf", "application/pdf", b"%PDF-"),
        ("webp", "image/webp", b"RIFF"),
    ],
)
def test_4_5_format(extension: str, media_type: str, begins: bytes) -> None:
    found = planned(f"full/max/0/default.{extension}")
    assert found.format.media_type == media_type
    assert render(found, DecodedImage(PIXELS)).startswith(begins)


def test_4_6_order_is_region_size_mirroring_rotation_quality_format() -> None:
    found = planned("125,15,120,140/90,/!345/gray.jpg")
    extents = (found.box, found.scaled, found.output)
    assert extents == (Box(125, 15, 120, 140), Dimensions(90, 105), Dimensions(115, 125))
    region = cv2.resize(PIXELS[15:155, 125:245], (90, 105), interpolation=cv2.INTER_AREA)
    mirrored = cv2.cvtColor(np.ascontiguousarray(region[:, ::-1]), cv2.COLOR_BGR2GRAY)
    rendered = render_pixels(found, DecodedImage(PIXELS))
    assert rendered.shape == (125, 115, 4)
    # The middle of the turned image is the middle of the mirrored region, whatever the angle.
    assert abs(rendered[57:68, 52:63, 0].astype(float).mean() - mirrored[47:58, 40:51].astype(float).mean()) < 6


@pytest.mark.parametrize("rotation", ["22.50", "022.5", "22.5000000000"])
def test_4_7_floating_point_values(rotation: str) -> None:
    assert canonical3(planned(f"full/max/{rotation}/default.jpg"), Limits()) == "full/max/22.5/default.jpg"


@pytest.mark.parametrize(
    ("request_", "canonical", "limits"),
    [
        ("full/300,200/0/default.jpg", "full/max/0/default.jpg", None),
        ("0,0,999,999/300,/0/color.jpg", "full/max/0/default.jpg", None),
        ("full/!600,600/0/default.jpg", "full/max/0/default.jpg", None),
        ("full/^300,/0/default.jpg", "full/max/0/default.jpg", None),
        ("pct:41.6,7.5,40,70/max/0/default.png", "125,15,120,140/max/0/default.png", None),
        ("square/,50/0/default.png", "50,0,200,200/50,50/0/default.png", None),
        ("full/pct:50/0/default.jpg", "full/150,100/0/default.jpg", None),
        ("full/^pct:50/0/default.jpg", "full/150,100/0/default.jpg", None),
        ("full/^150,/0/default.jpg", "full/150,100/0/default.jpg", None),
        ("full/^360,/0/default.jpg", "full/^360,240/0/default.jpg", None),
        ("full/^300,201/0/default.jpg", "full/^300,201/0/default.jpg", None),
        ("full/^360,/0/default.jpg", "full/^max/0/default.jpg", WIDE_360),
        ("full/^max/0/default.jpg", "full/^max/0/default.jpg", WIDE_360),
        ("full/max/0/default.jpg", "full/max/0/default.jpg", Limits(max_output_side=200)),
        ("full/200,/0/default.jpg", "full/max/0/default.jpg", Limits(max_output_side=200)),
        ("full/^max/0/default.jpg", "full/max/0/default.jpg", Limits(max_output_side=200)),
        ("full/max/!90.0/bitonal.tif", "full/max/!90/bitonal.tif", None),
        ("full/max/360/default.jpg", "full/max/0/default.jpg", None),
        ("full/max/0.0000001/default.jpg", "full/max/0.0000001/default.jpg", None),
    ],
)
def test_4_8_canonical_form(request_: str, canonical: str, limits: Limits | None) -> None:
    limits = limits or Limits()
    assert canonical3(planned(request_, limits), limits) == canonical
    assert canonical3(planned(canonical, limits), limits) == canonical
