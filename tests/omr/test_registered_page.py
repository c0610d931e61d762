import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.pixels import Pixels
from omrclip.imaging.source import DecodedImage
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import KnownPage, Registration, ScanLevels, register
from omrclip.omr.registration.bend import NODES
from omrclip.omr.template import Page
from tests.grid import coloured_grid, position_ramp

PAGE = KnownPage(Page(width=300, height=200), 1)


def test_identity_gives_the_exact_pixels_of_the_scan() -> None:
    pixels = coloured_grid(300, 200)
    scan = DecodedImage(pixels)
    page = RegisteredPage(scan, register(PAGE, ScanLevels(scan.pixels)).registration)
    assert page.dimensions == Dimensions(300, 200)
    assert (page.read(Box(10, 20, 50, 40), Dimensions(50, 40)) == pixels[20:60, 10:60]).all()


@pytest.mark.parametrize("factor", [0.5, 1.5, 2, 3, 4.2])
def test_scaled_scans_show_the_pages_place(factor: float) -> None:
    scan = DecodedImage(position_ramp(round(300 * factor), round(200 * factor)))
    page = RegisteredPage(scan, register(PAGE, ScanLevels(scan.pixels)).registration)
    expected = position_ramp(300, 200)[70:150, 60:220]
    read = page.read(Box(60, 70, 160, 80), Dimensions(160, 80))
    assert np.abs(read.astype(int) - expected.astype(int)).max() <= 3


def test_a_doubled_scan_is_reduced_as_an_image_is() -> None:
    scan = DecodedImage(coloured_grid(600, 400))
    page = RegisteredPage(scan, register(PAGE, ScanLevels(scan.pixels)).registration)
    read = page.read(Box(31, 17, 100, 50), Dimensions(100, 50)).astype(int)
    reduced = ops.resample(scan.pixels, Dimensions(300, 200)).astype(int)[17:67, 31:131]
    inside = np.s_[4:-4, 4:-4]  # nothing around the box counts for its rim
    assert np.abs(read[inside] - reduced[inside]).max() <= 3


class Halving:
    """A scan that gives itself at 1/2, 1/4 and 1/8 too."""

    most_reduction = 8

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self.asked: list[int] = []

    @property
    def dimensions(self) -> Dimensions:
        return ops.extents(self._pixels)

    def read(self, box: Box, out: Dimensions) -> Pixels:
        return ops.resample(ops.cut(self._pixels, box), out)

    def in_srgb(self, pixels: Pixels) -> Pixels:
        return pixels

    def reduced(self, reduction: int) -> Pixels:
        self.asked.append(reduction)
        whole = self.dimensions
        return ops.resample(self._pixels, Dimensions(whole.width // reduction, whole.height // reduction))


@pytest.mark.parametrize("bent", [False, True])
@pytest.mark.parametrize(
    ("out", "reduction"), [((300, 200), 1), ((150, 100), 1), ((80, 54), 1), ((75, 50), 2), ((15, 10), 8)]
)
def test_small_pictures_of_the_page_are_read_from_the_scan_reduced(
    out: tuple[int, int], reduction: int, bent: bool
) -> None:
    bend = np.zeros((*NODES, 2), np.float32) if bent else None
    scan = Halving(position_ramp(960, 640))
    registration = Registration("test", Dimensions(300, 200), scan.dimensions, np.diag([3.2, 3.2, 1.0]), bend)
    page, whole, shown = RegisteredPage(scan, registration), Box(0, 0, 300, 200), Dimensions(*out)
    read = page.read(whole, shown)
    assert scan.asked == [reduction]
    assert np.abs(read.astype(int) - scan.read(Box(0, 0, 960, 640), shown)).max() <= 3
