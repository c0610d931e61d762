import cv2
import numpy as np
import pytest

from omrclip.errors import LimitExceeded
from omrclip.iiif.grammar import GRAMMAR_2
from omrclip.iiif.plan import plan
from omrclip.iiif.render import render_pixels
from omrclip.iiif.request import Format
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.limits import Limits
from omrclip.omr.clips import Clip, cut_clip
from omrclip.omr.options import ClipScale, RecognitionOptions
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import ImagePyramid, KnownPage, Registration, register
from omrclip.omr.registration.paper.displacement_grid import NODES, nodes
from omrclip.omr.template import ClipArea, Page
from tests.grid import coloured_grid
from tests.omr.sheet import PAGE, Points, Tones, View, coloured, form, onto, turned
from tests.web.making import jpeg

PIXELS = coloured_grid(300, 200)


def registered(pixels: np.ndarray = PIXELS) -> RegisteredPage:  # type: ignore[type-arg]
    scan = DecodedImage(pixels)
    return RegisteredPage(scan, register(KnownPage(Page(width=300, height=200), 1), ImagePyramid(pixels)).registration)


def area(left: float, top: float, width: float, height: float, quality: int = 85) -> ClipArea:
    return ClipArea(name="NameArea", left=left, top=top, width=width, height=height, jpeg_quality=quality)


@pytest.mark.parametrize("quality", [0, 1, 30, 60, 85, 99, 100])
def test_a_clip_is_byte_for_byte_what_opencv_encodes(quality: int) -> None:
    clip = cut_clip(area(30, 40, 120, 60, quality), registered(), RecognitionOptions(), Limits())
    assert clip.data == jpeg(PIXELS[40:100, 30:150], quality)
    assert (clip.element, clip.box, clip.format) == ("NameArea", Box(30, 40, 120, 60), Format.JPG)


