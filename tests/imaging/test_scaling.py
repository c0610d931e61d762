"""That reduced images show nothing that is not there: beside exact convolution, and beside libvips where it is."""

import cv2
import numpy as np
import pytest

from omrclip.imaging import ops, scaling
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ImageFormat
from omrclip.imaging.scaling import Place, lanczos
from tests.benchmarks import quality
from tests.benchmarks.patterns import photo, text, zone_plate
from tests.grid import coloured_grid

PICTURES = {"text": text(620, 877), "photo": photo(640, 480), "zone plate": zone_plate(600)}
# In dB against exact convolution. One step of the libraries has rounding alone against it, and clips what overshoots
# black and white between its two passes; from half the coefficients, or means, the level below comes through weakly.
LEAST = {"text": (40, 35), "photo": (54, 42), "zone plate": (52, 31)}


@pytest.fixture(params=["fast_image_resize", "Pillow"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both libraries, where the fast one has a wheel."""
    if request.param == "Pillow":
        monkeypatch.setattr(scaling, "fast", None)
    elif scaling.fast is None:
        pytest.skip("there is no wheel of cykooz-resizer for this platform")
    return str(request.param)


@pytest.mark.parametrize("kind", [ImageFormat.PNG, ImageFormat.JPEG], ids=str)
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.usefixtures("library")
def test_reduced_files_are_near_exact_convolution(name: str, kind: ImageFormat) -> None:
    data = encode(PICTURES[name], kind, quality=95)
    for factor in quality.FACTORS:
        ours, _ = quality.reduced_alike(data, factor)
        assert ours >= LEAST[name][factor >= 4], factor


@pytest.mark.skipif(quality.pyvips is None, reason='libvips is not there: pip install "pyvips[binary]"')
@pytest.mark.parametrize("kind", [ImageFormat.PNG, ImageFormat.JPEG], ids=str)
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.usefixtures("library")
def test_reduced_files_are_no_further_from_it_than_those_of_libvips(name: str, kind: ImageFormat) -> None:
    data = encode(PICTURES[name], kind, quality=95)
    for factor in quality.FACTORS:
        ours, theirs = quality.reduced_alike(data, factor)
        assert theirs is not None
        assert ours >= theirs - quality.BEHIND, factor


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("factor", "most"), [(2, 11.5), (3, 7.5), (4, 8.0)])
def test_of_a_zone_plate_nothing_is_left_beyond_the_output_s_limit(factor: int, most: float) -> None:
    """Rings that are finer than the output's pixels fade to grey: measured where all are."""
    side = 900
    plate = zone_plate(side)
    out = side // factor
    reduced = quality.opened(encode(plate, ImageFormat.PNG)).read(Box(0, 0, side, side), Dimensions(out, out))
    y, x = np.mgrid[:out, :out] - (out - 1) / 2
    # A ring's frequency along an axis is its distance from the middle: at side/2/factor it is the output's limit.
    beyond = np.maximum(abs(x), abs(y)) > out / 2 / factor
    assert float(np.std(reduced[beyond].astype(float))) <= most


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("shape", [(90, 70, 3), (90, 70)], ids=["colour", "grey"])
def test_a_place_is_taken_from_within_pixels_with_what_lies_around_it(shape: tuple[int, ...]) -> None:
    pixels = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, shape, np.uint8), (0, 0), 1.0)
    whole = lanczos(np.asarray(pixels, np.uint8), Place(0, 0, 70, 90), Dimensions(28, 36))
    part = lanczos(np.asarray(pixels, np.uint8), Place(12.5, 22.5, 37.5, 67.5), Dimensions(10, 18))
    assert np.abs(part.astype(int) - whole[9:27, 5:15]).max() <= 1


@pytest.mark.usefixtures("library")
def test_bands_join_without_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = coloured_grid(200, 300)
    at_once = lanczos(pixels, Place(0, 0, 200, 300), Dimensions(77, 111))
    monkeypatch.setattr(scaling, "_AT_ONCE", 200 * 30)
    in_bands = lanczos(pixels, Place(0, 0, 200, 300), Dimensions(77, 111))
    assert np.abs(at_once.astype(int) - in_bands).max() <= 1


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("out", [Dimensions(1, 1), Dimensions(1, 40), Dimensions(60, 1), Dimensions(59, 39)])
def test_any_size_of_a_plain_image_is_plain(out: Dimensions) -> None:
    plain: Pixels = np.full((40, 60, 3), 90, np.uint8)
    assert (ops.resample(plain, out) == 90).all()


def test_tiles_of_a_level_join_without_seams_and_other_parts_show_nothing_around_them() -> None:
    pixels = coloured_grid(256, 128)
    image = quality.opened(encode(pixels, ImageFormat.PNG))
    level = image.read(Box(0, 0, 256, 128), Dimensions(128, 64)).astype(int)
    tile = image.read(Box(128, 0, 128, 128), Dimensions(64, 64)).astype(int)
    assert np.abs(tile - level[:, 64:]).max() <= 1
    blackened = pixels.copy()
    blackened[:, :101] = blackened[:50] = 0
    clip, alone = Box(101, 50, 100, 60), quality.opened(encode(blackened, ImageFormat.PNG))
    assert (image.read(clip, Dimensions(40, 24)) == alone.read(clip, Dimensions(40, 24))).all()
