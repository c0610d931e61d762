from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from omrclip.errors import LimitExceeded
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.probe import ImageFormat, probe
from tests.imaging.samples import GRID, NOISE, assert_is, bgr, with_alpha

LOSSLESS = [ImageFormat.PNG, ImageFormat.TIFF, ImageFormat.BMP, ImageFormat.JP2]
ALPHA = np.ascontiguousarray(np.asarray(with_alpha())[:, :, [2, 1, 0, 3]])


@pytest.mark.parametrize("fmt", LOSSLESS)
@pytest.mark.parametrize("pixels", [GRID[:, :, 1], GRID, GRID[5:40, 3:60], GRID[:1, :1], GRID[:3, :2]])
def test_lossless_encoding_comes_back(fmt: ImageFormat, pixels: np.ndarray) -> None:
    data = encode(pixels, fmt)
    assert probe(data).format is fmt
    assert_is(data, pixels if pixels.ndim == 3 else np.dstack([pixels] * 3))


@pytest.mark.parametrize("fmt", [ImageFormat.PNG, ImageFormat.TIFF, ImageFormat.JP2, ImageFormat.WEBP])
def test_alpha_is_written(fmt: ImageFormat) -> None:
    written = np.asarray(Image.open(BytesIO(encode(ALPHA, fmt))).convert("RGBA"))
    np.testing.assert_array_equal(written[:, :, 3], ALPHA[:, :, 3])
    if fmt is not ImageFormat.WEBP:
        np.testing.assert_array_equal(written[:, :, :3], ALPHA[:, :, 2::-1])


@pytest.mark.parametrize("fmt", [ImageFormat.JPEG, ImageFormat.BMP, ImageFormat.GIF])
def test_alpha_is_shown_on_white_where_the_format_has_none(fmt: ImageFormat) -> None:
    assert encode(ALPHA, fmt) == encode(bgr(with_alpha()), fmt)


def test_every_alpha_over_white_is_rounded_to_the_nearest() -> None:
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    exact = (colour * alpha + 255 * (255 - alpha)) / 255
    pixels = np.dstack([colour, colour, colour, alpha]).astype(np.uint8)
    shown = decode(encode(pixels, ImageFormat.PNG))
    assert np.abs(shown[:, :, 0] - exact).max() <= 0.5


@pytest.mark.parametrize("quality", [0, 1, 50, 85, 89, None])
@pytest.mark.parametrize("pixels", [NOISE, NOISE[3:40, 5:33], NOISE[:, :, 0]])
def test_jpeg_bytes_are_opencv_s(pixels: np.ndarray, quality: int | None) -> None:
    parameters = [cv2.IMWRITE_JPEG_QUALITY, 85 if quality is None else quality]
    assert encode(pixels, ImageFormat.JPEG, quality=quality) == cv2.imencode(".jpg", pixels, parameters)[1].tobytes()


@pytest.mark.parametrize(("quality", "layers"), [(89, (2, 2)), (90, (1, 1)), (95, (1, 1)), (100, (1, 1))])
def test_a_jpeg_of_high_quality_has_its_colours_at_full_resolution(quality: int, layers: tuple[int, int]) -> None:
    image = Image.open(BytesIO(encode(NOISE, ImageFormat.JPEG, quality=quality)))
    assert image.layer[0][1:3] == layers  # type: ignore[attr-defined]


@pytest.mark.parametrize("fmt", [ImageFormat.WEBP, ImageFormat.JP2, ImageFormat.JPEG])
def test_quality_buys_bytes(fmt: ImageFormat) -> None:
    sizes = [len(encode(NOISE, fmt, quality=quality)) for quality in (0, 30, 60, 90)]
    assert sizes == sorted(set(sizes))
    assert np.abs(decode(encode(NOISE, fmt, quality=100)).astype(int) - NOISE).mean() < 12


def test_webp_is_lossy_at_85_unless_asked() -> None:
    assert encode(NOISE, ImageFormat.WEBP) == encode(NOISE, ImageFormat.WEBP, quality=85)
    assert encode(NOISE, ImageFormat.WEBP)[12:16] == b"VP8 "


def test_gif_of_few_colours_and_of_grey_is_exact() -> None:
    assert_is(encode(GRID, ImageFormat.GIF), GRID)
    assert_is(encode(NOISE[:, :, 0], ImageFormat.GIF), np.dstack([NOISE[:, :, 0]] * 3))


def test_tiff_is_compressed() -> None:
    assert len(encode(np.zeros((500, 500, 3), np.uint8), ImageFormat.TIFF)) < 10_000


@pytest.mark.parametrize("fmt", list(ImageFormat))
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_slices_of_any_strides_are_written(fmt: ImageFormat, channels: tuple[int, ...]) -> None:
    whole = ALPHA if channels == (4,) else GRID
    pixels = (whole if channels else GRID[:, :, 2])[30:4:-2, ::-3]
    data = encode(pixels, fmt)
    assert data == encode(pixels.copy(), fmt)
    assert decode(data).shape[:2] == pixels.shape[:2]


@pytest.mark.parametrize(
    ("fmt", "maximum"), [(ImageFormat.JPEG, 65_500), (ImageFormat.WEBP, 16_383), (ImageFormat.GIF, 65_535)]
)
@pytest.mark.parametrize("upright", [False, True])
def test_sides_that_a_format_does_not_have(fmt: ImageFormat, maximum: int, upright: bool) -> None:
    line = np.full((maximum + 1, 1) if upright else (1, maximum + 1), 90, np.uint8)
    with pytest.raises(LimitExceeded, match=str(maximum)) as refusal:
        encode(line, fmt)
    assert refusal.value.details == {"limit": f"{fmt.value}_side", "maximum": maximum}
    fitting = line[:-1] if upright else line[:, :-1]
    assert decode(encode(fitting, fmt)).shape[:2] == fitting.shape


@pytest.mark.parametrize(
    ("pixels", "quality", "message"),
    [
        (GRID.astype(np.uint16), None, "not uint16"),
        (GRID[:, :, :2], None, "shape"),
        (GRID[0, 0], None, "shape"),
        (GRID[:0], None, "no pixels"),
        (GRID, 101, "quality"),
        (GRID, -1, "quality"),
    ],
)
def test_what_cannot_be_encoded(pixels: np.ndarray, quality: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(pixels, ImageFormat.JPEG, quality=quality)