@pytest.mark.parametrize("image_format", [Format.PNG, Format.TIF])
def test_lossless_formats_keep_the_pixels_of_the_uri(image_format: Format) -> None:
    page = registered()
    clip = cut_clip(area(30, 40, 120, 60, 5), page, RecognitionOptions(clip_format=image_format), Limits())
    by_uri = render_pixels(
        plan(GRAMMAR_2.parse("30,40,120,60", "full", "0", "default.png"), page.dimensions, Limits()), page
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
    with pytest.raises(LimitExceeded, match="would have 120 × 60 pixels"):
        cut_clip(area(30, 40, 120, 60), registered(), RecognitionOptions(), Limits(max_output_pixels=7199))


SHEET = form()
SIGNATURE = next(element for element in SHEET.elements if isinstance(element, ClipArea))
LOSSLESS = RecognitionOptions(clip_format=Format.PNG)


def page_in(view: View, tones: Tones) -> RegisteredPage:
    """The form's page in a scan whose map is known, as if it had been found there."""
    pixels = coloured(view.of(tones))
    bend = None
    if view.bend is not None:
        bend = view.bend(nodes(PAGE)).reshape(*NODES, 2).astype(np.float32)
    return RegisteredPage(DecodedImage(pixels), Registration("test", PAGE, view.scan, view.page_to_scan, bend))


def decoded(clip: Clip) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(clip.data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def dotted() -> Tones:
    """A dot every 20 pixels, grown softly so that resampling does not move its middle, of a size that tells its row."""
    tones = np.full((800, 600), 255, np.float32)
    for row, y in enumerate(range(10, 800, 20)):
        for x in range(10, 600, 20):
            cv2.circle(tones, (x, y), 3 + row % 3, 0, -1)
    return np.asarray(cv2.GaussianBlur(tones, (0, 0), 1), np.uint8)


def bow(points: Points) -> Points:
    return np.column_stack([3 * np.cos(points[:, 1] / 250), 6 * np.sin(np.pi * points[:, 0] / 600)])


VIEWS = {
    "upside down": turned(180),
    "on its side": turned(90),
    "turned by 25°": turned(25),
    "larger": turned(3, scale=1.5),
    "perspective": onto([(60, 40), (640, 90), (600, 860), (20, 800)], Dimensions(700, 900)),
    "bent": View(np.array([[1, 0, 20], [0, 1, 20], [0, 0, 1]], np.float64), Dimensions(640, 840), bow),
}


@pytest.mark.parametrize("name", VIEWS)
def test_clips_show_the_page_upright_and_flat_wherever_it_lies(name: str) -> None:
    tones = dotted()
    clip = cut_clip(area(100, 200, 240, 160), page_in(VIEWS[name], tones), LOSSLESS, Limits())
    shown, expected = decoded(clip)[:, :, 0], tones[200:360, 100:340]
    assert shown.shape == expected.shape
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.97
    assert clip.message == ""
    corners = VIEWS[name].to_scan(ops.corners(100, 200, 240, 160))
    assert np.abs(np.array(clip.corners) - corners).max() < 0.6


def test_turned_by_quarters_the_very_pixels_are_shown() -> None:
    for degrees in (90, 180, 270):
        clip = cut_clip(area(100, 200, 240, 160), page_in(turned(degrees), SHEET.blank), LOSSLESS, Limits())
        assert np.abs(decoded(clip)[:, :, 0].astype(int) - SHEET.blank[200:360, 100:340]).max() <= 1


def test_one_resampling_keeps_an_edge_sharp() -> None:
    """From black to white within two pixels; a second resampling would take more."""
    tones = np.full((800, 600), 255, np.uint8)
    tones[:, 300:] = 0
    page = page_in(View(np.array([[1, 0, 20.5], [0, 1, 20.25], [0, 0, 1]]), Dimensions(640, 840)), tones)
    row = decoded(cut_clip(area(200, 200, 200, 100), page, LOSSLESS, Limits()))[50, :, 0].astype(int)
    assert ((row > 30) & (row < 225)).sum() <= 2
    assert (row[:97] > 235).all()
    assert (row[103:] < 20).all()


@pytest.mark.parametrize(
    ("view", "extents"),
    [
        (turned(0), (300, 90)),
        (turned(0, scale=2), (600, 180)),
        (turned(90, scale=2), (600, 180)),
        (turned(25, scale=0.5), (150, 45)),
        (View(np.diag([2.0, 1.0, 1.0]), Dimensions(1200, 800)), (600, 90)),
    ],
    ids=["same", "twice", "twice and turned", "half", "twice as wide"],
)
def test_native_clips_have_as_many_pixels_as_the_scan(view: View, extents: tuple[int, int]) -> None:
    options = RecognitionOptions(clip_format=Format.PNG, clip_scale=ClipScale.NATIVE)
    clip = cut_clip(SIGNATURE, page_in(view, SHEET.blank), options, Limits())
    assert decoded(clip).shape[1::-1] == extents
    assert clip.box == Box(90, 600, 300, 90), "in template pixels as ever"


def test_a_native_clip_of_a_flat_upright_scan_has_its_very_pixels() -> None:
    pixels = coloured_grid(600, 400)
    options = RecognitionOptions(clip_format=Format.PNG, clip_scale=ClipScale.NATIVE)
    clip = cut_clip(area(30, 40, 120, 60), registered(pixels), options, Limits())
    assert np.abs(decoded(clip).astype(int) - pixels[80:200, 60:300]).max() <= 1


def test_native_clips_are_bounded_too() -> None:
    options, page = RecognitionOptions(clip_scale=ClipScale.NATIVE), page_in(turned(0, scale=2), SHEET.blank)
    with pytest.raises(LimitExceeded, match="would have 600 × 180 pixels"):
        cut_clip(SIGNATURE, page, options, Limits(max_output_pixels=600 * 180 - 1))


@pytest.mark.parametrize(
    ("place", "margin", "box"),
    [
        ((100, 200, 240, 160), 0, Box(100, 200, 240, 160)),
        ((100, 200, 240, 160), 15, Box(85, 185, 270, 190)),
        ((5, 8, 100, 60), 20, Box(0, 0, 125, 88)),  # ends at the page's edge
        ((480, 720, 110, 70), 20, Box(460, 700, 140, 100)),
        ((0, 0, 600, 800), 50, Box(0, 0, 600, 800)),
    ],
)
def test_a_margin_shows_what_is_around(place: tuple[float, float, float, float], margin: int, box: Box) -> None:
    options = RecognitionOptions(clip_format=Format.PNG, clip_margin=margin)
    clip = cut_clip(area(*place), page_in(turned(0), SHEET.blank), options, Limits())
    assert clip.box == box
    assert (decoded(clip)[:, :, 0] == SHEET.blank[box.top : box.bottom, box.left : box.right]).all()
    assert clip.corners == ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        (-90, ""),  # the clip's left edge is the picture's
        (-90.9, ""),  # by less than a pixel
        (-92, "Part of the clip area lies outside the scan. That part is white."),
        (-190, "Part of the clip area lies outside the scan. That part is white."),
        (-700, "Part of the clip area lies outside the scan. That part is white."),
    ],
)
def test_what_lies_outside_of_the_picture_is_white_and_told_of(shift: float, message: str) -> None:
    grey = np.full((800, 600), 120, np.uint8)
    moved = Registration("test", PAGE, PAGE, np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1]]))
    clip = cut_clip(SIGNATURE, RegisteredPage(DecodedImage(coloured(grey)), moved), LOSSLESS, Limits())
    assert clip.message == message
    shown = decoded(clip)
    outside = round(max(0, min(300, -90 - shift)))
    if outside > 1:
        assert (shown[:, : outside - 1] == 255).all()
    if outside < 300:
        assert (shown[:, outside + 2 :] == 120).all()


def test_a_bent_clip_outside_of_the_picture_is_white_and_told_of() -> None:
    view = View(np.array([[1, 0, -190], [0, 1, 0], [0, 0, 1]], np.float64), PAGE, bow)
    clip = cut_clip(SIGNATURE, page_in(view, np.full((800, 600), 120, np.uint8)), LOSSLESS, Limits())
    assert clip.message.startswith("Part of the clip area lies outside")
    shown = decoded(clip)
    assert (shown[:, :90] == 255).all()
    assert (shown[:, 110:] == 120).all()
