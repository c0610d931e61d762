import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import KnownPage, Registration, ScanLevels, register
from omrclip.omr.template import Page
from tests.grid import coloured_grid, position_ramp

PAGE = KnownPage(Page(width=300, height=200), 1)


@pytest.mark.parametrize(
    ("width", "height", "strategy"),
    [(300, 200, "identity"), (600, 400, "scale"), (150, 100, "scale"), (603, 400, "scale"), (597, 400, "scale")],
)
def test_scans_of_the_pages_shape_are_registered(width: int, height: int, strategy: str) -> None:
    found = register(PAGE, ScanLevels(position_ramp(width, height))).registration
    assert (found.strategy, found.page, found.scan) == (strategy, Dimensions(300, 200), Dimensions(width, height))
    corners = found.to_scan(ops.corners(0, 0, 300, 200))
    assert np.allclose(corners, ops.corners(0, 0, width, height))
    assert found.is_identity == (strategy == "identity")


@pytest.mark.parametrize(("width", "height"), [(200, 300), (607, 400), (300, 300), (1, 1), (300, 196)])
def test_other_shapes_are_refused_with_what_was_tried(width: int, height: int) -> None:
    with pytest.raises(RegistrationFailed, match=r"not found in the scan: its width to height ratio differs") as failed:
        register(PAGE, ScanLevels(position_ramp(width, height)))
    (reason,) = failed.value.details["tried"]  # type: ignore[misc]
    assert "neither an image of the blank page nor enough bubbles" in reason


@pytest.mark.parametrize(("shift", "expected"), [(0.0, True), (0.5, True), (0.51, False), (-0.6, False)])
def test_identity_is_within_half_a_pixel(shift: float, expected: bool) -> None:
    moved = np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1]])
    size = Dimensions(300, 200)
    assert Registration("test", size, size, moved).is_identity is expected


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
