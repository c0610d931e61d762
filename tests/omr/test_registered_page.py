import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
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


def test_a_doubled_scan_is_averaged_over_each_page_pixel() -> None:
    scan = DecodedImage(coloured_grid(600, 400))
    page = RegisteredPage(scan, register(PAGE, ScanLevels(scan.pixels)).registration)
    means = scan.pixels.reshape(200, 2, 300, 2, 3).mean(axis=(1, 3))
    read = page.read(Box(31, 17, 100, 50), Dimensions(100, 50))
    assert np.abs(read - means[17:67, 31:131]).max() <= 1


@pytest.mark.parametrize("bent", [False, True])
@pytest.mark.parametrize(
    ("out", "reduction"), [((300, 200), 1), ((150, 100), 2), ((100, 67), 2), ((75, 50), 4), ((7, 5), 32)]
)
def test_small_pictures_of_the_page_are_read_from_the_scan_reduced(
    out: tuple[int, int], reduction: int, bent: bool
) -> None:
    bend = np.zeros((*NODES, 2), np.float32) if bent else None
    scan = DecodedImage(position_ramp(900, 600))
    registration = Registration("test", Dimensions(300, 200), Dimensions(900, 600), np.diag([3.0, 3.0, 1.0]), bend)
    page = RegisteredPage(scan, registration)
    whole, shown = Box(0, 0, 300, 200), Dimensions(*out)
    assert page.reduction(whole, shown) == min(reduction, scan.most_reduction)
    expected = ops.resample(scan.pixels, shown)
    assert np.abs(page.read(whole, shown).astype(int) - expected.astype(int)).max() <= 3
