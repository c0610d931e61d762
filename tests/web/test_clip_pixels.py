"""Which pixels come back: by recognition, and by URI."""

from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.web.making import (
    NAME_BOX,
    Json,
    Pixels,
    bytes_of,
    clip_area,
    cut,
    decoded,
    encoded,
    grid,
    image,
    jpeg,
    template,
    with_orientation,
)

Recognized = Callable[..., Json]
BOXES = {
    "inside": NAME_BOX,
    "whole page": (0, 0, 300, 200),
    "one pixel": (123, 45, 1, 1),
    "last pixel": (299, 199, 1, 1),
    "right edge": (280, 0, 20, 200),
    "odd": (37, 41, 131, 59),
}


def clip_of(answer: Json) -> bytes:
    _, clip = answer["ResponseFiles"]
    assert clip["Size"] == len(bytes_of(clip["Data"]))
    return bytes_of(clip["Data"])


@pytest.mark.parametrize("quality", [0, 1, 30, 85, 100])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_a_clip_is_byte_for_byte_what_opencv_writes_of_the_slice(
    recognized: Recognized, box: tuple[int, int, int, int], quality: int
) -> None:
    data = clip_of(recognized(Template=template(clip_area("Area", box, JpegQuality=quality))))
    assert data == jpeg(cut(grid(), box), quality)
    assert decoded(data).shape == (box[3], box[2], 3)


