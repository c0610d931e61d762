import cv2
import numpy as np
import pytest

from omrclip.config import Limits
from omrclip.errors import LimitExceeded
from omrclip.iiif import grammar2
from omrclip.iiif.plan import plan
from omrclip.iiif.render import render_pixels
from omrclip.iiif.request import Format
from omrclip.imaging.geometry import Box
from omrclip.imaging.source import DecodedImage
from omrclip.omr.clips import cut_clip
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import KnownPage, ScanLevels, register
from omrclip.omr.template import ClipArea, Page
from tests.grid import coloured_grid

PIXELS = coloured_grid(300, 200)


def registered(pixels: np.ndarray = PIXELS) -> RegisteredPage:  # type: ignore[type-arg]
    scan = DecodedImage(pixels)
    return RegisteredPage(scan, register(KnownPage(Page(width=300, height=200), 1), ScanLevels(pixels)).registration)


def area(left: float, top: float, width: float, height: float, quality: int = 85) -> ClipArea:
    return ClipArea(name="NameArea", left=left, top=top, width=width, height=height, jpeg_quality=quality)


@pytest.mark.parametrize("quality", [0, 1, 30, 60, 85, 99, 100])
def test_a_clip_is_byte_for_byte_what_opencv_encodes(quality: int) -> None:
    clip = cut_clip(area(30, 40, 120, 60, quality), registered(), RecognitionOptions(), Limits())
    assert clip.data == cv2.imencode(".jpg", PIXELS[40:100, 30:150], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    assert (clip.element, clip.box, clip.format) == ("NameArea", Box(30, 40, 120, 60), Format.JPG)


@pytest.mark.parametrize("image_format", [Format.PNG, Format.TIF])
def test_lossless_formats_keep_the_pixels_of_the_uri(image_format: Format) -> None:
    page = registered()
    clip = cut_clip(area(30, 40, 120, 60, 5), page, RecognitionOptions(clip_format=image_format), Limits())
    by_uri = render_pixels(
        plan(grammar2.parse("30,40,120,60", "full", "0", "default.png"), page.dimensions, Limits()), page
    )
    decoded = cv2.imdecode(np.frombuffer(clip.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (decoded == by_uri).all()
    assert (decoded == PIXELS[40:100, 30:150]).all()


@pytest.mark.parametrize(
    ("place", "box"),
    [
        ((29.5, 39.5, 120, 60), Box(30, 40, 120, 60)),
        ((29.49, 40.4, 119.6, 60.4), Box(29, 40, 120, 60)),
        ((0, 0, 300, 200), Box(0, 0, 300, 200)),
        ((180.5, 0, 120, 60), Box(181, 0, 119, 60)),  # rounded past the edge: cropped there
    ],
)
def test_fractions_are_rounded_by_the_one_rule(place: tuple[float, float, float, float], box: Box) -> None:
    assert cut_clip(area(*place), registered(), RecognitionOptions(clip_format=Format.PNG), Limits()).box == box


def test_corners_are_where_the_clip_lies_in_the_scan() -> None:
    clip = cut_clip(area(30, 40, 120, 60), registered(coloured_grid(600, 400)), RecognitionOptions(), Limits())
    assert clip.corners == ((60, 80), (300, 80), (300, 200), (60, 200))


def test_a_clip_is_bounded_like_every_output() -> None:
    with pytest.raises(LimitExceeded, match="size: 120 × 60 pixels"):
        cut_clip(area(30, 40, 120, 60), registered(), RecognitionOptions(), Limits(max_output_pixels=7199))
