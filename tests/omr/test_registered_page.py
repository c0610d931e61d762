import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.omr.registered_page import RegisteredPage, page_density
from omrclip.omr.registration.find import ImagePyramid, KnownPage, Registration, register
from omrclip.omr.registration.paper.displacement_grid import NODES
from omrclip.omr.template import Page
from tests.grid import coloured_grid, position_ramp
from tests.omr.sheet import onto

PAGE = KnownPage(Page(width=300, height=200), 1)


def test_identity_gives_the_exact_pixels_of_the_scan() -> None:
    pixels = coloured_grid(300, 200)
    scan = DecodedImage(pixels)
    page = RegisteredPage(scan, register(PAGE, ImagePyramid(scan.pixels)).registration)
    assert page.dimensions == Dimensions(300, 200)
    assert (page.read(Box(10, 20, 50, 40), Dimensions(50, 40)) == pixels[20:60, 10:60]).all()


@pytest.mark.parametrize("factor", [0.5, 1.5, 2, 3, 4.2])
def test_scaled_scans_show_the_pages_place(factor: float) -> None:
    scan = DecodedImage(position_ramp(round(300 * factor), round(200 * factor)))
    page = RegisteredPage(scan, register(PAGE, ImagePyramid(scan.pixels)).registration)
    expected = position_ramp(300, 200)[70:150, 60:220]
    read = page.read(Box(60, 70, 160, 80), Dimensions(160, 80))
    assert np.abs(read.astype(int) - expected.astype(int)).max() <= 3


def test_a_doubled_scan_is_reduced_as_an_image_is() -> None:
    scan = DecodedImage(coloured_grid(600, 400))
    page = RegisteredPage(scan, register(PAGE, ImagePyramid(scan.pixels)).registration)
    read = page.read(Box(31, 17, 100, 50), Dimensions(100, 50)).astype(int)
    reduced = ops.resample(scan.pixels, Dimensions(300, 200)).astype(int)[17:67, 31:131]
    inside = np.s_[4:-4, 4:-4]  # nothing around the box counts for its rim
    assert np.abs(read[inside] - reduced[inside]).max() <= 3


class Halving:
    """A scan that gives itself at 1/2, 1/4 and 1/8 too."""

    most_reduction = 8
    density, is_grey = None, False

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


def seen(corners: list[tuple[float, float]], scan: Dimensions) -> Registration:
    """A page of 200 × 300 pixels whose corners lie there in the scan."""
    page = Dimensions(200, 300)
    return Registration("test", page, scan, onto(corners, scan, page).page_to_scan)


SCANNED = Dimensions(900, 900)


@pytest.mark.parametrize(
    ("corners", "scan_density", "expected"),
    [
        ([(0, 0), (400, 0), (400, 600), (0, 600)], (600, 600), (300, 300)),
        ([(600, 0), (600, 400), (0, 400), (0, 0)], (600, 600), (300, 300)),  # turned
        ([(0, 0), (400, 0), (400, 600), (0, 600)], (600, 400), (300, 200)),
        ([(600, 0), (600, 400), (0, 400), (0, 0)], (600, 400), (200, 300)),
        ([(10, 20), (214, 20), (214, 326), (10, 326)], (306, 306), (300, 300)),  # a little larger than it should be
        ([(0, 0), (400, 0), (380, 600), (20, 600)], (600, 600), None),  # photographed askew
        ([(0, 0), (400, 0), (400, 600), (0, 600)], None, None),
    ],
)
def test_a_page_has_the_density_that_its_scan_gives_it(
    corners: list[tuple[float, float]], scan_density: Density | None, expected: Density | None
) -> None:
    found = page_density(seen(corners, SCANNED), scan_density)
    assert found == (expected and pytest.approx(expected, rel=1e-6))


def test_where_scan_and_page_coincide_the_density_is_the_scans_own() -> None:
    same = Registration("test", SCANNED, SCANNED, np.diag([1 + 1e-4, 1, 1.0]))
    assert page_density(same, (300, 300)) == (300, 300)
