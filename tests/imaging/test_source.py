import cv2
import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import probe
from omrclip.imaging.source import DecodedImage, EncodedImage, ImageSource
from tests.grid import coloured_grid, position_ramp


def encoded(pixels: Pixels, extension: str = ".jpg") -> EncodedImage:
    data = cv2.imencode(extension, pixels)[1].tobytes()
    return EncodedImage(data, probe(data))


def test_a_decoded_image_gives_its_very_pixels() -> None:
    pixels = coloured_grid(60, 40)
    source: ImageSource = DecodedImage(pixels)
    assert source.dimensions == Dimensions(60, 40)
    assert np.shares_memory(source.read(Box(5, 6, 7, 8), Dimensions(7, 8)), pixels)


@pytest.mark.parametrize("extension", [".png", ".tif", ".bmp"])
def test_an_encoded_image_gives_what_was_encoded(extension: str) -> None:
    pixels = coloured_grid(60, 40)
    read = encoded(pixels, extension).read(Box(5, 6, 7, 8), Dimensions(7, 8))
    assert (read == pixels[6:14, 5:12]).all()


@pytest.mark.parametrize("width", [640, 641, 647])
@pytest.mark.parametrize(
    ("box", "out"),
    [
        (None, Dimensions(320, 240)),
        (None, Dimensions(100, 75)),
        (None, Dimensions(33, 25)),
        (Box(101, 53, 400, 300), Dimensions(100, 75)),
        (Box(3, 5, 331, 173), Dimensions(40, 21)),
    ],
)
def test_reduced_decoding_shows_the_same_place(width: int, box: Box | None, out: Dimensions) -> None:
    ramp = position_ramp(width, 481)
    source = encoded(ramp)
    box = box or source.dimensions.box
    exact = DecodedImage(ramp).read(box, out)
    assert np.abs(source.read(box, out).astype(int) - exact.astype(int)).max() <= 3


def test_a_reduction_is_decoded_with_twice_the_pixels_that_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from omrclip.imaging import source as module

    reductions = []
    decode = module.decode

    def spying(data: bytes, info: object, *, reduction: int) -> Pixels:
        reductions.append(reduction)
        return decode(data, info, reduction=reduction)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "decode", spying)
    image = encoded(position_ramp(640, 480))
    for out in (
        Dimensions(640, 480),
        Dimensions(321, 240),
        Dimensions(320, 240),
        Dimensions(160, 120),
        Dimensions(75, 55),
        Dimensions(9, 9),
    ):
        image.read(image.dimensions.box, out)
    assert reductions == [1, 1, 1, 2, 4, 8]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_image_is_read_upright_at_every_scale(orientation: int) -> None:
    from io import BytesIO

    from PIL import Image

    ramp = position_ramp(403, 301)
    exif = Image.Exif()
    exif[274] = orientation
    file = BytesIO()
    Image.fromarray(ramp[:, :, ::-1].copy()).save(file, "JPEG", exif=exif, quality=95, subsampling=0)
    source = EncodedImage(file.getvalue(), probe(file.getvalue()))
    turns = {3: 2, 6: 3, 8: 1}[orientation]  # counter-clockwise quarters
    upright = np.rot90(ramp, turns)
    assert source.dimensions == Dimensions(upright.shape[1], upright.shape[0])
    for reduction in (1, 2, 5, 9):
        out = Dimensions(source.dimensions.width // reduction, source.dimensions.height // reduction)
        exact = DecodedImage(np.ascontiguousarray(upright)).read(source.dimensions.box, out)
        read = source.read(source.dimensions.box, out)
        assert np.abs(read.astype(int) - exact.astype(int)).max() <= 4
