"""Each image tells what a read of it takes in memory, through all that it is wrapped in."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.cache import ByteCache
from omrclip.imaging import codec
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import probe
from omrclip.imaging.source import BoxedImage, DecodedImage, EncodedImage, ImageSource
from omrclip.imaging.tiff.pyramid import open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.registration import Registration
from omrclip.serving.cached import CachedImage
from tests.grid import coloured_grid
from tests.imaging.pyramid_files import DEFLATED, halves, pyramid_file

PIXELS = coloured_grid(640, 480)
WHOLE = Dimensions(640, 480)
FILE = cv2.imencode(".jpg", PIXELS)[1].tobytes()
INFO = probe(FILE)
AS_IT_IS = Registration("identity", WHOLE, WHOLE, np.eye(3))
MOVED = replace(AS_IT_IS, page_to_scan=np.array([[1.0, 0, 30], [0, 1, 20], [0, 0, 1]]))


def cached() -> CachedImage:
    cache: ByteCache[Pixels] = ByteCache(10**8, lambda pixels: pixels.nbytes)
    return CachedImage("key", lambda: FILE, INFO, cache)


@pytest.mark.parametrize(
    ("image", "reduction"),
    [
        (EncodedImage(FILE, INFO), 1),
        (EncodedImage(FILE, INFO), 4),
        (BoxedImage(EncodedImage(FILE, INFO), Box(0, 0, 320, 240)), 2),
        (cached(), 1),
        (cached(), 4),
        (RegisteredPage(cached(), AS_IT_IS), 4),
        (RegisteredPage(cached(), MOVED), 1),
        (BoxedImage(RegisteredPage(cached(), MOVED), Box(100, 100, 160, 120)), 1),
    ],
)
def test_a_read_costs_the_decoding_that_it_needs(image: ImageSource, reduction: int) -> None:
    box = image.dimensions.box
    out = Dimensions(box.width // (2 * reduction), box.height // (2 * reduction)) if reduction > 1 else box.dimensions
    assert image.cost(box, out) == codec.cost(INFO, reduction)


def test_pixels_at_hand_cost_nothing() -> None:
    image = cached()
    page = BoxedImage(RegisteredPage(image, MOVED), Box(100, 100, 160, 120))
    page.read(page.dimensions.box, page.dimensions)
    assert page.cost(page.dimensions.box, page.dimensions) == 0
    assert DecodedImage(PIXELS).cost(WHOLE.box, WHOLE) == 0


@pytest.mark.parametrize(("side", "out", "held"), [(512, 512, 0), (4096, 1500, 4_194_304), (4096, 4096, 8_388_608)])
def test_a_tiled_image_costs_what_it_holds_of_a_level_at_once(side: int, out: int, held: int) -> None:
    image = open_tiled(BytesReader(pyramid_file(halves(np.zeros((4096, 4096, 3), np.uint8)), DEFLATED)))
    assert image is not None
    assert image.cost(Box(0, 0, side, side), Dimensions(out, out)) == 3 * held