SCANS = {
    "png": encoded(grid()),
    "jpeg": jpeg(grid(), 90),
    "jpeg of grey": jpeg(cv2.cvtColor(grid(), cv2.COLOR_BGR2GRAY), 90),
    "png of grey": encoded(cv2.cvtColor(grid(), cv2.COLOR_BGR2GRAY)),
    "progressive jpeg": encoded(grid(), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "tiff": encoded(grid(), ".tif"),
    "bmp": encoded(grid(), ".bmp"),
    "lossless webp": encoded(grid(), ".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
}


@pytest.mark.parametrize("name", SCANS)
def test_every_format_of_scan_gives_the_slice_of_its_own_pixels(recognized: Recognized, name: str) -> None:
    scan = SCANS[name]
    answer = recognized(Template=template(clip_area("Area")), Images=[image("scan.png", scan)])
    assert clip_of(answer) == jpeg(cut(decoded(scan), NAME_BOX))


def test_a_scan_is_known_by_its_bytes_not_by_its_name(recognized: Recognized) -> None:
    answer = recognized(Template=template(clip_area("Area")), Images=[image("scan.tif", jpeg(grid()))])
    assert clip_of(answer) == jpeg(cut(decoded(jpeg(grid())), NAME_BOX))


def stored_as(orientation: int, upright: Pixels) -> Pixels:
    """The pixels that a file has to hold, so that they are upright once turned as its EXIF says."""
    turned = upright.transpose(1, 0, 2) if orientation >= 5 else upright
    return {
        1: turned,
        2: turned[:, ::-1],
        3: turned[::-1, ::-1],
        4: turned[::-1],
        5: turned,
        6: turned[::-1],  # shown a quarter turn clockwise
        7: turned[::-1, ::-1],
        8: turned[:, ::-1],
    }[orientation]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_before_anything_is_cut(recognized: Recognized, orientation: int) -> None:
    scan = with_orientation(stored_as(orientation, grid()), orientation)
    answer = recognized(Template=template(clip_area("Area")), Images=[image("scan.jpg", scan)])
    assert answer["Recognitions"][0]["Registration"]["Strategy"] == "identity"
    assert clip_of(answer) == jpeg(cut(decoded(scan), NAME_BOX))
    shown = decoded(clip_of(answer)).astype(int)
    assert np.abs(shown - cut(grid(), NAME_BOX)).mean() < 8, "the picture stands upright"


FORMATS = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tif": "image/tiff"}


@pytest.mark.parametrize("clip_format", FORMATS)
def test_clip_format_gives_its_extension_its_media_type_and_its_bytes(recognized: Recognized, clip_format: str) -> None:
    area = clip_area("Area", JpegQuality=100)
    answer = recognized(Template=template(area), Options={"ClipFormat": clip_format})
    clip = answer["ResponseFiles"][1]
    assert (clip["Name"], clip["MediaType"]) == (f"scanArea.{clip_format}", FORMATS[clip_format])
    assert answer["Recognitions"][0]["Clips"][0]["MediaType"] == FORMATS[clip_format]
    assert answer["Recognitions"][0]["Clips"][0]["File"] == clip["Name"]
    with Image.open(BytesIO(clip_of(answer))) as opened:
        assert Image.MIME[opened.format or ""] == FORMATS[clip_format]
    shown = decoded(clip_of(answer))
    if clip_format in {"png", "tif"}:
        assert np.array_equal(shown, cut(grid(), NAME_BOX))
    else:
        assert np.abs(shown.astype(int) - cut(grid(), NAME_BOX)).mean() < 8


def test_the_name_png_holds_jpeg_bytes_and_the_media_type_says_so(recognized: Recognized) -> None:
    clip = recognized()["ResponseFiles"][1]
    assert (clip["Name"], clip["MediaType"]) == ("scanName.png", "image/jpeg")
    assert bytes_of(clip["Data"]).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("scan", ["png", "jpeg"])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_the_same_box_by_uri_is_the_same_picture(
    client: FlaskClient, recognized: Recognized, box: tuple[int, int, int, int], scan: str
) -> None:
    area = template(clip_area("Area", box))
    lossless = recognized(Template=area, Images=[image("s", SCANS[scan])], Options={"ClipFormat": "png"})
    assert client.put("/api/images/same", data=SCANS[scan]).status_code == 201
    by_uri = client.get(f"/iiif/2/same/{','.join(map(str, box))}/full/0/default.png")
    assert by_uri.mimetype == "image/png"
    assert np.array_equal(decoded(by_uri.data), decoded(clip_of(lossless)))
    assert np.array_equal(decoded(by_uri.data), cut(decoded(SCANS[scan]), box))


@pytest.mark.parametrize("box", [NAME_BOX, (20, 40, 100, 60), (0, 0, 300, 200)])
@pytest.mark.parametrize("factor", [2, 3, 1.5, 0.5])
def test_a_scaled_scan_gives_the_content_of_the_page(
    recognized: Recognized, factor: float, box: tuple[int, int, int, int]
) -> None:
    width, height = round(300 * factor), round(200 * factor)
    scan = cv2.resize(grid(), (width, height), interpolation=cv2.INTER_NEAREST)
    answer = recognized(
        Template=template(clip_area("Area", box)),
        Images=[image("scan.png", encoded(np.asarray(scan, np.uint8)))],
        Options={"ClipFormat": "png"},
    )
    shown = decoded(clip_of(answer))
    averaged = cut(cv2.resize(scan, (300, 200), interpolation=cv2.INTER_AREA), box)
    assert shown.shape == averaged.shape == (box[3], box[2], 3)
    difference = np.abs(shown.astype(int) - averaged)[2:-2, 2:-2]
    assert difference.mean() < (3 if factor >= 1 else 8)
    assert np.percentile(difference, 80 if factor >= 1 else 60) <= 4, "squares are flat and alike but for their edges"


@pytest.mark.parametrize(("width", "height", "passes"), [(302, 200, True), (298, 200, True), (304, 200, False)])
def test_one_percent_of_aspect_is_taken_for_the_scanner(
    recognized: Recognized, width: int, height: int, passes: bool
) -> None:
    answer = recognized(Images=[image("scan.png", encoded(grid(width, height)))])
    (statistics,) = answer["Info"]["Details"]["RecognitionStatistics"]
    assert (statistics["TaskResult"] == "Pass") is passes
    if not passes:
        assert "width to height" in statistics["TaskMessages"][0]


def test_fractions_of_pixels_are_rounded_by_the_one_rule(recognized: Recognized) -> None:
    area = clip_area("Area", (10.5, 20.49, 30.5, 9.6))
    clip = clip_of(recognized(Template=template(area), Options={"ClipFormat": "png"}))
    assert np.array_equal(decoded(clip), cut(grid(), (11, 20, 31, 10)))
